"""What is found beside a digest in a repository: every form, nothing dropped, and garbage that nobody announces passed over."""

import pytest
from shelf import Shelf

from pratique.attest.cosign import DSSE_LAYER, PREDICATE_TYPE, SIMPLE_SIGNING
from pratique.errors import DigestMismatch, InputError, Malformed, NotFound, SizeMismatch, Unavailable
from pratique.evidence import collect as collect_module
from pratique.evidence.collect import MAX_CONFIG_BYTES, MAX_PIECES, PREDICATE_ANNOTATION, collect_from_repository
from pratique.evidence.collected import Collection, EvidenceForm, attached_to
from pratique.model import Cause, Digest
from pratique.model.predicates import CYCLONEDX, IMAGE_SIGNATURE
from pratique.registry.cosign import tag_of
from pratique.registry.types import OCI_MANIFEST, SIGSTORE_BUNDLE, Descriptor

SUBJECT = Digest.of(b"image")
NOTATION = "application/vnd.cncf.notary.signature"
JOSE = "application/jose+json"
PRINTS = {"io.cncf.notary.x509chain.thumbprint#S256": "[]"}
SIG_TYPE = "application/vnd.dev.cosign.artifact.sig.v1+json"


@pytest.fixture
def shelf():
    return Shelf()


def bundle(shelf, data=b"{}", **more):
    return shelf.image(shelf.blob(data, SIGSTORE_BUNDLE), kind=SIGSTORE_BUNDLE, **more)


def collected(shelf):
    return collect_from_repository(shelf, SUBJECT)


def forms(shelf):
    return [(piece.form, piece.cause) for piece in collected(shelf).pieces]


def test_a_place_that_has_nothing_says_nothing(shelf):
    assert collected(shelf) == Collection()


def test_a_bundle_is_kept_with_its_bytes_its_type_and_its_place(shelf):
    manifest = bundle(shelf, b"one", annotations={PREDICATE_ANNOTATION: CYCLONEDX})
    shelf.attach(manifest)
    (piece,) = collected(shelf).pieces
    assert (piece.form, piece.data, piece.digest, piece.cause) == (EvidenceForm.BUNDLE, b"one", Digest.of(b"one"), Cause.NONE)
    assert (piece.media_type, piece.claimed_type) == (SIGSTORE_BUNDLE, CYCLONEDX)
    assert not piece.unread and not piece.lost
    assert piece.where == f"{shelf.name}@{manifest.digest}"


@pytest.mark.parametrize(
    ("layer", "more", "form"),
    [
        (SIGSTORE_BUNDLE, {"kind": SIGSTORE_BUNDLE}, EvidenceForm.BUNDLE),
        (SIGSTORE_BUNDLE, {"kind": "application/x"}, EvidenceForm.BUNDLE),
        ("application/x", {"kind": SIGSTORE_BUNDLE}, EvidenceForm.BUNDLE),
        (JOSE, {"kind": NOTATION}, EvidenceForm.NOTATION),
        ("application/x", {"kind": NOTATION}, EvidenceForm.NOTATION),
        (JOSE, {"kind": "application/x", "annotations": PRINTS}, EvidenceForm.NOTATION),
        ("application/cose", {"kind": "application/x", "annotations": PRINTS}, EvidenceForm.NOTATION),
        (JOSE, {"kind": "application/x"}, None),
        ("application/x", {"kind": "application/x", "annotations": PRINTS}, None),
        ("application/spdx+json", {"kind": "application/spdx+json"}, None),
        (SIMPLE_SIGNING, {"kind": "application/x"}, EvidenceForm.COSIGN_SIGNATURE),
        (SIMPLE_SIGNING, {"kind": SIG_TYPE}, EvidenceForm.COSIGN_SIGNATURE),
        (DSSE_LAYER, {"kind": SIG_TYPE}, EvidenceForm.COSIGN_ATTESTATION),
        (DSSE_LAYER, {"kind": "application/x"}, EvidenceForm.COSIGN_ATTESTATION),
    ],
)
@pytest.mark.parametrize("said", ["application/x", SIGSTORE_BUNDLE])
def test_what_a_referrer_is_its_manifest_says_and_no_list(shelf, layer, more, form, said):
    shelf.attach(shelf.image(shelf.blob(b"one", layer), **more), artifact_type=said)
    assert forms(shelf) == ([(form, Cause.NONE)] if form else [])


