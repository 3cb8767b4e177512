"""What names one version and what asks for any of several; texts in every encoding of Unicode."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pratique.lexicon.encodings import as_utf8, decode_text
from pratique.lexicon.one_version import split_requirement


@pytest.mark.parametrize(
    "text",
    [
        *("^1.2", ">=1", "<2", "!=1", "~1.2", "~> 1.2", "~=1.4", "1.x", "1.2.X", "*", "1.*", "x", "1.+", "+", "latest", "LATEST"),
        *("latest.release", "RELEASE", "[1.0,2.0)", "(,1.0]", "[1.0,)", "1 - 2", "1 || 2", ">1,<2", "==1.2.*", "1.0, 1.1"),
    ],
)
def test_a_range_is_no_version(text):
    assert split_requirement(text) == ("", text)


@pytest.mark.parametrize(
    "text",
    [
        *("1.0", "v1.2.3", "1.0-1", "1!2.0+local", "5.0.0~beta1", "1.x-dev", "dev-main", "2024a", "1.0.0-rc.1+build.5", "0"),
        *("v0.0.0-20210101000000-abcdefabcdef", "1.2.3.4", "1.0_1", "1:2.3-4", "0123456789abcdef"),
    ],
)
def test_a_version_of_any_ecosystem_is_one(text):
    assert split_requirement(text) == (text, "")


@pytest.mark.parametrize("text", ["==1.0", "=1.0", "===1.0", "= 1.0", "[1.0]", " 1.0 "])
def test_what_demands_exactly_one_version_names_it(text):
    assert split_requirement(text) == ("1.0", "")


@given(st.text(max_size=100))
def test_every_text_is_one_or_the_other(text):
    version, asked = split_requirement(text)
    assert not (version and asked) and (version or asked or not text.strip())


@pytest.mark.parametrize("encoding", "utf-8 utf-8-sig utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be".split())
def test_a_text_is_the_same_in_every_encoding_with_and_without_its_mark(encoding):
    text = "flask==1.0\n# Größe ☃\n"
    assert decode_text(text.encode(encoding)) == text and as_utf8(text.encode(encoding)) == text.encode()


@given(st.binary(max_size=60))
def test_no_bytes_make_a_crash_and_utf_8_stays_as_it_is(data):
    decode_text(data)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return
    if "\0" not in text and not text.startswith("\ufeff"):
        assert as_utf8(data) == data
