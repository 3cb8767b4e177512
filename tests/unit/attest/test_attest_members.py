"""Members of parsed JSON: each type and nothing near it, each at its bounds."""

import base64

import pytest

from pratique.attest.members import (
    as_base64url,
    as_bytes,
    as_count,
    as_instant,
    as_int64,
    as_lines,
    as_list,
    as_object,
    as_text,
    base64url_text,
    instant_text,
    refuse_unknown,
    without_breaks,
)
from pratique.errors import LimitExceeded, Malformed

ODD = [None, 5, 1.5, True, "x", [], {}]


@pytest.mark.parametrize(
    ("read", "good", "match"),
    [
        (as_object, [{}], "m is not an object"),
        (lambda value, where: as_list(value, where, limit=2), [[]], "m is not a list"),
        (as_text, ["x"], "m is not a string"),
        (as_count, [5], "m is not a whole number"),
        (as_int64, [], "m is not a 64-bit number"),
        (as_bytes, [], "m is not"),
        (as_instant, [], "m is not an RFC 3339 time"),
    ],
)
def test_each_type_is_read_and_nothing_near_it(read, good, match):
    for value in ODD:
        if any(type(value) is type(one) and value == one for one in good):
            assert read(value, "m") == value
        else:
            with pytest.raises(Malformed, match=match):
                read(value, "m")


def test_a_list_is_as_long_as_its_limit_says_and_no_longer():
    assert as_list([1, 2], "m", limit=2) == [1, 2]
    with pytest.raises(LimitExceeded, match="m has 3 items, more than the limit of 2"):
        as_list([1, 2, 3], "m", limit=2)


def test_a_count_is_at_least_zero():
    assert as_count(0, "m") == 0
    for value in (-1, False):
        with pytest.raises(Malformed):
            as_count(value, "m")


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("1", 1), (str(2**63 - 1), 2**63 - 1)])
def test_a_number_in_a_string_is_read_up_to_sixty_three_bits(text, value):
    assert as_int64(text, "m") == value


@pytest.mark.parametrize("text", ["", "-1", "-0", "00", "01", "+1", " 1", "1\n", "1.0", "1e3", str(2**63), "٤", 1])
def test_a_number_in_a_string_has_one_spelling(text):
    with pytest.raises(Malformed, match="64-bit number"):
        as_int64(text, "m")


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 24573, 24574, 24575, 24576, 24577, 30000])
def test_bytes_of_every_length_are_read_from_their_one_spelling(size):
    """The larger are decoded by another decoder, which is as strict."""
    data = bytes(number % 251 for number in range(size))
    text = base64.b64encode(data).decode()
    assert as_bytes(text, "m") == data
    if size:
        for odd in (text[:-1], text + "=", text + "\n", " " + text, text[:-4] + "****", text.replace(text[0], "é", 1)):
            with pytest.raises(Malformed, match="base64"):
                as_bytes(odd, "m")


@pytest.mark.parametrize("prefix", ["", "AAAA" * 10_000])
@pytest.mark.parametrize("tail", ["AB==", "AAB=", "/+==", "A===", "A", "AA", "AAA"])
def test_bytes_with_bits_that_nobody_reads_are_refused(prefix, tail):
    with pytest.raises(Malformed, match="base64"):
        as_bytes(prefix + tail, "m")
    assert as_bytes(prefix + "AA==", "m")[-1:] == b"\0"


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 100])
def test_bytes_in_base64url_have_one_spelling_without_padding(size):
    data = bytes(255 - number % 7 for number in range(size))
    text = base64.urlsafe_b64encode(data).decode().rstrip("=")
    assert as_base64url(text, "m") == data
    assert base64url_text(data) == text
    for odd in (text + "=", text + "==", text + "====", text + "\n", " " + text, text + "A" * (1 + -len(text) % 4), text + "é"):
        with pytest.raises(Malformed, match="^m is not base64url"):
            as_base64url(odd, "m")


@pytest.mark.parametrize("text", ["AB", "AAB", "A", "+w", "/w", "-w=", "-w==", "A.A", "-x", "__-9A"])
def test_base64url_with_other_characters_or_bits_that_nobody_reads_is_refused(text):
    with pytest.raises(Malformed, match="^m is not base64url"):
        as_base64url(text, "m")
    for other in (None, 5, b"AA", ["AA"]):
        with pytest.raises(Malformed, match="^m is not a string of base64url"):
            as_base64url(other, "m")


def test_base64_in_lines_is_read_with_white_space_in_it_and_nothing_else():
    assert as_lines(b" AAE\r\nC\tAw==\n", "m") == b"\0\1\2\3"
    for odd in (b"AAEC\xff", b"AAECAw", b"AAECAx==", b"AAEC=", b"AAEC==", b"AA-_", b"\0AAEC"):
        with pytest.raises(Malformed, match="^m is not "):
            as_lines(odd, "m")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-01-31T12:00:00Z", 1769860800),
        ("2026-01-31T12:00:00.999999999Z", 1769860800),
        ("2026-01-31T12:00:00+02:00", 1769853600),
        ("2026-01-31T12:00:00-00:30", 1769862600),
    ],
)
def test_a_time_is_read_to_the_second(text, seconds):
    assert as_instant(text, "m") == seconds


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31",
        "2026-01-31T12:00:00",
        "2026-01-31 12:00:00Z",
        "2026-02-31T12:00:00Z",
        "2026-01-31T24:00:00Z",
        "2026-01-31T12:00:60Z",
        "2026-01-31T12:00:00.Z",
        "2026-01-31T12:00:00.1234567890Z",
        "2026-01-31t12:00:00z",
        "2026-01-31T12:00:00Z\n",
    ],
)
def test_a_time_that_the_calendar_or_the_format_does_not_have_is_none(text):
    with pytest.raises(Malformed, match="RFC 3339"):
        as_instant(text, "m")


def test_a_time_is_written_within_the_years_that_have_four_digits():
    assert instant_text(0) == "1970-01-01T00:00:00Z"
    assert instant_text(253_402_300_799) == "9999-12-31T23:59:59Z"
    for seconds in (-1, 253_402_300_800):
        with pytest.raises(Malformed, match="outside the years"):
            instant_text(seconds)


def test_line_breaks_are_taken_out_of_base64_and_nothing_else():
    assert without_breaks("AA\r\nBB\nCC DD\t") == "AABBCC DD\t"


def test_the_first_member_that_is_not_known_is_named():
    refuse_unknown({"a": 1}, ("a", "b"), "m")
    with pytest.raises(Malformed, match="m has the unknown member 'c'"):
        refuse_unknown({"d": 1, "c": 1, "a": 1}, ("a",), "m")