def test_a_signature_by_its_configuration_is_one_without_an_artifact_type(shelf):
    config = shelf.blob(b"{}", NOTATION)
    shelf.attach(shelf.image(shelf.blob(b"one", JOSE), config=config))
    shelf.attach(shelf.image(shelf.blob(b"two", JOSE), config=config, kind="application/x"))
    found = collected(shelf).pieces
    assert [(piece.form, piece.data) for piece in found] == [(EvidenceForm.NOTATION, b"one"), (EvidenceForm.NOTATION, b"two")]
    assert {piece.claimed_type for piece in found} == {IMAGE_SIGNATURE}


def test_an_index_that_is_attached_is_no_signature_and_breaks_nothing(shelf):
    from pratique.attest.strictjson import dump_json
    from pratique.registry.types import OCI_INDEX, parse_manifest

    index = parse_manifest(dump_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}))
    shelf.manifests[str(index.digest)] = index
    shelf.attach(index, artifact_type="application/x")
    shelf.attach(bundle(shelf))
    assert forms(shelf) == [(EvidenceForm.BUNDLE, Cause.NONE)]


@pytest.mark.parametrize("count", [0, 2])
@pytest.mark.parametrize(("layer", "kind"), [(SIGSTORE_BUNDLE, SIGSTORE_BUNDLE), (JOSE, NOTATION)])
def test_a_signature_has_one_layer_and_no_other_number(shelf, count, layer, kind):
    layers = [shelf.blob(bytes([number]), layer) for number in range(count)]
    shelf.attach(shelf.image(*layers, kind=kind, annotations={PREDICATE_ANNOTATION: CYCLONEDX}))
    (piece,) = collected(shelf).pieces
    assert (piece.cause, piece.data) == (Cause.INVALID, b"") and f"has one layer, this has {count}" in piece.detail
    assert piece.claimed_type == (CYCLONEDX if kind == SIGSTORE_BUNDLE else IMAGE_SIGNATURE)
    assert shelf.read == []


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (Unavailable("down"), Cause.UNREACHABLE),
        (NotFound("gone"), Cause.INVALID),
        (DigestMismatch("other bytes"), Cause.INVALID),
        (SizeMismatch("fewer bytes"), Cause.INVALID),
        (Malformed("nonsense"), Cause.INVALID),
    ],
)
@pytest.mark.parametrize("what", ["manifest", "layer", "config"])
def test_whatever_of_a_signature_cannot_be_had_it_stays_in_the_list_with_its_cause(shelf, error, cause, what):
    config = shelf.blob(b'{"a": 1}', "application/vnd.example.config+json")
    layer = shelf.blob(b"one", SIGSTORE_BUNDLE)
    manifest = shelf.image(layer, config=config, kind=SIGSTORE_BUNDLE)
    shelf.attach(manifest, annotations={PREDICATE_ANNOTATION: CYCLONEDX})
    shelf.attach(bundle(shelf, b"other"))
    shelf.broken[str({"manifest": manifest.digest, "layer": layer.digest, "config": config.digest}[what])] = error
    broken, good = collected(shelf).pieces
    assert (broken.cause, broken.data, broken.form, broken.claimed_type) == (cause, b"", EvidenceForm.BUNDLE, CYCLONEDX)
    assert broken.digest == manifest.digest
    assert broken.lost is (isinstance(error, Unavailable | DigestMismatch) and not isinstance(error, SizeMismatch))
    assert not good.lost
    assert (good.cause, good.data) == (Cause.NONE, b"other")


def test_what_a_list_calls_notation_s_is_a_signature_that_could_not_be_had(shelf):
    manifest = shelf.image(shelf.blob(b"one", JOSE), kind=NOTATION)
    shelf.attach(manifest, annotations={PREDICATE_ANNOTATION: CYCLONEDX})
    shelf.broken[str(manifest.digest)] = Unavailable("down")
    (piece,) = collected(shelf).pieces
    assert (piece.form, piece.cause, piece.claimed_type) == (EvidenceForm.NOTATION, Cause.UNREACHABLE, IMAGE_SIGNATURE)


