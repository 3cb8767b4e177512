"""A Sigstore bundle under a trusted root: who signed, at which proven times, in which logs. Pure, and offline.

The steps are those of Sigstore's client specification (sigstore/architecture-docs, client-spec.md §4 "Verification"):

1. times: RFC 3161 timestamps, and log entries' times where the log signed them;
2. the signer: a bare key that is known, or a certificate that chains to a trusted authority at all of those times and was logged;
3. the log entries: included, of a log that was trusted then, and about this very signature;
4. the signature itself, and only then what was signed.

Whether this signer may say such a thing is not decided here.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pratique.attest.bundle import LogEntry, MessageSignature, UnverifiedBundle
from pratique.attest.dsse import IN_TOTO, Envelope
from pratique.attest.publickey import PublicKey
from pratique.attest.sigstore.certificate import verify_certificate
from pratique.attest.sigstore.rekor import Logged, Signing, find_log, verify_log_entry, verify_promise
from pratique.attest.sigstore.trusted_root import TrustedLog, TrustedRoot
from pratique.attest.statement import Statement, StatementHead, parse_head, parse_statement
from pratique.attest.timestamp import Timestamp, parse_response, verify_timestamps
from pratique.attest.verify import find_hinted_key
from pratique.errors import DigestMismatch, Expired, Malformed, Untrusted
from pratique.model.signer import KeySigner, LogPlace, Signed, Signer, TrustedTime

HASH_NAMES = ("sha256", "sha384", "sha512")
UNLOGGED_CERTIFICATE = "that the certificate was logged: the trusted root names no certificate log"
_OTHER_STRONG = ("sha3_256", "sha3_384", "sha3_512", "blake2b", "blake2s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """How many distinct operators must vouch. `logs`: transparency logs with proven inclusion; `times`: proven times, of which a
    certificate needs one in any case; `certificate_logs`: for certificates. `promises`: a log's signed promise counts as a proof,
    which older formats have instead of one.
    """

    logs: int = 1
    times: int = 0
    certificate_logs: int = 1
    promises: bool = False


DEFAULT = Requirements()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactDigests:
    """Bytes that are said to be signed. `digests`: hash name (sha256, …) → digest. `data`: the bytes, where they are at hand."""

    digests: Mapping[str, bytes] = field(default_factory=dict)
    data: bytes | None = None

    def named(self, name: str, size: int) -> bytes | None:
        """The artifact's digest by an algorithm of in-toto's digest sets, of `size` bytes; None when it cannot be told.

        None as well for all that is too weak to name bytes: MD5, SHA-1, Git's older object names, short digests. A commit or
        tree is never the digest of a file.
        """
        found = self.digests.get(name)
        if found is None and self.data is not None:
            if name == "gitBlob" and size == 32:  # an object name of Git's newer format; of 20 bytes it is SHA-1
                found = hashlib.sha256(b"blob %d\0" % len(self.data) + self.data).digest()
            elif name in _OTHER_STRONG:
                found = hashlib.new(name, self.data).digest()
        return found

    @classmethod
    def of(cls, data: bytes) -> "ArtifactDigests":
        """An artifact at hand, hashed by each function that a signature may use."""
        return cls(digests={name: hashlib.new(name, data).digest() for name in HASH_NAMES}, data=data)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedStatement:
    """A statement and who signed it. `head`: what it is about; `payload`: all of it, for `statement` to read when wanted."""

    head: StatementHead
    payload: bytes
    signed: Signed

    def statement(self) -> Statement:
        """With its predicate. Raises Malformed, LimitExceeded."""
        return parse_statement(self.payload)


def verify_attestation(
    bundle: UnverifiedBundle, root: TrustedRoot, *, keys: Mapping[str, PublicKey], needs: Requirements = DEFAULT
) -> SignedStatement:
    """Verify a bundle that holds an in-toto statement. `keys`: keyid → key, for bundles signed by bare keys.

    Raises Malformed, SignatureInvalid, ProofInvalid, Untrusted, Expired, DigestMismatch, LimitExceeded.
    """
    envelope = bundle.envelope
    signed = _verify(bundle, root, keys, needs, ArtifactDigests())
    if envelope.payload_type != IN_TOTO:
        raise Malformed(f"signed payload is {envelope.payload_type[:80]!r}, not an in-toto statement")
    return SignedStatement(head=parse_head(envelope.payload), payload=envelope.payload, signed=signed)


def verify_message(
    bundle: UnverifiedBundle,
    artifact: ArtifactDigests,
    root: TrustedRoot,
    *,
    keys: Mapping[str, PublicKey],
    needs: Requirements = DEFAULT,
) -> Signed:
    """Verify a bundle that holds a bare signature over `artifact`. Raises as `verify_attestation`."""
    if not isinstance(bundle.content, MessageSignature):
        raise Malformed("bundle holds an envelope, not a signature over an artifact")
    if bundle.content.digest is not None:
        # Nobody signed this digest: it refuses what cannot be meant, and proves nothing.
        name, digest = bundle.content.digest
        if artifact.digests.get(name, digest) != digest:
            raise DigestMismatch("bundle is about another artifact")
    return _verify(bundle, root, keys, needs, artifact)


def _verify(
    bundle: UnverifiedBundle, root: TrustedRoot, keys: Mapping[str, PublicKey], needs: Requirements, artifact: ArtifactDigests
) -> Signed:
    entries = _entries(bundle, root)
    stamps = _stamped(bundle, root, alone=bool(bundle.certificates) and all(item.at is None for item in entries))
    moments = [*(stamp.time for stamp in stamps), *(float(item.at) for item in entries if item.at is not None)]
    signer: Signer
    logged_certificate = True
    if bundle.certificates:
        signer, key, logged_certificate = verify_certificate(
            bundle.certificates, moments, root, log_threshold=needs.certificate_logs
        )
    else:
        key = find_hinted_key(bundle, keys, lambda candidate: _check_content(candidate, bundle, artifact))
        signer = KeySigner(keyid=key.keyid)
    certificate = bundle.certificates[0] if bundle.certificates else b""
    signing = Signing(
        content=bundle.content,
        key=key,
        certificate=certificate,
        beside=bundle.beside if _is_certificate_of(bundle.beside, key) else b"",
        digests=artifact.digests,
        envelope_bytes=bundle.envelope_bytes,
    )
    logged = [_logged(item, signing, moments) for item in entries]
    if bundle.certificates:  # a bare key was found by its signature
        _check_content(key, bundle, artifact)
    times = (
        *(TrustedTime(at=stamp.at, source="timestamp authority", operator=stamp.operator) for stamp in stamps),
        *(TrustedTime(at=item.at, source="log", operator=item.log.operator) for item in entries if item.at is not None),
    )
    counted = [item for item in logged if item.included or needs.promises]
    _check_count({item.log.operator for item in counted}, needs.logs, "transparency logs")
    _check_count({time.operator for time in times}, needs.times, "sources of time")
    places = tuple(LogPlace(log=item.log.url, operator=item.log.operator, index=item.index) for item in counted)
    unproven = () if logged_certificate else (UNLOGGED_CERTIFICATE,)
    trees = tuple(item.tree for item in logged if item.tree is not None)
    return Signed(signer=signer, times=times, places=places, unproven=unproven, trees=trees)


def _is_certificate_of(certificate: bytes, key: PublicKey) -> bool:
    """Whether it is this key's. Of a certificate beside a bare key's signature nothing else is looked at."""
    if not certificate:
        return False
    from pratique.attest.keyfile import parse_public_key

    try:
        return parse_public_key(certificate).spki == key.spki
    except Malformed:
        return False


def _stamped(bundle: UnverifiedBundle, root: TrustedRoot, *, alone: bool) -> tuple[Timestamp, ...]:
    """The times that authorities vouch for. `alone`: nothing else can tell the time, so why they do not is what is wrong."""
    parsed = [parse_response(item) for item in bundle.timestamps]
    try:
        return verify_timestamps(parsed, bundle.envelope_bytes or bundle.signature, root.timestamp_authorities)
    except (Untrusted, Expired):
        if alone:
            raise
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """An entry of a trusted log. `at`: the time that the log signed for it."""

    entry: LogEntry
    log: TrustedLog
    at: int | None


def _entries(bundle: UnverifiedBundle, root: TrustedRoot) -> list[_Entry]:
    """The entries of logs that are known; the others are passed over and count for nothing."""
    found = []
    for entry in bundle.log_entries:
        log = find_log(entry, root)
        if log is None:
            continue
        at = verify_promise(entry, log)
        if at is not None and at not in log.window:
            raise Expired(f"log {log.url} was not trusted at the time of its entry")
        found.append(_Entry(entry=entry, log=log, at=at))
    return found


def _logged(item: _Entry, signing: Signing, moments: Sequence[float]) -> Logged:
    if item.at is None:
        # The entry has no time of its own: it was made about when the signature was first seen by anybody.
        first = min(moments, default=None)
        if first is None and item.log.window.end is not None:
            raise Expired(f"log {item.log.url} is no longer trusted, and nothing proves that its entry is from before")
        if first is not None and first not in item.log.window:
            raise Expired(f"log {item.log.url} was not trusted when this was signed")
    return verify_log_entry(item.entry, item.log, signing, promised=item.at)


def _check_content(key: PublicKey, bundle: UnverifiedBundle, artifact: ArtifactDigests) -> None:
    """Check the signature over the envelope, or over the artifact. Raises SignatureInvalid, Malformed."""
    if isinstance(bundle.content, Envelope):
        key.verify(bundle.signature, bundle.content.pae)
    elif artifact.data is not None:
        key.verify(bundle.signature, artifact.data)
    else:
        key.verify_digests(bundle.signature, artifact.digests)


def _check_count(operators: set[str], wanted: int, what: str) -> None:
    if len(operators) < wanted:
        raise Untrusted(f"proven by {len(operators)} of the {wanted} {what} it takes, counted by operator")
