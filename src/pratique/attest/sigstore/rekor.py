"""Entries of Rekor v1 and v2: in a trusted log, at its time, and about this very signature. Pure.

Three things are verified, and none stands for another:

- The entry's body names this signature, this key or certificate and this content. A true proof of another entry is no proof.
- The body is in the tree (RFC 9162 §2.1.3) whose root the log signed in a checkpoint (C2SP tlog-checkpoint).
- The time of an entry is believed only where the log signed it, in an inclusion promise (sigstore/rekor, signed entry
  timestamp). Rekor v2 makes none: its entries have no time.

Lines of a checkpoint by witnesses, or by other keys of the log, are passed over.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pratique.attest.bundle import DIGEST_NAMES, InclusionProof, LogEntry, MessageSignature
from pratique.attest.dsse import Envelope
from pratique.attest.members import as_bytes, as_lines, as_list, as_object, as_text, base64_text
from pratique.attest.publickey import PublicKey
from pratique.attest.sigstore.trusted_root import TrustedLog, TrustedRoot
from pratique.attest.strictjson import canonical_json, load_json
from pratique.errors import Malformed, ProofInvalid, SignatureInvalid, Untrusted
from pratique.model.merkle import leaf_hash
from pratique.model.signer import ProvenTree
from pratique.tlog.checkpoint import parse_checkpoint
from pratique.tlog.notes import parse_note
from pratique.tlog.proofs import verify_inclusion

MAX_BODY_SIZE = 32 * 1024 * 1024  # older entries hold the whole statement, as one string
MAX_BODY_ITEMS = 10_000

_PEM = re.compile(rb"-----BEGIN (CERTIFICATE|PUBLIC KEY)-----\s+([A-Za-z0-9+/=\s]+)-----END \1-----\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """What an entry must be about. `key`: of the signer; `certificate`: its DER, b"" when it is a bare key.

    `beside`: a certificate of a bare key, which an entry may name in the key's place. `digests`: hash name → digest of the
    artifact, of which a bare message signature is one; an envelope is its own content. `envelope_bytes`: the envelope as it was
    uploaded, b"" when that is not known.
    """

    content: Envelope | MessageSignature
    key: PublicKey
    certificate: bytes
    digests: Mapping[str, bytes]
    envelope_bytes: bytes = b""
    beside: bytes = b""

    @property
    def signature(self) -> bytes:
        """Raw."""
        return self.content.sig if isinstance(self.content, MessageSignature) else self.content.signatures[0].sig

    def digest(self, name: str) -> bytes:
        """The digest of what was signed. Raises ProofInvalid when it is not known under that hash."""
        if isinstance(self.content, Envelope):
            return hashlib.new(name, self.content.pae).digest()
        found = self.digests.get(name)
        if found is None:
            raise ProofInvalid(f"log entry names the artifact by its {name}, which was not given")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A verified entry. `included`: whether that was proven, or only promised; `time`: Unix seconds, None without a promise.

    `tree`: by which it was proven.
    """

    log: TrustedLog
    index: int
    included: bool
    time: int | None
    tree: ProvenTree | None = None


def find_log(entry: LogEntry, root: TrustedRoot) -> TrustedLog | None:
    """The trusted log that the entry names."""
    return next((log for log in root.logs if log.is_named(entry.log_id)), None)


def verify_promise(entry: LogEntry, log: TrustedLog) -> int | None:
    """The time that the log signed, Unix seconds; None when the entry has no promise. Raises SignatureInvalid, ProofInvalid.

    The signed bytes are canonical JSON of body, time, index and the log's ID.
    """
    if not entry.promise:
        return None
    members = {
        "body": base64_text(entry.body),
        "integratedTime": entry.integrated_time,
        "logID": entry.log_id.hex(),
        "logIndex": entry.log_index,
    }
    try:
        log.key.verify(entry.promise, canonical_json(members))
    except (SignatureInvalid, Malformed) as error:
        raise SignatureInvalid(f"inclusion promise does not verify under the key of log {log.url}") from error
    if not entry.integrated_time:
        raise ProofInvalid("inclusion promise without a time")
    return entry.integrated_time


