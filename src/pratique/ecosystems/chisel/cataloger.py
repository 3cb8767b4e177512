"""Slices of Ubuntu packages that Chisel cut into an image: `var/lib/chisel/manifest.wall` (Chisel documentation, "Manifest").

The file is zstd over lines of JSON, the first of which names the schema. `package` lines tell packages with version,
architecture and the SHA-256 of their archive, `path` lines the files of slices with the SHA-256 of what lies there. Chisel
drops dpkg's database: this is all there is. Schema 1.0 is read.
"""

import json
from typing import Any

from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import LINK, Catalogued, Collector
from pratique.cataloging.os_release import read_os_release
from pratique.errors import LimitExceeded, Malformed
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.lexicon.values import list_or_empty, read_hex, table_or_empty, text_or_empty
from pratique.model import Component, Tree

_MAX_BYTES = 256 << 20
_MAX_LINES = 2_000_000


class ChiselCataloger:
    """See the module."""

    name = "chisel"
    version = 1
    interest = Interest(endings=frozenset({".wall"}))
    probes = ()

    def keeps(self, path: str) -> bool:
        """The manifest, where Chisel puts it by its default slice, or in another folder of that name."""
        return path.endswith("manifest.wall") or path.rpartition("/")[0].endswith("chisel")

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for each package of which slices are there."""
        out = Collector(tree)
        for path in filter(self.keeps, tree.kept((), self.interest.endings)):
            try:
                _read(out, path, unpacked(tree.contents[path]))
            except Malformed as error:
                out.unread(path, error.message)
        return out.result()


def unpacked(data: bytes) -> bytes:
    """Raises Malformed: not zstd, or more than 256 MiB of it."""
    import zstandard

    if not data.startswith(b"\x28\xb5\x2f\xfd"):
        raise Malformed("not a manifest of Chisel: not compressed by zstd")
    try:
        with zstandard.ZstdDecompressor(max_window_size=64 << 20).stream_reader(data, read_across_frames=True) as stream:
            text = stream.read(_MAX_BYTES + 1)
    except zstandard.ZstdError as error:
        raise Malformed("not a manifest of Chisel: zstd cannot be read") from error
    if len(text) > _MAX_BYTES:
        raise LimitExceeded(f"a manifest of more than {_MAX_BYTES} bytes")
    return text


def _read(out: Collector, place: str, data: bytes) -> None:
    entries = _entries(data)
    release = read_os_release(out.tree)
    vendor, distro = (release.id or "ubuntu", release.distro) if release is not None else ("ubuntu", "")
    refs: dict[str, str] = {}
    slices: dict[str, list[str]] = {}
    for entry in entries:
        if entry.get("kind") == "slice":
            package, _, slice_ = text_or_empty(entry.get("name")).partition("_")
            slices.setdefault(package, []).append(clean(slice_, 100))
    for entry in entries:
        name, version = clean(entry.get("name"), 200), clean(entry.get("version"), 200)
        if entry.get("kind") != "package" or not name:
            continue
        qualifiers = {"arch": clean(entry.get("arch"), 50), "distro": distro}
        purl = build_purl("deb", name, version, namespace=vendor, qualifiers=qualifiers)
        hashes = read_hex("sha256", text_or_empty(entry.get("sha256")))
        cut = ", ".join(sorted(slices.get(name, ()))[:100])
        component = Component(
            ref=purl,
            purl=purl,
            type="deb",
            name=name,
            version=version,
            evidence=(place,),
            layer=out.layer_of(place),
            hashes=hashes,
            hash_covers="package archive" if hashes else "",
            facts={"slices": cut} if cut else {},
        )
        if not out.component(component):
            return
        refs[name] = purl
    for entry in entries:
        if entry.get("kind") == "path":
            _claim(out, entry, refs)
    if not refs:
        out.unread(place, "a manifest of Chisel that names no package")


def _claim(out: Collector, entry: dict[str, Any], refs: dict[str, str]) -> None:
    path = text_or_empty(entry.get("path")).lstrip("/")
    owners = [text_or_empty(one).partition("_")[0] for one in list_or_empty(entry.get("slices"))]
    ref = next((refs[owner] for owner in owners if owner in refs), "")
    if not path or path.endswith("/") or not ref:
        return
    link = text_or_empty(entry.get("link"))
    # What a slice's script changed has a digest of its own; that is what lies there.
    digest = read_hex("sha256", text_or_empty(entry.get("final_sha256")) or text_or_empty(entry.get("sha256"))).get("sha256", "")
    if link:
        out.claim(path, ref, LINK, link)
    else:
        out.claim(path, ref, "sha256" if digest else "", digest)


def _entries(data: bytes) -> list[dict[str, Any]]:
    lines = data.split(b"\n", _MAX_LINES)
    try:
        head = json.loads(lines[0])
    except (ValueError, RecursionError) as error:
        raise Malformed("not a manifest of Chisel: its first line is no JSON") from error
    if not isinstance(head, dict) or "jsonwall" not in head:
        raise Malformed("not a manifest of Chisel")
    if text_or_empty(head.get("schema")).partition(".")[0] != "1":
        raise Malformed(f"a manifest of Chisel of schema {clean(head.get('schema'), 20)}, which is not known")
    if len(lines) > _MAX_LINES:
        raise LimitExceeded(f"a manifest of more than {_MAX_LINES} lines")
    found: list[dict[str, Any]] = []
    for number, line in enumerate(lines[1:], 2):
        if line.strip():
            try:
                found.append(table_or_empty(json.loads(line)))
            except (ValueError, RecursionError) as error:
                raise Malformed(f"not a manifest of Chisel, line {number}") from error
    return found
