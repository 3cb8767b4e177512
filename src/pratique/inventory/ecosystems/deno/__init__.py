"""Deno. Loads nothing."""
