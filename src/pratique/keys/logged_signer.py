"""Statements become evidence: signed in a DSSE envelope, recorded in the log, bound together in a Sigstore bundle.

Signing and logging are two steps so that a caller can keep the envelope between them: after a crash the same envelope finds
its own record in the log again, and nothing is logged twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pratique.attest.bundle import InclusionProof, LogEntry, MessageSignature, parse_bundle, render_bundle
from pratique.attest.dsse import Envelope
from pratique.attest.record import log_record
from pratique.model import Digest
from pratique.tlog.checkpoint import log_id

if TYPE_CHECKING:
    from pratique.keys.keyless.session import Session
    from pratique.keys.signer import Signer
    from pratique.tlog.log import TileLog


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedSigner:
    """Who signs, and the log it is written into.

    `stamp`: asks a timestamp authority about a signature (DER of an RFC 3161 response), so that it outlives its key.
    """

    signer: "Signer"
    log: "TileLog"
    stamp: Callable[[bytes], bytes] | None = None

    @property
    def name(self) -> str:
        """As records name the signer: the key ID."""
        return self.signer.public_key.keyid


@dataclass(frozen=True, slots=True, kw_only=True)
class KeylessSigner:
    """Who signs without a key of their own: an identity with a certificate of minutes, in the logs of its services."""

    session: "Session"

    @property
    def name(self) -> str:
        """As records name the signer."""
        return str(self.session.identity)

    def seal(self, message: bytes, *, statement: bool) -> tuple[Envelope | MessageSignature, "LoggedBundle"]:
        """Sign a statement, or the bytes as they stand; the bundle verifies before anybody sees it. Raises as `Session` does."""
        data = self.session.sign_statement(message) if statement else self.session.sign_artifact(message)
        bundle = parse_bundle(data)
        return bundle.content, LoggedBundle(data=data, digest=bundle.digest, log_index=bundle.log_entries[0].log_index)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedBundle:
    """A finished bundle. `data`: its bytes, `digest` theirs, `log_index` its place in the log."""

    data: bytes
    digest: Digest
    log_index: int


def seal(logged_signer: LoggedSigner, payloads: Sequence[bytes]) -> list[LoggedBundle]:
    """Sign and log these statements: one bundle each, in order."""
    return log_envelopes(logged_signer, [sign_payload(logged_signer, payload) for payload in payloads])


def sign_payload(logged_signer: LoggedSigner, payload: bytes) -> Envelope:
    """A DSSE envelope round an in-toto statement."""
    from pratique.keys.signer import sign_statement

    return sign_statement(logged_signer.signer, payload)


def stamp_signature(logged_signer: LoggedSigner, content: Envelope | MessageSignature) -> tuple[bytes, ...]:
    """What the timestamp authority says about a signature, where one is to be asked."""
    return (logged_signer.stamp(_signature(content)),) if logged_signer.stamp else ()


def log_envelopes(
    logged_signer: LoggedSigner,
    envelopes: Sequence[Envelope | MessageSignature],
    *,
    stamps: Sequence[Sequence[bytes]] | None = None,
    resumed: bool = False,
) -> list[LoggedBundle]:
    """Record envelopes, or bare signatures, in one durable batch. With `resumed`, those already in the log are found, not added
    again. `stamps`: the timestamps of each; by default they are asked for.
    """
    key = logged_signer.signer.public_key
    if stamps is None:
        # Asked before anything is logged: a timestamp authority that is down costs no entry.
        stamps = [stamp_signature(logged_signer, envelope) for envelope in envelopes]
    records = [log_record(envelope, key) for envelope in envelopes]
    found = [logged_signer.log.find(record) if resumed else None for record in records]
    new = iter(logged_signer.log.append([record for record, index in zip(records, found, strict=True) if index is None]))
    out = []
    for envelope, record, index, stamped in zip(envelopes, records, found, stamps, strict=True):
        proof = next(new) if index is None else logged_signer.log.prove(index)
        entry = LogEntry(
            log_index=proof.index,
            log_id=log_id(logged_signer.log.origin, logged_signer.log.public_key),
            body=record,
            proof=InclusionProof(
                log_index=proof.index,
                tree_size=proof.size,
                root_hash=proof.root,
                hashes=proof.hashes,
                checkpoint=proof.checkpoint,
            ),
        )
        data = render_bundle(envelope, key, [entry], stamped)
        out.append(LoggedBundle(data=data, digest=Digest.of(data), log_index=proof.index))
    return out


def in_present_log(logged_signer: LoggedSigner, data: bytes) -> bool:
    """Whether a bundle proves its entry in the log as it is called now. Raises Malformed."""
    own = log_id(logged_signer.log.origin, logged_signer.log.public_key)
    return any(entry.log_id == own for entry in parse_bundle(data).log_entries)


def prove_in_present_log(logged_signer: LoggedSigner, data: bytes) -> LoggedBundle:
    """A bundle of this signer as it would be made now: the same signature and timestamps, and its entry in the log of today.

    For what was signed before the log got another name. What the log lost is logged again. Raises Malformed.
    """
    bundle = parse_bundle(data)
    return log_envelopes(logged_signer, [bundle.content], stamps=[bundle.timestamps], resumed=True)[0]


def _signature(content: Envelope | MessageSignature) -> bytes:
    return content.sig if isinstance(content, MessageSignature) else content.signatures[0].sig
