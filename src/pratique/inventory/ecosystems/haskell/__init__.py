"""Haskell. Loads nothing."""
