"""What catalogers of several ecosystems share: the port itself, its collector, and readers of common forms. Loads nothing."""
