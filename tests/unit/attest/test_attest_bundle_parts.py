"""Each member of a bundle, as it may be left out, empty, or of another version: both ways of reading and writing."""

import base64
import json

import pytest
import world
from test_attest_bundle import change, parse

from pratique.attest.bundle import (
    MAX_CERTIFICATES,
    MAX_LOG_ENTRIES,
    MAX_PROOF_HASHES,
    MAX_TIMESTAMPS,
    BundleUnsupported,
    InclusionProof,
    LogEntry,
    MessageSignature,
    parse_bundle,
    parse_log_entry,
    render_bundle,
    without_keyid,
)
from pratique.attest.dsse import MAX_SIGNATURES, parse_envelope
from pratique.errors import LimitExceeded, Malformed

OLD = "application/vnd.dev.sigstore.bundle+json;version=0.{}"
DER = base64.b64encode(b"der").decode()
HASH = base64.b64encode(b"\x01" * 32).decode()
WORLD = world.World()


@pytest.fixture
def document():
    return json.loads(world.dump(WORLD.bundle(content="dsse", stamps=[world.NOW])))


@pytest.fixture
def message():
    return json.loads(world.dump(WORLD.bundle(content="message", key=world.KEYS["p256"])))


MATERIAL = "verificationMaterial"
ENTRY = [MATERIAL, "tlogEntries", 0]


def refused(document, path, value, match, kind=Malformed):
    with pytest.raises(kind, match=match):
        parse(change(document, path, value))


# --- who is said to have signed


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("name", ["certificate", "x509CertificateChain"])
def test_a_certificate_stands_alone_since_version_three_and_in_a_chain_before(document, version, name):
    document["mediaType"] = OLD.format(version)
    one = {"rawBytes": DER}
    document[MATERIAL].pop("certificate")
    document[MATERIAL][name] = one if name == "certificate" else {"certificates": [one]}
    document[MATERIAL]["tlogEntries"] = []
    if (name == "certificate") == (version == 3):
        found = parse(document)
        assert (found.certificates, found.hint, found.version) == ((b"der",), "", f"0.{version}")
    else:
        with pytest.raises(Malformed, match=f"a bundle v0.{version} has no {name}"):
            parse(document)


def test_a_chain_is_not_empty_and_no_longer_than_the_limit_says(document):
    document["mediaType"] = OLD.format(2)
    document[MATERIAL].pop("certificate")
    one = {"rawBytes": DER}
    for count in (1, MAX_CERTIFICATES):
        document[MATERIAL]["x509CertificateChain"] = {"certificates": [one] * count}
        assert len(parse(document).certificates) == count
    for empty in ({"certificates": []}, {}):
        document[MATERIAL]["x509CertificateChain"] = empty
        with pytest.raises(Malformed, match="empty certificate chain"):
            parse(document)
    document[MATERIAL]["x509CertificateChain"] = {"certificates": [one] * (MAX_CERTIFICATES + 1)}
    with pytest.raises(LimitExceeded):
        parse(document)


@pytest.mark.parametrize("value", [{"rawBytes": ""}, {}, {"rawBytes": None}, {"rawBytes": DER, "more": 1}])
def test_a_certificate_that_is_empty_or_more_than_one_is_refused(document, value):
    refused(document, [MATERIAL, "certificate"], value, "certificate")


@pytest.mark.parametrize("count", [0, 2])
def test_a_bundle_names_one_signer_and_no_other_number(document, count):
    if count:
        document[MATERIAL]["publicKey"] = {"hint": "x"}
    else:
        document[MATERIAL].pop("certificate")
    with pytest.raises(Malformed, match="exactly one of a public key, a certificate and a certificate chain"):
        parse(document)


# --- what was signed


def test_a_bundle_holds_a_message_or_an_envelope_and_never_both(document, message):
    assert isinstance(parse(message).content, MessageSignature)
    with pytest.raises(BundleUnsupported, match="bare message signature"):
        _ = parse(message).envelope
    assert parse(message).signature == base64.b64decode(message["messageSignature"]["signature"])
    assert parse(document).signature == parse(document).envelope.signatures[0].sig
    both = {**document, "messageSignature": message["messageSignature"]}
    neither = {name: value for name, value in document.items() if name != "dsseEnvelope"}
    for wrong in (both, neither):
        with pytest.raises(Malformed, match="either a DSSE envelope or a message signature"):
            parse(wrong)


