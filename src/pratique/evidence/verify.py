"""From the bytes of one piece of evidence, in whatever form, to what somebody said: verified, and not yet appraised. Pure.

Whether that somebody may say it is `pratique.trust`'s to answer, whether it helps is the policy's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from pratique.attest.bundle import MessageSignature, UnverifiedBundle, parse_bundle
from pratique.attest.members import base64_text
from pratique.attest.statement import StatementHead, StatementSubject, parse_statement
from pratique.attest.verify import verify_bundle
from pratique.errors import (
    DigestMismatch,
    Expired,
    InputError,
    LimitExceeded,
    Malformed,
    PratiqueError,
    ProofInvalid,
    Revoked,
    SignatureInvalid,
    Unavailable,
    Untrusted,
)
from pratique.evidence.claims import FileSubject, Rejected, VerifiedClaim
from pratique.evidence.collected import Collected, EvidenceForm, SignedChart
from pratique.evidence.places import own_places
from pratique.evidence.trust_anchors import TrustAnchors
from pratique.model import Cause, Digest
from pratique.model.predicates import IMAGE_SIGNATURE
from pratique.model.signer import KeySigner, Signed
from pratique.trust import proven_at

if TYPE_CHECKING:
    from pratique.attest.notation.policy import TrustStatement
    from pratique.registry.types import Descriptor

Answers = Mapping[str, bytes | None]

_PROMISED = ("0.1", "")  # "" for what is no bundle, and older


def verify_piece(
    found: Collected,
    target: "Descriptor",
    trust_anchors: TrustAnchors,
    *,
    name: str = "",
    now: int,
    answers: Answers,
    content: FileSubject | None = None,
) -> VerifiedClaim | Rejected:
    """Verify one collected piece. `target`: what it should be about, `name`: what the user calls it; `content`: its bytes, of a
    file; `now`: Unix seconds.
    """
    if found.cause is not Cause.NONE:
        return Rejected(cause=found.cause, detail=found.detail)
    target = found.about or target
    if content is not None and content.artifact.digests.get(target.digest.algorithm) != bytes.fromhex(target.digest.hex):
        return Rejected(cause=Cause.MISMATCH, detail=f"{content.name} changed while it was read")
    try:
        match found.form:
            case EvidenceForm.BUNDLE:
                return _verify_bundle(parse_bundle(found.data), target, trust_anchors, now, content)
            case EvidenceForm.COSIGN_SIGNATURE:
                return _verify_cosign_signature(found, target, trust_anchors)
            case EvidenceForm.COSIGN_BLOB | EvidenceForm.ENVELOPE:
                return _verify_older_file(found, target, trust_anchors, now, content)
            case EvidenceForm.COSIGN_ATTESTATION:
                return _verify_cosign_attestation(found, target, trust_anchors)
            case EvidenceForm.NOTATION:
                return _verify_notation(found, target, trust_anchors, name=name, now=now, answers=answers)
            case EvidenceForm.ANNOTATION:
                return _verify_annotation(found, target, trust_anchors, now)
            case EvidenceForm.RAW | EvidenceForm.PROVENANCE:
                return _verify_beside(found, target, trust_anchors, content, now)
    except PratiqueError as error:
        cause = cause_of(error)
        detail = error.message if cause in (Cause.UNTRUSTED, Cause.EXPIRED, Cause.REVOKED) else f"{found.where}: {error}"
        return Rejected(cause=cause, detail=detail)


def cause_of(error: PratiqueError) -> Cause:
    """What an error of verification means for the verdict. What is not about the evidence is raised again."""
    for kind, cause in _CAUSES:
        if isinstance(error, kind):
            return cause
    raise error


_CAUSES: tuple[tuple[type[PratiqueError], Cause], ...] = (
    (Untrusted, Cause.UNTRUSTED),
    (Expired, Cause.EXPIRED),
    (Revoked, Cause.REVOKED),
    (DigestMismatch, Cause.MISMATCH),
    (SignatureInvalid, Cause.INVALID),
    (ProofInvalid, Cause.INVALID),
    (Unavailable, Cause.UNREACHABLE),
    (InputError, Cause.INVALID),
)


def _verify_bundle(
    bundle: UnverifiedBundle, target: "Descriptor", trust_anchors: TrustAnchors, now: int, content: FileSubject | None
) -> VerifiedClaim:
    with_root = trust_anchors.root is not None and bundle.log_entries  # whose logs may have it
    if bundle.certificates or bundle.timestamps or with_root or isinstance(bundle.content, MessageSignature):
        return _verify_sigstore(bundle, target, trust_anchors, now, content)
    # A bare key and a statement: nothing of X.509 is needed, and it is how we sign ourselves.
    verified = verify_bundle(bundle, trust_anchors.keys)
    signed, unproven = _with_places(bundle, trust_anchors, Signed(signer=KeySigner(keyid=verified.keyid)), now)
    claim = _attested(verified.head, bundle.envelope.payload, signed, target, content)
    return replace(claim, unproven=unproven)


def _verify_sigstore(
    bundle: UnverifiedBundle, target: "Descriptor", trust_anchors: TrustAnchors, now: int, content: FileSubject | None
) -> VerifiedClaim:
    from pratique.attest.sigstore.trusted_root import TrustedRoot
    from pratique.attest.sigstore.verify import ArtifactDigests, Requirements, verify_attestation, verify_message

    root = trust_anchors.root or TrustedRoot()
    # A certificate lives for minutes: only a log can tell that it was not made up later.
    # Bundles v0.1 are from before proofs: a log's signed promise is what they have.
    needs = Requirements(logs=1 if bundle.certificates else 0, promises=bundle.version in _PROMISED)
    if isinstance(bundle.content, MessageSignature):
        known = ArtifactDigests(digests={target.digest.algorithm: bytes.fromhex(target.digest.hex)})
        artifact = content.artifact if content is not None else known
        by = verify_message(bundle, artifact, root, keys=trust_anchors.keys, needs=needs)
        signed, unproven = _with_places(bundle, trust_anchors, by, now)
        return VerifiedClaim(
            predicate_type=IMAGE_SIGNATURE,
            subjects=frozenset({target.digest}),
            payload=target.digest,
            signed=signed,
            unproven=unproven,
            also=_names_of(content),
        )
    verified = verify_attestation(bundle, root, keys=trust_anchors.keys, needs=needs)
    signed, unproven = _with_places(bundle, trust_anchors, verified.signed, now)
    return replace(_attested(verified.head, verified.payload, signed, target, content), unproven=unproven)


def _verify_older_file(
    found: Collected, target: "Descriptor", trust_anchors: TrustAnchors, now: int, content: FileSubject | None
) -> VerifiedClaim:
    """cosign's bundles from before version 3, and bare envelopes. A believed key comes before the certificate beside it."""
    from pratique.attest.cosign import without_certificate
    from pratique.attest.cosign_blob import parse_bare_envelope, parse_blob_bundle

    bundle = (parse_bare_envelope if found.form is EvidenceForm.ENVELOPE else parse_blob_bundle)(found.data)
    if bundle.certificates and trust_anchors.keys:
        try:
            return _verify_sigstore(without_certificate(bundle), target, trust_anchors, now, content)
        except (Untrusted, SignatureInvalid, Malformed):
            pass  # not by one of the keys: then the certificate says by whom
    return _verify_sigstore(bundle, target, trust_anchors, now, content)


