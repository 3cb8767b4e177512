"""Conan, of C and C++. Loads nothing."""
