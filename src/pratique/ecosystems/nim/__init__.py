"""Nim's nimble. Loads nothing."""
