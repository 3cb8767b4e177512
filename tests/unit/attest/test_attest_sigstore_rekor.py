import base64
import copy
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from world import (
    ARTIFACT,
    KEYS,
    NOW,
    Log,
    World,
    b64,
    entry_of,
    pem,
    sign,
    stamp,
    statement,
    verify,
)

from pratique.errors import (
    Expired,
    Malformed,
    ProofInvalid,
    SignatureInvalid,
    Untrusted,
)


@pytest.fixture(scope="module")
def world():
    return World()


# --- logs


@pytest.mark.parametrize(("start", "end", "holds"), [(NOW, NOW, True), (NOW + 1, None, False), (NOW - 9, NOW - 1, False)])
@pytest.mark.parametrize("rekor", [1, 2])
def test_a_log_key_outside_its_window_is_refused(world, rekor, start, end, holds):
    """GHSA-wqqc-jjcq-vfxm."""
    log = copy.copy(world.rekor1 if rekor == 1 else world.rekor2)
    log.start, log.end = start, end
    root = world.trusted_root(tlogs=[log.instance()])
    document = world.bundle(rekor=rekor)
    if holds:
        assert verify(world, document, root=root)
    else:
        with pytest.raises(Expired, match="log"):
            verify(world, document, root=root)


def test_an_entry_without_any_time_in_a_log_that_was_closed_is_expired(world):
    log = copy.copy(world.rekor2)
    log.end = NOW + 10**6
    document = world.bundle(rekor=2, key=KEYS["p256"], stamps=[])
    with pytest.raises(Expired, match="no longer trusted"):
        verify(world, document, root=world.trusted_root(tlogs=[log.instance()]), keys=[KEYS["p256"]])


