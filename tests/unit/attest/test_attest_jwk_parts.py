"""JSON Web Keys part by part: kinds and curves, lengths of coordinates, what a key is for, and halves that belong together."""

import base64
import contextlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from pratique.attest.jwk import (
    MAX_KEYS,
    MAX_NUMBER,
    MAX_OPERATIONS,
    MAX_SIZE,
    is_private_jwk,
    parse_jwk_set,
    private_of,
    pss_hash_of,
    public_of,
)
from pratique.attest.keyfile import parse_public_key
from pratique.errors import LimitExceeded, Malformed

CURVES = {"P-256": (ec.SECP256R1(), 32), "P-384": (ec.SECP384R1(), 48), "P-521": (ec.SECP521R1(), 66)}
RSA = rsa.generate_private_key(65537, 2048)
ED = ed25519.Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)


def url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value):
    return url(value.to_bytes((value.bit_length() + 7) // 8))


def ec_key(crv, scalar=7):
    curve, size = CURVES[crv]
    key = ec.derive_private_key(scalar, curve)
    point = key.public_key().public_numbers()
    coordinates = {"x": url(point.x.to_bytes(size)), "y": url(point.y.to_bytes(size))}
    return key, {"kty": "EC", "crv": crv, "d": url(scalar.to_bytes(size)), **coordinates}


def rsa_key():
    numbers = RSA.private_numbers()
    halves = {"p": numbers.p, "q": numbers.q, "d": numbers.d, "dp": numbers.dmp1, "dq": numbers.dmq1, "qi": numbers.iqmp}
    public = {"e": numbers.public_numbers.e, "n": numbers.public_numbers.n}
    return RSA, {"kty": "RSA", **{name: number(value) for name, value in (public | halves).items()}}


def ed_key():
    return ED, {"kty": "OKP", "crv": "Ed25519", "d": url(b"\x07" * 32), "x": url(ED.public_key().public_bytes_raw())}


KEYS = {**{crv: ec_key(crv) for crv in CURVES}, "RSA": rsa_key(), "Ed25519": ed_key()}
P256 = KEYS["P-256"][1]


def spki(key):
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def both(jwk):
    """What reads this key: as a public one and as a private one."""
    return (lambda: public_of(jwk)), (lambda: private_of(json.dumps(jwk).encode()))


@pytest.mark.parametrize("kind", KEYS)
def test_each_kind_of_key_is_read_in_both_its_halves(kind):
    key, jwk = KEYS[kind]
    public, private = both(jwk)
    assert public() == spki(key)
    options = (Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    assert private().private_bytes(*options) == key.private_bytes(*options)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"kty": "oct"}, "oct P-256"),
        ({"kty": "EC", "crv": "secp256k1"}, "EC secp256k1"),
        ({"kty": "EC", "crv": "Ed25519"}, "EC Ed25519"),
        ({"kty": "OKP"}, "OKP P-256"),
        ({"kty": "OKP", "crv": "X25519"}, "OKP X25519"),
        ({"kty": "ec"}, "ec P-256"),
        ({"kty": None}, "None P-256"),
    ],
)
def test_a_key_of_another_kind_is_named_and_refused(change, kind):
    for read in both({**P256, **change}):
        with pytest.raises(Malformed, match=f"^a JSON Web Key of kind '{kind}', which is not supported") as caught:
            read()
        assert caught.value.hint == "use an EC key on P-256, P-384 or P-521, an RSA key, or OKP Ed25519"


def test_a_kind_is_named_without_its_curve_where_it_has_none():
    with pytest.raises(Malformed, match="of kind 'oct', which"):
        public_of({"kty": "oct", "k": "AA"})


@pytest.mark.parametrize("crv", CURVES)
@pytest.mark.parametrize("name", ["x", "y"])
def test_a_coordinate_is_as_long_as_its_curve_s_field(crv, name):
    jwk = KEYS[crv][1]
    data = base64.urlsafe_b64decode(jwk[name] + "==")
    for odd in (b"\0" + data, data[1:], data + b"\0", b""):
        for read in both({**jwk, name: url(odd)}):
            with pytest.raises(Malformed, match="whose coordinates have another length than its curve's"):
                read()


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("P-256", {"x": ec_key("P-256", 9)[1]["x"]}),
        ("RSA", {"n": number(15)}),
        ("Ed25519", {"x": url(b"\x01" * 31)}),
    ],
)
def test_numbers_that_are_no_key_are_refused(kind, change):
    jwk = {**KEYS[kind][1], **change}
    with pytest.raises(Malformed, match="a JSON Web Key whose numbers are no key"):
        public_of(jwk)
    with pytest.raises(Malformed, match="a JSON Web Key whose"):
        private_of(json.dumps(jwk).encode())


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("P-256", {name: ec_key("P-256", 9)[1][name] for name in ("x", "y")}),
        ("P-256", {"d": url(bytes(32))}),
        ("RSA", {"d": number(3)}),
        ("RSA", {"p": number(7)}),
        ("Ed25519", {"d": url(b"\x07" * 31)}),
    ],
)
def test_a_private_half_of_another_key_is_no_key(kind, change):
    jwk = {**KEYS[kind][1], **change}
    assert public_of(jwk)
    with pytest.raises(Malformed, match="a JSON Web Key whose numbers are no key"):
        private_of(json.dumps(jwk).encode())


