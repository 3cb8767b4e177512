"""What is known to be vulnerable: how versions are ordered, and ranges of them. Pure.

versions/   one scheme a file; `versions.key` gives what to sort by
vers        ranges as the vers specification has them
native      ranges in the notation of an ecosystem, as vers
"""
