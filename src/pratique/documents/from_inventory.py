"""An inventory as a `Document`: what Pratique states about an artifact, in the words all formats share. Pure.

Nothing in it is random: the serial number is a UUIDv5 of the subject, the file manifest's root and the tool's version; the
time is an argument.
"""

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

from pratique import __version__
from pratique.documents.cyclonedx.vocabulary import OWN_PREFIX
from pratique.documents.document import (
    CONTAINS,
    DEPENDS_ON,
    Basis,
    Completeness,
    Document,
    DocumentForm,
    ExternalReference,
    Family,
    Hash,
    Licence,
    Part,
    Party,
    Property,
    Relation,
    Tool,
)
from pratique.documents.for_others import labels_for_others, properties_for_others, spoken_system, subject_for_others
from pratique.errors import InputError
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import is_known
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean, shown_path
from pratique.model import (
    LEFT_OUT,
    ArtifactKind,
    Component,
    ComponentKind,
    Digest,
    Edges,
    FileKind,
    Inventory,
    Presence,
    Subject,
    is_for_development,
    scope_words,
)
from pratique.model.coverage import cover

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://pratique.dev/sbom/v1")
_TYPES = {
    ArtifactKind.IMAGE: "container",
    ArtifactKind.DIRECTORY: "application",
    ArtifactKind.FILE: "file",
    ArtifactKind.CHART: "application",
    ArtifactKind.MANIFESTS: "application",
}
_SYSTEM = ComponentKind.OPERATING_SYSTEM
_BUILT = (ArtifactKind.IMAGE, ArtifactKind.FILE)
"""What is known to come out of a build; a folder may be sources as well as what was made of them."""
_REFERENCE = lazy(
    r"(?P<repository>(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+|[a-z0-9.-]+:[0-9]+)(?::[0-9]+)?(?:/[a-z0-9._-]+)*/(?P<name>[a-z0-9._-]+))"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@sha(?:256|512):[0-9a-f]+)?"
)
_GROUPED = {"maven": ":"}
"""purl type → what parts the group from the name in `Component.name`. Scopes and owners stay in the name, as people
and vulnerability databases write it: osv-scanner looks up names without their groups."""


def document_of(
    inventory: Inventory,
    *,
    timestamp: int | None,
    manifest_root: Digest,
    tool_version: str = __version__,
    files: bool = False,
    coverage: Mapping[str, str] | None = None,
) -> Document:
    """Everything the inventory says. `timestamp`: Unix seconds, or None for none. `files`: list each regular file, too.

    `coverage`: as it was counted before, where the inventory no longer has what it is counted from.
    Raises InputError for a time past year 9999.
    """
    subject = inventory.subject
    root = str(subject.digest)
    relations = [Relation(source=ref, kind=DEPENDS_ON, targets=targets) for ref, targets in _graph(inventory.components, root)]
    if files:
        relations += _owners(inventory)
    return Document(
        family=Family.OWN,
        serial=f"urn:uuid:{uuid.uuid5(_NAMESPACE, chr(10).join([root, manifest_root, tool_version, *_less(subject)]))}",
        timestamp="" if timestamp is None else rfc3339(timestamp),
        tools=(Tool(name="pratique", version=tool_version),),
        phases=("post-build",) if subject.kind in _BUILT else (),
        subject=_subject(subject),
        parts=_parts(inventory.components),
        files=tuple(_files(inventory)) if files else (),
        relations=tuple(relations),
        completeness=(
            # Never "complete": that no cataloger found more is no proof that there is no more.
            Completeness(aggregate="incomplete" if inventory.unknowns else "unknown", assemblies=(root,)),
            *_edges_known(inventory.components),
        ),
        properties=(
            *(_property(name, value) for name, value in _facts(inventory, manifest_root, coverage)),
            *labels_for_others(subject),
        ),
    )


def _parts(components: Sequence[Component]) -> tuple[Part, ...]:
    """The operating system first, since others take the first for the image's; what lies below another root within the system
    of that root, since others mistake its packages for the image's."""
    inner = {one.facts["root"]: one.ref for one in components if one.kind is _SYSTEM and one.facts.get("root")}
    held: dict[str, list[Part]] = {}
    found: list[Part] = []
    for item in sorted(components, key=lambda one: one.kind is not _SYSTEM or "root" in one.facts):
        holder = inner.get(item.facts.get("root", ""), item.ref) if item.facts else item.ref
        if holder == item.ref:
            found.append(_part(item))
        else:
            held.setdefault(holder, []).append(_part(item))
    return tuple([replace(one, parts=tuple(held[one.ref])) if one.ref in held else one for one in found])