@pytest.mark.parametrize(
    ("said", "error", "cause"),
    [
        ("application/spdx+json", Malformed("nonsense"), None),
        ("application/spdx+json", Unavailable("down"), Cause.UNREACHABLE),
        ("", Malformed("nonsense"), Cause.INVALID),
        (SIGSTORE_BUNDLE, Malformed("nonsense"), Cause.INVALID),
    ],
)
def test_garbage_is_passed_over_only_where_the_list_calls_it_something_else(shelf, said, error, cause):
    """What has no type may be a signature, and so may what could not be had."""
    manifest = bundle(shelf)
    shelf.attach(manifest, artifact_type=said)
    shelf.broken[str(manifest.digest)] = error
    assert [piece.cause for piece in collected(shelf).pieces] == ([cause] if cause else [])


def test_a_configuration_that_many_share_is_read_once_and_each_other_one_as_well(shelf):
    for number in range(3):
        shelf.attach(bundle(shelf, bytes([number])))
    other = shelf.blob(b'{"a": 1}', "application/vnd.example.config+json")
    shelf.attach(shelf.image(shelf.blob(b"x", SIGSTORE_BUNDLE), config=other, kind=SIGSTORE_BUNDLE))
    assert [cause for _, cause in forms(shelf)] == [Cause.NONE] * 4
    assert shelf.read.count(Digest.of(b"{}")) == 1 and shelf.read.count(other.digest) == 1


def test_a_configuration_that_is_too_large_is_one_invalid_piece(shelf):
    config = Descriptor(media_type="application/x", digest=Digest.of(b"c"), size=MAX_CONFIG_BYTES + 1)
    shelf.attach(shelf.image(shelf.blob(b"one", SIGSTORE_BUNDLE), config=config, kind=SIGSTORE_BUNDLE))
    assert forms(shelf) == [(EvidenceForm.BUNDLE, Cause.INVALID)]


@pytest.mark.parametrize(("error", "cause"), [(Unavailable("down"), Cause.UNREACHABLE), (Malformed("odd"), Cause.INVALID)])
def test_a_list_that_cannot_be_had_is_not_an_empty_one(shelf, error, cause):
    shelf.broken[str(SUBJECT)] = error
    found = collected(shelf)
    assert (found.pieces, found.cause) == ((), cause) and found.detail == str(error)


def test_a_broken_list_beside_tags_is_a_piece_that_may_have_been_anything(shelf):
    shelf.broken[str(SUBJECT)] = Malformed("odd")
    shelf.image(shelf.blob(b"payload", SIMPLE_SIGNING), tag=tag_of(SUBJECT, ".sig"))
    signature, untold = collected(shelf).pieces
    assert (signature.form, signature.cause) == (EvidenceForm.COSIGN_SIGNATURE, Cause.NONE)
    assert (untold.cause, untold.detail, untold.claimed_type) == (Cause.INVALID, "odd", "")


# --- more than anybody attaches


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(collect_module, "MAX_PIECES", 3)
    return 3


def test_the_limit_on_signatures_is_the_one_that_is_documented():
    assert MAX_PIECES == 1_000


def test_as_many_signatures_as_the_limit_says_are_read_and_that_there_are_more_is_said(shelf, few):
    for number in range(few):
        shelf.attach(bundle(shelf, bytes([number])))
    assert [cause for _, cause in forms(shelf)] == [Cause.NONE] * few
    shelf.attach(bundle(shelf, b"one more"))
    found = collected(shelf)
    assert [piece.cause for piece in found.pieces] == [*[Cause.NONE] * few, Cause.UNREADABLE]
    assert found.pieces[-1].detail == "4 signatures are attached, and 3 of them were read"
    assert (found.cause, found.pieces[-1].claimed_type) == (Cause.NONE, "")


def noted(shelf, data, prints):
    return shelf.image(shelf.blob(data, JOSE), kind=NOTATION, annotations={next(iter(PRINTS)): prints})


