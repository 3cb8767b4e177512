"""Clear-signed text, part by part: the frame, the armor, the packet's two kinds of header, and each limit at its bound.

The frames here are made by hand: they are read, and nothing in them is verified. Real ones are with Helm's provenance files.
"""

import base64
import sys

import pysequoia
import pytest

from pratique.attest import openpgp
from pratique.attest.openpgp import MAX_KEYRING_SIZE, MAX_SIGNATURE_SIZE, MAX_TEXT_SIZE, ClearSigned, parse_clear_signed
from pratique.errors import InputError, LimitExceeded, Malformed, SignatureInvalid

BEGIN, MIDDLE, END = (
    b"-----BEGIN PGP SIGNED MESSAGE-----",
    b"-----BEGIN PGP SIGNATURE-----",
    b"-----END PGP SIGNATURE-----",
)


def body(version=4, sort=1, algorithm=1, hash_=8, rest=bytes(8)):
    return bytes([version, sort, algorithm, hash_]) + rest


def packet(made=None, tag=2):
    """With a header of the present form, as short as it can be."""
    made = body() if made is None else made
    return bytes([0xC0 | tag, len(made)]) + made


def frame(*, data=None, headers=(b"Hash: SHA256",), text=(b"text",), armor=(b"",), checksum=(), after=(b"",)):
    lines = base64.encodebytes(packet() if data is None else data).splitlines()
    return b"\n".join([BEGIN, *headers, b"", *text, MIDDLE, *armor, *lines, *checksum, END, *after])


def refused(match, kind=Malformed, **parts):
    with pytest.raises(kind, match=match):
        parse_clear_signed(frame(**parts))


# --- the frame


def test_a_frame_is_read_into_its_text_and_its_packet():
    assert parse_clear_signed(frame()) == ClearSigned(text=b"text", packet=packet(), hash_name="SHA256")
    assert parse_clear_signed(frame(after=())) == parse_clear_signed(frame(after=(b"", b" \t", b"")))
    assert parse_clear_signed(frame().replace(b"\n", b"\r\n")).text == b"text"
    assert parse_clear_signed(frame(text=())).text == b""


def test_a_text_s_lines_are_as_they_were_signed():
    text = (b"- -dash", b"- From", b"- ", b"white \t", b"", b"last\r")
    assert parse_clear_signed(frame(text=text)).text == b"-dash\nFrom\n\nwhite\n\nlast"


@pytest.mark.parametrize(("text", "number"), [((b"-dash",), 4), ((b"a", b"b", b"-"), 6)])
def test_a_dash_that_is_not_escaped_is_told_with_its_line(text, number):
    refused(f"line {number}: begins with a dash that is not escaped", text=text)


@pytest.mark.parametrize(
    "headers", [(), (b"Hash: SHA512",), (b"Hash:SHA512",), (b"Hash: SHA256, SHA512",), (b"Hash: SHA256,SHA512", b"Hash: MD5")]
)
def test_headers_say_hashes_and_prove_nothing(headers):
    assert parse_clear_signed(frame(headers=headers)).hash_name == "SHA256"


@pytest.mark.parametrize("header", [b"Comment: x", b"hash: SHA256", b"Hash: ", b"Hash: SHA256;", b"evil", b" "])
def test_a_frame_with_another_header_is_refused(header):
    refused("clear-signed text with the header", headers=(b"Hash: SHA256", header))


def test_something_before_the_frame_or_no_frame_at_all_is_refused():
    for data in (b"\n" + frame(), b"", b"x\n" + frame(), BEGIN + b"x\n"):
        with pytest.raises(Malformed, match="something else stands before it, or nothing"):
            parse_clear_signed(data)


@pytest.mark.parametrize("data", [BEGIN, BEGIN + b"\n", BEGIN + b"\nHash: SHA256", BEGIN + b"\n\ntext", BEGIN + b"\n\n" + END])
def test_a_frame_without_a_signature_says_so(data):
    with pytest.raises(Malformed, match="clear-signed text without a signature"):
        parse_clear_signed(data)


def test_a_text_is_as_large_as_the_limit_says_and_no_larger():
    size = len(frame(text=(b"",)))
    largest = frame(text=(b"x" * (MAX_TEXT_SIZE - size),))
    assert len(parse_clear_signed(largest).text) == MAX_TEXT_SIZE - size
    with pytest.raises(LimitExceeded, match="signed text of"):
        parse_clear_signed(largest + b"\n")


# --- the armor


@pytest.mark.parametrize(
    "armor", [(b"Version: GnuPG v2", b""), (b"Comment: \xc3\xbc", b"Charset:UTF-8", b""), (b"Comment:", b"")]
)
def test_an_armor_may_have_headers_of_its_own(armor):
    assert parse_clear_signed(frame(armor=armor)).packet == packet()


