"""A certificate for a fresh key (sigstore/fulcio, fulcio.proto: POST /api/v2/signingCert)."""

import json

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pratique.attest.members import as_bytes, as_list, as_object, as_text, base64_text
from pratique.attest.publickey import PublicKey
from pratique.attest.sigstore.certificate import read_identity
from pratique.attest.strictjson import load_json
from pratique.attest.x509 import parse_certificate
from pratique.errors import Malformed, Unavailable
from pratique.keys.keyless.token import IdentityToken
from pratique.keys.keyless.web import Web

MAX_CHAIN = 10


def request_certificate(url: str, token: IdentityToken, request: bytes, key: PublicKey, web: Web) -> bytes:
    """The certificate, DER, for `key`. `request`: a PKCS #10 request in PEM, by whose signature the key's holder proves to be it;
    over which of a token's claims a bare proof would have to be is for each issuer to say, and not for us to guess.

    Raises AuthenticationRequired when the token is refused, RateLimited, Unavailable.
    """
    members = {"credentials": {"oidcIdentityToken": token.value}, "certificateSigningRequest": base64_text(request)}
    body = web.ask(
        "POST",
        f"{url.rstrip('/')}/api/v2/signingCert",
        what="asking for a certificate",
        headers={"Content-Type": "application/json", "Accept": "application/json"},
        content=json.dumps(members).encode(),
        secrets={token.value},
    )
    try:
        return _read(body, key)
    except Malformed as error:
        raise Unavailable(f"{url} answers something else than a certificate for this key: {error.message}") from error


def _read(body: bytes, key: PublicKey) -> bytes:
    answer = as_object(load_json(body, what="answer", max_size=1024 * 1024), "answer")
    if "signedCertificateEmbeddedSct" not in answer:
        # A timestamp beside the certificate fits into no bundle, so nobody could verify that it was logged.
        raise Malformed("no certificate with its log's timestamp in it")
    chain = as_object(as_object(answer["signedCertificateEmbeddedSct"], "answer").get("chain"), "chain")
    first, *_ = as_list(chain.get("certificates"), "certificates", limit=MAX_CHAIN) or [""]
    lines = as_text(first, "certificates[0]").strip().splitlines()
    if len(lines) < 3 or (lines[0], lines[-1]) != ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"):
        raise Malformed("the certificate is not PEM")
    der = as_bytes("".join(lines[1:-1]), "the certificate")
    certificate = parse_certificate(der)
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if spki != key.spki:
        raise Malformed("the certificate is for another key")
    read_identity(certificate)
    return der
