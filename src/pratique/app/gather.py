"""Gather the facts about a SOURCE for `verify`, `gate` and `trace`: open it, collect its evidence, read its bytes, appraise."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pratique.app.home import Home
from pratique.app.sources import opened, public_name
from pratique.app.talk import SILENT, Talk
from pratique.errors import Unavailable
from pratique.model import Cause

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pratique.artifact.types import Artifact
    from pratique.evidence.collect import Collection
    from pratique.evidence.trust_anchors import TrustAnchors
    from pratique.evidence.verify import FileSubject
    from pratique.model import Digest, Subject, Tree
    from pratique.policy import Facts
    from pratique.registry.types import Descriptor


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The subject, the facts, and the place that was asked for evidence. `blobs`: how many of the store were read."""

    subject: "Subject"
    facts: "Facts"
    place: str
    read_bytes: bool
    is_file: bool = False
    blobs: int = 0
    damaged: tuple[str, ...] = ()


def gather(
    home: Home,
    source: str,
    trust_anchors: "TrustAnchors",
    *,
    platform: str | None,
    evidence: str | None,
    read: bool | None,
    name: str | None = None,
    whole_store: bool = False,
    ask: "Callable[[str], bytes] | None" = None,
    bundles: "Sequence[Path]" = (),
    talk: Talk = SILENT,
) -> Gathered:
    """Facts about SOURCE. `evidence`: a repository, `catalog`, or None for where the source itself keeps it.

    `name`: what the permissions of a trust are asked about; by default what SOURCE says, never what the evidence says.
    `read`: whether to read every layer; by default only when that needs no network. `whole_store`: with the content of a
    layout or archive, read every other blob of it as well. `ask`: as in `weigh_asking`. `bundles`: files with evidence, wherever
    they are and whatever they are called, besides what is found.
    """
    from pratique.artifact.selection import Chosen
    from pratique.evidence.collect import collect_from_repository
    from pratique.registry.open import open_repository

    with opened(source, platform, say=talk.say) as found, talk.progress() as (begin, move):
        artifact, file = found.artifact, found.file
        place = evidence or found.home or "catalog"
        if place == "catalog":
            collection = collect_from_home(home, artifact.subject.digest)
        else:
            repository, _ = open_repository(place)
            collection = collect_from_repository(repository, artifact.subject.digest)
        content = None
        if file is not None and (evidence is None or bundles):
            from pratique.evidence.sidecars import content_of

            content = content_of(file, chart_yaml_of(file) if found.source.scheme == "chart" else b"")
        if file is not None and evidence is None:
            from pratique.evidence.sidecars import collect_sidecars

            place = f"beside {file}, and catalog"
            collection = joined(collection, collect_sidecars(file))
        if bundles:
            from pratique.evidence.sidecars import collect_bundle_files

            collection = joined(collection, collect_bundle_files(bundles))
        tree = None
        if read if read is not None else found.local:
            begin("reading every byte")
            # Neither cache nor cataloger: the question is whether the bytes that are there now are the ones signed for.
            tree = artifact.read_tree(Chosen(), cache=None, progress=move)
        begin("verifying")
        facts, _ = appraise_asking(
            target_of(artifact),
            name or public_name(str(found.source)),
            collection,
            trust_anchors,
            tree=tree,
            content=content,
            ask=ask,
        )
        blobs, damaged = 0, list[str]()
        if whole_store and place == "catalog":
            damaged += damaged_documents(home, artifact.subject.digest)
        if whole_store and tree is not None and found.source.scheme in ("oci-dir", "oci-archive"):
            begin("reading the store")
            blobs, wrong = _check_store(str(found.source), artifact)
            damaged += wrong
        return Gathered(
            subject=artifact.subject,
            facts=facts,
            place=place,
            read_bytes=tree is not None,
            is_file=file is not None,
            blobs=blobs,
            damaged=tuple(damaged),
        )


def joined(one: "Collection", other: "Collection") -> "Collection":
    """What two places say. Where one could not be asked, the whole could not."""
    from pratique.evidence.collect import Collection

    broken = one if one.cause is not Cause.NONE else other
    return Collection(pieces=(*one.pieces, *other.pieces), cause=broken.cause, detail=broken.detail)


def chart_yaml_of(path: "Path") -> bytes:
    """The metadata of a packed chart, which its provenance file states."""
    import os

    from pratique.artifact.chart import read_chart_file
    from pratique.artifact.limits import parse_limits

    return read_chart_file(str(path), parse_limits(os.environ))[1]


def target_of(artifact: "Artifact") -> "Descriptor":
    """What signatures of the artifact are about."""
    from pratique.registry.types import Descriptor

    image = artifact.image
    if image is None:
        return Descriptor(media_type="application/octet-stream", digest=artifact.subject.digest, size=0)
    return Descriptor(media_type=image.media_type, digest=image.digest, size=len(image.manifest))


def appraise_asking(
    target: "Descriptor",
    name: str,
    collection: "Collection",
    trust_anchors: "TrustAnchors",
    *,
    tree: "Tree | None" = None,
    content: "FileSubject | None" = None,
    ask: "Callable[[str], bytes] | None" = None,
) -> "tuple[Facts, dict[str, bytes | None]]":
    """Appraise, and ask the revocation servers that certificates name, until there is nothing left to ask; and what they said.

    `ask`: the answer of a URL, or raises Unavailable; by default over the network.
    """
    from functools import partial

    from pratique.evidence.appraise import appraise

    once = partial(appraise, target, name, [collection], trust_anchors, now=int(time.time()), tree=tree, content=content)
    facts = once()
    if not facts.wanted:
        return facts, {}
    from pratique.tuf.revocation import ask_http, verify_asking

    return verify_asking(lambda answers: once(answers=answers), ask or ask_http)


def ask_nobody(url: str) -> bytes:
    """For where there is no network, or none is to be used. Raises Unavailable."""
    raise Unavailable("not asked: offline", where=url[:200])


def _check_store(source: str, artifact: "Artifact") -> tuple[int, list[str]]:
    from pratique.registry.layoutread import LayoutReader
    from pratique.registry.open import open_repository

    store, _ = open_repository(source)
    if not isinstance(store, LayoutReader) or artifact.image is None:
        return 0, []
    return store.check_blobs({layer.digest for layer in artifact.image.layers})


def collect_from_home(home: Home, subject: "Digest") -> "Collection":
    """What this home's catalog holds about the subject: nothing where there is none, and asking makes none."""
    if not home.catalog_directory.exists():
        from pratique.evidence.collect import Collection

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
