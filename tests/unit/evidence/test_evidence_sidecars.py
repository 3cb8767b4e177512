"""Manifests with a signature inside: where it is found, and whose it is."""

import dataclasses

import pytest
import world

from pratique.attest.bundle import render_bundle
from pratique.attest.yaml_annotation import annotate, draft_statement
from pratique.evidence.claims import Rejected, VerifiedClaim
from pratique.evidence.sidecars import collect_sidecars
from pratique.evidence.trust_anchors import anchors_of_keys
from pratique.evidence.verify import verify_piece
from pratique.keys.file import FileSigner
from pratique.keys.signer import sign_statement
from pratique.model import Cause, Digest
from pratique.registry.types import Descriptor

FILE = b"apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n"
KEY = FileSigner(world.KEYS["ed25519"])
SIGNED = annotate(FILE, render_bundle(sign_statement(KEY, draft_statement(FILE)), KEY.public_key))
BELIEF = anchors_of_keys([("team", [KEY.public_key])], ())


def about(data):
    return Descriptor(media_type="application/yaml", digest=Digest.of(data), size=len(data))


@pytest.fixture
def manifest(tmp_path):
    return tmp_path / "web.yaml"


def test_a_signed_manifest_is_one_piece_and_is_about_the_file(manifest):
    manifest.write_bytes(SIGNED)
    (piece,) = collect_sidecars(manifest).pieces
    claim = verify_piece(piece, about(SIGNED), BELIEF, now=world.NOW, answers={})
    assert isinstance(claim, VerifiedClaim)
    assert about(SIGNED).digest in claim.subjects


def test_what_was_read_must_be_the_file_that_is_asked_about(manifest):
    manifest.write_bytes(SIGNED)
    (piece,) = collect_sidecars(manifest).pieces
    claim = verify_piece(piece, about(FILE), BELIEF, now=world.NOW, answers={})
    assert isinstance(claim, Rejected)
    assert claim.cause is Cause.MISMATCH


@pytest.mark.parametrize("data", [FILE, b"replicas: [1, 2]\n", b"a: 1\na: 2\n", b"\xff"])
def test_a_file_without_a_signature_in_it_has_none_however_it_reads(manifest, data):
    manifest.write_bytes(data)
    found = collect_sidecars(manifest)
    assert (found.pieces, found.cause) == ((), Cause.NONE)


@pytest.mark.parametrize("change", [b"kind: Pod\n", b"? [a]\n: b\n", b"a: &x 1\n", b"a: on\n"])
def test_a_signed_file_that_is_read_in_two_ways_is_invalid_and_not_unsigned(manifest, change):
    manifest.write_bytes(SIGNED + change)
    assert collect_sidecars(manifest).cause is Cause.INVALID


def test_a_certificate_needs_a_log_even_where_keys_are_trusted_too(manifest):
    """A bundle that says it is keyless, with nothing that proves when it was made."""
    certificate = world.World().certificate()
    envelope = sign_statement(FileSigner(certificate.key), draft_statement(FILE))
    bare = dataclasses.replace(envelope, signatures=(dataclasses.replace(envelope.signatures[0], keyid=""),))
    manifest.write_bytes(annotate(FILE, render_bundle(bare, certificate.der)))
    (piece,) = collect_sidecars(manifest).pieces
    claim = verify_piece(piece, about(manifest.read_bytes()), BELIEF, now=world.NOW, answers={})
    assert isinstance(claim, Rejected)
    assert claim.cause is Cause.UNTRUSTED


@pytest.mark.parametrize(("name", "found"), [("web.yaml", 1), ("web.yml", 1), ("web.json", 1), ("web.txt", 0), ("web", 0)])
def test_a_signature_is_looked_for_in_files_that_are_called_as_manifests_are(tmp_path, name, found):
    (tmp_path / name).write_bytes(SIGNED)
    collected = collect_sidecars(tmp_path / name)
    assert (len(collected.pieces), collected.cause) == (found, Cause.NONE)


def test_a_file_of_another_kind_may_be_larger_than_manifests_are(tmp_path):
    large = tmp_path / "release.tar"
    with large.open("wb") as file:
        file.truncate((8 << 20) + 1)
    assert (collect_sidecars(large).pieces, collect_sidecars(large).cause) == ((), Cause.NONE)
    assert collect_sidecars(large.rename(tmp_path / "release.yaml")).cause is Cause.INVALID
