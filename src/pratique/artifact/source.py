"""What the user named: `SCHEME:LOCATION`, or a bare word that is guessed, and the guess said. Light: opens only to guess.

A bare word is, in this order: the file or folder of that name; with a registry's host before it, an image there; an image that an
engine on this machine has; an image of Docker Hub, whose short names are written out. `localhost/NAME` is what podman calls an
image that was built here, so engines are asked for it before a registry on this machine.

`DIGEST@PLACE` is what has this digest in a registry or layout; a digest alone is what is said about it, wherever that is kept.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from shlex import quote

from pratique.errors import InputError, NotFound
from pratique.files import not_regular, unreadable
from pratique.model.digest import is_digest
from pratique.registry.spelling import as_spelled_here

SCHEMES = (
    "registry",
    "oci-archive",
    "oci-dir",
    "docker-archive",
    "podman",
    "docker",
    "containerd",
    "chart",
    "manifests",
    "dir",
    "file",
)
DIGEST = "digest"  # the scheme of a digest alone, which names no bytes
_PLACES = ("registry", "oci-dir", "oci-archive")
_HEADER = 512
_MEMBERS_LOOKED_AT = 4096
_NAMES_LOOKED_AT = 1_000  # in a folder, for one that is spelled nearly as what is missing
_CHART_LOOKED_AT = 64  # members of a packed chart; helm puts Chart.yaml first, other packers a few later
_CHART_BYTES_LOOKED_AT = 4 << 20


@dataclass(frozen=True, slots=True)
class ArtifactSource:
    """`scheme`: one of SCHEMES, or DIGEST. `location`: the rest as written. `guessed`: the user wrote no scheme. `why`: what the
    guess of an image rests on, "" where nothing else could have been meant.
    """

    scheme: str
    location: str
    guessed: bool = False
    why: str = field(default="", compare=False)

    @property
    def is_digest(self) -> bool:
        """Whether it is a digest alone."""
        return self.scheme == DIGEST

    def __str__(self) -> str:
        return self.location if self.is_digest else f"{self.scheme}:{self.location}"


def parse_source(text: str, *, engines: bool = True) -> ArtifactSource:
    """Read a source, spelled as here or by others (`registry.spelling`); a bare word is guessed. `engines`: whether it may be an
    image that an engine has; where only registries and layouts are of use, none is asked.

    Raises InputError for an empty location, NotFound for a bare word that is nothing.
    """
    text = as_spelled_here(text)
    scheme, colon, location = text.partition(":")
    if colon and scheme in SCHEMES:
        if not location or "\0" in location:
            raise InputError(f"{scheme}: names nothing", hint=f"write {scheme}:{_EXAMPLES[scheme]}")
        return ArtifactSource(scheme, location)
    if not text or "\0" in text:
        raise InputError("an empty source", hint=_hint())
    digest, at, place = text.partition("@")
    if is_digest(digest):
        return _by_digest(digest, place) if at else ArtifactSource(DIGEST, digest)
    found = _local(text)
    if found is None:
        _refuse_misspelt_scheme(text)
    return found or _in_registry(text) or _by_short_name(text, engines=engines)


def understood(text: str, source: ArtifactSource) -> str:
    """One line on how a bare word was read."""
    why = f" ({source.why})" if source.why else ""
    return f"reading {text} as {source}{why}"


def _local(text: str) -> ArtifactSource | None:
    """The file or folder of this name."""
    path = Path(text)
    try:
        if path.is_dir():
            return ArtifactSource(_guess_folder(path), text, guessed=True)
        if path.is_file():
            return ArtifactSource(_guess_file(path), text, guessed=True)
        if path.is_symlink():
            raise NotFound("a link that leads to nothing", where=text[:200], hint=f"see where it leads: ls -l {quote(text)}")
        if path.exists():
            raise not_regular(path, path.stat().st_mode)
    except OSError as error:
        raise unreadable(error, path) from error
    return None


def _in_registry(text: str) -> ArtifactSource | None:
    """The image in the registry whose host is named: what has a dot or a port. What engines hold of it has other digests."""
    host, slash, _ = text.partition("/")
    if slash and host and ("." in host.strip(".") or ":" in host) and not host.startswith((".", "~")):
        return ArtifactSource("registry", text, guessed=True)
    return None


def _by_short_name(text: str, *, engines: bool) -> ArtifactSource:
    """The image of a name without a registry: an engine's, else Docker Hub's. Raises NotFound for what looks like a path."""
    from pratique.artifact.engine import full_name
    from pratique.artifact.local_images import find_local_image
    from pratique.registry.reference import DOCKER_HUB, parse_reference

    nothing = NotFound(f"{text[:200]!r} is no file or folder, and no image in a registry", hint=_meant(text))
    if _looks_like_a_path(text):
        raise nothing
    try:
        name = parse_reference(text)
    except InputError:
        raise nothing from None
    if name.host not in (DOCKER_HUB, "localhost"):  # upper case makes a host of what was meant as a path
        raise nothing
    full = text if name.host == "localhost" else full_name(str(name))
    if not engines:
        return ArtifactSource("registry", full, guessed=True)
    answer = find_local_image(text)
    if answer.image is not None:
        return ArtifactSource(answer.image.engine, text, guessed=True, why=f"{answer}; the registry's is registry:{full}")
    close = _close_to(text)
    meant = f"; did you mean {quote(close)}?" if close else ""
    return ArtifactSource("registry", full, guessed=True, why=f"no file or folder of that name, {answer}{meant}")


def _refuse_misspelt_scheme(text: str) -> None:
    """Raises InputError for `dri:app` where app is there: nobody means an image `dri` with the tag `app`."""
    from difflib import get_close_matches

    scheme, colon, location = text.partition(":")
    if colon and location and Path(location).exists() and (close := get_close_matches(scheme, SCHEMES, n=1)):
        hint = f"did you mean {quote(f'{close[0]}:{location}')}?"
        raise InputError(f"there is no kind of source {scheme[:40]!r}", where=text[:200], hint=hint)


def _meant(text: str) -> str:
    """What to write instead of a bare word that is nothing."""
    path = Path(text)
    if any(mark in text for mark in "*?["):
        return f"nothing here is called like this; see what is there: ls {quote(str(path.parent))}"
    if text.startswith("~"):
        return f"a shell knows ~ at the beginning of an unquoted word only: write $HOME{text[1:200]}"
    close = _close_to(text)
    return f"did you mean {quote(close)}?" if close else _hint()


def _close_to(text: str) -> str | None:
    """The file or folder that is spelled nearly so."""
    from difflib import get_close_matches

    path = Path(text)
    names: list[str] = []
    if path.name and path.parent.is_dir():
        with suppress(OSError), os.scandir(path.parent) as entries:
            names = [entry.name for entry in islice(entries, _NAMES_LOOKED_AT) if entry.name.isprintable()]
    close = get_close_matches(path.name, names, n=1, cutoff=0.7)
    return str(path.with_name(close[0])) if close else None


def _looks_like_a_path(text: str) -> bool:
    """A path to what is not there: below a folder that is, or with a suffix and neither tag nor digest; and a broken digest."""
    if text.startswith(("sha256:", "sha512:")):
        return True
    first, slash, _ = text.partition("/")
    last = text.rpartition("/")[2]
    tagged = ":" in last or "@" in last
    return not tagged and ("." in last or bool(slash and Path(first).is_dir()))


def _by_digest(digest: str, place: str) -> ArtifactSource:
    """What has this digest in that place, whose own tag says nothing more. Raises InputError where the place names another."""
    from pratique.registry.open import split_path
    from pratique.registry.reference import parse_reference

    source = parse_source(place, engines=False)
    if source.scheme not in _PLACES:
        hint = "write DIGEST@registry:HOST/NAME, DIGEST@oci-dir:PATH or DIGEST@oci-archive:PATH"
        raise InputError(f"nothing is found by its digest in {place[:200]}", hint=hint)
    selector: str | None
    if source.scheme == "registry":
        name = parse_reference(source.location)
        bare, selector = f"{name.host}/{name.name}", name.digest
    else:
        path, selector = split_path(source.location)
        bare = str(path)
    if selector is not None and is_digest(selector) and selector != digest:
        raise InputError(f"two digests are named: {digest} and {selector}")
    return ArtifactSource(source.scheme, f"{bare}@{digest}", guessed=source.guessed)


def _guess_folder(path: Path) -> str:
    if (path / "oci-layout").is_file():
        return "oci-dir"
    return "chart" if (path / "Chart.yaml").is_file() else "dir"


def _guess_file(path: Path) -> str:
    """By the names of its members. Where both marks stand, as engines write them now, the OCI layout is the richer one."""
    with path.open("rb") as file:
        if file.read(2) == b"\x1f\x8b":
            return "chart" if _is_packed_chart(path) else "file"
    found = set(_first_names(path))
    if "oci-layout" in found:
        return "oci-archive"
    return "docker-archive" if "manifest.json" in found else "file"


def _is_packed_chart(path: Path) -> bool:
    """Whether NAME/Chart.yaml is among the first members of a gzip'd tar; `helm package` puts it first."""
    import gzip
    import zlib

    try:
        with gzip.open(path) as file:
            for _ in range(_CHART_LOOKED_AT):
                header = file.read(_HEADER)
                if len(header) < _HEADER or header[257:262] != b"ustar" or file.tell() > _CHART_BYTES_LOOKED_AT:
                    return False
                name = header[:100].partition(b"\0")[0].removeprefix(b"./")
                if name.count(b"/") == 1 and name.endswith(b"/Chart.yaml"):
                    return True
                size = _octal(header[124:136])
                if size is None or size > _CHART_BYTES_LOOKED_AT:
                    return False
                file.read(size + -size % _HEADER)
    except (OSError, EOFError, zlib.error):
        pass
    return False


