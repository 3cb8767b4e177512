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


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One package as its own metadata describes it.

    `ref`: unique within the inventory; the purl, with a suffix where one purl is installed at several places.
    `licences`: SPDX expressions, sorted. `supplier`: who maintains or publishes it. `source`: purl of the source package.
    `evidence`: paths of the files the facts were read from. `depends`: refs of components it needs, sorted.
    `layer`: diff_id of the layer its metadata came from. `hashes`: algorithm → hex, with what they cover said by `hash_covers`.
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
    layer: Digest | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)
    hash_covers: str = ""


class Ownership(StrEnum):
    """How a file relates to the package that lists it."""

    MATCHING = "matching"  # the package's own digest is this file's
    MODIFIED = "modified"  # the package lists another digest
    UNCHECKED = "unchecked"  # owned, but the package gives no digest for it
    MISSING = "missing"  # listed by its package, not there
    ORPHAN = "orphan"  # nobody lists it


@dataclass(frozen=True, slots=True)
class Owned:
    """Who owns a path (`owner`: a component's ref, empty for an orphan), and whether its bytes are the owner's."""

    owner: str
    state: Ownership


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What the documents are about. `digest`: of the image manifest, of the file, or of the directory's manifest root.

    `config`: digest of the image's configuration (the engine's image ID). `created`: Unix seconds, from the artifact itself.
    """

    kind: ArtifactKind
    name: str
    digest: Digest
    platform: str = ""
    config: Digest | None = None
    created: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Everything that one pass over an artifact found. `ownership` maps each owned or missing path; others are orphans."""

    subject: Subject
    tree: Tree
    components: tuple[Component, ...]
    ownership: Mapping[str, Owned]
    unknowns: tuple[Unknown, ...] = ()
