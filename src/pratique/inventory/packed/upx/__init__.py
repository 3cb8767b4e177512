"""Programs that UPX packed: read from its source, as nothing else specifies it; held against programs that it packed."""
