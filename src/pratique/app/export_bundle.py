"""An artifact with its evidence and a trust into one archive, which is verified before it gets its name."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pratique.app.gather import appraise_asking, collect_from_home
from pratique.app.home import Home
from pratique.app.sources import public_name
from pratique.errors import InputError
from pratique.model import Cause

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from pratique.evidence.trust_anchors import TrustAnchors
    from pratique.model import Digest
    from pratique.policy import Piece
    from pratique.registry.archive import ArchiveLayout
    from pratique.registry.types import Repository
    from pratique.tuf.value import FollowedTrust

NO_NAME = "exported"  # the tag of what has none


@dataclass(frozen=True, slots=True)
class Believed:
    """Whom the archive must convince. `here`: as this machine knows them; `there`: as whoever has the archive alone does."""

    here: "TrustAnchors"
    there: "Callable[[ArchiveLayout], TrustAnchors]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What must hold in the archive. `name`: what a trust knows the artifact by, None when nobody said so; `required`: predicate
    types; `unverified`: write it even if nothing verifies.
    """

    name: str | None = None
    required: tuple[str, ...] = ()
    unverified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """`said`: pieces of evidence, `restored` of them from the catalog; `verified`: there, None when nobody is believed."""

    digest: "Digest"
    said: int
    restored: int
    verified: int | None


def export_bundle(
    home: Home,
    source: str,
    path: "Path",
    *,
    trust: "FollowedTrust | None",
    trust_files: "Mapping[str, bytes]",
    believed: Believed | None,
    demands: Demands,
    list_evidence: bool = False,
    now: int,
) -> Exported:
    """Write the archive at `path`, with the trust if there is one. `now`: Unix seconds.

    It is read back as by somebody who has nothing else: everything gathered must be found in it, and verify. Else it raises
    Violation or Unavailable, and leaves nothing; so too what the source, the trust and the disk raise.
    """
    from pratique.registry.archive_write import engine_name, staged, write_archive
    from pratique.registry.copy import copy_artifact
    from pratique.registry.open import open_repository
    from pratique.registry.types import is_tag
    from pratique.ship.airgap import bundle_files, check_carried, check_verified, stored_answers

    if believed is None and demands.required:
        raise InputError("nobody is believed, so nothing can be required", hint="give --key K.pub or --trust trust.yaml")
    origin, reference = open_repository(source)
    tag = reference if reference is not None and is_tag(reference) else NO_NAME
    verified: int | None = None
    with staged(path) as layout:
        copied = copy_artifact(origin, reference or "", layout, tag)
        restored = sum(_from_catalog(home, layout, digest) for digest in copied.manifests)
        before, answers = _appraised(layout, copied.manifests, source, demands.name, believed.here) if believed else ((), {})

        def prove(archive: "ArchiveLayout") -> None:
            nonlocal verified
            check_carried(archive, layout, copied)
            if believed is None:
                return
            anchors, ask = believed.there(archive), stored_answers(archive)
            pieces, _ = _appraised(archive, copied.manifests, source, demands.name, anchors, ask=ask)
            verified = sum(piece.cause is Cause.NONE for piece in pieces)
            if not demands.unverified:
                check_verified(pieces, before, demands.required, where=str(path))

        files = bundle_files(
            name=public_name(source),
            digest=copied.descriptor.digest,
            now=now,
            anchors=trust,
            trust_files=trust_files,
            answers=answers,
        )
        write_archive(
            path,
            layout,
            copied.descriptor,
            tag=tag,
            name=engine_name(source),
            files=files,
            list_evidence=list_evidence,
            prove=prove,
        )
    return Exported(digest=copied.descriptor.digest, said=len(copied.said) + restored, restored=restored, verified=verified)


def _appraised(
    place: "Repository",
    digests: "Sequence[Digest]",
    source: str,
    name: str | None,
    trust_anchors: "TrustAnchors",
    *,
    ask: "Callable[[str], bytes] | None" = None,
) -> "tuple[tuple[Piece, ...], dict[str, bytes]]":
    """All that a place says about these manifests, and what revocation servers said, by URL, asked as a verifier would ask.

    A registry says what the artifact is called. Of a folder or an archive, of which nobody said so, nothing is held to what the
    trust lets its authorities speak about: it may be called something else where the archive is verified. All else that the trust
    says holds: who is an authority and may say such a thing, by when, who must agree, and what is retired, compromised or taken
    back.
    """
    from pratique.evidence.collect import collect_from_repository

    if name is None and trust_anchors.trust is not None and not source.startswith("registry:"):
        trust_anchors = replace(trust_anchors, trust=trust_anchors.trust.whatever_its_name())
    pieces: list[Piece] = []
    answers: dict[str, bytes] = {}
    for digest in digests:
        target, collection = place.fetch_manifest(digest).descriptor, collect_from_repository(place, digest)
        called = name or public_name(source)
        facts, told = appraise_asking(target, called, collection, trust_anchors, ask=ask)
        answers |= {url: data for url, data in told.items() if data is not None}
        pieces += facts.pieces
    return tuple(pieces), answers


def _from_catalog(home: Home, layout: "Repository", digest: "Digest") -> int:
    """Put what only the catalog has beside the artifact; how much that was."""
    from pratique.evidence.collect import collect_from_repository
    from pratique.registry.attach import attach_bundles

    present = {piece.digest for piece in collect_from_repository(layout, digest).pieces}
    kept = [piece for piece in collect_from_home(home, digest).pieces if piece.cause is Cause.NONE]
    lost = [piece for piece in kept if piece.digest not in present]
    subject = layout.fetch_manifest(digest).descriptor
    attach_bundles(layout, subject, [(piece.claimed_type, piece.data) for piece in lost], created=None)
    return len(lost)
