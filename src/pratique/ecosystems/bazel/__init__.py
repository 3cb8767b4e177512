"""Bazel's modules. Loads nothing."""