def test_halves_of_two_keys_on_the_edwards_curve_are_told_apart():
    jwk = {**KEYS["Ed25519"][1], "d": url(b"\x08" * 32)}
    with pytest.raises(Malformed, match="^a JSON Web Key whose halves are of two keys"):
        private_of(json.dumps(jwk).encode())


@pytest.mark.parametrize(
    "change",
    [
        {"use": "sig"},
        {"key_ops": ["sign"]},
        {"key_ops": ["deriveKey", "sign"]},
        {"use": "sig", "key_ops": ["sign", "verify"]},
        {"use": "sig", "alg": "ES256", "kid": "x"},
    ],
)
def test_a_key_that_may_be_for_signatures_is_read(change):
    for read in both({**P256, **change}):
        assert read()


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"},
        {"use": None},
        {"use": "enc", "key_ops": ["sign", "verify"]},
        {"use": "sig", "key_ops": ["deriveKey"]},
        {"key_ops": []},
        {"key_ops": ["encrypt", "decrypt"]},
        {"key_ops": ["Sign"]},
    ],
)
def test_a_key_that_is_for_something_else_is_refused(change):
    for read in both({**P256, **change}):
        with pytest.raises(Malformed, match="a JSON Web Key that is not for signatures"):
            read()


def test_a_key_to_verify_with_signs_nothing():
    public, private = both({**P256, "key_ops": ["verify"]})
    assert public()
    with pytest.raises(Malformed, match="a JSON Web Key that is not for signatures"):
        private()


@pytest.mark.parametrize(
    ("operations", "reason"),
    [
        ("sign", "key_ops is not a list"),
        (None, "key_ops is not a list"),
        ({"sign": "sign"}, "key_ops is not a list"),
        (["sign", 7], r"key_ops\[1\] is not a string"),
        ([["sign"]], r"key_ops\[0\] is not a string"),
        (["sign", "verify", "sign"], "key_ops of a JSON Web Key names an operation twice"),
        (["sign"] * (MAX_OPERATIONS + 1), f"key_ops has {MAX_OPERATIONS + 1} items"),
    ],
)
def test_operations_that_are_no_list_of_different_words_are_not_passed_over(operations, reason):
    for read in both({**P256, "key_ops": operations}):
        with pytest.raises(Malformed, match=reason):
            read()
    for read in both({**P256, "key_ops": ["sign", *map(str, range(MAX_OPERATIONS - 1))]}):
        assert read()


FITTING = {
    "P-256": ["ES256"],
    "P-384": ["ES384"],
    "P-521": ["ES512"],
    "Ed25519": ["EdDSA", "Ed25519"],
    "RSA": ["RS256", "PS256", "PS384", "PS512"],
}
NEVER = ["RSA-OAEP", "ECDH-ES", "HS256", "none", "RS384", "ES256K", "", None, [], ["ES256"], {}]


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_is_for_the_algorithm_that_it_names_and_for_one_of_its_kind(kind):
    jwk = KEYS[kind][1]
    for algorithm in FITTING[kind]:
        for read in both({**jwk, "alg": algorithm}):
            assert read()
    others = [one for other, names in FITTING.items() if other != kind for one in names]
    for algorithm in (*others, *NEVER):
        for read in both({**jwk, "alg": algorithm}):
            with pytest.raises(Malformed, match="which such a key does not sign with here") as caught:
                read()
            assert caught.value.hint == f"the alg of such a key is one of {', '.join(FITTING[kind])}"


@pytest.mark.parametrize(
    ("alg", "algorithm", "hash_name"),
    [
        (None, "rsa-2048", None),
        ("RS256", "rsa-2048", None),
        ("PS256", "rsa-pss-2048", "sha256"),
        ("PS384", "rsa-pss-2048-sha384", "sha384"),
        ("PS512", "rsa-pss-2048-sha512", "sha512"),
    ],
)
def test_an_rsa_key_for_pss_is_for_nothing_else(alg, algorithm, hash_name):
    jwk = {**KEYS["RSA"][1], **({"alg": alg} if alg else {})}
    public = {name: value for name, value in jwk.items() if name in ("kty", "e", "n", "alg")}
    key = parse_public_key(json.dumps(public).encode())
    assert (key.algorithm, key.spki) == (algorithm, spki(RSA))
    assert pss_hash_of(json.dumps(jwk).encode()) == hash_name
    if hash_name:
        with pytest.raises(Malformed, match=f"this is a key for {algorithm}, not for .rsa-2048."):
            parse_public_key(json.dumps(public).encode(), "rsa-2048")


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521"])
def test_a_private_number_is_as_long_as_its_curve_s_field(kind):
    jwk = KEYS[kind][1]
    data = base64.urlsafe_b64decode(jwk["d"] + "==")
    for odd in (b"\0" + data, data[1:], b""):
        with pytest.raises(Malformed, match="whose private number has another length than its curve's"):
            private_of(json.dumps({**jwk, "d": url(odd)}).encode())


