"""Bundles of a bare key, logged in a log of tiles of our own: others read them as they read Rekor v2's."""

import hashlib
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from stack import ARTIFACT, Stack, altered, encode

from pratique.attest.bundle import MessageSignature, parse_bundle
from pratique.attest.dsse import IN_TOTO, Envelope, EnvelopeSignature, pae
from pratique.attest.publickey import PublicKey
from pratique.attest.sigstore.trusted_root import parse_trusted_root
from pratique.attest.sigstore.verify import ArtifactDigests, verify_attestation, verify_message
from pratique.errors import PratiqueError
from pratique.keys.logged_signer import LoggedSigner, log_envelopes
from pratique.tlog.log import create_log

ORIGIN = "log.harbour.example"
THRESHOLDS = {"timestampThreshold": 0, "ctlogThreshold": 0}


def spki(key) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class Keyed:
    """A P-256 key and a log of tiles."""

    def __init__(self, folder):
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.key = PublicKey.from_der(spki(self.private))
        self.log_key = ed25519.Ed25519PrivateKey.generate()
        self.raw = self.log_key.public_key().public_bytes_raw()
        # As Rekor v2 names itself: the whole hash of which a signed note has the first four bytes
        self.log_id = hashlib.sha256(ORIGIN.encode() + b"\n\x01" + self.raw).digest()
        self.log = create_log(folder / "log", origin=ORIGIN, public_key=self.raw, sign=self.log_key.sign)
        self.log.append([b"somebody else's entry", b"another"])

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message, ec.ECDSA(hashes.SHA256()))

    @property
    def public_key(self) -> PublicKey:
        return self.key

    def close(self) -> None:
        """Nothing is open."""

    def bundle(self, content) -> bytes:
        """Logged and bound together as `ship` and `sign` do it."""
        (sealed,) = log_envelopes(LoggedSigner(signer=self, log=self.log), [content])
        return sealed.data

    @property
    def root(self) -> dict:
        instance = {
            "baseUrl": f"https://{ORIGIN}",
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": encode(spki(self.log_key)),
                "keyDetails": "PKIX_ED25519",
                "validFor": {"start": "2020-01-01T00:00:00Z"},
            },
            "logId": {"keyId": encode(self.log_id)},
        }
        media_type = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
        empty = {name: [] for name in ("certificateAuthorities", "ctlogs", "timestampAuthorities")}
        return {"mediaType": media_type, "tlogs": [instance]} | empty


@pytest.fixture(scope="module")
def keyed(tmp_path_factory) -> Keyed:
    return Keyed(tmp_path_factory.mktemp("keyed"))


@pytest.fixture(scope="module")
def signed(keyed, statement) -> dict[str, bytes]:
    artifact = ArtifactDigests.of(ARTIFACT)
    message = MessageSignature(sig=keyed.sign(ARTIFACT), digest=("sha256", artifact.digests["sha256"]))
    envelope = Envelope(
        payload_type=IN_TOTO,
        payload=statement,
        signatures=(EnvelopeSignature(keyid=keyed.key.hint, sig=keyed.sign(pae(IN_TOTO, statement))),),
    )
    return {"message": keyed.bundle(message), "dsse": keyed.bundle(envelope)}


def javascript(npm, keyed, cases) -> list[str]:
    documents = [
        {"bundle": json.loads(data), "artifact": encode(ARTIFACT) if content == "message" else None, "thresholds": THRESHOLDS}
        for content, data in cases
    ]
    keys = {keyed.key.hint: encode(keyed.key.spki)}
    return Stack(base="", folder=npm).run("verify.mjs", {"trustedRoot": keyed.root, "keys": keys, "cases": documents})


def ours(keyed, content, data):
    root, keys = parse_trusted_root(json.dumps(keyed.root).encode()), {keyed.key.keyid: keyed.key}
    if content == "message":
        return verify_message(parse_bundle(data), ArtifactDigests.of(ARTIFACT), root, keys=keys)
    return verify_attestation(parse_bundle(data), root, keys=keys).signed


def test_sigstore_js_and_we_accept_a_bundle_of_a_bare_key_in_a_log_of_our_own(npm, keyed, signed):
    assert javascript(npm, keyed, signed.items()) == ["", ""]
    for content, data in signed.items():
        assert ours(keyed, content, data).places[0].operator == "harbour.example"


def test_sigstore_js_and_we_refuse_it_altered(npm, keyed, signed):
    cases = [(content, data) for content, whole in signed.items() for data in altered(whole)]
    assert len(cases) == 5
    assert all(javascript(npm, keyed, cases))
    for content, data in cases:
        with pytest.raises(PratiqueError):
            ours(keyed, content, data)