def _less(subject: Subject) -> tuple[str, ...]:
    """What tells a document of a part of the components from that of all of them."""
    return (LEFT_OUT,) if LEFT_OUT in subject.facts else ()


@lru_cache(maxsize=4096)
def licences_of(expressions: tuple[str, ...], basis: Basis) -> tuple[Licence, ...]:
    """Declared expressions as statements: each by itself, or, where one is compound, all as one expression."""
    if all(" " not in text for text in expressions):
        return tuple([_single(text, basis) for text in expressions])
    if len(expressions) == 1:
        return (Licence(value=expressions[0], basis=basis),)
    return (Licence(value=" AND ".join(f"({text})" if " " in text else text for text in expressions), basis=basis),)


def _single(text: str, basis: Basis) -> Licence:
    return Licence(value=text, form=DocumentForm.ID if is_known(text) else DocumentForm.NAME, basis=basis)


def rfc3339(timestamp: int) -> str:
    """Unix seconds in UTC. Raises InputError past year 9999."""
    try:
        return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(f"no calendar has a date for {timestamp} seconds", hint="set SOURCE_DATE_EPOCH") from error


def _facts(inventory: Inventory, manifest_root: Digest, coverage: Mapping[str, str] | None) -> Iterator[tuple[str, str]]:
    yield "subject:digest", inventory.subject.digest
    yield "manifest:root", manifest_root
    yield "manifest:files", str(len(inventory.tree.entries))
    yield "manifest:bytes", str(sum(entry.size for entry in inventory.tree.entries.values()))
    yield from cover(inventory).facts() if coverage is None else coverage.items()
    for unknown in inventory.unknowns:
        yield "unknown", f"{shown_path(unknown.path) or '/'}: {clean(unknown.reason)}"


def _subject(subject: Subject) -> Part:
    reference = _REFERENCE.fullmatch(subject.name)
    # A reference is part of what was shipped; where a file lay on somebody's disk is not.
    name = subject.name if reference else subject.name.rstrip("/").rpartition("/")[2]
    image = subject.kind is ArtifactKind.IMAGE
    facts = [("platform", clean(subject.platform)), ("config", subject.config or "")]
    facts += [(shown_path(key), clean(value)) for key, value in subject.facts.items()]
    # Of a folder the digest is the root of its file manifest, which is the hash of no bytes that anybody has.
    has_bytes = subject.kind in (ArtifactKind.IMAGE, ArtifactKind.FILE) or "digest:covers" in subject.facts
    hashes = (Hash(subject.digest.algorithm, subject.digest.hex),) if has_bytes else ()
    return Part(
        ref=str(subject.digest),
        name=clean(name) or "unnamed",
        kind=_TYPES[subject.kind],
        version=str(subject.digest) if image else "",
        hashes=hashes,
        purl=_image_purl(subject, reference, name) if image else "",
        properties=(
            *(_property(key, value) for key, value in facts if value),
            *subject_for_others(subject, referred=reference is not None),
        ),
    )


def _image_purl(subject: Subject, reference: "re.Match[str] | None", name: str) -> str:
    """purl-spec, type oci: the name without its registry, which is a qualifier."""
    qualifiers = {"arch": subject.platform.split("/")[1]} if "/" in subject.platform else {}
    if reference is not None:
        qualifiers |= {"repository_url": reference["repository"], "tag": reference["tag"] or ""}
        name = reference["name"]
    slug = re.sub(r"[^a-z0-9._-]+", "-", name.lower().partition("@")[0]).strip("-.") or "image"
    return build_purl("oci", slug, str(subject.digest), qualifiers=qualifiers)