def test_signatures_that_are_announced_with_a_trusted_certificate_are_read_before_the_others(shelf, few):
    for number in range(few + 1):
        shelf.attach(noted(shelf, bytes([number]), f'["{number:064x}"]'))
    shelf.attach(noted(shelf, b"the one", f'["{"AB" * 32}"]'))
    found = collect_from_repository(shelf, SUBJECT, announced={"ab" * 32}).pieces
    assert found[0].data == b"the one"
    assert b"the one" not in {piece.data for piece in collected(shelf).pieces}


@pytest.mark.parametrize(
    "prints", ["", "x", "{}", "5", '[5, null, ["a"]]', "[" * 20_000, f'["{"ab" * 32}"' + " " * (1 << 14) + "]"]
)
def test_odd_thumbprints_announce_nobody_and_break_nothing(shelf, few, prints):
    for number in range(few):
        shelf.attach(noted(shelf, bytes([number]), "[]"))
    shelf.attach(noted(shelf, b"odd", prints))
    found = collect_from_repository(shelf, SUBJECT, announced={"ab" * 32}).pieces
    assert [piece.data for piece in found] == [b"\0", b"\1", b"\2", b""]


def test_a_flood_of_other_things_does_not_push_a_signature_out_and_is_said(shelf, few):
    for number in range(few + 2):
        shelf.attach(shelf.image(shelf.blob(bytes([number]), "application/x"), kind="application/x"))
    shelf.attach(bundle(shelf, b"the one"))
    good, untold = collected(shelf).pieces
    assert (good.data, good.cause) == (b"the one", Cause.NONE)
    assert (untold.cause, untold.detail) == (Cause.UNREADABLE, "2 more artifacts are attached, and were not looked at")


def test_as_many_other_things_as_are_looked_at_leave_nothing_untold(shelf, few):
    for number in range(few):
        shelf.attach(shelf.image(shelf.blob(bytes([number]), "application/x"), kind="application/x"))
    assert collected(shelf) == Collection()


# --- tags of older tools


@pytest.mark.parametrize(
    ("kind", "layer", "form", "claimed"),
    [
        (".sig", SIMPLE_SIGNING, EvidenceForm.COSIGN_SIGNATURE, IMAGE_SIGNATURE),
        (".att", DSSE_LAYER, EvidenceForm.COSIGN_ATTESTATION, CYCLONEDX),
    ],
)
def test_each_layer_under_a_tag_is_a_piece_told_apart_by_its_annotations(shelf, kind, layer, form, claimed):
    layers = [shelf.blob(b"payload", layer, **{PREDICATE_TYPE: CYCLONEDX, "a": text}) for text in ("1", "2")]
    shelf.image(*layers, tag=tag_of(SUBJECT, kind))
    found = collected(shelf).pieces
    assert [(piece.form, piece.claimed_type, piece.data) for piece in found] == [(form, claimed, b"payload")] * 2
    assert found[0].digest != found[1].digest
    assert [piece.annotations["a"] for piece in found] == ["1", "2"]


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (Unavailable("down"), Cause.UNREACHABLE),
        (DigestMismatch("other bytes"), Cause.INVALID),
        (SizeMismatch("fewer bytes"), Cause.INVALID),
        (InputError("too large"), Cause.INVALID),
    ],
)
@pytest.mark.parametrize(("kind", "form"), [(".sig", EvidenceForm.COSIGN_SIGNATURE), (".att", EvidenceForm.COSIGN_ATTESTATION)])
def test_a_tag_that_cannot_be_had_is_one_piece_with_its_cause(shelf, kind, form, error, cause):
    shelf.broken[tag_of(SUBJECT, kind)] = error
    shelf.attach(bundle(shelf))
    good, lost = collected(shelf).pieces
    assert (good.cause, lost.form, lost.cause, lost.data) == (Cause.NONE, form, cause, b"")


# --- referrers of older tools


def older(shelf, *layers, kind=SIG_TYPE):
    return shelf.attach(shelf.image(*layers, kind=kind))


