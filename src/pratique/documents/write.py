"""A `Document` in any of the formats: the bytes, and what that format cannot say. Pure and deterministic."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from pratique.documents.document import Document, Family
from pratique.documents.names import OutputTarget
from pratique.documents.shape import Problem
from pratique.documents.spread import check_spread

if TYPE_CHECKING:
    from pratique.documents.crossing.to_cyclonedx import Crossed


@dataclass(frozen=True, slots=True)
class Rendered:
    """`left_out`: what the format has no place for, or what had to be put where nothing was said."""

    data: bytes
    left_out: tuple[Problem, ...] = ()


_HALVED = Problem("", "has halves of characters (surrogates): question marks stand there")


def dump_json(value: Any) -> bytes:
    """Compact UTF-8; half surrogates become question marks."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _rendered(value: Any, left_out: tuple[Problem, ...], of_inventory: bool = False) -> Rendered:
    """As JSON, with a word on characters that are none."""
    _check(value, of_inventory)
    try:
        return Rendered(msgspec.json.encode(value), left_out)
    except UnicodeEncodeError:
        return Rendered(dump_json(value), (*left_out, _HALVED))


def _check(value: Any, of_inventory: bool) -> None:
    """That a document of somebody else does not grow without bound. An inventory has no references to things of size."""
    if not of_inventory:
        check_spread(value)


def render_document(
    document: Document, target: OutputTarget, *, environ: Mapping[str, str], of_inventory: bool = False
) -> Rendered:
    """The document in that format. `environ`: where a GitHub snapshot finds the commit, the branch and the job.

    `of_inventory`: `from_inventory` made it just now, so that it need not be held against the format's schema again.

    Raises LimitExceeded for a document in which one large thing is referred to so often that it grows beyond all measure.

    Of the formats, `table` and `json` show the document as it is; the native JSON of an inventory is `native.render_json`.
    """
    if of_inventory or target.format == "table":
        return _rendered_as(document, target, environ, of_inventory)
    from pratique.documents.crossing.to_cyclonedx import crossed_to_cyclonedx
    from pratique.documents.crossing.to_spdx2 import with_advisories
    from pratique.documents.dangling import without_dangling

    family = _family_of(target, document)
    crossed = None
    if family is Family.CYCLONEDX:
        crossed = crossed_to_cyclonedx(document)
        document = crossed.document
    elif family is Family.SPDX2:
        document = with_advisories(document)
    document, dangling = without_dangling(document, family)
    rendered = _rendered_as(document, target, environ, of_inventory, crossed)
    return Rendered(rendered.data, (*dangling, *rendered.left_out)) if dangling else rendered


def _family_of(target: OutputTarget, document: Document) -> Family | None:
    """Whose words the format has room for; the native JSON keeps all."""
    if target.format.startswith("cyclonedx-"):
        return Family.CYCLONEDX
    if target.format.startswith("spdx-"):
        return Family.SPDX3 if target.version >= "3" else Family.SPDX2
    return document.family if target.format == "json" else None


def _rendered_as(
    document: Document,
    target: OutputTarget,
    environ: Mapping[str, str],
    of_inventory: bool,
    crossed: "Crossed | None" = None,
) -> Rendered:
    if target.format in ("cyclonedx-json", "cyclonedx-xml"):
        return _cyclonedx(document, target, of_inventory, crossed)
    if target.format == "github-json":
        from pratique.documents.github import document_to_github

        value, left_out = document_to_github(document, environ)
        return _rendered(value, left_out, of_inventory)
    if target.format == "syft-json":
        from pratique.documents.foreign.syft_render import document_to_syft

        value, left_out = document_to_syft(document)
        return _rendered(value, left_out, of_inventory)
    if target.format == "json":
        from pratique.documents.native.render import render_document_json

        _check(document, of_inventory)
        return Rendered(render_document_json(document))
    if target.format == "table":
        from pratique.documents.table import document_rows

        # Without headings, as every table is outside of a terminal.
        return Rendered("".join("\t".join(row) + "\n" for row in document_rows(document)).encode("utf-8", "replace"))
    return _spdx(document, target, of_inventory)


def _cyclonedx(document: Document, target: OutputTarget, of_inventory: bool, crossed: "Crossed | None") -> Rendered:
    from pratique.documents.cyclonedx.render import document_to_cyclonedx

    xml = target.format == "cyclonedx-xml"
    value, left_out = document_to_cyclonedx(document, target.version, xml=xml, of_inventory=of_inventory, crossed=crossed)
    if target.format == "cyclonedx-json":
        return _rendered(value, left_out, of_inventory)
    _check(value, of_inventory)
    from pratique.documents.cyclonedx.xml_render import json_to_xml

    data, unsayable = json_to_xml(value, target.version)
    return Rendered(data, (*left_out, *unsayable))


def _spdx(document: Document, target: OutputTarget, of_inventory: bool) -> Rendered:
    if target.version >= "3":
        from pratique.documents.spdx3.render import document_to_spdx3

        value, left_out = document_to_spdx3(document)
        return _rendered(value, left_out, of_inventory)
    from pratique.documents.spdx2.render import document_to_spdx2

    value, left_out = document_to_spdx2(document)
    if target.format == "spdx-json":
        return _rendered(value, left_out, of_inventory)
    _check(value, of_inventory)
    from pratique.documents.spdx2.tags_render import json_to_tags

    data, unsayable = json_to_tags(value)
    return Rendered(data, (*left_out, *unsayable))
