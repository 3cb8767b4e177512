"""Go: modules in binaries and sources. Loads nothing."""
