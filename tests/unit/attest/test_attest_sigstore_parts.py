"""Each half of what is asked of a Sigstore bundle: digests by name, certificates beside a key, times that nobody needs."""

import dataclasses
import hashlib

import pytest
import world
from cryptography.hazmat.primitives.asymmetric import ec
from pki import STAMP, make

from pratique.attest.bundle import parse_bundle
from pratique.attest.publickey import PublicKey
from pratique.attest.sigstore import verify as verify_module
from pratique.attest.sigstore.trusted_root import parse_trusted_root
from pratique.attest.sigstore.verify import (
    ArtifactDigests,
    Requirements,
    verify_attestation,
    verify_message,
)
from pratique.errors import DigestMismatch, Expired, Malformed, ProofInvalid, Untrusted

WORLD = world.World()
ROOT = parse_trusted_root(world.dump(WORLD.trusted_root()))
KEY = world.KEYS["p256"]
KEYS = world.keys_of(KEY)
DATA = world.ARTIFACT
NONE = Requirements(logs=0)


def bundle(**options):
    return parse_bundle(world.dump(WORLD.bundle(**options)))


# --- the digests of bytes


@pytest.mark.parametrize(
    ("name", "size", "digest"),
    [
        ("sha256", 32, hashlib.sha256(DATA).digest()),
        ("sha384", 48, hashlib.sha384(DATA).digest()),
        ("sha512", 64, hashlib.sha512(DATA).digest()),
        ("sha3_256", 32, hashlib.sha3_256(DATA).digest()),
        ("blake2b", 64, hashlib.blake2b(DATA).digest()),
        ("gitBlob", 32, hashlib.sha256(b"blob %d\0" % len(DATA) + DATA).digest()),
        ("gitBlob", 20, None),
        ("gitBlob", 33, None),
        ("gitCommit", 32, None),
        ("gitTree", 32, None),
        ("sha1", 20, None),
        ("md5", 16, None),
        ("sha224", 28, None),
        ("", 32, None),
    ],
)
def test_bytes_are_named_by_strong_digests_alone(name, size, digest):
    assert ArtifactDigests.of(DATA).named(name, size) == digest


def test_without_the_bytes_only_what_was_stated_can_be_told():
    stated = ArtifactDigests(digests={"sha256": b"x"})
    assert stated.named("sha256", 32) == b"x"
    assert stated.named("sha3_256", 32) is None and stated.named("gitBlob", 32) is None


# --- what was signed


def test_signed_bytes_of_another_type_are_no_statement_although_they_read_like_one():
    document = WORLD.bundle(content="dsse", key=KEY, entries=[])
    payload = world.statement()
    kind = "application/vnd.example+json"
    document["dsseEnvelope"] |= {"payloadType": kind}
    document["dsseEnvelope"]["signatures"] = [{"sig": world.b64(world.sign(KEY, world.pae(kind, payload)))}]
    with pytest.raises(Malformed, match="signed payload is 'application/vnd.example"):
        verify_attestation(parse_bundle(world.dump(document)), ROOT, keys=KEYS, needs=NONE)


def test_an_envelope_is_no_signature_over_an_artifact():
    with pytest.raises(Malformed, match="holds an envelope"):
        verify_message(bundle(content="dsse", key=KEY), ArtifactDigests.of(DATA), ROOT, keys=KEYS)


def test_a_stated_digest_is_held_against_the_artifact_s_of_that_name():
    good = bundle(content="message", key=KEY)
    for digest, match in ((("sha256", b"x" * 32), True), (("sha512", b"x" * 64), True), (None, False)):
        changed = dataclasses.replace(good, content=dataclasses.replace(good.content, digest=digest))
        if match:
            with pytest.raises(DigestMismatch, match="about another artifact"):
                verify_message(changed, ArtifactDigests.of(DATA), ROOT, keys=KEYS)
        else:
            assert verify_message(changed, ArtifactDigests.of(DATA), ROOT, keys=KEYS)


def test_the_signature_of_a_bare_key_is_verified_once(monkeypatch):
    calls = []
    check = verify_module._check_content
    monkeypatch.setattr(verify_module, "_check_content", lambda *args: calls.append(args[0].keyid) or check(*args))
    verify_message(bundle(content="message", key=KEY), ArtifactDigests.of(DATA), ROOT, keys=KEYS)
    assert calls == list(KEYS)
    calls.clear()
    verify_message(bundle(content="message"), ArtifactDigests.of(DATA), ROOT, keys={})
    assert len(calls) == 1


