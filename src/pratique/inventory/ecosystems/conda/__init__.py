"""Conda. Loads nothing."""
