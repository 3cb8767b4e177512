"""Go modules that `go mod vendor` copied: `vendor/modules.txt` (Go Modules Reference, "Vendoring").

A module is copied where packages of it are listed; the others are only in the list. Of a replaced module the sources are those of
the replacement; where that is a folder, no registry has them.
"""

from collections.abc import Iterator
from typing import NamedTuple

from pratique.cataloging.origins import PUBLIC, at_path
from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.lexicon.text import clean
from pratique.model import Presence

_PLACE = "vendor/modules.txt"
_FOLDER = ("./", "../", "/")


class _Module(NamedTuple):
    """`place`: the path below which its sources lie. `name`, `version`: of the sources; no version for a folder."""

    place: str
    name: str
    version: str
    replaces: str
    packages: list[str]


def _read(file: File) -> Iterator[Found]:
    module: _Module | None = None
    for line in file.text.split("\n"):
        if line.startswith("# "):
            if module is not None and module.packages:
                yield from _found(file, module)
            module = _module(line[2:].split())
        elif line and not line.startswith("#") and module is not None:
            module.packages.append(line.strip())
    if module is not None and module.packages:
        yield from _found(file, module)


def _module(words: list[str]) -> _Module | None:
    """`path version`, `path version => path version` or `path version => folder`; None for the replacements
    listed at the end, and for other comments."""
    at = words.index("=>") if "=>" in words else len(words)
    old, new = words[:at], words[at + 1 :]
    if len(old) != 2 or not old[1].startswith("v"):
        return None
    if not new:
        return _Module(old[0], old[0], old[1], "", [])
    return _Module(old[0], new[0], new[1] if len(new) > 1 else "", "@".join(old), [])


def _found(file: File, module: _Module) -> Iterator[Found]:
    folder = module.name.startswith(_FOLDER)
    name = module.place if folder else module.name
    namespace, _, short = name.rpartition("/")
    component = file.package(
        "golang",
        short,
        "" if folder else module.version,
        namespace=namespace,
        shown=name,
        origin=at_path(f"../{module.name}" if module.name.startswith(".") else module.name) if folder else PUBLIC,
        facts={"replaces": clean(module.replaces), "replaced-by": clean(module.name) if folder else ""},
    )
    if component is not None:
        safe = ".." not in module.place.split("/")
        yield Found(component, folders=(f"{file.folder}/{module.place}",) if safe else ())


GO_VENDOR = FileCataloger(
    "go-vendor",
    1,
    ListSource(
        read=_read,
        presence=Presence.INSTALLED,
        names=("modules.txt",),
        accepts=lambda path: f"/{path}".endswith(f"/{_PLACE}"),
    ),
)
