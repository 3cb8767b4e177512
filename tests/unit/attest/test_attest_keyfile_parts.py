"""Files with keys, part by part: what each is called, what is found in it, and each limit at its bound."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from test_attest_keyfile import EC, ED, FORMS, OTHER, PRIVATE, RSA, b64u, certificate, jwk, pem, public_pem, spki, ssh

from pratique.attest.der import children
from pratique.attest.keyfile import (
    MAX_BLOCKS,
    MAX_FILE_SIZE,
    KeyFile,
    PrivateBlock,
    PrivateKeyGiven,
    PublicKeyGiven,
    not_a_key,
    parse_public_key,
    read_key,
)
from pratique.errors import LimitExceeded, Malformed

DER = read_key(certificate(EC)).certificates[0]


# --- what is found


@pytest.mark.parametrize(
    ("data", "label"),
    [
        (PRIVATE["PKCS#8 in DER"], "DER"),
        (PRIVATE["PKCS#8 in DER, encrypted"], "DER"),
        (PRIVATE["SEC 1 in DER"], "DER"),
        (PRIVATE["PKCS#1 in DER"], "DER"),
        (PRIVATE["JWK"], "JWK"),
    ],
)
def test_a_private_key_without_a_frame_is_found_whole_and_alone(data, label):
    assert read_key(data) == KeyFile(privates=(PrivateBlock(label=label, data=data),))


def test_a_private_key_in_pem_is_found_with_plain_line_ends_and_nothing_around_it():
    plain = PRIVATE["PKCS#8"]
    odd = b"Bag Attributes\r\n" + plain.replace(b"\n", b"  \r\n") + b"behind\n"
    assert read_key(odd) == KeyFile(privates=(PrivateBlock(label="PRIVATE KEY", data=plain),))


def test_a_public_key_and_a_certificate_without_a_frame_are_told_apart():
    assert read_key(spki(EC)) == KeyFile(publics=(spki(EC),))
    assert read_key(DER) == KeyFile(certificates=(DER,))
    assert read_key(base64.encodebytes(spki(EC))) == KeyFile(publics=(spki(EC),))
    assert read_key(base64.encodebytes(DER)) == KeyFile(certificates=(DER,))
    assert read_key(RSA.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)) == KeyFile(publics=(spki(RSA),))


@pytest.mark.parametrize("label", ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"])
def test_a_certificate_has_three_names(label):
    assert read_key(pem(label, DER)) == KeyFile(certificates=(DER,))


def test_parameters_of_a_curve_are_passed_over_and_other_blocks_are_named():
    assert read_key(pem("EC PARAMETERS", b"x")) == KeyFile()
    assert read_key(pem("DH PARAMETERS", b"x")).other == "a PEM file with a dh parameters"
    assert read_key(pem("PKCS7", b"x")).other == "certificates in PKCS#7"


@pytest.mark.parametrize(
    "data", [b"\x30\x03\x02\x01\x05", b"\x30\x00", b"\x30", base64.b64encode(bytes(40)), b"\x30\x06\x02\x01\x05\x02\x01\x05\x00"]
)
def test_what_only_begins_as_a_key_is_nothing(data):
    assert read_key(data) == KeyFile()


def test_a_text_that_begins_with_a_nought_is_a_text():
    assert read_key(b"0 is its number\n" + ssh(EC)) == KeyFile(publics=(spki(EC),))
    assert read_key(b"0\n") == KeyFile()


def test_a_key_in_der_is_one_whichever_bytes_its_numbers_have():
    plain = spki(ED)[:12]
    for number in range(32, 127):
        der = plain + bytes([number]) * 32
        assert der.isascii() and read_key(der) == KeyFile(publics=(der,))


@pytest.mark.parametrize("inside", ["020100", "0201000500", "0500", "04020000", "02010030020500", "300205000500"])
def test_values_in_der_that_are_no_key_are_nothing(inside):
    data = bytes.fromhex(inside)
    assert read_key(b"\x30" + bytes([len(data)]) + data) == KeyFile()


def test_a_block_that_is_not_base64_says_of_which_kind_it_is():
    with pytest.raises(Malformed, match="the public key is not base64"):
        read_key(b"-----BEGIN PUBLIC KEY-----\nA\n-----END PUBLIC KEY-----\n")
    with pytest.raises(Malformed, match="the certificate is not base64"):
        read_key(b"-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n")
    with pytest.raises(Malformed, match="the key is not base64"):
        read_key(b"A" * 41)


def test_a_block_has_one_spelling_in_base64():
    good = public_pem(EC)
    body = good.split(b"-----")[2].strip()
    assert read_key(good) == KeyFile(publics=(spki(EC),))
    for odd in (body + b"=", body + b"AAA=", body[:-1] + b"!" + body[-1:], body + b"\xe9"):
        with pytest.raises(Malformed, match="^the public key is not .*base64") as caught:
            read_key(good.replace(body, odd))
        assert caught.value.hint == "copy the file again: a part of it is missing or changed"
    with pytest.raises(Malformed, match="^the public key is not canonical base64"):
        read_key(b"-----BEGIN PUBLIC KEY-----\nAB==\n-----END PUBLIC KEY-----\n")


def test_text_in_utf_16_is_read_in_either_order_of_its_bytes_and_half_a_character_is_no_key():
    for mark, name in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        text = mark + public_pem(EC).decode().encode(name)
        assert read_key(text) == KeyFile(publics=(spki(EC),))
        with pytest.raises(Malformed, match="^not a key"):
            read_key(text[:-1])


# --- SSH


def test_of_several_lines_of_ssh_each_is_a_key_and_those_behind_a_hash_are_none():
    data = b"# " + ssh(OTHER) + b"  # " + ssh(OTHER) + ssh(EC) + b"\n" + ssh(ED)
    assert read_key(data) == KeyFile(publics=(spki(EC), spki(ED)))


def test_lines_of_ssh_are_looked_for_in_a_thousand_lines():
    assert read_key(b"\n" * 999 + ssh(EC)) == KeyFile(publics=(spki(EC),))
    assert read_key(b"\n" * 1000 + ssh(EC)) == KeyFile()


def test_an_ssh_key_that_says_two_things_about_its_kind_is_refused():
    for first in (b"ssh-rsa", b"ssh-ed25519x"):
        with pytest.raises(Malformed, match="says two things about its kind"):
            read_key(first + b" " + ssh(ED).split()[1])
    assert read_key(b"ssh-ed25519 " + ssh(ED).split()[1]) == KeyFile(publics=(spki(ED),))


def rfc4716(*lines):
    return b"\n".join([b"---- BEGIN SSH2 PUBLIC KEY ----", *lines, b"---- END SSH2 PUBLIC KEY ----", b""])


def test_headers_of_rfc_4716_are_passed_over_with_the_lines_that_they_go_on_in():
    body = ssh(ED).split()[1]
    for headers in ((), (b"Comment: x",), (b"Comment: a\\", b"b\\", b"c", b"Subject: y"), (b"Comment: a\\  ", b"b")):
        assert read_key(rfc4716(*headers, body[:30], body[30:])) == KeyFile(publics=(spki(ED),))
    with pytest.raises(Malformed):
        read_key(rfc4716(b"Comment: a\\", body))
    with pytest.raises(Malformed, match="the ssh key is not base64"):
        read_key(rfc4716(b"A"))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (b"sk-ssh-ed25519@openssh.com", "of a security key"),
        (b"ssh-ed25519-cert-v01@openssh.com", "an SSH certificate"),
        (b"ssh-unknown", "an SSH key of type ssh-unknown that cannot be read"),
        (b"ssh-\x07", "says two things about its kind"),
    ],
)
def test_an_ssh_key_that_cannot_be_used_is_told_by_its_kind(name, reason):
    blob = base64.b64encode(len(name).to_bytes(4, "big") + name + bytes(40))
    with pytest.raises(Malformed, match=reason):
        read_key(rfc4716(blob))


# --- JSON Web Keys


def test_of_a_set_of_json_web_keys_a_private_one_stands_alone():
    private = {**jwk(EC), "d": b64u(5, 32)}
    alone = json.dumps({"keys": [private]}).encode()
    assert read_key(alone) == KeyFile(privates=(PrivateBlock(label="JWK", data=alone),))
    both = read_key(json.dumps({"keys": [jwk(ED), private]}).encode())
    assert both.other == "a set of 2 JSON Web Keys" and not both.privates and not both.publics
    assert read_key(b" \n" + json.dumps({"keys": [jwk(ED), jwk(EC)]}).encode()) == KeyFile(publics=(spki(ED), spki(EC)))
    assert read_key(b'{"keyid": "x"}').other == "JSON that is no JSON Web Key"


# --- which one is meant


def test_the_same_key_twice_is_one_and_a_certificate_beside_it_is_its_own():
    assert parse_public_key(public_pem(EC) + public_pem(EC)).spki == spki(EC)
    chain = certificate(OTHER, "root", ca=True) + certificate(EC, ca=False)
    assert parse_public_key(public_pem(EC) + chain).spki == spki(EC)
    with pytest.raises(Malformed, match="a public key beside the certificate of another key"):
        parse_public_key(public_pem(ED) + chain)


@pytest.mark.parametrize(
    ("data", "leaves"),
    [
        (certificate(EC, ca=False) + certificate(OTHER), 2),
        (certificate(EC, ca=True) + certificate(OTHER, ca=True) + certificate(ED, ca=True), 0),
    ],
)
def test_certificates_of_which_several_or_none_could_be_the_signer_s_are_counted(data, leaves):
    with pytest.raises(Malformed, match=f"certificates, of which {leaves} could be the signer's"):
        parse_public_key(data)


def test_two_certificates_of_one_key_mean_that_key():
    assert parse_public_key(certificate(EC, ca=False) + certificate(EC) + certificate(OTHER, ca=True)).spki == spki(EC)


def test_a_certificate_whose_extensions_cannot_be_read_is_one_error():
    der = read_key(certificate(EC, ca=False)).certificates[0]
    at = der.index(bytes.fromhex("0603551d13"))  # basic constraints
    changed = bytearray(der)
    changed[der.index(b"\x04", at) + 2] = 0x31  # a set where the extension's sequence belongs
    with pytest.raises(Malformed, match="a certificate whose extensions cannot be read"):
        parse_public_key(pem("CERTIFICATE", bytes(changed)) + certificate(OTHER, ca=True))


# --- what to do instead


@pytest.mark.parametrize(
    ("form", "advice"),
    [
        ("OpenSSH", "ssh-keygen -y -f FILE"),
        ("cosign", "use the cosign.pub beside it"),
        ("cosign, older", "use the cosign.pub beside it"),
        ("JWK", "leave out its private members"),
        ("PKCS#8", "openssl pkey -in FILE -pubout"),
        ("PKCS#8 in DER", "openssl pkey -in FILE -inform DER -pubout"),
        ("SEC 1", "openssl pkey -in FILE -pubout"),
    ],
)
def test_whoever_gives_a_private_key_is_told_how_to_have_its_public_half(form, advice):
    with pytest.raises(PrivateKeyGiven) as caught:
        parse_public_key(PRIVATE[form])
    assert advice in caught.value.hint


@pytest.mark.parametrize(
    ("found", "kind", "said"),
    [
        (KeyFile(publics=(b"x",)), PublicKeyGiven, "this is a public key where a private key belongs"),
        (KeyFile(certificates=(b"x",)), PublicKeyGiven, "this is a certificate where a private key belongs"),
        (KeyFile(publics=(b"x",), other="y"), PublicKeyGiven, "this is a public key where"),
        (KeyFile(other="a thing", advice="do"), Malformed, "a thing, not a private key that can be used here"),
        (KeyFile(), Malformed, "not a private key"),
    ],
)
def test_a_file_without_a_private_key_is_called_by_what_is_in_it(found, kind, said):
    error = not_a_key(found, "private")
    assert type(error) is kind and error.message.startswith(said)


@pytest.mark.parametrize("before", [b"", b"\n", b"# a comment\n"])
def test_what_other_programs_write_is_known_by_the_beginning_of_a_line(before):
    assert read_key(before + b"AGE-SECRET-KEY-1QQQ\n").other.startswith("a key of age")
    assert read_key(b"not AGE-SECRET-KEY-1QQQ\n") == KeyFile()


def test_a_log_s_key_is_named_where_it_stands_alone():
    assert read_key(b" log.example+0a1b2c3d+AQIDBAUGBwgJ \n").other == "the key of a log in the form of notes"
    assert read_key(b"log.example+0a1b2c3d+AQIDBAUGBwgJ\nmore\n") == KeyFile()


# --- limits


def test_a_file_is_as_large_as_the_limit_says_and_no_larger():
    assert parse_public_key(public_pem(EC).ljust(MAX_FILE_SIZE)).spki == spki(EC)
    with pytest.raises(LimitExceeded, match=f"larger than {MAX_FILE_SIZE} bytes"):
        parse_public_key(public_pem(EC).ljust(MAX_FILE_SIZE + 1))


def test_a_file_has_as_many_blocks_as_the_limit_says_and_no_more():
    assert parse_public_key(public_pem(EC) * MAX_BLOCKS).spki == spki(EC)
    with pytest.raises(LimitExceeded, match=f"{MAX_BLOCKS + 1} PEM blocks"):
        parse_public_key(public_pem(EC) * (MAX_BLOCKS + 1))


def test_every_form_of_a_public_key_is_no_private_one():
    private = EC.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for make in FORMS.values():
        found = read_key(make(EC))
        assert not found.privates and (found.publics or found.certificates)
    assert read_key(private).privates


def value(tag, *parts):
    """One value of DER, of less than 64 KiB."""
    inside = b"".join(parts)
    size = len(inside)
    length = bytes([size]) if size < 128 else b"\x81" + bytes([size]) if size < 256 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + inside


def test_a_certificate_of_the_first_version_has_its_key_one_place_earlier():
    tbs, *rest = children(DER)
    version, *members = children(tbs)
    assert version[0] == 0xA0 and members[5] == spki(EC)
    oldest = value(0x30, value(0x30, *members), *rest)
    assert parse_public_key(oldest).spki == parse_public_key(pem("CERTIFICATE", oldest)).spki == spki(EC)


def test_base64_of_something_else_than_a_sequence_is_nothing():
    assert read_key(base64.encodebytes(b"\x31" + spki(EC)[1:])) == KeyFile()
