import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.attest.strictjson import canonical_json, dump_json, load_json
from pratique.errors import LimitExceeded, Malformed

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=50)
@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_what_is_dumped_is_loaded_again(value):
    try:
        data = dump_json(value)
    except Malformed:
        return
    assert load_json(data, what="document") == value
    assert dump_json(load_json(data, what="document")) == data


@pytest.mark.parametrize("document", [b'{"a":1,"a":1}', b'{"x":[{"b":{"c":1,"\\u0063":2}}]}', b'[{"":1,"":2}]'])
def test_a_member_named_twice_is_refused_at_any_level_even_when_escaped(document):
    with pytest.raises(Malformed, match="twice"):
        load_json(document, what="document")


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{",
        b"{} {}",
        b"{}\0",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"1e999",
        b"[-1e999]",
        b"01",
        b"'a'",
        b'{"a":1,}',
        b"// no\n1",
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'"\x01"',
        b'"\\ud800"',
        b'{"\\uDFFF":1}',
        b'["\\udc00\\ud800"]',
        b"\xef\xbb\xbf{}",
        '{"a":1}'.encode("utf-16"),
        '{"a":1}'.encode("utf-32"),
        b"9" * 5000,
    ],
)
def test_what_two_readers_could_read_differently_is_refused(document):
    with pytest.raises(Malformed, match=r"^document "):
        load_json(document, what="document")


def test_a_joined_surrogate_pair_is_a_character():
    assert load_json(b'"\\ud83d\\ude00"', what="document") == "\U0001f600"


def test_nesting_is_allowed_up_to_the_limit_and_refused_past_it():
    assert load_json(b"[" * 64 + b"]" * 64, what="document")
    assert load_json(b'{"a":' * 63 + b"[1]" + b"}" * 63, what="document")
    with pytest.raises(LimitExceeded, match="deeper than 64"):
        load_json(b"[" * 65 + b"]" * 65, what="document")
    with pytest.raises(LimitExceeded, match="deeper than 64"):
        load_json(b'{"a":' * 65 + b"1" + b"}" * 65, what="document")


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_a_bomb_of_nesting_is_one_error_and_not_a_crash(opening):
    with pytest.raises(Malformed):
        load_json(opening * 200_000, what="document")


def test_a_document_over_the_size_limit_is_refused_before_it_is_read():
    with pytest.raises(LimitExceeded, match="more than the limit of 4"):
        load_json(b"\xff" * 5, what="document", max_size=4)


@pytest.mark.parametrize("value", [{"a": float("nan")}, {"a": float("inf")}, {"a": b"bytes"}, {"a": "\ud800"}, {"a": {1, 2}}])
def test_what_json_cannot_hold_is_not_written(value):
    with pytest.raises(Malformed):
        dump_json(value)


def test_a_value_that_contains_itself_is_not_written():
    value: dict = {}
    value["a"] = value
    with pytest.raises(Malformed):
        dump_json(value)
    with pytest.raises(Malformed):
        canonical_json(value)


@pytest.mark.parametrize("value", [{"a": "\ud800"}, {"a": 2**53}, {"a": float("nan")}])
def test_what_canonical_json_cannot_hold_is_refused_in_our_words(value):
    with pytest.raises(Malformed):
        canonical_json(value)


def test_members_are_sorted_and_text_is_written_as_it_is():
    assert dump_json({"b": 1, "a": "é</script>"}) == '{"a":"é</script>","b":1}'.encode()


def test_a_file_manifest_of_a_hundred_thousand_rows_is_read():
    rows = [[f"usr/lib/{number}", "file", 420, number, "ab" * 32, None, 0] for number in range(100_000)]
    data = json.dumps({"files": rows}).encode()
    assert load_json(data, what="statement")["files"][-1] == rows[-1]


def big(text: str) -> bytes:
    """Beyond the size from which another parser is tried first."""
    return ('{"filler":"' + "x" * 40_000 + '",' + text + "}").encode()


@pytest.mark.parametrize(
    "text",
    ['"a":1', '"a":[1.5,true,null,"é",{"b":{}}]', '"a":123456789012345678901234567890', '"a":1e5', '"a": 1', '"a":"\\u00e9\\/"'],
)
def test_a_large_document_has_the_same_value_as_a_small_one(text):
    value = load_json(big(text), what="x")
    assert value.pop("filler")
    small = load_json(("{" + text + "}").encode(), what="x")
    assert value == small
    assert [type(item) for item in value.values()] == [type(item) for item in small.values()]


@pytest.mark.parametrize(
    "text",
    [
        '"a":1,"a":1',
        '"b":{"a":1,"a":1}',
        '"a":NaN',
        '"a":1e999',
        '"a":"\\ud800"',
        '"a":01',
        '"a":[1,]',
        '"a":' + "[" * 70 + "]" * 70,
    ],
)
def test_a_large_document_is_read_no_less_strictly(text):
    with pytest.raises(Malformed):
        load_json(big(text), what="x")
    with pytest.raises(Malformed):
        load_json(("{" + text + "}").encode(), what="x")


@given(VALUES)
def test_any_value_is_the_same_in_a_large_document(value):
    try:
        data = dump_json({"filler": "x" * 40_000, "value": value})
    except Malformed:
        return
    assert load_json(data, what="x")["value"] == json.loads(data)["value"]
