"""One bill of materials as a value that belongs to no format: every reader makes it, every writer takes it. Pure.

Words are those of CycloneDX where both worlds have one. What is stated is kept as it was stated: times, licence names and
purls are text here, not yet judged. What a reader does not understand stands in `extra`: JSON pointer (RFC 6901, relative to
the object that carries it, as its format spells it) → JSON value. Only a writer of the same `family` can put it back.

    Document ── subject: Part          what it is about
      ├── parts: Part …                packages and the like; parts within parts where the format nests them
      ├── files: Part …                files, where a format tells them from packages (SPDX)
      ├── relations: Relation …        ref ─kind→ refs
      └── completeness: Completeness … how much of it is known
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Extra = Mapping[str, Any]


class Family(StrEnum):
    """Whose words `extra` is in."""

    OWN = "pratique"
    CYCLONEDX = "cyclonedx"
    SPDX2 = "spdx-2"
    SPDX3 = "spdx-3"


class Basis(StrEnum):
    """Who says a licence. STATED: the document does not say which of the others it is."""

    STATED = ""
    DECLARED = "declared"  # by the authors
    CONCLUDED = "concluded"  # by whoever made the document
    FOUND = "found"  # in the files, as evidence


class DocumentForm(StrEnum):
    """How a licence is written. NAME: words that are no SPDX identifier. NONE: stated that there is none."""

    ID = "id"
    NAME = "name"
    EXPRESSION = "expression"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """One licence statement. `value`: an SPDX identifier, a name, or an SPDX expression. `text`: the licence's own words."""

    value: str
    form: DocumentForm = DocumentForm.EXPRESSION
    basis: Basis = Basis.STATED
    url: str = ""
    text: str = ""
    extra: Extra = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomLicence:
    """What a `LicenseRef-…` of this document stands for."""

    id: str
    name: str = ""
    text: str = ""
    urls: tuple[str, ...] = ()
    comment: str = ""
    extra: Extra = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A person or an organisation. `kind`: `person`, `organization`, or "" where the format does not say which."""

    name: str
    kind: str = ""
    email: str = ""
    phone: str = ""
    urls: tuple[str, ...] = ()
    contacts: tuple["Party", ...] = ()
    extra: Extra = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hash:
    """`algorithm`: lower case, with hyphens where its family has them: `md5`, `sha1`, `sha256`, `sha3-256`, `blake2b-256`,
    `blake3`. `value`: lower-case hexadecimal, or as written where it is none."""

    algorithm: str
    value: str


@dataclass(frozen=True, slots=True)
class Property:
    """A name that anyone may choose, and its value. Names may repeat."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalReference:
    """Where more is to be had. `kind`: of CycloneDX (`website`, `vcs`, `distribution`, …) or SPDX's category and type."""

    kind: str
    url: str
    comment: str = ""
    hashes: tuple[Hash, ...] = ()
    extra: Extra = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A component, a package or a file.

    `ref`: unique within the document, "" where it has none (it cannot be related to, then). `kind`: of CycloneDX (`library`,
    `operating-system`, …), SPDX's other purposes in the same spelling (`source`, `archive`, `install`, `other`, …), or "".
    `name`: without the group; of a file its path. `author`, `publisher`: as CycloneDX's plain texts. `authors`, `manufacturer`:
    CycloneDX's; `originators`: SPDX's (`parties`). `file_name`: of the package's archive. `download`: its address. `scope`:
    `required`, `optional`, `excluded` or "". `source_info`: where it comes from, in words. `attributions`: texts that whoever
    ships it must show.
    `built`, `released`, `valid_until`: RFC 3339 as written. `occurrences`: paths where it was found. `copyrights`: found in its
    files. `parts`: nested ones. SWID tags, pedigree and so on are in `extra`.
    """

    ref: str
    name: str
    kind: str = ""
    group: str = ""
    version: str = ""
    purl: str = ""
    cpes: tuple[str, ...] = ()
    licences: tuple[Licence, ...] = ()
    hashes: tuple[Hash, ...] = ()
    supplier: Party | None = None
    manufacturer: Party | None = None
    originators: tuple[Party, ...] = ()
    authors: tuple[Party, ...] = ()
    author: str = ""
    publisher: str = ""
    description: str = ""
    summary: str = ""
    comment: str = ""
    copyright: str = ""
    scope: str = ""
    mime_type: str = ""
    file_name: str = ""
    download: str = ""
    source_info: str = ""
    attributions: tuple[str, ...] = ()
    built: str = ""
    released: str = ""
    valid_until: str = ""
    references: tuple[ExternalReference, ...] = ()
    properties: tuple[Property, ...] = ()
    occurrences: tuple[str, ...] = ()
    copyrights: tuple[str, ...] = ()
    parts: tuple["Part", ...] = ()
    extra: Extra = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """With its group, as people write it: `@babel/core`, `org.apache/commons`."""
        return f"{self.group}/{self.name}" if self.group else self.name

    def property(self, name: str) -> str:
        """The value of the first property of that name, "" for none."""
        return next((one.value for one in self.properties if one.name == name), "")

    def hash(self, algorithm: str) -> str:
        """The value of the first hash of that algorithm, "" for none."""
        return next((one.value for one in self.hashes if one.algorithm == algorithm), "")


DEPENDS_ON = "depends-on"
CONTAINS = "contains"
PROVIDES = "provides"
NEEDING = frozenset(
    {
        DEPENDS_ON,
        "build-depends-on",
        "development-depends-on",
        "test-depends-on",
        "runtime-depends-on",
        "has-optional-dependency",
        "has-provided-dependency",
    }
)
"""Kinds of relations by which one thing needs another, whenever and however much it does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """`source` ─`kind`→ `targets`. `kind`: SPDX's words in lower case with hyphens (`depends-on`, `contains`, `generated-from`,
    …), always in the active direction where a pair exists. No targets: it is known that there are none.

    `ref` "" of the document itself. `complete`: `complete`, `incomplete`, `no-assertion` or "" (SPDX 3).
    """

    source: str
    kind: str
    targets: tuple[str, ...]
    complete: str = ""
    comment: str = ""
    extra: Extra = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """How much is known of what is in (`assemblies`), and of what is needed by (`dependencies`), these refs.

    `aggregate`: of CycloneDX: `complete`, `incomplete`, `unknown`, `not_specified`, `incomplete_first_party_only`, ….
    """

    aggregate: str
    assemblies: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    extra: Extra = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """What somebody remarks about `subjects` (refs; "" is the document). `by_kind`: `person`, `organization`, `tool` or ""."""

    subjects: tuple[str, ...]
    text: str
    by: str = ""
    by_kind: str = ""
    timestamp: str = ""
    kind: str = ""
    extra: Extra = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """What made the document."""

    name: str
    version: str = ""
    vendor: str = ""
    hashes: tuple[Hash, ...] = ()
    extra: Extra = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A whole bill of materials.

    `spec_version`: of the format it was read in, "" of none. `serial`: what names it for the world: a URN of a UUID
    (CycloneDX) or a namespace (SPDX). `revision`: CycloneDX's `version`. `timestamp`: RFC 3339 as written, "" for none.
    `authors`: who made it, persons and organisations. `licences`: of the document itself. `manufacturer`, `supplier`: of the
    subject, as stated about the whole.
    `phases`: CycloneDX's lifecycles (`build`, `post-build`, …). `vulnerabilities`: as CycloneDX
    writes them; SPDX 3 has elements of its own for them, which `crossing` translates.
    """

    family: Family
    spec_version: str = ""
    serial: str = ""
    revision: int = 1
    name: str = ""
    timestamp: str = ""
    comment: str = ""
    tools: tuple[Tool, ...] = ()
    authors: tuple[Party, ...] = ()
    manufacturer: Party | None = None
    supplier: Party | None = None
    licences: tuple[Licence, ...] = ()
    custom_licences: tuple[CustomLicence, ...] = ()
    phases: tuple[str, ...] = ()
    properties: tuple[Property, ...] = ()
    references: tuple[ExternalReference, ...] = ()
    subject: Part | None = None
    parts: tuple[Part, ...] = ()
    files: tuple[Part, ...] = ()
    relations: tuple[Relation, ...] = ()
    completeness: tuple[Completeness, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    vulnerabilities: tuple[Any, ...] = ()
    extra: Extra = field(default_factory=dict)

    def walk(self) -> Iterator[Part]:
        """All parts but the subject and the files, each before those nested in it; those nested in the subject come first."""
        waiting = [*reversed(self.parts), *reversed(self.subject.parts if self.subject else ())]
        while waiting:
            part = waiting.pop()
            yield part
            waiting += reversed(part.parts)

    def property(self, name: str) -> str:
        """The value of the document's first property of that name, "" for none."""
        return next((one.value for one in self.properties if one.name == name), "")

    def dependencies(self) -> dict[str, tuple[str, ...]]:
        """ref → refs it depends on in any way, in the order stated; each once. Refs of which nothing is stated are absent."""
        found: dict[str, dict[str, None]] = {}
        for one in self.relations:
            if one.kind in NEEDING:
                found.setdefault(one.source, {}).update(dict.fromkeys(one.targets))
        return {ref: tuple(targets) for ref, targets in found.items()}
