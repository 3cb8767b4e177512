"""Documents: an inventory rendered for other tools and for people, and other tools' documents read. Pure."""