def _verify_cosign_signature(found: Collected, target: "Descriptor", trust_anchors: TrustAnchors) -> VerifiedClaim:
    from pratique.attest.cosign import parse_signature, verify_signature
    from pratique.attest.sigstore.trusted_root import TrustedRoot

    layer = parse_signature(found.data, found.annotations)
    claim, signed = verify_signature(layer, target.digest, trust_anchors.root or TrustedRoot(), keys=trust_anchors.keys)
    return VerifiedClaim(
        predicate_type=IMAGE_SIGNATURE,
        subjects=frozenset({claim.image}),
        payload=Digest.of(found.data),
        signed=signed,
        annotations={claim.image: {name: text for name, text in claim.optional.items() if isinstance(text, str)}},
    )


def _verify_cosign_attestation(found: Collected, target: "Descriptor", trust_anchors: TrustAnchors) -> VerifiedClaim:
    from pratique.attest.cosign import parse_attestation, verify_attestation
    from pratique.attest.sigstore.trusted_root import TrustedRoot

    layer = parse_attestation(found.data, found.annotations)
    verified = verify_attestation(layer, target.digest, trust_anchors.root or TrustedRoot(), keys=trust_anchors.keys)
    return _attested(verified.head, verified.payload, verified.signed, target, None)


def _verify_annotation(found: Collected, target: "Descriptor", trust_anchors: TrustAnchors, now: int) -> VerifiedClaim:
    """All objects of the file, signed by one statement. A file of which some are gone is not the one that was signed."""
    from pratique.attest.sigstore.trusted_root import TrustedRoot
    from pratique.attest.yaml_annotation import verify_manifests

    if Digest.of(found.data) != target.digest:
        raise DigestMismatch("the file changed while it was read")
    signed = verify_manifests(found.data, trust_anchors.root or TrustedRoot(), keys=trust_anchors.keys)
    if signed.missing:
        raise DigestMismatch(f"signed together with {', '.join(signed.missing[:3])}, which is not there any more")
    by, unproven = _with_places(signed.bundle, trust_anchors, signed.signed, now)
    subjects = frozenset({target.digest, *signed.statement.digests})
    # Around the objects anything may stand, such as another comment: what was signed is the statement about them.
    return VerifiedClaim(
        predicate_type=IMAGE_SIGNATURE,
        subjects=subjects,
        payload=Digest.of(signed.bundle.envelope.payload),
        signed=by,
        unproven=unproven,
        also=frozenset({signed.bundle.digest}),
    )