@pytest.mark.parametrize("armor", [(b"Evil: x", b""), (b"Version: \x07", b""), ()])
def test_an_armor_with_another_header_or_without_its_empty_line_is_refused(armor):
    refused("unknown header, or no empty line", armor=armor)


@pytest.mark.parametrize("cut", [b"", b"\n", b"\n\n", b"\nVersion: x", b"\n\nAAAA\n"])
def test_an_armor_without_its_end_is_refused(cut):
    data = frame()
    with pytest.raises(Malformed, match="the signature's armor has no end"):
        parse_clear_signed(data[: data.index(MIDDLE) + len(MIDDLE)] + cut)


def test_something_behind_the_end_is_refused():
    refused("something stands behind the signature", after=(b"", b"x"))
    refused("something stands behind the signature", after=(b"x",))


def test_a_checksum_is_passed_over_wherever_one_may_stand():
    assert parse_clear_signed(frame(checksum=(b"=AAAA",))).packet == packet()
    refused("not base64", checksum=(b"=AAA",))
    refused("not base64", checksum=(b"=AAAA", b"=AAAA"))
    with pytest.raises(Malformed, match="not an OpenPGP packet"):
        parse_clear_signed(b"\n".join([BEGIN, b"", MIDDLE, b"", END]))
    with pytest.raises(Malformed, match="not an OpenPGP packet"):
        parse_clear_signed(b"\n".join([BEGIN, b"", MIDDLE, b"", b"=AAAA", END]))


def long_packet(size):
    """Of so many bytes, header and all."""
    return b"\xc2\xff" + (size - 6).to_bytes(4, "big") + body(rest=bytes(size - 10))


def test_a_signature_is_as_large_as_the_limit_says_and_no_larger():
    assert len(parse_clear_signed(frame(data=long_packet(MAX_SIGNATURE_SIZE))).packet) == MAX_SIGNATURE_SIZE
    refused("an OpenPGP signature of", LimitExceeded, data=long_packet(MAX_SIGNATURE_SIZE + 1))


# --- the packet


def new(length):
    """A packet with a header of the present form (RFC 9580 §4.2.1)."""
    if length < 192:
        return bytes([0xC2, length])
    if length < 8384:
        return bytes([0xC2, ((length - 192) >> 8) + 192, (length - 192) & 0xFF])
    return b"\xc2\xff" + length.to_bytes(4, "big")


def old(length, octets):
    """A packet with a header of the form before (RFC 9580 §4.2.2): 1, 2 or 4 octets of length."""
    return bytes([0x80 | 2 << 2 | {1: 0, 2: 1, 4: 2}[octets]]) + length.to_bytes(octets, "big")


@pytest.mark.parametrize(
    ("header", "length"),
    [
        *((new(length), length) for length in (12, 191, 192, 300, 8383, 8384)),
        *((old(length, octets), length) for length, octets in ((12, 1), (255, 1), (300, 2), (300, 4))),
    ],
)
def test_a_packet_is_read_with_every_header_that_states_its_length(header, length):
    made = header + body(rest=bytes(length - 4))
    assert parse_clear_signed(frame(data=made)).packet == made
    for wrong in (made[:-1], made + b"\0"):
        refused("more than one OpenPGP signature, or less", data=wrong)


@pytest.mark.parametrize("data", [b"", b"\xc2", b"\xc2\x00", b"\x02\x0c" + body()])
def test_what_has_no_header_is_no_packet(data):
    refused("not an OpenPGP packet", data=data)


@pytest.mark.parametrize("first", [224, 254])
def test_a_packet_in_parts_is_refused(first):
    refused("an OpenPGP signature in parts", data=bytes([0xC2, first]) + body())


def test_a_packet_of_no_stated_length_is_refused():
    refused("an OpenPGP signature of no stated length", data=b"\x8b" + body())


@pytest.mark.parametrize("data", [packet(tag=6), bytes([0x80 | 6 << 2, 12]) + body()])
def test_a_packet_of_another_kind_is_no_signature(data):
    refused("an OpenPGP packet that is no signature", data=data)


@pytest.mark.parametrize("version", [4, 6])
def test_signatures_of_two_versions_are_read(version):
    assert parse_clear_signed(frame(data=packet(body(version=version)))).hash_name == "SHA256"


@pytest.mark.parametrize("made", [body(version=3), body(version=5), body(rest=bytes(7)), b"\x04", b""])
def test_signatures_of_other_versions_and_such_as_end_early_are_refused(made):
    refused("of another version than 4 and 6", data=packet(made) if len(made) else b"\xc2\xff\0\0\0\0")


