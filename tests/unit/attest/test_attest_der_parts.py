"""DER at each of its bounds: depth, lengths, tags, and the values whose spelling is checked; what is built is read back."""

import pytest

from pratique.attest.der import MAX_DEPTH, check_der, children, content_of, first_value, is_der, tagged
from pratique.errors import Malformed

NULL = b"\x05\x00"


def nested(levels, inside=NULL):
    for _ in range(levels):
        inside = tagged(0x30, inside)
    return inside


@pytest.mark.parametrize(
    ("data", "der"),
    [
        (tagged(0x30, b"\x03\x02\0A"), True),  # as short as a key may be
        (tagged(0x30, b"x" * 128), True),
        (tagged(0x30, b"x" * 256), True),
        (b"0", False),
        (b"0 s:CN=One\n-----BEGIN CERTIFICATE-----\n", False),
        ("0 Größe\n".encode(), False),
        ("0é".encode(), False),
        (b"0\x80", True),
        (b"0\xbf", True),
        (b"0\xc0", False),
        (b"", False),
        (b"\0\x30", False),
        (b"\x31\x82\1\0", False),
    ],
)
def test_a_file_that_begins_with_nought_is_der_only_where_it_is_no_line_of_text(data, der):
    assert is_der(data) is der


def test_values_are_nested_as_deep_as_the_limit_says_and_no_deeper():
    check_der(nested(MAX_DEPTH), "it")
    with pytest.raises(Malformed, match="^it is nested deeper than 24$"):
        check_der(nested(MAX_DEPTH + 1), "it")


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65535, 65536])
def test_each_length_has_one_spelling_and_is_read_from_it(size):
    content = b"\x07" * size
    value = tagged(0x04, content)
    check_der(value, "it")
    assert (content_of(value), first_value(value + NULL, "it")) == (content, value)
    assert tagged(0x04, content[:1], content[1:]) == value
    with pytest.raises(Malformed, match="^it is followed by 2 other bytes$"):
        check_der(value + NULL, "it")
    with pytest.raises(Malformed, match="^it ends in the middle of a value$"):
        check_der(value[:-1], "it")


@pytest.mark.parametrize(
    ("length", "why"),
    [
        ("80", "a length that is not definite"),
        ("8101", "spells a length longer than it need be"),
        ("817f", "spells a length longer than it need be"),
        ("8180", "ends in the middle of a value"),
        ("820080", "spells a length longer than it need be"),
        ("82ff", "a length that is not definite"),
        ("8401000000", "ends in the middle of a value"),
        ("850100000000", "a length that is not definite"),
        ("ff", "a length that is not definite"),
        ("", "ends in the middle of a value"),
    ],
)
def test_a_length_is_definite_of_four_bytes_at_most_and_as_short_as_can_be(length, why):
    for data in (bytes.fromhex("04" + length), bytes.fromhex("30" + length)):
        with pytest.raises(Malformed, match=why):
            check_der(data, "it")
        with pytest.raises(Malformed, match=why):
            first_value(data, "it")


@pytest.mark.parametrize("inner", ["05", "0501", "0402", "040200", "30820001", "02"])
def test_nothing_of_a_value_lies_past_the_end_of_what_holds_it(inner):
    held = tagged(0x30, bytes.fromhex(inner))
    for data in (held, tagged(0x30, held, NULL), tagged(0x30, held, b"\0" * 300)):
        with pytest.raises(Malformed):
            check_der(data, "it")
    with pytest.raises(Malformed, match="ends in the middle of a value"):
        check_der(tagged(0x30, b"\x04\x02\x00") + b"\x00", "it")


@pytest.mark.parametrize("value", ["020100", "02017f", "020180", "0201ff", "02020080", "0202ff7f", "02020100", "0202fe80"])
def test_a_number_in_its_shortest_spelling_is_read(value):
    check_der(bytes.fromhex(value), "it")


@pytest.mark.parametrize("value", ["0200", "02020000", "0202007f", "0202ff80", "0202ffff", "0203000001"])
def test_a_number_in_another_spelling_is_refused(value):
    with pytest.raises(Malformed, match="^it has a number that is not spelled in the shortest way$"):
        check_der(bytes.fromhex(value), "it")


