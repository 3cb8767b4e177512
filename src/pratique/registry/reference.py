"""Names of images: `HOST[:PORT]/NAME[:TAG][@DIGEST]` (the grammar of distribution/reference). Pure.

Docker's shorthands are understood: `alpine` is `docker.io/library/alpine`, `user/app` is `docker.io/user/app`.
"""

import ipaddress
import re
from dataclasses import dataclass

from pratique.errors import InputError
from pratique.model.digest import Digest, is_digest
from pratique.registry.types import is_tag

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"(?P<host>{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]{{2,45}}\])(?::(?P<port>[0-9]{{1,5}}))?")
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_PART}(?:/{_PART})*")
_MAX_NAME = 255  # distribution/reference, NameTotalLengthMax
_MAX_TEXT = 1024

DOCKER_HUB = "docker.io"
_DOCKER_HUB_API = "registry-1.docker.io"
_DOCKER_HUB_NAMES = ("index.docker.io", "registry-1.docker.io")
_LOCAL = frozenset(("localhost", "127.0.0.1", "::1"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageName:
    """`host`: with its port if one was given. `tag`, `digest`: as given; where both are, the digest counts."""

    host: str
    name: str
    tag: str | None = None
    digest: Digest | None = None

    @property
    def api_host(self) -> str:
        """The host that answers for `host`."""
        return _DOCKER_HUB_API if self.host == DOCKER_HUB else self.host

    @property
    def selector(self) -> str | None:
        """The digest, else the tag, else None."""
        return self.digest or self.tag

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.host}/{self.name}{tag}{digest}"


def parse_reference(text: str) -> ImageName:
    """Read an image's name. Raises InputError with the part that is wrong."""
    if len(text) > _MAX_TEXT:
        raise _wrong(text, f"it has more than {_MAX_TEXT} characters")
    rest, at, digest = text.partition("@")
    if at and not is_digest(digest):
        raise _wrong(text, f"{digest[:80]!r} is no digest")
    host, name = _split_host(rest)
    name, colon, tag = name.partition(":")
    if colon and not is_tag(tag):
        raise _wrong(text, f"{tag[:80]!r} is no tag")
    if host == DOCKER_HUB and name and "/" not in name:
        name = f"library/{name}"
    if not _NAME.fullmatch(name) or len(name) > _MAX_NAME:
        raise _wrong(text, f"{name[:80]!r} is no repository: lower case, digits, and . _ - between them")
    _check_host(text, host)
    return ImageName(host=host, name=name, tag=tag or None, digest=Digest(digest) if at else None)


def is_local(host: str) -> bool:
    """Whether `HOST[:PORT]` is this machine, which is spoken to without TLS."""
    bare = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return bare.lower() in _LOCAL


def _split_host(text: str) -> tuple[str, str]:
    first, slash, rest = text.partition("/")
    # Without a dot, a port or an upper-case letter, the first part is a part of the name, as Docker has it.
    if slash and (any(char in first for char in ".:[") or first == "localhost" or first != first.lower()):
        host = first.lower()
        return (DOCKER_HUB if host in _DOCKER_HUB_NAMES else host), rest
    return DOCKER_HUB, text


def _check_host(text: str, host: str) -> None:
    match = _HOST.fullmatch(host)
    if not match or len(host) > _MAX_NAME:
        raise _wrong(text, f"{host[:80]!r} is no host")
    if match["port"] is not None and not 0 < int(match["port"]) < 65536:
        raise _wrong(text, f"{match['port']} is no port")
    if host.startswith("["):
        try:
            ipaddress.IPv6Address(match["host"][1:-1])
        except ValueError as error:
            raise _wrong(text, f"{host[:80]!r} is no address") from error


def _wrong(text: str, why: str) -> InputError:
    hint = f"write {_repaired(text) or 'HOST/NAME:TAG or HOST/NAME@sha256:…'}"
    return InputError(f"not an image's name: {text[:200]!r}: {why}", hint=hint)


def _repaired(text: str) -> str | None:
    """A name that only has quotes around it, ends in a colon or slash, or has capitals in its path, as it must be."""
    bare = text.strip("'\"` ").rstrip(":/")
    host, slash, rest = bare.partition("/")
    name, colon, tag = rest.partition(":")
    for better in (bare, f"{host}{slash}{name.lower()}{colon}{tag}"):
        if better != text and len(better) <= _MAX_TEXT:
            try:
                parse_reference(better)
            except InputError:
                continue
            return better
    return None
