"""What is known to be vulnerable: so far how versions are ordered, scheme by scheme. Pure.

versions/   one scheme a file; `versions.key` gives what to sort by
"""
