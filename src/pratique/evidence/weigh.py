"""Verify each piece that was collected, and compare what they say with each other and with the bytes. Pure.

A piece goes through these questions in this order, and stops at the first no: could it be had; is it what it claims to be; does
its signature verify, by whom, and are its times and log proofs good (`testimony`); is it about this artifact; may that signer say
so, and was it in time (`pratique.trust`). Only then is its predicate read.
"""

from collections.abc import Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from pratique.errors import Expired, InputError, Revoked, Untrusted, Violation
from pratique.evidence.belief import Belief
from pratique.evidence.collect import Collected, Collection
from pratique.evidence.testimony import Answers, Content, Refused, Testimony, cause_of, hear
from pratique.model import Cause, Digest, FileManifest, Tree, parse_manifest
from pratique.model.predicates import CYCLONEDX, FILE_MANIFEST, TITLES
from pratique.model.signer import OpenPgpSigner
from pratique.policy.facts import Facts, Piece, SbomFacts
from pratique.sbom.check import compare_files
from pratique.sbom.formats.cyclonedx import ParsedSbom, read_cyclonedx
from pratique.trust import Claim, authorise

if TYPE_CHECKING:
    from pratique.registry.types import Descriptor

NO_ANSWERS: Answers = MappingProxyType({})


def weigh(
    target: "Descriptor",
    name: str,
    collections: Sequence[Collection],
    belief: Belief,
    *,
    now: int,
    tree: Tree | None = None,
    answers: Answers = NO_ANSWERS,
    content: Content | None = None,
) -> Facts:
    """Facts about `target`. With `tree`, what the manifests say is compared with the files themselves.

    `name`: what the user asked for, which permissions are about; never what the evidence calls itself. `now`: Unix seconds.
    `answers`: what revocation servers said, by URL; what is still to be asked is in each piece's `wanted`.
    `content`: of a file, for signatures of its bytes.
    """
    broken = next((place for place in collections if place.cause is not Cause.NONE), None)
    # The same bytes may be attached again as something that they are not: that takes nothing from what they are.
    seen = {(piece.digest, piece.form.value, piece.media_type): piece for place in collections for piece in place.pieces}
    pieces = tuple(
        _weigh_piece(found, target, name, belief, now=now, answers=answers, content=content) for _, found in sorted(seen.items())
    )
    return Facts(
        subject=target.digest,
        subject_name=name,
        pieces=pieces,
        sboms=_compare(pieces, target.digest, tree),
        gathering=broken.cause if broken else Cause.NONE,
        gathering_detail=broken.detail if broken else "",
    )


def _weigh_piece(
    found: Collected,
    target: "Descriptor",
    name: str,
    belief: Belief,
    *,
    now: int,
    answers: Answers = NO_ANSWERS,
    content: Content | None = None,
) -> Piece:
    heard = hear(found, target, belief, now=now, answers=answers, content=content)
    if isinstance(heard, Refused):
        return Piece(
            bundle=found.digest,
            predicate_type=found.claimed_type,
            cause=heard.cause,
            detail=heard.detail,
            form=found.form.value,
            wanted=heard.wanted,
        )

    def piece(cause: Cause, detail: str = "", authority: str = "") -> Piece:
        verified = cause is Cause.NONE
        return Piece(
            bundle=found.digest,
            predicate_type=heard.predicate_type,
            cause=cause,
            detail=detail,
            authority=authority,
            form=found.form.value,
            said=heard.said if verified else dict,
            signed=heard.signed if verified else None,
            wanted=heard.wanted,
        )

    if target.digest not in heard.subjects:
        title = TITLES.get(heard.predicate_type, heard.predicate_type)
        return piece(Cause.MISMATCH, f"the {title} there is about another artifact ({heard.about})")
    try:
        return piece(Cause.NONE, authority=_authority(heard, found, name, belief, now))
    except (Untrusted, Expired, Revoked) as error:
        return piece(cause_of(error), error.message)


def _authority(heard: Testimony, found: Collected, name: str, belief: Belief, now: int) -> str:
    """Whose voice this is. Raises Untrusted, Expired, Revoked."""
    if isinstance(heard.signed.signer, OpenPgpSigner):
        if belief.trust is not None:
            raise Untrusted(f"signed by {heard.signed.signer}: a trust does not speak of OpenPGP keys")
        return str(heard.signed.signer)  # verified with the keyring that is believed
    if belief.trust is None:
        match = belief.authorities.find(heard.signed.signer)
        if match is None:
            raise Untrusted(f"signed by {heard.signed.signer}, who is not among those that are believed")
        return match[0].name
    claim = Claim(
        predicate_type=heard.predicate_type,
        artifact_name=name,
        subjects=heard.subjects,
        statement=heard.payload,
        bundle=found.digest,
    )
    return authorise(belief.trust, heard.signed, claim, now=now).name


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


def trusted_manifest(
    target: "Descriptor", name: str, collection: Collection, belief: Belief, *, now: int
) -> tuple[FileManifest | None, Cause, str]:
    """The one file manifest about `target` that somebody who may signed; else None and why. Two that differ are refused."""
    pieces = [_weigh_piece(found, target, name, belief, now=now) for found in collection.pieces]
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
