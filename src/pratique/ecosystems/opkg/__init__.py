"""Opkg, of embedded systems. Loads nothing."""