def _first_names(path: Path) -> Iterator[str]:
    """Names in an uncompressed tar: goes from header to header and reads nothing else. Ends where it is not one."""
    with path.open("rb") as file:
        for _ in range(_MEMBERS_LOOKED_AT):
            header = file.read(_HEADER)
            if len(header) < _HEADER or header[257:262] != b"ustar":
                return
            yield header[:100].partition(b"\0")[0].removeprefix(b"./").decode("utf-8", "replace")
            size = _octal(header[124:136])
            if size is None:
                return
            file.seek(size + -size % _HEADER, 1)


def _octal(field: bytes) -> int | None:
    """The number in a tar header's field; None for what is none, or spelled otherwise."""
    digits = field.strip(b"\0 ")
    return int(digits, 8) if digits.isdigit() and not digits.strip(b"01234567") else None


def _hint() -> str:
    return "write " + ", ".join(f"{scheme}:{example}" for scheme, example in _EXAMPLES.items())


_EXAMPLES = {
    "registry": "HOST/NAME:TAG",
    "oci-archive": "PATH",
    "oci-dir": "PATH",
    "docker-archive": "PATH",
    "podman": "NAME",
    "docker": "NAME",
    "containerd": "NAME",
    "chart": "PATH",
    "manifests": "PATH",
    "dir": "PATH",
    "file": "PATH",
}
