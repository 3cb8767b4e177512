"""What each version of CycloneDX allows: the shapes say what the official schema says."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from official_schemas import cyclonedx_schema

from pratique.documents.shape import cyclonedx_check
from pratique.lexicon.iri import is_iri_reference

KEY = {"kty": "EC", "crv": "P-256", "x": "a", "y": "b"}
SIGNATURE = {"algorithm": "ES256", "publicKey": KEY, "value": "abc"}
ALGORITHM = {"assetType": "algorithm", "algorithmProperties": {"algorithmFamily": "AES", "ellipticCurve": "nist/P-256"}}
CITATION = {"timestamp": "2026-01-01T00:00:00Z", "pointers": ["/components/0"], "attributedTo": "a"}
BASE = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.7",
    "version": 1,
    "metadata": {"timestamp": "2026-01-01T00:00:00Z"},
    "signature": SIGNATURE,
    "components": [
        {"type": "library", "bom-ref": "a", "name": "a", "isExternal": True, "versionRange": "vers:npm/>1"},
        {"type": "cryptographic-asset", "name": "b", "cryptoProperties": ALGORITHM},
    ],
    "citations": [CITATION],
}
ODD = {
    "a signature without a value": (("signature", "value"), None),
    "a signature of no known algorithm": (("signature", "algorithm"), "none"),
    "a signature by a key without its curve": (("signature", "publicKey", "crv"), None),
    "a range of versions of what is not external": (("components", 0, "isExternal"), False),
    "a range of versions where nothing says external": (("components", 0, "isExternal"), None),
    "a range beside a version": (("components", 0, "version"), "1"),
    "an algorithm of no known family": (
        ("components", 1, "cryptoProperties", "algorithmProperties", "algorithmFamily"),
        "ROT13",
    ),
    "a curve that nobody knows": (("components", 1, "cryptoProperties", "algorithmProperties", "ellipticCurve"), "mine"),
    "a citation of nobody": (("citations", 0, "attributedTo"), None),
    "a citation of nothing": (("citations", 0, "pointers"), None),
    "the thirtieth of February": (("metadata", "timestamp"), "2026-02-30T00:00:00Z"),
    "a version that is no whole number": (("version",), 1.5),
}


def changed(way, value):
    found = copy.deepcopy(BASE)
    place = found
    for key in way[:-1]:
        place = place[key]
    if value is None:
        del place[way[-1]]
    else:
        place[way[-1]] = value
    return found


def test_what_is_valid_by_the_schema_is_valid_to_us():
    assert list(cyclonedx_schema("1.7").iter_errors(BASE)) == []
    assert cyclonedx_check("1.7")(BASE) == []
    assert cyclonedx_check("1.7", exact=True)(BASE) == []


@pytest.mark.parametrize("name", ODD)
def test_what_the_schema_refuses_we_refuse(name):
    value = changed(*ODD[name])
    assert list(cyclonedx_schema("1.7").iter_errors(value))
    assert cyclonedx_check("1.7")(value)


def test_two_point_nought_is_a_whole_number():
    value = changed(("version",), 2.0)
    assert list(cyclonedx_schema("1.7").iter_errors(value)) == []
    assert cyclonedx_check("1.7")(value) == []


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='ab1:/?#@%2f.-~!$ \\|<>"é\ue000\x00\n', max_size=9))
def test_an_address_is_one_to_us_where_it_is_one_to_the_schema(text):
    check = cyclonedx_schema("1.7").format_checker
    assert is_iri_reference(text) == check.conforms(text, "iri-reference")


@pytest.mark.parametrize("text", ["http://[::1]/", "http://[2001:db8::1]:80/x", "http://[v1.a:b]/", "//[1:2:3:4:5:6:7:8]"])
def test_an_address_may_name_its_host_by_number(text):
    assert is_iri_reference(text)


@pytest.mark.parametrize("text", ["http://[::1", "http://[::g]/", "http://::1]/", "http://[fe80::1%25eth0]/", "http://[]/"])
def test_half_a_number_in_brackets_is_no_host(text):
    assert not is_iri_reference(text)
