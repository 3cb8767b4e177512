"""What `pratique sbom SOURCE` learns of its source before it opens it: whether it is a bill of materials already, and what the
project in a folder calls itself."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pratique.cli.sbom_convert import read_bounded, read_sbom, say_repairs
from pratique.cli.voice import say
from pratique.lexicon.lazy_regex import lazy

if TYPE_CHECKING:
    from pratique.documents.naming import Naming
    from pratique.documents.read import Reading

_MARKS = (b'"bomFormat"', b'"spdxVersion"', b"SPDXVersion:", b"cyclonedx.org/schema/bom/", b"/spdx-context.jsonld")
_TOLD_BY_MEMBERS = (
    frozenset({"pratique", "subject", "components"}),
    frozenset({"pratique", "document"}),
    frozenset({"artifacts", "descriptor"}),
    frozenset({"SchemaVersion", "ArtifactName"}),
    frozenset({"manifests", "detector"}),
)
"""What is at the top of our own JSON, syft's, trivy's and GitHub's, which have no name of a format in them."""
_LOOKED_AT = 65_536
_MAX_MANIFEST = 4 << 20
_GO_MODULE = lazy(r"^module[ \t]+\"?([^\s\"]+)", re.MULTILINE)
_REMOTE = lazy(r"^[ \t]*url[ \t]*=[ \t]*(\S+)", re.MULTILINE)


def read_if_sbom(source: str) -> "Reading | None":
    """The bill of materials in a file that is named without a scheme, or on standard input (`-`); None for anything else. Said
    on standard error. Raises Malformed for a document with errors, and for any other standard input."""
    if source == "-":
        reading = read_sbom(source)
        say(f"reading standard input as a bill of materials ({reading.title})")
        say_repairs("standard input", reading)
        return reading
    path = Path(source)
    if not path.is_file() or not _is_marked(path):
        return None
    reading = read_sbom(source)
    say(f"reading {source} as a bill of materials ({reading.title}); file:{source} inventories the file")
    say_repairs(source, reading)
    return reading


def project_in(folder: Path) -> "Naming":
    """What a project calls itself, in the first manifest that says so: Python's, npm's, Rust's, Go's; else its address in Git,
    else its folder. Nothing is run."""
    from pratique.documents.naming import Naming

    for name, version in _manifests(folder):
        if name:
            return Naming(name=name, version=version)
    return Naming(name=folder.resolve().name)


def _is_marked(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(_LOOKED_AT)
            if not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"<", b"SPDXVersion", b"#")):
                return False
            file.seek(max(0, path.stat().st_size - _LOOKED_AT))
            tail = file.read(_LOOKED_AT)
    except OSError:
        return False
    if any(mark in head or mark in tail for mark in _MARKS):
        return True
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and _is_told_by_members(path)


def _is_told_by_members(path: Path) -> bool:
    """Whether it is a JSON object with the members of one of the formats that have nothing else to be known by."""
    import msgspec

    from pratique.documents.read import MAX_BYTES
    from pratique.errors import PratiqueError

    try:
        value = msgspec.json.decode(read_bounded(path, MAX_BYTES).removeprefix(b"\xef\xbb\xbf"), type=dict[str, msgspec.Raw])
    except (PratiqueError, msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return any(names <= value.keys() for names in _TOLD_BY_MEMBERS)


def _manifests(folder: Path) -> Iterator[tuple[str, str]]:
    from pratique.errors import PratiqueError
    from pratique.lexicon.parse import load_toml, read_json_object

    def table(value: object, *names: str) -> tuple[str, str]:
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        inner = value if isinstance(value, dict) else {}
        found = [inner.get(key) for key in ("name", "version")]
        name, version = (one if isinstance(one, str) else "" for one in found)
        return name, version

    readers = (
        ("pyproject.toml", load_toml, (("project",), ("tool", "poetry"))),
        ("package.json", read_json_object, ((),)),
        ("Cargo.toml", load_toml, (("package",),)),
    )
    for file, load, places in readers:
        data = _content(folder / file)
        try:
            value = load(data) if data else {}
        except PratiqueError:
            continue  # the inventory says what is wrong with it
        yield from (table(value, *place) for place in places)
    module = _GO_MODULE.search(_content(folder / "go.mod").decode("utf-8", "replace"))
    yield (module[1] if module else "", "")
    remote = _REMOTE.search(_content(folder / ".git" / "config").decode("utf-8", "replace"))
    yield (remote[1].rstrip("/").removesuffix(".git").replace(":", "/").rpartition("/")[2] if remote else "", "")


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_MANIFEST + 1)
    except OSError:
        return b""
    return data if len(data) <= _MAX_MANIFEST else b""
