"""Documents within a document: a chart's with those of its images, each a part that can be taken out and verified alone. Pure.

The part that stands for an image carries what the image's own document says: its parts nested, with refs made unique by its own,
its digest and the root of its file manifest as properties.
"""

from collections.abc import Mapping
from dataclasses import replace

from pratique.documents.carry import PREFIX
from pratique.documents.containment import nested
from pratique.documents.document import CONTAINS, Document, Family, Part, Relation

_DIGEST = f"{PREFIX}subject:digest"
_SEPARATOR = "#"


def embed_parts(whole: Document, inner: Mapping[str, Document]) -> Document:
    """`whole` with each document nested in the part whose ref is its key."""
    for part in whole.parts:
        if part.ref in inner:
            whole = _embed(whole, part, inner[part.ref])
    return whole


def _embed(whole: Document, outer: Part, inner: Document) -> Document:
    own = inner.subject.ref if inner.subject is not None else ""

    def renamed(ref: str) -> str:
        return outer.ref if ref == own else f"{outer.ref}{_SEPARATOR}{ref}"

    def all_renamed(refs: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(renamed(ref) for ref in refs)

    said = inner.subject.properties if inner.subject is not None else ()
    holding = replace(
        outer,
        properties=(*outer.properties, *inner.properties, *said),
        parts=tuple(replace(part, ref=renamed(part.ref)) for part in inner.parts),
    )
    # An image depends on nothing of the chart's: what was said of that is replaced by its own.
    kept = tuple(one for one in whole.relations if one.source != outer.ref)
    added = tuple(
        Relation(source=renamed(one.source), kind=one.kind, targets=all_renamed(one.targets)) for one in inner.relations
    )
    known = tuple(
        replace(one, assemblies=all_renamed(one.assemblies), dependencies=all_renamed(one.dependencies))
        for one in inner.completeness
    )
    return replace(
        whole,
        parts=tuple(holding if part is outer else part for part in whole.parts),
        relations=kept + added,
        completeness=whole.completeness + known,
    )


def extract_part(document: Document, digest: str) -> Document | None:
    """What `document` says about the image of that manifest digest, as a document of its own; None when it holds no such part."""
    document = _folded(document)
    for part in document.walk():
        if digest in _digests(part):
            return replace(
                document,
                serial="",
                subject=replace(part, parts=(), hashes=()),
                parts=(*part.parts, *_shared(document, part)),
                files=(),
                relations=(),
                completeness=(),
                properties=part.properties,
            )
    return None


def _shared(document: Document, whole: Part) -> list[Part]:
    """What lies elsewhere in the document and is in `whole` by a relation: what several contain can be nested in none of them."""
    holds: dict[str, list[str]] = {}
    for one in document.relations:
        if one.kind == CONTAINS:
            holds.setdefault(one.source, []).extend(one.targets)
    if not holds:
        return []
    everything = {part.ref: part for part in document.walk()}
    found: list[Part] = []
    waiting = _with_nested(whole)
    seen = {part.ref for part in waiting}
    while waiting:
        part = waiting.pop()
        for ref in holds.get(part.ref, ()):
            if ref in everything and ref not in seen:
                found.append(everything[ref])
                inner = _with_nested(everything[ref])
                seen.update(one.ref for one in inner)
                waiting += inner
    return found


def _with_nested(part: Part) -> list[Part]:
    found = [part]
    for one in found:
        found += one.parts  # which are looked at in their turn
    return found


def without_parts(document: Document) -> Document:
    """`document` without what is nested in images that it holds as parts."""
    document = _folded(document)
    kept = tuple(replace(part, parts=()) if _digests(part) else part for part in document.parts)
    return replace(document, parts=kept)


def _folded(document: Document) -> Document:
    """SPDX says by relations what CycloneDX nests."""
    return nested(document) if document.family in (Family.SPDX2, Family.SPDX3) else document


def _digests(part: Part) -> list[str]:
    return [one.value for one in part.properties if one.name == _DIGEST]
