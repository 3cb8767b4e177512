import base64
import hashlib
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from world import ISSUER, NOW, SUBJECT, World, b64, pem, stamp

from pratique.attest import cosign
from pratique.attest.cosign import SimpleSigning, parse_attestation, parse_payload, parse_signature, render_payload
from pratique.attest.dsse import IN_TOTO, Envelope, EnvelopeSignature, pae
from pratique.attest.publickey import PublicKey
from pratique.attest.sigstore.trusted_root import TrustedRoot, parse_trusted_root
from pratique.attest.statement import StatementSubject, render_statement
from pratique.errors import (
    DigestMismatch,
    LimitExceeded,
    Malformed,
    PratiqueError,
    ProofInvalid,
    SignatureInvalid,
    Untrusted,
)
from pratique.model.digest import Digest
from pratique.model.signer import KeySigner, WorkloadSigner

DATA = Path(__file__).resolve().parents[2] / "data" / "cosign"
PUBLIC = parse_trusted_root((DATA / "trusted_root.json").read_bytes())
IMAGE = Digest.of(b"image")
NOBODY = TrustedRoot()


def key_in(name):
    return PublicKey.from_pem((DATA / name).read_bytes())


KEYS = {key.keyid: key for key in (key_in("key.pub"), key_in("key-rekor.pub"))}


def layer(name):
    made = json.loads((DATA / f"{name}.json").read_text())
    return base64.b64decode(made["payload"]), made["annotations"]


def signed_by(party, image=IMAGE, **optional):
    payload = render_payload(SimpleSigning(image=image, reference="registry.example/app", optional=optional))
    return payload, cosign.signature_annotations(party.sign(payload))


def keys(*parties):
    return {party.key.keyid: party.key for party in parties}


# --- what cosign itself made


@pytest.mark.parametrize("name", ["key", "skopeo", "key-rekor", "fulcio-rekor"])
def test_what_cosign_and_skopeo_signed_verifies_and_is_spelled_as_we_spell_it(name):
    payload, annotations = layer(name)
    claim = parse_payload(payload)
    found, signed = cosign.verify_signature(parse_signature(payload, annotations), claim.image, PUBLIC, keys=KEYS)
    assert found == claim
    assert render_payload(claim) == payload
    if name == "fulcio-rekor":
        assert signed.signer == WorkloadSigner(issuer="https://github.com/login/oauth", subject="mitr@redhat.com")
    else:
        assert isinstance(signed.signer, KeySigner)
    assert [place.index for place in signed.places] == {"key-rekor": [11608800], "fulcio-rekor": [11605770]}.get(name, [])


