"""Purl patterns: what they mean, and what they must not."""

import pytest

from pratique.errors import Malformed
from pratique.lexicon.purl_pattern import YES, parse_pattern

OPENSSL = "pkg:deb/debian/openssl@3.0.15-1~deb12u1?arch=amd64&distro=debian-12"


@pytest.mark.parametrize(
    ("pattern", "purl", "expected"),
    [
        ("pkg:deb/debian/openssl", OPENSSL, True),
        ("pkg:deb/debian/openssl@3.0.*", OPENSSL, True),
        ("pkg:deb/debian/openssl?arch=amd64", OPENSSL, True),
        ("pkg:deb/debian/openssl?arch=arm64", OPENSSL, False),
        ("pkg:deb/debian/openssl@3.0", OPENSSL, False),
        ("pkg:deb/debian/openss", OPENSSL, False),
        ("pkg:deb/debian/*ssl", OPENSSL, True),
        ("pkg:deb/*/openssl", OPENSSL, True),
        ("pkg:deb/*", OPENSSL, False),
        ("pkg:npm/@angular/*", "pkg:npm/%40angular/core@17.0.0", True),
        ("pkg:npm/%40angular/core@17.0.0", "pkg:npm/%40angular/core@17.0.0", True),
        ("pkg:npm/@angular/core", "pkg:npm/%40angular/core@17.0.0", True),
        ("pkg:npm/core", "pkg:npm/%40angular/core@17.0.0", False),
        ("pkg:golang/github.com/a/b", "pkg:golang/github.com/a/b@v1.0.0#sub", True),
        ("pkg:pypi/a.b", "pkg:pypi/axb@1", False),
        ("pkg:pypi/a", "nonsense", False),
    ],
)
def test_a_pattern_means_what_it_says(pattern: str, purl: str, expected: bool) -> None:
    assert (parse_pattern(pattern).judge_purl(purl) == YES) is expected


@pytest.mark.parametrize("pattern", ["openssl", "pkg:", "pkg:deb", "pkg:deb/"])
def test_a_pattern_that_is_no_purl_is_refused(pattern: str) -> None:
    with pytest.raises(Malformed):
        parse_pattern(pattern)
