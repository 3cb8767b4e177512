"""Sigstore bundles v0.3 as JSON (sigstore/protobuf-specs, sigstore_bundle.proto, sigstore_rekor.proto). Pure.

Written: one DSSE envelope with one signature, the public key's hint, and the log entries with their inclusion proofs. Read: the
same, strictly; members that v0.3 does not have are refused, as other clients refuse them. A bundle that holds a certificate is
read, so that its signer can be called unknown instead of its bytes broken; its hint is "" and no key of ours verifies it.
`inclusionPromise` and RFC 3161 timestamps are kept in the received bytes and believed by nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pratique.attest.dsse import Envelope, parse_envelope, render_envelope
from pratique.attest.members import as_bytes, as_int64, as_list, as_object, as_text, base64_text, refuse_unknown
from pratique.attest.strictjson import MAX_SIZE, dump_json, load_json
from pratique.errors import Malformed
from pratique.model.digest import Digest

if TYPE_CHECKING:
    from pratique.attest.publickey import PublicKey

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
MAX_BUNDLE_SIZE = MAX_SIZE // 3 * 4 + 1024 * 1024  # a statement of the largest size in base64, and its proofs
MAX_LOG_ENTRIES = 32  # as sigstore's own clients limit them
MAX_PROOF_HASHES = 64  # a tree of 2⁶⁴ leaves


class BundleUnsupported(Malformed):
    """A bundle that may be sound, of a version or content this program does not read: neither valid nor broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InclusionProof:
    """`hashes`: 32 bytes each, from leaf to root. `checkpoint`: the signed note in full. Nothing of it is verified here."""

    log_index: int
    tree_size: int
    root_hash: bytes
    hashes: tuple[bytes, ...]
    checkpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """A place in a transparency log, as its holder claims it. `log_id`: 32 bytes that name the log.

    `body`: the entry's bytes (`canonicalizedBody`). `integrated_time`: Unix seconds said by the log and authenticated by
    nothing here; 0 when not stated, as always in logs of tiles.
    """

    log_index: int
    log_id: bytes
    kind: str = "hashedrekord"
    version: str = "0.0.2"
    body: bytes
    proof: InclusionProof
    integrated_time: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedBundle:
    """A bundle of the right form, about which nothing was verified. `digest` is that of `received`, the bytes as they came.

    `hint`: which public key is said to have signed; "" when a certificate is said to have.
    """

    received: bytes
    digest: Digest
    envelope: Envelope
    hint: str
    log_entries: tuple[LogEntry, ...]


def render_bundle(envelope: Envelope, key: "PublicKey", log_entries: Sequence[LogEntry] = ()) -> bytes:
    """The bundle's bytes: compact JSON with sorted members. Raises Malformed unless `envelope` has exactly one signature."""
    _check_signature_fits(envelope, key.hint)
    material: dict[str, Any] = {"publicKey": {"hint": key.hint}}
    if log_entries:
        material["tlogEntries"] = [_render_log_entry(entry) for entry in log_entries]
    return dump_json(
        {"mediaType": MEDIA_TYPE, "verificationMaterial": material, "dsseEnvelope": render_envelope(envelope)},
    )


def parse_bundle(data: bytes) -> UnverifiedBundle:
    """Read a bundle; verifies nothing. Raises Malformed, LimitExceeded, and BundleUnsupported for other sorts of bundle."""
    members = as_object(load_json(data, what="bundle", max_size=MAX_BUNDLE_SIZE), "bundle")
    if members.get("mediaType") != MEDIA_TYPE:
        raise BundleUnsupported(f"not a Sigstore bundle v0.3: mediaType is {str(members.get('mediaType'))[:80]!r}")
    refuse_unknown(members, ("mediaType", "verificationMaterial", "dsseEnvelope", "messageSignature"), "bundle")
    if ("messageSignature" in members) == ("dsseEnvelope" in members):
        raise Malformed("bundle must hold either a DSSE envelope or a message signature")
    if "messageSignature" in members:
        raise BundleUnsupported("bundle holds a bare message signature", hint="sign a statement in a DSSE envelope instead")
    material = as_object(members.get("verificationMaterial"), "verificationMaterial")
    refuse_unknown(material, ("publicKey", "certificate", "tlogEntries", "timestampVerificationData"), "verificationMaterial")
    if ("publicKey" in material) == ("certificate" in material):
        raise Malformed("bundle must name either a public key or a certificate")
    hint = _parse_hint(material["publicKey"]) if "publicKey" in material else ""
    envelope = parse_envelope(as_object(members["dsseEnvelope"], "dsseEnvelope"))
    _check_signature_fits(envelope, hint)
    entries = as_list(material.get("tlogEntries", []), "tlogEntries", limit=MAX_LOG_ENTRIES)
    return UnverifiedBundle(
        received=data,
        digest=Digest.of(data),
        envelope=envelope,
        hint=hint,
        log_entries=tuple(_parse_log_entry(entry, f"tlogEntries[{number}]") for number, entry in enumerate(entries)),
    )