@pytest.mark.parametrize("name", ["n", "e", "p", "q", "d", "dp", "dq", "qi"])
def test_an_rsa_number_is_as_large_as_the_limit_says_and_no_larger(name):
    jwk = KEYS["RSA"][1]
    with pytest.raises(LimitExceeded, match=f"{name} of a JSON Web Key has more than {8 * MAX_NUMBER} bits"):
        private_of(json.dumps({**jwk, name: url(b"\1" * (MAX_NUMBER + 1))}).encode())
    with pytest.raises(Malformed, match="whose numbers are no key"):
        private_of(json.dumps({**jwk, name: url(b"\1" * MAX_NUMBER)}).encode())


ODD = [None, True, 5, 1.5, "", "é", "x", [], ["x"], {}, {"x": []}, 10**30]


@pytest.mark.parametrize("kind", KEYS)
def test_whatever_a_member_is_a_key_is_read_or_is_one_error(kind):
    jwk = {"alg": FITTING[kind][0], "crv": "x", "use": "sig", "key_ops": ["sign"], **KEYS[kind][1]}
    for name in jwk:
        for value in ODD:
            for read in both({**jwk, name: value}):
                with contextlib.suppress(Malformed):
                    assert read()


def test_of_a_set_one_key_signs_and_of_several_none():
    assert private_of(json.dumps({"keys": [P256]}).encode())
    for read in (private_of, pss_hash_of):
        with pytest.raises(Malformed, match=r"^a set of 2 JSON Web Keys \(put the one that is meant into a file of its own\)$"):
            read(json.dumps({"keys": [P256, KEYS["Ed25519"][1]]}).encode())


@pytest.mark.parametrize("text", ["a", "AAAAA", "é", "A\n", "AA AA", "AA==", "AB", "A+", "A/", "_-8="])
def test_a_member_is_in_base64url_without_padding(text):
    for read in both({**P256, "x": text}):
        with pytest.raises(Malformed, match="x of a JSON Web Key is not base64url"):
            read()
    for missing in (None, 5):
        with pytest.raises(Malformed, match="x of a JSON Web Key is not a string of base64url"):
            public_of({**P256, "x": missing})


def test_a_file_holds_one_key_or_a_set_or_other_json():
    assert parse_jwk_set(json.dumps(P256).encode()) == (P256,)
    assert parse_jwk_set(json.dumps({"keys": [P256, {"kty": "x"}]}).encode()) == (P256, {"kty": "x"})
    assert parse_jwk_set(b'{"keys": []}') == ()
    assert parse_jwk_set(json.dumps({**P256, "keys": []}).encode()) == ({**P256, "keys": []},)
    for other in (b"{}", b'{"keys": {}}', b'{"keys": "kty"}', b'{"key": []}'):
        assert parse_jwk_set(other) is None
    with pytest.raises(Malformed, match=r"keys\[1\] is not an object"):
        parse_jwk_set(json.dumps({"keys": [P256, 1]}).encode())
    with pytest.raises(Malformed, match="JSON Web Key is not an object"):
        parse_jwk_set(b"[]")


def test_a_set_is_as_large_as_the_limits_say_and_no_larger():
    assert len(parse_jwk_set(json.dumps({"keys": [{}] * MAX_KEYS}).encode())) == MAX_KEYS
    with pytest.raises(LimitExceeded):
        parse_jwk_set(json.dumps({"keys": [{}] * (MAX_KEYS + 1)}).encode())
    data = json.dumps(P256).encode()
    assert parse_jwk_set(data + b" " * (MAX_SIZE - len(data))) == (P256,)
    with pytest.raises(LimitExceeded):
        parse_jwk_set(data + b" " * (MAX_SIZE + 1 - len(data)))


@pytest.mark.parametrize(
    ("jwk", "private"),
    [
        ({}, False),
        ({"x": "AA", "y": "AA"}, False),
        ({"d": "AA"}, True),
        ({"k": "AA"}, True),
        ({"d": "AA", "k": "AA"}, True),
    ],
)
def test_a_key_is_private_that_has_a_private_half_or_is_a_secret(jwk, private):
    assert is_private_jwk(jwk) is private


def test_what_is_no_key_signs_nothing():
    with pytest.raises(Malformed, match="of kind 'None', which is not supported"):
        private_of(b'{"keys": 1}')
