"""Names of one document made to fit among those of others: refs, what raw members of its format call things, licences. Pure.

Names stay as they are unless another document has taken them for something else. `extra` and vulnerabilities are in the words
of a format; what refers to something there is renamed, too: in CycloneDX and SPDX 2 by the names of the members that refer, in
SPDX 3 wherever an identifier stands, since those are unique in the world.
"""

from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from pratique.documents.document import (
    Annotation,
    Completeness,
    CustomLicence,
    Document,
    DocumentForm,
    ExternalReference,
    Extra,
    Family,
    Licence,
    Part,
    Party,
    Relation,
    Tool,
)
from pratique.documents.spdx2.ids import spdx2_id
from pratique.documents.spdx3.members import identifier
from pratique.documents.spdx_common import short_hash
from pratique.documents.spdx_vocabulary import LICENCE_REF

Carrier = TypeVar(
    "Carrier", Document, Part, Licence, CustomLicence, Party, ExternalReference, Relation, Completeness, Annotation, Tool
)

_HOLDING: Mapping[type, tuple[str, ...]] = {
    Document: tuple(
        "tools authors manufacturer supplier licences custom_licences references subject parts files relations completeness"
        " annotations".split()
    ),
    Part: tuple("licences supplier manufacturer originators authors references parts".split()),
    Party: ("contacts",),
}
"""Members that hold values with an `extra` of their own."""

_REFERRING: Mapping[Family, frozenset[str]] = {
    Family.CYCLONEDX: frozenset(
        "bom-ref ref dependsOn provides subjects assemblies dependencies vulnerabilities claims counterClaims evidence"
        " counterEvidence mitigationStrategies target requirement requirements parent assessor asserter process attributedTo"
        " algorithmRef signatureAlgorithmRef subjectPublicKeyRef source destination tools algorithms patentRefs members".split()
    ),
    Family.SPDX2: frozenset("SPDXID snippetFromFile reference externalDocumentId".split()),
}
"""Members whose texts are names (CycloneDX 1.4 to 1.7: all of type refType, refLinkType, bomLink; SPDX 2.3 clauses 6 and 9)."""

_NAMING: Mapping[Family, frozenset[str]] = {
    Family.CYCLONEDX: frozenset({"bom-ref"}),
    Family.SPDX2: frozenset({"SPDXID", "externalDocumentId"}),
    Family.SPDX3: frozenset({"spdxId", "@id", "externalSpdxId"}),
}
"""Members that give a name."""


def each_extra(value: Carrier, change: Callable[[Extra], Extra]) -> Carrier:
    """The value with `change` of every extra in it; itself where nothing changes."""
    found: dict[str, Any] = {}
    extra: Extra = value.extra
    if extra and (new := change(extra)) is not extra:
        found["extra"] = new
    for name in _HOLDING.get(type(value), ()):
        held = getattr(value, name)
        if not held:
            continue
        if isinstance(held, tuple):
            rows = tuple([each_extra(one, change) for one in held])
            if any(one is not before for one, before in zip(rows, held, strict=True)):
                found[name] = rows
        elif (row := each_extra(held, change)) is not held:
            found[name] = row
    return replace(value, **found) if found else value


def given_names(document: Document) -> Iterator[str]:
    """Names that raw members of the format give, in their order; a name may come twice."""
    members = _NAMING.get(document.family, frozenset())
    found: list[str] = []

    def look(extra: Extra) -> Extra:
        found.extend(_texts_of(extra, members))
        return extra

    each_extra(document, look)
    for one in document.vulnerabilities:
        found.extend(_texts_of(one, members))
    yield from (one for one in found if one)


def _texts_of(value: Any, members: frozenset[str]) -> Iterator[str]:
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        name, one = waiting.pop()
        if isinstance(one, str):
            if name.rpartition("/")[2] in members:
                yield one
        elif isinstance(one, Mapping):
            waiting += [(key, inner) for key, inner in reversed(list(one.items()))]
        elif isinstance(one, list):
            waiting += [("", inner) for inner in reversed(one)]


