"""Snaps. Loads nothing."""
