"""Elm. Loads nothing."""
