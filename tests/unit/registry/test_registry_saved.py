"""Layouts that keep what is said about an image in another manner than by listing it: it is found, or it is named as lost."""

import json
import shutil
import tarfile
from pathlib import Path

import pytest

from pratique.attest.cosign import SIMPLE_SIGNING, SimpleSigning, render_payload, signature_annotations
from pratique.errors import DigestMismatch, InputError, Malformed, NotFound
from pratique.evidence.collect import collect_from_repository
from pratique.evidence.collected import EvidenceForm
from pratique.model import Cause, Digest
from pratique.registry.archive import open_archive
from pratique.registry.attach import attach
from pratique.registry.copy import Unlisted, copy_artifact
from pratique.registry.cosign import SIGNATURES, Layer, push_layers, tag_of
from pratique.registry.layout import Layout, open_layout
from pratique.registry.saved import tags_by_kind
from pratique.registry.types import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, SIGSTORE_BUNDLE, Descriptor

COSIGN = "dev.cosignproject.cosign/"


def put_image(layout: Layout, text: str = "image", *, config: bytes = b"{}") -> Descriptor:
    layer = text.encode() * 50
    for data in (config, layer):
        layout.push_blob(Digest.of(data), len(data), [data])
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": OCI_CONFIG, "digest": Digest.of(config), "size": len(config)},
        "layers": [{"mediaType": OCI_LAYER, "digest": Digest.of(layer), "size": len(layer)}],
    }
    return layout.push_manifest(json.dumps(document).encode(), OCI_MANIFEST)


def put_bundle(layout: Layout, image: Descriptor, blob: bytes = b"a bundle") -> Descriptor:
    return attach(layout, subject=image, blob=blob, artifact_type=SIGSTORE_BUNDLE, annotations={}, created=None)


def put_signatures(layout: Layout, image: Descriptor) -> Descriptor:
    payload = render_payload(SimpleSigning(image=image.digest))
    layer = Layer(data=payload, annotations=signature_annotations(b"a signature"))
    return push_layers(layout, image.digest, SIGNATURES, [layer])


def rewrite_index(folder: Path, entries: list[tuple[Descriptor, dict[str, str]]]) -> None:
    """index.json of exactly these entries; whatever else there is still lies in `blobs/`."""
    rows = [
        {"mediaType": item.media_type, "digest": item.digest, "size": item.size, "annotations": notes} for item, notes in entries
    ]
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": rows}))


def kind(name: str) -> dict[str, str]:
    return {"kind": COSIGN + name}


@pytest.fixture
def saved(tmp_path):
    """A layout as `cosign save` writes it: an image with a bundle that nothing lists, and signatures that no tag names."""
    layout = open_layout(tmp_path / "saved", create=True)
    image = put_image(layout)
    bundle, signatures = put_bundle(layout, image), put_signatures(layout, image)
    rewrite_index(tmp_path / "saved", [(image, kind("image")), (signatures, kind("sigs"))])
    return open_layout(tmp_path / "saved"), image, bundle, signatures


def test_a_bundle_that_cosign_saved_is_found_by_its_subject_for_nothing_lists_it(saved):
    layout, image, bundle, _ = saved
    assert layout.resolve("") == image.digest
    assert [item.digest for item in layout.list_referrers(image.digest)] == [bundle.digest]


def test_signatures_that_cosign_saved_by_kind_are_found_under_the_tag_they_had(saved):
    layout, image, _, signatures = saved
    assert layout.resolve(tag_of(image.digest, SIGNATURES)) == signatures.digest
    forms = {piece.form for piece in collect_from_repository(layout, image.digest).pieces}
    assert forms == {EvidenceForm.BUNDLE, EvidenceForm.COSIGN_SIGNATURE}


def test_a_copy_of_what_cosign_saved_carries_all_of_it(saved, tmp_path):
    layout, image, bundle, signatures = saved
    copied = copy_artifact(layout, "", open_layout(tmp_path / "copy", create=True), "v1")
    assert {item.digest for item in copied.said} == {bundle.digest, signatures.digest}
    there = open_layout(tmp_path / "copy")
    assert [item.digest for item in there.list_referrers(image.digest)] == [bundle.digest]
    assert there.resolve(tag_of(image.digest, SIGNATURES)) == signatures.digest


def test_what_cosign_saved_is_found_in_an_archive_of_it_too(saved, tmp_path):
    _, image, bundle, signatures = saved
    with tarfile.open(tmp_path / "saved.tar", "w") as tar:
        tar.add(tmp_path / "saved", ".")
    archive = open_archive(tmp_path / "saved.tar")
    assert [item.digest for item in archive.list_referrers(image.digest)] == [bundle.digest]
    assert archive.resolve(tag_of(image.digest, SIGNATURES)) == signatures.digest


