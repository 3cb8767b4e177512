import base64

import pytest
from pki import CODE, make
from world import (
    ARTIFACT,
    KEYS,
    World,
    b64,
    dump,
    entry_of,
    verify,
)

from pratique.attest.bundle import parse_bundle
from pratique.attest.sigstore.trusted_root import parse_trusted_root
from pratique.attest.sigstore.verify import ArtifactDigests, verify_attestation, verify_message
from pratique.errors import (
    DigestMismatch,
    Expired,
    LimitExceeded,
    Malformed,
    PratiqueError,
    ProofInvalid,
    SignatureInvalid,
    Untrusted,
)


@pytest.fixture(scope="module")
def world():
    return World()


# --- any bit

SIGNED = {
    "message": ["messageSignature.signature", "messageSignature.messageDigest.digest"],
    "dsse": ["dsseEnvelope.payload", "dsseEnvelope.signatures.0.sig"],
}
IN_MATERIAL = [
    "verificationMaterial.certificate.rawBytes",
    "verificationMaterial.tlogEntries.0.canonicalizedBody",
    "verificationMaterial.tlogEntries.0.inclusionProof.rootHash",
    "verificationMaterial.tlogEntries.0.inclusionProof.hashes.0",
    "verificationMaterial.tlogEntries.0.inclusionPromise.signedEntryTimestamp",
]
CAUSES = (SignatureInvalid, ProofInvalid, DigestMismatch, Untrusted, Expired, Malformed)


def _place(document, path):
    *parents, last = path.split(".")
    for step in parents:
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document, int(last) if isinstance(document, list) else last


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@pytest.mark.parametrize(
    ("content", "path"), [(content, path) for content, paths in SIGNED.items() for path in [*paths, *IN_MATERIAL]]
)
def test_no_flipped_bit_of_anything_signed_goes_unnoticed(world, content, path):
    document = world.bundle(content=content)
    trusted = parse_trusted_root(dump(world.trusted_root()))
    parent, last = _place(document, path)
    data = base64.b64decode(parent[last])
    step = max(1, len(data) * 8 // 300)
    for bit in range(0, len(data) * 8, step):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        parent[last] = b64(bytes(changed))
        with pytest.raises(CAUSES):
            bundle = parse_bundle(dump(document))
            if content == "message":
                verify_message(bundle, ArtifactDigests.of(ARTIFACT), trusted, keys={})
            else:
                verify_attestation(bundle, trusted, keys={})


def test_no_flipped_bit_of_a_checkpoint_goes_unnoticed(world):
    document = world.bundle()
    checkpoint = entry_of(document)["inclusionProof"]["checkpoint"]
    data = checkpoint["envelope"].encode()
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        checkpoint["envelope"] = changed.decode("latin-1")
        with pytest.raises(CAUSES):
            verify(world, document)


def test_no_flipped_bit_of_the_artifact_goes_unnoticed(world):
    document = world.bundle()
    for bit in range(len(ARTIFACT) * 8):
        changed = bytearray(ARTIFACT)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(DigestMismatch):
            verify(world, document, artifact=ArtifactDigests.of(bytes(changed)))


@pytest.mark.parametrize("name", ["logIndex", "integratedTime"])
def test_numbers_that_a_promise_signs_cannot_be_changed(world, name):
    document = world.bundle()
    entry_of(document)[name] = str(int(entry_of(document)[name]) + 1)
    with pytest.raises(SignatureInvalid, match="promise"):
        verify(world, document)


# --- hostile


def test_ten_thousand_entries_or_timestamps_are_refused_before_anything_is_verified(world):
    document = world.bundle()
    document["verificationMaterial"]["tlogEntries"] *= 10_000
    with pytest.raises(LimitExceeded):
        verify(world, document)
    document = world.bundle(rekor=2)
    document["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"] *= 10_000
    with pytest.raises(LimitExceeded):
        verify(world, document)


def test_a_time_beyond_all_calendars_is_an_error_of_ours(world):
    body_world = world.bundle()
    entry = entry_of(body_world)
    body, at = base64.b64decode(entry["canonicalizedBody"]), 2**62
    entry["integratedTime"] = str(at)
    try:
        entry["inclusionPromise"]["signedEntryTimestamp"] = b64(world.rekor1.promise(body, at, 1001))
    except PratiqueError:
        entry["inclusionPromise"]["signedEntryTimestamp"] = b64(b"x" * 70)
    with pytest.raises((Expired, SignatureInvalid)):
        verify(world, body_world)


def test_garbage_where_a_certificate_should_be_is_malformed(world):
    document = world.bundle()
    document["verificationMaterial"]["certificate"]["rawBytes"] = b64(b"\x30\x03\x02\x01\x01")
    with pytest.raises(Malformed):
        verify(world, document)


def test_a_certificate_of_the_authority_itself_signs_nothing(world):
    authority = make("Middle", issuer=world.ca, ca=True, extensions=[CODE], key=KEYS["p256"])
    with pytest.raises(Untrusted):
        verify(world, world.bundle(party=authority))
