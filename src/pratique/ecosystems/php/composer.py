"""PHP packages: `vendor/composer/installed.json` (as Composer 1 and 2 write it) and composer.lock."""

from collections.abc import Iterator, Mapping
from posixpath import normpath
from typing import Any

from pratique.cataloging.origins import PUBLIC, Origin, at_address, at_path, at_registry, at_repository
from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import choice
from pratique.lexicon.parse import read_json
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url, list_or_empty, read_hex, table_or_empty, text_or_empty
from pratique.model import Presence

_PLACE = "composer/installed.json"
_NOTIFIED = lazy(r"(https?://[^?#]+?)/+downloads/?")
_SCP = lazy(r"[\w.-]+@[\w.-]+:")
_PUBLIC = ("packagist.org", "repo.packagist.org")


def _read_installed(file: File) -> Iterator[Found]:
    document = read_json(file.data)
    listed = document if isinstance(document, list) else list_or_empty(table_or_empty(document).get("packages"))
    development = set(map(text_or_empty, list_or_empty(table_or_empty(document).get("dev-package-names"))))
    vendor = file.path.removesuffix(_PLACE)
    for entry in map(table_or_empty, listed):
        name = text_or_empty(entry.get("name"))
        for one in _package(file, entry, dev=name in development, base="../../"):
            yield one._replace(folders=_folders(vendor, entry.get("install-path"), name))


def _folders(vendor: str, path: Any, name: str) -> tuple[str, ...]:
    """Where a package lies; the path is relative to vendor/composer. "." is the project itself, all of which is not one."""
    place = normpath(f"{vendor}composer/{text_or_empty(path) or f'../{name}'}")
    return (place,) if place.startswith(vendor) and len(place) > len(vendor) else ()


def _read_lock(file: File) -> Iterator[Found]:
    document = table_or_empty(read_json(file.data))
    for section, dev in (("packages", False), ("packages-dev", True)):
        for entry in map(table_or_empty, list_or_empty(document.get(section))):
            yield from _package(file, entry, dev=dev)


def _package(file: File, entry: Mapping[str, Any], *, dev: bool, base: str = "") -> Iterator[Found]:
    """`base`: the way from the file to the project."""
    name = clean(entry.get("name"), 200)
    vendor, slash, short = name.partition("/")  # a further one would be read as part of the vendor
    vendor, short = (vendor, short) if slash else ("", name)
    source, dist = table_or_empty(entry.get("source")), table_or_empty(entry.get("dist"))
    reference = clean(source.get("reference"), 100)
    address = clean_url(source.get("url"))
    origin = f"{clean(source.get('type'), 10)}+{address}@{reference}" if address and reference else clean_url(dist.get("url"))
    licences = entry.get("license")
    component = file.package(
        "composer",
        short,
        text_or_empty(entry.get("version")),
        namespace=vendor,
        shown=name,
        licences=choice([text_or_empty(one) for one in (licences if isinstance(licences, list) else [licences])]),
        supplier=_authors(entry.get("authors")),
        description=clean(entry.get("description")),
        homepage=clean(entry.get("homepage")),
        origin=_origin(entry, source, dist, base),
        hashes=read_hex("sha1", text_or_empty(dist.get("shasum"))),
        facts={"resolved": origin, "scope": "dev" if dev else ""},
    )
    if component is not None:
        answers = [name, *table_or_empty(entry.get("replace")), *table_or_empty(entry.get("provide"))]
        yield Found(component, tuple(one.lower() for one in answers), _needs(entry))


def _needs(entry: Mapping[str, Any]) -> Iterator[str]:
    """Packages; what has no vendor is asked of PHP itself: `php`, `ext-json`, `lib-icu`, `composer-runtime-api`."""
    return (name.lower() for name in table_or_empty(entry.get("require")) if "/" in name)


def _origin(entry: Mapping[str, Any], source: Mapping[str, Any], dist: Mapping[str, Any], base: str) -> Origin:
    """A repository of packages wants to be told of what is installed from it: that names it. What has none is from where it is
    fetched: a folder, a repository of versions, an address."""
    if dist.get("type") == "path":
        path = text_or_empty(dist.get("url"))
        return at_path(path if path.startswith("/") else f"{base}{path}")
    notified = _NOTIFIED.match(clean_url(entry.get("notification-url")))
    if notified:
        return at_registry(notified[1], *_PUBLIC)
    if "://" in text_or_empty(source.get("url")) or _SCP.match(text_or_empty(source.get("url"))):
        tool = clean(source.get("type"), 10) or "git"
        return at_repository(source.get("url"), source.get("reference"), tool=tool)
    return at_address(dist.get("url")) if "://" in text_or_empty(dist.get("url")) else PUBLIC


def _authors(authors: Any) -> str:
    names = [clean(table_or_empty(one).get("name"), 100) for one in list_or_empty(authors)[:10]]
    return ", ".join(filter(None, names))


COMPOSER = FileCataloger(
    "composer",
    2,
    ListSource(
        read=_read_installed,
        presence=Presence.INSTALLED,
        names=("installed.json",),
        accepts=lambda path: f"/{path}".endswith(f"/{_PLACE}"),
    ),
    ListSource(read=_read_lock, presence=Presence.DECLARED, names=("composer.lock",)),
)
