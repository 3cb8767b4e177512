"""Decide who counts: each piece that was collected, and whether enough of them agree. Pure.

A piece goes through these questions in this order, and stops at the first no: could it be had; is it what it claims to be; does
its signature verify, by whom, and are its times and log proofs good (`verify`); does no other piece prove that its log was
forked (`forks`); is it about this artifact; may that signer say so, and was it in time (`pratique.trust`); and did as many say
the same as the trust asks for (`_hold_to_thresholds`). Only then is its predicate to be had, and compared with the others and
with the bytes (`compare`). Whoever prints, gates or enforces reads the facts and counts nothing again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from pratique.attest.strictjson import canonical_json
from pratique.errors import Expired, InputError, Revoked, Untrusted, Violation
from pratique.evidence.claims import FileSubject, Rejected, VerifiedClaim
from pratique.evidence.collected import Collected, Collection
from pratique.evidence.compare import agreed_manifest, compare
from pratique.evidence.forks import find_forks
from pratique.evidence.trust_anchors import TrustAnchors
from pratique.evidence.verify import Answers, cause_of, notation_statement, verify_piece
from pratique.model import Cause, Digest, FileManifest, State, Tree, parse_manifest
from pratique.model.predicates import FILE_MANIFEST, IMAGE_SIGNATURE, SLSA_PROVENANCE, SLSA_VSA, TITLES
from pratique.model.signer import CertifiedSigner, OpenPgpSigner
from pratique.policy.facts import Agreement, Facts, Piece
from pratique.trust import Trust, Utterance, authorise, check_bans, check_quorum

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
    everything = [found for _, found in sorted(seen.items())]
    claims = [
        verify_piece(found, target, trust_anchors, name=name, now=now, answers=answers, content=content) for found in everything
    ]
    forks = find_forks(
        (found.digest, tree)
        for found, claim in zip(everything, claims, strict=True)
        if isinstance(claim, VerifiedClaim)
        for tree in claim.signed.trees
    )
    appraised = tuple(
        _appraise_piece(
            found, claim, target, name, trust_anchors, now=now, annotations=annotations, forked=forks.get(found.digest, "")
        )
        for found, claim in zip(everything, claims, strict=True)
    )
    pieces, agreements = _hold_to_thresholds(appraised, name, trust_anchors.trust)
    sboms, manifests = compare(pieces, target.digest, tree)
    return Facts(
        subject=target.digest,
        subject_name=name,
        pieces=pieces,
        sboms=sboms,
        manifests=manifests,
        agreements=agreements,
        gathering=broken.cause if broken else Cause.NONE,
        gathering_detail=broken.detail if broken else "",
    )


def _appraise_piece(
    found: Collected,
    claim: VerifiedClaim | Rejected,
    target: "Descriptor",
    name: str,
    trust_anchors: TrustAnchors,
    *,
    now: int,
    annotations: Mapping[str, str],
    forked: str,
) -> Piece:
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
            unread=found.unread,
            lost=found.lost,
        )

    def piece(cause: Cause, detail: str = "", authority: str = "", in_place: bool = False) -> Piece:
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
            in_place=in_place,
            signed=claim.signed if verified else None,
            unproven=claim.unproven if verified else (),
            wanted=claim.wanted,
        )

    if forked:
        return piece(Cause.INVALID, forked)
    if (about or target.digest) not in claim.subjects:
        title = TITLES.get(claim.predicate_type, claim.predicate_type)
        return piece(Cause.MISMATCH, f"the {title} there is about another artifact ({claim.about})")
    notes = claim.annotations.get(about or target.digest, {})
    lacking = [f"{name}={text}" for name, text in sorted(annotations.items()) if notes.get(name) != text]
    if lacking and claim.predicate_type == IMAGE_SIGNATURE:
        return piece(Cause.MISMATCH, f"signed without the annotation {', '.join(lacking)[:200]}")
    try:
        authority, in_place = _authority(claim, found, name, trust_anchors, now)
        return piece(Cause.NONE, authority=authority, in_place=in_place)
    except (Untrusted, Expired, Revoked) as error:
        return piece(cause_of(error), error.message)


def _authority(claim: VerifiedClaim, found: Collected, name: str, trust_anchors: TrustAnchors, now: int) -> tuple[str, bool]:
    """Whose voice this is, and whether it was named in place, beside a trust. Raises Untrusted, Expired, Revoked."""
    signer, trust = claim.signed.signer, trust_anchors.trust
    if isinstance(signer, OpenPgpSigner) and trust is not None:
        raise Untrusted(f"signed by {signer}: a trust does not speak of OpenPGP keys")
    utterance = Utterance(
        predicate_type=claim.predicate_type,
        artifact_name=name,
        subjects=claim.subjects,
        statement=claim.payload,
        bundle=found.digest,
        also=claim.also if found.file is None else claim.also | {found.file},
    )
    if trust_anchors.bans is not None:
        check_bans(trust_anchors.bans, claim.signed, utterance, now=now)
    if isinstance(signer, OpenPgpSigner):
        return str(signer), False  # verified with the keyring that is believed
    if isinstance(signer, CertifiedSigner) and trust_anchors.notation is not None:
        if trust is not None:
            check_bans(trust, claim.signed, utterance, now=now)
        return notation_statement(trust_anchors, name).name, True
    named = trust_anchors.in_place.find(signer)
    if named is not None:
        if trust is not None:
            check_bans(trust, claim.signed, utterance, now=now)
        return named[0].name, True
    if trust is not None:
        name = authorise(trust, claim.signed, utterance, now=now).name
        if name in trust_anchors.in_place.names:
            raise Untrusted(f"signed by {signer}, {name} of the trust: that name means somebody else here")
        return name, False
    match = trust_anchors.authorities.find(signer)
    if match is None:
        raise Untrusted(f"signed by {signer}, who is not among those that are believed")
    return match[0].name, False


def trusted_manifest(
    target: "Descriptor", name: str, collection: Collection, trust_anchors: TrustAnchors, *, now: int
) -> tuple[FileManifest | None, Cause, str]:
    """The one file manifest about `target` that enough of those who may have signed; else None and why.

    Two that differ are refused: one of them is not true, and nobody can tell which.
    """
    facts = appraise(target, name, [collection], trust_anchors, now=now)
    if facts.manifests:
        return agreed_manifest(facts.manifests)
    if facts.gathering is not Cause.NONE:
        return None, facts.gathering, facts.gathering_detail
    pieces = facts.of_type(FILE_MANIFEST)
    # What could not be had may be the one that is missing: that is not the same as a no.
    for piece in sorted(pieces, key=lambda piece: piece.cause.state is not State.UNCHECKED):
        return None, piece.cause, piece.detail
    return None, Cause.ABSENT, "there is no signed file manifest for this image"


def _hold_to_thresholds(
    pieces: Sequence[Piece], name: str, trust: Trust | None
) -> tuple[tuple[Piece, ...], tuple[Agreement, ...]]:
    """Here it is decided whether enough signed: what too few authorities said is no verified piece any more, and says nothing.

    Counted are authorities, never signatures, and only those who said *the same*: one who vouches for other files or another SBOM
    vouches for nothing here. Whom a policy names in place is counted by the policy, not by the trust.
    """
    if trust is None:
        return tuple(pieces), ()
    by_name = {authority.name: authority for authority in trust.authorities.items}
    kinds = {kind for rule in trust.thresholds for kind in rule.predicates if rule.covers(kind, name)}
    held: dict[int, Piece] = {}
    agreements = []
    for kind in sorted(kinds):
        said: dict[str, list[tuple[int, Piece]]] = {}
        for index, piece in enumerate(pieces):
            if piece.predicate_type == kind and piece.cause is Cause.NONE and not piece.in_place:
                said.setdefault(_substance(piece), []).append((index, piece))
        failures: list[str] = []
        agreed: frozenset[str] = frozenset()
        for group in said.values():
            voices = [by_name[piece.authority] for _, piece in group]
            try:
                agreed |= check_quorum(trust, voices, predicate_type=kind, artifact_name=name)
            except Untrusted as error:
                failures.append(error.message)
                held |= {index: _below(piece, error.message, pieces) for index, piece in group}
        agreements.append(_agreement(kind, agreed, failures, pieces, trust, name))
    return tuple(held.get(index, piece) for index, piece in enumerate(pieces)), tuple(agreements)


def _agreement(
    kind: str, agreed: frozenset[str], failures: Sequence[str], pieces: Sequence[Piece], trust: Trust, name: str
) -> Agreement:
    if agreed:
        text = f"{TITLES.get(kind, kind)}: {', '.join(sorted(agreed))}"
        return Agreement(predicate_type=kind, cause=Cause.NONE, detail=text)
    if not failures:
        try:
            check_quorum(trust, (), predicate_type=kind, artifact_name=name)
        except Untrusted as error:
            failures = [error.message]
    return Agreement(predicate_type=kind, cause=_lacking(kind, pieces), detail=failures[0])


def _below(piece: Piece, why: str, pieces: Sequence[Piece]) -> Piece:
    """The piece without a voice: who said it is told to people, what was said to nobody."""
    detail = f"by {piece.authority}, which alone does not count: {why}"
    cause = _lacking(piece.predicate_type, pieces)
    return replace(piece, cause=cause, detail=detail, authority="", said=dict, signed=None)


def _lacking(kind: str, pieces: Sequence[Piece]) -> Cause:
    """Why there are not enough: nobody knows as long as one that could be the missing one could not be had."""
    open_ = any(piece.predicate_type in (kind, "") and piece.cause.state is State.UNCHECKED for piece in pieces)
    return Cause.UNREACHABLE if open_ else Cause.UNTRUSTED


def _substance(piece: Piece) -> str:
    """What a claim holds somebody to, so that two who say the same are recognised: a digest, or nothing for a bare signature.

    A file manifest is its root. Times and build numbers are not what provenance holds to: who built is, and from what. What is
    said about an index is not what is said about an image of it; but a signature of the index is one of all that it names.
    """
    if piece.predicate_type == IMAGE_SIGNATURE:
        return ""
    try:
        predicate = dict(piece.predicate)
        if piece.predicate_type == FILE_MANIFEST:
            return f"{parse_manifest(predicate).root} {piece.about}"
        if piece.predicate_type == SLSA_PROVENANCE:
            details = predicate.pop("runDetails", None)
            predicate["builder"] = details.get("builder") if isinstance(details, dict) else None
        if piece.predicate_type == SLSA_VSA:
            predicate.pop("timeVerified", None)
        return f"{Digest.of(canonical_json(predicate))} {piece.about}"
    except (InputError, Violation):
        return f"unreadable: {piece.bundle}"  # agrees with nothing but itself
