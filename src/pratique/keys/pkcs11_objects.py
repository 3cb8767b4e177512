"""Objects in PKCS#11 tokens: finding keys, reading public ones, making and storing pairs."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pkcs11 import Attribute, KeyType, MechanismFlag, ObjectClass
from pkcs11.util.ec import decode_ec_private_key, decode_ec_public_key
from pkcs11.util.rsa import decode_rsa_private_key, decode_rsa_public_key

from pratique.attest.publickey import PublicKey, rsa_bits
from pratique.errors import InputError, Malformed, NotFound
from pratique.keys.file import PrivateKey
from pratique.keys.pkcs11_session import Login, TokenKeyName

_P256 = bytes.fromhex("06082a8648ce3d030107")
_P384 = bytes.fromhex("06052b81040022")
_P521 = bytes.fromhex("06052b81040023")
_ED25519 = (bytes.fromhex("06032b6570"), bytes.fromhex("130c656477617264733235353139"))  # RFC 8410's OID, or PKCS#11's own name
_CURVES: dict[bytes, ec.EllipticCurve] = {_P256: ec.SECP256R1(), _P384: ec.SECP384R1(), _P521: ec.SECP521R1()}
_MADE = {
    "ecdsa-p256": (KeyType.EC, _P256),
    "ecdsa-p384": (KeyType.EC, _P384),
    "ecdsa-p521": (KeyType.EC, _P521),
    "ed25519": (KeyType.EC_EDWARDS, _ED25519[0]),
}


def find_key(login: Login, kind: ObjectClass, name: TokenKeyName) -> Any:
    found = list(login.session.get_objects({Attribute.CLASS: kind, **template(name)}))
    if len(found) > 1:
        raise InputError("several keys have this name", where=name.where, hint="add id=%HH or object=LABEL")
    if not found:
        raise NotFound("the token has no such key", where=name.where, hint="see them with: pkcs11-tool --list-objects")
    return found[0]


def template(name: TokenKeyName) -> dict[Attribute, Any]:
    wanted: dict[Attribute, Any] = {}
    if "object" in name.attributes:
        wanted[Attribute.LABEL] = name.attributes["object"]
    if name.key_id is not None:
        wanted[Attribute.ID] = name.key_id
    return wanted


def read_public_key(found: Any, algorithm: str | None) -> PublicKey:
    """From CKA_EC_POINT or CKA_MODULUS to a SubjectPublicKeyInfo. Raises Malformed."""
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
    try:
        if found[Attribute.KEY_TYPE] == KeyType.RSA:
            modulus, exponent = (int.from_bytes(found[name], "big") for name in (Attribute.MODULUS, Attribute.PUBLIC_EXPONENT))
            key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
        else:
            curve, point = found[Attribute.EC_PARAMS], found[Attribute.EC_POINT]
            if curve in _ED25519:
                key = ed25519.Ed25519PublicKey.from_public_bytes(point.removeprefix(b"\x04\x20") if len(point) == 34 else point)
            elif curve in _CURVES:
                # An OCTET STRING around it, as the standard has it, or the bare point, as some tokens do.
                bare = point[2:] if len(point) % 2 == 1 and point[1] == len(point) - 2 and point[2:3] == b"\x04" else point
                bare = point[3:] if point.startswith(b"\x04\x81\x85\x04") and len(point) == 136 else bare  # P-521
                key = ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[curve], bare)
            else:
                raise Malformed("a key on a curve that is not supported", hint="use Ed25519, P-256, P-384 or P-521")
    except (ValueError, TypeError, KeyError) as error:
        raise Malformed("the token's public key cannot be read") from error
    return PublicKey.from_der(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), algorithm)


_GUARDED: dict[Any, Any] = {
    Attribute.PRIVATE: True,
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.SIGN: True,
    Attribute.DECRYPT: False,
    Attribute.UNWRAP: False,
    Attribute.SIGN_RECOVER: False,
}


def generate_pair(login: Login, algorithm: str, name: TokenKeyName) -> tuple[Any, Any]:
    """A new pair in the token, public and private object. Raises InputError for what tokens do not make."""
    options: dict[str, Any] = {"id": name.key_id or b"", "label": name.attributes.get("object", ""), "store": True}
    options |= {"private_template": _GUARDED, "capabilities": MechanismFlag.SIGN | MechanismFlag.VERIFY}
    if algorithm.startswith("rsa-"):
        made = login.session.generate_keypair(KeyType.RSA, rsa_bits(algorithm), **options)
    else:
        kind, parameters = _MADE[algorithm]
        domain = login.session.create_domain_parameters(kind, {Attribute.EC_PARAMS: parameters}, local=True)
        made = domain.generate_keypair(**options)
    return made[0], made[1]


def write_pair(login: Login, private: PrivateKey, name: TokenKeyName) -> Any:
    """Both halves as token objects. The public one goes first: a private key is never without it."""
    traditional = (Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    if isinstance(private, rsa.RSAPrivateKey):
        spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
        halves = decode_rsa_public_key(spki), decode_rsa_private_key(private.private_bytes(*traditional))
    elif isinstance(private, ec.EllipticCurvePrivateKey):
        spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        halves = decode_ec_public_key(spki), decode_ec_private_key(private.private_bytes(*traditional))
    elif isinstance(private, ed25519.Ed25519PrivateKey):
        common = {Attribute.KEY_TYPE: KeyType.EC_EDWARDS, Attribute.EC_PARAMS: _ED25519[0]}
        point = b"\x04\x20" + private.public_key().public_bytes_raw()
        halves = (
            {**common, Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.EC_POINT: point},
            {**common, Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.VALUE: private.private_bytes_raw()},
        )
    else:
        raise InputError("keys of this kind are not stored in tokens", where=name.where)
    common = {Attribute.TOKEN: True, **template(name)}
    public = login.session.create_object({**halves[0], **common, Attribute.VERIFY: True})
    try:
        return login.session.create_object({**halves[1], **common, **_GUARDED})
    except BaseException:
        public.destroy()
        raise
