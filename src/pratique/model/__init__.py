"""The values every room speaks. Pure: no I/O, no clock, no randomness."""

from pratique.model.component import (
    LEFT_OUT,
    STATED_BY,
    ArtifactKind,
    Component,
    ComponentKind,
    Edges,
    Inventory,
    Owned,
    Ownership,
    Presence,
    Subject,
    is_for_development,
    scope_words,
)
from pratique.model.digest import Digest, is_digest
from pratique.model.manifest import FileManifest, build_manifest, manifest_predicate, parse_manifest
from pratique.model.tree import FileEntry, FileForm, FileKind, Tree, Unknown, escape_path, unescape_path
from pratique.model.verdict import Cause, Decision, Result, State, Verdict

__all__ = [
    "LEFT_OUT",
    "STATED_BY",
    "ArtifactKind",
    "Cause",
    "Component",
    "ComponentKind",
    "Decision",
    "Digest",
    "Edges",
    "FileEntry",
    "FileForm",
    "FileKind",
    "FileManifest",
    "Inventory",
    "Owned",
    "Ownership",
    "Presence",
    "Result",
    "State",
    "Subject",
    "Tree",
    "Unknown",
    "Verdict",
    "build_manifest",
    "escape_path",
    "is_digest",
    "is_for_development",
    "manifest_predicate",
    "parse_manifest",
    "scope_words",
    "unescape_path",
]