def test_entries_of_unknown_logs_count_for_nothing(world):
    stranger = Log("rekor.one.example", ec.generate_private_key(ec.SECP256R1()))
    document = World(world.ca, world.middle, world.certificate_log, stranger, world.rekor2).bundle(stamps=[NOW])
    document["verificationMaterial"]["timestampVerificationData"] = world.bundle(rekor=2)["verificationMaterial"][
        "timestampVerificationData"
    ]
    signature = base64.b64decode(document["messageSignature"]["signature"])
    stamps = [{"signedTimestamp": b64(stamp(world.stamper, signature, NOW))}]
    document["verificationMaterial"]["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
    with pytest.raises(Untrusted, match="0 of the 1 transparency logs"):
        verify(world, document)
    assert verify(world, document, logs=0).places == ()


def test_logs_are_counted_by_operator_not_by_entry(world):
    """GHSA-9vcr-p3rj-q5q6, of logs."""
    document = world.bundle(stamps=[NOW])
    document["verificationMaterial"]["tlogEntries"] *= 2
    with pytest.raises(Untrusted, match="1 of the 2 transparency logs"):
        verify(world, document, logs=2)
    party = world.certificate()
    second = _logged_again(world, world.bundle(party=party, rekor=2), party)
    assert len(verify(world, second, logs=2).places) == 2
    same = [dict(log.instance(), operator="same") for log in (world.rekor1, world.rekor2)]
    with pytest.raises(Untrusted, match="1 of the 2 transparency logs"):
        verify(world, second, root=world.trusted_root(tlogs=same), logs=2)


def _logged_again(world, document, party):
    """The same bundle with an entry of the other log besides."""
    signature = base64.b64decode(document["messageSignature"]["signature"])
    signer = pem("CERTIFICATE", party.der)
    version, spec = World.spec("hashedrekord", 1, "message", statement(), signature, signer, party, party.key)
    document["verificationMaterial"]["tlogEntries"].append(world.rekor1.entry("hashedrekord", version, spec, NOW))
    return document


def test_a_second_entry_that_does_not_hold_refuses_the_bundle(world):
    party = world.certificate()
    document = _logged_again(world, world.bundle(party=party, rekor=2), party)
    document["verificationMaterial"]["tlogEntries"][1]["inclusionProof"]["hashes"] = [b64(b"\0" * 32)]
    with pytest.raises(ProofInvalid):
        verify(world, document)


def test_a_promise_is_no_proof_unless_it_is_asked_to_be_one(world):
    document = world.bundle()
    document["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.1"
    leaf = document["verificationMaterial"].pop("certificate")
    document["verificationMaterial"]["x509CertificateChain"] = {"certificates": [leaf]}
    del entry_of(document)["inclusionProof"]
    with pytest.raises(Untrusted, match="0 of the 1 transparency logs"):
        verify(world, document)
    assert verify(world, document, promises=True).places[0].index == 1001


def _other_entry(world, **options):
    """A true entry of the same log about something else: by the same certificate where that makes the difference."""
    return entry_of(world.bundle(**options))


@pytest.mark.parametrize("rekor", [1, 2])
@pytest.mark.parametrize("content", ["message", "dsse"])
def test_a_true_entry_about_another_signature_is_refused(world, rekor, content):
    party = world.certificate()
    document = world.bundle(party=party, rekor=rekor, content=content)
    document["verificationMaterial"]["tlogEntries"] = [_other_entry(world, party=party, rekor=rekor, content=content)]
    with pytest.raises(ProofInvalid, match="another"):
        verify(world, document)


@pytest.mark.parametrize("rekor", [1, 2])
@pytest.mark.parametrize("content", ["message", "dsse"])
@pytest.mark.parametrize("part", ["content", "signature", "signer"])
def test_an_entry_is_bound_to_content_signature_and_signer(world, rekor, content, part):
    """Each of the three is exchanged alone, in an entry that is truly logged."""
    party, other = world.certificate(), world.certificate()
    document = world.bundle(party=party, rekor=rekor, content=content, stamps=[NOW])
    held = document["messageSignature"]["signature"] if content == "message" else document["dsseEnvelope"]["signatures"][0]["sig"]
    signature = base64.b64decode(held)
    payload = statement(b"other" if part == "content" else ARTIFACT)
    kind = "hashedrekord" if content == "message" or rekor == 2 else "dsse"
    logged = other if part == "signer" else party
    wrong = sign(party.key, b"anything") if part == "signature" else signature
    log = world.rekor1 if rekor == 1 else world.rekor2
    version, spec = World.spec(kind, rekor, content, payload, wrong, pem("CERTIFICATE", logged.der), logged, logged.key)
    if part == "content" and content == "message":
        inner = spec["hashedRekordV002"]["data"] if rekor == 2 else spec["data"]["hash"]
        digest = hashlib.sha256(b"other")
        inner.update({"digest": b64(digest.digest())} if rekor == 2 else {"value": digest.hexdigest()})
    document["verificationMaterial"]["tlogEntries"] = [log.entry(kind, version, spec, NOW)]
    with pytest.raises(ProofInvalid, match="another"):
        verify(world, document)


@pytest.mark.parametrize(("kind", "rekor"), [("intoto", 1), ("dsse", 2)])
def test_entries_of_older_kinds_are_bound_too(world, kind, rekor):
    options = {"content": "dsse", "kind": kind, "rekor": rekor, "party": world.certificate()}
    document = world.bundle(**options)
    document["verificationMaterial"]["tlogEntries"] = [_other_entry(world, **options)]
    with pytest.raises(ProofInvalid, match="another signature"):
        verify(world, document)


@pytest.mark.parametrize(
    ("kind", "version"), [("rekord", "0.0.1"), ("hashedrekord", "0.0.3"), ("dsse", "0.0.3"), ("helm", "0.0.1"), ("", "")]
)
def test_entries_of_other_kinds_are_refused(world, kind, version):
    document = world.bundle()
    entry_of(document)["kindVersion"] = {"kind": kind, "version": version}
    with pytest.raises(Untrusted, match="not supported"):
        verify(world, document)


def test_an_entry_whose_body_is_of_another_kind_than_it_says_is_refused(world):
    document = world.bundle(content="dsse")
    entry_of(document)["kindVersion"] = {"kind": "intoto", "version": "0.0.2"}
    with pytest.raises(ProofInvalid, match="another kind"):
        verify(world, document)


def _with_checkpoint(world, **changes):
    document = world.bundle(rekor=2)
    proof = entry_of(document)["inclusionProof"]
    root = changes.pop("root", base64.b64decode(proof["rootHash"]))
    proof["checkpoint"]["envelope"] = world.rekor2.checkpoint(root, **changes)
    return document


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"key": ed25519.Ed25519PrivateKey.generate()}, SignatureInvalid),
        ({"name": "log.three.example"}, SignatureInvalid),
        ({"origin": "log.three.example"}, SignatureInvalid),
        ({"size": 3}, ProofInvalid),
        ({"root": b"\1" * 32}, ProofInvalid),
    ],
    ids=["another key", "another name", "another origin", "another size", "another root"],
)
def test_a_checkpoint_must_be_the_logs_own_and_of_this_very_tree(world, changes, error):
    with pytest.raises(error):
        verify(world, _with_checkpoint(world, **changes))


def test_lines_of_witnesses_and_of_other_keys_are_passed_over(world):
    document = world.bundle(rekor=2)
    checkpoint = entry_of(document)["inclusionProof"]["checkpoint"]
    text, lines = checkpoint["envelope"].split("\n\n")
    witness = f"— witness.example {b64(b'wit1' + b'x' * 72)}\n"
    foreign = f"— {world.rekor2.name} {b64(b'key2' + b'y' * 64)}\n"
    checkpoint["envelope"] = f"{text}\n\n{witness}{foreign}{lines}"
    assert verify(world, document)
    checkpoint["envelope"] = f"{text}\n\n{lines}{lines}"
    with pytest.raises(SignatureInvalid, match="2 signature lines"):
        verify(world, document)


def test_an_empty_tree_and_short_hashes_prove_nothing(world):
    document = world.bundle(rekor=2)
    entry_of(document)["inclusionProof"]["treeSize"] = "0"
    with pytest.raises(Malformed):
        verify(world, document)
    document = world.bundle(rekor=2)
    entry_of(document)["inclusionProof"]["hashes"] = [b64(b"\1" * 31)]
    with pytest.raises(Malformed):
        verify(world, document)