def verify_log_entry(entry: LogEntry, log: TrustedLog, signing: Signing, *, promised: int | None) -> Logged:
    """Verify that the log holds this entry and that it is about `signing`. `promised`: what `verify_promise` found.

    The log's window is the caller's to check, who knows all proven times. Raises ProofInvalid, SignatureInvalid, Malformed.
    """
    if entry.proof is None and promised is None:
        raise ProofInvalid("log entry with neither an inclusion proof nor a promise")
    tree = _verify_inclusion(entry.body, entry.proof, log) if entry.proof is not None else None
    check_entry(entry, signing)
    # The index in the bundle is signed by a promise only; a proof proves its own, counted within one tree of a log.
    index = entry.log_index if entry.proof is None or promised is not None else entry.proof.log_index
    return Logged(log=log, index=index, included=entry.proof is not None, time=promised, tree=tree)


def _verify_inclusion(body: bytes, proof: InclusionProof, log: TrustedLog) -> ProvenTree:
    note = parse_note(proof.checkpoint)
    checkpoint = parse_checkpoint(note.text)
    hints = {identifier[:4] for identifier in log.ids}
    lines = [
        line
        for line in note.signatures
        if line.key_id in hints and (line.name == checkpoint.origin or checkpoint.origin.startswith(f"{line.name} - "))
    ]
    if len(lines) != 1:
        raise SignatureInvalid(f"checkpoint has {len(lines) or 'no'} signature lines of log {log.url}, not one")
    try:
        log.key.verify(lines[0].signature, note.text.encode())
    except SignatureInvalid as error:
        raise SignatureInvalid(f"checkpoint does not verify under the key of log {log.url}") from error
    if (checkpoint.size, checkpoint.root) != (proof.tree_size, proof.root_hash):
        raise ProofInvalid(f"proof of size {proof.tree_size} beside a checkpoint of size {checkpoint.size} or another root")
    leaf = leaf_hash(body)
    verify_inclusion(leaf, proof.log_index, proof.tree_size, proof.hashes, proof.root_hash)
    return ProvenTree(
        key=log.key.keyid,
        origin=checkpoint.origin,
        size=checkpoint.size,
        root=checkpoint.root,
        index=proof.log_index,
        leaf=leaf,
    )


def check_entry(entry: LogEntry, signing: Signing) -> None:
    """Check that the entry's body is about this signature, key and content. Raises ProofInvalid, Untrusted for other kinds."""
    check = _KINDS.get((entry.kind, entry.version))
    if check is None:
        raise Untrusted(f"log entry of kind {entry.kind[:40]} {entry.version[:20]}, which is not supported")
    try:
        body = as_object(load_json(entry.body, what="log entry", max_size=MAX_BODY_SIZE, max_items=MAX_BODY_ITEMS), "log entry")
        if (body.get("kind"), body.get("apiVersion")) != (entry.kind, entry.version):
            raise ProofInvalid("log entry's body is of another kind than the entry says")
        check(as_object(body.get("spec"), "spec"), signing)
    except Malformed as error:
        raise ProofInvalid(f"log entry cannot be read: {error.message}") from error


def _check_hashedrekord_v1(spec: Mapping[str, Any], signing: Signing) -> None:
    stated = as_object(as_object(spec.get("data"), "data").get("hash"), "data.hash")
    name = as_text(stated.get("algorithm"), "data.hash.algorithm")
    if name not in DIGEST_NAMES.values():
        raise ProofInvalid(f"log entry names the content by its {name[:20]}")
    signature = as_object(spec.get("signature"), "signature")
    key = as_object(signature.get("publicKey"), "signature.publicKey")
    _same(stated.get("value"), signing.digest(name).hex(), "content")
    _same(as_bytes(signature.get("content"), "signature.content"), signing.signature, "signature")
    _same_signer(key.get("content"), signing)


def _check_dsse_v1(spec: Mapping[str, Any], signing: Signing) -> None:
    envelope = _envelope(signing)
    _check_payload_hash(spec, envelope)
    signature = _only_signature(spec)
    _same(as_bytes(signature.get("signature"), "signature"), signing.signature, "signature")
    _same_signer(signature.get("verifier"), signing)


def _check_dsse_v2(spec: Mapping[str, Any], signing: Signing) -> None:
    """Of the first releases of Rekor v2, and still written by some signers."""
    envelope = _envelope(signing)
    logged = as_object(spec.get("dsseV002"), "dsseV002")
    stated = {"algorithm": "SHA2_256", "digest": base64_text(hashlib.sha256(envelope.payload).digest())}
    _same(logged.get("payloadHash"), stated, "payload")
    _same(_only_signature(logged), record_spec(signing)["hashedRekordV002"]["signature"], "signature or key")


