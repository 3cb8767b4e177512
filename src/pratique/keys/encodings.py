"""Encodings in which signing devices and services differ from one another. Pure."""

import hashlib

from pratique.errors import Unavailable

# What goes before a SHA-256 digest in PKCS#1 v1.5 (RFC 8017 §9.2, note 1), for devices that only pad.
DIGEST_INFO_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")


def der_of_raw(raw: bytes, where: str) -> bytes:
    """An ECDSA signature r ‖ s of two equal halves, as PKCS#11 and JWS (RFC 7518 §3.4) have it, in DER. Raises Unavailable.

    Written out here, since the cryptography library's encoder costs a token's signature a tenth of its time.
    """
    if not raw or len(raw) % 2 or len(raw) > 132:
        raise Unavailable("the answer is not an ECDSA signature", where=where)
    middle = len(raw) // 2
    body = _integer(raw[:middle]) + _integer(raw[middle:])
    return (b"\x30%c" if len(body) < 128 else b"\x30\x81%c") % len(body) + body


def _integer(number: bytes) -> bytes:
    """A DER INTEGER of an unsigned big-endian number of at most 66 bytes (X.690 §8.3)."""
    shortest = number.lstrip(b"\0")
    if not shortest or shortest[0] & 0x80:
        shortest = b"\0" + shortest
    return b"\x02%c" % len(shortest) + shortest


def mldsa_representative(public_raw: bytes, message: bytes) -> bytes:
    """The 64 bytes μ that ML-DSA signs in the place of `message`, without context (FIPS 204, algorithm 7, line 6).

    `public_raw`: the encoded public key, without its SubjectPublicKeyInfo.
    """
    tr = hashlib.shake_256(public_raw).digest(64)
    return hashlib.shake_256(tr + b"\0\0" + message).digest(64)


def crc32c(data: bytes) -> int:
    """The Castagnoli checksum (RFC 3720, appendix B.4), by which Google notices bytes that changed on the way."""
    value = 0xFFFFFFFF
    for byte in data:
        value = _CRC32C[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


def _crc32c_table() -> tuple[int, ...]:
    table = []
    for index in range(256):
        value = index
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return tuple(table)


_CRC32C = _crc32c_table()
