"""SPDX 3.0.1, JSON-LD. Loads nothing."""
