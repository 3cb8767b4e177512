"""Machine-learning models. Loads nothing."""
