"""Helm charts. Loads nothing."""
