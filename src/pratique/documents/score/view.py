"""A document as the rules look at it: what is computed once for all of them. Pure."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from pratique.documents.cyclonedx.vocabulary import OWN_PREFIX
from pratique.documents.document import CONTAINS, DEPENDS_ON, PROVIDES, Document, Family, Part, Relation
from pratique.lexicon.text import clean

DISTRIBUTED = "has-distribution-artifact"
STRUCTURE = frozenset(
    (
        *(CONTAINS, DEPENDS_ON, PROVIDES, DISTRIBUTED),
        *"packaged-by has-static-link has-dynamic-link has-prerequisite has-optional-component has-optional-dependency".split(),
        *"has-provided-dependency runtime-depends-on build-depends-on development-depends-on test-depends-on".split(),
    )
)
"""Kinds of relations that say what something is made of or needs."""
LOGICAL = frozenset({"operating-system", "platform", "device", "cryptographic-asset"})
"""Kinds of components that are no file of their own: no digest, file name or the like can be stated of them."""
_IDS = frozenset({"bom-ref", "SPDXID", "spdxId", "@id", "externalSpdxId"})
_MAX_DEPTH = 64


class View:
    """A document, its components (subject first), and what its relations come to.

    Components are the subject and all parts but files: what is only listed as a file is not asked for a supplier or a version.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        found = [
            (part, holder) for part, holder in _walk(document) if part.kind != "file" or part.purl or part is document.subject
        ]
        self.components: tuple[Part, ...] = tuple(part for part, _ in found)
        self.holders: tuple[int, ...] = tuple(holder for _, holder in found)
        """For each component a number of the part that it is nested in, 0 for none."""
        self._nested = frozenset(id(part) for part, holder in found if holder)

    def label(self, part: Part) -> str:
        """What people call it."""
        name = clean(part.full_name, 100) or clean(part.purl, 200) or clean(part.ref, 100) or "without a name"
        # The version of an image is its digest, which says nothing to a reader.
        version = "" if part is self.document.subject else clean(part.version, 60)
        return f"{name} {version}".rstrip()

    def physical(self, part: Part) -> bool:
        """Whether it can be a file, or a package of files, with a digest of its own.

        Of a folder the digest is the root of its file manifest, which is the hash of no bytes that anybody has.
        """
        if part is self.document.subject and (root := self.own("manifest:root")) and root == self.own("subject:digest"):
            return False
        return part.kind not in LOGICAL

    def own(self, name: str) -> str:
        """The value of one of our own properties of the document, "" for none."""
        return self.document.property(OWN_PREFIX + name)

    def count(self, name: str) -> int | None:
        """The same as a number; None for none, or what is no number."""
        text = self.own(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None

    @cached_property
    def structure(self) -> Mapping[str, tuple[Relation, ...]]:
        """ref → what is said about what it is made of or needs. Where it is only said that this is unknown, nothing is said."""
        found: dict[str, list[Relation]] = {}
        for one in self.document.relations:
            if one.kind in STRUCTURE and (one.targets or one.complete != "no-assertion"):
                found.setdefault(one.source, []).append(one)
        return {ref: tuple(rows) for ref, rows in found.items()}

    @cached_property
    def targets(self) -> frozenset[str]:
        """Refs that something is made of or needs."""
        return frozenset(target for rows in self.structure.values() for one in rows for target in one.targets)

    def placed(self, part: Part) -> bool:
        """Whether it has a place in the structure: in a part or with parts, in a relation, or known to have none."""
        return self.explained(part) or id(part) in self._nested or (part.ref != "" and part.ref in self.targets)

    def explained(self, part: Part) -> bool:
        """Whether it is said what it is made of or needs itself, be it that this is nothing."""
        # Without a ref of its own nothing can be said of it: "" is the document.
        return bool(part.parts) or (part.ref != "" and part.ref in self.structure)

    @cached_property
    def reachable(self) -> frozenset[int]:
        """`id`s of the components that the structure leads to from what the document is about."""
        by_ref = {part.ref: part for part in self.components if part.ref}
        starts = [self.document.subject] if self.document.subject is not None else []
        for one in self.document.relations:
            if one.source == "" and (one.kind == "describes" or one.kind in STRUCTURE):
                starts += [by_ref[target] for target in one.targets if target in by_ref]
        found: set[int] = set()
        waiting = list(starts)
        while waiting:
            part = waiting.pop()
            if id(part) in found:
                continue
            found.add(id(part))
            waiting += part.parts
            if part.ref:
                waiting += [
                    by_ref[target] for one in self.structure.get(part.ref, ()) for target in one.targets if target in by_ref
                ]
        return frozenset(found)

    @cached_property
    def refs(self) -> frozenset[str]:
        """Everything that can be referred to, in whatever part of the document its reader did not understand, too."""
        found = {"", *(one.ref for one in self.components), *(one.ref for one in self.document.files)}
        found.update(one.ref for one in self.document.walk())
        found.update(_ids(self.document.extra, 0))
        return frozenset(found)

    @cached_property
    def owned_files(self) -> frozenset[str]:
        """Refs of files that some component is said to contain."""
        components = {one.ref for one in self.components if one is not self.document.subject}
        return frozenset(
            target
            for one in self.document.relations
            if one.kind == CONTAINS and one.source in components
            for target in one.targets
        )

    @cached_property
    def artifacts(self) -> Mapping[str, tuple[Part, ...]]:
        """ref → the files that it is distributed as (SPDX: hasDistributionArtifact)."""
        by_ref = {one.ref: one for one in (*self.document.files, *self.components)}
        return {
            ref: tuple(by_ref[target] for one in rows if one.kind == DISTRIBUTED for target in one.targets if target in by_ref)
            for ref, rows in self.structure.items()
        }

    @cached_property
    def declared(self) -> frozenset[str]:
        """Refs of which it is said how complete what they are made of or need is listed."""
        found = {ref for one in self.document.completeness for ref in (*one.assemblies, *one.dependencies)}
        related = [one for one in self.document.relations if one.kind in STRUCTURE]
        found.update({one.source for one in related} - {one.source for one in related if not one.complete})
        return frozenset(found - {""})

    @property
    def says_completeness(self) -> bool:
        """Whether it is said at all how complete the document is; in SPDX 2, by NONE or NOASSERTION in a relationship."""
        none_says_it = self.document.family is Family.SPDX2
        related = any(
            one.complete or (none_says_it and one.kind in STRUCTURE and not one.targets) for one in self.document.relations
        )
        return related or bool(self.document.completeness)


def _walk(document: Document) -> Iterator[tuple[Part, int]]:
    """Subject and parts, each with the number of the part that it is nested in, 0 for none."""
    top = [*((document.subject,) if document.subject is not None else ()), *document.parts]
    waiting = [(part, 0) for part in reversed(top)]
    number = 0
    while waiting:
        part, holder = waiting.pop()
        number += 1
        yield part, holder
        waiting += [(inner, number) for inner in reversed(part.parts)]


def _ids(value: Any, depth: int) -> Iterator[str]:
    """Identifiers of objects within a JSON value."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, Mapping):
        for name, one in value.items():
            if isinstance(one, str):
                if name in _IDS:
                    yield one
            else:
                yield from _ids(one, depth + 1)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _ids(one, depth + 1)
