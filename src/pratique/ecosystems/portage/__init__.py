"""Gentoo's Portage. Loads nothing."""
