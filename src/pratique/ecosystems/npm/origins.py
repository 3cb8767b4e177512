"""Which package the bytes are that a lock file of Node names for an entry, and where they come from. Pure.

The name that an entry is asked for by is not what will be installed: its archive is. An alias says so itself (`npm:other@1.0`);
where nothing says so, the two disagree, and that is told: by that a lock file was tampered with, or confuses two registries.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

from pratique.cataloging.origins import PUBLIC, Origin, at_address, at_registry
from pratique.cataloging.package_lists import File
from pratique.lexicon.encodings import as_utf8
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.one_version import split_requirement
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url, text_or_empty

_HOSTS = ("registry.npmjs.org", "registry.yarnpkg.com", "registry.npmjs.com")
_TARBALL = lazy(
    r"(?P<base>https?://[^?#]*?)/(?P<name>(?:@[^/@]+/)?[^/@]+)/-/(?:@[^/]+/)?(?P<file>[^/?#]+?)\.t(?:ar\.)?gz(?:[?#].*)?"
)
_GITHUB = lazy(r"(?P<base>https?://[^?#]*?)/download/(?P<name>@[^/@]+/[^/@]+)/(?P<version>[^/?#]+)/[^/?#]+(?:[?#].*)?")
_JSR = lazy(r"(?P<base>https?://npm\.jsr\.io)/~/\d+/(?P<name>@jsr/[^/]+)/(?P<version>[^/?#]+)\.tgz(?:[?#].*)?")


class Named(NamedTuple):
    """What will be installed. `alias`: the name that it is asked for by, "" where that is its own."""

    name: str
    version: str
    origin: Origin = PUBLIC
    alias: str = ""


def settle(file: File, asked: str, name: str, version: str, resolved: str) -> Named:
    """`asked`: the entry's key. `name`, `version`: what the entry says that it is. `resolved`: address of what will be installed,
    or "" for the registry. Where the address names another package than the entry, its name counts, and the file has an unknown.
    """
    alias = asked if asked and asked != name else ""
    origin, found, at = _at(clean_url(resolved))
    if found and (found != name or (at and version and at != version)):
        host = clean_url(resolved).partition("://")[2].partition("/")[0]
        file.unknown(
            f"{clean(asked or name, 214)} is locked as {clean(name, 214)} {clean(version, 100)}, "
            f"but what is fetched for it is {clean(found, 214)} {clean(at or version, 100)} from {clean(host, 200)}"
        )
        return Named(found, at or version, origin, asked if asked != found else "")
    return Named(name, version, origin, alias)


class Aliases:
    """Under which other names packages are asked for, by whoever asks: `{"nick": "npm:real@^1"}`. `needs`: tables of what is
    asked for. `manifest`: of the project, which may ask so in its overrides, too."""

    def __init__(self, needs: Iterable[Mapping[str, Any]], manifest: bytes = b"") -> None:
        self._asked = {(name, _aliased(range_)) for table in needs for name, range_ in table.items()}
        self._manifest = as_utf8(manifest)

    def doubt(self, file: File, alias: str, name: str) -> None:
        """Tell where a lock file puts a package in the place of another that nobody asks to be it."""
        if alias in ("", name) or (alias, name) in self._asked or f'"npm:{name}'.encode() in self._manifest:
            return
        file.unknown(f"{clean(alias, 214)} is locked as {clean(name, 214)}, which nothing asks for under that name")


def _aliased(range_: Any) -> str:
    """`npm:real@^1` → `real`; "" for anything else."""
    text = text_or_empty(range_)
    if not text.startswith("npm:"):
        return ""
    at = text.find("@", 5)
    return text[4:] if at < 0 else text[4:at]


def _at(address: str) -> tuple[Origin, str, str]:
    """Origin, and the name and version that the address tells; "" for none."""
    address = address.replace("%2f", "/").replace("%2F", "/")  # of a scope: `@s%2fname`
    tarball, other = _TARBALL.fullmatch(address), _GITHUB.fullmatch(address) or _JSR.fullmatch(address)
    if tarball:
        name = unquote(tarball["name"])
        short, file = name.rpartition("/")[2], unquote(tarball["file"])
        version = (
            file[len(short) + 1 :] if file.startswith(f"{short}-") and file[len(short) + 1 : len(short) + 2].isdigit() else ""
        )
        if split_requirement(version)[1]:
            version = ""
        return at_registry(tarball["base"], *_HOSTS), name, version
    if other:
        return at_registry(other["base"], *_HOSTS), unquote(other["name"]), other["version"]
    return at_address(address), "", ""


def named_by(resolved: str) -> Origin:
    """Where the bytes at an address come from, whatever their name; PUBLIC for no address."""
    return _at(clean_url(resolved))[0]


def registry_of(address: str) -> Origin:
    """Of the registry at an address, as `.npmrc`, bun and yarn name it."""
    return at_registry(address, *_HOSTS)
