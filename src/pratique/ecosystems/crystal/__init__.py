"""Crystal's shards. Loads nothing."""
