"""Gather the facts about a SOURCE for `verify`, `gate` and `trace`: find it, collect its evidence, read its bytes, appraise.

Of an index, what is said about the index that was named counts as well as what is said about the image that was chosen: the one
names the other by its digest. Layers are opened only where content is asked for.
"""

import time
from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from pratique.app.home import Home
from pratique.app.sources import Opened, opened, opened_all, public_name, target_of
from pratique.app.talk import SILENT, Steps, Talk
from pratique.errors import InputError, Unavailable
from pratique.model import Cause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence, Set
    from pathlib import Path

    from pratique.evidence.claims import FileSubject
    from pratique.evidence.collected import Collection
    from pratique.evidence.trust_anchors import TrustAnchors
    from pratique.model import Digest, Tree
    from pratique.policy import Facts
    from pratique.registry.types import Descriptor, Manifest, Repository

__all__ = ["Content", "Gathered", "appraise_asking", "ask_nobody", "gather", "gather_all", "target_of"]


class Content(Enum):
    """Whether the bytes themselves are read."""

    NEVER = "never"
    LOCAL = "local"  # where that needs no network
    READABLE = "readable"  # where files can be read out of it
    ALWAYS = "always"  # and what cannot be read is an error


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The facts, and the place that was asked for evidence. `blobs`: how many blobs were read besides, `damaged`: what was wrong.

    `index`: digest of the index that was named, None when the artifact was named itself; `platform`: what that index says it is
    for. `has_files`: whether it is of a kind whose files are inventoried: neither a single file, nor what others keep in
    registries. `unread`: why its bytes were not read; "" when they were.
    """

    facts: "Facts"
    place: str
    read_bytes: bool
    index: "Digest | None" = None
    platform: str = ""
    has_files: bool = True
    unread: str = ""
    blobs: int = 0
    damaged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of each artifact.

    `evidence`: a repository, `catalog`, or None for where the source itself keeps it. `name`: what the permissions of a trust are
    asked about; by default what SOURCE says, never what the evidence says. `whole_store`: of a layout or archive, read every
    other blob as well. `annotations`: what a signature must be annotated with. `ask`: as in `appraise_asking`. `bundles`: files
    with evidence, wherever they are and whatever they are called, besides what is found.
    """

    evidence: str | None = None
    content: Content = Content.LOCAL
    name: str | None = None
    whole_store: bool = False
    annotations: "Mapping[str, str] | None" = None
    ask: "Callable[[str], bytes] | None" = None
    bundles: "Sequence[Path]" = ()


def gather(
    home: Home, source: str, trust_anchors: "TrustAnchors", question: Question, *, platform: str | None, talk: Talk = SILENT
) -> Gathered:
    """Facts about SOURCE; of an index, about the image for `platform`, by default this machine's."""
    with opened(source, platform, say=talk.say) as found, talk.progress() as steps:
        return _facts_about(home, found, trust_anchors, question, steps)


def gather_all(
    home: Home, source: str, trust_anchors: "TrustAnchors", question: Question, *, talk: Talk = SILENT
) -> "Iterator[Gathered]":
    """Facts about every image that SOURCE leads to, one after another."""
    with opened_all(source, say=talk.say) as every, talk.progress() as steps:
        if not any(found.indexes or found.manifest for found in every):
            raise InputError(f"{every[0].source.scheme}: has no platforms", hint="leave out --all-platforms")
        asked: dict[Digest, Collection] = {}
        for found in every:
            yield _facts_about(home, found, trust_anchors, question, steps, asked)


