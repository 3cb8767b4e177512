"""Haskell: stack.yaml and its lock (packages besides the snapshot, which is named, not listed), cabal.project.freeze."""

from collections.abc import Iterator
from typing import Any

from pratique.model import Presence
from pratique.sbom.catalogers.reading import File, FileCataloger, Found, Source
from pratique.sbom.parse import load_yaml
from pratique.sbom.pattern import lazy
from pratique.sbom.text import clean
from pratique.sbom.values import as_list, as_table, as_text, clean_url, read_hex

_PINNED = lazy(r"\s*(?:any\.)?([A-Za-z0-9][A-Za-z0-9-]*)\s*==\s*([0-9][0-9.]*)\s*")
_COMMENT = lazy(r"--[^\n]*")
_HACKAGE = lazy(r"([A-Za-z0-9][A-Za-z0-9-]*)-([0-9][0-9.]*)(?:@sha256:([0-9a-f]{64})(?:,\d+)?|@rev:\d+)?")


def _read_stack(file: File) -> Iterator[Found]:
    for value in as_list(as_table(load_yaml(file.data)).get("extra-deps")):
        yield from _extra(file, value if isinstance(value, dict) else {"hackage": value})


def _read_stack_lock(file: File) -> Iterator[Found]:
    for value in map(as_table, as_list(as_table(load_yaml(file.data)).get("packages"))):
        yield from _extra(file, as_table(value.get("completed")))


def _extra(file: File, entry: dict[str, Any]) -> Iterator[Found]:
    """A package: `hackage: name-1.0@sha256:…,size`, whose digest is of the .cabal file; or from git or an archive."""
    match = _HACKAGE.fullmatch(as_text(entry.get("hackage"))[:500])
    if match:
        component = file.package(
            "hackage", match[1], match[2], hashes=read_hex("sha256", match[3] or ""), hash_covers="cabal file"
        )
    elif entry.get("name"):
        address, commit = clean_url(entry.get("git") or entry.get("url")), clean(entry.get("commit"), 100)
        facts = {"resolved": f"git+{address}@{commit}" if commit else address}
        component = file.package("hackage", as_text(entry["name"]), as_text(entry.get("version")), facts=facts)
    else:
        return  # a folder of the project itself, or a place whose lock tells what is there
    if component is not None:
        yield Found(component)


def _read_freeze(file: File) -> Iterator[Found]:
    text = _COMMENT.sub("", file.text)
    for constraint in text.replace("constraints:", ",").split(","):
        match = _PINNED.fullmatch(constraint.strip().partition("\n")[0][:300])  # the last is followed by other fields
        component = file.package("hackage", match[1], match[2]) if match else None
        if component is not None:
            yield Found(component)


HASKELL = FileCataloger(
    "haskell",
    1,
    Source(read=_read_stack, presence=Presence.DECLARED, names=("stack.yaml",)),
    Source(read=_read_stack_lock, presence=Presence.DECLARED, names=("stack.yaml.lock",)),
    Source(read=_read_freeze, presence=Presence.DECLARED, names=("cabal.project.freeze",)),
)
