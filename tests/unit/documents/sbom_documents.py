"""Documents for tests of formats: one of our own with everything an inventory can say, and how each is rendered."""

from dataclasses import replace

from sbom_trees import SUBJECT, debian

from pratique.documents.from_inventory import document_of
from pratique.documents.names import parse_target
from pratique.documents.native.render import plain
from pratique.documents.write import render_document
from pratique.inventory.assemble import catalogue_tree
from pratique.model import ArtifactKind, Component, ComponentKind, Digest, Presence, Unknown, build_manifest

READABLE = [
    "cyclonedx-json@1.4",
    "cyclonedx-json@1.5",
    "cyclonedx-json@1.6",
    "cyclonedx-json@1.7",
    "cyclonedx-xml@1.4",
    "cyclonedx-xml@1.5",
    "cyclonedx-xml@1.6",
    "cyclonedx-xml@1.7",
    "spdx-json@2.3",
    "spdx-json@3.0.1",
    "spdx-tag-value",
    "json",
]
"""Formats that are written and read."""

FULL = (
    Component(
        ref="pkg:npm/%40scope/full@1.0.0",
        purl="pkg:npm/%40scope/full@1.0.0",
        type="npm",
        name="@scope/full",
        version="1.0.0",
        licences=("Apache-2.0", "LicenseRef-house", "MIT OR ISC"),
        licences_found=("MIT",),
        supplier="Somebody <s@example.org>",
        source="pkg:npm/%40scope/source@1",
        description='Quotes " and <tags> & ümlauts\tand tabs',
        homepage="https://example.org/full",
        evidence=("node_modules/@scope/full/package.json", "a\udcffb", "x.jar!inner/pom.xml"),
        depends=("pkg:maven/org.example/part@2?type=jar",),
        layer=Digest.of(b"layer"),
        hashes={"sha512": "ab" * 64, "h1": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},
        hash_covers="package archive",
        presence=Presence.EMBEDDED,
        cpes=("cpe:2.3:a:scope:full:1.0.0:*:*:*:*:*:*:*", "cpe:2.3:a:x:full:1.0.0:*:*:*:*:*:*:*"),
        facts={"engine": "node 20"},
    ),
    Component(
        ref="pkg:maven/org.example/part@2?type=jar",
        purl="pkg:maven/org.example/part@2?type=jar",
        type="maven",
        name="org.example:part",
        version="2",
        licences=("MIT",),
        kind=ComponentKind.FRAMEWORK,
        presence=Presence.RECOGNISED,
    ),
    Component(
        ref="pkg:generic/os", purl="pkg:generic/os", type="generic", name="os", version="", kind=ComponentKind.OPERATING_SYSTEM
    ),
    Component(
        ref="pkg:huggingface/a/b@1",
        purl="pkg:huggingface/a/b@1",
        type="huggingface",
        name="a/b",
        version="1",
        kind=ComponentKind.MODEL,
        hashes={"sha256": "0" * 64},
    ),
)


def full_inventory():
    """A Debian tree with four components that say everything there is to say."""
    found = catalogue_tree(SUBJECT, debian())
    components = tuple(sorted((*found.components, *FULL), key=lambda one: one.ref))
    return replace(found, components=components, unknowns=(Unknown("x\udcff\n", "why\x1b"),))


def full_document(kind=ArtifactKind.IMAGE, files=False):
    """What we say of it."""
    found = full_inventory()
    found = replace(found, subject=replace(found.subject, kind=kind))
    root = build_manifest(found).root
    return document_of(found, timestamp=1_700_000_000, manifest_root=root, tool_version="1.2.3", files=files)


def rendered(document, name):
    """The bytes of a document in a format, by its name."""
    return render_document(document, parse_target(name), environ={}).data


def differences(one, other, place=""):
    """Where two documents differ: `place: before != after`, so that a failing test shows little and enough."""
    one, other = (plain(value) if place == "" else value for value in (one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted(one.keys() | other.keys())
        return [row for key in keys for row in differences(one.get(key), other.get(key), f"{place}/{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [row for index, pair in enumerate(zip(one, other, strict=True)) for row in differences(*pair, f"{place}/{index}")]
    return [] if one == other else [f"{place}: {one!r} != {other!r}"]
