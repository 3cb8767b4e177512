"""MacPorts. Loads nothing."""
