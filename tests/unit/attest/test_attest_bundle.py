import base64
import json
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pratique.attest.bundle import (
    MAX_BUNDLE_SIZE,
    MEDIA_TYPE,
    BundleUnsupported,
    InclusionProof,
    LogEntry,
    MessageSignature,
    parse_bundle,
    render_bundle,
    without_keyid,
)
from pratique.attest.members import as_bytes
from pratique.errors import LimitExceeded, Malformed
from pratique.model.digest import Digest

VECTORS = Path(__file__).resolve().parents[3].parent / "shared" / "vectors" / "sigstore" / "test" / "assets" / "bundle-verify"
HASH = st.binary(min_size=32, max_size=32)
INDEX = st.integers(0, 2**63 - 2)


def vector(name):
    path = VECTORS / name / "bundle.sigstore.json"
    if not path.exists():
        pytest.skip(f"public vectors are not here: {path}")
    return path.read_bytes()


@pytest.fixture
def document(parties, payload, entry_for):
    envelope = parties.p256.envelope(payload)
    return json.loads(render_bundle(envelope, parties.p256.key, [entry_for(envelope, parties.p256.key)]))


def parse(document):
    return parse_bundle(json.dumps(document).encode())


def change(document, path, value):
    *parents, last = path
    place = document
    for step in parents:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return document


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(body=st.binary(min_size=1), index=INDEX, root=HASH, hashes=st.lists(HASH, max_size=3), time=INDEX, text=st.text())
def test_a_bundle_survives_rendering(parties, body, index, root, hashes, time, text):
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    proof = InclusionProof(log_index=index, tree_size=index + 1, root_hash=root, hashes=tuple(hashes), checkpoint=text)
    entry = LogEntry(log_index=index, log_id=root, body=body, proof=proof, integrated_time=time)
    envelope = parties.ed25519.envelope(b"payload")
    data = render_bundle(envelope, parties.ed25519.key, [entry])
    bundle = parse_bundle(data)
    assert bundle.envelope == envelope
    assert bundle.hint == parties.ed25519.key.hint
    assert bundle.log_entries == (entry,)
    assert bundle.received == data
    assert bundle.digest == Digest.of(data)
    assert render_bundle(bundle.envelope, parties.ed25519.key, bundle.log_entries) == data


def test_a_bundle_without_log_entries_has_no_empty_list_of_them(parties, payload):
    data = parties.ed25519.bundle(payload)
    assert b"tlogEntries" not in data
    assert parse_bundle(data).log_entries == ()


def test_numbers_are_strings_as_protobuf_json_writes_them_and_a_time_of_zero_is_left_out(document):
    entry = document["verificationMaterial"]["tlogEntries"][0]
    assert entry["logIndex"] == "4"
    assert entry["inclusionProof"]["treeSize"] == "9"
    assert "integratedTime" not in entry
    assert document["mediaType"] == MEDIA_TYPE


def test_two_signatures_in_one_bundle_are_refused_both_ways(parties, payload, document):
    twice = document["dsseEnvelope"]["signatures"] * 2
    with pytest.raises(Malformed, match="2 signatures"):
        parse(change(document, ["dsseEnvelope", "signatures"], twice))
    envelope = parties.ed25519.envelope(payload)
    with pytest.raises(Malformed, match="2 signatures"):
        render_bundle(replace(envelope, signatures=envelope.signatures * 2), parties.ed25519.key)


@pytest.mark.parametrize("keyid", ["", "SHA256:abc", "release-key", "é"])
def test_any_keyid_is_read_and_none_is_ever_written(parties, payload, document, keyid):
    """cosign and Kyverno skip a signature whose keyid is not their own name of the key."""
    change(document, ["dsseEnvelope", "signatures", 0, "keyid"], keyid)
    bundle = parse(document)
    assert bundle.envelope.signatures[0].keyid == keyid
    assert b"keyid" not in render_bundle(bundle.envelope, parties.p256.key, bundle.log_entries)


@pytest.mark.parametrize("hint", ["", ..., None, "release-key", "SHA256:abc"])
def test_any_hint_is_read_and_so_is_none(document, hint):
    change(document, ["verificationMaterial", "publicKey", "hint"], hint)
    assert parse(document).hint == (hint if isinstance(hint, str) else "")


