"""A signature envelope held against an artifact and a trust statement (trust-store-trust-policy.md, Signature Verification).

The checks and their order are the specification's: integrity, authenticity, expiry, authentic timestamp, revocation. All that
can be made are made, also after one failed, so that every cause is said; the statement's level decides which of them decide.
What the specification lets an implementation choose is chosen strictly: certificates must be fit to sign at every level, plugins
are not run, and nobody is named as the signer on whom no trust store and no listed identity insists.

Pure: the time, and what revocation servers answered, are arguments.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from cryptography.x509 import Certificate

from pratique.attest.members import as_count, as_object, as_text, instant_text, refuse_unknown
from pratique.attest.notation.algorithms import algorithm_of, verify_signature
from pratique.attest.notation.certificates import check_signing_chain, named
from pratique.attest.notation.cose import parse_cose
from pratique.attest.notation.countersignature import check_countersignature
from pratique.attest.notation.envelope import COSE, JWS, PAYLOAD_TYPE, Scheme, UnverifiedEnvelope
from pratique.attest.notation.jws import parse_jws
from pratique.attest.notation.names import fits, subject_attributes
from pratique.attest.notation.policy import SKIP, Action, CheckKind, Timestamps, TrustStatement
from pratique.attest.notation.revocation import check_revocation
from pratique.attest.notation.revocation_status import Answers
from pratique.attest.notation.stores import TrustStores, thumbprint
from pratique.attest.strictjson import load_json
from pratique.attest.x509 import last_second, parse_certificate, validity
from pratique.errors import LimitExceeded, Malformed, PratiqueError, SignatureInvalid, Untrusted
from pratique.model.digest import Digest
from pratique.model.signer import CertifiedSigner, Signed, TrustedTime
from pratique.model.verdict import Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetArtifact:
    """The artifact that a signature is about: an OCI descriptor. `annotations`: signed with it; of no meaning here."""

    media_type: str
    digest: Digest
    size: int
    annotations: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check's answer. `cause`: NONE when it holds; `action`: what its failure does; `detail`: one line."""

    kind: CheckKind
    action: Action
    cause: Cause = Cause.NONE
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What came of all checks.

    `signed`: who signed, and by when that is proven; None unless integrity and authenticity hold, whatever the level. `target`:
    what was signed, read from `payload`; None unless integrity holds. `message`: what the signature is over, the payload with the
    signed attributes. `wanted`: URLs whose answers may change the outcome, to be asked before the next call, also when the
    signature is accepted: then they may prove a time. None when everything that matters was answered.
    """

    statement: str
    checks: tuple[Check, ...]
    signed: Signed | None = None
    target: TargetArtifact | None = None
    wanted: tuple[str, ...] = ()
    payload: bytes = b""
    message: bytes = b""

    @property
    def decisive(self) -> Check | None:
        """The first failed check that the statement enforces; None when it accepts the signature."""
        return next((check for check in self.checks if check.cause is not Cause.NONE and check.action is Action.ENFORCE), None)

    @property
    def cause(self) -> Cause:
        """NONE when the statement accepts the signature, which says nothing of a signer where it skips or only logs."""
        return self.decisive.cause if self.decisive else Cause.NONE

    @property
    def detail(self) -> str:
        """The decisive check in one line, or who signed."""
        if self.decisive:
            return self.decisive.detail
        return f"signed by {self.signed.signer}" if self.signed else "accepted without a proven signer"


def parse_envelope(data: bytes, media_type: str) -> UnverifiedEnvelope:
    """Read an envelope of this media type; verifies nothing. Raises Malformed, LimitExceeded."""
    if media_type == JWS:
        return parse_jws(data)
    if media_type == COSE:
        return parse_cose(data)
    raise Malformed(f"{media_type[:80]!r} is no signature envelope", hint=f"expected {JWS} or {COSE}")


def verify(
    data: bytes,
    media_type: str,
    *,
    digest: Digest,
    size: int,
    artifact_type: str,
    statement: TrustStatement,
    stores: TrustStores,
    at: int,
    answers: Answers,
) -> Verification:
    """Hold an envelope against the artifact of this digest, size in bytes and media type, under a trust statement.

    `at`: now, Unix seconds. `answers`: what revocation servers said, by URL; those to ask are in the outcome's `wanted`. Raises
    nothing that an envelope could cause.
    """
    actions = statement.level.actions
    if statement.level is SKIP:
        checks = tuple(Check(kind=kind, action=Action.SKIP) for kind in CheckKind)
        return Verification(statement=statement.name, checks=checks)
    try:
        envelope = parse_envelope(data, media_type)
        chain = _check_integrity(envelope)
        target = parse_target(envelope.payload)
    except PratiqueError as error:
        return Verification(statement=statement.name, checks=(_failed(CheckKind.INTEGRITY, actions[CheckKind.INTEGRITY], error),))
    if (target.digest, target.size, target.media_type) != (digest, size, artifact_type):
        about = f"it signs {target.digest} ({target.size} bytes, {target.media_type[:80]}), another artifact"
        check = Check(kind=CheckKind.INTEGRITY, action=actions[CheckKind.INTEGRITY], cause=Cause.MISMATCH, detail=about)
        return Verification(statement=statement.name, checks=(check,), target=target)

    found = [(CheckKind.INTEGRITY, _plugin(envelope))]
    store, outcome = _check_authenticity(envelope, chain, statement, stores)
    found.append((CheckKind.AUTHENTICITY, outcome))
    found.append((CheckKind.EXPIRY, _check_expiry(envelope, at)))
    timed = _check_time(envelope, chain, statement, stores, at=at, answers=answers)
    found.append((CheckKind.TIMESTAMP, (timed.cause, timed.detail)))
    wanted = timed.wanted
    if actions[CheckKind.REVOCATION] is not Action.SKIP:
        # Servers are named by certificates: those of strangers are not asked.
        outcome = (Cause.UNREACHABLE, "whether it was revoked is not asked of strangers")
        if store:
            standing = check_revocation(chain, answers, at=at, signed_at=timed.upper)
            outcome, wanted = (standing.cause, standing.detail), (*wanted, *standing.wanted)
        found.append((CheckKind.REVOCATION, outcome))
    checks = tuple(Check(kind=kind, action=actions[kind], cause=cause, detail=text) for kind, (cause, text) in found)
    signed = None
    if checks[0].cause is checks[1].cause is Cause.NONE:
        name = chain[0].subject.rfc4514_string()
        signer = CertifiedSigner(name=name, store=store, thumbprint=thumbprint(envelope.chain[0]))
        signed = Signed(signer=signer, times=timed.times)
    return Verification(
        statement=statement.name,
        checks=checks,
        signed=signed,
        target=target,
        wanted=tuple(dict.fromkeys(wanted)),
        payload=envelope.payload,
        message=envelope.message,
    )


def parse_target(payload: bytes) -> TargetArtifact:
    """The descriptor in a payload (signature-specification.md, Payload). Raises Malformed."""
    members = as_object(load_json(payload, what="payload", max_depth=16), "payload")
    refuse_unknown(members, ("targetArtifact",), "payload")
    descriptor = as_object(members.get("targetArtifact"), "targetArtifact")
    annotations = as_object(descriptor.get("annotations", {}), "targetArtifact.annotations")
    return TargetArtifact(
        media_type=as_text(descriptor.get("mediaType"), "targetArtifact.mediaType"),
        digest=Digest.parse(as_text(descriptor.get("digest"), "targetArtifact.digest")),
        size=as_count(descriptor.get("size"), "targetArtifact.size"),
        annotations={name: as_text(value, "targetArtifact.annotations") for name, value in annotations.items()},
    )


def _check_integrity(envelope: UnverifiedEnvelope) -> tuple[Certificate, ...]:
    """The chain, once the signature holds and everything that must be understood is. Raises Malformed, SignatureInvalid …"""
    chain = _parse_chain(envelope.chain)
    key = chain[0].public_key()
    if envelope.algorithm != algorithm_of(key):
        raise SignatureInvalid(f"it claims {envelope.algorithm.name}, which its certificate's key does not sign with")
    verify_signature(key, envelope.signature, envelope.message)
    attributes = envelope.attributes
    if attributes.content_type != PAYLOAD_TYPE:
        raise Malformed(f"its payload is {attributes.content_type[:80]!r}, which is not read")
    if attributes.unknown:
        raise Malformed(f"it demands {attributes.unknown[0][:80]!r}, which nobody here understands")
    _check_chain(envelope.chain)
    return chain


# One team signs many artifacts with one chain, and what a chain is never changes.
@lru_cache(maxsize=32)
def _parse_chain(chain: tuple[bytes, ...]) -> tuple[Certificate, ...]:
    return tuple(parse_certificate(der, f"certificate {number}") for number, der in enumerate(chain))


@lru_cache(maxsize=32)
def _check_chain(chain: tuple[bytes, ...]) -> None:
    check_signing_chain(_parse_chain(chain))


def _plugin(envelope: UnverifiedEnvelope) -> tuple[Cause, str]:
    if envelope.attributes.plugin:
        return Cause.UNREADABLE, f"it demands the verification plugin {envelope.attributes.plugin[:80]!r}; plugins are not run"
    return Cause.NONE, ""


def _check_authenticity(
    envelope: UnverifiedEnvelope, chain: Sequence[Certificate], statement: TrustStatement, stores: TrustStores
) -> tuple[str, tuple[Cause, str]]:
    """The store that the chain leads to, or "", and the outcome."""
    kind = "ca" if envelope.attributes.scheme is Scheme.X509 else "signingAuthority"
    trusted = stores.of_kind(kind, statement.stores)
    store = next((trusted[der] for der in envelope.chain if der in trusted), "")
    name = chain[0].subject.rfc4514_string()[:200]
    if not store:
        return "", (Cause.UNTRUSTED, f"signed by {name!r}, whose chain leads to no certificate of a trusted {kind} store")
    if statement.identities is not None:
        try:
            subject = subject_attributes(chain[0].subject)
        except Untrusted as error:
            return store, (Cause.UNTRUSTED, error.message)
        if not any(fits(identity, subject) for identity in statement.identities):
            return store, (Cause.UNTRUSTED, f"signed by {name!r}, which is none of the trusted identities")
    return store, (Cause.NONE, "")


def _check_expiry(envelope: UnverifiedEnvelope, at: int) -> tuple[Cause, str]:
    expiry = envelope.attributes.expiry
    if expiry is not None and at >= expiry:
        return Cause.EXPIRED, f"its signer let it expire at {_when(expiry)}"
    return Cause.NONE, ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Timed:
    """`upper`: a time by which somebody else than its signer proves that the signature existed, Unix seconds."""

    cause: Cause = Cause.NONE
    detail: str = ""
    upper: int | None = None
    times: tuple[TrustedTime, ...] = ()
    wanted: tuple[str, ...] = ()


def _check_time(
    envelope: UnverifiedEnvelope,
    chain: Sequence[Certificate],
    statement: TrustStatement,
    stores: TrustStores,
    *,
    at: int,
    answers: Answers,
) -> _Timed:
    """Whether the signature was made while every certificate was valid (signing-scheme.md; Validate Authentic Timestamp)."""
    if envelope.attributes.scheme is Scheme.AUTHORITY:
        return _check_authority_time(envelope, chain, statement, stores)
    if not _wants_timestamp(envelope, chain, statement, at):
        return _check_now(chain, at)
    if not envelope.timestamp:
        return _Timed(cause=Cause.EXPIRED, detail="no timestamp authority countersigned it, which its trust statement demands")
    try:
        found = check_countersignature(envelope, stores.of_kind("tsa", statement.stores))
    except PratiqueError as error:
        if isinstance(error, Untrusted) and statement.timestamps is Timestamps.WHEN_PRESENT:
            return _check_now(chain, at)
        failed = _failed(CheckKind.TIMESTAMP, Action.LOG, error)
        return _Timed(cause=failed.cause, detail=f"its timestamp: {failed.detail}")
    problem = _outside(chain, found.lower, found.upper)
    if problem:
        return _Timed(cause=Cause.EXPIRED, detail=f"when it was countersigned {problem}")
    standing = check_revocation(found.chain, answers, at=at, signed_at=None)
    if standing.cause is not Cause.NONE:
        now = _check_now(chain, at)
        if statement.timestamps is Timestamps.WHEN_PRESENT and now.cause is Cause.NONE:
            return replace(now, wanted=standing.wanted)
        return _Timed(cause=standing.cause, detail=f"its timestamp authority: {standing.detail}", wanted=standing.wanted)
    time = TrustedTime(at=found.upper, source="timestamp authority", operator=found.store)
    return _Timed(upper=found.upper, times=(time,))


def _wants_timestamp(envelope: UnverifiedEnvelope, chain: Sequence[Certificate], statement: TrustStatement, at: int) -> bool:
    """Whether a countersignature is looked at (trust-store-trust-policy.md, Timestamp Countersignature Verification details)."""
    if not any(name.startswith("tsa:") for name in statement.stores):
        return False
    match statement.timestamps:
        case Timestamps.ALWAYS:
            return True
        case Timestamps.AFTER_EXPIRY:
            return any(at > last_second(certificate) for certificate in chain)
        case Timestamps.WHEN_PRESENT:
            return bool(envelope.timestamp)


def _check_now(chain: Sequence[Certificate], at: int) -> _Timed:
    problem = _outside(chain, at, at)
    return _Timed(cause=Cause.EXPIRED, detail=f"no trusted time is known, and now {problem}") if problem else _Timed()


def _check_authority_time(
    envelope: UnverifiedEnvelope, chain: Sequence[Certificate], statement: TrustStatement, stores: TrustStores
) -> _Timed:
    """The time that a signing authority signed with is believed of those whom a `signingAuthority` store vouches for, alone.

    It says that the certificates were valid, and saves nothing from a revocation: who stole the key writes what he likes.
    """
    time = envelope.attributes.signing_time
    problem = _outside(chain, time, time)
    if problem:
        return _Timed(cause=Cause.EXPIRED, detail=f"at its authentic signing time {problem}")
    trusted = stores.of_kind("signingAuthority", statement.stores)
    store = next((trusted[der] for der in envelope.chain if der in trusted), "")
    if not store:
        return _Timed(cause=Cause.UNTRUSTED, detail="its signing time is the word of an authority that is not trusted")
    return _Timed(times=(TrustedTime(at=time, source="signing authority", operator=store),))


def _outside(chain: Sequence[Certificate], lower: int, upper: int) -> str:
    """In words, which certificate was not valid in all of this time; "" when all were."""
    for certificate in chain:
        start, end = validity(certificate).start, last_second(certificate)
        if lower < start:
            return f"{named(certificate)} is not valid yet: it is from {_when(start)}"
        if upper > end:
            return f"{named(certificate)} is no longer valid: it was until {_when(end)}"
    return ""


def _failed(kind: CheckKind, action: Action, error: PratiqueError) -> Check:
    cause = Cause.INVALID
    if isinstance(error, LimitExceeded):
        cause = Cause.UNREADABLE
    elif isinstance(error, Untrusted):
        cause = Cause.UNTRUSTED
    return Check(kind=kind, action=action, cause=cause, detail=error.message)


def _when(seconds: int) -> str:
    try:
        return instant_text(seconds)
    except Malformed:
        return f"second {seconds} of 1970"
