"""Keys and bundles for the tests of this room. Keys are fixed by their seeds, so that failures repeat."""

from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pratique.attest.bundle import InclusionProof, LogEntry, render_bundle
from pratique.attest.dsse import IN_TOTO, Envelope, EnvelopeSignature, pae
from pratique.attest.publickey import PublicKey
from pratique.attest.record import log_record
from pratique.attest.statement import StatementSubject, render_statement
from pratique.model.digest import Digest


def spki(private):
    return private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class Party:
    """Somebody with a private key."""

    def __init__(self, private):
        self.private = private
        self.key = PublicKey.from_der(spki(private))

    def sign(self, message):
        if isinstance(self.private, ed25519.Ed25519PrivateKey):
            return self.private.sign(message)
        digest = hashes.SHA384() if self.private.curve.name == "secp384r1" else hashes.SHA256()
        return self.private.sign(message, ec.ECDSA(digest))

    def envelope(self, payload, payload_type=IN_TOTO):
        sig = self.sign(pae(payload_type, payload))
        return Envelope(payload_type=payload_type, payload=payload, signatures=(EnvelopeSignature(sig=sig),))

    def bundle(self, payload, payload_type=IN_TOTO, log_entries=()):
        return render_bundle(self.envelope(payload, payload_type), self.key, log_entries)


@pytest.fixture(scope="session")
def parties():
    return SimpleNamespace(
        ed25519=Party(ed25519.Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)),
        other=Party(ed25519.Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)),
        p256=Party(ec.derive_private_key(3, ec.SECP256R1())),
        p384=Party(ec.derive_private_key(4, ec.SECP384R1())),
    )


@pytest.fixture(scope="session")
def payload():
    return render_statement(
        subjects=[StatementSubject.of("app", Digest.of(b"app"))],
        predicate_type="https://example.org/claim/v1",
        predicate={"x": "é"},
    )


def log_entry(envelope, key, *, index=4, integrated_time=0):
    return LogEntry(
        log_index=index,
        log_id=b"\x07" * 32,
        body=log_record(envelope, key),
        proof=InclusionProof(
            log_index=index, tree_size=9, root_hash=b"\x08" * 32, hashes=(b"\x09" * 32, b"\x0a" * 32), checkpoint="log\n9\n…\n"
        ),
        integrated_time=integrated_time,
    )


@pytest.fixture(scope="session")
def entry_for():
    return log_entry
