"""Documents for tests of mergers, and what is compared of them: components and edges by what they are, not by their refs."""

from collections import Counter
from hashlib import sha256

from pratique.documents.containment import flattened
from pratique.documents.document import (
    DEPENDS_ON,
    Document,
    Family,
    Part,
    Relation,
)
from pratique.documents.merge.merge import Input, merge_documents

A, B = "0f" * 32, "1e" * 32


def given_as(document, text="", label=""):
    """An input whose digest is of `text`, or of all that the document says."""
    return Input(document=document, sha256=sha256((text or repr(document)).encode()).hexdigest(), label=label)


def merged(*documents, **options):
    return merge_documents([given_as(one) for one in documents], **options)


def document(name, *parts, family=Family.CYCLONEDX, **more):
    """A document about an application of that name."""
    subject = Part(ref=f"{name}-itself", name=name, version="1", kind="application")
    return Document(family=family, serial=f"urn:uuid:{name}", subject=subject, parts=parts, **more)


def library(name, ref="", **more):
    purl = more.pop("purl", f"pkg:npm/{name}@1")
    return Part(ref=ref or name, name=name, version="1", kind="library", purl=purl, **more)


def only(found):
    """The one component of the result that is a library."""
    (part,) = [one for one in found.document.walk() if one.kind == "library"]
    return part


def everything(found):
    return [found.subject, *found.walk(), *found.files] if found.subject is not None else [*found.walk(), *found.files]


def targets_of(found, ref, kind=DEPENDS_ON):
    return [one.targets for one in found.document.relations if (one.source, one.kind) == (ref, kind)]


def depends(*targets, source="x", **more):
    return (Relation(source=source, kind=DEPENDS_ON, targets=targets, **more),)


def named(part):
    return (part.purl.lower() or part.name, part.version, part.hashes)


def components(document):
    return Counter(named(one) for one in everything(document))


def edges(document):
    flat = flattened(document)
    names = {part.ref: named(part) for part in everything(flat)}
    found = {(names[one.source], one.kind, names[to]) for one in flat.relations if one.source for to in one.targets}
    return found | {(names[one.source], one.kind, None) for one in flat.relations if one.source and not one.targets}
