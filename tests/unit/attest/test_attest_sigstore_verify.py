import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from world import (
    ARTIFACT,
    ISSUER,
    KEYS,
    NOW,
    SUBJECT,
    World,
    b64,
    dump,
    entry_of,
    spki,
    stamp,
    verify,
)

from pratique.attest.bundle import parse_bundle
from pratique.attest.sigstore.trusted_root import parse_trusted_root
from pratique.attest.sigstore.verify import ArtifactDigests, verify_attestation, verify_message
from pratique.errors import (
    DigestMismatch,
    Expired,
    Malformed,
    ProofInvalid,
    SignatureInvalid,
    Untrusted,
)
from pratique.model.signer import KeySigner, LogPlace, TrustedTime, WorkloadSigner
from pratique.trust import proven_at


@pytest.fixture(scope="module")
def world():
    return World()


# --- what holds


@pytest.mark.parametrize("rekor", [1, 2])
@pytest.mark.parametrize("content", ["message", "dsse"])
def test_a_keyless_bundle_says_who_signed_when_and_where_it_is_logged(world, rekor, content):
    signed = verify(world, world.bundle(content=content, rekor=rekor))
    assert signed.signer == WorkloadSigner(issuer=ISSUER, subject=SUBJECT)
    if rekor == 1:
        assert signed.times == (TrustedTime(at=NOW, source="log", operator="one.example"),)
        assert signed.places == (LogPlace(log="https://rekor.one.example", operator="one.example", index=1001),)
    else:
        assert signed.times == (TrustedTime(at=NOW, source="timestamp authority", operator="three.example"),)
        assert signed.places == (LogPlace(log="https://log.two.example", operator="two.example", index=1),)
    assert proven_at(signed.times, now=NOW + 9) == NOW


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("content", ["message", "dsse"])
def test_a_bundle_of_a_bare_key_says_which(world, name, content):
    key = KEYS[name]
    document = world.bundle(content=content, rekor=2, key=key)
    signed = verify(world, document, keys=[KEYS["p256"], key])
    assert signed.signer == KeySigner(keyid=hashlib.sha256(spki(key)).hexdigest())
    with pytest.raises(Untrusted):
        verify(world, document, keys=[ec.derive_private_key(99, ec.SECP256R1())])
    with pytest.raises(Untrusted):
        verify(world, document)


@pytest.mark.parametrize("name", ["p256", "p384"])
@pytest.mark.parametrize("holder", ["key", "certificate"])
def test_a_digest_is_enough_where_the_signature_is_over_one(world, name, holder):
    document = (
        world.bundle(rekor=2, key=KEYS[name])
        if holder == "key"
        else world.bundle(rekor=2, party=world.certificate(key=KEYS[name]))
    )
    digests = {kind: hashlib.new(kind, ARTIFACT).digest() for kind in ("sha256", "sha384")}
    assert verify(world, document, keys=[KEYS[name]], artifact=ArtifactDigests(digests=digests))
    wrong = {kind: hashlib.new(kind, b"other").digest() for kind in ("sha256", "sha384")}
    with pytest.raises((DigestMismatch, ProofInvalid)):
        verify(world, document, keys=[KEYS[name]], artifact=ArtifactDigests(digests=wrong))


def test_an_ed25519_signature_over_an_artifact_wants_the_artifact(world):
    document = world.bundle(rekor=2, key=KEYS["ed25519"])
    digest = {"sha256": hashlib.sha256(ARTIFACT).digest()}
    with pytest.raises(Malformed, match="without the artifact"):
        verify(world, document, keys=[KEYS["ed25519"]], artifact=ArtifactDigests(digests=digest))


@pytest.mark.parametrize("hint", ["our-release-key", ""])
def test_a_hint_of_the_signers_own_making_is_no_reason_to_refuse_a_key_that_is_given(world, hint):
    document = world.bundle(rekor=2, key=KEYS["p256"])
    document["verificationMaterial"]["publicKey"]["hint"] = hint
    assert verify(world, document, keys=[KEYS["p256"]])
    assert verify(world, document, keys=[KEYS["ed25519"], KEYS["p384"], KEYS["p256"]]).signer.keyid
    digest = ArtifactDigests(digests={"sha256": hashlib.sha256(ARTIFACT).digest()})
    assert verify(world, document, keys=[KEYS["ed25519"], KEYS["p256"]], artifact=digest)  # the first cannot be tried on a digest
    with pytest.raises(Untrusted, match=hint or "without a name"):
        verify(world, document, keys=[KEYS["p384"]])


@pytest.mark.parametrize(("kind", "rekor"), [("dsse", 1), ("intoto", 1), ("dsse", 2)])
def test_older_kinds_of_entries_are_read(world, kind, rekor):
    assert verify(world, world.bundle(content="dsse", kind=kind, rekor=rekor)).places


