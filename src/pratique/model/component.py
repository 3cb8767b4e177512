"""What an artifact is made of: components, and the inventory that lists them with every file. Pure values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pratique.model.digest import Digest
from pratique.model.tree import Tree, Unknown


class ArtifactKind(StrEnum):
    """What was inventoried."""

    IMAGE = "image"
    DIRECTORY = "directory"
    FILE = "file"
    CHART = "chart"
    MANIFESTS = "manifests"


class ComponentKind(StrEnum):
    """What a component is; the values are those of CycloneDX."""

    LIBRARY = "library"
    APPLICATION = "application"
    FRAMEWORK = "framework"
    PLATFORM = "platform"
    OPERATING_SYSTEM = "operating-system"
    CONTAINER = "container"
    MODEL = "machine-learning-model"
    DATA = "data"
    FILE = "file"


STATED_BY = "stated-by"
"""The fact that names the documents in the artifact that state a component, too, or alone."""


class Presence(StrEnum):
    """How far a component is known to be there. In the order of strength, the strongest first."""

    INSTALLED = "installed"  # a package manager put it there, or it stands there in its own files
    EMBEDDED = "embedded"  # inside another file that says so: a jar in a jar, a module in a Go binary
    RECOGNISED = "recognised"  # no metadata; known by the bytes of one of its files
    STATED = "stated"  # a bill of materials that lies there says so; nothing else does
    DECLARED = "declared"  # a lock file or manifest asks for it; it need not be there


LEFT_OUT = "development:left-out"
"""Fact of a subject: how many components were left out of its inventory, as only development needs them."""


class Edges(StrEnum):
    """How much of what a component needs is known. Nothing needed and nothing known are not the same."""

    COMPLETE = "complete"  # all of it stands in `depends`, be it none
    INCOMPLETE = "incomplete"  # it needs more than what was found
    UNKNOWN = "unknown"  # nothing tells what it needs; what stands in `depends` was found otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One package as its own metadata describes it.

    `ref`: unique within the inventory: the purl, or, of what has none, type and place. `purl`: "" for a folder of the project
    itself, which nobody else could fetch. One purl at several places is one component with all places as evidence.
    `type`: of the purl. `name`: as people write it, with its scope or group: `@babel/core`, `org.apache:commons`.
    `licences`: declared by its own metadata, SPDX expressions, sorted; `licences_found`: by the texts of its licence files.
    `supplier`: who maintains or publishes it. `source`: purl of the source package. `cpes`: CPE 2.3 names that are certain.
    `evidence`: paths of the files the facts were read from; inside another file as `path/to.jar!inner/path`.
    `depends`: refs of components it needs, sorted; `edges`: how much of them is known. `layer`: diff_id of the layer that its
    metadata came from.
    `hashes`: algorithm (`sha256`, `sha512`, `sha1`, `md5`, `h1`) → hex, except `h1` as Go writes it; `hash_covers`: what they
    are of, in words (`package archive`, `installed files`, `file`). `facts`: further facts, name → value, shown as properties.
    """

    ref: str
    purl: str
    type: str
    name: str
    version: str
    licences: tuple[str, ...] = ()
    supplier: str = ""
    source: str = ""
    description: str = ""
    homepage: str = ""
    evidence: tuple[str, ...] = ()
    depends: tuple[str, ...] = ()
    edges: Edges = Edges.UNKNOWN
    layer: Digest | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)
    hash_covers: str = ""
    kind: ComponentKind = ComponentKind.LIBRARY
    presence: Presence = Presence.INSTALLED
    licences_found: tuple[str, ...] = ()
    cpes: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


_SCOPES = ("scope", "java:scope")
_DEVELOPMENT = frozenset({"dev", "test"})


def scope_words(one: Component) -> frozenset[str]:
    """What a component is needed for, in the words of its lock file: `dev`, `test`, `build`, `optional`, `peer`; none, to run."""
    return frozenset(word for name in _SCOPES for word in one.facts.get(name, "").split(", ") if word)


def is_for_development(one: Component) -> bool:
    """Whether it is declared, and for development or tests only. What is installed is there, whatever it is for."""
    return one.presence is Presence.DECLARED and bool(scope_words(one) & _DEVELOPMENT)


class Ownership(StrEnum):
    """How a file relates to the package that lists it."""

    MATCHING = "matching"  # the package's own digest is this file's
    MODIFIED = "modified"  # the package lists another digest
    UNCHECKED = "unchecked"  # owned, but the package gives no digest for it
    MISSING = "missing"  # listed by its package, not there
    ORPHAN = "orphan"  # nobody lists it


@dataclass(frozen=True, slots=True)
class Owned:
    """Who owns a path (`owner`: a component's ref, empty for an orphan), and whether its bytes are the owner's.

    `configuration`: the owner says that it is made to be edited: that it is modified, or missing, is expected.
    """

    owner: str
    state: Ownership
    configuration: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What the documents are about. `digest`: of the image manifest, of the file, or of the folder's manifest root.

    `config`: digest of the image's configuration (the engine's image ID). `created`: Unix seconds, from the artifact itself.
    `facts`: what else the artifact says about itself as a whole, name → value, shown as properties.
    """

    kind: ArtifactKind
    name: str
    digest: Digest
    platform: str = ""
    config: Digest | None = None
    created: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Everything that one pass over an artifact found. `ownership` maps each owned or missing path; others are orphans."""

    subject: Subject
    tree: Tree
    components: tuple[Component, ...]
    ownership: Mapping[str, Owned]
    unknowns: tuple[Unknown, ...] = ()