def _verify_beside(
    found: Collected, target: "Descriptor", trust_anchors: TrustAnchors, content: FileSubject | None, now: int
) -> VerifiedClaim:
    """Signatures of the file's bytes, which say nothing else."""
    if found.chart is not None:
        return _verify_chart(found, found.chart, target, trust_anchors, now)
    if content is None:
        raise Untrusted(f"a {found.form} is about a file, and there is none")
    if found.form is EvidenceForm.PROVENANCE:
        from pratique.attest.helm_prov import verify_provenance

        if not trust_anchors.keyring:
            raise Untrusted("signed with OpenPGP, and no keyring is trusted")
        provenance, signed = verify_provenance(
            found.data,
            trust_anchors.keyring,
            filename=content.name,
            digest=target.digest,
            chart_yaml=content.chart_yaml,
            at=now,
        )
        payload, also = Digest.of(provenance.text), _names_of(content)
    else:
        from pratique.attest.detached import names_of_raw, parse_raw, verify_raw

        if content.artifact.data is None:
            raise LimitExceeded("the file is too large for a bare signature", hint="sign it again as a bundle")
        sig = parse_raw(found.data)
        signed = verify_raw(sig, content.artifact.data, trust_anchors.keys)
        payload, also = target.digest, _names_of(content) | names_of_raw(sig)
    subjects = frozenset({target.digest})
    return VerifiedClaim(predicate_type=IMAGE_SIGNATURE, subjects=subjects, payload=payload, signed=signed, also=also)


def _verify_chart(
    found: Collected, chart: SignedChart, target: "Descriptor", trust_anchors: TrustAnchors, now: int
) -> VerifiedClaim:
    """The provenance of a chart in a registry, about the archive that the manifest holds."""
    from pratique.attest.helm_prov import verify_provenance

    if not trust_anchors.keyring:
        raise Untrusted("signed with OpenPGP, and no keyring is trusted")
    provenance, signed = verify_provenance(
        found.data, trust_anchors.keyring, filename=chart.name, digest=chart.digest, chart_yaml=chart.chart_yaml, at=now
    )
    return VerifiedClaim(
        predicate_type=IMAGE_SIGNATURE,
        subjects=frozenset({target.digest}),
        payload=Digest.of(provenance.text),
        signed=signed,
        also=frozenset({chart.digest}),
    )


def _attested(
    head: StatementHead, payload: bytes, signed: Signed, target: "Descriptor", content: FileSubject | None
) -> VerifiedClaim:
    subjects = head.digests
    if content is not None:
        # Of a file every strong digest can be told: it may be named by another than ours, and none may be another file's.
        subjects -= {target.digest}
        subjects |= {target.digest} if head.is_about(content.artifact.named) else frozenset()
    return VerifiedClaim(
        predicate_type=head.predicate_type,
        subjects=subjects,
        payload=Digest.of(payload),
        signed=signed,
        said=cache(lambda: parse_statement(payload).predicate),
        about=_names(head.subjects),
        annotations=head.annotations,
    )


