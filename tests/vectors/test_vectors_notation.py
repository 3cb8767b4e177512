"""notation's own end-to-end layouts: each signature with its cause."""

import base64
import json

import pytest
from vector_files import VECTORS

from pratique.attest.notation import MEDIA_TYPES, TrustStatement, TrustStores, parse_certificates, parse_envelope, verify
from pratique.attest.timestamp import TimestampAuthority, parse_token, verify_timestamp
from pratique.attest.x509 import CertificateWindow, parse_certificate
from pratique.evidence.collect import collect_from_repository
from pratique.model import Cause
from pratique.registry.layout import open_layout

ROOT = VECTORS / "notation" / "test" / "e2e" / "testdata"
AT = 1_800_000_000
KNOWN = ("e2e", "expired_e2e", "new_e2e")

pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason="the public vectors notation are not here")


def stores(**more):
    found = {f"ca:{name}": (ROOT / "config" / "localkeys" / f"{name}.crt") for name in KNOWN}
    certificates = {name: parse_certificates(path.read_bytes(), path.name) for name, path in found.items()}
    return TrustStores(certificates={**certificates, **more})


def look(layout, *, at=AT, more=None, names=()):
    """Every signature in a layout, with what comes of it."""
    repository = open_layout(ROOT / "registry" / "oci_layout" / layout)
    image = repository.fetch_manifest("v1")
    known = stores(**(more or {}))
    statement = TrustStatement(name="e2e", stores=(*(f"ca:{name}" for name in KNOWN), *names), identities=None)
    outcomes, refused = [], []
    for piece in collect_from_repository(repository, image.digest, announced=known.thumbprints(statement.stores)).pieces:
        if piece.cause is not Cause.NONE or piece.media_type not in MEDIA_TYPES:
            refused.append(piece)
            continue
        data, media_type = piece.data, piece.media_type
        outcome = verify(
            data,
            media_type,
            digest=image.digest,
            size=len(image.data),
            artifact_type=image.media_type,
            statement=statement,
            stores=known,
            at=at,
            answers={},
        )
        outcomes.append((outcome, parse_envelope(data, media_type)))
    return outcomes, refused


def test_an_image_without_signatures_has_none():
    assert look("e2e") == ([], [])


def test_a_valid_signature_is_valid_and_its_signer_named():
    ((outcome, _),), refused = look("e2e-valid-signature")
    assert (outcome.cause, refused) == ("none", [])
    assert (outcome.signed.signer.name, outcome.signed.signer.store) == ("CN=e2e,O=Notary,L=Seattle,ST=WA,C=US", "ca:e2e")


def test_of_several_signatures_the_trusted_one_decides():
    outcomes, refused = look("e2e-valid-multiple-signatures")
    assert [str(outcome.cause) for outcome, _ in outcomes] == ["none", "untrusted"]
    assert refused == []
    # The other, by its own self-signed certificate, held in 2025 while that was valid.
    own = outcomes[1][1].chain
    again, _ = look("e2e-valid-multiple-signatures", at=1_739_780_400, more={"ca:own": own}, names=("ca:own",))
    assert [str(outcome.cause) for outcome, _ in again] == ["none", "none"]


def test_an_expired_signature_is_expired():
    ((outcome, envelope),), _ = look("e2e-expired-signature")
    assert outcome.cause == "expired"
    assert "let it expire at 2023-06-27T05:21:21Z" in outcome.detail
    ((outcome, _),), _ = look("e2e-expired-signature", at=envelope.attributes.expiry - 1)
    assert outcome.cause == "none"


def test_a_signature_by_an_expired_certificate_is_expired():
    ((outcome, envelope),), _ = look("e2e-with-expired-cert")
    assert (outcome.cause, "no longer valid" in outcome.detail) == ("expired", True)
    ((outcome, _),), _ = look("e2e-with-expired-cert", at=envelope.attributes.signing_time)
    assert outcome.cause == "none"


def test_what_is_no_signature_envelope_is_invalid():
    outcomes, (refusal,) = look("e2e-invalid-signature")
    assert outcomes == []
    outcome = verify(
        refusal.data,
        refusal.media_type,
        digest=refusal.digest,
        size=1,
        artifact_type="",
        statement=TrustStatement(name="e2e", identities=None),
        stores=stores(),
        at=AT,
        answers={},
    )
    assert outcome.cause == "invalid" and "no signature envelope" in outcome.detail


def test_a_timestamp_that_is_none_is_invalid():
    ((outcome, envelope),), _ = look("e2e-with-invalid-timestamped-signature")
    assert outcome.cause == "untrusted"
    assert envelope.timestamp == base64.b64decode("aW52YWxpZAo=")
    root = (ROOT / "config" / "localkeys" / "e2e.crt").read_bytes()
    more = {"ca:own": envelope.chain, "tsa:any": parse_certificates(root, "root")}
    ((outcome, _),), _ = look("e2e-with-invalid-timestamped-signature", more=more, names=("ca:own", "tsa:any"))
    assert (outcome.cause, "timestamp" in outcome.detail) == ("invalid", True)


def test_a_timestamped_signature_is_countersigned_when_its_authority_is_trusted():
    ((outcome, envelope),), _ = look("e2e-with-timestamped-signature")
    assert outcome.cause == "untrusted"
    more = {"ca:own": envelope.chain}
    signing_time = envelope.attributes.signing_time
    ((outcome, _),), _ = look("e2e-with-timestamped-signature", at=signing_time, more=more, names=("ca:own",))
    assert outcome.cause == "none"
    assert outcome.target.annotations == {"purpose": "e2e"}
    ((outcome, _),), _ = look("e2e-with-timestamped-signature", more=more, names=("ca:own",))
    assert (outcome.cause, "let it expire" in outcome.detail) == ("expired", True)
    # The authority's root is not among the vectors; its intermediate is in the token, and the time holds up to there.
    token = parse_token(envelope.timestamp)
    offered = [parse_certificate(der) for der in certificates_in(token)]
    authority = next(one for one in offered if "Timestamping CA 2020" in one.subject.rfc4514_string())
    trusted = TimestampAuthority(operator="Microsoft", anchors=(authority,), window=CertificateWindow(start=0))
    assert 0 <= verify_timestamp(token, envelope.signature, [trusted]).at - signing_time <= 2
    # And then so does an anchor that is no root, which the specification does not allow for timestamps.
    from cryptography.hazmat.primitives.serialization import Encoding

    more["tsa:microsoft"] = (authority.public_bytes(Encoding.DER),)
    ((outcome, _),), _ = look("e2e-with-timestamped-signature", at=signing_time, more=more, names=("ca:own", "tsa:microsoft"))
    assert "not self-signed" in outcome.detail


def certificates_in(token):
    from cryptography.hazmat import asn1

    return [bytes(asn1.encode_der(item)) for item in token.data.certificates]


def test_their_annotations_name_the_chains_thumbprints():
    from pratique.registry.notation import SIGNATURE, THUMBPRINTS

    repository = open_layout(ROOT / "registry" / "oci_layout" / "e2e-valid-signature")
    image = repository.fetch_manifest("v1")
    (signature,) = repository.list_referrers(image.digest, SIGNATURE)
    assert set(json.loads(signature.annotations[THUMBPRINTS])) == stores().thumbprints(["ca:e2e"])
