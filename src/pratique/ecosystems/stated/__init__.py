"""What bills of materials that lie in an artifact say. Loads nothing."""