def _part(item: Component) -> Part:
    group, _, name = item.name.rpartition(_GROUPED[item.type]) if item.type in _GROUPED else ("", "", item.name)
    licences = licences_of(item.licences, Basis.DECLARED) if item.licences else ()
    if item.licences_found:
        licences += licences_of(item.licences_found, Basis.FOUND)
    properties: list[Property] = []
    if item.source:
        properties.append(_property("source", item.source))
    if item.layer:
        properties.append(_property("layer", item.layer))
    if item.hash_covers:
        properties.append(_property("hash-covers", item.hash_covers))
    if item.presence is not Presence.INSTALLED:
        properties.append(_property("presence", item.presence.value))
    if item.facts:
        properties += [_property(name, value) for name, value in _further(item.facts) if value]
    properties += properties_for_others(item)
    return Part(
        ref=item.ref,
        kind=item.kind.value,
        group=group,
        name=spoken_system(name) if item.kind is _SYSTEM else name,
        version=item.version,
        purl=item.purl,
        cpes=item.cpes,
        licences=licences,
        hashes=tuple([Hash(key, value) for key, value in item.hashes.items()]) if item.hashes else (),
        supplier=_supplier(item.supplier) if item.supplier else None,
        publisher=item.supplier,
        description=item.description,
        references=(ExternalReference(kind="website", url=item.homepage),)
        if item.homepage.startswith(("https://", "http://"))
        else (),
        properties=tuple(properties),
        scope=_scope(item),
        occurrences=tuple([shown_path(path) for path in item.evidence]),
    )


def _scope(item: Component) -> str:
    """CycloneDX 1.6, component `scope`: what is for tests and development is `excluded`; what may be absent, `optional`."""
    if is_for_development(item):
        return "excluded"
    return "optional" if item.presence is Presence.DECLARED and "optional" in scope_words(item) else ""


@lru_cache(maxsize=4096)
def _supplier(name: str) -> Party:
    return Party(name=name, kind="organization")


@lru_cache(maxsize=4096)
def _property(name: str, value: str) -> Property:
    # The same few layers and sources stand at thousands of components.
    return Property(OWN_PREFIX + name, str(value))


def _further(facts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return ((f"fact:{name}", clean(facts[name])) for name in sorted(facts))


def _files(inventory: Inventory) -> Iterator[Part]:
    for entry in inventory.tree.sorted():
        if entry.kind is FileKind.FILE:
            path = shown_path(entry.path)
            sha1 = inventory.tree.digests.get("sha1", {}).get(entry.sha256)
            hashes = (*((Hash("sha1", sha1),) if sha1 else ()), Hash("sha256", entry.sha256))
            yield Part(ref=f"file:{path}", name=path, kind="file", hashes=hashes)


def _owners(inventory: Inventory) -> Iterator[Relation]:
    held: dict[str, list[str]] = {}
    for path in sorted(inventory.ownership, key=lambda path: path.encode("utf-8", "surrogateescape")):
        entry = inventory.tree.entries.get(path)
        if entry is not None and entry.kind is FileKind.FILE:
            held.setdefault(inventory.ownership[path].owner, []).append(f"file:{shown_path(path)}")
    return (Relation(source=owner, kind=CONTAINS, targets=tuple(held[owner])) for owner in sorted(held))


def _graph(components: Sequence[Component], root: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The artifact depends on what nothing else needs, and on one of each circle that would hang in the air."""
    edges = {item.ref: item.depends for item in components}
    needed = {ref for depends in edges.values() for ref in depends}
    top: list[str] = []
    reached: set[str] = set()
    for ref in [*(ref for ref in edges if ref not in needed), *edges]:
        if ref in reached:
            continue
        top.append(ref)
        waiting = [ref]
        while waiting:
            current = waiting.pop()
            if current not in reached:
                reached.add(current)
                waiting += edges.get(current, ())
    yield root, tuple(sorted(top))
    for item in components:
        # Of what nobody knows the needs, nothing is said: an empty list would say that it needs nothing.
        if item.depends or item.edges is Edges.COMPLETE:
            yield item.ref, tuple([other for other in item.depends if other in edges])


def _edges_known(components: Sequence[Component]) -> Iterator[Completeness]:
    """A row for each word, of the components whose needs are known that well."""
    rows: dict[str, list[str]] = {edges.value: [] for edges in Edges}
    for item in components:
        known = Edges.INCOMPLETE if item.depends and item.edges is Edges.UNKNOWN else item.edges
        rows[known.value].append(item.ref)
    return (Completeness(aggregate=word, dependencies=tuple(refs)) for word, refs in rows.items() if refs)