def test_a_message_s_signature_is_not_empty(message):
    refused(message, ["messageSignature", "signature"], "", "signature is empty")


def test_a_message_s_digest_may_be_left_out_and_is_of_a_kind_that_is_known(message):
    assert parse(message).content.digest[0] == "sha256"
    assert parse(change(message, ["messageSignature", "messageDigest"], ...)).content.digest is None
    stated = {"algorithm": "SHA2_384", "digest": DER}
    assert parse(change(message, ["messageSignature", "messageDigest"], stated)).content.digest == ("sha384", b"der")
    for name in ("SHA1", "MD5", "sha256", ""):
        refused(
            message,
            ["messageSignature", "messageDigest"],
            {"algorithm": name, "digest": DER},
            "messageDigest.algorithm is",
            BundleUnsupported,
        )


@pytest.mark.parametrize("digest", [None, ("sha512", b"x" * 64)])
def test_a_message_is_written_as_it_is_read(parties, digest):
    content = MessageSignature(sig=b"signature", digest=digest)
    assert parse_bundle(render_bundle(content, parties.p256.key)).content == content


@pytest.mark.parametrize("kind", ["", 5, None, "application/vnd.dev.sigstore.bundle.v0.4+json", OLD.format(4), ["x"]])
def test_a_bundle_of_another_version_is_neither_valid_nor_broken(document, kind):
    refused(document, ["mediaType"], kind, "not a Sigstore bundle", BundleUnsupported)


@pytest.mark.parametrize("stamps", [(), (b"one",), (b"one", b"two")])
def test_timestamps_are_written_where_there_are_some(parties, payload, stamps):
    data = render_bundle(parties.p256.envelope(payload), parties.p256.key, (), stamps)
    assert parse_bundle(data).timestamps == stamps
    assert (b"timestampVerificationData" in data) is bool(stamps)


def test_a_certificate_is_written_alone(parties, payload):
    found = parse_bundle(render_bundle(parties.p256.envelope(payload), b"der"))
    assert (found.certificates, found.hint) == ((b"der",), "")


def test_as_many_of_each_are_read_as_the_limit_says_and_no_more(document):
    stamps, entries = document[MATERIAL]["timestampVerificationData"]["rfc3161Timestamps"], document[MATERIAL]["tlogEntries"]
    document[MATERIAL]["timestampVerificationData"]["rfc3161Timestamps"] = stamps * MAX_TIMESTAMPS
    document[MATERIAL]["tlogEntries"] = entries * MAX_LOG_ENTRIES
    document[MATERIAL]["tlogEntries"][0]["inclusionProof"]["hashes"] = [HASH] * MAX_PROOF_HASHES
    found = parse(document)
    assert (len(found.timestamps), len(found.log_entries)) == (MAX_TIMESTAMPS, MAX_LOG_ENTRIES)
    document[MATERIAL]["timestampVerificationData"]["rfc3161Timestamps"] = stamps * (MAX_TIMESTAMPS + 1)
    with pytest.raises(LimitExceeded):
        parse(document)


# --- entries of logs


def test_an_entry_s_origin_is_the_first_line_of_its_checkpoint():
    entry = LogEntry(log_index=0, log_id=b"x" * 32, body=b"{}", proof=None)
    assert entry.origin == ""
    proof = InclusionProof(log_index=0, tree_size=1, root_hash=b"x" * 32, hashes=(), checkpoint="log.example\n1\n")
    assert LogEntry(log_index=0, log_id=b"x" * 32, body=b"{}", proof=proof).origin == "log.example"


@pytest.mark.parametrize(
    ("version", "missing", "good"),
    [
        ("0.1", "inclusionProof", True),
        ("0.1", "inclusionPromise", False),
        ("0.2", "inclusionProof", False),
        ("0.2", "inclusionPromise", True),
        ("0.3", "inclusionProof", False),
        ("0.3", "inclusionPromise", True),
        ("0.1", "", True),
        ("0.3", "", True),
    ],
)
def test_an_entry_has_a_promise_in_the_first_version_and_a_proof_since(document, version, missing, good):
    entry = document[MATERIAL]["tlogEntries"][0]
    assert {"inclusionProof", "inclusionPromise"} <= set(entry)
    entry.pop(missing, None)
    if good:
        found = parse_log_entry(entry, "entry", version)
        assert (found.proof is None, found.promise == b"") == (missing == "inclusionProof", missing == "inclusionPromise")
    else:
        with pytest.raises(Malformed, match="has no inclusion pro"):
            parse_log_entry(entry, "entry", version)


