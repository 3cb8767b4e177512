"""Our own JSON: everything that an inventory holds, nothing left out. Loads nothing."""
