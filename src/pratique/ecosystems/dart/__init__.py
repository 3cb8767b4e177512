"""Dart. Loads nothing."""
