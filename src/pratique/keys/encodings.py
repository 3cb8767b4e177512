"""Encodings in which signing devices and services differ from one another. Pure."""

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from pratique.errors import Unavailable

# What goes before a SHA-256 digest in PKCS#1 v1.5 (RFC 8017 §9.2, note 1), for devices that only pad.
DIGEST_INFO_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")


def der_of_raw(raw: bytes, where: str) -> bytes:
    """An ECDSA signature r ‖ s of two equal halves, as PKCS#11 and JWS (RFC 7518 §3.4) have it, in DER. Raises Unavailable."""
    if not raw or len(raw) % 2 or len(raw) > 132:
        raise Unavailable("the answer is not an ECDSA signature", where=where)
    middle = len(raw) // 2
    return encode_dss_signature(int.from_bytes(raw[:middle], "big"), int.from_bytes(raw[middle:], "big"))
