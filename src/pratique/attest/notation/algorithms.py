"""The six signature algorithms of Notary Project signatures, each fixed by the signing key (signature-specification.md). Pure.

The key decides: what an envelope says about its algorithm is held against it, and never chooses. Signatures are as JWS and COSE
want them, with r and s of ECDSA side by side (RFC 7518 §3.4, RFC 9053 §2.1) and the salt of RSASSA-PSS as long as the hash (RFC
7518 §3.5).
"""

from dataclasses import dataclass
from typing import cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from pratique.errors import Malformed, SignatureInvalid, Untrusted


@dataclass(frozen=True, slots=True, kw_only=True)
class Algorithm:
    """`name`: as JWS spells it; `label`: COSE's number; `kind`: `rsa` or `ec`; `bits`: of the key; `hash_name`: as hashlib's."""

    name: str
    label: int
    kind: str
    bits: int
    hash_name: str


_ALGORITHMS = (
    Algorithm(name="PS256", label=-37, kind="rsa", bits=2048, hash_name="sha256"),
    Algorithm(name="PS384", label=-38, kind="rsa", bits=3072, hash_name="sha384"),
    Algorithm(name="PS512", label=-39, kind="rsa", bits=4096, hash_name="sha512"),
    Algorithm(name="ES256", label=-7, kind="ec", bits=256, hash_name="sha256"),
    Algorithm(name="ES384", label=-35, kind="ec", bits=384, hash_name="sha384"),
    Algorithm(name="ES512", label=-36, kind="ec", bits=521, hash_name="sha512"),
)
BY_NAME = {algorithm.name: algorithm for algorithm in _ALGORITHMS}
BY_LABEL = {algorithm.label: algorithm for algorithm in _ALGORITHMS}
_BY_RSA_BITS = {algorithm.bits: algorithm for algorithm in _ALGORITHMS if algorithm.kind == "rsa"}
_BY_CURVE = {f"secp{algorithm.bits}r1": algorithm for algorithm in _ALGORITHMS if algorithm.kind == "ec"}
_HASHES: dict[str, hashes.HashAlgorithm] = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}


def algorithm_of(key: PublicKeyTypes) -> Algorithm:
    """The one algorithm this key signs with (signature-specification.md, Algorithm Selection). Raises Untrusted for others."""
    found, said = None, type(key).__name__.removesuffix("PublicKey")
    if isinstance(key, rsa.RSAPublicKey):
        found, said = _BY_RSA_BITS.get(key.key_size), f"RSA of {key.key_size} bits"
    elif isinstance(key, ec.EllipticCurvePublicKey):
        found, said = _BY_CURVE.get(key.curve.name), f"ECDSA on {key.curve.name}"
    if found is None:
        hint = "allowed are RSA of 2048, 3072 or 4096 bits and ECDSA on P-256, P-384 or P-521"
        raise Untrusted(f"a signing key that notation does not allow: {said}", hint=hint)
    return found


def verify_signature(key: PublicKeyTypes, signature: bytes, message: bytes) -> None:
    """Return if `signature` is this key's over `message`. Raises SignatureInvalid, and Untrusted like `algorithm_of`."""
    algorithm = algorithm_of(key)
    hashed = _HASHES[algorithm.hash_name]
    try:
        if isinstance(key, rsa.RSAPublicKey):
            pss = padding.PSS(mgf=padding.MGF1(hashed), salt_length=hashed.digest_size)
            key.verify(signature, message, pss, hashed)
        else:
            key = cast("ec.EllipticCurvePublicKey", key)  # there is no third kind of which there is an algorithm
            key.verify(_der_signature(signature, algorithm), message, ec.ECDSA(hashed))
    except (InvalidSignature, ValueError) as error:
        raise SignatureInvalid("the signature does not verify under its certificate's key") from error


def raw_signature(signature: bytes, algorithm: Algorithm) -> bytes:
    """What a signer returned as an envelope holds it: DER of ECDSA becomes r and s side by side. Raises Malformed."""
    if algorithm.kind != "ec":
        return signature
    width = _width(algorithm)
    try:
        r, s = decode_dss_signature(signature)
        return r.to_bytes(width, "big") + s.to_bytes(width, "big")
    except (ValueError, OverflowError) as error:
        raise Malformed(f"the signer returned no {algorithm.name} signature") from error


def _der_signature(signature: bytes, algorithm: Algorithm) -> bytes:
    width = _width(algorithm)
    if len(signature) != 2 * width:
        raise ValueError(f"{len(signature)} bytes where {2 * width} belong")
    return encode_dss_signature(int.from_bytes(signature[:width], "big"), int.from_bytes(signature[width:], "big"))


def _width(algorithm: Algorithm) -> int:
    return (algorithm.bits + 7) // 8
