"""A session of keyless signing: one key, one certificate, any number of bundles within the certificate's minutes.

The key is made here, lives in memory and is forgotten. A bundle is given out only when it is whole: certified, stamped, logged,
and verified from its bytes as anybody else will verify them. Whatever fails before that raises, and there is nothing to publish;
an entry that is in the log by then is about a signature that nobody has.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pratique.attest.bundle import MessageSignature, parse_bundle, render_bundle
from pratique.attest.dsse import IN_TOTO, Envelope, EnvelopeSignature, pae
from pratique.attest.publickey import PublicKey
from pratique.attest.sigstore.certificate import read_identity
from pratique.attest.sigstore.rekor import Signing
from pratique.attest.sigstore.trusted_root import TrustedRoot
from pratique.attest.sigstore.verify import ArtifactDigests, Requirements, verify_attestation, verify_message
from pratique.attest.statement import parse_statement
from pratique.attest.x509 import last_second, parse_certificate
from pratique.errors import Expired, InputError, PratiqueError, Unavailable, Violation
from pratique.keys.keyless.fulcio import request_certificate
from pratique.keys.keyless.rekor import log_signature
from pratique.keys.keyless.services import Services
from pratique.keys.keyless.stamp import request_timestamp
from pratique.keys.keyless.token import IdentityToken
from pratique.keys.keyless.web import Web
from pratique.model.signer import WorkloadSigner


class EphemeralSigner:
    """A fresh P-256 key that is nowhere but in this object (the port `pratique.keys.signer.Signer`)."""

    def __init__(self) -> None:
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        self._key = ec.generate_private_key(ec.SECP256R1())
        spki = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self._public_key = PublicKey.from_der(spki)

    @property
    def public_key(self) -> PublicKey:
        """The key that verifies."""
        return self._public_key

    def request(self) -> bytes:
        """A request for a certificate of this key (PKCS #10, PEM), without a name: whose it is, the token says."""
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.serialization import Encoding

        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def sign(self, message: bytes) -> bytes:
        """DER of ECDSA over SHA-256."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec

        return self._key.sign(message, ec.ECDSA(hashes.SHA256()))

    def close(self) -> None:
        """Nothing is open, and the key ends with this object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who may sign for the next minutes. `root`: whom verifiers believe; `clock`: Unix seconds."""

    identity: WorkloadSigner
    certificate: bytes
    expires_at: int
    services: Services
    root: TrustedRoot
    needs: Requirements
    signer: EphemeralSigner = field(repr=False)
    web: Web = field(repr=False)
    clock: Callable[[], float] = field(repr=False)

    def sign_statement(self, payload: bytes) -> bytes:
        """A bundle round an in-toto statement. Raises Malformed for what is none, Expired, Unavailable, RateLimited."""
        parse_statement(payload)
        signature = EnvelopeSignature(sig=self._sign(pae(IN_TOTO, payload)))
        content = Envelope(payload_type=IN_TOTO, payload=payload, signatures=(signature,))
        data = self._finish(content, {})
        self._verified(lambda: verify_attestation(parse_bundle(data), self.root, keys={}, needs=self.needs).signed.signer)
        return data

    def sign_artifact(self, artifact: bytes) -> bytes:
        """A bundle with a bare signature over bytes. Raises as `sign_statement`."""
        known = ArtifactDigests.of(artifact)
        content = MessageSignature(sig=self._sign(artifact), digest=("sha256", known.digests["sha256"]))
        data = self._finish(content, known.digests)
        self._verified(lambda: verify_message(parse_bundle(data), known, self.root, keys={}, needs=self.needs).signer)
        return data

    def _sign(self, message: bytes) -> bytes:
        if self.clock() >= self.expires_at:
            raise Expired("the session's certificate has run out", hint="open another session with a fresh identity token")
        return self.signer.sign(message)

    def _finish(self, content: Envelope | MessageSignature, digests: Mapping[str, bytes]) -> bytes:
        signing = Signing(content=content, key=self.signer.public_key, certificate=self.certificate, digests=digests)
        stamps = [request_timestamp(url, signing.signature, self.web) for url in self.services.stampers]
        entries = [log_signature(rekor, signing, self.web) for rekor in self.services.rekors]
        return render_bundle(content, self.certificate, entries, stamps)

    def _verified(self, verify: Callable[[], object]) -> None:
        try:
            found = verify()
        except (Violation, InputError) as error:
            raise _unsound(error) from error
        if found != self.identity:
            raise Unavailable("the finished bundle is by somebody else than this session")


def open_session(
    token: IdentityToken,
    services: Services,
    *,
    web: Web,
    root: TrustedRoot,
    clock: Callable[[], float],
    needs: Requirements | None = None,
) -> Session:
    """Make a key and have it certified. `root`: nothing is given out that does not verify under it, as `needs` wants it.

    Raises AuthenticationRequired when the token is refused, Unavailable, RateLimited, Malformed.
    """
    signer = EphemeralSigner()
    der = request_certificate(services.fulcio, token, signer.request(), signer.public_key, web)
    certificate = parse_certificate(der)
    identity = read_identity(certificate)
    return Session(
        identity=identity,
        certificate=der,
        expires_at=last_second(certificate),
        services=services,
        root=root,
        needs=needs or Requirements(),
        signer=signer,
        web=web,
        clock=clock,
    )


def _unsound(error: PratiqueError) -> Unavailable:
    return Unavailable(
        f"the services' answers make no bundle that would verify: {error.message}",
        hint="do the services and the trusted root belong to each other?",
    )
