"""A Sigstore of one's own for tests: certificate authority, certificate log, Rekor v1 and v2, timestamp authority.

Everything is made at times of the test's choosing, and each piece can be made wrong.
"""

import base64
import datetime as dt
import hashlib
import json
from dataclasses import dataclass, field
from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pki import CODE, STAMP, Party, make

from pratique.attest import cms
from pratique.attest import timestamp as ts
from pratique.attest.bundle import MEDIA_TYPE, parse_bundle
from pratique.attest.dsse import IN_TOTO, pae
from pratique.attest.publickey import PublicKey
from pratique.attest.sigstore.trusted_root import parse_trusted_root
from pratique.attest.sigstore.verify import ArtifactDigests, Requirements, verify_attestation, verify_message
from pratique.attest.statement import StatementSubject, render_statement
from pratique.attest.strictjson import canonical_json
from pratique.errors import DigestMismatch
from pratique.model.digest import Digest
from pratique.model.merkle import leaf_hash, node_hash

NOW = 1_750_000_000
ARTIFACT = b"hello, harbour\n"
ISSUER = "https://token.example"
SUBJECT = "https://example.com/team/app/.github/workflows/release.yml@refs/heads/main"
SCT_LIST = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
FULCIO = "1.3.6.1.4.1.57264.1"


def b64(data):
    return base64.b64encode(data).decode()


def spki(key):
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def sign(key, message):
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    return key.sign(message, ec.ECDSA(hashes.SHA384() if key.curve.name == "secp384r1" else hashes.SHA256()))


def instant(at):
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def statement(data=ARTIFACT):
    return render_statement(
        subjects=[StatementSubject.of("app", Digest.of(data))],
        predicate_type="https://example.org/claim/v1",
        predicate={"x": "é"},
    )


@asn1.sequence
class Wrapped:
    item: asn1.TLV


@asn1.sequence
class Issued:
    """The members of a certificate up to its issuer's name."""

    version: Annotated[int, asn1.Explicit(0)]
    serial: int
    algorithm: asn1.TLV
    issuer: asn1.TLV
    validity: asn1.TLV
    subject: asn1.TLV
    key: asn1.TLV
    extensions: Annotated[asn1.TLV, asn1.Explicit(3)]


def tlv(value):
    """An ASN.1 value, or its DER, as the library wants it inside another."""
    der = value if isinstance(value, bytes) else asn1.encode_der(value)
    length = len(der).to_bytes(2, "big")
    header = length[1:] if len(der) < 128 else b"\x81" + length[1:] if len(der) < 256 else b"\x82" + length
    return asn1.decode_der(Wrapped, b"\x30" + header + der).item


def octets(der):
    """DER of an OCTET STRING."""
    return asn1.encode_der(der)


SIGNING_CERTIFICATE = x509.ObjectIdentifier("1.2.840.113549.1.9.16.2.12")
SIGNING_CERTIFICATE_V2 = x509.ObjectIdentifier("1.2.840.113549.1.9.16.2.47")


