"""Evidence about files in every form that signers leave: found, split, verified, and refused where it is another's."""

import base64
import dataclasses
import hashlib
import json

import pytest
import world
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from pratique.attest.bundle import MessageSignature, render_bundle
from pratique.attest.bundle_files import MAX_PARTS, PartKind, split_bundles
from pratique.attest.detached import sign_digest
from pratique.attest.dsse import IN_TOTO, Envelope, EnvelopeSignature, pae, render_envelope
from pratique.attest.statement import StatementSubject, render_statement
from pratique.attest.strictjson import dump_json
from pratique.errors import LimitExceeded, Malformed
from pratique.evidence.claims import Rejected, VerifiedClaim
from pratique.evidence.collected import EvidenceForm
from pratique.evidence.sidecars import collect_bundle_files, collect_sidecars, content_of
from pratique.evidence.trust_anchors import anchors_of_keys
from pratique.evidence.verify import verify_piece
from pratique.keys.file import FileSigner, new_private_key
from pratique.keys.signer import sign_statement
from pratique.model import Cause, Digest
from pratique.registry.types import Descriptor

DATA = b"a release\n"
KEY = FileSigner(world.KEYS["p256"])
STRANGER = FileSigner(new_private_key("ecdsa-p256"))
TRUST = anchors_of_keys([("team", [KEY.public_key])], ())
CLAIM = "https://example.org/claim/v1"


def statement(**digests):
    digests = digests or {"sha256": hashlib.sha256(DATA).hexdigest()}
    return render_statement(
        subjects=[StatementSubject(name="release", digest=digests)], predicate_type=CLAIM, predicate={"good": True}
    )


def bundle(signer=KEY, payload=None):
    return render_bundle(sign_statement(signer, payload or statement()), signer.public_key)


def message(signer=KEY, data=DATA):
    return render_bundle(MessageSignature(sig=signer.sign(data), digest=sign_digest(signer.public_key, data)), signer.public_key)


def envelope(signer=KEY):
    return dump_json(render_envelope(sign_statement(signer, statement())))


def cosigns(signer=KEY, data=DATA, **more):
    return json.dumps({"base64Signature": base64.b64encode(signer.sign(data)).decode(), **more}).encode()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "release.tar"
    path.write_bytes(DATA)
    return path


def claims(file, pieces, anchors=TRUST, *, content=True):
    about = Descriptor(media_type="application/octet-stream", digest=Digest.of(DATA), size=0)
    known = content_of(file) if content else None
    return [verify_piece(piece, about, anchors, now=world.NOW, answers={}, content=known) for piece in pieces]


@pytest.mark.parametrize("suffix", [".sigstore.json", ".sigstore", ".bundle", ".intoto.jsonl", ".sigstore.jsonl"])
@pytest.mark.parametrize("make", [bundle, message, envelope, cosigns])
def test_whatever_form_stands_beside_a_file_under_whatever_name_is_found_and_verified(file, suffix, make):
    file.with_name(file.name + suffix).write_bytes(make())
    (piece,) = collect_sidecars(file).pieces
    (claim,) = claims(file, [piece])
    assert isinstance(claim, VerifiedClaim), claim
    assert Digest.of(DATA) in claim.subjects
    file.with_name(file.name + suffix).write_bytes(make(STRANGER))
    (refused,) = claims(file, collect_sidecars(file).pieces)
    assert isinstance(refused, Rejected)
    assert refused.cause in (Cause.UNTRUSTED, Cause.INVALID)


@pytest.mark.parametrize("make", [bundle, message, envelope, cosigns])
def test_what_is_about_another_file_is_no_evidence_about_this_one(file, make):
    other = file.with_name("other.tar")
    other.write_bytes(b"another release\n")
    other.with_name(other.name + ".bundle").write_bytes(make())
    about = Descriptor(media_type="application/octet-stream", digest=Digest.of(b"another release\n"), size=0)
    (piece,) = collect_sidecars(other).pieces
    claim = verify_piece(piece, about, TRUST, now=world.NOW, answers={}, content=content_of(other))
    assert isinstance(claim, Rejected) or about.digest not in claim.subjects


