"""Sigstore bundles as JSON (sigstore/protobuf-specs, sigstore_bundle.proto, sigstore_rekor.proto). Pure.

Written: v0.3 only. Read, strictly: v0.1 to v0.3; members that the format does not have are refused, as other clients refuse
them, and so is what a version does not allow: v0.3 has one certificate and no chain, v0.1 wants an inclusion promise, later
versions an inclusion proof. A member that is null is absent, as protobuf-JSON has it. Nothing is verified here.
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
MAX_CERTIFICATES = 10
MAX_TIMESTAMPS = 32
MAX_BUNDLE_SIZE = MAX_SIZE // 3 * 4 + 1024 * 1024  # a statement of the largest size in base64, and its proofs
MAX_ITEMS = 50_000  # it has a few hundred; what fills it is base64
MAX_LOG_ENTRIES = 32  # as sigstore's own clients limit them
MAX_PROOF_HASHES = 64  # a tree of 2⁶⁴ leaves


_VERSIONS = {
    "application/vnd.dev.sigstore.bundle.v0.1+json": "0.1",
    "application/vnd.dev.sigstore.bundle.v0.2+json": "0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.1": "0.1",
    "application/vnd.dev.sigstore.bundle+json;version=0.2": "0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.3": "0.3",
    MEDIA_TYPE: "0.3",
}


DIGEST_NAMES = {"SHA2_256": "sha256", "SHA2_384": "sha384", "SHA2_512": "sha512"}
"""The spellings of sigstore_common.proto (HashAlgorithm) and their names in hashlib."""


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
    nothing here; 0 when not stated, as always in logs of tiles. `promise`: the signed entry timestamp, b"" when there is none.
    `proof`: None only in old bundles that have a promise instead.
    """

    log_index: int
    log_id: bytes
    kind: str = "hashedrekord"
    version: str = "0.0.2"
    body: bytes
    proof: InclusionProof | None
    integrated_time: int = 0
    promise: bytes = b""

    @property
    def origin(self) -> str:
        """The log's name, as the checkpoint claims it; "" without a proof."""
        return self.proof.checkpoint.partition("\n")[0] if self.proof is not None else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSignature:
    """A signature over an artifact's bytes, without a statement. `digest`: what they are said to hash to, None unstated."""

    sig: bytes
    digest: tuple[str, bytes] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedBundle:
    """A bundle of the right form, about which nothing was verified. `digest` is that of `received`, the bytes as they came.

    `hint`: which public key is said to have signed, "" when nothing is said; nobody vouches for it, it only says which key to
    try first. `certificates`: DER, the signer's first, when one of those is said to have. `timestamps`: RFC 3161 responses,
    DER. `envelope_bytes`: in cosign's older layout the envelope as it came, which timestamps and log entries are about there;
    `beside`: there, a certificate that stands beside the signature of a bare key.
    """

    received: bytes
    digest: Digest
    content: Envelope | MessageSignature
    hint: str
    log_entries: tuple[LogEntry, ...]
    certificates: tuple[bytes, ...] = ()
    timestamps: tuple[bytes, ...] = ()
    version: str = "0.3"
    envelope_bytes: bytes = b""
    beside: bytes = b""

    @property
    def envelope(self) -> Envelope:
        """The DSSE envelope. Raises BundleUnsupported when there is a bare message signature instead."""
        if isinstance(self.content, MessageSignature):
            raise BundleUnsupported("bundle holds a bare message signature", hint="sign a statement in a DSSE envelope instead")
        return self.content

    @property
    def signature(self) -> bytes:
        """The raw signature, of whichever content."""
        return self.content.sig if isinstance(self.content, MessageSignature) else self.content.signatures[0].sig


