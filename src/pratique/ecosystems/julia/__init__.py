"""Julia. Loads nothing."""
