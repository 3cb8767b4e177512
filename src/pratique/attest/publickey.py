"""Public keys for verifying: Ed25519, ECDSA on P-256, P-384 and P-521, RSA (PKCS#1 v1.5 and PSS), ML-DSA (FIPS 204). Pure.

The DER SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) is the key's identity, so only its one canonical DER spelling is read: compressed
points, explicit curve parameters and trailing bytes are refused, and so are Ed25519 keys off the curve or of small order
(under which one signature verifies for every message).

The SubjectPublicKeyInfo of most RSA keys does not say whether their signatures are PKCS#1 v1.5 or PSS; one that does (RFC 4055,
`attest.rsapss`) is for nothing else. So the algorithm is part of how a key is registered: whoever names the key says it, and
PKCS#1 v1.5 is meant where nobody does. Two registrations of one RSA key have one keyid, that of its plain spelling, and are
different keys.

ECDSA on P-384 and P-521 hashes with SHA-384 and SHA-512. Older clients hashed with SHA-256 whatever the curve: that is verified
too.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from pratique.attest.members import as_lines
from pratique.attest.rsapss import join_public, split_public
from pratique.errors import LimitExceeded, Malformed, SignatureInvalid

MAX_KEY_SIZE = 16 * 1024

_PEM = re.compile(rb"\s*-----BEGIN PUBLIC KEY-----\r?\n((?:[A-Za-z0-9+/=]+\r?\n)+)-----END PUBLIC KEY-----\s*")
_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
_SMALL_ORDER_Y = frozenset(
    {
        0,  # order 4
        1,  # the neutral element
        _P - 1,  # order 2
        int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"),  # order 8
        int.from_bytes(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"),  # order 8
    }
)
_RSA_SIZES = (2048, 3072, 4096)

# The name for people → the name in Sigstore's PublicKeyDetails (protobuf-specs, sigstore_common.proto).
ALGORITHMS = (
    {"ed25519": "PKIX_ED25519"}
    | {f"ecdsa-p{bits}": f"PKIX_ECDSA_P{bits}_SHA_{hashed}" for bits, hashed in ((256, 256), (384, 384), (521, 512))}
    | {f"rsa-{bits}": f"PKIX_RSA_PKCS1V15_{bits}_SHA256" for bits in _RSA_SIZES}
    | {f"rsa-pss-{bits}": f"PKIX_RSA_PSS_{bits}_SHA256" for bits in _RSA_SIZES}
    | {"ml-dsa-44": "ML_DSA_44", "ml-dsa-65": "ML_DSA_65"}
    # Notation's, for larger keys (signature-specification.md, Algorithm Selection). Sigstore has no names for them: in no log.
    | {f"rsa-pss-{bits}-{hashed}": "" for bits in _RSA_SIZES for hashed in ("sha384", "sha512")}
)
_BY_DETAILS = {details: algorithm for algorithm, details in ALGORITHMS.items() if details}


@dataclass(frozen=True)
class PublicKey:
    """A key to verify with. Equal and hashed by its `spki` bytes and its algorithm.

    `algorithm`: one of `ALGORITHMS`. `key_details`: Sigstore's name for it. `hash_name`: of the hash the algorithm signs over,
    as hashlib spells it; for Ed25519 and ML-DSA, which sign the message itself, that of their log record (SHA-256).
    """

    spki: bytes
    algorithm: str
    key_details: str = field(compare=False)
    hash_name: str = field(compare=False)
    _key: Any = field(compare=False, repr=False)

    @classmethod
    def from_der(cls, spki: bytes, algorithm: str | None = None) -> "PublicKey":
        """Read a DER SubjectPublicKeyInfo. `algorithm`: what the key is registered for, by its name for people or Sigstore's.

        Raises Malformed, also when the key is not of that algorithm.
        """
        if len(spki) > MAX_KEY_SIZE:
            raise LimitExceeded(f"public key of {len(spki)} bytes")
        plain, bound = split_public(spki) or (spki, None)
        try:
            key = load_der_public_key(plain)
            canonical = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise Malformed("not a public key in DER", hint="expected a SubjectPublicKeyInfo") from error
        if canonical != plain:
            raise Malformed("public key is not in canonical DER", hint="compressed points and explicit parameters are refused")
        name = _registered(_algorithm_of(key), algorithm, bound)
        return cls(spki=plain, algorithm=name, key_details=ALGORITHMS[name], hash_name=hash_of(name), _key=key)

    @classmethod
    def from_pem(cls, pem: bytes, algorithm: str | None = None) -> "PublicKey":
        """Read exactly one `PUBLIC KEY` PEM block (RFC 7468 §13) with nothing but white space around it, as `from_der` does."""
        if len(pem) > MAX_KEY_SIZE:
            raise LimitExceeded(f"public key file of {len(pem)} bytes")
        if b"PRIVATE KEY-----" in pem:
            raise Malformed("this is a private key where a public key belongs", hint="use the file that ends in .pub")
        match = _PEM.fullmatch(pem)
        if match is None:
            raise Malformed("not one public key in PEM", hint="expected one -----BEGIN PUBLIC KEY----- block and nothing else")
        return cls.from_der(as_lines(match[1], "public key PEM"), algorithm)

    @cached_property
    def keyid(self) -> str:
        """Hex SHA-256 of `spki`: 64 digits."""
        return hashlib.sha256(self.spki).hexdigest()

    @cached_property
    def hint(self) -> str:
        """Base64 of the SHA-256 of `spki`: how cosign names a key in a bundle."""
        return base64.b64encode(hashlib.sha256(self.spki).digest()).decode("ascii")

    @cached_property
    def pem(self) -> bytes:
        """The key as a PEM file, in which a key for PSS says so."""
        der = join_public(self.spki, self.hash_name) if self.algorithm.startswith("rsa-pss-") else self.spki
        text = base64.b64encode(der)
        lines = [text[at : at + 64] for at in range(0, len(text), 64)]
        return b"\n".join([b"-----BEGIN PUBLIC KEY-----", *lines, b"-----END PUBLIC KEY-----", b""])

    @property
    def raw(self) -> bytes:
        """The 32 bytes of an Ed25519 key, as logs and notes name it. Raises Malformed for other algorithms."""
        if self.algorithm != "ed25519":
            raise Malformed(f"a log's key is Ed25519, this is {self.algorithm}")
        return self.spki[-32:]

    def digest(self, message: bytes) -> bytes:
        """The hash of `message` that ECDSA and RSA sign."""
        return hashlib.new(self.hash_name, message).digest()

    def verify(self, signature: bytes, message: bytes) -> None:
        """Return if `signature` is this key's over `message`: raw for Ed25519 and ML-DSA (no context), DER for ECDSA, as long as
        the modulus for RSA; PSS with MGF1 of the same hash and salt of any length (RFC 8017 §9.1.2).

        Raises SignatureInvalid, for everything else.
        """
        if not isinstance(self._key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
            try:
                self._key.verify(signature, message)
            except (InvalidSignature, ValueError) as error:
                raise self._invalid from error
            return
        for name in self.hash_names:
            if self._holds(signature, message, HASHES[name]()):
                return
        raise self._invalid

    def verify_digests(self, signature: bytes, digests: Mapping[str, bytes]) -> None:
        """As `verify`, of a message of which only digests are at hand. `digests`: hash name → digest.

        Raises Malformed for keys that sign the message itself, and when no digest is there that they may have signed.
        """
        hashed = isinstance(self._key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey)
        names = [name for name in self.hash_names if name in digests] if hashed else []
        if not names:
            wanted = f"its {self.hash_name}" if hashed else "the artifact"
            raise Malformed(f"a signature of an {self.algorithm} key cannot be verified without {wanted}")
        for name in names:
            if self._holds(signature, digests[name], utils.Prehashed(HASHES[name]())):
                return
        raise self._invalid

    @property
    def hash_names(self) -> tuple[str, ...]:
        """The hashes whose signatures are accepted, the key's own first."""
        older = self.algorithm in ("ecdsa-p384", "ecdsa-p521")
        return (self.hash_name, "sha256") if older else (self.hash_name,)

    @property
    def _invalid(self) -> SignatureInvalid:
        return SignatureInvalid(f"signature does not verify under {self.algorithm} key {self.keyid[:12]}…")

    def _holds(self, signature: bytes, data: bytes, hashed: "hashes.HashAlgorithm | utils.Prehashed") -> bool:
        try:
            if isinstance(self._key, ec.EllipticCurvePublicKey):
                self._key.verify(signature, data, ec.ECDSA(hashed))
            elif self.algorithm.startswith("rsa-pss-"):
                pss = padding.PSS(mgf=padding.MGF1(HASHES[self.hash_name]()), salt_length=padding.PSS.AUTO)
                self._key.verify(signature, data, pss, hashed)
            else:
                self._key.verify(signature, data, padding.PKCS1v15(), hashed)
        except (InvalidSignature, ValueError):
            return False
        return True


