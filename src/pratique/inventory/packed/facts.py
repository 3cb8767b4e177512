"""What was opened, in the form that facts are kept in: a header in JSON, then the bytes it counts off, deflated. Pure.

Written and read here alone.
"""

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from pratique.model import FileEntry, FileForm, FileKind, Tree, Unknown

PACKED = "packed"
"""The name of the probe whose facts these are."""
_LEVEL = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedFile:
    """`tree`: what is inside, from its own root. `kind`: of the file, in words. `identity`: the path in the tree whose component
    the file itself is; "" when it is no package. `origin`: where in the file that is read, as `member!path`; "" for there.
    `needs`, `family`, `system`: as in a `PackageFile`.
    """

    kind: str
    tree: Tree
    identity: str = ""
    origin: str = ""
    needs: str = ""
    family: str = ""
    system: str = ""


def encode(opened: OpenedFile) -> bytes:
    """The same bytes for the same file."""
    tree = opened.tree
    blobs: list[bytes] = []

    def put(data: bytes) -> int:
        blobs.append(data)
        return len(data)

    entries = [
        [one.path, one.kind.value, one.mode, one.size, one.sha256, one.target, one.form.value] for one in tree.entries.values()
    ]
    header = {
        "kind": opened.kind,
        "identity": opened.identity,
        "origin": opened.origin,
        "needs": opened.needs,
        "family": opened.family,
        "system": opened.system,
        "entries": entries,
        "contents": [[path, put(data)] for path, data in tree.contents.items()],
        "facts": [[path, name, put(data)] for path, facts in tree.facts.items() for name, data in facts.items()],
        "digests": tree.digests,
        "unknowns": [[one.path, one.reason, one.unread] for one in tree.unknowns],
    }
    head = json.dumps(header, separators=(",", ":")).encode()
    return zlib.compress(b"".join((len(head).to_bytes(8, "big"), head, *blobs)), _LEVEL)


def decode(data: bytes) -> OpenedFile:
    """What `encode` was given."""
    raw = zlib.decompress(data)
    begin = 8 + int.from_bytes(raw[:8], "big")
    header = json.loads(raw[8:begin])
    lengths = [row[-1] for row in (*header["contents"], *header["facts"])]
    blobs = _cut(raw, begin, lengths)
    contents = {path: blob for (path, _), blob in zip(header["contents"], islice(blobs, len(header["contents"])), strict=True)}
    facts: dict[str, dict[str, bytes]] = {}
    for (path, name, _), blob in zip(header["facts"], blobs, strict=True):
        facts.setdefault(path, {})[name] = blob
    entries = {
        path: FileEntry(path, FileKind(kind), mode, size, sha256, target, 0, FileForm(form))
        for path, kind, mode, size, sha256, target, form in header["entries"]
    }
    unknowns = tuple(Unknown(path, reason, unread) for path, reason, unread in header["unknowns"])
    tree = Tree(entries=entries, contents=contents, facts=facts, digests=header["digests"], unknowns=unknowns)
    words = {name: header[name] for name in ("kind", "identity", "origin", "needs", "family", "system")}
    return OpenedFile(tree=tree, **words)


def _cut(raw: bytes, at: int, lengths: list[int]) -> Iterator[bytes]:
    for length in lengths:
        yield raw[at : at + length]
        at += length