@dataclass(slots=True)
class Names:
    """How one input's names are spelled in the result. `family`: of the result, and of the input's extras if it has any.

    `refs`: of its parts and files. `raw`: of all that raw members name, as the format spells it, parts and files among them;
    `moved`: those that change. `given`: what the input's own raw members define, as the result spells it.

    `elsewhere`: address in the world → ref in the result, of the parts and files of all inputs; `addressed`: the same as raw
    members spell it. `documents`: `DocumentRef-…` → namespace, by which SPDX 2 speaks of other documents.
    """

    family: Family
    refs: dict[str, str] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)
    documents: dict[str, str] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    addressed: dict[str, str] = field(default_factory=dict)
    licences: dict[str, str] = field(default_factory=dict)

    def spell(self, before: str, after: str) -> None:
        """Decide how a raw name is spelled in the result."""
        self.raw[before] = after
        self.moved.pop(before, None)
        if before != after:
            self.moved[before] = after

    def known(self, ref: str) -> str | None:
        """What a ref of the input is called in the result; None for what the input does not define."""
        found = self.refs.get(ref) or self.elsewhere.get(self._address(ref))
        if found is not None:
            return found
        if ref in self.raw:
            return self.raw[ref]
        if self.family is Family.CYCLONEDX and ref.startswith("urn:cdx:"):
            return ref
        document, colon, element = ref.partition(":")
        if self.family is Family.SPDX2 and colon and document in self.raw:
            return f"{self.raw[document]}:{element}"
        return None

    def _address(self, ref: str) -> str:
        document, colon, element = ref.partition(":")
        return f"{self.documents[document]}#{element}" if colon and document in self.documents else ref

    def all_known(self, refs: Iterable[str], missing: Callable[[str], None]) -> tuple[str, ...]:
        """Each once, in order; `missing` is told of those that nothing defines."""
        found: dict[str, None] = {}
        for ref in refs:
            name = self.known(ref)
            if name is None:
                missing(ref)
            else:
                found[name] = None
        return tuple(found)

    def in_json(self, value: Any) -> Any:
        """A raw value with its names as they are in the result."""
        if self.moved or self.addressed:
            value = _renamed(value, ChainMap(self.moved, self.addressed), _REFERRING.get(self.family))
        return _informed(value, self.given) if self.family is Family.SPDX3 else value

    def in_extras(self, value: Carrier) -> Carrier:
        """A value with the names in its extras as they are in the result."""
        return each_extra(value, self.in_json) if self.moved or self.addressed or self.family is Family.SPDX3 else value

    def in_licences(self, licences: tuple[Licence, ...]) -> tuple[Licence, ...]:
        """Licences with the `LicenseRef-…` that they have in the result."""
        if not self.licences:
            return licences
        return tuple(self._licence(one) for one in licences)

    def _licence(self, one: Licence) -> Licence:
        if one.form is DocumentForm.ID or "LicenseRef-" not in one.value:
            return one
        value = LICENCE_REF.sub(lambda match: self.licences.get(match[0], match[0]), one.value)
        return one if value == one.value else replace(one, value=value)


def spelled(family: Family, serial: str, ref: str) -> str:
    """How raw members of that family spell the ref of a part. `serial`: of the document, for SPDX 3."""
    if family is Family.SPDX2:
        return spdx2_id(ref)
    return identifier(serial, ref) if family is Family.SPDX3 else ref


def addresses(document: Document, refs: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """How other documents speak of this one's parts and files, and what those are called in the result (`refs`): BOM-Links of
    CycloneDX, identifiers of SPDX."""
    from urllib.parse import quote

    serial = bom_link(document)
    if not serial:
        return
    for before, after in refs.items():
        if document.family is Family.SPDX2:
            yield f"{serial}#{spdx2_id(before)}", after
        elif document.family is Family.SPDX3:
            yield spelled(Family.SPDX3, serial, before), after
        else:
            yield f"{serial}#{before}", after
            yield f"{serial}#{quote(before, safe='')}", after


def bom_link(document: Document) -> str:
    """How other documents, and external references of the type `bom`, name a document: a BOM-Link, or its namespace."""
    serial = document.serial
    if serial.startswith("urn:uuid:") and document.family in (Family.CYCLONEDX, Family.OWN):
        return f"urn:cdx:{serial.removeprefix('urn:uuid:').lower()}/{document.revision}"
    return serial


def free(name: str, taken: set[str]) -> str:
    """The name, or the next like it that nobody has taken."""
    if name not in taken:
        return name
    number = 2
    while f"{name}-{number}" in taken:
        number += 1
    return f"{name}-{number}"


def settle_licences(document: Document, taken: dict[str, CustomLicence]) -> dict[str, str]:
    """Which `LicenseRef-…` of the document stands for another text in the result, and what it is called there.

    `taken` gets those that it explains anew.
    """
    renamed: dict[str, str] = {}
    for one in document.custom_licences:
        name = one.id
        if name in taken and not _says_the_same(taken[name], one):
            name = f"{one.id}-{short_hash(one.text + one.name)}"
            renamed[one.id] = name
        taken.setdefault(name, replace(one, id=name))
    return renamed


def _says_the_same(one: CustomLicence, other: CustomLicence) -> bool:
    return (one.text or one.name, one.name or other.name) == (other.text or other.name, other.name or one.name)


def _renamed(value: Any, names: Mapping[str, str], members: frozenset[str] | None) -> Any:
    """With names replaced in texts of those members, or in all texts where `members` is None; itself where there are none."""
    if isinstance(value, Mapping):
        found: dict[str, Any] = {}
        for key, one in value.items():
            refers = members is None or key.rpartition("/")[2] in members
            if refers and isinstance(one, str):
                found[key] = names.get(one, one)
            elif refers and isinstance(one, list):
                found[key] = [names.get(row, row) if isinstance(row, str) else _renamed(row, names, members) for row in one]
            else:
                found[key] = _renamed(one, names, members)
        return found if found != value else value
    if isinstance(value, list):
        rows = [_renamed(one, names, members) for one in value]
        return rows if rows != value else value
    if members is None and isinstance(value, str):
        return names.get(value, value)
    return value


def _informed(value: Any, given: set[str]) -> Any:
    """A raw value of SPDX 3 whose creation info is in the result: what names none of those `given` gets that of the result."""
    if isinstance(value, list):
        return [_informed(one, given) for one in value]
    if not isinstance(value, Mapping):
        return value
    found: dict[str, Any] = {}
    for key, one in value.items():
        info = key.rpartition("/")[2] == "creationInfo" and isinstance(one, str)
        found[key] = ("_:creationInfo" if one not in given else one) if info else _informed(one, given)
    return found
