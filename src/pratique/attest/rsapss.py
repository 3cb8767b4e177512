"""RSA keys that are for RSASSA-PSS alone, as DER says it (RFC 4055 §1.2, §3.1; RFC 8017 appendix A.2.3). Pure.

Such a key has the object identifier id-RSASSA-PSS in the place of rsaEncryption, with or without the one hash that it may be used
with. Libraries that read it tend to drop both, and then it signs PKCS#1 v1.5: here it stays what it is. Keys are compared and
named by their rsaEncryption spelling, which is the one that other tools hash.
"""

from pratique.attest.der import check_der, children, content_of, tagged
from pratique.errors import Malformed

_PSS = bytes.fromhex("06092a864886f70d01010a")  # id-RSASSA-PSS
_RSA = bytes.fromhex("06092a864886f70d010101")  # rsaEncryption
_MGF1 = bytes.fromhex("06092a864886f70d010108")
_NULL = b"\x05\x00"
_SHA2 = bytes.fromhex("06096086480165030402")  # sha256, sha384 and sha512 differ in the last byte
_HASHES = {_SHA2 + b"\x01": "sha256", _SHA2 + b"\x02": "sha384", _SHA2 + b"\x03": "sha512"}
_SIZES = {"sha256": 32, "sha384": 48, "sha512": 64}
_SHA1_SALT = 20
_OTHER = "an RSA-PSS key for a hash that is not used here"
_HINT = "use SHA-256, SHA-384 or SHA-512, MGF1 of the same, and a salt no longer than the hash"


def split_public(spki: bytes) -> tuple[bytes, str] | None:
    """A SubjectPublicKeyInfo for PSS as one for any use, and the hash it is bound to, "" for none; None when it is not for PSS.

    Raises Malformed for hashes that are not used here, SHA-1 among them.
    """
    if _PSS not in spki[:32]:
        return None
    check_der(spki, "public key")
    algorithm, *rest = children(spki)
    return tagged(0x30, tagged(0x30, _RSA + _NULL), *rest), _bound_hash(algorithm)


def hash_of_private(der: bytes) -> str | None:
    """The hash that a PKCS#8 key for PSS is bound to, "" for none; None when it is not for PSS. Raises Malformed."""
    if _PSS not in der[:48]:
        return None
    check_der(der, "private key")
    parts = children(der)
    if len(parts) < 3:
        raise Malformed("not a private key in PKCS#8")
    return _bound_hash(parts[1])


def spki_of_rsa(pkcs1: bytes) -> bytes:
    """A SubjectPublicKeyInfo of an RSA key that is bare PKCS#1 (RFC 8017 appendix A.1.1)."""
    return tagged(0x30, tagged(0x30, _RSA + _NULL), tagged(0x03, b"\0", pkcs1))


def join_public(spki: bytes, hash_name: str) -> bytes:
    """A SubjectPublicKeyInfo of an RSA key as one for PSS with this hash, its MGF1 and a salt of at least its length."""
    _, key = children(spki)
    return tagged(0x30, _bound(hash_name), key)


def join_private(der: bytes, hash_name: str) -> bytes:
    """A PKCS#8 RSA key as one for PSS, as `join_public` does; attributes are not carried over."""
    version, _, key, *_ = children(der)
    return tagged(0x30, version, _bound(hash_name), key)


def _bound_hash(algorithm: bytes) -> str:
    """What the parameters say (RSASSA-PSS-params); of what they leave out SHA-1 is meant."""
    oid, *parameters = children(algorithm)
    if oid != _PSS or len(parameters) > 1:
        raise Malformed("a key of an unsupported kind")
    if not parameters:
        return ""
    said = {part[0]: children(part) for part in children(parameters[0])}
    hashed, masked = said.get(0xA0, [b""])[0], said.get(0xA1, [b""])[0]
    name = _hash_name(hashed)
    mask = children(masked) if masked else []
    salt = int.from_bytes(content_of(said[0xA2][0])) if 0xA2 in said else _SHA1_SALT
    if len(mask) != 2 or mask[0] != _MGF1 or _hash_name(mask[1]) != name or set(said) - {0xA0, 0xA1, 0xA2} or salt > _SIZES[name]:
        raise Malformed(_OTHER, hint=_HINT)
    return name


def _hash_name(identifier: bytes) -> str:
    parts = children(identifier) if identifier else [b""]
    name = _HASHES.get(parts[0])
    if name is None or parts[1:] not in ([], [_NULL]):
        raise Malformed(_OTHER, hint=_HINT)
    return name


def _bound(hash_name: str) -> bytes:
    hashed = tagged(0x30, next(oid for oid, name in _HASHES.items() if name == hash_name), _NULL)
    salt = bytes([0x02, 1, _SIZES[hash_name]])
    members = (tagged(0xA0, hashed), tagged(0xA1, tagged(0x30, _MGF1, hashed)), tagged(0xA2, salt))
    return tagged(0x30, _PSS, tagged(0x30, *members))
