"""Keys for RSASSA-PSS part by part: the one hash they are bound to, its mask and its salt, and what is no such key."""

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

from pratique.attest.der import children, tagged
from pratique.attest.rsapss import hash_of_private, join_private, join_public, spki_of_rsa, split_public
from pratique.errors import Malformed

KEY = rsa.generate_private_key(65537, 2048)
PUBLIC = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
PRIVATE = KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
BITS = children(PUBLIC)[1]
NULL = b"\x05\x00"
PSS = bytes.fromhex("06092a864886f70d01010a")
PLAIN = bytes.fromhex("06092a864886f70d010101")
MGF1 = bytes.fromhex("06092a864886f70d010108")
SHA1 = bytes.fromhex("06052b0e03021a")
SHA2 = {
    name: bytes.fromhex("060960864801650304020" + digit) for name, digit in (("sha256", "1"), ("sha384", "2"), ("sha512", "3"))
}
SIZES = {"sha256": 32, "sha384": 48, "sha512": 64}
OTHER = "^an RSA-PSS key for a hash that is not used here"


def number(value):
    return tagged(0x02, value.to_bytes(value.bit_length() // 8 + 1))


def hashed(name="sha256", *rest):
    return tagged(0x30, SHA2.get(name, SHA1), *rest)


def bound(name="sha256", *, mask=None, salt=32, more=()):
    """The parameters of a key, each of its members left out by None."""
    members = [tagged(0xA0, hashed(name, NULL))] if name else []
    mask = tagged(0x30, MGF1, hashed(name, NULL)) if mask is None else mask
    members += [tagged(0xA1, mask)] if mask else []
    members += [tagged(0xA2, number(salt))] if salt is not None else []
    return tagged(0x30, *members, *more)


def public(*parameters, oid=PSS):
    return tagged(0x30, tagged(0x30, oid, *parameters), BITS)


def private(*parameters, oid=PSS):
    version, _, key = children(PRIVATE)
    return tagged(0x30, version, tagged(0x30, oid, *parameters), key)


def test_a_key_for_any_use_is_none_for_pss():
    assert split_public(PUBLIC) is None
    assert hash_of_private(PRIVATE) is None
    assert split_public(b"") is None
    assert hash_of_private(b"") is None


def test_a_key_that_is_bound_to_no_hash_says_none():
    assert split_public(public()) == (PUBLIC, "")
    assert hash_of_private(private()) == ""


@pytest.mark.parametrize("name", SHA2)
def test_a_key_is_bound_to_its_one_hash_and_written_as_it_is_read(name):
    parameters = bound(name, salt=SIZES[name])
    assert split_public(public(parameters)) == (PUBLIC, name)
    assert hash_of_private(private(parameters)) == name
    assert join_public(PUBLIC, name) == public(parameters)
    assert join_private(PRIVATE, name) == private(parameters)
    assert load_der_public_key(join_public(PUBLIC, name)).public_numbers() == KEY.public_key().public_numbers()
    assert load_der_private_key(join_private(PRIVATE, name), None).private_numbers() == KEY.private_numbers()


def test_attributes_of_a_private_key_are_not_carried_over():
    version, algorithm, key = children(PRIVATE)
    noted = tagged(0x30, version, algorithm, key, tagged(0xA0, NULL))
    assert join_private(noted, "sha256") == join_private(PRIVATE, "sha256")


def test_a_bare_key_gets_its_plain_wrapping():
    bare = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    assert spki_of_rsa(bare) == PUBLIC


@pytest.mark.parametrize("rest", [(), (NULL,)])
def test_the_parameters_of_a_hash_are_nothing_or_null(rest):
    mask = tagged(0x30, MGF1, hashed("sha256", *rest))
    parameters = tagged(0x30, tagged(0xA0, hashed("sha256", *rest)), tagged(0xA1, mask), tagged(0xA2, number(32)))
    assert split_public(public(parameters)) == (PUBLIC, "sha256")


@pytest.mark.parametrize(("name", "size"), SIZES.items())
def test_a_salt_is_as_long_as_its_hash_at_most_and_of_twenty_bytes_where_none_is_said(name, size):
    for salt in (None, 0, 1, 20, size):
        assert split_public(public(bound(name, salt=salt))) == (PUBLIC, name)
    for salt in (size + 1, 256, 2**31):
        with pytest.raises(Malformed, match=OTHER):
            split_public(public(bound(name, salt=salt)))


@pytest.mark.parametrize(
    "parameters",
    [
        tagged(0x30, tagged(0xA2, number(32))),
        bound("sha1"),
        bound(None, mask=tagged(0x30, MGF1, hashed("sha256", NULL))),
        bound("sha256", mask=b""),
        bound("sha256", mask=tagged(0x30, MGF1)),
        bound("sha256", mask=tagged(0x30, MGF1, hashed("sha384", NULL))),
        bound("sha256", mask=tagged(0x30, MGF1, hashed("sha1", NULL))),
        bound("sha256", mask=tagged(0x30, PSS, hashed("sha256", NULL))),
        bound("sha256", mask=tagged(0x30, MGF1, hashed("sha256", NULL), NULL)),
        bound("sha256", mask=tagged(0x30, MGF1, hashed("sha256", tagged(0x30, NULL)))),
        bound("sha256", more=(tagged(0xA3, number(1)),)),
        bound("sha256", more=(tagged(0xA4, number(1)),)),
        tagged(0x30, tagged(0xA0, hashed("sha256", NULL, NULL)), *children(bound())[1:]),
        tagged(0x30, tagged(0xA0, hashed("sha256", tagged(0x04))), *children(bound())[1:]),
    ],
    ids=lambda parameters: parameters.hex()[:60],
)
def test_a_key_for_another_hash_mask_or_form_is_refused_and_what_is_used_is_said(parameters):
    for read in (lambda: split_public(public(parameters)), lambda: hash_of_private(private(parameters))):
        with pytest.raises(Malformed, match=OTHER) as caught:
            read()
        assert caught.value.hint == "use SHA-256, SHA-384 or SHA-512, MGF1 of the same, and a salt no longer than the hash"


def test_a_key_has_one_set_of_parameters_at_most_and_this_kind_where_its_kind_stands():
    for parameters in ((bound(), NULL), (bound(), bound())):
        with pytest.raises(Malformed, match="^a key of an unsupported kind$"):
            split_public(public(*parameters))
    with pytest.raises(Malformed, match="^a key of an unsupported kind$"):
        split_public(public(PSS, oid=PLAIN))
    with pytest.raises(Malformed, match="^a key of an unsupported kind$"):
        hash_of_private(private(PSS, oid=PLAIN))
    with pytest.raises(Malformed, match="^a value without the parts it should have$"):
        split_public(public(NULL))


@pytest.mark.parametrize("parts", [1, 2])
def test_a_private_key_has_three_parts(parts):
    short = tagged(0x30, *children(private())[:parts]) if parts > 1 else tagged(0x30, tagged(0x30, PSS))
    with pytest.raises(Malformed, match="^not a private key in PKCS#8$"):
        hash_of_private(short)


def test_a_key_for_pss_is_in_der_alone():
    with pytest.raises(Malformed, match="^public key is followed by 1 other bytes$"):
        split_public(public() + b"\0")
    with pytest.raises(Malformed, match="^private key is followed by 1 other bytes$"):
        hash_of_private(private() + b"\0")


def test_the_kind_of_a_key_stands_at_its_beginning_and_not_in_its_numbers():
    assert split_public(b"\0" * 32 + PSS) is None
    assert hash_of_private(b"\0" * 48 + PSS) is None
