"""Licence texts and Debian copyright files: found, recognised by their words, and laid over components. Loads nothing."""
