"""Zig's build system. Loads nothing."""
