"""The images that a YAML file asks for: Kubernetes manifests, and templates of Helm as text. Pure.

A manifest is YAML with `apiVersion` and `kind` (Kubernetes API conventions, «Types (Kinds)»); every `image` that stands in one,
at whatever depth, is one that a cluster may run: pods, what makes pods, and custom resources. A volume of kind `image` names
its image in `reference`. A template is never executed: its lines are read for `image:`, and where no literal stands there, the
`.Values` and the named templates that the line speaks of are noted.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from pratique.artifact.content import FileContent
from pratique.errors import Malformed
from pratique.lexicon.encodings import as_utf8
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import load_yaml_documents
from pratique.lexicon.text import clean

MAX_NODES = 400_000
_MAX_IMAGES = 2_000
_MAX_LINE = 2_000

_ASKS = lazy(rb"""["']?(?:image|reference)["']?[ \t]*:""")
_API = lazy(rb"""["']?apiVersion["']?[ \t]*:""")
_BETWEEN = lazy(rb"^---(?=\s)", re.MULTILINE)
_SCHEMA = lazy(rb"^kind:[ \t]*[\"']?CustomResourceDefinition\b", re.MULTILINE)
_TEMPLATE_LINE = lazy(r"""^[ \t]*(?:-[ \t]+)?["']?image["']?[ \t]*:[ \t]*(\S[^\r\n]*)""", re.MULTILINE)
_TEMPLATE_FLOW = lazy(
    r"""[{,][ \t]*["']?image["']?[ \t]*:[ \t]*((?:"(?:\{\{[^\n]*?\}\}|[^"\n])*+"|'[^'\n]*+'|\{\{[^\n]*?\}\}|[^,}\n"'{])++)"""
)
"""In a mapping that is written on one line, `{name: a, image: b}`: up to the comma or brace that ends the value."""
_DEFINE = lazy(r"""\{\{-?[ \t]*define[ \t]+"([^"\n]{1,200})"[ \t]*-?\}\}""")
VALUE_PATH = lazy(r"\.Values((?:\.[A-Za-z_][A-Za-z0-9_-]*)+)")
INCLUDED = lazy(r"""\b(?:include|template)[ \t]+"([^"\n]{1,200})\"""")


def read_manifest(content: FileContent) -> bytes:
    """The facts of `manifest_probe.ManifestProbe`. Raises Malformed for a manifest that cannot be read."""
    data = as_utf8(content.read(0, len(content)))
    # Looking for a word costs a hundredth of what an expression does, and few files of an image are manifests.
    if b"{{" in data and (b"image" in data or b"define" in data):
        found = _template(data)
        if found:
            return _packed(found)
    if b"apiVersion" not in data:
        return b""
    # A line of three dashes ends a document wherever it stands (YAML 1.2.2, §9.1.2): what asks for nothing is never parsed.
    parts = [part for part in _BETWEEN.split(data) if _ASKS.search(part) and _API.search(part) and not _SCHEMA.search(part)]
    if not parts:
        return b""
    try:
        documents = load_yaml_documents(b"\n---\n".join(parts), max_nodes=MAX_NODES)
    except Malformed:
        if b"{{" in data:  # a template without an image
            return b""
        raise
    images = list(_images(documents, data))
    return _packed({"images": images}) if images else b""


def _packed(found: dict[str, Any]) -> bytes:
    return json.dumps(found, ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode()


def _images(documents: list[Any], data: bytes) -> Iterator[list[Any]]:
    lines = _LineFinder(data)
    count = 0
    for document in documents:
        for item in _resources(document):
            who = f"{clean(item.get('kind'), 80)} {_name(item)}".strip()
            for place, image in walk_images(item):
                count += 1
                if count > _MAX_IMAGES:
                    raise Malformed(f"more than {_MAX_IMAGES} images in one file")
                yield [lines.find(image), f"{who} {place}", clean(image, 512)]


def _resources(document: Any) -> Iterator[dict[str, Any]]:
    """The document, or the items of a List."""
    if not isinstance(document, dict) or not isinstance(document.get("apiVersion"), str):
        return
    kind, items = document.get("kind"), document.get("items")
    if not isinstance(kind, str):
        return
    if kind.endswith("List") and isinstance(items, list):
        yield from (item for item in items if isinstance(item, dict))
    else:
        yield document


def _name(item: dict[str, Any]) -> str:
    metadata = item.get("metadata")
    return clean(metadata.get("name"), 253) if isinstance(metadata, dict) else ""


def walk_images(item: Any) -> Iterator[tuple[str, str]]:
    """JSON path and text of each image below `item`, in the order of the document. Schemas are skipped: they name no image."""
    stack: list[tuple[str, Any]] = [("", item)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict):
            image = value.get("image")
            if isinstance(image, str) and image:
                yield f"{path}.image".lstrip("."), image
            elif isinstance(image, dict) and isinstance(image.get("reference"), str) and "name" in value:
                yield f"{path}.image.reference".lstrip("."), image["reference"]
            below = [(f"{path}.{key}", inner) for key, inner in value.items() if key not in ("openAPIV3Schema", "status")]
        elif isinstance(value, list):
            below = [(f"{path}[{index}]", inner) for index, inner in enumerate(value)]
        else:
            continue
        stack += reversed([(where, inner) for where, inner in below if isinstance(inner, dict | list)])


class _LineFinder:
    """Where in a file a text stands: the first time it is asked for the first place, then the next."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._next: dict[str, tuple[int, int]] = {}

    def find(self, text: str) -> int:
        """Line number from 1; 0 where the text is not written as it is."""
        begin, line = self._next.get(text, (0, 1))
        at = self._data.find(text.encode("utf-8", "replace"), begin)
        if at < 0:  # an alias stands for it: the last place it is written at
            self._next[text] = (len(self._data), line)
            return line if begin else 0
        line += self._data.count(b"\n", begin, at)
        self._next[text] = (at + 1, line)
        return line


def _template(data: bytes) -> dict[str, Any]:
    text = data.decode("utf-8", "replace")
    rows: list[list[Any]] = []
    line = position = 0
    found_here = {match.start(1): match for pattern in (_TEMPLATE_FLOW, _TEMPLATE_LINE) for match in pattern.finditer(text)}
    for _, match in sorted(found_here.items()):
        line += text.count("\n", position, match.start(1))
        position = match.start(1)
        rows.append([line + 1, match.group(1)[:_MAX_LINE].strip()])
        if len(rows) > _MAX_IMAGES:
            raise Malformed(f"more than {_MAX_IMAGES} images in one file")
    defines: dict[str, list[str]] = {}
    pieces = _DEFINE.split(text)
    for name, body in zip(pieces[1::2], pieces[2::2], strict=True):
        paths = [match.group(1)[1:] for match in VALUE_PATH.finditer(body)]
        defines[name] = list(dict.fromkeys(paths))[:50]
    found: dict[str, Any] = {}
    if rows:
        found["template"] = rows
    if defines:
        found["defines"] = defines
    return found
