"""The file manifest: every path of an artifact with mode, size, content hash and owner, under one Merkle root. Pure.

It is the predicate of its own attestation (`predicates.FILE_MANIFEST`); the SBOM only carries
the root. The runtime agent turns it into the list of what may run. Wire form, a JSON object:

    {"version": 1, "root": "sha256:…", "components": ["pkg:…", …],
     "columns": ["path", "kind", "mode", "size", "content", "component", "layer"],
     "files": [["usr/bin/python3.11", "file", 493, 6831704, "<64 hex>", 0, 0], …]}

`content` is the SHA-256 of a file or the target of a symbolic link; `component` indexes `components`, null for an orphan.
Rows are in the order of their path's bytes; paths and targets are escaped by `escape_path`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from pratique.errors import DigestMismatch, Malformed
from pratique.model.component import Inventory
from pratique.model.digest import Digest
from pratique.model.merkle import root_hash
from pratique.model.tree import FileEntry, FileKind, escape_path, unescape_path

COLUMNS = ("path", "kind", "mode", "size", "content", "component", "layer")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileManifest:
    """Entries in path order, and beside each the ref of the component that owns it ("" for an orphan)."""

    root: Digest
    entries: tuple[FileEntry, ...]
    owners: tuple[str, ...]

    @property
    def size_bytes(self) -> int:
        """Sum of all file sizes."""
        return sum(entry.size for entry in self.entries)


def build_manifest(inventory: Inventory) -> FileManifest:
    """The manifest of what was inventoried."""
    entries = tuple(inventory.tree.sorted())
    owned = inventory.ownership
    owners = tuple(owned[entry.path].owner if entry.path in owned else "" for entry in entries)
    return FileManifest(root=manifest_root(entries), entries=entries, owners=owners)


def manifest_root(entries: Sequence[FileEntry]) -> Digest:
    """Merkle root over the entries' leaves, as `sha256:…`; `entries` in path order."""
    return Digest("sha256:" + root_hash(entry.leaf() for entry in entries).hex())


def manifest_predicate(manifest: FileManifest) -> dict[str, Any]:
    """The wire form, ready for JSON."""
    components = sorted({owner for owner in manifest.owners if owner})
    index = {ref: number for number, ref in enumerate(components)}
    rows = [
        [
            escape_path(entry.path),
            entry.kind.value,
            entry.mode,
            entry.size,
            entry.sha256 or escape_path(entry.target),
            index.get(owner),
            entry.layer,
        ]
        for entry, owner in zip(manifest.entries, manifest.owners, strict=True)
    ]
    return {
        "version": 1,
        "root": str(manifest.root),
        "components": components,
        "columns": list(COLUMNS),
        "files": rows,
    }


def parse_manifest(predicate: Mapping[str, Any]) -> FileManifest:
    """Read the wire form. Raises Malformed, and DigestMismatch when the rows do not come to the stated root."""
    if predicate.get("version") != 1 or predicate.get("columns") != list(COLUMNS):
        raise Malformed("file manifest of another version", hint="update pratique")
    components, rows = predicate.get("components"), predicate.get("files")
    if not isinstance(components, list) or not isinstance(rows, list):
        raise Malformed("file manifest without components or files")
    entries: list[FileEntry] = []
    owners: list[str] = []
    try:
        for path, kind_name, mode, size, content, component, layer in rows:
            kind = FileKind(kind_name)
            is_file = kind is FileKind.FILE
            text = "" if is_file else unescape_path(content)
            digest = content if is_file else ""
            if not (isinstance(mode, int) and isinstance(size, int) and isinstance(layer, int)):
                raise Malformed(f"file manifest row of {path!r} is not of the stated form")
            entries.append(FileEntry(unescape_path(path), kind, mode, size, digest, text, layer))
            owners.append("" if component is None else str(components[component]))
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        raise Malformed(f"file manifest row {len(entries)} is not of the stated form") from error
    keys = [entry.path.encode("utf-8", "surrogateescape") for entry in entries]
    if any(left >= right for left, right in pairwise(keys)):
        raise Malformed("file manifest rows are not in strictly ascending order of their paths")
    root = manifest_root(entries)
    if root != predicate.get("root"):
        raise DigestMismatch(f"file manifest states root {predicate.get('root')} but its rows come to {root}")
    return FileManifest(root=root, entries=tuple(entries), owners=tuple(owners))
