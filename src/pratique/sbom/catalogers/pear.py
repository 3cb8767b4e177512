"""Packages that PEAR installed: its registry, `.registry/NAME.reg` and `.registry/.channel.CHANNEL/NAME.reg`.

In each file PHP serialized the package's description (PEAR manual, package.xml 2.0) and its files, with their MD5.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pratique.errors import Malformed
from pratique.model import Presence
from pratique.sbom.catalogers.reading import File, FileCataloger, Found, Source
from pratique.sbom.licences import normalise
from pratique.sbom.php_serialized import read_serialized
from pratique.sbom.text import clean
from pratique.sbom.values import as_table, as_text

_REGISTRY = "/.registry/"
_CHANNEL = "pear.php.net"


def _read(file: File) -> Iterator[Found]:
    document = read_serialized(file.data)
    if not isinstance(document, dict):
        raise Malformed("not a package of PEAR's registry")
    # Of version 1.0 of the description, the names were others.
    name = as_text(document.get("name")) or as_text(document.get("package"))
    version = document.get("version")
    channel = clean(document.get("channel"), 200) or _CHANNEL
    licence = document.get("license")
    text = clean(as_table(licence).get("_content") if isinstance(licence, dict) else licence, 200)
    component = file.package(
        "pear",
        name,
        as_table(version).get("release") if isinstance(version, dict) else version,
        namespace=channel,
        licences=(normalise(text),) if text else (),
        description=clean(document.get("summary")),
    )
    if component is not None:
        yield Found(component, (_key(channel, name),), _needs(document), claims=_claims(document))


def _key(channel: str, name: str) -> str:
    return f"{channel}/{name}".lower()


def _needs(document: Mapping[str, Any]) -> Iterator[str]:
    """Of packages that are required: one, or several by number."""
    packages = as_table(as_table(as_table(document.get("dependencies")).get("required")).get("package"))
    for one in [packages] if "name" in packages else map(as_table, packages.values()):
        yield _key(as_text(one.get("channel")), as_text(one.get("name")))


def _claims(document: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for entry in map(as_table, as_table(document.get("filelist")).values()):
        path, digest = as_text(entry.get("installed_as")).lstrip("/"), as_text(entry.get("md5sum")).lower()
        if path:
            known = len(digest) == 32 and not digest.strip("0123456789abcdef")
            yield path, "md5" if known else "", digest if known else ""


PEAR = FileCataloger(
    "pear",
    1,
    Source(
        read=_read,
        presence=Presence.INSTALLED,
        endings=(".reg",),
        accepts=lambda path: _REGISTRY in f"/{path}",
        scope=lambda path: f"/{path}".partition(_REGISTRY)[0],
    ),
)
