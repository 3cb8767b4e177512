"""Bottlerocket. Loads nothing."""
