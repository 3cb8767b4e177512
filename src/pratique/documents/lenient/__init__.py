"""Errors that real tools make, put right before the rest is taken out: for who asks to read leniently. Loads nothing."""