def stamp(
    party: Party, signature: bytes, at: float, *, embed=True, accuracy=None, info=None, names=None, signer=None, attest=None
) -> bytes:
    """A TimeStampResp by `party` at a time of choice.

    `embed`: whose certificates are in the token, its own by default. `info`: members of the TSTInfo that are others; `names`:
    attributes that name the certificate; `signer`: members of the SignerInfo that are others; `attest`: signs instead of the key.
    """
    sha256 = cms.AlgorithmIdentifier(oid=x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1"), parameters=None)
    said = {
        "version": 1,
        "policy": x509.ObjectIdentifier("1.2.3.4"),
        "imprint": ts._Imprint(algorithm=sha256, digest=hashlib.sha256(signature).digest()),
        "serial": 7,
        "time": asn1.GeneralizedTime(dt.datetime.fromtimestamp(at, dt.UTC)),
        "accuracy": ts._Accuracy(seconds=accuracy, millis=None, micros=None) if accuracy else None,
        "ordering": False,
        "nonce": None,
        "authority": None,
        "extensions": None,
    }
    info = asn1.encode_der(ts._Info(**(said | (info or {}))))
    named = ts._SigningCertificateV2(
        certificates=[ts._CertIdV2(algorithm=None, digest=hashlib.sha256(party.der).digest(), issuer_serial=None)], policies=None
    )
    content_type = x509.ObjectIdentifier("1.2.840.113549.1.9.16.1.4")
    attributes = [
        cms.Attribute(kind=cms.CONTENT_TYPE, values=asn1.SetOf([tlv(content_type)])),
        cms.Attribute(kind=cms.MESSAGE_DIGEST, values=asn1.SetOf([tlv(octets(hashlib.sha256(info).digest()))])),
        *([cms.Attribute(kind=SIGNING_CERTIFICATE_V2, values=asn1.SetOf([tlv(named)]))] if names is None else names),
    ]
    signed = asn1.SetOf(sorted(attributes, key=asn1.encode_der))
    message = asn1.encode_der(signed)
    members = {
        "version": 1,
        "signer": cms.IssuerAndSerial(
            issuer=tlv(party.certificate.tbs_certificate_bytes).parse(Issued).issuer, serial=party.certificate.serial_number
        ),
        "digest_algorithm": sha256,
        "signed_attributes": signed,
        "signature_algorithm": cms.AlgorithmIdentifier(oid=x509.ObjectIdentifier("1.2.840.10045.4.3.2"), parameters=None),
        "signature": attest(message) if attest else party.key.sign(message, ec.ECDSA(hashes.SHA256())),
        "unsigned_attributes": None,
    }
    by = cms.SignerInfo(**(members | (signer or {})))
    data = cms.SignedData(
        version=3,
        digest_algorithms=asn1.SetOf([sha256]),
        content=cms.EncapsulatedContent(kind=content_type, content=info),
        certificates=[tlv(one.der) for one in ([party] if embed is True else embed)] if embed else None,
        revocations=None,
        signers=asn1.SetOf([by]),
    )
    token = cms.ContentInfo(kind=cms.SIGNED_DATA, data=data)
    return asn1.encode_der(ts._Response(status=ts._Status(status=0, text=None, failure=None), token=token))


@dataclass
class Log:
    """A transparency log that has one other entry before ours."""

    name: str
    key: object
    version: int = 1
    operator: str = ""
    start: int = NOW - 1000
    end: int | None = None

    @property
    def id(self):
        if self.version == 1:
            return hashlib.sha256(spki(self.key)).digest()
        return hashlib.sha256(self.name.encode() + b"\n\x01" + self.key.public_key().public_bytes_raw()).digest()

    def instance(self):
        window = {"start": instant(self.start)} | ({"end": instant(self.end)} if self.end else {})
        return {
            "baseUrl": f"https://{self.name}",
            "hashAlgorithm": "SHA2_256",
            "publicKey": {"rawBytes": b64(spki(self.key)), "keyDetails": "…", "validFor": window},
            "logId": {"keyId": b64(self.id)},
        } | ({"operator": self.operator} if self.operator else {})

    def checkpoint(self, root, *, size=2, origin=None, name=None, key=None):
        origin = origin or (self.name if self.version == 2 else f"{self.name} - 42")
        text = f"{origin}\n{size}\n{b64(root)}\n"
        line = self.id[:4] + sign(key or self.key, text.encode())
        return f"{text}\n— {name or self.name} {b64(line)}\n"

    def entry(self, kind, version, spec, at):
        body = canonical_json({"apiVersion": version, "kind": kind, "spec": spec})
        other = leaf_hash(b"somebody else's entry")
        root = node_hash(other, leaf_hash(body))
        index = 1001 if self.version == 1 else 1
        entry = {
            "logIndex": str(index),
            "logId": {"keyId": b64(self.id)},
            "kindVersion": {"kind": kind, "version": version},
            "inclusionProof": {
                "logIndex": "1",
                "treeSize": "2",
                "rootHash": b64(root),
                "hashes": [b64(other)],
                "checkpoint": {"envelope": self.checkpoint(root)},
            },
            "canonicalizedBody": b64(body),
        }
        if self.version == 1:
            entry |= {"integratedTime": str(at), "inclusionPromise": {"signedEntryTimestamp": b64(self.promise(body, at, index))}}
        return entry

    def promise(self, body, at, index, key=None):
        members = {"body": b64(body), "integratedTime": at, "logID": self.id.hex(), "logIndex": index}
        return sign(key or self.key, canonical_json(members))


def pem(kind, der):
    return f"-----BEGIN {kind}-----\n{base64.encodebytes(der).decode()}-----END {kind}-----\n".encode()


@dataclass
class World:
    """Everybody, and what they sign."""

    ca: Party = field(default_factory=lambda: make("Root", ca=True))
    middle: Party = None
    certificate_log: Log = field(default_factory=lambda: Log("ct.example", ec.generate_private_key(ec.SECP256R1())))
    rekor1: Log = field(default_factory=lambda: Log("rekor.one.example", ec.generate_private_key(ec.SECP256R1())))
    rekor2: Log = field(default_factory=lambda: Log("log.two.example", ed25519.Ed25519PrivateKey.generate(), version=2))
    stamp_root: Party = field(default_factory=lambda: make("Stamp Root", ca=True))
    stamper: Party = None

    def __post_init__(self):
        self.middle = self.middle or self.ca.issue("Middle", ca=True)
        self.stamper = self.stamper or self.stamp_root.issue("Stamper", extensions=[STAMP])

    def trusted_root(self, **changes):
        """The TrustedRoot as a document; `changes` replace whole members."""
        return {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [self.rekor1.instance(), self.rekor2.instance()],
            "certificateAuthorities": [self.authority("https://ca.example", self.middle, self.ca)],
            "ctlogs": [self.certificate_log.instance()],
            "timestampAuthorities": [self.authority("https://stamps.three.example", self.stamper, self.stamp_root)],
        } | changes

    @staticmethod
    def authority(uri, *chain, start=NOW - 1000, end=None, operator=""):
        window = {"start": instant(start)} | ({"end": instant(end)} if end else {})
        certificates = [{"rawBytes": b64(party.der)} for party in chain]
        found = {"uri": uri, "certChain": {"certificates": certificates}, "validFor": window}
        return found | ({"operator": operator} if operator else {})

    def certificate(
        self, *, key=None, at=NOW, names=None, issuers=(1, 8), extensions=(), logs=None, sct_at=None, issuer=None, purpose=CODE
    ):
        """A certificate of ten minutes, with a timestamp of each certificate log."""
        names = names or [x509.UniformResourceIdentifier(SUBJECT)]
        claims = [(x509.SubjectAlternativeName(names), True), purpose]
        if 1 in issuers:
            claims.append((x509.UnrecognizedExtension(x509.ObjectIdentifier(f"{FULCIO}.1"), ISSUER.encode()), False))
        if 8 in issuers:
            claims.append((x509.UnrecognizedExtension(x509.ObjectIdentifier(f"{FULCIO}.8"), asn1.encode_der(ISSUER)), False))
        claims += extensions
        options = {
            "issuer": issuer or self.middle,
            "born": at - 60,
            "died": at + 540,
            "key": key or ec.generate_private_key(ec.SECP256R1()),
            "serial": x509.random_serial_number(),
            "subject": x509.Name([]),
        }
        bare = make("", extensions=claims, **options)
        logs = [self.certificate_log] if logs is None else logs
        listed = b"".join(self._timestamp(log, bare, options["issuer"], sct_at or at) for log in logs)
        if not logs:
            return bare
        data = octets(len(listed).to_bytes(2, "big") + listed)
        return make("", extensions=[*claims, (x509.UnrecognizedExtension(SCT_LIST, data), False)], **options)

    @staticmethod
    def _timestamp(log, bare, issuer, at):
        tbs, extra = bare.certificate.tbs_certificate_bytes, b""
        signed = b"\x00\x00" + (at * 1000 + 617).to_bytes(8, "big") + b"\x00\x01" + hashlib.sha256(spki(issuer.key)).digest()
        signed += len(tbs).to_bytes(3, "big") + tbs + b"\x00\x00" + extra
        signature = sign(log.key, signed)
        item = b"\x00" + log.id + (at * 1000 + 617).to_bytes(8, "big") + b"\x00\x00\x04\x03"
        item += len(signature).to_bytes(2, "big") + signature
        return len(item).to_bytes(2, "big") + item

    def bundle(self, *, content="message", rekor=1, at=NOW, party=None, key=None, kind=None, stamps=None, entries=None):
        """A bundle as a document. `key`: a bare key signs; `party`: a certificate; `stamps`: times, by default as Rekor needs."""
        party = party or (None if key else self.certificate(at=at))
        signing_key = key or party.key
        payload = statement()
        signature = sign(signing_key, pae(IN_TOTO, payload) if content == "dsse" else ARTIFACT)
        log = self.rekor1 if rekor == 1 else self.rekor2
        signer = pem("PUBLIC KEY", spki(key)) if key else pem("CERTIFICATE", party.der)
        kind = kind or ("hashedrekord" if rekor == 2 or content == "message" else "dsse")
        version, spec = self.spec(kind, rekor, content, payload, signature, signer, party, signing_key)
        material = {
            "tlogEntries": [log.entry(kind, version, spec, at)] if entries is None else entries,
            "timestampVerificationData": {
                "rfc3161Timestamps": [
                    {"signedTimestamp": b64(stamp(self.stamper, signature, moment))}
                    for moment in (stamps if stamps is not None else ([] if rekor == 1 else [at]))
                ]
            },
        }
        hint = b64(hashlib.sha256(spki(key)).digest()) if key else ""
        material |= {"publicKey": {"hint": hint}} if key else {"certificate": {"rawBytes": b64(party.der)}}
        document = {"mediaType": MEDIA_TYPE, "verificationMaterial": material}
        if content == "dsse":
            document["dsseEnvelope"] = {"payload": b64(payload), "payloadType": IN_TOTO, "signatures": [{"sig": b64(signature)}]}
        else:
            digest = {"algorithm": "SHA2_256", "digest": b64(hashlib.sha256(ARTIFACT).digest())}
            document["messageSignature"] = {"messageDigest": digest, "signature": b64(signature)}
        return document

    @staticmethod
    def spec(kind, rekor, content, payload, signature, signer, party, key):
        """The body's `spec` and its version."""
        signed = pae(IN_TOTO, payload) if content == "dsse" else ARTIFACT
        payload_hash = {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()}
        if kind == "dsse" and rekor == 1:
            signatures = [{"signature": b64(signature), "verifier": b64(signer)}]
            return "0.0.1", {"envelopeHash": payload_hash, "payloadHash": payload_hash, "signatures": signatures}
        if kind == "intoto":
            signatures = [{"sig": b64(b64(signature).encode()), "publicKey": b64(signer)}]
            envelope = {"payloadType": IN_TOTO, "signatures": signatures}
            return "0.0.2", {"content": {"envelope": envelope, "hash": payload_hash, "payloadHash": payload_hash}}
        if rekor == 1:
            stated = {"hash": {"algorithm": "sha256", "value": hashlib.sha256(signed).hexdigest()}}
            return "0.0.1", {"data": stated, "signature": {"content": b64(signature), "publicKey": {"content": b64(signer)}}}
        names = {"secp384r1": ("PKIX_ECDSA_P384_SHA_384", "SHA2_384", "sha384")}
        default = ("PKIX_ECDSA_P256_SHA_256", "SHA2_256", "sha256")
        details, algorithm, name = names.get(getattr(getattr(key, "curve", None), "name", ""), default)
        if isinstance(key, ed25519.Ed25519PrivateKey):
            details = "PKIX_ED25519"
        verifier = {"keyDetails": details}
        verifier |= {"x509Certificate": {"rawBytes": b64(party.der)}} if party else {"publicKey": {"rawBytes": b64(spki(key))}}
        if kind == "dsse":
            stated = {"algorithm": "SHA2_256", "digest": b64(hashlib.sha256(payload).digest())}
            return "0.0.2", {
                "dsseV002": {"payloadHash": stated, "signatures": [{"content": b64(signature), "verifier": verifier}]}
            }
        data = {"algorithm": algorithm, "digest": b64(hashlib.new(name, signed).digest())}
        return "0.0.2", {"hashedRekordV002": {"data": data, "signature": {"content": b64(signature), "verifier": verifier}}}


def dump(document):
    return json.dumps(document).encode()


KEYS = {
    "p256": ec.derive_private_key(11, ec.SECP256R1()),
    "p384": ec.derive_private_key(12, ec.SECP384R1()),
    "ed25519": ed25519.Ed25519PrivateKey.from_private_bytes(b"\x0d" * 32),
}


def keys_of(*private):
    found = [PublicKey.from_der(spki(item)) for item in private]
    return {key.keyid: key for key in found}


def verify(world, document, *, root=None, keys=(), artifact=None, **needs):
    """Who signed; of an attestation, after looking whether it is about the artifact."""
    trusted = parse_trusted_root(dump(root or world.trusted_root()))
    bundle, artifact = parse_bundle(dump(document)), artifact or ArtifactDigests.of(ARTIFACT)
    options = {"keys": keys_of(*keys), "needs": Requirements(**needs)}
    if "messageSignature" in document:
        return verify_message(bundle, artifact, trusted, **options)
    found = verify_attestation(bundle, trusted, **options)
    if not found.head.is_about(artifact.named):
        raise DigestMismatch("about another artifact")
    return found.signed


def entry_of(document):
    return document["verificationMaterial"]["tlogEntries"][0]
