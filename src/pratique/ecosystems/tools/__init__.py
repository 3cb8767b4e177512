"""What developers' tools are told to install. Loads nothing."""
