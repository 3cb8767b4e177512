"""Packages that PEAR installed: its registry, `.registry/NAME.reg` and `.registry/.channel.CHANNEL/NAME.reg`.

In each file PHP serialized the package's description (PEAR manual, package.xml 2.0) and its files, with their MD5.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.ecosystems.php.serialized import read_serialized
from pratique.errors import Malformed
from pratique.lexicon.licences import normalise
from pratique.lexicon.text import clean
from pratique.lexicon.values import table_or_empty, text_or_empty
from pratique.model import Presence

_REGISTRY = "/.registry/"
_CHANNEL = "pear.php.net"


def _read(file: File) -> Iterator[Found]:
    document = read_serialized(file.data)
    if not isinstance(document, dict):
        raise Malformed("not a package of PEAR's registry")
    # Of version 1.0 of the description, the names were others.
    name = text_or_empty(document.get("name")) or text_or_empty(document.get("package"))
    version = document.get("version")
    channel = clean(document.get("channel"), 200) or _CHANNEL
    licence = document.get("license")
    text = text_or_empty(table_or_empty(licence).get("_content") if isinstance(licence, dict) else licence)
    component = file.package(
        "pear",
        name,
        table_or_empty(version).get("release") if isinstance(version, dict) else version,
        namespace=channel,
        licences=tuple(filter(None, [normalise(text)])),
        description=clean(document.get("summary")),
    )
    if component is not None:
        yield Found(component, (_key(channel, name),), _needs(document), claims=_claims(document))


def _key(channel: str, name: str) -> str:
    return f"{channel}/{name}".lower()


def _needs(document: Mapping[str, Any]) -> Iterator[str]:
    """Of packages that are required: one, or several by number."""
    packages = table_or_empty(table_or_empty(table_or_empty(document.get("dependencies")).get("required")).get("package"))
    for one in [packages] if "name" in packages else map(table_or_empty, packages.values()):
        yield _key(text_or_empty(one.get("channel")), text_or_empty(one.get("name")))


def _claims(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for entry in map(table_or_empty, table_or_empty(document.get("filelist")).values()):
        path, digest = text_or_empty(entry.get("installed_as")).lstrip("/"), text_or_empty(entry.get("md5sum")).lower()
        if path:
            known = len(digest) == 32 and not digest.strip("0123456789abcdef")
            yield path, "md5" if known else "", digest if known else ""


PEAR = FileCataloger(
    "pear",
    1,
    ListSource(
        read=_read,
        presence=Presence.INSTALLED,
        endings=(".reg",),
        accepts=lambda path: _REGISTRY in f"/{path}",
        scope=lambda path: f"/{path}".partition(_REGISTRY)[0],
    ),
)
