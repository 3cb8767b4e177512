"""MacPorts: ports whose Portfile the registry keeps, `registry/portfiles/NAME-VERSION_REVISION/DIGEST/Portfile` (MacPorts Guide).

A Portfile is a Tcl program; it is never run: the folder's name tells name, version and revision.
"""

from collections.abc import Iterator

from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.model import Presence

_PLACE = lazy(r"(?:.*/)?var/macports/registry/portfiles/([^/]+)/[^/]+/Portfile")
_FULL = lazy(r"(.+)-([^-_]+)_(\d+)")


def _read(file: File) -> Iterator[Found]:
    place = _PLACE.fullmatch(file.path)
    match = _FULL.fullmatch(place[1]) if place else None
    if match is None:
        raise Malformed("a port whose folder names no version")
    component = file.package("macports", match[1], match[2], qualifiers={"revision": match[3] if match[3] != "0" else ""})
    if component is not None:
        yield Found(component)


MACPORTS = FileCataloger(
    "macports",
    1,
    ListSource(
        read=_read, presence=Presence.INSTALLED, names=("Portfile",), accepts=lambda path: _PLACE.fullmatch(path) is not None
    ),
)
