"""Microsoft's vcpkg. Loads nothing."""
