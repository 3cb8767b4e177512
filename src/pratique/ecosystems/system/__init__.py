"""The operating system itself. Loads nothing."""