@pytest.mark.parametrize("name", ["key", "key-rekor", "fulcio-rekor"])
@given(where=st.sampled_from(["payload", "dev.cosignproject.cosign/signature"]), at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_any_flipped_bit_of_what_was_signed_or_of_the_signature_fails(name, where, at, bit):
    payload, annotations = layer(name)
    image = parse_payload(payload).image
    if where == "payload":
        changed = bytearray(payload)
    else:
        changed = bytearray(base64.b64decode(annotations[where]))
    changed[at % len(changed)] ^= 1 << bit
    if where == "payload":
        payload = bytes(changed)
    else:
        annotations = {**annotations, where: b64(bytes(changed))}
    with pytest.raises((SignatureInvalid, ProofInvalid)):
        cosign.verify_signature(parse_signature(payload, annotations), image, PUBLIC, keys=KEYS)


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_any_flipped_bit_of_a_keyless_signatures_evidence_fails(at, bit):
    payload, annotations = layer("fulcio-rekor")
    names = ("dev.sigstore.cosign/bundle", "dev.sigstore.cosign/certificate")
    name = names[at % 2]
    changed = bytearray(annotations[name].encode())
    changed[at % len(changed)] ^= 1 << bit
    if bytes(changed).decode("latin-1").split() == annotations[name].split():
        return  # white space between lines of PEM says nothing
    changed_text = bytes(changed).decode("latin-1")
    try:
        signature = parse_signature(payload, {**annotations, name: changed_text})
        original = parse_signature(payload, annotations)
        if (signature.certificates, signature.log_entries) == (original.certificates, original.log_entries):
            return  # spelled otherwise, the same evidence
        cosign.verify_signature(signature, parse_payload(payload).image, PUBLIC, keys=KEYS)
    except PratiqueError:
        return
    pytest.fail(f"{name} may be altered at {at % len(changed)}")


def test_a_keyless_signature_of_an_unknown_authority_is_untrusted():
    payload, annotations = layer("fulcio-rekor")
    with pytest.raises(Untrusted):
        cosign.verify_signature(parse_signature(payload, annotations), parse_payload(payload).image, NOBODY, keys=KEYS)


def test_a_keyless_signature_without_its_log_entry_proves_no_time_and_is_refused():
    payload, annotations = layer("fulcio-rekor")
    bare = {name: text for name, text in annotations.items() if name != cosign.REKOR_BUNDLE}
    with pytest.raises(Untrusted):
        cosign.verify_signature(parse_signature(payload, bare), parse_payload(payload).image, PUBLIC, keys=KEYS)


def test_the_log_entry_of_another_signature_is_refused():
    payload, annotations = layer("key-rekor")
    other = layer("fulcio-rekor")[1][cosign.REKOR_BUNDLE]
    swapped = parse_signature(payload, {**annotations, cosign.REKOR_BUNDLE: other})
    with pytest.raises(ProofInvalid):
        cosign.verify_signature(swapped, parse_payload(payload).image, PUBLIC, keys=KEYS)


def test_a_certificate_beside_a_believed_keys_signature_takes_nothing_from_it_and_vouches_for_no_other():
    """`cosign sign --key K --certificate C`: under --key, the key is what is believed, whatever stands beside."""
    payload, annotations = layer("key-rekor")
    certificate = layer("fulcio-rekor")[1][cosign.CERTIFICATE]
    beside = parse_signature(payload, {**annotations, cosign.CERTIFICATE: certificate})
    image = parse_payload(payload).image
    _, signed = cosign.verify_signature(beside, image, PUBLIC, keys=KEYS)
    assert isinstance(signed.signer, KeySigner)
    with pytest.raises(PratiqueError):
        cosign.verify_signature(beside, image, PUBLIC, keys={})
    with pytest.raises(DigestMismatch):
        cosign.verify_signature(beside, Digest.of(b"another"), PUBLIC, keys=KEYS)


def test_a_signature_whose_base64_has_line_breaks_is_the_same_signature():
    payload, annotations = layer("key-rekor")
    text = annotations[cosign.SIGNATURE]
    for broken in (text + "\n", text + "\r\n", text[:40] + "\n" + text[40:]):
        layered = parse_signature(payload, {**annotations, cosign.SIGNATURE: broken})
        assert cosign.verify_signature(layered, parse_payload(payload).image, PUBLIC, keys=KEYS)


# --- our own


@pytest.mark.parametrize("name", ["ed25519", "p256"])
def test_our_own_signatures_verify(parties, name):
    party = getattr(parties, name)
    signature = parse_signature(*signed_by(party, note="x"))
    claim, signed = cosign.verify_signature(signature, IMAGE, NOBODY, keys=keys(parties.other, party))
    assert signed.signer == KeySigner(keyid=party.key.keyid)
    assert (claim.reference, claim.optional) == ("registry.example/app", {"note": "x"})


def test_a_signature_of_another_image_is_a_mismatch_however_good_it_is(parties):
    signature = parse_signature(*signed_by(parties.p256, image=Digest.of(b"another")))
    with pytest.raises(DigestMismatch):
        cosign.verify_signature(signature, IMAGE, NOBODY, keys=keys(parties.p256))


def test_a_signature_of_nobody_we_know_is_not_accepted(parties):
    signature = parse_signature(*signed_by(parties.p256))
    with pytest.raises(SignatureInvalid):
        cosign.verify_signature(signature, IMAGE, NOBODY, keys=keys(parties.ed25519))
    with pytest.raises(Untrusted):
        cosign.verify_signature(signature, IMAGE, NOBODY, keys={})


def test_more_keys_than_are_tried_are_refused_and_not_cut(parties):
    signature = parse_signature(*signed_by(parties.p256))
    with pytest.raises(LimitExceeded):
        cosign.verify_signature(signature, IMAGE, NOBODY, keys={str(number): parties.p256.key for number in range(65)})


@pytest.mark.parametrize(
    "change",
    [
        lambda payload: payload.replace(b"critical", b"Critical"),
        lambda payload: payload.replace(b"docker-manifest-digest", b"Docker-manifest-digest"),
        lambda payload: payload.replace(b"cosign container", b"atomic container"),
        lambda payload: payload.replace(b'"optional":null', b'"optional":null,"optional":null'),
        lambda payload: payload.replace(b'{"critical"', b'{"more":1,"critical"'),
        lambda payload: payload + b"{}",
        lambda payload: payload.replace(b"sha256:", b"SHA256:"),
        lambda payload: b"[]",
    ],
)
def test_a_payload_that_could_be_read_in_two_ways_is_malformed_even_when_signed(parties, change):
    payload = change(signed_by(parties.p256)[0])
    signature = parse_signature(payload, cosign.signature_annotations(parties.p256.sign(payload)))
    with pytest.raises(Malformed):
        cosign.verify_signature(signature, IMAGE, NOBODY, keys=keys(parties.p256))


def attestation(party, image=IMAGE):
    payload = render_statement(
        subjects=[StatementSubject.of("app", image)], predicate_type="https://example.org/claim/v1", predicate={"x": "é"}
    )
    return cosign.render_attestation(party.envelope(payload)), cosign.attestation_annotations("https://example.org/claim/v1")


def test_our_own_attestations_verify_and_one_of_another_image_does_not(parties):
    data, annotations = attestation(parties.ed25519)
    found = cosign.verify_attestation(parse_attestation(data, annotations), IMAGE, NOBODY, keys=keys(parties.ed25519))
    assert found.statement().predicate == {"x": "é"}
    with pytest.raises(DigestMismatch):
        cosign.verify_attestation(parse_attestation(data, annotations), Digest.of(b"another"), NOBODY, keys=keys(parties.ed25519))


def test_an_attestation_with_several_signatures_is_malformed(parties):
    data, annotations = attestation(parties.ed25519)
    document = json.loads(data)
    document["signatures"] *= 2
    with pytest.raises(Malformed):
        parse_attestation(json.dumps(document).encode(), annotations)


def test_a_payload_that_is_no_statement_is_malformed(parties):
    data = cosign.render_attestation(parties.ed25519.envelope(b"{}", "text/plain"))
    with pytest.raises(Malformed):
        cosign.verify_attestation(parse_attestation(data, {}), IMAGE, NOBODY, keys=keys(parties.ed25519))


def test_a_timestamp_of_an_attestation_is_about_its_envelope_and_one_of_a_signature_about_the_signature(parties):
    world = World()
    root = parse_trusted_root(json.dumps(world.trusted_root()).encode())
    data, annotations = attestation(parties.p256)
    good = {"SignedRFC3161Timestamp": b64(stamp(world.stamper, data, NOW))}
    stamped = parse_attestation(data, {**annotations, cosign.TIMESTAMP: json.dumps(good)})
    found = cosign.verify_attestation(stamped, IMAGE, root, keys=keys(parties.p256))
    assert [time.at for time in found.signed.times] == [NOW]
    payload, annotations = signed_by(parties.p256)
    raw = base64.b64decode(annotations[cosign.SIGNATURE])
    signature = parse_signature(payload, cosign.signature_annotations(raw, [stamp(world.stamper, raw, NOW)]))
    _, signed = cosign.verify_signature(signature, IMAGE, root, keys=keys(parties.p256))
    assert [time.at for time in signed.times] == [NOW]
    other = {"SignedRFC3161Timestamp": b64(stamp(world.stamper, payload, NOW))}
    with pytest.raises(PratiqueError):
        cosign.verify_signature(
            parse_signature(payload, {**annotations, cosign.TIMESTAMP: json.dumps(other)}), IMAGE, root, keys=keys(parties.p256)
        )


# --- attestations of cosign 1: keyless, and logged as intoto 0.0.1


def rekor_bundle(entry):
    """An entry's promise as cosign writes it beside a signature."""
    log_id = base64.b64decode(entry["logId"]["keyId"]).hex()
    numbers = {"integratedTime": int(entry["integratedTime"]), "logIndex": int(entry["logIndex"])}
    payload = {"body": entry["canonicalizedBody"], "logID": log_id, **numbers}
    return json.dumps({"SignedEntryTimestamp": entry["inclusionPromise"]["signedEntryTimestamp"], "Payload": payload})


class Keyless:
    """An attestation by a workload, and everything beside it."""

    def __init__(self):
        self.world = World()
        self.root = parse_trusted_root(json.dumps(self.world.trusted_root()).encode())
        self.party = self.world.certificate()
        payload = render_statement(
            subjects=[StatementSubject.of("app", IMAGE)], predicate_type="https://example.org/claim/v1", predicate={}
        )
        sig = self.party.key.sign(pae(IN_TOTO, payload), ec.ECDSA(hashes.SHA256()))
        envelope = Envelope(payload_type=IN_TOTO, payload=payload, signatures=(EnvelopeSignature(sig=sig),))
        self.data = cosign.render_attestation(envelope)
        self.pem = pem("CERTIFICATE", self.party.der)
        self.payload = payload

    def spec(self, **changes):
        content = {
            "hash": {"algorithm": "sha256", "value": hashlib.sha256(self.data).hexdigest()},
            "payloadHash": {"algorithm": "sha256", "value": hashlib.sha256(self.payload).hexdigest()},
        } | changes
        content = {name: value for name, value in content.items() if value is not None}
        return {"content": content, "publicKey": b64(self.pem)}

    def verify(self, spec, data=None):
        entry = self.world.rekor1.entry("intoto", "0.0.1", spec, NOW)
        chain = "".join(pem("CERTIFICATE", party.der).decode() for party in (self.world.middle, self.world.ca))
        annotations = {
            **cosign.attestation_annotations("https://example.org/claim/v1"),
            cosign.CERTIFICATE: self.pem.decode(),
            cosign.CHAIN: chain,
            cosign.REKOR_BUNDLE: rekor_bundle(entry),
        }
        return cosign.verify_attestation(parse_attestation(data or self.data, annotations), IMAGE, self.root, keys={})


@pytest.fixture(scope="module")
def keyless():
    return Keyless()


def test_a_keyless_attestation_in_an_older_entry_is_verified_with_its_time(keyless):
    for spec in (keyless.spec(), keyless.spec(payloadHash=None)):
        found = keyless.verify(spec)
        assert found.signed.signer == WorkloadSigner(issuer=ISSUER, subject=SUBJECT)
        assert [time.at for time in found.signed.times] == [NOW]


def test_an_older_entry_about_another_envelope_payload_or_signer_is_refused(keyless):
    other = {"algorithm": "sha256", "value": "00" * 32}
    for spec in (
        keyless.spec(hash=other),
        keyless.spec(payloadHash=other),
        keyless.spec(hash={"algorithm": "sha512", "value": hashlib.sha512(keyless.data).hexdigest()}),
        keyless.spec(hash=None),
        keyless.spec() | {"publicKey": b64(pem("CERTIFICATE", keyless.world.certificate().der))},
    ):
        with pytest.raises(ProofInvalid):
            keyless.verify(spec)
    with pytest.raises(ProofInvalid):  # the same envelope, spelled otherwise than it was logged
        keyless.verify(keyless.spec(), keyless.data.replace(b'":"', b'": "', 1))


# --- hostile


@pytest.mark.parametrize(
    "annotations",
    [
        {},
        {cosign.SIGNATURE: ""},
        {cosign.SIGNATURE: "AA"},
        {cosign.SIGNATURE: "AA AA"},
        {cosign.SIGNATURE: "AAAA", cosign.REKOR_BUNDLE: "{}"},
        {cosign.SIGNATURE: "AAAA", cosign.REKOR_BUNDLE: "[" * 5000},
        {cosign.SIGNATURE: "AAAA", cosign.REKOR_BUNDLE: "\ud800"},
        {cosign.SIGNATURE: "AAAA", cosign.CERTIFICATE: "no PEM"},
        {cosign.SIGNATURE: "AAAA", cosign.CHAIN: "no PEM"},
        {cosign.SIGNATURE: "AAAA", cosign.TIMESTAMP: '{"SignedRFC3161Timestamp": 5}'},
        {cosign.SIGNATURE: "AAAA", cosign.CERTIFICATE: "A" * (cosign.MAX_ANNOTATION_SIZE + 1)},
    ],
)
def test_hostile_annotations_are_malformed(annotations):
    with pytest.raises(Malformed):
        parse_signature(b"{}", annotations)


def test_a_huge_payload_is_refused_before_it_is_read(parties):
    with pytest.raises(LimitExceeded):
        parse_signature(b" " * (cosign.MAX_PAYLOAD_SIZE + 1), {cosign.SIGNATURE: "AAAA"})


def test_a_chain_without_its_certificate_is_malformed():
    _, annotations = layer("fulcio-rekor")
    with pytest.raises(Malformed, match="without the certificate"):
        parse_signature(b"{}", {cosign.SIGNATURE: "AAAA", cosign.CHAIN: annotations[cosign.CHAIN]})


def test_more_certificates_than_a_chain_has_are_refused():
    _, annotations = layer("fulcio-rekor")
    many = annotations[cosign.CERTIFICATE] * 20
    with pytest.raises(Malformed):
        parse_signature(b"{}", {cosign.SIGNATURE: "AAAA", cosign.CERTIFICATE: many})
