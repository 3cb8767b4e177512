"""JSON with one meaning: each limit at its bound, and each refusal by its words, by the fast parser and by the slow one."""

import json

import pytest

from pratique.attest import strictjson
from pratique.attest.strictjson import canonical_json, check_depth, dump_json, load_json
from pratique.errors import LimitExceeded, Malformed


@pytest.fixture(params=["slow", "fast"], autouse=True)
def parser(request, monkeypatch):
    """Large documents go to another parser first: here every one does, or none."""
    monkeypatch.setattr(strictjson, "_LARGE", 0 if request.param == "fast" else 1 << 40)


def nested(levels):
    return b"[" * levels + b"]" * levels


def test_a_document_is_as_large_as_the_limit_says_and_no_larger():
    assert load_json(b'"abc"', what="it", max_size=5) == "abc"
    with pytest.raises(LimitExceeded, match="it has 5 bytes, more than the limit of 4"):
        load_json(b'"abc"', what="it", max_size=4)


@pytest.mark.parametrize(
    ("data", "items"), [(b"[1,2]", 2), (b'{"a":1,"b":2}', 2), (b"[[],[]]", 4), (b'{"a":{}}', 2), (b'"[{,"', 3)]
)
def test_a_document_has_as_many_items_as_the_limit_says_and_no_more(data, items):
    assert load_json(data, what="it", max_items=items) == json.loads(data)
    with pytest.raises(LimitExceeded, match=f"it has more than {items - 1} members and items"):
        load_json(data, what="it", max_items=items - 1)


@pytest.mark.parametrize("levels", [0, 1, 2, 5])
def test_a_document_is_as_deep_as_the_limit_says_and_no_deeper(levels):
    data = nested(levels) or b"1"
    assert load_json(data, what="it", max_depth=levels) == json.loads(data)
    if levels:
        with pytest.raises(LimitExceeded, match=f"it is nested deeper than {levels - 1}"):
            load_json(data, what="it", max_depth=levels - 1)


def test_depth_is_counted_through_lists_and_objects_alike():
    value = {"a": [{"b": [1]}], "c": 1}
    check_depth(value, "it", 4)
    with pytest.raises(LimitExceeded):
        check_depth(value, "it", 3)
    check_depth("text", "it", 0)
    with pytest.raises(LimitExceeded):
        check_depth([], "it", 0)


def test_a_document_that_no_parser_can_follow_is_too_deep():
    with pytest.raises(LimitExceeded, match="it is nested deeper than 64"):
        load_json(nested(200_000), what="it", max_depth=64)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"a":1,"a":2}', "it names 'a' twice in one object"),
        (b'{"x":{"a":1,"b":1,"b":2}}', "it names 'b' twice in one object"),
        (b"NaN", "it holds NaN, which is no JSON number"),
        (b"[-Infinity]", "it holds -Infinity, which is no JSON number"),
        (b"1e999", "it holds 1e999, which no double can hold"),
        (b"-1e999", "it holds -1e999, which no double can hold"),
        (b'"\\ud800"', "it holds half of a surrogate pair"),
        (b'"\\uDFFF"', "it holds half of a surrogate pair"),
        (b"{", "it is not JSON: Expecting property name enclosed in double quotes at character 1"),
        (b"[1] [2]", "it is not JSON: Extra data at character 4"),
        (b"\xff", "it is not JSON: not UTF-8 at byte 0"),
        (b'"\xed\xa0\x80"', "it is not JSON: not UTF-8 at byte 1"),
        (b"", "it is not JSON: Expecting value at character 0"),
        (b"1" * 5000, "it is not JSON: Exceeds the limit"),
    ],
)
def test_what_has_two_meanings_or_none_is_refused_with_the_reason(data, words):
    with pytest.raises(Malformed) as caught:
        load_json(data, what="it")
    assert caught.value.message.startswith(words)


@pytest.mark.parametrize(
    "text", ['"\\ud83d\\ude00"', '"\\\\ud800"', "[1, 2.5, 1e3, true, null]", '{"a": {"a": 1}}', '"\u00e9"', "0"]
)
def test_what_has_one_meaning_is_read(text):
    assert load_json(text.encode(), what="it") == json.loads(text)


def test_the_fast_parser_is_believed_only_where_it_writes_the_same_bytes():
    assert strictjson._load_swiftly(b'{"a":[1]}') == ({"a": [1]},)
    assert strictjson._load_swiftly(b"[]") == ([],)
    for data in (b'{"a": 1}', b'{"a":1,"a":1}', b"1.0", b"[1e3]", b"{", b"\xff", nested(200_000)):
        assert strictjson._load_swiftly(data) in (None, (1.0,))


def test_a_value_is_written_in_one_way():
    assert dump_json({"b": "é", "a": [1]}) == '{"a":[1],"b":"é"}'.encode()
    for value in ({"a": float("nan")}, {"a": {1}}, {"a": "\ud800"}, {1: 1, "a": 1}):
        with pytest.raises(Malformed, match="cannot be written as JSON: "):
            dump_json(value)
    assert canonical_json({"b": 1, "a": 1.0}) == b'{"a":1,"b":1}'
    for value in ({"a": float("nan")}, {"a": "\ud800"}, {"a": 1 << 60}):
        with pytest.raises(Malformed, match="cannot be written as canonical JSON: "):
            canonical_json(value)


def test_a_reason_is_one_line():
    assert strictjson._reason(ValueError("one\ntwo")) == "one"
    assert strictjson._reason(ValueError("")) == "ValueError"
    assert len(strictjson._reason(ValueError("x" * 200))) == 120


@pytest.mark.parametrize(("size", "swift"), [(4, False), (5, True), (6, True)])
def test_only_a_large_document_goes_to_the_fast_parser_and_what_that_says_counts(monkeypatch, size, swift):
    monkeypatch.setattr(strictjson, "_LARGE", 5)
    monkeypatch.setattr(strictjson, "_load_swiftly", lambda data: ("swift",))
    data = b'"' + b"x" * (size - 2) + b'"'
    assert load_json(data, what="it") == ("swift" if swift else "x" * (size - 2))


def test_half_of_a_pair_is_called_that_in_what_is_written_too():
    with pytest.raises(Malformed, match="cannot be written as JSON: half of a surrogate pair"):
        dump_json({"a": "\ud800"})
