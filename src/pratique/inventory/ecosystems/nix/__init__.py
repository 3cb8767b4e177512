"""Nix stores. Loads nothing."""
