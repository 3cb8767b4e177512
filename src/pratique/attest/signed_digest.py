"""By which digest a revocation names what a file of evidence says: that of the bytes that were signed, in every form. Pure.

Never that of the file: whoever keeps it can write it anew (another indent, another unsigned header, a comment) and the signature
in it still verifies.
"""

from pratique.attest.bundle import MessageSignature, UnverifiedBundle, parse_bundle
from pratique.attest.bundle_files import PartKind, looks_like_json, split_bundles
from pratique.errors import Malformed
from pratique.model.digest import Digest

_BARE_HINT = "name the SHA-256 digest of the file that it signs"
_CLEAR_SIGNED = b"-----BEGIN PGP SIGNED MESSAGE"
_COSE_SIGN1 = b"\xd2"  # tag 18 (RFC 9052 §4.2)


def signed_digest(data: bytes) -> Digest:
    """The SHA-256 digest of what is signed in this file; nothing is verified.

    Read are Sigstore bundles, DSSE envelopes, cosign's bundles and payloads, notation's envelopes, annotated manifests and Helm's
    provenance. Raises Malformed, LimitExceeded; so too for bare signatures, which do not say what they sign.
    """
    if data.startswith(_CLEAR_SIGNED):
        from pratique.attest.openpgp import parse_clear_signed

        return Digest.of(parse_clear_signed(data).text)
    if data.startswith(_COSE_SIGN1):
        from pratique.attest.notation.cose import parse_cose

        return Digest.of(parse_cose(data).payload)
    if looks_like_json(data):
        return _of_json(data)
    from pratique.attest.yaml_annotation import mentions_signature, signed_together

    if mentions_signature(data):
        return _of_bundle(signed_together(data))
    raise Malformed("no bundle, envelope or annotated manifest, and a bare signature does not say what it signs", hint=_BARE_HINT)


def _of_json(data: bytes) -> Digest:
    parts = split_bundles(data)
    if len(parts) > 1:
        raise Malformed(f"{len(parts)} bundles in one file", hint="write the one that is meant into a file of its own")
    match parts[0].kind:
        case PartKind.BUNDLE:
            return _of_bundle(parse_bundle(parts[0].data))
        case PartKind.ENVELOPE:
            from pratique.attest.cosign_blob import parse_bare_envelope

            return _of_bundle(parse_bare_envelope(parts[0].data))
        case PartKind.COSIGN:
            from pratique.attest.cosign_blob import parse_blob_bundle

            return _of_bundle(parse_blob_bundle(parts[0].data))
    if b'"critical"' in data:
        from pratique.attest.cosign import parse_payload

        parse_payload(data)
        return Digest.of(data)  # these bytes are what cosign signs
    from pratique.attest.notation.jws import parse_jws

    return Digest.of(parse_jws(data).payload)


def _of_bundle(bundle: UnverifiedBundle) -> Digest:
    if not isinstance(bundle.content, MessageSignature):
        return Digest.of(bundle.content.payload)
    name, value = bundle.content.digest or ("", b"")
    if name != "sha256":
        raise Malformed("a signature of a file, of which it does not say the SHA-256 digest", hint=_BARE_HINT)
    return Digest.parse(f"sha256:{value.hex()}")