def _facts_about(
    home: Home,
    found: Opened,
    trust_anchors: "TrustAnchors",
    question: Question,
    steps: Steps,
    asked: "dict[Digest, Collection] | None" = None,
) -> Gathered:
    """`asked`: what is known to be said about indexes, which is added to: each is asked about once."""
    begin, _ = steps
    begin("collecting evidence")
    announced = trust_anchors.announced
    known = {} if asked is None else asked
    place, collection, content = collect_evidence(home, found, question.evidence, known, announced=announced)
    if question.bundles:
        from pratique.evidence.sidecars import collect_bundle_files, content_of

        collection = joined(collection, collect_bundle_files(question.bundles))
        if content is None and found.file is not None:
            content = content_of(found.file)
    tree = None
    wanted = question.content
    if wanted is Content.ALWAYS or (wanted is Content.READABLE or (wanted is Content.LOCAL and found.local)):
        tree = _read(found, wanted, steps)
    begin("verifying")
    facts, _ = appraise_asking(
        found.target,
        question.name or public_name(str(found.source)),
        collection,
        trust_anchors,
        tree=tree,
        content=content,
        annotations=question.annotations,
        ask=question.ask,
    )
    blobs, damaged = 0, list[str]()
    if question.whole_store and place.endswith("catalog"):
        damaged += damaged_documents(home, found.target.digest)
    if question.whole_store and found.source.scheme in ("oci-dir", "oci-archive"):
        begin("reading the store")
        blobs, wrong = _check_store(found, tree is not None)
        damaged += wrong
    elif wanted is Content.ALWAYS and tree is None and found.repository is not None and found.manifest is not None:
        begin("reading every blob")
        blobs, wrong = _check_blobs(found.repository, found.manifest)
        damaged += wrong
    return Gathered(
        facts=facts,
        place=place,
        read_bytes=tree is not None,
        index=found.indexes[0].digest if found.indexes else None,
        platform=found.platform,
        has_files=found.file is None and found.is_image and not found.source.is_digest,
        unread="" if tree is not None else found.unreadable,
        blobs=blobs,
        damaged=tuple(damaged),
    )


def collect_evidence(
    home: Home,
    found: Opened,
    evidence: str | None,
    asked: "dict[Digest, Collection]",
    *,
    announced: "Set[str]" = frozenset(),
) -> "tuple[str, Collection, FileSubject | None]":
    """The place, what is said there about the artifact and about the indexes that lead to it, and a file as what is signed.

    `asked`: what is known already to be said about indexes, which is added to. `announced`: as in `collect_from_repository`.
    """
    from pratique.evidence.charts import collect_chart_provenance
    from pratique.evidence.collect import collect_from_repository
    from pratique.evidence.collected import attached_to
    from pratique.registry.open import open_repository

    place = evidence or found.home or found.archive or "catalog"
    catalogued = evidence is None and found.archive is not None
    with ExitStack() as stack:
        if place == "catalog":

            def collect(digest: "Digest") -> "Collection":
                return collect_from_home(home, digest)
        else:
            repository = found.repository if evidence is None else None
            if repository is None:
                repository, _ = open_repository(place)
                stack.callback(repository.close)
            where = repository

            def collect(digest: "Digest") -> "Collection":
                there = collect_from_repository(where, digest, announced=announced)
                return joined(there, collect_from_home(home, digest)) if catalogued else there

        collection = collect(found.target.digest)
        for index in found.indexes:
            if index.digest not in asked:
                asked[index.digest] = attached_to(index.descriptor, collect(index.digest))
            collection = joined(collection, asked[index.digest])
    if catalogued:
        place = f"{place}, and catalog"
    if found.repository is not None and found.manifest is not None:
        collection = joined(collection, collect_chart_provenance(found.repository, found.manifest))
    file, content = found.file, None
    if file is not None and evidence is None:
        from pratique.artifact.sidecars import PROVENANCE_SUFFIX
        from pratique.evidence.sidecars import collect_sidecars, content_of

        place = f"beside {file}, and catalog"
        sidecars = collect_sidecars(file)
        collection = joined(collection, sidecars)
        # A chart is one by whatever scheme it is named: only its provenance asks for its metadata.
        chart = file.with_name(file.name + PROVENANCE_SUFFIX).exists()
        content = content_of(file, _chart_yaml_of(file) if chart else b"")
    return place, collection, content


def _read(found: Opened, wanted: Content, steps: Steps) -> "Tree | None":
    """All files, hashed; None for what has none that can be read. Raises InputError for an image whose layers are unknown."""
    from pratique.artifact.selection import Chosen

    begin, move = steps
    if found.unreadable and (wanted is not Content.ALWAYS or not found.is_image):
        return None
    begin("reading every byte")
    # Neither cache nor cataloger: the question is whether the bytes that are there now are the ones signed for.
    return found.artifact.read_tree(Chosen(), cache=None, progress=move)


