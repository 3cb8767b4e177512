"""JSON Web Keys (RFC 7517; RFC 7518 §6 for EC and RSA, RFC 8037 §2 for Ed25519), one or a set. Pure.

Members that say for what a key is (`use`, `key_ops`, `alg`) are read where they would forbid it: a key for encryption verifies
nothing here, and one for RSA-PSS is for nothing else. A key for RS256 is an RSA key like one that says nothing.
"""

from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pratique.attest.members import as_base64url, as_list, as_object, as_text
from pratique.attest.rsapss import join_public
from pratique.attest.strictjson import load_json
from pratique.errors import LimitExceeded, Malformed

MAX_SIZE = 64 * 1024
MAX_KEYS = 64
MAX_OPERATIONS = 64
MAX_NUMBER = 512  # bytes of an RSA number: those of the largest key that is used here
_CURVES: dict[str, tuple[ec.EllipticCurve, int]] = {
    "P-256": (ec.SECP256R1(), 32),
    "P-384": (ec.SECP384R1(), 48),
    "P-521": (ec.SECP521R1(), 66),
}
_PSS = {"PS256": "sha256", "PS384": "sha384", "PS512": "sha512"}  # RFC 7518 §3.5
# RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2; of PKCS#1 v1.5 the one that is used here.
_ALGORITHMS = {
    "P-256": ("ES256",),
    "P-384": ("ES384",),
    "P-521": ("ES512",),
    "Ed25519": ("EdDSA", "Ed25519"),
    "RSA": ("RS256", *_PSS),
}
_HINT = "use an EC key on P-256, P-384 or P-521, an RSA key, or OKP Ed25519"
ALONE = "put the one that is meant into a file of its own"
"""What to do where several keys are and one is wanted, for people."""

PrivateHalf = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


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
    """SubjectPublicKeyInfo, DER; of an RSA key for PSS one that says so (`attest.rsapss`). Raises Malformed."""
    kind = _kind(jwk, ("sign", "verify"))  # the public half of a pair may say what the pair is for
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey
    try:
        if kind == "RSA":
            key = rsa.RSAPublicNumbers(_number(jwk, "e"), _number(jwk, "n")).public_key()
        elif kind == "Ed25519":
            key = ed25519.Ed25519PublicKey.from_public_bytes(_bytes(jwk, "x"))
        else:
            key = _ec_numbers(jwk, kind).public_key()
    except ValueError as error:
        raise Malformed("a JSON Web Key whose numbers are no key") from error
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    hash_name = _pss_hash(jwk)
    return join_public(spki, hash_name) if hash_name else spki


def private_of(data: bytes) -> PrivateHalf:
    """The private key of one JSON Web Key, whose public half must be its own. Raises Malformed, LimitExceeded."""
    jwk = _only(data)
    kind = _kind(jwk, ("sign",))
    try:
        if kind == "RSA":
            public = rsa.RSAPublicNumbers(_number(jwk, "e"), _number(jwk, "n"))
            p, q, d, dp, dq, qi = (_number(jwk, name) for name in ("p", "q", "d", "dp", "dq", "qi"))
            numbers = rsa.RSAPrivateNumbers(p=p, q=q, d=d, dmp1=dp, dmq1=dq, iqmp=qi, public_numbers=public)
            return numbers.private_key()
        if kind == "Ed25519":
            private = ed25519.Ed25519PrivateKey.from_private_bytes(_bytes(jwk, "d"))
            if private.public_key().public_bytes_raw() != _bytes(jwk, "x"):
                raise Malformed("a JSON Web Key whose halves are of two keys")
            return private
        private_value = _ec_number(jwk, "d", kind, "private number has")
        return ec.EllipticCurvePrivateNumbers(private_value, _ec_numbers(jwk, kind)).private_key()
    except ValueError as error:
        raise Malformed("a JSON Web Key whose numbers are no key") from error


def pss_hash_of(data: bytes) -> str | None:
    """The hash that the one JSON Web Key is for, of a key for RSA-PSS; None for other keys. Raises as `private_of`."""
    return _pss_hash(_only(data))


def _only(data: bytes) -> Mapping[str, Any]:
    keys = parse_jwk_set(data) or ({},)
    if len(keys) > 1:
        raise Malformed(f"a set of {len(keys)} JSON Web Keys", hint=ALONE)
    return keys[0]


def _kind(jwk: Mapping[str, Any], allowed: tuple[str, ...]) -> str:
    """`RSA`, `Ed25519` or the curve's name. `allowed`: the operations of which it must be for one, where it says any. Raises
    Malformed for other kinds, and for a key that is not for signatures (RFC 7517 §4.1 to §4.4).
    """
    match jwk.get("kty"), jwk.get("crv"):
        case "RSA", _:
            kind = "RSA"
        case "EC", str(curve) if curve in _CURVES:
            kind = curve
        case "OKP", "Ed25519":
            kind = "Ed25519"
        case kty, crv:
            text = f"{kty} {crv or ''}".strip()[:40]
            raise Malformed(f"a JSON Web Key of kind {text!r}, which is not supported", hint=_HINT)
    stated = as_list(jwk.get("key_ops", [*allowed]), "key_ops", limit=MAX_OPERATIONS)
    operations = {as_text(item, f"key_ops[{number}]") for number, item in enumerate(stated)}
    if len(operations) != len(stated):
        raise Malformed("key_ops of a JSON Web Key names an operation twice")
    if jwk.get("use", "sig") != "sig" or operations.isdisjoint(allowed):
        raise Malformed("a JSON Web Key that is not for signatures")
    if "alg" in jwk and jwk["alg"] not in _ALGORITHMS[kind]:
        raise Malformed(
            f"a JSON Web Key for {str(jwk['alg'])[:40]!r}, which such a key does not sign with here",
            hint=f"the alg of such a key is one of {', '.join(_ALGORITHMS[kind])}",
        )
    return kind


def _pss_hash(jwk: Mapping[str, Any]) -> str | None:
    """The hash of a key for RSA-PSS, whose MGF1 has the same (RFC 7518 §3.5)."""
    return _PSS.get(jwk.get("alg", ""))


def _ec_numbers(jwk: Mapping[str, Any], kind: str) -> ec.EllipticCurvePublicNumbers:
    x, y = (_ec_number(jwk, name, kind, "coordinates have") for name in ("x", "y"))
    return ec.EllipticCurvePublicNumbers(x, y, _CURVES[kind][0])


def _ec_number(jwk: Mapping[str, Any], name: str, kind: str, what: str) -> int:
    """A number as long as the curve's field (RFC 7518 §6.2.1.2, §6.2.2.1)."""
    data = _bytes(jwk, name)
    if len(data) != _CURVES[kind][1]:
        raise Malformed(f"a JSON Web Key whose {what} another length than its curve's")
    return int.from_bytes(data)


def _number(jwk: Mapping[str, Any], name: str) -> int:
    data = _bytes(jwk, name)
    if len(data) > MAX_NUMBER:  # what is done with a larger private one takes minutes
        raise LimitExceeded(f"{name} of a JSON Web Key has more than {8 * MAX_NUMBER} bits")
    return int.from_bytes(data)


def _bytes(jwk: Mapping[str, Any], name: str) -> bytes:
    return as_base64url(jwk.get(name), f"{name} of a JSON Web Key")