def test_a_referrer_of_an_older_tool_is_one_piece_for_each_layer_of_its_kinds(shelf):
    older(
        shelf,
        shelf.blob(b"payload", SIMPLE_SIGNING, a="1"),
        shelf.blob(b"payload", SIMPLE_SIGNING, a="2"),
        shelf.blob(b"envelope", DSSE_LAYER, **{PREDICATE_TYPE: CYCLONEDX}),
        shelf.blob(b"else", "application/x"),
    )
    found = collected(shelf).pieces
    assert [(piece.form, piece.claimed_type, piece.data) for piece in found] == [
        (EvidenceForm.COSIGN_SIGNATURE, IMAGE_SIGNATURE, b"payload"),
        (EvidenceForm.COSIGN_SIGNATURE, IMAGE_SIGNATURE, b"payload"),
        (EvidenceForm.COSIGN_ATTESTATION, CYCLONEDX, b"envelope"),
    ]
    assert len({piece.digest for piece in found}) == 3


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (Unavailable("down"), Cause.UNREACHABLE),
        (NotFound("gone"), Cause.INVALID),
        (DigestMismatch("other bytes"), Cause.INVALID),
        (SizeMismatch("fewer bytes"), Cause.INVALID),
    ],
)
def test_a_layer_of_an_older_referrer_that_cannot_be_had_stays_with_its_cause_beside_the_others(shelf, error, cause):
    layers = [shelf.blob(text, SIMPLE_SIGNING) for text in (b"one", b"two")]
    older(shelf, *layers)
    shelf.broken[str(layers[0].digest)] = error
    lost, good = collected(shelf).pieces
    assert (lost.cause, lost.data, lost.claimed_type) == (cause, b"", IMAGE_SIGNATURE)
    assert lost.lost is (isinstance(error, Unavailable | DigestMismatch) and not isinstance(error, SizeMismatch))
    assert not good.lost
    assert (good.cause, good.data) == (Cause.NONE, b"two")
    assert lost.digest != good.digest


@pytest.mark.parametrize(
    ("sizes", "read"),
    [((5, 5), 2), ((5, 6), 1), ((11, 1), 0), ((1, 1, 1), 2), ((1, 1), 2)],
)
@pytest.mark.parametrize(("layer", "claimed"), [(SIMPLE_SIGNING, IMAGE_SIGNATURE), (DSSE_LAYER, "")])
def test_of_an_older_referrer_with_more_than_is_read_the_first_are_and_the_rest_is_said(
    shelf, monkeypatch, sizes, read, layer, claimed
):
    from pratique.registry import cosign

    monkeypatch.setattr(cosign, "MAX_LAYERS", 2)
    monkeypatch.setattr(cosign, "MAX_TOTAL_BYTES", 10)
    older(shelf, *(shelf.blob(bytes([number]) * size, layer) for number, size in enumerate(sizes)))
    found = collected(shelf).pieces
    assert [piece.cause for piece in found] == [Cause.NONE] * read + [Cause.UNREADABLE] * (read < len(sizes))
    if read < len(sizes):
        assert f"{len(sizes)} signatures in one manifest, and {read} of them were read" in found[-1].detail
        assert (found[-1].data, found[-1].claimed_type) == (b"", claimed)
        signs = layer == SIMPLE_SIGNING
        assert found[-1].form is (EvidenceForm.COSIGN_SIGNATURE if signs else EvidenceForm.COSIGN_ATTESTATION)


@pytest.mark.parametrize(("kind", "layer", "claimed"), [(".sig", SIMPLE_SIGNING, IMAGE_SIGNATURE), (".att", DSSE_LAYER, "")])
def test_of_a_tag_with_more_than_is_read_the_first_are_and_the_rest_is_said(shelf, monkeypatch, kind, layer, claimed):
    from pratique.registry import cosign

    monkeypatch.setattr(cosign, "MAX_LAYERS", 2)
    shelf.image(*(shelf.blob(bytes([number]), layer) for number in range(3)), tag=tag_of(SUBJECT, kind))
    found = collected(shelf).pieces
    assert [piece.cause for piece in found] == [Cause.NONE, Cause.NONE, Cause.UNREADABLE]
    assert "3 signatures, and 2 of them were read" in found[-1].detail
    assert (found[-1].data, found[-1].claimed_type) == (b"", claimed)


