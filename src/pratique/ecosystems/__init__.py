"""One folder an ecosystem: its cataloger, its parsers, its probes, its package files. Loads nothing.

No folder imports another; what several need stands in `cataloging`, and who asks all of them is `inventory`.
`docs/coverage.md` says which files each reads.
"""
