"""PHP packages: `vendor/composer/installed.json` (as Composer 1 and 2 write it) and composer.lock."""

from collections.abc import Iterator, Mapping
from posixpath import normpath
from typing import Any

from pratique.model import Presence
from pratique.sbom.catalogers.reading import File, FileCataloger, Found, Source
from pratique.sbom.licences import choice
from pratique.sbom.parse import load_json
from pratique.sbom.text import clean
from pratique.sbom.values import as_list, as_table, as_text, clean_url, read_hex

_PLACE = "composer/installed.json"


def _read_installed(file: File) -> Iterator[Found]:
    document = load_json(file.data)
    listed = document if isinstance(document, list) else as_list(as_table(document).get("packages"))
    development = set(map(as_text, as_list(as_table(document).get("dev-package-names"))))
    vendor = file.path.removesuffix(_PLACE)
    for entry in map(as_table, listed):
        name = as_text(entry.get("name"))
        for one in _package(file, entry, dev=name in development):
            yield one._replace(folders=_folders(vendor, entry.get("install-path"), name))


def _folders(vendor: str, path: Any, name: str) -> tuple[str, ...]:
    """Where a package lies; the path is relative to vendor/composer. "." is the project itself, all of which is not one."""
    place = normpath(f"{vendor}composer/{as_text(path) or f'../{name}'}")
    return (place,) if place.startswith(vendor) and len(place) > len(vendor) else ()


def _read_lock(file: File) -> Iterator[Found]:
    document = as_table(load_json(file.data))
    for section, dev in (("packages", False), ("packages-dev", True)):
        for entry in map(as_table, as_list(document.get(section))):
            yield from _package(file, entry, dev=dev)


def _package(file: File, entry: Mapping[str, Any], *, dev: bool) -> Iterator[Found]:
    name = clean(entry.get("name"), 200)
    vendor, _, short = name.rpartition("/")
    source, dist = as_table(entry.get("source")), as_table(entry.get("dist"))
    reference = clean(source.get("reference"), 100)
    address = clean_url(source.get("url"))
    origin = f"{clean(source.get('type'), 10)}+{address}@{reference}" if address and reference else clean_url(dist.get("url"))
    licences = entry.get("license")
    component = file.package(
        "composer",
        short,
        as_text(entry.get("version")),
        namespace=vendor,
        shown=name,
        licences=choice([as_text(one) for one in (licences if isinstance(licences, list) else [licences])]),
        supplier=_authors(entry.get("authors")),
        description=clean(entry.get("description")),
        homepage=clean(entry.get("homepage")),
        hashes=read_hex("sha1", as_text(dist.get("shasum"))),
        facts={"resolved": origin, "scope": "dev" if dev else ""},
    )
    if component is not None:
        answers = [name, *as_table(entry.get("replace")), *as_table(entry.get("provide"))]
        yield Found(component, tuple(one.lower() for one in answers), (one.lower() for one in as_table(entry.get("require"))))


def _authors(authors: Any) -> str:
    names = [clean(as_table(one).get("name"), 100) for one in as_list(authors)[:10]]
    return ", ".join(filter(None, names))


COMPOSER = FileCataloger(
    "composer",
    1,
    Source(
        read=_read_installed,
        presence=Presence.INSTALLED,
        names=("installed.json",),
        accepts=lambda path: f"/{path}".endswith(f"/{_PLACE}"),
    ),
    Source(read=_read_lock, presence=Presence.DECLARED, names=("composer.lock",)),
)
