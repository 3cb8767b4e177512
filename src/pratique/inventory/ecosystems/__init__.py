"""One folder an ecosystem. No folder imports another; what several need stands in `inventory.common`. Loads nothing."""