def test_a_bundle_of_an_earlier_release_loses_its_keyid_and_nothing_else(parties, payload, document):
    plain = json.dumps(document, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
    plain_envelope = parse(document).envelope
    assert without_keyid(plain) is plain
    change(document, ["dsseEnvelope", "signatures", 0, "keyid"], parties.p256.key.hint)
    stripped = without_keyid(json.dumps(document).encode())
    assert stripped == plain
    assert parse_bundle(stripped).envelope == plain_envelope


ENTRY = ["verificationMaterial", "tlogEntries", 0]
B64_31 = base64.b64encode(b"\x01" * 31).decode()
B64_33 = base64.b64encode(b"\x01" * 33).decode()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["extra"], 1),
        (["verificationMaterial"], ...),
        (["verificationMaterial", "extra"], 1),
        (["verificationMaterial", "publicKey"], ...),
        (["verificationMaterial", "publicKey", "rawBytes"], "AA=="),
        (["verificationMaterial", "certificate"], {"rawBytes": "AA=="}),
        (["verificationMaterial", "tlogEntries"], {}),
        (["verificationMaterial", "tlogEntries"], [None]),
        (["dsseEnvelope"], ...),
        (["dsseEnvelope", "signatures"], []),
        (["dsseEnvelope", "payload"], "a"),
        (["messageSignature"], {}),
        ([*ENTRY, "logIndex"], 4),
        ([*ENTRY, "logIndex"], "04"),
        ([*ENTRY, "logIndex"], "-1"),
        ([*ENTRY, "logIndex"], "+4"),
        ([*ENTRY, "logIndex"], "٤"),
        ([*ENTRY, "logIndex"], "4\n"),
        ([*ENTRY, "logIndex"], str(2**63)),
        ([*ENTRY, "logIndex"], True),
        ([*ENTRY, "logId"], ...),
        ([*ENTRY, "logId", "keyId"], B64_31),
        ([*ENTRY, "kindVersion"], ...),
        ([*ENTRY, "kindVersion", "kind"], None),
        ([*ENTRY, "canonicalizedBody"], ...),
        ([*ENTRY, "canonicalizedBody"], ""),
        ([*ENTRY, "inclusionProof"], ...),
        ([*ENTRY, "inclusionProof"], None),
        ([*ENTRY, "inclusionProof", "rootHash"], ""),
        ([*ENTRY, "inclusionProof", "rootHash"], B64_33),
        ([*ENTRY, "inclusionProof", "hashes", 0], B64_31),
        ([*ENTRY, "inclusionProof", "hashes"], {}),
        ([*ENTRY, "inclusionPromise"], {}),
        ([*ENTRY, "inclusionPromise"], {"signedEntryTimestamp": ""}),
        (["verificationMaterial", "x509CertificateChain"], {"certificates": [{"rawBytes": "AA=="}]}),
        (["verificationMaterial", "timestampVerificationData"], {"rfc3161Timestamps": [{}]}),
        (["verificationMaterial", "timestampVerificationData"], {"timestamps": []}),
        ([*ENTRY, "inclusionProof", "treeSize"], ...),
        ([*ENTRY, "inclusionProof", "treeSize"], "0"),
        ([*ENTRY, "inclusionProof", "treeSize"], "4"),
        ([*ENTRY, "inclusionProof", "checkpoint"], ...),
        ([*ENTRY, "inclusionProof", "extra"], 1),
        ([*ENTRY, "extra"], 1),
    ],
)
def test_a_bundle_with_a_wrong_member_is_refused(document, path, value):
    with pytest.raises(Malformed) as caught:
        parse(change(document, path, value))
    assert not isinstance(caught.value, BundleUnsupported)


def test_a_log_entry_at_place_zero_may_leave_its_index_out_as_protobuf_json_does(document):
    change(document, [*ENTRY, "logIndex"], ...)
    change(document, [*ENTRY, "inclusionProof", "logIndex"], ...)
    entry = parse(document).log_entries[0]
    assert (entry.log_index, entry.proof.log_index) == (0, 0)


def test_floods_are_refused(document):
    with pytest.raises(LimitExceeded):
        parse(change(json.loads(json.dumps(document)), [*ENTRY, "inclusionProof", "hashes"], [B64_31] * 65))
    with pytest.raises(LimitExceeded):
        parse(change(document, ENTRY[:2], document["verificationMaterial"]["tlogEntries"] * 33))


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"{}", b"PK\x03\x04"])
def test_what_is_no_bundle_is_refused(data):
    with pytest.raises(Malformed):
        parse_bundle(data)


def test_a_member_named_twice_is_refused(parties, payload):
    data = parties.ed25519.bundle(payload)
    with pytest.raises(Malformed, match="twice"):
        parse_bundle(data[:-1] + b',"dsseEnvelope":{}}')


@pytest.mark.parametrize("media_type", ["application/vnd.dev.sigstore.bundle+json;version=0.4", MEDIA_TYPE + " ", None, 3])
def test_another_version_is_unsupported_and_not_broken(document, media_type):
    with pytest.raises(BundleUnsupported):
        parse(change(document, ["mediaType"], media_type))


