"""OCaml packages installed by opam: `.opam-switch/packages/NAME.VERSION/opam` (opam manual, File format)."""

import re
from collections.abc import Iterator

from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource, folder_of
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import normalise
from pratique.lexicon.text import clean
from pratique.lexicon.values import read_hash
from pratique.model import Presence

_PLACE = lazy(r"(?:^|/)\.opam-switch/packages/([^/.]+)\.([^/]+)/opam$")
_FIELD = lazy(r'^([a-z-]+):\s*+"([^"\n]*)"', re.MULTILINE)
_DEPENDS = lazy(r"^depends:\s*+\[([^\]]*+)", re.MULTILINE)
_NAME = lazy(r'^[ \t]*"([A-Za-z0-9_+-]+)"', re.MULTILINE)
_CHECKSUM = lazy(r'"((?:sha256|sha512|md5)=[0-9a-f]{32,128})"')
_URL = lazy(r"^url\s*\{", re.MULTILINE)


def _read(file: File) -> Iterator[Found]:
    place = _PLACE.search(file.path)
    fields: dict[str, str] = {}
    for match in _FIELD.finditer(file.text):
        fields.setdefault(match[1], match[2])
    url = _URL.search(file.text)
    hashes: dict[str, str] = {}
    for match in _CHECKSUM.finditer(file.text, url.end()) if url else ():
        hashes = {**read_hash(match[1]), **hashes}
    licence = normalise(fields.get("license", ""))
    component = file.package(
        "opam",
        place[1] if place else "",
        place[2] if place else "",
        licences=(licence,) if licence else (),
        supplier=clean(fields.get("maintainer", "")),
        description=clean(fields.get("synopsis", "")),
        homepage=clean(fields.get("homepage", "")),
        hashes=hashes,
    )
    listed = _DEPENDS.search(file.text)
    if component is not None:
        yield Found(
            component, (component.name,), (one[1] for one in _NAME.finditer(listed[1])) if listed else (), [(file.path, "", "")]
        )


OPAM = FileCataloger(
    "opam",
    1,
    ListSource(
        read=_read,
        presence=Presence.INSTALLED,
        names=("opam",),
        accepts=lambda path: _PLACE.search(path) is not None,
        scope=lambda path: folder_of(folder_of(path)),
    ),
)
