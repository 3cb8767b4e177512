"""R. Loads nothing."""
