"""Spack. Loads nothing."""
