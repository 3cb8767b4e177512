"""Packages inside another installed package, compiled or copied into it: `next/dist/compiled/glob/package.json`. Pure.

A `package.json` inside a package may as well be an entry point of that very package (Node.js, "Modules: Packages", and what
bundlers read of folders), a mark for the kind of modules, a template, or data of tests. A package of its own has a name that a
registry takes and that is not the one of the package around it, it may be published, and what it says to load lies in its own
folder.
"""

from collections.abc import Mapping
from posixpath import normpath
from typing import Any

from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.values import text_or_empty

# npm takes no capitals any more, but has packages whose names have some.
_NAME = lazy(r"(?:@[A-Za-z0-9~-][A-Za-z0-9._~-]*/)?[A-Za-z0-9~-][A-Za-z0-9._~-]*")
_MAX_NAME = 214
_MAX_DEPTH = 24
_NO_PACKAGES = frozenset(
    {
        *("test", "tests", "__tests__", "spec", "fixture", "fixtures", "__fixtures__", "testdata", "mocks", "__mocks__"),
        *("example", "examples", "demo", "demos", "benchmark", "benchmarks", "bench", "template", "templates", "docs"),
    }
)
_ENTRIES = ("main", "module", "types", "typings", "browser", "es2015", "esnext", "jsnext:main", "source", "umd:main", "unpkg")
_MARKS = frozenset({"name", "type", "sideEffects"})


def may_be_bundled(inside: str) -> bool:
    """Whether the file at this path within a package, `dist/x/package.json`, is worth reading. Nothing but string comparisons."""
    folders = inside.split("/", _MAX_DEPTH)
    return len(folders) < _MAX_DEPTH and _NO_PACKAGES.isdisjoint(folders)


def is_bundled(document: Mapping[str, Any], parent_name: str, parent_version: str) -> bool:
    """Whether a `package.json` inside a package describes another one. See the module."""
    name, version = document.get("name"), text_or_empty(document.get("version"))
    if not isinstance(name, str) or len(name) > _MAX_NAME or _NAME.fullmatch(name) is None or document.get("private") is True:
        return False
    if name == parent_name:
        # A copy, or a mark for modules of another kind; but a package may carry an older one of itself.
        return version not in ("", parent_version) and not version.startswith("0.0.0")
    if not version and len(document) > 1 and _MARKS.issuperset(document):
        return False
    return not any(normpath(text_or_empty(document.get(field))).startswith("..") for field in _ENTRIES)
