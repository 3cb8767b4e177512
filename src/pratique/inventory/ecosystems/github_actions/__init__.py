"""GitHub Actions. Loads nothing."""
