"""The zip of a Go module (Go Modules Reference, «Module zip files»): every path in it begins with `module@version/`. Pure.

It is told as `go mod vendor` tells of a module that it copied; its files are those of Go's module cache.
"""

from collections.abc import Iterable

from pratique.cataloging.package_file import PackageFile
from pratique.lexicon.lazy_regex import lazy

_PREFIX = lazy(r"(?P<module>[A-Za-z0-9][A-Za-z0-9._~/-]*)@(?P<version>v\d+\.\d+\.\d+[A-Za-z0-9.+-]*)/")
_PLACE = "vendor/modules.txt"
_CACHE = "pkg/mod/"


def read_go_zip(paths: Iterable[str]) -> PackageFile | None:
    """`paths`: all that it holds. None for what is no module."""
    paths = list(paths)
    match = _PREFIX.match(paths[0]) if paths else None
    if match is None or not all(path.startswith(match[0]) for path in paths):
        return None
    text = f"# {match['module']} {match['version']}\n## explicit\n{match['module']}\n"
    return PackageFile(
        kind="Go module",
        identity=_PLACE,
        contents={_PLACE: text.encode()},
        moved=(match[0], f"{_CACHE}{match[0]}"),
    )