def test_evidence_about_an_index_keeps_what_it_is_and_says_what_it_is_about(shelf):
    shelf.attach(bundle(shelf, b"one"))
    index = Descriptor(media_type=OCI_MANIFEST, digest=Digest.of(b"index"), size=5)
    found = attached_to(index, collected(shelf))
    assert [(piece.about, piece.data) for piece in found.pieces] == [(index, b"one")]
    down = attached_to(index, Collection(cause=Cause.UNREACHABLE, detail="down"))
    assert (down.cause, down.detail) == (Cause.UNREACHABLE, "down")


# --- what a list or a manifest calls itself


def test_an_index_that_a_list_calls_a_signature_is_none(shelf):
    from pratique.attest.strictjson import dump_json
    from pratique.registry.types import OCI_INDEX, parse_manifest

    index = parse_manifest(dump_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}))
    shelf.manifests[str(index.digest)] = index
    shelf.attach(index, artifact_type=SIGSTORE_BUNDLE)
    assert collected(shelf) == Collection()


@pytest.mark.parametrize("said", ["", "application/x", SIG_TYPE])
def test_what_could_not_be_had_is_sorted_by_what_the_list_calls_it(shelf, said):
    manifest = shelf.image(shelf.blob(b"payload", SIMPLE_SIGNING), kind=SIG_TYPE)
    shelf.attach(manifest, artifact_type=said, annotations={PREDICATE_ANNOTATION: CYCLONEDX})
    shelf.broken[str(manifest.digest)] = Unavailable("down")
    (piece,) = collected(shelf).pieces
    older_form = said == SIG_TYPE
    assert piece.form is (EvidenceForm.COSIGN_SIGNATURE if older_form else EvidenceForm.BUNDLE)
    assert piece.claimed_type == (IMAGE_SIGNATURE if older_form else CYCLONEDX)


@pytest.mark.parametrize(("kind", "layer"), [(SIG_TYPE, SIMPLE_SIGNING), (NOTATION, JOSE), (SIGSTORE_BUNDLE, SIGSTORE_BUNDLE)])
def test_a_flood_pushes_no_kind_of_signature_out(shelf, few, kind, layer):
    for number in range(few + 1):
        shelf.attach(shelf.image(shelf.blob(bytes([number]), "application/x"), kind="application/x"))
    shelf.attach(shelf.image(shelf.blob(b"the one", layer), kind=kind))
    assert [piece.data for piece in collected(shelf).pieces] == [b"the one", b""]


@pytest.mark.parametrize("layers", [[], ["application/x"], ["application/x", "application/y"]])
def test_what_calls_itself_a_signature_of_an_older_tool_and_holds_none_is_invalid_and_not_nothing(shelf, layers):
    older(shelf, *(shelf.blob(kind.encode(), kind) for kind in layers))
    (piece,) = collected(shelf).pieces
    assert (piece.cause, piece.claimed_type) == (Cause.INVALID, IMAGE_SIGNATURE)
    assert "no layer of it is one" in piece.detail


def test_an_sbom_of_an_older_tool_is_no_signature(shelf):
    older(shelf, shelf.blob(b"{}", "text/spdx+json"), kind="application/vnd.dev.cosign.artifact.sbom.v1+json")
    assert collected(shelf) == Collection()


def test_one_signature_under_a_tag_and_as_a_referrer_has_one_digest(shelf):
    layer = shelf.blob(b"payload", SIMPLE_SIGNING, a="1")
    older(shelf, layer)
    shelf.image(layer, tag=tag_of(SUBJECT, ".sig"))
    one, other = collected(shelf).pieces
    assert one.digest == other.digest


def test_two_layers_that_cannot_be_had_are_two_pieces(shelf):
    layers = [shelf.blob(text, SIMPLE_SIGNING) for text in (b"one", b"two")]
    older(shelf, *layers)
    for layer in layers:
        shelf.broken[str(layer.digest)] = Unavailable("down")
    assert len({piece.digest for piece in collected(shelf).pieces}) == 2