@pytest.mark.parametrize(
    "wrap",
    [
        lambda one, two: one + b"\n" + two + b"\n",
        lambda one, two: one + b"\r\n\r\n" + two,
        lambda one, two: b"[" + one + b"," + two + b"]",
        lambda one, two: b'{"attestations": [{"predicateType": "x", "bundle": ' + one + b'}, {"bundle": ' + two + b"}]}",
    ],
)
def test_several_in_one_file_are_each_a_piece_and_a_strangers_takes_nothing_from_the_others(file, wrap):
    path = file.with_name("attestations.jsonl")
    path.write_bytes(wrap(bundle(STRANGER), bundle()))
    pieces = collect_bundle_files([path]).pieces
    assert [piece.data for piece in pieces][1] == bundle() or len(pieces) == 2
    first, second = claims(file, pieces)
    assert isinstance(first, Rejected)
    assert isinstance(second, VerifiedClaim)
    assert "number 1" in pieces[0].where


def test_the_parts_of_a_file_keep_their_bytes_and_are_told_apart_by_what_only_they_have():
    parts = split_bundles(b"[" + b" , ".join([bundle_bytes := bundle(), envelope(), cosigns(), b'{"other": 1}']) + b"]")
    assert [part.kind for part in parts] == [PartKind.BUNDLE, PartKind.ENVELOPE, PartKind.COSIGN, PartKind.UNKNOWN]
    assert parts[0].data == bundle_bytes
    pretty = json.dumps(json.loads(bundle_bytes), indent=2).encode()
    assert [part.data for part in split_bundles(pretty)] == [pretty]


@pytest.mark.parametrize("data", [b"", b"\n", b"[]", b'{"attestations": []}', b"nonsense", b"{", b"[" * 5000, b"\xff\xfe", b"1"])
def test_a_file_without_a_bundle_is_one_error(data):
    with pytest.raises(Malformed):
        split_bundles(data)


def test_thousands_of_bundles_in_one_file_are_refused():
    with pytest.raises(LimitExceeded):
        split_bundles(b"{}\n" * (MAX_PARTS + 1))


def test_what_only_has_the_name_of_a_bundle_is_passed_over_and_what_should_be_one_is_not(file):
    beside = file.with_name(file.name + ".bundle")
    beside.write_bytes(b"# v2 git bundle\n")
    assert collect_sidecars(file).pieces == ()
    beside.rename(file.with_name(file.name + ".sigstore"))
    (piece,) = collect_sidecars(file).pieces
    assert piece.cause is Cause.INVALID


def test_a_named_file_may_be_a_bare_signature_too(file):
    path = file.with_name("mail.txt")
    path.write_bytes(base64.encodebytes(KEY.sign(DATA)))
    (piece,) = collect_bundle_files([path]).pieces
    assert piece.form is EvidenceForm.RAW
    (claim,) = claims(file, [piece])
    assert isinstance(claim, VerifiedClaim)


DIGESTS = {
    "sha512": hashlib.sha512(DATA).hexdigest(),
    "sha384": hashlib.sha384(DATA).hexdigest(),
    "sha3_256": hashlib.sha3_256(DATA).hexdigest(),
    "blake2b": hashlib.blake2b(DATA).hexdigest(),
    "gitBlob": hashlib.sha256(b"blob %d\0" % len(DATA) + DATA).hexdigest(),
}
WEAK = {
    "sha1": hashlib.sha1(DATA).hexdigest(),
    "md5": hashlib.md5(DATA).hexdigest(),
    "gitBlob": hashlib.sha1(b"blob %d\0" % len(DATA) + DATA).hexdigest(),
    "gitCommit": hashlib.sha256(DATA).hexdigest(),
    "sha224": hashlib.sha224(DATA).hexdigest(),
}


def found(file, **digests):
    file.with_name(file.name + ".sigstore.json").write_bytes(bundle(payload=statement(**digests)))
    (claim,) = claims(file, collect_sidecars(file).pieces)
    assert isinstance(claim, VerifiedClaim)
    return Digest.of(DATA) in claim.subjects


