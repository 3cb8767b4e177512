"""Licence expressions with many parentheses: their time grows with their length and no faster."""

import time

import pytest

from pratique.documents.claims import licence_words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("((MIT))", ("MIT",)),
        ("( (MIT OR ISC) )", ("MIT OR ISC",)),
        ("(MIT) AND (ISC)", ("ISC", "MIT")),
        ("(MIT OR ISC) OR (Zlib OR BSD)", ("(MIT OR ISC) OR (Zlib OR BSD)",)),
        ("((MIT) OR (ISC))", ("(MIT) OR (ISC)",)),
        ("((MIT)", ("((MIT)",)),
        ("(MIT))", ("(MIT))",)),
        (")MIT(", (") MIT (",)),
        ("()", ()),
        ("(((", ("(((",)),
        ("", ()),
    ],
)
def test_the_parentheses_around_a_whole_expression_are_taken_off_and_no_others(text, expected):
    assert licence_words([text]) == expected


@pytest.mark.parametrize("before, after", [("(", ")"), ("( ", " )"), ("(", ""), ("", ")"), ("()", ""), (" (", ")")])
def test_two_hundred_thousand_parentheses_around_a_licence_take_no_long_time(before, after):
    text = before * 200_000 + "MIT" + after * 200_000
    started = time.process_time()
    words = licence_words([text])
    assert time.process_time() - started < 5
    assert len(words) == 1 and "MIT" in words[0]
