import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from world import NOW, World, b64, dump, instant, spki

from pratique.attest.sigstore.trusted_root import TrustedRoot, parse_trusted_root
from pratique.attest.x509 import CertificateWindow
from pratique.errors import LimitExceeded, Malformed


@pytest.fixture(scope="module")
def world():
    return World()


@pytest.fixture
def document(world):
    return json.loads(dump(world.trusted_root()))


def parse(document):
    return parse_trusted_root(dump(document))


def test_a_trusted_root_says_who_is_believed_and_when(world, document):
    document["tlogs"][0]["publicKey"]["validFor"]["end"] = instant(NOW)
    root = parse(document)
    assert [log.url for log in root.logs] == ["https://rekor.one.example", "https://log.two.example"]
    assert root.logs[0].window == CertificateWindow(start=NOW - 1000, end=NOW)
    assert root.authorities[0].chain == (world.middle.certificate, world.ca.certificate)
    assert root.timestamp_authorities[0].signer == world.stamper.certificate
    assert root.timestamp_authorities[0].anchors == (world.stamp_root.certificate,)


@pytest.mark.parametrize(
    "media_type",
    [
        "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "application/vnd.dev.sigstore.trustedroot.v0.1+json",
        "application/vnd.dev.sigstore.trustedroot.v0.2+json",
    ],
)
def test_both_versions_are_read(document, media_type):
    assert parse(document | {"mediaType": media_type}).logs


@pytest.mark.parametrize("media_type", [None, "", "application/vnd.dev.sigstore.trustedroot.v0.3+json", 3])
def test_other_versions_are_refused(document, media_type):
    with pytest.raises(Malformed, match="mediaType"):
        parse(document | {"mediaType": media_type})


def test_nobody_is_believed_by_default():
    empty = {"mediaType": "application/vnd.dev.sigstore.trustedroot.v0.2+json"}
    assert parse(empty) == TrustedRoot()


@pytest.mark.parametrize("member", ["tlogs", "ctlogs"])
def test_a_log_without_a_start_is_refused_and_not_taken_for_eternal(document, member):
    del document[member][0]["publicKey"]["validFor"]["start"]
    with pytest.raises(Malformed, match="no start"):
        parse(document)
    del document[member][0]["publicKey"]["validFor"]
    with pytest.raises(Malformed, match="validFor"):
        parse(document)


@pytest.mark.parametrize("member", ["certificateAuthorities", "timestampAuthorities"])
def test_an_authority_without_a_start_or_certificates_is_refused(document, member):
    start = document[member][0]["validFor"].pop("start")
    with pytest.raises(Malformed, match="no start"):
        parse(document)
    document[member][0]["validFor"]["start"] = start
    document[member][0]["certChain"]["certificates"] = []
    with pytest.raises(Malformed, match="no certificates"):
        parse(document)


def test_nulls_are_absent_and_new_members_are_passed_over(document):
    document["tlogs"][0] |= {"operator": None, "checkpointKeyId": None, "brandNew": {"x": 1}}
    document["tlogs"][0]["publicKey"]["validFor"]["end"] = None
    assert parse(document).logs[0].window.end is None


def test_an_operator_that_is_stated_counts_and_else_the_address_does_coarsely(document):
    document["tlogs"][0]["operator"] = "harbour.example"
    document["tlogs"][1]["baseUrl"] = "https://log2025-1.rekor.sigstore.dev/x"
    document["ctlogs"][0]["baseUrl"] = "ctfe.sigstore.dev"
    document["timestampAuthorities"][0]["uri"] = "http://127.0.0.1:8000"
    document["certificateAuthorities"][0]["uri"] = "http://localhost:8000"
    root = parse(document)
    assert [log.operator for log in (*root.logs, *root.certificate_logs)] == ["harbour.example", "sigstore.dev", "sigstore.dev"]
    assert root.timestamp_authorities[0].operator == "127.0.0.1"
    assert root.authorities[0].operator == "localhost"


def test_an_authority_without_an_address_is_named_by_its_organization(document):
    del document["timestampAuthorities"][0]["uri"]
    document["timestampAuthorities"][0]["subject"] = {"organization": "Harbour", "commonName": "x"}
    assert parse(document).timestamp_authorities[0].operator == "Harbour"


def test_a_log_with_a_key_that_is_not_supported_is_left_out_and_bare_rsa_is_read(document):
    odd = ec.generate_private_key(ec.SECP256K1())
    document["tlogs"][0]["publicKey"]["rawBytes"] = b64(spki(odd))
    old = rsa.generate_private_key(65537, 2048).public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    document["ctlogs"][0]["publicKey"]["rawBytes"] = b64(old)
    root = parse(document)
    assert len(root.logs) == 1
    assert root.certificate_logs[0].key.algorithm == "rsa-2048"


def test_a_log_may_be_named_by_its_checkpoint_key_alone(document):
    log_id = document["tlogs"][1].pop("logId")
    with pytest.raises(Malformed, match="neither logId"):
        parse(document)
    document["tlogs"][1]["checkpointKeyId"] = log_id
    assert parse(document).logs[1].ids
    document["tlogs"][1]["checkpointKeyId"] = {"keyId": b64(b"abc")}
    with pytest.raises(Malformed, match="4 to 32"):
        parse(document)


def test_an_authority_of_which_only_the_anchor_is_listed_lets_the_token_bring_the_signer(document):
    chain = document["timestampAuthorities"][0]["certChain"]
    chain["certificates"] = chain["certificates"][-1:]
    assert parse(document).timestamp_authorities[0].signer is None


def test_floods_are_refused(document):
    for member in ("tlogs", "certificateAuthorities"):
        with pytest.raises(LimitExceeded):
            parse(document | {member: document[member] * 300})
    chain = document["certificateAuthorities"][0]["certChain"]
    chain["certificates"] *= 6
    with pytest.raises(LimitExceeded):
        parse(document)


def test_a_member_named_twice_is_refused(document):
    with pytest.raises(Malformed, match="twice"):
        parse_trusted_root(dump(document)[:-1] + b', "tlogs": []}')


@given(st.binary(max_size=100))
def test_what_is_no_trusted_root_is_malformed(data):
    with pytest.raises(Malformed):
        parse_trusted_root(data)