@pytest.mark.parametrize("name", DIGESTS)
def test_a_file_is_recognised_by_any_strong_digest_as_npm_names_its_packages(file, name):
    assert found(file, **{name: DIGESTS[name]})
    assert found(file, **WEAK | {name: DIGESTS[name]})
    wrong = hashlib.new("sha256" if name == "gitBlob" else name, b"another").hexdigest()
    assert not found(file, **{name: wrong})


@pytest.mark.parametrize("name", WEAK)
def test_a_weak_digest_or_a_commit_alone_is_never_the_file(file, name):
    assert not found(file, **{name: WEAK[name]})


def test_a_subject_whose_digests_are_of_two_files_is_neither(file):
    other = hashlib.sha512(b"another").hexdigest()
    assert not found(file, sha256=hashlib.sha256(DATA).hexdigest(), sha512=other)
    assert not found(file, sha256=hashlib.sha256(b"another").hexdigest(), sha512=DIGESTS["sha512"])
    assert found(file, sha256=hashlib.sha256(DATA).hexdigest(), sha512=DIGESTS["sha512"], dirHash="h1:abc=")


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP521R1()])
def test_a_key_of_a_larger_curve_with_the_hash_of_older_clients_is_verified(file, curve):
    private = ec.generate_private_key(curve)
    key = FileSigner(private).public_key
    anchors = anchors_of_keys([("team", [key])], ())
    sig = private.sign(pae(IN_TOTO, statement()), ec.ECDSA(hashes.SHA256()))
    old = Envelope(payload_type=IN_TOTO, payload=statement(), signatures=(EnvelopeSignature(sig=sig),))
    place = file.with_name(file.name + ".sigstore.json")
    place.write_bytes(render_bundle(old, key))
    assert isinstance(claims(file, collect_sidecars(file).pieces, anchors)[0], VerifiedClaim)
    weak = private.sign(pae(IN_TOTO, statement()), ec.ECDSA(hashes.SHA1()))  # noqa: S303
    place.write_bytes(render_bundle(dataclasses.replace(old, signatures=(EnvelopeSignature(sig=weak),)), key))
    assert isinstance(claims(file, collect_sidecars(file).pieces, anchors)[0], Rejected)


def test_an_envelope_inside_of_cosigns_older_bundle_is_a_statement(file):
    """`cosign attest-blob --bundle` before version 3."""
    file.with_name(file.name + ".bundle").write_bytes(
        json.dumps({"base64Signature": base64.b64encode(envelope()).decode()}).encode()
    )
    (claim,) = claims(file, collect_sidecars(file).pieces)
    assert isinstance(claim, VerifiedClaim)
    assert claim.predicate_type == CLAIM


def test_a_certificate_beside_a_keys_signature_in_cosigns_older_bundle_vouches_for_nobody(file):
    """`cosign sign-blob --key` writes its public key, or a certificate, into `cert`."""
    certificate = world.World().certificate()
    pem = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(certificate.der) + b"-----END CERTIFICATE-----\n"
    for cert in (pem, KEY.public_key.pem):
        beside = cosigns(cert=base64.b64encode(cert).decode())
        file.with_name(file.name + ".bundle").write_bytes(beside)
        assert isinstance(claims(file, collect_sidecars(file).pieces)[0], VerifiedClaim)
        file.with_name(file.name + ".bundle").write_bytes(cosigns(STRANGER, cert=base64.b64encode(cert).decode()))
        assert isinstance(claims(file, collect_sidecars(file).pieces)[0], Rejected)


def test_one_of_several_in_a_file_is_told_by_its_number_and_a_lone_one_by_the_file(file):
    lone = file.with_name("lone.sigstore.json")
    lone.write_bytes(bundle())
    several = file.with_name("several.jsonl")
    several.write_bytes(bundle() + b"\n" + bundle(STRANGER) + b"\n")
    assert [piece.where for piece in collect_bundle_files([lone]).pieces] == [str(lone)]
    assert [piece.where for piece in collect_bundle_files([several]).pieces] == [
        f"{several}, number 1",
        f"{several}, number 2",
    ]
