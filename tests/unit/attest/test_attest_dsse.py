from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.attest.dsse import Envelope, EnvelopeSignature, pae, parse_envelope, render_envelope
from pratique.errors import LimitExceeded, Malformed

GOOD = {"payload": "aGVsbG8=", "payloadType": "t", "signatures": [{"sig": "c2ln", "keyid": "k"}]}


def test_the_protocols_own_example_has_this_encoding():
    # secure-systems-lab/dsse, protocol.md, "Test Vectors"
    assert pae("http://example.com/HelloWorld", b"hello world") == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_lengths_are_of_bytes_and_not_of_characters():
    assert pae("té", "é\U0001f600".encode()) == b"DSSEv1 3 t\xc3\xa9 6 \xc3\xa9\xf0\x9f\x98\x80"


@settings(max_examples=50)
@given(
    st.text(st.characters(exclude_categories=["Cs"])), st.binary(), st.text(st.characters(exclude_categories=["Cs"])), st.binary()
)
def test_no_two_payloads_share_an_encoding(type1, body1, type2, body2):
    assert (pae(type1, body1) == pae(type2, body2)) == ((type1, body1) == (type2, body2))


@settings(max_examples=50)
@given(
    st.text(min_size=1),
    st.binary(),
    st.lists(st.builds(EnvelopeSignature, keyid=st.text(), sig=st.binary(min_size=1)), min_size=1, max_size=3),
)
def test_an_envelope_survives_rendering_without_its_keyids(payload_type, payload, signatures):
    envelope = Envelope(payload_type=payload_type, payload=payload, signatures=tuple(signatures))
    plain = tuple(replace(item, keyid="") for item in signatures)
    assert parse_envelope(render_envelope(envelope)) == replace(envelope, signatures=plain)


@pytest.mark.parametrize(
    "change",
    [
        {"payload": "aGVsbG8"},
        {"payload": "aGVsbG9="},
        {"payload": "aGVs bG8="},
        {"payload": "aGVsbG8=\n"},
        {"payload": "a-_s"},
        {"payload": "é"},
        {"payload": None},
        {"payload": 5},
        {"payloadType": ""},
        {"payloadType": None},
        {"signatures": []},
        {"signatures": {}},
        {"signatures": ["c2ln"]},
        {"signatures": [{"sig": ""}]},
        {"signatures": [{"keyid": "k"}]},
        {"signatures": [{"sig": "c2ln", "keyid": None}]},
        {"signatures": [{"sig": "c2ln="}]},
    ],
)
def test_an_envelope_with_a_wrong_member_is_refused(change):
    with pytest.raises(Malformed):
        parse_envelope(GOOD | change)


@pytest.mark.parametrize("name", list(GOOD))
def test_an_envelope_with_a_missing_member_is_refused(name):
    with pytest.raises(Malformed):
        parse_envelope({key: value for key, value in GOOD.items() if key != name})


def test_a_flood_of_signatures_is_refused():
    with pytest.raises(LimitExceeded):
        parse_envelope(GOOD | {"signatures": GOOD["signatures"] * 65})


def test_members_the_format_does_not_name_are_skipped_as_it_demands():
    assert parse_envelope(GOOD | {"more": 1}) == parse_envelope(GOOD)
