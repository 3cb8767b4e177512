"""What certificates must be to sign artifacts or timestamps (signature-specification.md, Certificate Requirements). Pure.

An envelope's chain is complete and in order, from the signing certificate to a self-signed root, and every certificate but the
first is a CA's; a chain of one is a self-signed signing certificate. Only basic constraints, key usage and extended key usage
count, as the specification says. Whether anybody trusts the chain, and when it was valid, is not asked here.
"""

from collections.abc import Sequence

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import BasicConstraints, Certificate, ExtendedKeyUsage, KeyUsage
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage

from pratique.attest.notation.algorithms import algorithm_of
from pratique.attest.x509 import extension
from pratique.errors import SignatureInvalid, Untrusted

_HASHES = frozenset(("sha256", "sha384", "sha512"))
_MIN_RSA_BITS = 2048
_FORBIDDEN_USAGES = ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign")
_FORBIDDEN_PURPOSES = frozenset(
    (
        Usage.ANY_EXTENDED_KEY_USAGE,
        Usage.SERVER_AUTH,
        Usage.CLIENT_AUTH,
        Usage.EMAIL_PROTECTION,
        Usage.TIME_STAMPING,
        Usage.OCSP_SIGNING,
    )
)


def check_signing_chain(chain: Sequence[Certificate]) -> None:
    """Return if this is a complete chain to sign artifacts with.

    Raises SignatureInvalid when a certificate is not signed by the next, Untrusted when one is not fit for its place.
    """
    _check_chain(chain, critical_usage=True)
    purposes = extension(chain[0], ExtendedKeyUsage)
    if purposes is not None and not _FORBIDDEN_PURPOSES.isdisjoint(purposes.value):
        raise Untrusted(f"{named(chain[0])} is meant for other things than signing code")


def check_timestamping_chain(chain: Sequence[Certificate]) -> None:
    """Return if this is a complete chain to sign timestamps with. Raises as `check_signing_chain`.

    That the first certificate is for timestamps alone (RFC 3161 §2.3) is not asked here: `verify_timestamp` accepts no other.
    """
    _check_chain(chain, critical_usage=False)


def issued_by(certificate: Certificate, issuer: Certificate) -> bool:
    """Whether `issuer`'s name and key are the ones that signed `certificate`, with a hash that still means something."""
    try:
        certificate.verify_directly_issued_by(issuer)
        hashed = certificate.signature_hash_algorithm
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
        return False
    return hashed is None or hashed.name in _HASHES  # without a hash of its own: Ed25519


def named(certificate: Certificate) -> str:
    """The certificate, for people."""
    return f"the certificate {certificate.subject.rfc4514_string()[:120]!r}"


def _check_chain(chain: Sequence[Certificate], *, critical_usage: bool) -> None:
    _check_issuing(chain)
    _check_leaf(chain[0], critical_usage=critical_usage)
    for below, certificate in enumerate(chain[1:]):
        _check_authority(certificate, below, critical_usage=critical_usage)


def _check_issuing(chain: Sequence[Certificate]) -> None:
    for number, certificate in enumerate(chain[:-1]):
        if issued_by(certificate, certificate):
            raise Untrusted(f"{named(certificate)} is self-signed and not the last of its chain")
        if not issued_by(certificate, chain[number + 1]):
            raise SignatureInvalid(f"{named(certificate)} is not signed by {named(chain[number + 1])}, the next of its chain")
    if not issued_by(chain[-1], chain[-1]):
        raise SignatureInvalid(f"the chain ends with {named(chain[-1])}, which is not self-signed")


def _check_leaf(certificate: Certificate, *, critical_usage: bool) -> None:
    constraints = extension(certificate, BasicConstraints)
    if constraints is not None and constraints.value.ca:
        raise Untrusted(f"{named(certificate)} is a CA's and signs other things than certificates")
    usage = _key_usage(certificate, critical=critical_usage)
    if not usage.digital_signature:
        raise Untrusted(f"{named(certificate)} is not for digital signatures")
    if any(getattr(usage, name) for name in _FORBIDDEN_USAGES):
        raise Untrusted(f"{named(certificate)} is for more than digital signatures")
    algorithm_of(certificate.public_key())


def _check_authority(certificate: Certificate, below: int, *, critical_usage: bool) -> None:
    constraints = extension(certificate, BasicConstraints)
    if constraints is None or not constraints.critical or not constraints.value.ca:
        raise Untrusted(f"{named(certificate)} issued a certificate and is no CA's")
    depth = constraints.value.path_length
    if depth is not None and depth < below:
        raise Untrusted(f"{named(certificate)} may have {depth} CAs below it and has {below}")
    if not _key_usage(certificate, critical=critical_usage).key_cert_sign:
        raise Untrusted(f"{named(certificate)} is not for signing certificates")
    key = certificate.public_key()
    if isinstance(key, RSAPublicKey) and key.key_size < _MIN_RSA_BITS:
        raise Untrusted(f"{named(certificate)} has an RSA key of {key.key_size} bits only")


def _key_usage(certificate: Certificate, *, critical: bool) -> KeyUsage:
    usage = extension(certificate, KeyUsage)
    if usage is None:
        raise Untrusted(f"{named(certificate)} does not say what its key is for")
    if critical and not usage.critical:
        raise Untrusted(f"{named(certificate)} has a key usage that is not critical")
    value: KeyUsage = usage.value
    return value
