"""Distinguished names part by part: types, escapes, what is missing or said twice, and subjects of certificates."""

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type

from pratique.attest.notation.names import MAX_NAME, fits, parse_name, subject_attributes
from pratique.errors import Malformed, Untrusted

HEAD = "C=US, ST=WA, O=acme"
BACKSLASH = "\\"
READ = {"C": "US", "ST": "WA", "O": "acme"}


def cn(value):
    return parse_name(f"{HEAD}, CN={value}")["CN"]


def test_a_name_is_as_long_as_the_limit_says_and_no_longer():
    longest = f"{HEAD}, CN="
    longest += "x" * (MAX_NAME - len(longest))
    assert len(parse_name(longest)["CN"]) == MAX_NAME - len(f"{HEAD}, CN=")
    with pytest.raises(Malformed, match=f"^a distinguished name of {MAX_NAME + 1} characters$"):
        parse_name(longest + "x")


@pytest.mark.parametrize("part", ["CN", "", "=x", "1=x", "C N=x", "C_N=x", "2.5.=x", ".5=x", "-A=x", "é=x"])
def test_a_part_that_is_no_attribute_is_shown(part):
    with pytest.raises(Malformed, match="is not an attribute of a distinguished name") as caught:
        parse_name(f"{HEAD}, {part}")
    assert repr(part) in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "read"),
    [
        ("2.5.4.3", "CN"),
        ("2.5.4.5", "SERIALNUMBER"),
        ("2.5.4.7", "L"),
        ("2.5.4.9", "STREET"),
        ("2.5.4.11", "OU"),
        ("2.5.4.17", "POSTALCODE"),
        ("0.9.2342.19200300.100.1.25", "DC"),
        ("0.9.2342.19200300.100.1.1", "UID"),
        ("1.2.3", "1.2.3"),
        ("cn", "CN"),
        ("x-1", "X-1"),
    ],
)
def test_an_attribute_is_one_type_in_each_of_its_spellings(kind, read):
    assert parse_name(f"{HEAD}, {kind}=v") == {**READ, read: "v"}


@pytest.mark.parametrize("other", ["S", "s", "ST", "st", "2.5.4.8"])
def test_a_state_is_named_in_several_ways_and_once(other):
    assert parse_name(f"C=US, {other}=WA, O=acme") == READ
    with pytest.raises(Malformed, match="^a distinguished name with two attributes ST$"):
        parse_name(f"{HEAD}, {other}=WA")


@pytest.mark.parametrize("missing", ["C", "ST", "O"])
def test_country_state_and_organization_are_demanded_each(missing):
    text = ", ".join(f"{kind}={value}" for kind, value in READ.items() if kind != missing)
    with pytest.raises(Malformed, match=f"^a distinguished name without {missing}"):
        parse_name(text)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("a", "a"),
        ("  a b  ", "a b"),
        (r"\ a", " a"),
        (r"a\ ", "a "),
        (r"a\  ", "a "),
        (r"a\\ ", "a\\"),
        (r"a\\\ ", "a\\ "),
        (r"a\\", "a\\"),
        (r"a\,b", "a,b"),
        (r"\#a", "#a"),
        ("a#", "a#"),
        (r"\41\42c", "ABc"),
        (r"\e2\82\ac", "€"),
        (r"x\C3\A9y", "xéy"),
        (r"\"\+\;\<\=\>\\", '"+;<=>\\'),
        (r"\2C\00", ",\0"),
    ],
)
def test_what_is_escaped_belongs_to_the_value_and_plain_spaces_around_it_do_not(value, read):
    assert cn(value) == read
    assert parse_name(f"CN={value}, {HEAD}")["CN"] == read


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", "an empty value"),
        ("  ", "an empty value"),
        ("#", "a value in hexadecimal, which is not read"),
        (" #0401", "a value in hexadecimal, which is not read"),
        *((f"a{character}b", f"{character!r} not escaped") for character in '"+;<>\0'),
        *((value, f"{BACKSLASH!r} not escaped") for value in ("a\\", r"\41\4", r"a\zb\41", r"\41\z")),
        (r"\C3", "escapes that are not UTF-8"),
        (r"\C3x", "escapes that are not UTF-8"),
        ("\ud800", "half of a surrogate pair"),
    ],
)
def test_a_value_that_is_none_is_refused_and_why_is_said(value, why):
    with pytest.raises(Malformed) as caught:
        cn(value)
    assert caught.value.message == f"a distinguished name with {why}"


def test_a_comma_divides_unless_a_backslash_stands_before_it():
    assert parse_name(r"C=US,ST=WA,O=a\,b") == {**READ, "O": "a,b"}
    assert parse_name(r"C=US,ST=WA,O=a\\,CN=b") == {**READ, "O": "a\\", "CN": "b"}
    assert parse_name(r"O=a\\\,b\,,C=US,ST=WA") == {**READ, "O": "a\\,b,"}
    with pytest.raises(Malformed, match="'' is not an attribute"):
        parse_name(HEAD + ",,CN=b")


def subject(*rdns):
    return x509.Name([x509.RelativeDistinguishedName([x509.NameAttribute(*one) for one in rdn]) for rdn in rdns])


OID = x509.NameOID


def test_a_subject_is_read_as_a_name_is():
    made = subject(
        [(OID.COUNTRY_NAME, "US")],
        [(OID.STATE_OR_PROVINCE_NAME, "WA")],
        [(OID.ORGANIZATION_NAME, "acme")],
        [(OID.TITLE, "x")],
        [(OID.X500_UNIQUE_IDENTIFIER, b"\xab\x01", _ASN1Type.BitString)],
    )
    assert subject_attributes(made) == {**READ, "2.5.4.12": "x", "2.5.4.45": "ab01"}
    assert fits(parse_name(HEAD), subject_attributes(made))
    assert subject_attributes(x509.Name([])) == {}


def test_a_subject_that_could_be_read_in_two_ways_is_refused():
    joined = [(OID.COMMON_NAME, "a"), (OID.ORGANIZATION_NAME, "b")]
    with pytest.raises(Untrusted, match="subject joins several attributes in one"):
        subject_attributes(subject([(OID.COUNTRY_NAME, "US")], joined))
    with pytest.raises(Untrusted, match="subject has two attributes CN"):
        subject_attributes(subject([(OID.COMMON_NAME, "a")], [(OID.COUNTRY_NAME, "US")], [(OID.COMMON_NAME, "a")]))


def test_an_identity_fits_whoever_has_all_of_it():
    assert fits(READ, READ | {"CN": "x"})
    for other in ({}, {**READ, "O": "acme2"}, {**READ, "O": "ACME"}, {"C": "US", "ST": "WA"}):
        assert not fits(READ, other)
