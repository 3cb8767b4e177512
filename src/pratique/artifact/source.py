"""What the user named: `SCHEME:LOCATION`, or a bare word that is guessed, and the guess said. Light: opens only to guess."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pratique.errors import InputError, NotFound

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
_HEADER = 512
_MEMBERS_LOOKED_AT = 4096


@dataclass(frozen=True, slots=True)
class ArtifactSource:
    """`scheme`: one of SCHEMES. `location`: the rest as written. `guessed`: the user wrote no scheme."""

    scheme: str
    location: str
    guessed: bool = False

    def __str__(self) -> str:
        return f"{self.scheme}:{self.location}"


def parse_source(text: str) -> ArtifactSource:
    """Read a source. A bare word is guessed from what is there: a folder, a file, else the name of an image in a registry.

    Raises InputError for an empty location, NotFound for a bare word that is nothing of this.
    """
    scheme, colon, location = text.partition(":")
    if colon and scheme in SCHEMES:
        if not location or "\0" in location:
            raise InputError(f"{scheme}: names nothing", hint=f"write {scheme}:{_EXAMPLES[scheme]}")
        return ArtifactSource(scheme, location)
    if not text or "\0" in text:
        raise InputError("an empty source", hint=_hint())
    path = Path(text)
    try:
        if path.is_dir():
            return ArtifactSource(_guess_folder(path), text, guessed=True)
        if path.is_file():
            return ArtifactSource(_guess_file(path), text, guessed=True)
    except OSError as error:
        raise InputError(f"cannot read {text[:200]!r}: {(error.strerror or str(error)).lower()}") from error
    host, slash, _ = text.partition("/")
    if slash and host and (host == "localhost" or "." in host.strip(".") or ":" in host) and not host.startswith((".", "~")):
        return ArtifactSource("registry", text, guessed=True)
    raise NotFound(f"{text[:200]!r} is no file or folder, and no image in a registry", hint=_hint())


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
    """Whether NAME/Chart.yaml is the first member of a gzip'd tar, where `helm package` puts it."""
    import gzip
    import zlib

    try:
        with gzip.open(path) as file:
            header = file.read(_HEADER)
    except (OSError, EOFError, zlib.error):
        return False
    name = header[:100].partition(b"\0")[0]
    return header[257:262] == b"ustar" and name.count(b"/") == 1 and name.endswith(b"/Chart.yaml")


def _first_names(path: Path) -> Iterator[str]:
    """Names in an uncompressed tar: goes from header to header and reads nothing else. Ends where it is not one."""
    with path.open("rb") as file:
        for _ in range(_MEMBERS_LOOKED_AT):
            header = file.read(_HEADER)
            if len(header) < _HEADER or header[257:262] != b"ustar":
                return
            yield header[:100].partition(b"\0")[0].removeprefix(b"./").decode("utf-8", "replace")
            digits = header[124:136].strip(b"\0 ")
            if not digits.isdigit() or b"8" in digits or b"9" in digits:
                return
            size = int(digits, 8)
            file.seek(size + -size % _HEADER, 1)


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
