"""Dpkg, of Debian and Ubuntu. Loads nothing."""