def _parse_hint(value: Any) -> str:
    member = as_object(value, "publicKey")
    refuse_unknown(member, ("hint",), "publicKey")
    hint = as_text(member.get("hint"), "publicKey.hint")
    if not hint:
        raise Malformed("publicKey.hint is empty")
    return hint


def _check_signature_fits(envelope: Envelope, hint: str) -> None:
    # sigstore_bundle.proto, field dsse_envelope: exactly one signature. A threshold is several bundles.
    if len(envelope.signatures) != 1:
        raise Malformed(f"bundle's envelope has {len(envelope.signatures)} signatures, not exactly one")
    if hint and envelope.signatures[0].keyid not in ("", hint):
        raise Malformed("the signature's keyid is not the bundle's key hint")


def _render_log_entry(entry: LogEntry) -> dict[str, Any]:
    rendered: dict[str, Any] = {
        "logIndex": str(entry.log_index),
        "logId": {"keyId": base64_text(entry.log_id)},
        "kindVersion": {"kind": entry.kind, "version": entry.version},
        "inclusionProof": {
            "logIndex": str(entry.proof.log_index),
            "treeSize": str(entry.proof.tree_size),
            "rootHash": base64_text(entry.proof.root_hash),
            "hashes": [base64_text(item) for item in entry.proof.hashes],
            "checkpoint": {"envelope": entry.proof.checkpoint},
        },
        "canonicalizedBody": base64_text(entry.body),
    }
    if entry.integrated_time:
        rendered["integratedTime"] = str(entry.integrated_time)
    return rendered


_ENTRY_MEMBERS = (
    "logIndex",
    "logId",
    "kindVersion",
    "integratedTime",
    "inclusionPromise",
    "inclusionProof",
    "canonicalizedBody",
)


def _parse_log_entry(value: Any, where: str) -> LogEntry:
    entry = as_object(value, where)
    refuse_unknown(entry, _ENTRY_MEMBERS, where)
    kind_version = as_object(entry.get("kindVersion"), f"{where}.kindVersion")
    body = as_bytes(entry.get("canonicalizedBody"), f"{where}.canonicalizedBody")
    if not body:
        raise Malformed(f"{where} has no body")
    return LogEntry(
        log_index=_index(entry, where),
        log_id=_hash(as_object(entry.get("logId"), f"{where}.logId").get("keyId"), f"{where}.logId.keyId"),
        kind=as_text(kind_version.get("kind"), f"{where}.kindVersion.kind"),
        version=as_text(kind_version.get("version"), f"{where}.kindVersion.version"),
        body=body,
        proof=_parse_proof(entry.get("inclusionProof"), f"{where}.inclusionProof"),
        integrated_time=as_int64(entry.get("integratedTime", "0"), f"{where}.integratedTime"),
    )


def _parse_proof(value: Any, where: str) -> InclusionProof:
    proof = as_object(value, where)
    refuse_unknown(proof, ("logIndex", "rootHash", "treeSize", "hashes", "checkpoint"), where)
    index, size = _index(proof, where), as_int64(proof.get("treeSize"), f"{where}.treeSize")
    if index >= size:
        raise Malformed(f"{where} places entry {index} in a tree of {size}")
    hashes = as_list(proof.get("hashes", []), f"{where}.hashes", limit=MAX_PROOF_HASHES)
    return InclusionProof(
        log_index=index,
        tree_size=size,
        root_hash=_hash(proof.get("rootHash"), f"{where}.rootHash"),
        hashes=tuple(_hash(item, f"{where}.hashes[{number}]") for number, item in enumerate(hashes)),
        checkpoint=as_text(as_object(proof.get("checkpoint"), f"{where}.checkpoint").get("envelope"), f"{where}.checkpoint"),
    )


def _index(members: Mapping[str, Any], where: str) -> int:
    # protobuf-JSON leaves out a zero, so the first entry of a log may come without its index.
    return as_int64(members.get("logIndex", "0"), f"{where}.logIndex")


def _hash(value: Any, where: str) -> bytes:
    data = as_bytes(value, where)
    if len(data) != 32:
        raise Malformed(f"{where} has {len(data)} bytes, not 32")
    return data
