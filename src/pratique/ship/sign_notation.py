"""Sign images as the Notary Project does: an envelope with the signer's chain of certificates, attached as a referrer.

All are signed before one is attached. Such signatures are in no log: when they were made, a timestamp tells, or nobody.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pratique.attest.notation import TargetArtifact as NotationTarget
from pratique.attest.notation import countersign, parse_envelope, sign
from pratique.attest.notation.algorithms import algorithm_of
from pratique.attest.timestamp import token_in
from pratique.attest.x509 import parse_certificate
from pratique.errors import InputError
from pratique.registry.notation import attach_signature

if TYPE_CHECKING:
    from pratique.keys.signer import Signer
    from pratique.registry.types import Descriptor
    from pratique.ship.sign import SigningTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class NotationPublished:
    """A signature, and where it is."""

    target: "SigningTarget"
    place: str


def sign_notation(
    targets: "Sequence[SigningTarget]",
    *,
    signer: "Signer",
    chain: Sequence[bytes],
    media_type: str,
    at: int,
    stamp: Callable[[bytes], bytes] | None,
) -> list[NotationPublished]:
    """Sign each image and attach the signature. `chain`: DER, the signing certificate first; `at`: Unix seconds; `stamp`: asks a
    timestamp authority about a signature.

    Raises InputError for what is in no registry or layout, and as `attest.notation.sign` does, before anything is attached.
    """
    _check_key(signer, chain[0])
    made = [(target, _signed(target, _descriptor(target), signer, chain, media_type, at, stamp)) for target in targets]
    out = []
    for target, data in made:
        subject = _descriptor(target)
        assert target.repository is not None  # noqa: S101  (or it had no descriptor)
        pushed = attach_signature(target.repository, subject=subject, data=data, media_type=media_type, created=at)
        out.append(NotationPublished(target=target, place=f"{target.repository.name}@{pushed.digest}"))
    return out


def signing_algorithm(certificate: bytes) -> str | None:
    """What an RSA key signs with in notation: PSS, and a hash by the key's size (signature-specification.md, Algorithm
    Selection).

    `certificate`: DER. None for keys that leave no choice. Raises Malformed, Untrusted for keys that notation does not allow.
    """
    chosen = algorithm_of(parse_certificate(certificate, "the signing certificate").public_key())
    if chosen.kind != "rsa":
        return None
    return f"rsa-pss-{chosen.bits}" + ("" if chosen.hash_name == "sha256" else f"-{chosen.hash_name}")


def _check_key(signer: "Signer", certificate: bytes) -> None:
    """What signs is the certificate's key: anything else would only be found out by the signature, or by nobody."""
    key = parse_certificate(certificate, "the signing certificate").public_key()
    if key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != signer.public_key.spki:
        hint = "the chain begins with the certificate of --key"
        raise InputError("the key is not the one in the signing certificate", hint=hint)


def _descriptor(target: "SigningTarget") -> "Descriptor":
    if target.repository is None or target.descriptor is None:
        hint = "notation's signatures are attached: sign it in another form"
        raise InputError(f"{target.name or target.digest} is in no registry or layout", hint=hint)
    return target.descriptor


def _signed(
    target: "SigningTarget",
    subject: "Descriptor",
    signer: "Signer",
    chain: Sequence[bytes],
    media_type: str,
    at: int,
    stamp: Callable[[bytes], bytes] | None,
) -> bytes:
    about = NotationTarget(media_type=subject.media_type, digest=target.digest, size=subject.size, annotations={})
    data = sign(about, sign=signer.sign, chain=chain, at=at, media_type=media_type, agent="pratique")
    if stamp is None:
        return data
    return countersign(data, media_type, token_in(stamp(parse_envelope(data, media_type).signature)))
