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


# --- entries of logs


def logged(document):
    bundle = parse_bundle(world.dump(document))
    return bundle.log_entries[0], verify_module.Signing(
        content=bundle.content,
        key=PublicKey.from_der(world.spki(KEY)),
        certificate=b"",
        digests=ArtifactDigests.of(DATA).digests,
    )


def test_an_entry_with_neither_proof_nor_promise_is_none():
    from pratique.attest.sigstore.rekor import find_log, verify_log_entry

    entry, signing = logged(WORLD.bundle(content="message", key=KEY))
    log = find_log(entry, ROOT)
    bare = dataclasses.replace(entry, proof=None)
    with pytest.raises(ProofInvalid, match="neither an inclusion proof nor a promise"):
        verify_log_entry(bare, log, signing, promised=None)
    promised = verify_log_entry(bare, log, signing, promised=world.NOW)
    assert (promised.included, promised.tree, promised.time) == (False, None, world.NOW)
    proven = verify_log_entry(entry, log, signing, promised=None)
    assert (proven.included, proven.time) == (True, None) and proven.tree is not None


@pytest.mark.parametrize(("proof", "promised", "index"), [(True, None, 1), (True, world.NOW, 77), (False, world.NOW, 77)])
def test_the_place_of_an_entry_is_the_one_that_is_signed(proof, promised, index):
    """A promise signs the bundle's own number; a proof proves the one in it."""
    from pratique.attest.sigstore.rekor import find_log, verify_log_entry

    entry, signing = logged(WORLD.bundle(content="message", key=KEY))
    assert entry.proof.log_index == 1
    changed = dataclasses.replace(entry, log_index=77, proof=entry.proof if proof else None)
    assert verify_log_entry(changed, find_log(entry, ROOT), signing, promised=promised).index == index


def test_an_entry_that_names_the_artifact_by_a_digest_that_is_not_known_proves_nothing():
    document = WORLD.bundle(content="message", key=KEY)
    artifact = ArtifactDigests(digests={"sha512": hashlib.sha512(DATA).digest()}, data=DATA)
    changed = parse_bundle(world.dump(document))
    changed = dataclasses.replace(changed, content=dataclasses.replace(changed.content, digest=None))
    with pytest.raises(ProofInvalid, match="names the artifact by its sha256, which was not given"):
        verify_message(changed, artifact, ROOT, keys=KEYS)


def test_an_entry_whose_time_the_log_signed_is_held_to_that_and_not_to_an_earlier_stamp():
    instance = WORLD.rekor1.instance()
    instance["publicKey"]["validFor"] = {"start": world.instant(world.NOW)}
    root = parse_trusted_root(world.dump(WORLD.trusted_root(tlogs=[instance])))
    found = verify_attestation(bundle(content="dsse", stamps=[world.NOW - 5]), root, keys={})
    assert [time.at for time in found.signed.times] == [world.NOW - 5, world.NOW]


def with_entry(kind, change, *, content="message", rekor=1, version=None):
    """A bundle by the key whose entry's spec was changed before it was logged."""
    payload = world.statement()
    signature = world.sign(KEY, world.pae(world.IN_TOTO, payload) if content == "dsse" else DATA)
    signer = world.pem("PUBLIC KEY", world.spki(KEY))
    own, spec = WORLD.spec(kind, rekor, content, payload, signature, signer, None, KEY)
    change(spec)
    log = WORLD.rekor1 if rekor == 1 else WORLD.rekor2
    entry = log.entry(kind, version or own, spec, world.NOW)
    document = WORLD.bundle(content=content, key=KEY, entries=[entry])
    if content == "dsse":
        document["dsseEnvelope"]["signatures"] = [{"sig": world.b64(signature)}]
    else:
        document["messageSignature"]["signature"] = world.b64(signature)
    return parse_bundle(world.dump(document))


def proven(found):
    if isinstance(found.content, verify_module.MessageSignature):
        return verify_message(found, ArtifactDigests.of(DATA), ROOT, keys=KEYS)
    return verify_attestation(found, ROOT, keys=KEYS).signed


