"""Verify each collected bundle and compare what they say with each other and with the bytes. Pure.

A bundle goes through five questions in this order, and stops at the first no: could it be had; is it a bundle; did a trusted
key sign it; is its log proof good; is it about this artifact. Only then is its predicate read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pratique.attest.bundle import UnverifiedBundle, parse_bundle
from pratique.attest.record import check_record
from pratique.attest.verify import verify_bundle
from pratique.errors import InputError, ProofInvalid, Untrusted, Violation
from pratique.evidence.collect import Collected, Collection
from pratique.model import Cause, Digest, FileManifest, Tree, parse_manifest
from pratique.model.predicates import CYCLONEDX, FILE_MANIFEST, TITLES
from pratique.policy.facts import Facts, Piece, SbomFacts
from pratique.sbom.check import compare_files
from pratique.sbom.formats.cyclonedx import ParsedSbom, read_cyclonedx
from pratique.tlog.verify import verify_entry

if TYPE_CHECKING:
    from pratique.attest.publickey import PublicKey
    from pratique.trust.authorities import Authorities


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedKeys:
    """Who is believed. `keys`: by keyid; `authorities`: whose they are; `logs`: log keys by their 32-byte log ID."""

    keys: Mapping[str, "PublicKey"]
    authorities: "Authorities"
    logs: Mapping[bytes, "PublicKey"] = field(default_factory=dict)


def weigh(
    subject: Digest, name: str, collections: Sequence[Collection], trust: TrustedKeys, *, tree: Tree | None = None
) -> Facts:
    """Facts about `subject`. With `tree`, what the manifests say is compared with the files themselves."""
    broken = next((place for place in collections if place.cause is not Cause.NONE), None)
    seen: dict[Digest, Collected] = {bundle.digest: bundle for place in collections for bundle in place.bundles}
    pieces = tuple(_weigh_bundle(found, subject, trust) for _, found in sorted(seen.items()))
    return Facts(
        subject=subject,
        subject_name=name,
        pieces=pieces,
        sboms=_compare(pieces, subject, tree),
        gathering=broken.cause if broken else Cause.NONE,
        gathering_detail=broken.detail if broken else "",
    )


def _weigh_bundle(found: Collected, subject: Digest, trust: TrustedKeys) -> Piece:
    if found.cause is not Cause.NONE:
        return Piece(bundle=found.digest, predicate_type=found.claimed_type, cause=found.cause, detail=found.detail)
    try:
        bundle = parse_bundle(found.data)
    except InputError as error:
        detail = f"{found.where}: {error}"
        return Piece(bundle=found.digest, predicate_type=found.claimed_type, cause=Cause.INVALID, detail=detail)
    try:
        verified = verify_bundle(bundle, trust.keys)
        log_index = _prove_logged(bundle, trust)
    except Untrusted as error:
        return Piece(bundle=found.digest, predicate_type=found.claimed_type, cause=Cause.UNTRUSTED, detail=str(error))
    except (Violation, InputError) as error:
        detail = f"{found.where}: {error}"
        return Piece(bundle=found.digest, predicate_type=found.claimed_type, cause=Cause.INVALID, detail=detail)
    statement = verified.statement
    if subject not in statement.digests:
        about = ", ".join(f"{item.name or 'something'} {item.digest.get('sha256', '')[:12]}" for item in statement.subjects[:2])
        title = TITLES.get(statement.predicate_type, statement.predicate_type)
        detail = f"the {title} there is about another artifact ({about})"
        return Piece(bundle=found.digest, predicate_type=statement.predicate_type, cause=Cause.MISMATCH, detail=detail)
    return Piece(
        bundle=found.digest,
        predicate_type=statement.predicate_type,
        cause=Cause.NONE,
        authority=trust.authorities.name_of(verified.keyid) or "",
        keyid=verified.keyid,
        predicate=statement.predicate,
        log_index=log_index,
    )


def _prove_logged(bundle: UnverifiedBundle, trust: TrustedKeys) -> int | None:
    """The index in a log we know, None when no such log is named. Raises ProofInvalid when a proof does not hold."""
    for entry in bundle.log_entries:
        key = trust.logs.get(entry.log_id)
        if key is None:
            continue
        if entry.proof is None:
            raise ProofInvalid("the log entry has no inclusion proof")
        check_record(entry.body, bundle)
        verify_entry(
            entry.body,
            index=entry.proof.log_index,
            size=entry.proof.tree_size,
            root=entry.proof.root_hash,
            hashes=entry.proof.hashes,
            checkpoint=entry.proof.checkpoint,
            public_key=key.raw,
        )
        return entry.proof.log_index
    return None


def _compare(pieces: Sequence[Piece], subject: Digest, tree: Tree | None) -> tuple[SbomFacts, ...]:
    """Each trusted SBOM against the manifests of the same authority, and those against the files."""
    verified = [piece for piece in pieces if piece.cause is Cause.NONE]
    manifests = [piece for piece in verified if piece.predicate_type == FILE_MANIFEST]
    return tuple(
        _compare_sbom(piece, [item for item in manifests if item.authority == piece.authority], subject, tree)
        for piece in verified
        if piece.predicate_type == CYCLONEDX
    )


def _compare_sbom(piece: Piece, manifests: Sequence[Piece], subject: Digest, tree: Tree | None) -> SbomFacts:
    try:
        sbom = read_cyclonedx(piece.predicate)
    except InputError as error:
        return SbomFacts(authority=piece.authority, cause=Cause.UNREADABLE, detail=f"the SBOM: {error}")
    components = tuple((item.purl, item.licences) for item in sbom.components if item.purl)
    cause, detail = _bind(sbom, manifests, subject, tree)
    return SbomFacts(
        authority=piece.authority, cause=cause, detail=detail, components=components, compared_bytes=tree is not None
    )


def _bind(sbom: ParsedSbom, manifests: Sequence[Piece], subject: Digest, tree: Tree | None) -> tuple[Cause, str]:
    if sbom.subject_digest is not None and sbom.subject_digest != subject:
        return Cause.MISMATCH, f"the SBOM is about {sbom.subject_digest}"
    if not sbom.manifest_root:
        return Cause.UNREADABLE, "the SBOM names no file manifest, so it proves nothing about the bytes"
    for piece in manifests:
        try:
            manifest = parse_manifest(piece.predicate)
        except (Violation, InputError) as error:
            return Cause.INVALID, f"the file manifest: {error}"
        if manifest.root != sbom.manifest_root:
            continue
        if tree is not None:
            differing = [f"{item.kind} {item.place}" for item in compare_files(manifest, tree)]
            if differing:
                more = f" and {len(differing) - 3} more" if len(differing) > 3 else ""
                return Cause.MISMATCH, f"the files are not those of the SBOM: {', '.join(differing[:3])}{more}"
        known = sum(1 for item in sbom.components if item.purl)
        against = "compared with the bytes" if tree is not None else "compared with the file manifest"
        return Cause.NONE, f"{known} components, {len(manifest.entries):,} files, {against}"
    if manifests:
        return Cause.MISMATCH, f"the SBOM states the file manifest {sbom.manifest_root}, the attached one is another"
    return Cause.ABSENT, "there is no file manifest beside the SBOM, so it proves nothing about the bytes"


def trusted_manifest(subject: Digest, collection: Collection, trust: TrustedKeys) -> tuple[FileManifest | None, Cause, str]:
    """The one file manifest about `subject` that a trusted key signed; else None and why. Two that differ are refused."""
    pieces = [_weigh_bundle(found, subject, trust) for found in collection.bundles]
    pieces = [piece for piece in pieces if piece.predicate_type in (FILE_MANIFEST, "")]
    found: dict[Digest, FileManifest] = {}
    for piece in pieces:
        if piece.cause is Cause.NONE:
            try:
                manifest = parse_manifest(piece.predicate)
            except (Violation, InputError) as error:
                return None, Cause.INVALID, str(error)
            found[manifest.root] = manifest
    if len(found) > 1:
        return None, Cause.MISMATCH, f"{len(found)} different file manifests are signed for this image"
    if found:
        return next(iter(found.values())), Cause.NONE, ""
    if pieces:
        return None, pieces[0].cause, pieces[0].detail
    return None, Cause.ABSENT, "there is no signed file manifest for this image"