def test_any_altered_byte_of_what_cosign_saved_is_found_and_not_taken_for_absent(saved, tmp_path):
    _, image, bundle, signatures = saved
    for digest in (bundle.digest, signatures.digest, Digest.of(b"a bundle")):
        shutil.rmtree(tmp_path / "bad", ignore_errors=True)
        shutil.copytree(tmp_path / "saved", tmp_path / "bad")
        blob = tmp_path / "bad/blobs/sha256" / digest.hex
        data = blob.read_bytes()
        for position in (0, len(data) // 2, len(data) - 1):
            blob.write_bytes(data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :])
            layout = open_layout(tmp_path / "bad")
            collection = collect_from_repository(layout, image.digest)
            assert Cause.INVALID in {collection.cause, *(piece.cause for piece in collection.pieces)}, (digest, position)
            with pytest.raises(DigestMismatch):
                copy_artifact(layout, "", open_layout(tmp_path / f"copy-{digest.hex[:6]}-{position}", create=True))


def test_of_several_saved_images_each_has_its_own_signatures(tmp_path):
    layout = open_layout(tmp_path / "store", create=True)
    images = [put_image(layout, text) for text in ("one", "two")]
    signatures = [put_signatures(layout, image) for image in images]
    entries = [
        (image, {**kind("image"), "org.opencontainers.image.ref.name": f"v{number}"}) for number, image in enumerate(images)
    ]
    # Tools that keep many images in one layout name the signatures like the image.
    entries += [(item, {**kind("sigs"), "org.opencontainers.image.ref.name": f"v{n}"}) for n, item in enumerate(signatures)]
    rewrite_index(tmp_path / "store", entries)
    layout = open_layout(tmp_path / "store")
    for number, (image, signature) in enumerate(zip(images, signatures, strict=True)):
        assert layout.resolve(f"v{number}") == image.digest
        assert layout.resolve(tag_of(image.digest, SIGNATURES)) == signature.digest
    with pytest.raises(InputError, match="2 images are here"):
        layout.resolve("")


def test_what_is_saved_and_cannot_be_placed_is_an_error_that_names_it(saved, tmp_path):
    _, image, _, signatures = saved
    other = put_image(open_layout(tmp_path / "saved"), "other")
    for entries, words in (
        ([(image, kind("image")), (signatures, kind("seals"))], "not known"),
        ([(signatures, kind("sigs"))], "nothing tells which image"),
        ([(image, kind("image")), (other, kind("image")), (other, kind("atts"))], "nothing tells which image"),
        ([(image, kind("image")), (signatures, kind("sigs")), (other, kind("sigs"))], "two entries"),
    ):
        rewrite_index(tmp_path / "saved", entries)
        with pytest.raises(Malformed, match=words):
            open_layout(tmp_path / "saved").resolve(tag_of(image.digest, SIGNATURES))
    with pytest.raises(Malformed, match="sha256:"):
        copy_artifact(open_layout(tmp_path / "saved"), image.digest, open_layout(tmp_path / "copy", create=True))


def test_content_decides_only_where_several_images_could_be_meant():
    digests = [Digest.of(text) for text in (b"1", b"2", b"3")]
    entry = [Descriptor(media_type=OCI_MANIFEST, digest=digest, size=1, annotations=kind("image")) for digest in digests]
    about = Descriptor(media_type=OCI_MANIFEST, digest=Digest.of(b"s"), size=1, annotations=kind("sigs"))
    (tag,) = tags_by_kind([entry[0], about], lambda _: pytest.fail("asked"), where="x")
    assert tag == tag_of(digests[0], SIGNATURES)
    (tag,) = tags_by_kind([*entry, about], lambda _: {digests[1]}, where="x")
    assert tag == tag_of(digests[1], SIGNATURES)
    with pytest.raises(Malformed):
        tags_by_kind([*entry, about], lambda _: {digests[0], digests[1]}, where="x")


def test_what_was_deleted_from_a_layout_that_lists_stays_deleted_and_a_copy_asks(tmp_path):
    layout = open_layout(tmp_path / "l", create=True)
    image = put_image(layout)
    bundle = put_bundle(layout, image)
    rewrite_index(tmp_path / "l", [(image, {})])
    layout = open_layout(tmp_path / "l")
    assert layout.list_referrers(image.digest) == []
    assert [item.digest for item in layout.list_unlisted(image.digest)] == [bundle.digest]
    with pytest.raises(InputError, match=bundle.digest):
        copy_artifact(layout, "", open_layout(tmp_path / "refused", create=True))
    taken = copy_artifact(layout, "", open_layout(tmp_path / "taken", create=True), unlisted=Unlisted.TAKE)
    assert [item.digest for item in taken.said] == [bundle.digest]
    left = copy_artifact(layout, "", open_layout(tmp_path / "left", create=True), unlisted=Unlisted.LEAVE)
    assert left.said == ()


def test_tags_of_signatures_are_no_images_among_which_one_must_choose(tmp_path):
    layout = open_layout(tmp_path / "l", create=True)
    image = put_image(layout)
    layout.push_manifest(layout.fetch_manifest(image.digest).data, OCI_MANIFEST, "v1")
    put_signatures(layout, image)
    assert SIMPLE_SIGNING in {layer.media_type for layer in layout.fetch_manifest(tag_of(image.digest, SIGNATURES)).layers}
    assert layout.resolve("") == image.digest
    with pytest.raises(NotFound):
        layout.resolve(tag_of(Digest.of(b"another"), SIGNATURES))
