"""CMS signed data (RFC 5652 §5) with exactly one signer, as timestamp tokens are made. Pure.

Read strictly as DER by cryptography's ASN.1, and by nothing else, so that no two parsers can see two tokens. The signer's
certificate is an argument: whoever calls says which certificate is meant, and checks that very one. Certificates that lie in
the token are only offered; which of them signed is never taken from their order, and they may come in any: openssl sorts none.
"""

import hashlib
import hmac
from typing import Annotated

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509 import Certificate, ObjectIdentifier

from pratique.errors import Malformed, SignatureInvalid

SIGNED_DATA = ObjectIdentifier("1.2.840.113549.1.7.2")
CONTENT_TYPE = ObjectIdentifier("1.2.840.113549.1.9.3")
MESSAGE_DIGEST = ObjectIdentifier("1.2.840.113549.1.9.4")

HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256,
    "2.16.840.1.101.3.4.2.2": hashes.SHA384,
    "2.16.840.1.101.3.4.2.3": hashes.SHA512,
}
"""Hash functions by object identifier. Older ones are refused."""

_ECDSA: dict[str, type[hashes.HashAlgorithm]] = {
    "1.2.840.10045.4.3.2": hashes.SHA256,
    "1.2.840.10045.4.3.3": hashes.SHA384,
    "1.2.840.10045.4.3.4": hashes.SHA512,
}
_RSA: dict[str, type[hashes.HashAlgorithm]] = {
    "1.2.840.113549.1.1.11": hashes.SHA256,
    "1.2.840.113549.1.1.12": hashes.SHA384,
    "1.2.840.113549.1.1.13": hashes.SHA512,
}
_RSA_PLAIN = "1.2.840.113549.1.1.1"  # rsaEncryption: the hash is the signer's digest algorithm (RFC 3370 §3.2)
_ED25519 = "1.3.101.112"


@asn1.sequence
class AlgorithmIdentifier:
    """AlgorithmIdentifier, of the algorithms that have no parameters."""

    oid: ObjectIdentifier
    parameters: asn1.Null | None


@asn1.sequence
class Attribute:
    """A signed attribute and its values."""

    kind: ObjectIdentifier
    values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class IssuerAndSerial:
    """Which certificate is said to have signed."""

    issuer: asn1.TLV
    serial: int


@asn1.sequence
class SignerInfo:
    """SignerInfo (§5.3). Its signed attributes are in DER order or they are refused, so encoding them gives what was signed."""

    version: int
    signer: IssuerAndSerial
    digest_algorithm: AlgorithmIdentifier
    signed_attributes: Annotated[asn1.SetOf[Attribute] | None, asn1.Implicit(0)]
    signature_algorithm: AlgorithmIdentifier
    signature: bytes
    unsigned_attributes: Annotated[list[asn1.TLV] | None, asn1.Implicit(1)]


@asn1.sequence
class EncapsulatedContent:
    """What was signed, and of which type it is."""

    kind: ObjectIdentifier
    content: Annotated[bytes, asn1.Explicit(0)]


@asn1.sequence
class SignedData:
    """SignedData (§5.1). Certificates are a set that many signers write unsorted, so they are read as a list."""

    version: int
    digest_algorithms: asn1.SetOf[AlgorithmIdentifier]
    content: EncapsulatedContent
    certificates: Annotated[list[asn1.TLV] | None, asn1.Implicit(0)]
    revocations: Annotated[list[asn1.TLV] | None, asn1.Implicit(1)]
    signers: Annotated[asn1.SetOf[SignerInfo], asn1.Size(1, 1)]


@asn1.sequence
class ContentInfo:
    """ContentInfo (§3) of signed data."""

    kind: ObjectIdentifier
    data: Annotated[SignedData, asn1.Explicit(0)]


def attribute(signer: SignerInfo, kind: ObjectIdentifier) -> asn1.TLV | None:
    """The one value of the one signed attribute of this kind; None when there is none. Raises Malformed for more."""
    found = [item for item in signer.signed_attributes.as_list() if item.kind == kind] if signer.signed_attributes else []
    if not found:
        return None
    values = found[0].values.as_list()
    if len(found) != 1 or len(values) != 1:
        raise Malformed(f"signed attribute {kind.dotted_string} is not there exactly once")
    return values[0]


def verify_signer(data: SignedData, certificate: Certificate) -> None:
    """Check that the holder of `certificate` signed the content (§5.4, §5.6). Raises SignatureInvalid, Malformed."""
    signer = data.signers.as_list()[0]
    if signer.signed_attributes is None:
        raise Malformed("signed data without signed attributes")
    kind, digest = attribute(signer, CONTENT_TYPE), attribute(signer, MESSAGE_DIGEST)
    if kind is None or digest is None:
        raise Malformed("signed data whose attributes name neither content type nor digest")
    digest_hash = hash_of(signer.digest_algorithm)
    try:
        stated_kind, stated_digest = kind.parse(ObjectIdentifier), digest.parse(bytes)
    except ValueError as error:
        raise Malformed("signed data whose content type or digest cannot be read") from error
    content_digest = hashlib.new(digest_hash.name, data.content.content).digest()
    if stated_kind != data.content.kind or not hmac.compare_digest(stated_digest, content_digest):
        raise SignatureInvalid("the content is not the one that was signed")
    _verify(certificate, signer, digest_hash, asn1.encode_der(signer.signed_attributes))


def hash_of(algorithm: AlgorithmIdentifier) -> hashes.HashAlgorithm:
    """The hash function of this identifier. Raises Malformed."""
    kind = HASHES.get(algorithm.oid.dotted_string)
    if kind is None:
        raise Malformed(f"hash algorithm {algorithm.oid.dotted_string} is not supported")
    return kind()


def _verify(certificate: Certificate, signer: SignerInfo, digest_hash: hashes.HashAlgorithm, message: bytes) -> None:
    name, key = signer.signature_algorithm.oid.dotted_string, certificate.public_key()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and name in _ECDSA:
            key.verify(signer.signature, message, ec.ECDSA(_ECDSA[name]()))
        elif isinstance(key, rsa.RSAPublicKey) and (name in _RSA or name == _RSA_PLAIN):
            key.verify(signer.signature, message, padding.PKCS1v15(), _RSA[name]() if name in _RSA else digest_hash)
        elif isinstance(key, ed25519.Ed25519PublicKey) and name == _ED25519:
            key.verify(signer.signature, message)
        else:
            raise Malformed(f"signature algorithm {name} is not supported, or not one of the signer's key")
    except (InvalidSignature, ValueError, UnsupportedAlgorithm) as error:
        raise SignatureInvalid("the signature does not verify under the signer's certificate") from error
