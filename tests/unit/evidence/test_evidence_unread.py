"""A deny list and `no-others` have no answer where what may have been evidence was not read; garbage that was read is none."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from shelf import Shelf

from pratique.attest.bundle import MAX_BUNDLE_SIZE, render_bundle
from pratique.attest.cosign import DSSE_LAYER, PREDICATE_TYPE, SIMPLE_SIGNING, render_attestation
from pratique.attest.statement import StatementSubject, render_statement
from pratique.errors import DigestMismatch, LimitExceeded, NotFound, Unavailable
from pratique.evidence import collect as collect_module
from pratique.evidence.appraise import appraise
from pratique.evidence.collect import PREDICATE_ANNOTATION, collect_from_repository
from pratique.evidence.sidecars import collect_bundle_files
from pratique.evidence.trust_anchors import anchors_of_keys
from pratique.keys.file import FileSigner
from pratique.keys.signer import sign_statement
from pratique.model import Cause
from pratique.model.predicates import CYCLONEDX, IMAGE_SIGNATURE
from pratique.policy import evaluate, parse_policy
from pratique.registry import cosign
from pratique.registry.cosign import tag_of
from pratique.registry.types import SIGSTORE_BUNDLE

KEY = FileSigner(ec.generate_private_key(ec.SECP256R1()))
SIG_TYPE = "application/vnd.dev.cosign.artifact.sig.v1+json"
ATT_TYPE = "application/vnd.dev.cosign.artifact.att.v1+json"
DENY = """{components: ["pkg:npm/evil"], licences: ["AGPL-*"]}"""
POLICY = parse_policy(
    b"version: 1\nname: test\nauthorities: {release: {keys: [a]}}\n"
    b"require: {sbom: {from: [release], bytes: false}}\ndeny: " + DENY.encode() + b"\n",
    where="policy.yaml",
)
ALONE = parse_policy(
    b"version: 1\nname: test\nauthorities: {release: {keys: [a]}}\nrequire: {signature: {from: [release], no-others: true}}\n",
    where="policy.yaml",
)


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def image(shelf):
    return shelf.image(shelf.blob(b"layer", "application/x")).descriptor


def said(image, kind, *names):
    listed = [{"type": "library", "name": name, "version": "1", "purl": f"pkg:npm/{name}@1"} for name in names]
    sbom = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": listed}
    subjects = [StatementSubject.of("", image.digest)]
    return sign_statement(KEY, render_statement(subjects=subjects, predicate_type=kind, predicate=sbom if names else {}))


def attach(shelf, image, kind, *names):
    data = render_bundle(said(image, kind, *names), KEY.public_key)
    shelf.attach(shelf.image(shelf.blob(data, SIGSTORE_BUNDLE), kind=SIGSTORE_BUNDLE))


def junk(shelf, number, kind=SIGSTORE_BUNDLE):
    return shelf.attach(shelf.image(shelf.blob(b"junk %d" % number, kind), kind=kind))


def judged(shelf, image, policy=POLICY):
    anchors = anchors_of_keys([("release", [KEY.public_key])], ())
    facts = appraise(image, "app", [collect_from_repository(shelf, image.digest)], anchors, now=1_800_000_000)
    return {verdict.rule: verdict.cause for verdict in evaluate(policy, facts, now=1_800_000_000).verdicts}


OPEN = {"sbom": Cause.NONE, "components": Cause.UNREADABLE, "licences": Cause.UNREADABLE}
CLEAN = {"sbom": Cause.NONE, "components": Cause.NONE, "licences": Cause.NONE}


def test_a_flood_of_signatures_that_pushes_an_sbom_out_does_not_pass_a_deny_list(shelf, image, monkeypatch):
    monkeypatch.setattr(collect_module, "MAX_PIECES", 3)
    attach(shelf, image, CYCLONEDX, "good")
    assert judged(shelf, image) == CLEAN
    for number in range(2):
        junk(shelf, number)
    assert judged(shelf, image) == CLEAN  # as many as are read
    attach(shelf, image, CYCLONEDX, "evil")
    assert judged(shelf, image) == OPEN


def test_a_flood_of_other_things_does_not_pass_a_deny_list(shelf, image, monkeypatch):
    monkeypatch.setattr(collect_module, "MAX_PIECES", 3)
    attach(shelf, image, CYCLONEDX, "good")
    for number in range(4):
        junk(shelf, number, "application/x")
    assert judged(shelf, image) == OPEN


@pytest.mark.parametrize("kinds", [(SIMPLE_SIGNING, DSSE_LAYER), (DSSE_LAYER, SIMPLE_SIGNING), (DSSE_LAYER, DSSE_LAYER)])
def test_attestations_beyond_the_limit_of_an_older_referrer_leave_a_deny_list_open(shelf, image, monkeypatch, kinds):
    monkeypatch.setattr(cosign, "MAX_LAYERS", 1)
    attach(shelf, image, CYCLONEDX, "good")
    layers = [shelf.blob(b"%d" % number, kind) for number, kind in enumerate((SIMPLE_SIGNING, *kinds))]
    shelf.attach(shelf.image(*layers, kind=SIG_TYPE))
    assert judged(shelf, image) == OPEN


def test_signatures_alone_beyond_a_limit_are_no_sbom_that_was_not_read(shelf, image, monkeypatch):
    monkeypatch.setattr(cosign, "MAX_LAYERS", 1)
    attach(shelf, image, CYCLONEDX, "good")
    layers = [shelf.blob(b"%d" % number, SIMPLE_SIGNING) for number in range(3)]
    shelf.attach(shelf.image(*layers, kind=SIG_TYPE))
    shelf.image(*layers, tag=tag_of(image.digest, ".sig"))
    assert judged(shelf, image) == CLEAN


def test_attestations_beyond_the_limit_of_a_tag_leave_a_deny_list_open(shelf, image, monkeypatch):
    monkeypatch.setattr(cosign, "MAX_LAYERS", 1)
    attach(shelf, image, CYCLONEDX, "good")
    shelf.image(*(shelf.blob(b"%d" % number, DSSE_LAYER) for number in range(2)), tag=tag_of(image.digest, ".att"))
    assert judged(shelf, image) == OPEN


@pytest.mark.parametrize("error", [NotFound("gone"), DigestMismatch("other bytes"), LimitExceeded("too large")])
def test_one_layer_that_cannot_be_had_takes_no_sbom_out_of_the_tag(shelf, image, error):
    lost = shelf.blob(b"lost", DSSE_LAYER)
    notes = {PREDICATE_TYPE: CYCLONEDX}
    evil = shelf.blob(render_attestation(said(image, CYCLONEDX, "evil")), DSSE_LAYER, **notes)
    shelf.image(lost, evil, tag=tag_of(image.digest, ".att"))
    shelf.broken[str(lost.digest)] = error
    assert judged(shelf, image)["components"] is Cause.DENIED


def test_a_list_of_more_referrers_than_are_read_leaves_a_deny_list_open(shelf, image):
    notes = {PREDICATE_TYPE: CYCLONEDX}
    layer = shelf.blob(render_attestation(said(image, CYCLONEDX, "good")), DSSE_LAYER, **notes)
    shelf.image(layer, tag=tag_of(image.digest, ".att"))
    assert judged(shelf, image) == CLEAN
    shelf.broken[str(image.digest)] = LimitExceeded("more than 1000 pages")
    assert judged(shelf, image) == OPEN


@pytest.mark.parametrize("error", [LimitExceeded("too large"), Unavailable("down")])
@pytest.mark.parametrize("kind", [SIGSTORE_BUNDLE, ATT_TYPE, DSSE_LAYER])
def test_a_piece_that_was_not_read_leaves_a_deny_list_open_whatever_its_form(shelf, image, kind, error):
    attach(shelf, image, CYCLONEDX, "good")
    manifest = shelf.image(shelf.blob(b"large", DSSE_LAYER), kind=kind)
    shelf.attach(manifest, **({"annotations": {PREDICATE_ANNOTATION: CYCLONEDX}} if kind == SIGSTORE_BUNDLE else {}))
    shelf.broken[str(manifest.digest)] = error
    expected = Cause.UNREACHABLE if isinstance(error, Unavailable) else Cause.UNREADABLE
    assert judged(shelf, image) == {"sbom": Cause.NONE, "components": expected, "licences": expected}


def test_what_was_read_and_is_garbage_blocks_nobody(shelf, image):
    attach(shelf, image, CYCLONEDX, "good")
    for number in range(5):
        junk(shelf, number)
    older = shelf.image(shelf.blob(b"garbage", DSSE_LAYER, **{PREDICATE_TYPE: CYCLONEDX}), kind=ATT_TYPE)
    shelf.attach(older)
    shelf.image(shelf.blob(b"more garbage", DSSE_LAYER), tag=tag_of(image.digest, ".att"))
    assert judged(shelf, image) == CLEAN


def test_a_flood_leaves_open_whether_others_signed(shelf, image, monkeypatch):
    monkeypatch.setattr(collect_module, "MAX_PIECES", 1)
    attach(shelf, image, IMAGE_SIGNATURE)
    assert judged(shelf, image, ALONE) == {"signature": Cause.NONE}
    junk(shelf, 1)
    assert judged(shelf, image, ALONE) == {"signature": Cause.UNREADABLE}


def test_a_file_of_more_bundles_than_are_read_was_not_read(tmp_path):
    (tmp_path / "x.sigstore.json").write_text('{"a": 1}\n' * 1_001)
    (piece,) = collect_bundle_files([tmp_path / "x.sigstore.json"]).pieces
    assert (piece.unread, piece.cause) == (True, Cause.INVALID)
    (tmp_path / "x.sigstore.json").write_text("{]")
    (piece,) = collect_bundle_files([tmp_path / "x.sigstore.json"]).pieces
    assert (piece.unread, piece.cause) == (False, Cause.INVALID)
    assert MAX_BUNDLE_SIZE > 9 * 1_001
