"""Verify each piece that was collected, and compare what they say with each other and with the bytes. Pure.

A piece goes through these questions in this order, and stops at the first no: could it be had; is it what it claims to be; does
its signature verify, by whom, and are its times and log proofs good (`testimony`); is it about this artifact; may that signer say
so, and was it in time (`pratique.trust`). Only then is its predicate read.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from pratique.documents.check import compare_files
from pratique.documents.claims import ParsedSbom, read_claims
from pratique.errors import Expired, InputError, Revoked, Untrusted, Violation
from pratique.evidence.collect import Collected, Collection
from pratique.evidence.trust_anchors import TrustAnchors
from pratique.evidence.verify import Answers, FileSubject, Rejected, VerifiedClaim, cause_of, verify_piece
from pratique.model import Cause, Digest, FileManifest, Tree, parse_manifest
from pratique.model.predicates import FILE_MANIFEST, IMAGE_SIGNATURE, SBOM_TYPES, TITLES
from pratique.model.signer import OpenPgpSigner
from pratique.policy.facts import ComponentFacts, Facts, Piece, SbomFacts
from pratique.trust import Utterance, authorise

if TYPE_CHECKING:
    from pratique.registry.types import Descriptor

NO_ANSWERS: Answers = MappingProxyType({})
NO_ANNOTATIONS: Mapping[str, str] = MappingProxyType({})


def appraise(
    target: "Descriptor",
    name: str,
    collections: Sequence[Collection],
    trust_anchors: TrustAnchors,
    *,
    now: int,
    tree: Tree | None = None,
    answers: Answers = NO_ANSWERS,
    content: FileSubject | None = None,
    annotations: Mapping[str, str] = NO_ANNOTATIONS,
) -> Facts:
    """Facts about `target`. With `tree`, what the manifests say is compared with the files themselves.

    `name`: what the user asked for, which permissions are about; never what the evidence calls itself. `now`: Unix seconds.
    `answers`: what revocation servers said, by URL; what is still to be asked is in each piece's `wanted`.
    `content`: of a file, for signatures of its bytes. `annotations`: what a signature must be annotated with to count.
    """
    broken = next((place for place in collections if place.cause is not Cause.NONE), None)
    # The same bytes may be attached again as something that they are not: that takes nothing from what they are.
    seen = {
        (piece.digest, piece.form.value, piece.media_type, piece.about.digest if piece.about else ""): piece
        for place in collections
        for piece in place.pieces
    }
    pieces = tuple(
        _appraise_piece(found, target, name, trust_anchors, now=now, answers=answers, content=content, annotations=annotations)
        for _, found in sorted(seen.items())
    )
    return Facts(
        subject=target.digest,
        subject_name=name,
        pieces=pieces,
        sboms=_compare(pieces, target.digest, tree),
        gathering=broken.cause if broken else Cause.NONE,
        gathering_detail=broken.detail if broken else "",
    )


def _appraise_piece(
    found: Collected,
    target: "Descriptor",
    name: str,
    trust_anchors: TrustAnchors,
    *,
    now: int,
    answers: Answers = NO_ANSWERS,
    content: FileSubject | None = None,
    annotations: Mapping[str, str] = NO_ANNOTATIONS,
) -> Piece:
    claim = verify_piece(found, target, trust_anchors, now=now, answers=answers, content=content)
    about = found.about.digest if found.about is not None else None
    if isinstance(claim, Rejected):
        return Piece(
            about=about,
            bundle=found.digest,
            predicate_type=found.claimed_type,
            cause=claim.cause,
            detail=claim.detail,
            form=found.form.value,
            wanted=claim.wanted,
        )

    def piece(cause: Cause, detail: str = "", authority: str = "") -> Piece:
        verified = cause is Cause.NONE
        return Piece(
            about=about,
            bundle=found.digest,
            predicate_type=claim.predicate_type,
            cause=cause,
            detail=detail,
            authority=authority,
            form=found.form.value,
            said=claim.said if verified else dict,
            signed=claim.signed if verified else None,
            wanted=claim.wanted,
        )

    if (about or target.digest) not in claim.subjects:
        title = TITLES.get(claim.predicate_type, claim.predicate_type)
        return piece(Cause.MISMATCH, f"the {title} there is about another artifact ({claim.about})")
    notes = claim.annotations.get(about or target.digest, {})
    lacking = [f"{name}={text}" for name, text in sorted(annotations.items()) if notes.get(name) != text]
    if lacking and claim.predicate_type == IMAGE_SIGNATURE:
        return piece(Cause.MISMATCH, f"signed without the annotation {', '.join(lacking)[:200]}")
    try:
        return piece(Cause.NONE, authority=_authority(claim, found, name, trust_anchors, now))
    except (Untrusted, Expired, Revoked) as error:
        return piece(cause_of(error), error.message)


def _authority(claim: VerifiedClaim, found: Collected, name: str, trust_anchors: TrustAnchors, now: int) -> str:
    """Whose voice this is. Raises Untrusted, Expired, Revoked."""
    if isinstance(claim.signed.signer, OpenPgpSigner):
        if trust_anchors.trust is not None:
            raise Untrusted(f"signed by {claim.signed.signer}: a trust does not speak of OpenPGP keys")
        return str(claim.signed.signer)  # verified with the keyring that is believed
    if trust_anchors.trust is None:
        match = trust_anchors.authorities.find(claim.signed.signer)
        if match is None:
            raise Untrusted(f"signed by {claim.signed.signer}, who is not among those that are believed")
        return match[0].name
    utterance = Utterance(
        predicate_type=claim.predicate_type,
        artifact_name=name,
        subjects=claim.subjects,
        statement=claim.payload,
        bundle=found.digest,
    )
    return authorise(trust_anchors.trust, claim.signed, utterance, now=now).name


def _compare(pieces: Sequence[Piece], subject: Digest, tree: Tree | None) -> tuple[SbomFacts, ...]:
    """Each trusted SBOM against the manifests of the same authority, and those against the files."""
    verified = [piece for piece in pieces if piece.cause is Cause.NONE]
    manifests = [piece for piece in verified if piece.predicate_type == FILE_MANIFEST]
    return tuple(
        _compare_sbom(piece, [item for item in manifests if item.authority == piece.authority], piece.about or subject, tree)
        for piece in verified
        if piece.predicate_type in SBOM_TYPES
    )


def _compare_sbom(piece: Piece, manifests: Sequence[Piece], subject: Digest, tree: Tree | None) -> SbomFacts:
    try:
        sbom = read_claims(piece.predicate)
    except InputError as error:
        return SbomFacts(authority=piece.authority, cause=Cause.UNREADABLE, detail=f"the SBOM: {error}", unread=str(error))
    components = tuple(
        ComponentFacts(purl=item.purl, name=item.name, version=item.version, kind=item.kind, cpes=item.cpes, licences=item.held)
        for item in (*sbom.components, *sbom.others)
    )
    cause, detail = _bind(sbom, manifests, subject, tree)
    return SbomFacts(
        authority=piece.authority,
        cause=cause,
        detail=detail,
        components=components,
        licence_names=sbom.licence_names,
        compared_bytes=tree is not None,
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


def trusted_manifest(
    target: "Descriptor", name: str, collection: Collection, trust_anchors: TrustAnchors, *, now: int
) -> tuple[FileManifest | None, Cause, str]:
    """The one file manifest about `target` that somebody who may signed; else None and why. Two that differ are refused."""
    pieces = [_appraise_piece(found, target, name, trust_anchors, now=now) for found in collection.pieces]
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
