"""Packages that went into a snap: `snap/manifest.yaml`, which Snapcraft writes into what it builds (Snapcraft documentation,
"Manifest").

`primed-stage-packages` are Debian packages, `NAME=VERSION`, of the system that the snap was built on. Their files lie in the
snap without any database of dpkg. Before that list there were `stage-packages` of each part.
"""

from collections.abc import Iterator
from typing import Any

from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.lexicon.parse import load_yaml
from pratique.lexicon.text import clean
from pratique.lexicon.values import list_or_empty, table_or_empty, text_or_empty
from pratique.model import Presence

_PLACE = "snap/manifest.yaml"


def _read(file: File) -> Iterator[Found]:
    document = table_or_empty(load_yaml(file.data))
    vendor = clean(document.get("snapcraft-os-release-id"), 50) or "ubuntu"
    release = clean(text_or_empty(document.get("snapcraft-os-release-version-id")), 50)
    architectures = list_or_empty(document.get("architectures"))
    arch = clean(architectures[0], 50) if len(architectures) == 1 else ""
    snap = clean(document.get("name"), 100)
    for name, version, own in dict.fromkeys(_packages(document)):
        component = file.package(
            "deb",
            name,
            version,
            namespace=vendor,
            qualifiers={"arch": own or arch, "distro": f"{vendor}-{release}" if release else ""},
            facts={"staged-in": snap},
        )
        if component is not None:
            yield Found(component)


def _packages(document: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(name, version, architecture), the last "" where it is the snap's."""
    listed = list_or_empty(document.get("primed-stage-packages"))
    if not listed:
        parts = map(table_or_empty, table_or_empty(document.get("parts")).values())
        listed = [one for part in parts for one in list_or_empty(part.get("stage-packages"))]
    for text in map(text_or_empty, listed):
        name, equals, version = text.partition("=")
        if equals:  # a name alone is what was asked for
            short, _, own = name.partition(":")
            yield short, version, clean(own, 50)


SNAP_MANIFEST = FileCataloger(
    "snap-manifest",
    1,
    ListSource(
        read=_read, presence=Presence.EMBEDDED, names=("manifest.yaml",), accepts=lambda path: f"/{path}".endswith(f"/{_PLACE}")
    ),
)