def test_a_bare_key_leaves_nothing_about_certificates_unproven():
    found = verify_message(bundle(content="message", key=KEY), ArtifactDigests.of(DATA), ROOT, keys=KEYS)
    assert found.unproven == () and len(found.places) == 1


# --- times


def stranger_s_stamp(document, at=world.NOW):
    signature = document["dsseEnvelope"]["signatures"][0]["sig"]
    party = make("Strange Root", ca=True).issue("Stamper", extensions=[STAMP])
    import base64

    stamp = world.stamp(party, base64.b64decode(signature), at)
    document["verificationMaterial"]["timestampVerificationData"] = {"rfc3161Timestamps": [{"signedTimestamp": world.b64(stamp)}]}
    return parse_bundle(world.dump(document))


def test_a_stranger_s_time_is_an_error_only_where_a_certificate_has_no_other():
    by_key = stranger_s_stamp(WORLD.bundle(content="dsse", key=KEY, entries=[]))
    assert verify_attestation(by_key, ROOT, keys=KEYS, needs=NONE).signed.times == ()
    with_log = stranger_s_stamp(WORLD.bundle(content="dsse"))
    assert [time.source for time in verify_attestation(with_log, ROOT, keys={}).signed.times] == ["log"]
    alone = stranger_s_stamp(WORLD.bundle(content="dsse", rekor=2))
    with pytest.raises(Untrusted, match="by no authority that is trusted"):
        verify_attestation(alone, ROOT, keys={})


def test_sources_of_time_and_logs_are_counted_by_operator():
    one = bundle(content="dsse", stamps=[world.NOW])
    assert verify_attestation(one, ROOT, keys={}, needs=Requirements(times=2))
    for needs, match in (
        (Requirements(times=3), "2 of the 3 sources of time"),
        (Requirements(logs=2), "1 of the 2 transparency logs"),
    ):
        with pytest.raises(Untrusted, match=match):
            verify_attestation(one, ROOT, keys={}, needs=needs)


@pytest.mark.parametrize(("at", "good"), [(0, True), (-1, False), (1, False)])
def test_a_log_counts_within_both_ends_of_its_window(at, good):
    instance = WORLD.rekor1.instance()
    instance["publicKey"]["validFor"] = {"start": world.instant(world.NOW + at), "end": world.instant(world.NOW + at)}
    root = parse_trusted_root(world.dump(WORLD.trusted_root(tlogs=[instance])))
    if good:
        assert verify_attestation(bundle(content="dsse"), root, keys={}).signed.places
    else:
        with pytest.raises(Expired, match="was not trusted"):
            verify_attestation(bundle(content="dsse"), root, keys={})


# --- a certificate beside the signature of a bare key


def beside(certificate, *, named):
    """A bundle by a bare key whose log entry names this certificate as the signer, or the key."""
    signature = world.sign(KEY, DATA)
    signer = world.pem("CERTIFICATE", certificate.der) if named else world.pem("PUBLIC KEY", world.spki(KEY))
    version, spec = WORLD.spec("hashedrekord", 1, "message", b"", signature, signer, None, KEY)
    document = WORLD.bundle(content="message", key=KEY, entries=[WORLD.rekor1.entry("hashedrekord", version, spec, world.NOW)])
    document["messageSignature"]["signature"] = world.b64(signature)
    return dataclasses.replace(parse_bundle(world.dump(document)), beside=certificate.der)


OWN = make("Own", key=KEY)
OTHER = make("Other", key=ec.generate_private_key(ec.SECP256R1()))


def test_an_entry_may_name_a_key_s_own_certificate_in_the_key_s_place_and_no_other():
    def asked(found):
        return verify_message(found, ArtifactDigests.of(DATA), ROOT, keys=KEYS)

    assert asked(beside(OWN, named=True)).places and asked(beside(OWN, named=False)).places
    assert asked(beside(OTHER, named=False)).places
    with pytest.raises(ProofInvalid, match="another signer"):
        asked(beside(OTHER, named=True))
    with pytest.raises(ProofInvalid, match="another signer"):
        asked(dataclasses.replace(beside(OWN, named=True), beside=b""))


@pytest.mark.parametrize(("certificate", "own"), [(OWN.der, True), (OTHER.der, False), (b"", False), (b"nonsense", False)])
def test_a_certificate_is_a_key_s_by_its_key_alone(certificate, own):
    assert verify_module._is_certificate_of(certificate, PublicKey.from_der(world.spki(KEY))) is own
