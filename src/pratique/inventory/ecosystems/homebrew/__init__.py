"""Homebrew. Loads nothing."""
