"""CBOR at its bounds: what is read, and in which words the rest is refused."""

import cbor2
import pytest
from cbor2 import CBORTag

from pratique.attest.notation.cbor import MAX_DEPTH, dump_cbor, load_cbor
from pratique.errors import LimitExceeded, Malformed


def read(data, *, tags=(1, 18)):
    return load_cbor(data, what="it", max_size=1000, tags=tags)


def refused(data, why, **options):
    with pytest.raises(Malformed) as caught:
        read(data, **options)
    assert caught.value.message == why


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        False,
        0,
        2**64 - 1,
        -(2**64),
        "é",
        b"\xff",
        [],
        {},
        {1: [None], "a": {-1: b""}},
        CBORTag(1, 7),
        CBORTag(18, CBORTag(1, 7)),
    ],
)
def test_values_of_each_kind_that_has_a_place_are_read(value):
    assert read(cbor2.dumps(value)) == value


@pytest.mark.parametrize("value", [(1, 2), {"a": (1, {"b": b"c"})}])
def test_parts_of_a_tagged_value_are_read_as_well(value):
    found = read(cbor2.dumps(CBORTag(18, value)))
    assert (found.tag, found.value) == (18, value)


@pytest.mark.parametrize("number", [0, 1, 2, 4, 28, 258, 999, 55799])
@pytest.mark.parametrize(
    "place", [lambda tag: tag, lambda tag: [0, tag], lambda tag: {"a": {"b": tag}}, lambda tag: CBORTag(18, tag)]
)
def test_a_tag_that_is_not_allowed_is_named_wherever_it_stands(number, place):
    for value in (b"x", [1, 2]):
        refused(cbor2.dumps(place(CBORTag(number, value))), f"it holds the tag {number}", tags=(18,))


@pytest.mark.parametrize("key", [b"x", True, None, 1.5, (1, 2), CBORTag(1, 7), CBORTag(999, 7)])
@pytest.mark.parametrize("place", [lambda item: item, lambda item: [item], lambda item: CBORTag(18, item)])
def test_a_key_is_text_or_a_whole_number(key, place):
    refused(cbor2.dumps(place({key: 1})), "it holds a map whose key is neither text nor a whole number")


@pytest.mark.parametrize(
    ("data", "kind"),
    [("fb3ff8000000000000", "float"), ("f97e00", "float"), ("f7", "UndefinedType"), ("f863", "CBORSimpleValue")],
)
def test_values_of_other_kinds_have_no_place(data, kind):
    for before in ("", "81", "a100", "d281"):
        refused(bytes.fromhex(before + data), f"it holds a {kind}, which has no place in it")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("", "premature end of stream"),
        ("ff", "break code"),
        ("62eda0", "error decoding text string"),  # half of a surrogate pair
        ("9fff", "encountered indefinite length"),
        ("a201000101", "Duplicate map key"),
        ("81" * (MAX_DEPTH + 1) + "00", "maximum container nesting depth"),
    ],
)
def test_what_is_not_cbor_or_goes_beyond_the_bounds_is_told_with_the_cause(data, why):
    with pytest.raises(Malformed) as caught:
        read(bytes.fromhex(data))
    assert caught.value.message.startswith("it is not CBOR: ") and why.lower() in caught.value.message.lower()


@pytest.mark.parametrize(
    "data", ["1801", "190001", "1b0000000000000001", "3800", "7801" + "61", "580100", "b80100" + "00", "0000", "d801" + "00"]
)
def test_a_value_has_one_spelling_and_nothing_after_it(data):
    refused(bytes.fromhex(data), "it is not CBOR in its shortest form, or has bytes after its end")


def test_the_deepest_and_the_largest_that_are_allowed_are_read():
    assert cbor2.dumps(read(b"\x81" * MAX_DEPTH + b"\0")) == b"\x81" * MAX_DEPTH + b"\0"
    largest = cbor2.dumps(b"x" * 997)
    assert len(read(largest)) == 997
    with pytest.raises(LimitExceeded, match="^it has 1001 bytes, more than the limit of 1000$"):
        read(largest + b"\0")


def test_the_same_map_is_written_as_the_same_bytes_whatever_the_order_of_its_keys():
    assert dump_cbor({"b": 1, 2: [3], "a": 0}) == dump_cbor({"a": 0, "b": 1, 2: [3]}) == bytes.fromhex("a3028103616100616201")