def test_a_member_that_is_null_is_absent_as_protobuf_json_has_it(document):
    document["messageSignature"] = None
    document["verificationMaterial"]["certificate"] = None
    document["verificationMaterial"]["timestampVerificationData"] = None
    assert parse(document).timestamps == ()


def test_a_bare_message_signature_is_read_and_is_no_statement():
    bundle = parse_bundle(vector("managed-key-happy-path"))
    assert isinstance(bundle.content, MessageSignature)
    assert bundle.content.digest[0] == "sha256"
    assert bundle.signature == bundle.content.sig
    assert len(bundle.timestamps) == 1
    assert bundle.log_entries[0].promise
    with pytest.raises(BundleUnsupported, match="message signature"):
        _ = bundle.envelope


@pytest.mark.parametrize("version", ["0.1", "0.2", "0.3", "0.3-new-mediaType"])
def test_every_version_is_read(version):
    bundle = parse_bundle(vector(f"happy-path-v{version}"))
    assert bundle.version == version[:3]
    assert len(bundle.certificates) == 1
    assert bundle.hint == ""


def old(document, version):
    """The document as an older version writes it."""
    document["mediaType"] = f"application/vnd.dev.sigstore.bundle+json;version={version}"
    return document


def test_what_a_version_does_not_allow_is_refused():
    modern, old_one = json.loads(vector("happy-path-v0.3")), json.loads(vector("happy-path-v0.1"))
    with pytest.raises(Malformed, match="has no certificate"):
        parse(old(modern, "0.2"))
    with pytest.raises(Malformed, match="has no x509CertificateChain"):
        parse(old(old_one, "0.3"))


def test_only_the_oldest_version_may_have_a_promise_instead_of_a_proof():
    document = json.loads(vector("happy-path-v0.1"))
    entry = document["verificationMaterial"]["tlogEntries"][0]
    del entry["inclusionProof"]
    assert parse(document).log_entries[0].proof is None
    with pytest.raises(Malformed, match="no inclusion proof"):
        parse(old(document, "0.2"))
    document = json.loads(vector("happy-path-v0.1"))
    del document["verificationMaterial"]["tlogEntries"][0]["inclusionPromise"]
    with pytest.raises(Malformed, match="no inclusion promise"):
        parse(document)


def test_a_bundle_of_certificate_message_and_timestamps_survives_rendering():
    bundle = parse_bundle(vector("rekor2-happy-path"))
    data = render_bundle(bundle.content, bundle.certificates[0], bundle.log_entries, bundle.timestamps)
    assert replace(parse_bundle(data), received=bundle.received, digest=bundle.digest) == bundle


def test_floods_of_certificates_and_timestamps_are_refused():
    document = json.loads(vector("happy-path-v0.1"))
    chain = document["verificationMaterial"]["x509CertificateChain"]
    chain["certificates"] *= 11
    with pytest.raises(LimitExceeded):
        parse(document)
    document = json.loads(vector("rekor2-happy-path"))
    document["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"] *= 33
    with pytest.raises(LimitExceeded):
        parse(document)


@pytest.mark.parametrize("name", ["rekor2-dsse-happy-path", "happy-path-intoto-in-dsse-v3"])
def test_a_keyless_bundle_of_sigstores_own_suite_is_read(name):
    data = vector(name)
    bundle = parse_bundle(data)
    assert bundle.hint == ""
    assert bundle.received == data
    assert len(bundle.log_entries) == 1
    assert bundle.envelope.payload_type == "application/vnd.in-toto+json"


@pytest.mark.parametrize("piece", [b"{},", b"[],", b"0,", b'"a":1,', b'{"a":'])
def test_a_hundred_megabytes_of_small_things_are_refused_before_they_are_read(piece):
    data = b'{"mediaType":[' + piece * (100_000_000 // len(piece))
    tracemalloc.start()
    with pytest.raises(LimitExceeded, match="members and items"):
        parse_bundle(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_a_bundle_beyond_the_size_of_the_largest_statement_is_refused():
    with pytest.raises(LimitExceeded, match="bytes"):
        parse_bundle(bytes(MAX_BUNDLE_SIZE + 1))


@pytest.mark.parametrize("tail", ["AAA", "AA=A", "AB==", "AAB=", "A===", "====", "AA-_", "AA\n=", "AA A", "éAAA", "AAAA===="])
def test_large_base64_is_read_as_strictly_as_small(tail):
    for head in ("", "AAAA" * 20_000):
        with pytest.raises(Malformed):
            as_bytes(head + tail, "x")
    assert as_bytes("AAAA" * 20_000 + "AA==", "x") == bytes(60_001)