def put(*path, value):
    def change(spec):
        place = spec
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("kind", "content", "rekor", "change", "match"),
    [
        ("hashedrekord", "message", 1, put("data", "hash", "algorithm", value="md5"), "names the content by its md5"),
        ("hashedrekord", "message", 1, put("data", "hash", "algorithm", value="sha512"), "another content"),
        ("hashedrekord", "message", 1, put("data", "hash", "value", value="ab" * 32), "another content"),
        ("hashedrekord", "message", 1, put("data", value=5), "cannot be read: data is not an object"),
        ("hashedrekord", "message", 1, put("signature", "content", value=world.b64(b"x")), "another signature"),
        (
            "hashedrekord",
            "message",
            1,
            put("signature", "publicKey", "content", value=world.b64(b"x")),
            "neither a certificate nor",
        ),
        (
            "hashedrekord",
            "message",
            1,
            put(
                "signature",
                "publicKey",
                "content",
                value=world.b64(b"-----BEGIN PUBLIC KEY-----\nA\n-----END PUBLIC KEY-----\n"),
            ),
            "signer is not base64",
        ),
        (
            "hashedrekord",
            "message",
            1,
            put("signature", "publicKey", "content", value=world.b64(world.pem("PUBLIC KEY", b"x"))),
            "another signer",
        ),
        (
            "hashedrekord",
            "message",
            1,
            put("signature", "publicKey", "content", value=world.b64(world.pem("CERTIFICATE", world.spki(KEY)))),
            "another signer",
        ),
        ("dsse", "dsse", 1, put("payloadHash", "algorithm", value="sha512"), "another hash of the payload"),
        ("dsse", "dsse", 1, put("payloadHash", "value", value="ab" * 32), "another payload"),
        ("dsse", "dsse", 1, put("signatures", value=[]), "has 0 signatures, not exactly one"),
        ("dsse", "dsse", 1, lambda spec: spec["signatures"].append(spec["signatures"][0]), "has 2 signatures"),
        ("dsse", "dsse", 1, put("signatures", 0, "signature", value=world.b64(b"x")), "another signature"),
        ("dsse", "dsse", 2, put("dsseV002", "payloadHash", "digest", value=world.b64(b"x")), "another payload"),
        ("dsse", "dsse", 2, put("dsseV002", "signatures", 0, "content", value=world.b64(b"x")), "another signature or key"),
        ("hashedrekord", "dsse", 2, put("hashedRekordV002", "data", "digest", value="x"), "another content, signature or key"),
        ("intoto", "dsse", 1, put("content", "payloadHash", "value", value="ab" * 32), "another payload"),
        ("intoto", "dsse", 1, put("content", "envelope", "payloadType", value="x"), "another payload type"),
        ("intoto", "dsse", 1, put("content", "envelope", "signatures", 0, "sig", value=world.b64(b"x")), "another signature"),
        (
            "intoto",
            "dsse",
            1,
            put("content", "envelope", "signatures", 0, "publicKey", value=world.b64(world.pem("PUBLIC KEY", b"x"))),
            "another signer",
        ),
    ],
)
def test_an_entry_that_is_about_something_else_says_about_what(kind, content, rekor, change, match):
    assert proven(with_entry(kind, lambda _: None, content=content, rekor=rekor)).places
    with pytest.raises(ProofInvalid, match=match):
        proven(with_entry(kind, change, content=content, rekor=rekor))


def test_an_entry_about_an_envelope_proves_no_message():
    found = with_entry("dsse", lambda _: None, content="dsse")
    message = with_entry("hashedrekord", lambda _: None)
    with pytest.raises(ProofInvalid, match="about an envelope, the bundle holds a message signature"):
        proven(dataclasses.replace(message, log_entries=found.log_entries))


def test_an_entry_of_another_kind_is_not_read_and_one_that_says_another_than_its_body_proves_nothing():
    with pytest.raises(Untrusted, match="log entry of kind hashedrekord 0.0.9, which is not supported"):
        proven(with_entry("hashedrekord", lambda _: None, version="0.0.9"))
    found = with_entry("dsse", lambda _: None, content="dsse")
    changed = dataclasses.replace(found.log_entries[0], kind="intoto", version="0.0.2")
    with pytest.raises(ProofInvalid, match="body is of another kind than the entry says"):
        proven(dataclasses.replace(found, log_entries=(changed,)))


