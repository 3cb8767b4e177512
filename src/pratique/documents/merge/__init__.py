"""One document of a product from those of its parts: names kept apart, equals brought together, conflicts kept. Loads nothing."""