def test_a_bundle_of_an_older_version_brings_its_chain_but_never_a_root(world):
    document = world.bundle()
    document["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.2"
    leaf = document["verificationMaterial"].pop("certificate")
    for others, error in (([], None), ([world.middle], None), ([world.middle, world.ca], Malformed)):
        chain = [leaf, *({"rawBytes": b64(party.der)} for party in others)]
        document["verificationMaterial"]["x509CertificateChain"] = {"certificates": chain}
        if error is None:
            assert verify(world, document)
        else:
            with pytest.raises(error, match="root"):
                verify(world, document)


# --- times


def test_a_time_that_the_log_did_not_sign_is_believed_by_nobody(world):
    document = world.bundle()
    del entry_of(document)["inclusionPromise"]
    with pytest.raises(Untrusted, match="time of signing"):
        verify(world, document)
    document = world.bundle(rekor=2, stamps=[])
    entry_of(document)["integratedTime"] = str(NOW)
    with pytest.raises(Untrusted, match="time of signing"):
        verify(world, document)


def test_a_time_changed_after_it_was_signed_is_refused(world):
    document = world.bundle()
    entry_of(document)["integratedTime"] = str(NOW + 1)
    with pytest.raises(SignatureInvalid, match="promise"):
        verify(world, document)


def test_a_promise_by_another_key_is_refused(world):
    document = world.bundle()
    entry = entry_of(document)
    body = base64.b64decode(entry["canonicalizedBody"])
    forged = world.rekor1.promise(body, NOW, 1001, key=world.certificate_log.key)
    entry["inclusionPromise"]["signedEntryTimestamp"] = b64(forged)
    with pytest.raises(SignatureInvalid, match="promise"):
        verify(world, document)


def test_a_promise_of_second_zero_is_no_time(world):
    document = world.bundle()
    entry = entry_of(document)
    body = base64.b64decode(entry["canonicalizedBody"])
    entry["inclusionPromise"]["signedEntryTimestamp"] = b64(world.rekor1.promise(body, 0, 1001))
    entry["integratedTime"] = "0"
    with pytest.raises(ProofInvalid, match="without a time"):
        verify(world, document)


def test_a_timestamp_of_another_signature_refuses_the_bundle(world):
    document = world.bundle(rekor=2)
    stamps = document["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
    stamps.append({"signedTimestamp": b64(stamp(world.stamper, b"another signature", NOW))})
    with pytest.raises(DigestMismatch):
        verify(world, document)


def test_times_are_counted_by_operator_however_many_there_are(world):
    """GHSA-9vcr-p3rj-q5q6: a threshold that counts signatures is reached by one who signs often."""
    party = world.certificate()
    document = world.bundle(party=party, rekor=2, stamps=[NOW, NOW + 1, NOW + 2])
    assert verify(world, document, times=1).times == (
        TrustedTime(at=NOW, source="timestamp authority", operator="three.example"),
    )
    with pytest.raises(Untrusted, match="1 of the 2 sources of time"):
        verify(world, document, times=2)
    both = world.bundle(party=party, rekor=1, stamps=[NOW + 1])
    assert proven_at(verify(world, both, times=2).times, now=NOW + 9) == NOW
    one = [dict(world.rekor1.instance(), operator="same")]
    stamper = [world.authority("https://x.example", world.stamper, world.stamp_root, operator="same")]
    with pytest.raises(Untrusted, match="1 of the 2 sources of time"):
        verify(world, both, root=world.trusted_root(tlogs=one, timestampAuthorities=stamper), times=2)


def test_a_timestamp_outside_its_authoritys_window_is_passed_over_beside_another_time_and_named_alone(world):
    late = [world.authority("https://stamps.three.example", world.stamper, world.stamp_root, end=NOW - 1)]
    root = world.trusted_root(timestampAuthorities=late)
    assert [time.source for time in verify(world, world.bundle(stamps=[NOW]), root=root).times] == ["log"]
    with pytest.raises(Expired, match="timestamp authority"):
        verify(world, world.bundle(rekor=2), root=root)
    unknown = world.trusted_root(timestampAuthorities=late, tlogs=[])
    with pytest.raises(Expired, match="timestamp authority"):
        verify(world, world.bundle(stamps=[NOW]), root=unknown)


def test_a_bare_key_needs_no_time_unless_it_is_asked_for(world):
    document = world.bundle(rekor=2, key=KEYS["p256"], stamps=[])
    assert verify(world, document, keys=[KEYS["p256"]]).times == ()
    with pytest.raises(Untrusted, match="sources of time"):
        verify(world, document, keys=[KEYS["p256"]], times=1)


# --- content


def test_a_bundle_about_other_bytes_is_a_mismatch(world):
    for content in ("message", "dsse"):
        with pytest.raises(DigestMismatch):
            verify(world, world.bundle(content=content), artifact=ArtifactDigests.of(b"other"))


def test_the_stated_digest_proves_nothing(world):
    document = world.bundle(rekor=2)
    document["messageSignature"]["messageDigest"]["digest"] = b64(hashlib.sha256(b"other").digest())
    with pytest.raises(ProofInvalid):
        verify(world, document, artifact=ArtifactDigests.of(b"other"))
    del document["messageSignature"]["messageDigest"]
    assert verify(world, document)
    with pytest.raises(ProofInvalid):
        verify(world, document, artifact=ArtifactDigests.of(b"other"))


def test_an_envelope_of_another_type_is_no_statement(world):
    trusted = parse_trusted_root(dump(world.trusted_root()))
    document = world.bundle(content="dsse")
    document["dsseEnvelope"]["payloadType"] = "application/json"
    with pytest.raises((SignatureInvalid, ProofInvalid)):
        verify_attestation(parse_bundle(dump(document)), trusted, keys={})


def test_a_message_is_no_attestation_and_an_attestation_no_message(world):
    trusted = parse_trusted_root(dump(world.trusted_root()))
    with pytest.raises(Malformed):
        verify_attestation(parse_bundle(dump(world.bundle())), trusted, keys={})
    with pytest.raises(Malformed):
        verify_message(parse_bundle(dump(world.bundle(content="dsse"))), ArtifactDigests.of(ARTIFACT), trusted, keys={})
