"""SPDX 2.1 to 2.3, JSON and tag-value. Loads nothing."""
