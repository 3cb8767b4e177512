"""Ruby: gemspecs and Bundler. Loads nothing."""
