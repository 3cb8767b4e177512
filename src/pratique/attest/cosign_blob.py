"""Signatures of files in the forms that came before bundles. Pure; nothing is verified here.

cosign's own, `cosign sign-blob --bundle` before version 3 (sigstore/cosign, pkg/cosign, LocalSignedPayload): a signature or an
envelope in base64, the signer's certificate or public key, and the entry of Rekor v1 with its promise. And bare DSSE envelopes,
with the certificate inside where the signer put one (slsa-github-generator). Both come to the same value as a bundle.
"""

from dataclasses import replace
from typing import Any

from pratique.attest.bundle import MessageSignature, UnverifiedBundle
from pratique.attest.cosign import CERTIFICATE, REKOR_BUNDLE, bundle_of, parse_attestation
from pratique.attest.dsse import Envelope, parse_envelope
from pratique.attest.members import as_bytes, as_list, as_object, as_text, refuse_unknown, without_breaks
from pratique.attest.strictjson import dump_json, load_json
from pratique.errors import Malformed
from pratique.model.digest import Digest

_MEMBERS = ("base64Signature", "cert", "rekorBundle")


def parse_blob_bundle(data: bytes) -> UnverifiedBundle:
    """Read cosign's older bundle of a file. Raises Malformed, LimitExceeded."""
    members = as_object(load_json(data, what="cosign bundle"), "cosign bundle")
    refuse_unknown(members, _MEMBERS, "cosign bundle")
    signed = as_bytes(without_breaks(as_text(members.get("base64Signature"), "base64Signature")), "base64Signature")
    if not signed:
        raise Malformed("cosign bundle with an empty signature")
    annotations = {}
    if members.get("cert"):
        annotations[CERTIFICATE] = _certificate(as_text(members["cert"], "cert"))
    if members.get("rekorBundle"):
        annotations[REKOR_BUNDLE] = dump_json(members["rekorBundle"]).decode()
    content: Envelope | MessageSignature = MessageSignature(sig=signed)
    if signed[:1] == b"{":  # of `cosign attest-blob`: an envelope in the signature's place
        content = parse_envelope(as_object(load_json(signed, what="envelope"), "envelope"))
        if len(content.signatures) != 1:
            raise Malformed(f"envelope has {len(content.signatures)} signatures, not exactly one")
    return replace(bundle_of(signed, content, annotations), received=data, digest=Digest.of(data))


def parse_bare_envelope(data: bytes) -> UnverifiedBundle:
    """Read a DSSE envelope that stands alone. Raises Malformed, LimitExceeded."""
    members = as_object(load_json(data, what="envelope"), "envelope")
    signatures: list[Any] = as_list(members.get("signatures"), "signatures", limit=64)
    first = as_object(signatures[0], "signatures[0]") if signatures else {}
    certificate = as_text(first.get("cert") or "", "signatures[0].cert")
    return parse_attestation(data, {CERTIFICATE: certificate} if certificate else {})


def _certificate(text: str) -> str:
    """PEM, in base64 or as it is; "" for the public key of a signature without a certificate, which nobody vouches for."""
    if "-----BEGIN" not in text:
        try:
            text = as_bytes(without_breaks(text), "cert").decode("ascii")
        except (Malformed, UnicodeDecodeError) as error:
            raise Malformed("cert of a cosign bundle is not PEM in base64") from error
    return text if "BEGIN CERTIFICATE" in text else ""
