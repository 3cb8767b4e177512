"""Flatpak. Loads nothing."""
