"""JSON Web Keys (RFC 7517; RFC 7518 §6 for EC and RSA, RFC 8037 §2 for Ed25519), one or a set. Pure.

Members that say for what a key is (`use`, `key_ops`, `alg`) are read where they would forbid it: a key for encryption verifies
nothing here.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pratique.attest.members import as_list, as_object, as_text
from pratique.attest.strictjson import load_json
from pratique.errors import Malformed

MAX_SIZE = 64 * 1024
MAX_KEYS = 64
_CURVES: dict[str, tuple[ec.EllipticCurve, int]] = {
    "P-256": (ec.SECP256R1(), 32),
    "P-384": (ec.SECP384R1(), 48),
    "P-521": (ec.SECP521R1(), 66),
}
_HINT = "use an EC key on P-256, P-384 or P-521, an RSA key, or OKP Ed25519"


def parse_jwk_set(data: bytes) -> tuple[Mapping[str, Any], ...] | None:
    """The keys of a set, or the one key; None for JSON of another kind. Raises Malformed, LimitExceeded."""
    members = as_object(load_json(data, what="JSON Web Key", max_size=MAX_SIZE, max_depth=16), "JSON Web Key")
    if "kty" in members:
        return (members,)
    if "keys" in members and isinstance(members["keys"], list):
        items = as_list(members["keys"], "keys", limit=MAX_KEYS)
        return tuple(as_object(item, f"keys[{number}]") for number, item in enumerate(items))
    return None


def is_private_jwk(jwk: Mapping[str, Any]) -> bool:
    """Whether it has a private half, or is nothing but a secret."""
    return "d" in jwk or "k" in jwk


def public_of(jwk: Mapping[str, Any]) -> bytes:
    """SubjectPublicKeyInfo, DER. Raises Malformed."""
    _check_use(jwk, "verify")
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey
    try:
        if jwk.get("kty") == "RSA":
            key = rsa.RSAPublicNumbers(_number(jwk, "e"), _number(jwk, "n")).public_key()
        elif jwk.get("kty") == "EC" and jwk.get("crv") in _CURVES:
            key = _ec_numbers(jwk).public_key()
        elif (jwk.get("kty"), jwk.get("crv")) == ("OKP", "Ed25519"):
            key = ed25519.Ed25519PublicKey.from_public_bytes(_bytes(jwk, "x"))
        else:
            raise _unsupported(jwk)
        return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except ValueError as error:
        raise Malformed("a JSON Web Key whose numbers are no key") from error


def private_of(data: bytes) -> "ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey":
    """The private key of one JSON Web Key, whose public half must be its own. Raises Malformed."""
    (jwk,) = parse_jwk_set(data) or ({},)
    _check_use(jwk, "sign")
    try:
        if jwk.get("kty") == "RSA":
            public = rsa.RSAPublicNumbers(_number(jwk, "e"), _number(jwk, "n"))
            p, q, d, dp, dq, qi = (_number(jwk, name) for name in ("p", "q", "d", "dp", "dq", "qi"))
            return rsa.RSAPrivateNumbers(p=p, q=q, d=d, dmp1=dp, dmq1=dq, iqmp=qi, public_numbers=public).private_key()
        if jwk.get("kty") == "EC" and jwk.get("crv") in _CURVES:
            return ec.EllipticCurvePrivateNumbers(_number(jwk, "d"), _ec_numbers(jwk)).private_key()
        if (jwk.get("kty"), jwk.get("crv")) == ("OKP", "Ed25519"):
            private = ed25519.Ed25519PrivateKey.from_private_bytes(_bytes(jwk, "d"))
            if private.public_key().public_bytes_raw() != _bytes(jwk, "x"):
                raise Malformed("a JSON Web Key whose halves are of two keys")
            return private
    except ValueError as error:
        raise Malformed("a JSON Web Key whose numbers are no key") from error
    raise _unsupported(jwk)


def _check_use(jwk: Mapping[str, Any], operation: str) -> None:
    stated = jwk.get("key_ops")
    operations = {str(item) for item in stated} if isinstance(stated, list) else {operation}
    if jwk.get("use", "sig") != "sig" or operations.isdisjoint(("sign", "verify")):
        raise Malformed("a JSON Web Key that is not for signatures")


def _unsupported(jwk: Mapping[str, Any]) -> Malformed:
    kind = f"{jwk.get('kty')} {jwk.get('crv', '')}".strip()[:40]
    return Malformed(f"a JSON Web Key of kind {kind!r}, which is not supported", hint=_HINT)


def _ec_numbers(jwk: Mapping[str, Any]) -> ec.EllipticCurvePublicNumbers:
    curve, size = _CURVES[as_text(jwk.get("crv"), "crv")]
    x, y = _bytes(jwk, "x"), _bytes(jwk, "y")
    if len(x) != size or len(y) != size:  # RFC 7518 §6.2.1.2: as long as the curve's field
        raise Malformed("a JSON Web Key whose coordinates have another length than its curve's")
    return ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), curve)


def _number(jwk: Mapping[str, Any], name: str) -> int:
    return int.from_bytes(_bytes(jwk, name))


def _bytes(jwk: Mapping[str, Any], name: str) -> bytes:
    """A member in base64url without padding (RFC 7515 §2)."""
    text = as_text(jwk.get(name), name)
    try:
        return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise Malformed(f"{name} of a JSON Web Key is not base64url") from error
