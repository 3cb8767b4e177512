"""Apple's bundles and Carthage. Loads nothing."""