def test_a_signature_of_another_sort_than_over_text_is_refused():
    refused("of sort 0x00, not one over text", data=packet(body(sort=0)))
    refused("of sort 0x10, not one over text", data=packet(body(sort=0x10)))


@pytest.mark.parametrize(("number", "name"), [(8, "SHA256"), (9, "SHA384"), (10, "SHA512"), (12, "SHA3-256"), (14, "SHA3-512")])
def test_a_sound_hash_is_told_by_its_name(number, name):
    assert parse_clear_signed(frame(data=packet(body(hash_=number)))).hash_name == name


@pytest.mark.parametrize(("number", "name"), [(1, "MD5"), (2, "SHA1"), (3, "RIPEMD160"), (11, "SHA224"), (99, "99")])
def test_a_hash_that_is_refused_is_told_by_its_name_or_its_number(number, name):
    refused(f"signed with the hash {name}, which is refused", data=packet(body(hash_=number)))


# --- the numbers of old Go programs


def rsa(number, bits, *, version=4, algorithm=1, hashed=b"ab", unhashed=b"c"):
    made = bytes([version, 1, algorithm, 8])
    made += len(hashed).to_bytes(2, "big") + hashed + len(unhashed).to_bytes(2, "big") + unhashed
    made += b"lr" + bits.to_bytes(2, "big") + number
    return packet(made)


@pytest.mark.parametrize("algorithm", [1, 3])
@pytest.mark.parametrize(("number", "bits"), [(b"\x3f" + bytes(7), 62), (b"\x01" + bytes(7), 57), (b"\xff" + bytes(7), 64)])
def test_the_length_of_an_rsa_number_is_put_right_and_nothing_else(algorithm, number, bits):
    told = rsa(number, 64, algorithm=algorithm)
    assert openpgp._canonical_numbers(told) == rsa(number, bits, algorithm=algorithm)


@pytest.mark.parametrize(
    "made",
    [
        rsa(b"\x3f" + bytes(7), 64, version=6),
        rsa(b"\x3f" + bytes(7), 64, algorithm=22),
        rsa(b"\x3f" + bytes(7), 72),
        rsa(b"\x3f" + bytes(7), 56),
        rsa(b"\x00\x3f" + bytes(6), 64),
        rsa(b"", 0, hashed=b"abcdefgh"),
    ],
)
def test_a_number_that_is_not_told_in_that_way_stays_as_it_is(made):
    assert openpgp._canonical_numbers(made) == made


# --- keyrings and keys


def test_a_keyring_and_a_secret_key_are_no_larger_than_the_limit_says():
    for data, kind in ((b"x" * MAX_KEYRING_SIZE, Malformed), (b"x" * (MAX_KEYRING_SIZE + 1), LimitExceeded)):
        with pytest.raises(Malformed) as caught:
            openpgp.parse_keyring(data)
        assert type(caught.value) is kind
        with pytest.raises(Malformed) as caught:
            openpgp.clear_sign(b"text", data, lambda: None)
        assert type(caught.value) is kind


KEY = pysequoia.Tsk.generate("Somebody <somebody@example.org>")
KEYRING = bytes(KEY.extract_certificate())


def test_a_keyring_holds_as_many_keys_as_the_limit_says_and_no_more(monkeypatch):
    monkeypatch.setattr(openpgp, "MAX_KEYS", 3)
    assert len(openpgp.parse_keyring(KEYRING * 3)) == 3
    with pytest.raises(LimitExceeded, match="a keyring of 4 keys, at most 3 are read"):
        openpgp.parse_keyring(KEYRING * 4)


def test_a_signature_that_the_library_cannot_read_is_one_error():
    for made in (body(version=6, hash_=8), body(rest=b"\xff" * 8)):
        with pytest.raises(Malformed, match="the OpenPGP signature cannot be read"):
            openpgp.verify_clear_signed(parse_clear_signed(frame(data=packet(made))), KEYRING, at=0)


def test_a_signature_that_names_nobody_is_nobody_s():
    nameless = body(algorithm=22, rest=b"\0\0\0\0" + b"ab" + b"\0\x08\xff" + b"\0\x08\xff")
    with pytest.raises(SignatureInvalid, match="does not verify"):
        openpgp.verify_clear_signed(parse_clear_signed(frame(data=packet(nameless))), KEYRING, at=0)


def test_without_the_library_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pysequoia", None)
    for ask in (lambda: openpgp.parse_keyring(KEYRING), lambda: openpgp.clear_sign(b"text", bytes(KEY), lambda: None)):
        with pytest.raises(InputError, match="OpenPGP needs a library that is not installed"):
            ask()
