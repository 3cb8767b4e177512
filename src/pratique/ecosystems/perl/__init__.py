"""Perl's CPAN. Loads nothing."""