def test_an_entry_without_a_proof_is_not_written(parties, payload):
    entry = LogEntry(log_index=0, log_id=b"x" * 32, body=b"{}", proof=None, promise=b"promise")
    with pytest.raises(Malformed, match="without an inclusion proof cannot be written"):
        render_bundle(parties.p256.envelope(payload), parties.p256.key, [entry])


@pytest.mark.parametrize("promise", [b"", b"promise"])
@pytest.mark.parametrize("time", [0, world.NOW])
def test_an_entry_is_written_as_it_is_read_with_and_without_time_and_promise(parties, payload, promise, time):
    proof = InclusionProof(log_index=0, tree_size=1, root_hash=b"x" * 32, hashes=(b"y" * 32,), checkpoint="log.example\n1\n")
    entry = LogEntry(log_index=0, log_id=b"x" * 32, body=b"{}", proof=proof, promise=promise, integrated_time=time)
    data = render_bundle(parties.p256.envelope(payload), parties.p256.key, [entry])
    assert parse_bundle(data).log_entries == (entry,)
    assert (b"inclusionPromise" in data, b"integratedTime" in data) == (bool(promise), bool(time))


@pytest.mark.parametrize(("index", "size", "good"), [("0", "1", True), ("4", "5", True), ("5", "5", False), ("6", "5", False)])
def test_a_proof_s_place_is_in_its_tree(document, index, size, good):
    proof = document[MATERIAL]["tlogEntries"][0]["inclusionProof"]
    proof |= {"logIndex": index, "treeSize": size}
    if good:
        assert parse(document).log_entries[0].proof.tree_size == int(size)
    else:
        with pytest.raises(Malformed, match=f"places entry {index} in a tree of {size}"):
            parse(document)


# --- keyids of earlier releases


@pytest.mark.parametrize(
    "document",
    [
        [],
        "x",
        {},
        {"dsseEnvelope": 5},
        {"dsseEnvelope": []},
        {"dsseEnvelope": {}},
        {"dsseEnvelope": {"signatures": None}},
        {"dsseEnvelope": {"signatures": []}},
        {"dsseEnvelope": {"signatures": [{}]}},
        {"dsseEnvelope": {"signatures": ["keyid", 5, None]}},
        {"dsseEnvelope": {"signatures": [{"keyid": ""}]}},
    ],
)
def test_what_has_no_keyid_is_left_as_it_is(document):
    data = json.dumps(document).encode()
    assert without_keyid(data) is data


def test_every_keyid_is_taken_out_and_nothing_else():
    rows = [{"keyid": "a", "sig": "x"}, "odd", {"sig": "y"}, {"keyid": "b"}]
    found = json.loads(without_keyid(json.dumps({"dsseEnvelope": {"signatures": rows}, "more": 1}).encode()))
    assert found == {"dsseEnvelope": {"signatures": [{"sig": "x"}, "odd", {"sig": "y"}, {}]}, "more": 1}


# --- envelopes


@pytest.mark.parametrize(
    ("change_", "match"),
    [
        ({"payloadType": ""}, "payloadType is empty"),
        ({"signatures": []}, "without a signature"),
        ({"signatures": [{"sig": ""}]}, r"signatures\[0\]\.sig is empty"),
        ({"signatures": [{"sig": "AA=="}, {"sig": ""}]}, r"signatures\[1\]\.sig is empty"),
        ({"signatures": [{"sig": "AA==", "keyid": 5}]}, "keyid is not a string"),
        ({"payload": None}, "payload"),
    ],
)
def test_an_envelope_has_a_type_a_payload_and_signatures_that_are_not_empty(change_, match):
    whole = {"payloadType": "x", "payload": "AA==", "signatures": [{"sig": "AA=="}]}
    assert parse_envelope(whole).payload == b"\0"
    with pytest.raises(Malformed, match=match):
        parse_envelope(whole | change_)


def test_an_envelope_has_as_many_signatures_as_the_limit_says_and_no_more():
    whole = {"payloadType": "x", "payload": "", "signatures": [{"sig": "AA=="}] * MAX_SIGNATURES}
    assert len(parse_envelope(whole).signatures) == MAX_SIGNATURES
    with pytest.raises(LimitExceeded):
        parse_envelope(whole | {"signatures": [{"sig": "AA=="}] * (MAX_SIGNATURES + 1)})