HASHES: dict[str, type[hashes.HashAlgorithm]] = {"sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}
"""The hashes that ECDSA and RSA sign over here, as hashlib spells them."""


def rsa_bits(algorithm: str) -> int:
    """The size of an RSA key for an algorithm of `ALGORITHMS`."""
    return next(int(part) for part in algorithm.split("-") if part.isdigit())


def hash_of(algorithm: str) -> str:
    """The hash that an algorithm of `ALGORITHMS` signs over."""
    if algorithm.endswith(("-p384", "-sha384")):
        return "sha384"
    return "sha512" if algorithm.endswith(("-p521", "-sha512")) else "sha256"


def _algorithm_of(key: object) -> str:
    """The algorithm that a key alone tells; for RSA that of PKCS#1 v1.5."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        _refuse_weak_point(key.public_bytes_raw())
        return "ed25519"
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return "ecdsa-p256"
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP384R1):
        return "ecdsa-p384"
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP521R1):
        return "ecdsa-p521"
    if isinstance(key, rsa.RSAPublicKey) and key.key_size in _RSA_SIZES:
        return f"rsa-{key.key_size}"
    if isinstance(key, mldsa.MLDSA44PublicKey):
        return "ml-dsa-44"
    if isinstance(key, mldsa.MLDSA65PublicKey):
        return "ml-dsa-65"
    raise Malformed("public key of an unsupported kind", hint=KINDS)


KINDS = "use Ed25519, ECDSA P-256, P-384 or P-521, RSA 2048, 3072 or 4096, or ML-DSA-44 or -65"
"""What is supported, for people."""


def _registered(found: str, stated: str | None, bound: str | None) -> str:
    """The algorithm a key is registered for. `bound`: the one hash of a key for PSS, "" for any, None for keys that say nothing.

    Raises Malformed when it is not the key's: a choice is RSA's alone.
    """
    padded = found.replace("rsa-", "rsa-pss-")
    choices = [padded, f"{padded}-sha384", f"{padded}-sha512"] if padded != found else []
    if bound is None:
        choices = [found, *choices]
    elif not choices:
        raise Malformed("public key of an unsupported kind", hint=KINDS)
    elif bound:
        choices = [name for name in choices if hash_of(name) == bound]
    if stated is None:
        return choices[0]
    stated = _BY_DETAILS.get(stated, stated)
    if stated not in choices:
        raise Malformed(f"this is a key for {choices[0]}, not for {stated[:40]!r}")
    return stated


def _refuse_weak_point(raw: bytes) -> None:
    # RFC 8032 §5.1.3: y below p, and x² = (y²-1)/(dy²+1) must have a root, which Euler's criterion tells.
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    if y >= _P or y in _SMALL_ORDER_Y:
        raise Malformed("Ed25519 key of small order or not canonical")
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    if pow(square, (_P - 1) // 2, _P) != 1:
        raise Malformed("Ed25519 key that is not a point of the curve")