def _check_intoto_v1(spec: Mapping[str, Any], signing: Signing) -> None:
    """Rekor kept the hash of the whole envelope as it was uploaded, so its signature is bound by it."""
    envelope = _envelope(signing)
    content = as_object(spec.get("content"), "content")
    if not signing.envelope_bytes:
        raise Untrusted("log entry names an envelope by the hash of bytes that are not at hand")
    stated = as_object(content.get("hash"), "content.hash")
    _same(stated.get("algorithm"), "sha256", "hash of the envelope")
    _same(stated.get("value"), hashlib.sha256(signing.envelope_bytes).hexdigest(), "envelope")
    if content.get("payloadHash") is not None:  # older entries have none
        _check_payload_hash(content, envelope)
    _same_signer(spec.get("publicKey"), signing)


def _check_intoto_v2(spec: Mapping[str, Any], signing: Signing) -> None:
    envelope = _envelope(signing)
    content = as_object(spec.get("content"), "content")
    _check_payload_hash(content, envelope)
    logged = as_object(content.get("envelope"), "content.envelope")
    _same(logged.get("payloadType"), envelope.payload_type, "payload type")
    signature = _only_signature(logged)
    # Rekor v1 keeps the base64 of the envelope's base64.
    _same(as_bytes(signature.get("sig"), "sig"), base64_text(signing.signature).encode(), "signature")
    _same_signer(signature.get("publicKey"), signing)


def _check_hashedrekord_v2(spec: Mapping[str, Any], signing: Signing) -> None:
    _same(spec, record_spec(signing), "content, signature or key")


_KINDS = {
    ("hashedrekord", "0.0.1"): _check_hashedrekord_v1,
    ("dsse", "0.0.1"): _check_dsse_v1,
    ("dsse", "0.0.2"): _check_dsse_v2,
    ("intoto", "0.0.1"): _check_intoto_v1,
    ("intoto", "0.0.2"): _check_intoto_v2,
    ("hashedrekord", "0.0.2"): _check_hashedrekord_v2,
}


def record_spec(signing: Signing) -> dict[str, Any]:
    """What Rekor v2 writes about a signature: `spec` of hashedrekord 0.0.2 (sigstore/rekor-tiles, CLIENTS.md)."""
    names = {name: spelling for spelling, name in DIGEST_NAMES.items()}
    verifier: dict[str, Any] = {"keyDetails": signing.key.key_details}
    if signing.certificate:
        verifier["x509Certificate"] = {"rawBytes": base64_text(signing.certificate)}
    else:
        verifier["publicKey"] = {"rawBytes": base64_text(signing.key.spki)}
    digest = base64_text(signing.digest(signing.key.hash_name))
    return {
        "hashedRekordV002": {
            "data": {"algorithm": names[signing.key.hash_name], "digest": digest},
            "signature": {"content": base64_text(signing.signature), "verifier": verifier},
        }
    }


def _envelope(signing: Signing) -> Envelope:
    if isinstance(signing.content, MessageSignature):
        raise ProofInvalid("log entry is about an envelope, the bundle holds a message signature")
    return signing.content


def _check_payload_hash(members: Mapping[str, Any], envelope: Envelope) -> None:
    stated = as_object(members.get("payloadHash"), "payloadHash")
    _same(stated.get("algorithm"), "sha256", "hash of the payload")
    _same(stated.get("value"), hashlib.sha256(envelope.payload).hexdigest(), "payload")


def _only_signature(members: Mapping[str, Any]) -> Mapping[str, Any]:
    signatures = as_list(members.get("signatures"), "signatures", limit=64)
    if len(signatures) != 1:
        raise ProofInvalid(f"log entry has {len(signatures)} signatures, not exactly one")
    return as_object(signatures[0], "signatures[0]")


def _same_signer(value: Any, signing: Signing) -> None:
    """The signer in a v1 entry is the base64 of a PEM block."""
    match = _PEM.fullmatch(as_bytes(value, "signer"))
    if match is None:
        raise ProofInvalid("log entry's signer is neither a certificate nor a public key in PEM")
    try:
        der = as_lines(match[2], "signer")
    except Malformed as error:
        raise ProofInvalid("log entry's signer is not base64") from error
    kind, expected = (b"CERTIFICATE", signing.certificate) if signing.certificate else (b"PUBLIC KEY", signing.key.spki)
    if signing.beside and match[1] == b"CERTIFICATE":
        kind, expected = b"CERTIFICATE", signing.beside
    _same((match[1], der), (kind, expected), "signer")


def _same(found: object, expected: object, what: str) -> None:
    if found != expected:
        raise ProofInvalid(f"log entry is about another {what} than the bundle's")