def _with_places(
    bundle: UnverifiedBundle, trust_anchors: TrustAnchors, signed: Signed, now: int
) -> tuple[Signed, tuple[str, ...]]:
    """With the places in logs of tiles that we know, beside those in the logs of a trusted root; and what proves nothing."""
    by_key = isinstance(signed.signer, KeySigner)
    true = replace(bundle, hint=_hint_of(signed.signer)) if isinstance(signed.signer, KeySigner) else bundle
    own = own_places(true, trust_anchors, proven_at(signed.times, now=now), by_key=by_key)
    places = tuple(dict.fromkeys((*signed.places, *own.places)))
    return replace(signed, places=places, trees=(*signed.trees, *own.trees)), own.unproven


def _hint_of(by: KeySigner) -> str:
    """The hint that is true: that of the key under which the signature verified."""
    return base64_text(bytes.fromhex(by.keyid))


def notation_statement(trust_anchors: TrustAnchors, name: str) -> "TrustStatement":
    """What notation's trust policy says of the repository in an artifact's name; where a trust speaks instead, strictly whatever
    its stores vouch for: which of them may sign what, and by when, it says itself. Raises Untrusted when no statement applies.
    """
    from pratique.attest.notation.policy import Timestamps, TrustStatement

    if trust_anchors.notation is not None:
        above, slash, last = name.partition("@")[0].rpartition("/")
        return trust_anchors.notation.statement_for(above + slash + last.partition(":")[0])
    stores = tuple(trust_anchors.stores.certificates) if trust_anchors.stores is not None else ()
    return TrustStatement(name="trust", stores=stores, identities=None, timestamps=Timestamps.WHEN_PRESENT)


def _verify_notation(
    found: Collected, target: "Descriptor", trust_anchors: TrustAnchors, *, name: str, now: int, answers: Answers
) -> VerifiedClaim | Rejected:
    from pratique.attest.notation.verify import verify

    if trust_anchors.stores is None:
        raise Untrusted("signed in notation's form, and no trust store is trusted")
    statement = notation_statement(trust_anchors, name)
    verification = verify(
        found.data,
        found.media_type,
        digest=target.digest,
        size=target.size,
        artifact_type=target.media_type,
        statement=statement,
        stores=trust_anchors.stores,
        at=now,
        answers=answers,
    )
    failed = [check for check in verification.checks if check.cause is not Cause.NONE]
    if verification.cause is not Cause.NONE:
        return Rejected(cause=verification.cause, detail=verification.detail, wanted=verification.wanted)
    if verification.signed is None:  # notation lets it pass, and nobody is proven to have signed it
        if not failed:
            skipped = f"the statement {statement.name} skips verification: nothing is proven"
            return Rejected(cause=Cause.UNREADABLE, detail=skipped)
        detail = f"{failed[0].detail}; the level {statement.level.name} of the statement {statement.name} only logs that"
        return Rejected(cause=failed[0].cause, detail=detail, wanted=verification.wanted)
    return VerifiedClaim(
        predicate_type=IMAGE_SIGNATURE,
        subjects=frozenset({target.digest}),
        payload=Digest.of(verification.payload),
        also=frozenset({Digest.of(verification.message)}),
        signed=replace(verification.signed, unproven=tuple(f"{check.kind}: {check.detail}" for check in failed)),
        wanted=verification.wanted,
    )


def _names_of(content: FileSubject | None) -> frozenset[Digest]:
    """The digests of a file's bytes by which it can be named."""
    if content is None:
        return frozenset()
    return frozenset(
        Digest(f"{name}:{content.artifact.digests[name].hex()}")
        for name in ("sha256", "sha512")
        if name in content.artifact.digests
    )


def _names(subjects: Sequence[StatementSubject]) -> str:
    return ", ".join(f"{item.name or 'something'} {_shown(item.digest)}" for item in subjects[:2])


def _shown(digest: Mapping[str, str]) -> str:
    """A digest for people: ours where it is there, else another with its name."""
    if "sha256" in digest:
        return digest["sha256"][:12]
    name, value = next(iter(digest.items()))
    return f"{name}:{value[:12]}"
