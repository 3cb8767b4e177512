"""Values of strangers: digests, addresses, and what has the wrong type."""

import pytest

from pratique.lexicon.values import (
    clean_url,
    joined,
    list_or_empty,
    read_hash,
    read_hex,
    read_integrity,
    table_or_empty,
    text_or_empty,
)


def test_what_has_the_wrong_type_counts_as_not_there():
    assert table_or_empty([1]) == {} and table_or_empty({1: 2, "a": 3}) == {"a": 3} and list_or_empty({}) == []
    assert (
        text_or_empty(True) == "" and text_or_empty(1.1) == "1.1" and text_or_empty(None) == "" and text_or_empty(10**9999) == ""
    )
    assert joined(["a", 1, "b"]) == "a, b" and joined("ab") == ""


def test_only_digests_of_the_right_length_are_digests():
    assert read_hex("SHA-256", "AB" * 32) == {"sha256": "ab" * 32}
    assert read_hex("sha256", "ab" * 31) == {} and read_hex("sha256", "xy" * 32) == {} and read_hex("crc", "") == {}
    assert read_hash("sha256:" + "0" * 64) == read_hash("sha256=" + "0" * 64) == {"sha256": "0" * 64}
    assert read_hash("0" * 64) == {}


def test_integrity_may_hold_several_digests():
    found = read_integrity("sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk= md5-??? sha512-" + "A" * 86 + "==?x")
    assert found == {"sha1": "da39a3ee5e6b4b0d3255bfef95601890afd80709", "sha512": "0" * 128}
    assert read_integrity("x") == {}


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("https://u:p@host/a@b", "https://host/a@b"),
        ("https://host/a@b", "https://host/a@b"),
        ("git@host:a/b.git", "git@host:a/b.git"),
        ("u:p@host/a", "host/a"),
        (None, ""),
    ],
)
def test_addresses_lose_user_names_and_passwords(given, shown):
    assert clean_url(given) == shown