def render_bundle(
    content: Envelope | MessageSignature,
    signer: "PublicKey | bytes",
    log_entries: Sequence[LogEntry] = (),
    timestamps: Sequence[bytes] = (),
) -> bytes:
    """The bytes of a bundle v0.3: compact JSON with sorted members. `signer`: the key, or the certificate in DER.

    Raises Malformed unless an envelope has exactly one signature. Its keyid is not written.
    """
    if isinstance(signer, bytes):
        material: dict[str, Any] = {"certificate": {"rawBytes": base64_text(signer)}}
    else:
        material = {"publicKey": {"hint": signer.hint}}
    if log_entries:
        material["tlogEntries"] = [_render_log_entry(entry) for entry in log_entries]
    if timestamps:
        stamps = [{"signedTimestamp": base64_text(item)} for item in timestamps]
        material["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
    members: dict[str, Any] = {"mediaType": MEDIA_TYPE, "verificationMaterial": material}
    if isinstance(content, Envelope):
        _check_one_signature(content)
        members["dsseEnvelope"] = render_envelope(content)
    else:
        members["messageSignature"] = _render_message(content)
    return dump_json(members)


def parse_bundle(data: bytes) -> UnverifiedBundle:
    """Read a bundle; verifies nothing. Raises Malformed, LimitExceeded, and BundleUnsupported for other sorts of bundle."""
    members = _present(load_json(data, what="bundle", max_size=MAX_BUNDLE_SIZE, max_items=MAX_ITEMS), "bundle")
    version = _VERSIONS.get(members["mediaType"]) if isinstance(members.get("mediaType"), str) else None
    if version is None:
        raise BundleUnsupported(f"not a Sigstore bundle of v0.1 to v0.3: mediaType is {str(members.get('mediaType'))[:80]!r}")
    refuse_unknown(members, ("mediaType", "verificationMaterial", "dsseEnvelope", "messageSignature"), "bundle")
    if ("messageSignature" in members) == ("dsseEnvelope" in members):
        raise Malformed("bundle must hold either a DSSE envelope or a message signature")
    material = _present(members.get("verificationMaterial"), "verificationMaterial")
    refuse_unknown(material, (*_SIGNERS, "tlogEntries", "timestampVerificationData"), "verificationMaterial")
    hint, certificates = _parse_signer(material, version)
    content: Envelope | MessageSignature
    if "dsseEnvelope" in members:
        content = parse_envelope(as_object(members["dsseEnvelope"], "dsseEnvelope"))
        _check_one_signature(content)
    else:
        content = _parse_message(members["messageSignature"])
    entries = as_list(material.get("tlogEntries", []), "tlogEntries", limit=MAX_LOG_ENTRIES)
    return UnverifiedBundle(
        received=data,
        digest=Digest.of(data),
        content=content,
        hint=hint,
        log_entries=tuple(parse_log_entry(entry, f"tlogEntries[{number}]", version) for number, entry in enumerate(entries)),
        certificates=certificates,
        timestamps=_parse_timestamps(material.get("timestampVerificationData", {})),
        version=version,
    )


def without_keyid(data: bytes) -> bytes:
    """The same bundle without the keyid of its envelope, which earlier releases wrote and no signature covers (`attest.dsse`).

    `data`: a bundle that `parse_bundle` reads; as it is when there is no keyid in it. Raises as `load_json` does.
    """
    members = load_json(data, what="bundle", max_size=MAX_BUNDLE_SIZE, max_items=MAX_ITEMS)
    envelope = members.get("dsseEnvelope") if isinstance(members, dict) else None
    signatures = envelope.get("signatures") if isinstance(envelope, dict) else None
    items = signatures if isinstance(signatures, list) else []
    named = [item for item in items if isinstance(item, dict) and item.pop("keyid", None)]
    return dump_json(members) if named else data


_SIGNERS = ("publicKey", "certificate", "x509CertificateChain")


def _parse_signer(material: Mapping[str, Any], version: str) -> tuple[str, tuple[bytes, ...]]:
    """The key's hint and no certificates, or no hint and at least one."""
    named = [name for name in _SIGNERS if name in material]
    if len(named) != 1:
        raise Malformed("bundle must name exactly one of a public key, a certificate and a certificate chain")
    if named[0] == "publicKey":
        return _parse_hint(material["publicKey"]), ()
    if (named[0] == "certificate") != (version == "0.3"):
        raise Malformed(f"a bundle v{version} has no {named[0]}")
    if named[0] == "certificate":
        return "", (_parse_certificate(material["certificate"], "certificate"),)
    chain = _present(material["x509CertificateChain"], "x509CertificateChain")
    refuse_unknown(chain, ("certificates",), "x509CertificateChain")
    items = as_list(chain.get("certificates", []), "x509CertificateChain.certificates", limit=MAX_CERTIFICATES)
    if not items:
        raise Malformed("bundle with an empty certificate chain")
    return "", tuple(_parse_certificate(item, f"certificates[{number}]") for number, item in enumerate(items))


def _parse_certificate(value: Any, where: str) -> bytes:
    member = _present(value, where)
    refuse_unknown(member, ("rawBytes",), where)
    der = as_bytes(member.get("rawBytes"), f"{where}.rawBytes")
    if not der:
        raise Malformed(f"{where} is empty")
    return der


def _parse_message(value: Any) -> MessageSignature:
    message = _present(value, "messageSignature")
    refuse_unknown(message, ("messageDigest", "signature"), "messageSignature")
    sig = as_bytes(message.get("signature"), "messageSignature.signature")
    if not sig:
        raise Malformed("messageSignature.signature is empty")
    if "messageDigest" not in message:
        return MessageSignature(sig=sig)
    stated = _present(message["messageDigest"], "messageDigest")
    refuse_unknown(stated, ("algorithm", "digest"), "messageDigest")
    name = as_text(stated.get("algorithm"), "messageDigest.algorithm")
    if name not in DIGEST_NAMES:
        raise BundleUnsupported(f"messageDigest.algorithm is {name[:40]!r}")
    return MessageSignature(sig=sig, digest=(DIGEST_NAMES[name], as_bytes(stated.get("digest"), "messageDigest.digest")))


def _render_message(message: MessageSignature) -> dict[str, Any]:
    rendered: dict[str, Any] = {"signature": base64_text(message.sig)}
    if message.digest is not None:
        names = {name: spelling for spelling, name in DIGEST_NAMES.items()}
        rendered["messageDigest"] = {"algorithm": names[message.digest[0]], "digest": base64_text(message.digest[1])}
    return rendered


def _parse_timestamps(value: Any) -> tuple[bytes, ...]:
    data = _present(value, "timestampVerificationData")
    refuse_unknown(data, ("rfc3161Timestamps",), "timestampVerificationData")
    items = as_list(data.get("rfc3161Timestamps", []), "rfc3161Timestamps", limit=MAX_TIMESTAMPS)
    found = []
    for number, item in enumerate(items):
        where = f"rfc3161Timestamps[{number}]"
        member = _present(item, where)
        refuse_unknown(member, ("signedTimestamp",), where)
        found.append(as_bytes(member.get("signedTimestamp"), f"{where}.signedTimestamp"))
    return tuple(found)


def _present(value: Any, where: str) -> Mapping[str, Any]:
    """The members of an object that are not null."""
    return {name: member for name, member in as_object(value, where).items() if member is not None}


def _parse_hint(value: Any) -> str:
    member = _present(value, "publicKey")
    refuse_unknown(member, ("hint",), "publicKey")
    return as_text(member.get("hint", ""), "publicKey.hint")  # proto3 leaves out what is empty


def _check_one_signature(envelope: Envelope) -> None:
    # sigstore_bundle.proto, field dsse_envelope: exactly one signature. A threshold is several bundles.
    if len(envelope.signatures) != 1:
        raise Malformed(f"bundle's envelope has {len(envelope.signatures)} signatures, not exactly one")


def _render_log_entry(entry: LogEntry) -> dict[str, Any]:
    rendered: dict[str, Any] = {
        "logIndex": str(entry.log_index),
        "logId": {"keyId": base64_text(entry.log_id)},
        "kindVersion": {"kind": entry.kind, "version": entry.version},
        "canonicalizedBody": base64_text(entry.body),
    }
    if entry.proof is None:
        raise Malformed("a log entry without an inclusion proof cannot be written")
    rendered["inclusionProof"] = {
        "logIndex": str(entry.proof.log_index),
        "treeSize": str(entry.proof.tree_size),
        "rootHash": base64_text(entry.proof.root_hash),
        "hashes": [base64_text(item) for item in entry.proof.hashes],
        "checkpoint": {"envelope": entry.proof.checkpoint},
    }
    if entry.integrated_time:
        rendered["integratedTime"] = str(entry.integrated_time)
    if entry.promise:
        rendered["inclusionPromise"] = {"signedEntryTimestamp": base64_text(entry.promise)}
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


def parse_log_entry(value: Any, where: str, version: str = "0.3") -> LogEntry:
    """Read a TransparencyLogEntry as a bundle of this version may hold it, and as Rekor v2 answers. Raises Malformed."""
    entry = _present(value, where)
    refuse_unknown(entry, _ENTRY_MEMBERS, where)
    kind_version = as_object(entry.get("kindVersion"), f"{where}.kindVersion")
    body = as_bytes(entry.get("canonicalizedBody"), f"{where}.canonicalizedBody")
    if not body:
        raise Malformed(f"{where} has no body")
    if version == "0.1" and "inclusionPromise" not in entry:
        raise Malformed(f"{where} of a bundle v0.1 has no inclusion promise")
    if version != "0.1" and "inclusionProof" not in entry:
        raise Malformed(f"{where} has no inclusion proof")
    return LogEntry(
        log_index=_index(entry, where),
        log_id=_hash(as_object(entry.get("logId"), f"{where}.logId").get("keyId"), f"{where}.logId.keyId"),
        kind=as_text(kind_version.get("kind"), f"{where}.kindVersion.kind"),
        version=as_text(kind_version.get("version"), f"{where}.kindVersion.version"),
        body=body,
        proof=_parse_proof(entry["inclusionProof"], f"{where}.inclusionProof") if "inclusionProof" in entry else None,
        integrated_time=as_int64(entry.get("integratedTime", "0"), f"{where}.integratedTime"),
        promise=_parse_promise(entry.get("inclusionPromise"), f"{where}.inclusionPromise"),
    )


def _parse_promise(value: Any, where: str) -> bytes:
    if value is None:
        return b""
    promise = _present(value, where)
    refuse_unknown(promise, ("signedEntryTimestamp",), where)
    stamp = as_bytes(promise.get("signedEntryTimestamp"), f"{where}.signedEntryTimestamp")
    if not stamp:
        raise Malformed(f"{where} is empty")
    return stamp


def _parse_proof(value: Any, where: str) -> InclusionProof:
    proof = _present(value, where)
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
