"""Apple bundles: `Info.plist` of applications, frameworks, extensions and the like (Bundle Programming Guide), XML or binary.

A bundle is identified by `CFBundleIdentifier`; no registry has it under that name, so its purl is generic.
"""

from collections.abc import Iterator
from typing import Any

from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.errors import LimitExceeded, Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.text import clean
from pratique.lexicon.values import table_or_empty, text_or_empty
from pratique.model import ComponentKind, Presence

_MAX_BYTES = 1 << 20
_PLACE = lazy(
    r"(?:^|.*/)([^/]+)\.(app|framework|appex|kext|bundle|xpc|plugin|dext|systemextension)"
    r"(?:/Contents|/Resources|/Versions/[^/]+/Resources|/Versions/[^/]+)?/Info\.plist"
)
_APPLICATIONS = frozenset({"app", "appex", "xpc"})


def read_plist(data: bytes) -> dict[str, Any]:
    """The table of a property list. Raises Malformed: not one, or larger than 1 MiB."""
    if len(data) > _MAX_BYTES:
        raise LimitExceeded(f"a property list of more than {_MAX_BYTES} bytes")
    import plistlib

    try:
        document = plistlib.loads(data)
    except Exception as error:  # a binary one can be wrong in many ways: offsets, types, depth
        raise Malformed("not a property list") from error
    if not isinstance(document, dict):
        raise Malformed("a property list that is no table")
    return table_or_empty(document)


def _read(file: File) -> Iterator[Found]:
    place = _PLACE.fullmatch(file.path)
    document = read_plist(file.data)
    identifier = clean(document.get("CFBundleIdentifier"), 200)
    name = (
        clean(document.get("CFBundleName"), 200) or clean(document.get("CFBundleExecutable"), 200) or (place[1] if place else "")
    )
    build = text_or_empty(document.get("CFBundleVersion"))
    version = text_or_empty(document.get("CFBundleShortVersionString")) or build
    if not identifier and not version:
        file.unread("a bundle without an identifier and a version")
        return
    kind = place[2] if place else ""
    component = file.package(
        "generic",
        identifier or name,
        version,
        shown=name,
        kind=ComponentKind.APPLICATION if kind in _APPLICATIONS else ComponentKind.LIBRARY,
        description=clean(document.get("NSHumanReadableCopyright")),
        facts={"bundle-id": identifier, "bundle-kind": kind, "build": build if build != version else ""},
    )
    if component is not None:
        root = file.path[: file.path.rfind(f".{kind}/") + len(kind) + 1]
        yield Found(component, folders=(root,))


APPLE_BUNDLES = FileCataloger(
    "apple-bundles",
    1,
    ListSource(
        read=_read, presence=Presence.INSTALLED, names=("Info.plist",), accepts=lambda path: _PLACE.fullmatch(path) is not None
    ),
)
