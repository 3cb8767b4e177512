"""Folders of what somebody else made: a lock file or a pipeline in there is that package's own affair, not the artifact's.
Pure.
"""

_TREES = ("/node_modules/", "/site-packages/", "/dist-packages/", "/vendor/", "/ruby/gems/")


def is_of_a_package(path: str) -> bool:
    """Whether a file lies in an installed or vendored package."""
    slashed = f"/{path}"
    return any(tree in slashed for tree in _TREES)
