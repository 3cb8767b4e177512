"""WordPress. Loads nothing."""
