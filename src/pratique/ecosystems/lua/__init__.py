"""LuaRocks. Loads nothing."""
