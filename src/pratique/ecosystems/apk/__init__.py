"""Apk, of Alpine, Wolfi and OpenWrt. Loads nothing."""
