"""The provenance layer of a chart in a registry: Helm's own sample, and each way in which a manifest holds something else."""

from pathlib import Path

import pytest
from shelf import Shelf

from pratique.errors import DigestMismatch, Malformed, NotFound, Unavailable
from pratique.evidence import charts
from pratique.evidence.appraise import appraise
from pratique.evidence.charts import collect_chart_provenance
from pratique.evidence.collected import Collection, EvidenceForm
from pratique.evidence.trust_anchors import TrustAnchors, anchors_of_keys
from pratique.model import Cause
from pratique.model.predicates import IMAGE_SIGNATURE
from pratique.registry.types import EMPTY_CONFIG, HELM_CHART, HELM_CONFIG, HELM_PROVENANCE, OCI_INDEX, parse_manifest

DATA = Path(__file__).resolve().parents[2] / "data" / "helm-prov"
ARCHIVE, PROVENANCE = (DATA / name for name in ("hashtest-1.2.3.tgz", "hashtest-1.2.3.tgz.prov"))
NOW = 1_767_225_600


@pytest.fixture
def shelf():
    return Shelf()


def parts(shelf):
    return shelf.blob(ARCHIVE.read_bytes(), HELM_CHART), shelf.blob(PROVENANCE.read_bytes(), HELM_PROVENANCE)


def chart(shelf, *layers, config=HELM_CONFIG):
    return shelf.image(*layers, config=shelf.blob(b"{}", config))


def the_piece(shelf, *layers):
    (piece,) = collect_chart_provenance(shelf, chart(shelf, *layers)).pieces
    return piece


def believing():
    from dataclasses import replace

    return replace(anchors_of_keys([], ()), keyring=(DATA / "helm-test-key.pub").read_bytes())


@pytest.mark.parametrize("turned", [False, True])
def test_the_provenance_of_a_chart_is_one_piece_about_the_archive(shelf, turned):
    archive, signed = parts(shelf)
    piece = the_piece(shelf, *((signed, archive) if turned else (archive, signed)))
    assert (piece.form, piece.cause, piece.claimed_type) == (EvidenceForm.PROVENANCE, Cause.NONE, IMAGE_SIGNATURE)
    assert (piece.digest, piece.data) == (signed.digest, PROVENANCE.read_bytes())
    assert piece.chart is not None
    assert (piece.chart.name, piece.chart.digest) == ("hashtest-1.2.3.tgz", archive.digest)
    assert b"hashtest" in piece.chart.chart_yaml
    assert piece.where == f"{shelf.name}: provenance layer {signed.digest.short}"


def appraised(shelf, manifest, anchors: TrustAnchors):
    (found,) = appraise(manifest.descriptor, "x", [collect_chart_provenance(shelf, manifest)], anchors, now=NOW).pieces
    return found


def test_the_piece_counts_for_the_manifest_that_holds_the_signed_archive(shelf):
    found = appraised(shelf, chart(shelf, *parts(shelf)), believing())
    assert (found.cause, found.predicate_type) == (Cause.NONE, IMAGE_SIGNATURE)
    nobody = appraised(shelf, chart(shelf, *parts(shelf)), anchors_of_keys([], ()))
    assert nobody.cause is Cause.UNTRUSTED and "no keyring is trusted" in nobody.detail


def test_the_provenance_of_another_archive_counts_for_nothing(shelf):
    import gzip

    _, signed = parts(shelf)
    other = shelf.blob(gzip.compress(gzip.decompress(ARCHIVE.read_bytes()), 1), HELM_CHART)
    assert appraised(shelf, chart(shelf, other, signed), believing()).cause is Cause.MISMATCH


def test_what_is_no_chart_or_has_no_provenance_has_none(shelf):
    archive, signed = parts(shelf)
    assert collect_chart_provenance(shelf, chart(shelf, archive)) == Collection()
    assert collect_chart_provenance(shelf, chart(shelf, archive, signed, config=EMPTY_CONFIG)) == Collection()
    index = parse_manifest(b'{"schemaVersion": 2, "mediaType": "%s", "manifests": []}' % OCI_INDEX.encode())
    assert collect_chart_provenance(shelf, index) == Collection()


@pytest.mark.parametrize("which", ["two provenances", "two archives", "no archive", "a third layer", "another kind of archive"])
def test_a_chart_with_other_layers_than_the_two_is_invalid_and_nothing_of_it_is_read(shelf, which):
    """What else the manifest holds nobody signed."""
    archive, signed = parts(shelf)
    layers = {
        "two provenances": (archive, signed, shelf.blob(b"other", HELM_PROVENANCE)),
        "two archives": (archive, shelf.blob(b"other", HELM_CHART), signed),
        "no archive": (signed,),
        "a third layer": (archive, signed, shelf.blob(b"other", "application/x")),
        "another kind of archive": (shelf.blob(b"other", "application/x"), signed),
    }[which]
    piece = the_piece(shelf, *layers)
    assert (piece.cause, piece.data, piece.digest) == (Cause.INVALID, b"", signed.digest)
    assert piece.claimed_type == IMAGE_SIGNATURE and "more layers than its archive" in piece.detail
    assert shelf.read == []


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (Unavailable("down"), Cause.UNREACHABLE),
        (NotFound("gone"), Cause.INVALID),
        (DigestMismatch("other bytes"), Cause.INVALID),
        (Malformed("odd"), Cause.INVALID),
    ],
)
@pytest.mark.parametrize("which", [0, 1])
def test_a_layer_that_cannot_be_had_is_a_piece_with_its_cause(shelf, error, cause, which):
    layers = parts(shelf)
    shelf.broken[str(layers[which].digest)] = error
    piece = the_piece(shelf, *layers)
    assert (piece.cause, piece.data, piece.form) == (cause, b"", EvidenceForm.PROVENANCE)


@pytest.mark.parametrize(("room", "cause"), [(0, Cause.NONE), (-1, Cause.INVALID)])
def test_an_archive_may_be_as_large_as_the_limit_says_and_no_larger(shelf, monkeypatch, room, cause):
    monkeypatch.setattr(charts, "MAX_CHART_BYTES", ARCHIVE.stat().st_size + room)
    assert the_piece(shelf, *parts(shelf)).cause is cause


def test_an_archive_that_is_none_is_invalid(shelf):
    _, signed = parts(shelf)
    piece = the_piece(shelf, shelf.blob(b"no archive", HELM_CHART), signed)
    assert piece.cause is Cause.INVALID and "truncated" in piece.detail
