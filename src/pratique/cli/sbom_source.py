"""What `pratique sbom SOURCE` learns of its source before it opens it: whether it is a bill of materials already, and what the
project in a folder calls itself."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pratique.cli.options import say
from pratique.cli.sbom_convert import read_sbom, say_repairs
from pratique.lexicon.lazy_regex import lazy

if TYPE_CHECKING:
    from pratique.documents.naming import Naming
    from pratique.documents.read import Reading

_MARKS = (b'"bomFormat"', b'"spdxVersion"', b"SPDXVersion:", b"cyclonedx.org/schema/bom/", b"/spdx-context.jsonld")
_LOOKED_AT = 65_536
_MAX_MANIFEST = 4 << 20
_GO_MODULE = lazy(r"^module[ \t]+\"?([^\s\"]+)", re.MULTILINE)
_REMOTE = lazy(r"^[ \t]*url[ \t]*=[ \t]*(\S+)", re.MULTILINE)


def read_if_sbom(source: str) -> "Reading | None":
    """The bill of materials in a file that is named without a scheme; None for anything else. Said on standard error."""
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
    return any(mark in head or mark in tail for mark in _MARKS)


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
