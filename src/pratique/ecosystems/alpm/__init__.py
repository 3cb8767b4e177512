"""Pacman, of Arch Linux. Loads nothing."""
