"""From what a user writes to a repository: `registry:HOST/NAME[:TAG|@DIGEST]`, `oci-dir:PATH[:TAG]`, `oci-archive:PATH[:TAG]`."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from pratique.errors import InputError
from pratique.registry.spelling import as_spelled_here
from pratique.registry.types import Repository

SCHEMES = ("registry", "oci-dir", "oci-archive")
_HOST = re.compile(r"localhost|[^:\[]+:[0-9]+|[^:\[]*[^:.\[]\.[^:\[]*|\[[0-9a-fA-F:.]+\](?::[0-9]+)?")
_TAR_HEADER = 512
_AT_DIGEST = re.compile(r"(?P<path>.+)@(?P<digest>sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})", re.DOTALL)


def open_repository(
    location: str, *, create: bool = False, insecure: bool = False, environ: Mapping[str, str] = os.environ
) -> tuple[Repository, str | None]:
    """The repository, and the digest or tag in `location`, None if there is none.

    `create`: make a layout where there is none. `insecure`: plain HTTP; so too for hosts in PRATIQUE_PLAIN_HTTP, a list
    with commas. A registry is not asked yet. Raises InputError, NotFound, Malformed, StorageError.
    """
    scheme, colon, rest = as_spelled_here(location).partition(":")
    if not colon or scheme not in SCHEMES:
        raise InputError(f"not a repository: {location[:200]!r}", hint=_like_a_place(location))
    if not rest or "\0" in rest:
        raise InputError(f"{scheme}: names nothing", hint="write registry:HOST/NAME:TAG or oci-dir:PATH[:TAG]")
    if scheme == "registry":
        from pratique.registry.reference import is_local, parse_reference
        from pratique.registry.remote import Remote

        reference = parse_reference(rest)
        plain = insecure or is_local(reference.host) or reference.host in plain_hosts(environ)
        return Remote(reference.host, reference.name, plain_http=plain, environ=environ), reference.selector
    path, selector = split_path(rest)
    if scheme == "oci-dir":
        from pratique.files import check_folder_above
        from pratique.registry.layout import open_layout

        if create:
            check_folder_above(path)
        return open_layout(path, create=create), selector
    from pratique.registry.archive import open_archive

    return open_archive(path), selector


def _like_a_place(location: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(location, ("catalog",), n=1)
    return f"did you mean {close[0]}?" if close else "write registry:HOST/NAME:TAG or oci-dir:PATH[:TAG]"


def split_path(text: str) -> tuple[Path, str | None]:
    """`PATH[:TAG]` or `PATH@DIGEST`: what exists as a whole is a path; else a colon after the last slash begins a tag."""
    if Path(text).exists():
        return Path(text), None
    if match := _AT_DIGEST.fullmatch(text):
        return Path(match["path"]), match["digest"]
    path, colon, tag = text.rpartition(":")
    if colon and path and tag and "/" not in tag:
        return Path(path), tag
    return Path(text), None


def is_archive(path: Path) -> bool:
    """Whether a file begins as a tar does, or is empty. Raises InputError for what is no file, OSError."""
    from pratique.files import open_regular

    with open_regular(path) as file:
        head = file.read(_TAR_HEADER)
    return not head or head[257:262] == b"ustar"


def plain_hosts(environ: Mapping[str, str]) -> frozenset[str]:
    """Hosts, with their ports, that the user wants spoken to without TLS."""
    return frozenset(filter(None, (host.strip().lower() for host in environ.get("PRATIQUE_PLAIN_HTTP", "").split(","))))


def as_place(text: str) -> str:
    """A place as we spell it; one without a scheme is guessed: a layout or archive that is there, an image's name with the host
    of its registry, a path to what is not there yet. Anything else is given back: whoever opens it says what is missing.
    """
    text = as_spelled_here(text)
    first, slash, _ = text.partition("/")
    if "\0" in text or (":" in first and not slash) or first.partition(":")[0] in SCHEMES:
        return text
    path, _ = split_path(text)
    try:
        if (path / "oci-layout").is_file():
            return f"oci-dir:{text}"
        if path.is_file():
            return f"oci-archive:{text}" if is_archive(path) else text
    except OSError:
        return text
    if slash and first in ("", ".", ".."):
        return f"oci-archive:{text}" if path.suffix == ".tar" else f"oci-dir:{text}"
    return f"registry:{text}" if slash and _HOST.fullmatch(first) else text
