"""Rpm, of Fedora, Red Hat, SUSE and their kin. Loads nothing."""