def joined(one: "Collection", other: "Collection") -> "Collection":
    """What two places say. Where one could not be asked, the whole could not."""
    from pratique.evidence.collected import Collection

    broken = one if one.cause is not Cause.NONE else other
    return Collection(pieces=(*one.pieces, *other.pieces), cause=broken.cause, detail=broken.detail)


def _chart_yaml_of(path: "Path") -> bytes:
    """The metadata of a packed chart, which its provenance states; nothing for what is no chart, which no provenance fits."""
    import os

    from pratique.artifact.chart import read_chart_file
    from pratique.artifact.limits import parse_limits
    from pratique.errors import Malformed

    try:
        return read_chart_file(str(path), parse_limits(os.environ))[1]
    except Malformed:
        return b""


def appraise_asking(
    target: "Descriptor",
    name: str,
    collection: "Collection",
    trust_anchors: "TrustAnchors",
    *,
    tree: "Tree | None" = None,
    content: "FileSubject | None" = None,
    annotations: "Mapping[str, str] | None" = None,
    ask: "Callable[[str], bytes] | None" = None,
) -> "tuple[Facts, dict[str, bytes | None]]":
    """Appraise, and ask the revocation servers that certificates name, until there is nothing left to ask; and what they said.

    `ask`: the answer of a URL, or raises Unavailable; by default over the network.
    """
    from functools import partial

    from pratique.evidence.appraise import appraise

    once = partial(
        appraise,
        target,
        name,
        [collection],
        trust_anchors,
        now=int(time.time()),
        tree=tree,
        content=content,
        annotations=annotations or {},
    )
    facts = once()
    if not facts.wanted:
        return facts, {}
    from pratique.tuf.revocation import ask_http, verify_asking

    return verify_asking(lambda answers: once(answers=answers), ask or ask_http)


def ask_nobody(url: str) -> bytes:
    """For where there is no network, or none is to be used. Raises Unavailable."""
    raise Unavailable("not asked: offline", where=url[:200])


def _check_store(found: Opened, layers_read: bool) -> tuple[int, list[str]]:
    """Every blob of a layout: how many, and what is wrong. Layers that were read are not read again."""
    from pratique.registry.layoutread import LayoutReader

    store, manifest = found.repository, found.manifest
    if not isinstance(store, LayoutReader) or manifest is None:
        return 0, []
    return store.check_blobs({layer.digest for layer in manifest.layers} if layers_read else set())


def _check_blobs(repository: "Repository", manifest: "Manifest") -> tuple[int, list[str]]:
    """Every blob that a manifest names, read to its end: how many, and what is wrong. Raises Unavailable."""
    from pratique.errors import DigestMismatch
    from pratique.registry.verified import CHUNK

    blobs = {} if manifest.is_index else {blob.digest: blob for blob in (*manifest.layers, manifest.config)}
    wrong = []
    for blob in blobs.values():
        try:
            with repository.open_blob(blob) as stream:
                while stream.read(CHUNK):
                    pass
        except (DigestMismatch, InputError) as error:
            wrong.append(str(error))
    return len(blobs), wrong


def collect_from_home(home: Home, subject: "Digest") -> "Collection":
    """What this home's catalog holds about the subject: nothing where there is none, and asking makes none."""
    if not home.catalog_directory.exists():
        from pratique.evidence.collected import Collection

        return Collection()
    from pratique.app.home import open_home_catalog
    from pratique.catalog.bundles import collect_from_catalog

    with open_home_catalog(home) as catalog:
        return collect_from_catalog(catalog, subject)


def damaged_documents(home: Home, subject: "Digest") -> list[str]:
    """What is wrong with the catalog's other documents about the subject, such as the SBOM as it was written."""
    from pratique.app.home import open_home_catalog
    from pratique.errors import DigestMismatch, InputError

    if not home.catalog_directory.exists():
        return []
    wrong = []
    with open_home_catalog(home) as catalog:
        for row in catalog.documents_of(subject):
            try:
                if row.role != "bundle":  # those are appraised
                    catalog.documents.get(row.digest)
            except (DigestMismatch, InputError) as error:
                wrong.append(str(error))
    return wrong
