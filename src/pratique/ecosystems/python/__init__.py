"""Python: installed distributions, locks and requirements. Loads nothing."""