def test_a_checkpoint_has_one_line_of_its_log_and_says_how_many_it_has():
    from pratique.errors import SignatureInvalid

    found = bundle(content="message", key=KEY)
    (entry,) = found.log_entries
    text, _, line = entry.proof.checkpoint.partition("\n\n")
    for lines, match in (("— other.example AAAAAAA=\n", "has no signature lines"), (line + line, "has 2 signature lines")):
        proof = dataclasses.replace(entry.proof, checkpoint=f"{text}\n\n{lines}")
        with pytest.raises(SignatureInvalid, match=match):
            proven(dataclasses.replace(found, log_entries=(dataclasses.replace(entry, proof=proof),)))


def test_each_proven_entry_has_the_tree_that_proves_it():
    assert len(proven(bundle(content="message", key=KEY)).trees) == 1


ENVELOPE = b'{"an": "envelope as it was uploaded"}'


def uploaded(*, payload_hash=True, **changes):
    """An entry of the oldest kind, which names the whole envelope by its hash."""

    def change(spec):
        payload = hashlib.sha256(world.statement()).hexdigest()
        members = {
            "hash": {"algorithm": "sha256", "value": hashlib.sha256(ENVELOPE).hexdigest()},
            "payloadHash": {"algorithm": "sha256", "value": payload},
        } | changes
        if not payload_hash:
            members.pop("payloadHash")
        spec.clear()
        spec |= {"content": members, "publicKey": world.b64(world.pem("PUBLIC KEY", world.spki(KEY)))}

    return dataclasses.replace(with_entry("intoto", change, content="dsse", version="0.0.1"), envelope_bytes=ENVELOPE)


@pytest.mark.parametrize("payload_hash", [True, False])
def test_an_entry_of_the_oldest_kind_names_the_envelope_as_it_was_uploaded(payload_hash):
    assert proven(uploaded(payload_hash=payload_hash)).places
    with pytest.raises(Untrusted, match="by the hash of bytes that are not at hand"):
        proven(dataclasses.replace(uploaded(payload_hash=payload_hash), envelope_bytes=b""))
    with pytest.raises(ProofInvalid, match="another envelope"):
        proven(dataclasses.replace(uploaded(payload_hash=payload_hash), envelope_bytes=ENVELOPE + b" "))


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"hash": {"algorithm": "sha512", "value": "x"}}, "another hash of the envelope"),
        ({"payloadHash": {"algorithm": "sha256", "value": "ab" * 32}}, "another payload"),
        ({"payloadHash": {"algorithm": "sha512", "value": "x"}}, "another hash of the payload"),
    ],
)
def test_an_entry_of_the_oldest_kind_is_bound_in_each_part(changes, match):
    with pytest.raises(ProofInvalid, match=match):
        proven(uploaded(**changes))


def test_a_stamp_is_about_the_envelope_where_that_was_uploaded_whole():
    found = dataclasses.replace(uploaded(), timestamps=(world.stamp(WORLD.stamper, ENVELOPE, world.NOW - 5),))
    assert [time.source for time in proven(found).times] == ["timestamp authority", "log"]
    signature = dataclasses.replace(found, timestamps=(world.stamp(WORLD.stamper, found.signature, world.NOW - 5),))
    with pytest.raises(DigestMismatch):
        proven(signature)


def test_a_digest_that_was_stated_is_not_made_anew():
    for name, size in (("gitBlob", 32), ("sha3_256", 32)):
        assert ArtifactDigests(digests={name: b"x"}, data=DATA).named(name, size) == b"x"


def test_a_promise_is_no_proof_where_nobody_asks_for_one():
    assert (Requirements().logs, Requirements().times, Requirements().certificate_logs, Requirements().promises) == (
        1,
        0,
        1,
        False,
    )
