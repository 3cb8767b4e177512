"""Executables: what a build left in them, and well-known programs by their bytes. Loads nothing."""
