"""A `Document` in any of the formats: the bytes, and what that format cannot say. Pure and deterministic."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from pratique.documents.document import Document
from pratique.documents.names import OutputTarget
from pratique.documents.shape import Problem


@dataclass(frozen=True, slots=True)
class Rendered:
    """`left_out`: what the format has no place for, or what had to be put where nothing was said."""

    data: bytes
    left_out: tuple[Problem, ...] = ()


def dump_json(value: Any) -> bytes:
    """Compact UTF-8; half surrogates become question marks."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def render_document(document: Document, target: OutputTarget, *, environ: Mapping[str, str]) -> Rendered:
    """The document in that format. `environ`: where a GitHub snapshot finds the commit, the branch and the job.

    Of the formats, `table` and `json` show the document as it is; the native JSON of an inventory is `native.render_json`.
    """
    if target.format in ("cyclonedx-json", "cyclonedx-xml"):
        return _cyclonedx(document, target)
    if target.format == "github-json":
        from pratique.documents.github import document_to_github

        value, left_out = document_to_github(document, environ)
        return Rendered(dump_json(value), left_out)
    if target.format == "json":
        from pratique.documents.native.render import render_document_json

        return Rendered(render_document_json(document))
    if target.format == "table":
        from pratique.documents.table import HEADINGS, document_rows

        rows = [HEADINGS, *document_rows(document)]
        return Rendered("".join("\t".join(row) + "\n" for row in rows).encode("utf-8", "replace"))
    return _spdx(document, target)


def _cyclonedx(document: Document, target: OutputTarget) -> Rendered:
    from pratique.documents.cyclonedx.render import document_to_cyclonedx

    value, left_out = document_to_cyclonedx(document, target.version, xml=target.format == "cyclonedx-xml")
    if target.format == "cyclonedx-json":
        return Rendered(dump_json(value), left_out)
    from pratique.documents.cyclonedx.xml_render import json_to_xml

    data, unsayable = json_to_xml(value, target.version)
    return Rendered(data, (*left_out, *unsayable))


def _spdx(document: Document, target: OutputTarget) -> Rendered:
    if target.version >= "3":
        from pratique.documents.spdx3.render import document_to_spdx3

        value, left_out = document_to_spdx3(document)
        return Rendered(dump_json(value), left_out)
    from pratique.documents.spdx2.render import document_to_spdx2

    value, left_out = document_to_spdx2(document)
    if target.format == "spdx-json":
        return Rendered(dump_json(value), left_out)
    from pratique.documents.spdx2.tags_render import json_to_tags

    data, unsayable = json_to_tags(value)
    return Rendered(data, (*left_out, *unsayable))