@pytest.mark.parametrize("value", ["010100", "0101ff", "030100", "03020001", "0500", "0400", "040101", "3000", "3100"])
def test_values_of_the_kinds_that_are_looked_at_are_read_at_their_least(value):
    check_der(bytes.fromhex(value), "it")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("0100", "a boolean that is neither true nor false"),
        ("0101fe", "a boolean that is neither true nor false"),
        ("0102ffff", "a boolean that is neither true nor false"),
        ("0300", "a bit string that is not of whole bytes"),
        ("03020100", "a bit string that is not of whole bytes"),
        ("050100", "a null with something in it"),
        ("1000", "a sequence that is none"),
        ("1100", "a sequence that is none"),
        ("2400", "spells a plain value in pieces"),
        ("2200", "spells a plain value in pieces"),
    ],
)
def test_values_of_the_kinds_that_are_looked_at_are_refused_in_every_other_form(value, why):
    with pytest.raises(Malformed, match=why):
        check_der(bytes.fromhex(value), "it")
    with pytest.raises(Malformed, match=why):
        check_der(tagged(0x30, NULL, bytes.fromhex(value)), "it")
    with pytest.raises(Malformed, match=why):
        check_der(tagged(0xA0, bytes.fromhex(value)), "it")


@pytest.mark.parametrize("tag", [0x41, 0x50, 0x81, 0x82, 0x83, 0x85, 0x90, 0x91, 0xC1, 0xD0])
def test_a_plain_value_whose_kind_is_its_context_s_is_not_held_to_the_rules_of_others(tag):
    check_der(tagged(tag, b"\x00\x00"), "it")
    check_der(tagged(tag), "it")


@pytest.mark.parametrize("tag", [0x61, 0x62, 0xA1, 0xA4, 0xE2])
def test_a_value_in_parts_whose_kind_is_its_context_s_is_looked_into(tag):
    check_der(tagged(tag, NULL), "it")
    with pytest.raises(Malformed, match="a null with something in it"):
        check_der(tagged(tag, b"\x05\x01\x00"), "it")


@pytest.mark.parametrize("tag", [0x1F, 0x3F, 0x5F, 0x9F, 0xBF, 0xFF])
def test_a_tag_of_several_bytes_is_refused_in_every_class(tag):
    with pytest.raises(Malformed, match="^it has a tag of several bytes$"):
        check_der(bytes([tag, 0]), "it")
    check_der(bytes([0x9E, 0]), "it")


def test_what_is_wrapped_is_read_at_the_depth_that_is_said_and_nowhere_else():
    odd = tagged(0x04, b"\x05\x01\x00")
    for depth in range(3):
        for wrapped_at in (None, 0, 1, 2, 3):
            data = nested(depth, odd)
            if depth == wrapped_at:
                with pytest.raises(Malformed, match="a null with something in it"):
                    check_der(data, "it", wrapped_at=wrapped_at)
            else:
                check_der(data, "it", wrapped_at=wrapped_at)
    # What is no OCTET STRING wraps nothing, whatever its depth.
    check_der(tagged(0x30, tagged(0x0C, b"\x05\x01\x00")), "it", wrapped_at=1)
    check_der(nested(1, tagged(0x04, NULL)), "it", wrapped_at=1)
    with pytest.raises(Malformed, match="is followed by 2 other bytes"):
        check_der(nested(1, tagged(0x04, NULL + NULL)), "it", wrapped_at=1)


def test_the_first_of_several_values_is_taken_and_of_none_there_is_none():
    assert first_value(NULL + b"anything", "it") == NULL
    with pytest.raises(Malformed, match="^it is empty$"):
        first_value(b"", "it")


def test_the_parts_of_a_value_are_told_apart():
    parts = [NULL, tagged(0x04, b"x" * 200), tagged(0x30, NULL)]
    assert children(tagged(0x30, *parts)) == parts
    assert children(tagged(0xA3, NULL)) == [NULL]
    for value in (tagged(0x30), tagged(0x04, NULL), tagged(0x80, NULL), tagged(0x04)):
        with pytest.raises(Malformed, match="^a value without the parts it should have$"):
            children(value)
