"""Google's Container-Optimized OS. Loads nothing."""
