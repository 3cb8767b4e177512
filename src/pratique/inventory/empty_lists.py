"""Lock files in which nothing is written: what broke off, or was never filled, looks like a list of nothing. Pure."""

from collections.abc import Container, Iterator

from pratique.model import Tree, Unknown

_LOCKED = ("npm-shrinkwrap.json", "package.resolved", "cartfile.resolved", "cabal.project.freeze")
"""Names of lock files, in lower case, that have no `lock` in them."""


def empty_lists(tree: Tree, told: Container[str]) -> Iterator[Unknown]:
    """Of the files that were kept for catalogers, the lock files that are empty: every tool that makes one writes a heading.

    `told`: places of which it is said already that they could not be read.
    """
    for path, data in tree.contents.items():
        name = path[path.rfind("/") + 1 :].lower()
        if path not in told and ("lock" in name or name in _LOCKED) and not data.removeprefix(b"\xef\xbb\xbf").strip():
            yield Unknown(path, "a lock file that is empty: what it locks is not known", unread=True)
