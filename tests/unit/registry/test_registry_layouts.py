"""Layouts in folders and archives: what was altered, cut or forged is found."""

import gzip
import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from pratique.errors import DigestMismatch, InputError, LimitExceeded, Malformed, NotFound, StorageError
from pratique.model import Digest
from pratique.registry.archive import open_archive
from pratique.registry.attach import attach
from pratique.registry.layout import Layout, open_layout
from pratique.registry.types import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, Descriptor, fallback_tag

LAYER = b"a layer of some bytes" * 100


def make(path: Path, *tags: str, layer: bytes = LAYER) -> tuple[Layout, Descriptor]:
    layout = open_layout(path, create=True)
    config = Descriptor(media_type=OCI_CONFIG, digest=Digest.of(b"{}"), size=2)
    for data in (b"{}", layer):
        layout.push_blob(Digest.of(data), len(data), [data])
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": OCI_CONFIG, "digest": config.digest, "size": 2},
        "layers": [{"mediaType": OCI_LAYER, "digest": Digest.of(layer), "size": len(layer)}],
    }
    data = json.dumps(document).encode()
    for tag in tags or (None,):
        image = layout.push_manifest(data, OCI_MANIFEST, tag)
    return layout, image


def sign(layout: Layout, image: Descriptor, blob: bytes = b"sig") -> Descriptor:
    return attach(layout, subject=image, blob=blob, artifact_type="a/b", annotations={}, created=None)


def pack(folder: Path, archive: Path) -> Path:
    with tarfile.open(archive, "w") as tar:
        for path in sorted(folder.rglob("*")):
            tar.add(path, "./" + str(path.relative_to(folder)), recursive=False)
    return archive


def members(tmp_path: Path, *extra: tuple[tarfile.TarInfo, bytes]) -> Path:
    make(tmp_path / "l")
    archive = pack(tmp_path / "l", tmp_path / "a.tar")
    with tarfile.open(archive, "a") as tar:
        for info, data in extra:
            info.size = len(data) if info.isreg() else 0
            tar.addfile(info, io.BytesIO(data))
    return archive


def info(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, target
    return made


def layer_of(image) -> Descriptor:
    return Descriptor(media_type=OCI_LAYER, digest=Digest.of(LAYER), size=len(LAYER))


def test_any_altered_byte_of_any_blob_is_found_and_named(tmp_path):
    layout, image = make(tmp_path / "l", "v1")
    sign(layout, image)
    for blob in sorted((tmp_path / "l" / "blobs" / "sha256").iterdir()):
        good = blob.read_bytes()
        digest = Digest(f"sha256:{blob.name}")
        for position in {0, len(good) // 2, len(good) - 1}:
            bad = bytearray(good)
            bad[position] ^= 1
            blob.write_bytes(bad)
            with pytest.raises(DigestMismatch, match=blob.name):
                layout.fetch_blob(Descriptor(media_type=OCI_LAYER, digest=digest, size=len(good)), limit=1 << 20)
        for bad in (good[:-1], good + b"x"):
            blob.write_bytes(bad)
            with pytest.raises(DigestMismatch, match=blob.name):
                layout.fetch_blob(Descriptor(media_type=OCI_LAYER, digest=digest, size=len(good)), limit=1 << 20)
        blob.write_bytes(good)


def test_the_last_byte_is_not_handed_out_before_all_are_verified(tmp_path):
    layout, image = make(tmp_path / "l")
    path = Path(layout.blob_location(Digest.of(LAYER)).path)
    path.write_bytes(b"X" + LAYER[1:])
    got = b""
    with layout.open_blob(layer_of(image)) as stream:
        with pytest.raises(DigestMismatch):
            while piece := stream.read(100):
                got += piece
        assert len(got) < len(LAYER)
        with pytest.raises(DigestMismatch):
            stream.read(1)


def test_an_altered_referrer_is_not_taken_for_an_absent_one(tmp_path):
    layout, image = make(tmp_path / "l", "v1")
    signature = sign(layout, image)
    path = Path(layout.blob_location(signature.digest).path)
    path.write_bytes(path.read_bytes().replace(b"subject", b"subjekt"))
    with pytest.raises(DigestMismatch, match=signature.digest.hex):
        layout.list_referrers(image.digest)
    path.unlink()
    with pytest.raises(NotFound):
        layout.list_referrers(image.digest)


def test_an_altered_manifest_is_made_whole_by_pushing_it_again(tmp_path):
    layout, image = make(tmp_path / "l", "v1")
    path = Path(layout.blob_location(image.digest).path)
    path.write_bytes(b"{" + path.read_bytes()[1:-1] + b" ")
    with pytest.raises(DigestMismatch):
        layout.fetch_manifest("v1")
    make(tmp_path / "l", "v1")
    assert layout.fetch_manifest("v1").digest == image.digest


def test_one_image_needs_no_name_and_of_several_the_choices_are_named(tmp_path):
    layout, image = make(tmp_path / "l")
    sign(layout, image)
    assert layout.fetch_manifest("").digest == image.digest
    make(tmp_path / "l", "other", layer=b"other")
    with pytest.raises(InputError, match=r"2 images.*other"):
        layout.fetch_manifest("")
    with pytest.raises(NotFound, match="choose one of: @sha256"):
        layout.fetch_manifest("absent")


def test_an_empty_layout_holds_no_image(tmp_path):
    with pytest.raises(NotFound, match="no image"):
        open_layout(tmp_path / "l", create=True).fetch_manifest("")


def test_the_same_image_under_two_tags_is_one(tmp_path):
    layout, image = make(tmp_path / "l", "a", "b")
    assert layout.resolve("a") == layout.resolve("b") == image.digest
    assert layout.fetch_manifest("").digest == image.digest


def test_referrers_under_the_fallback_tag_of_a_layout_are_found_too(tmp_path):
    layout, image = make(tmp_path / "l", "v1")
    signature = sign(layout, image)
    index = json.loads((tmp_path / "l" / "index.json").read_bytes())
    entry = next(item for item in index["manifests"] if item["digest"] == signature.digest)
    index["manifests"].remove(entry)
    (tmp_path / "l" / "index.json").write_text(json.dumps(index))
    assert layout.list_referrers(image.digest) == []
    listing = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [entry]}
    layout.push_manifest(json.dumps(listing).encode(), listing["mediaType"], fallback_tag(image.digest))
    assert [item.digest for item in layout.list_referrers(image.digest)] == [signature.digest]


def test_what_others_wrote_into_the_index_is_kept(tmp_path):
    make(tmp_path / "l", "v1")
    path = tmp_path / "l" / "index.json"
    index = json.loads(path.read_bytes())
    index["annotations"] = {"org.example": "kept"}
    index["manifests"][0]["x-unknown"] = 1
    path.write_text(json.dumps(index))
    make(tmp_path / "l", "v2", layer=b"other")
    after = json.loads(path.read_bytes())
    assert after["annotations"] == {"org.example": "kept"}
    assert after["manifests"][0]["x-unknown"] == 1


@pytest.mark.parametrize("marker", [b"", b"{}", b'{"imageLayoutVersion":"2.0.0"}', b"[]"])
def test_a_layout_of_another_version_is_refused(tmp_path, marker):
    make(tmp_path / "l")
    (tmp_path / "l" / "oci-layout").write_bytes(marker)
    with pytest.raises(Malformed):
        open_layout(tmp_path / "l")


def test_a_fifo_in_the_place_of_a_blob_does_not_make_us_wait(tmp_path):
    layout, image = make(tmp_path / "l")
    path = Path(layout.blob_location(image.digest).path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(Malformed, match="regular"):
        layout.fetch_manifest(image.digest)


def test_a_half_made_layout_is_completed(tmp_path):
    open_layout(tmp_path / "l", create=True)
    (tmp_path / "l" / "oci-layout").unlink()
    open_layout(tmp_path / "l", create=True)
    assert (tmp_path / "l" / "oci-layout").exists()


def test_a_read_only_folder_says_so(as_nobody):
    make(as_nobody / "l")
    (as_nobody / "l").chmod(0o500)
    try:
        with pytest.raises(StorageError, match="permission denied"):
            make(as_nobody / "l", "v2")
    finally:
        (as_nobody / "l").chmod(0o700)


def test_an_archive_says_what_its_folder_says(tmp_path):
    layout, image = make(tmp_path / "l", "v1")
    signature = sign(layout, image)
    archive = open_archive(pack(tmp_path / "l", tmp_path / "a.tar"))
    assert archive.resolve("v1") == image.digest
    assert archive.fetch_manifest("v1") == layout.fetch_manifest("v1")
    assert archive.list_referrers(image.digest) == layout.list_referrers(image.digest)
    assert archive.fetch_blob(archive.fetch_manifest(signature.digest).layers[0], limit=9) == b"sig"
    path, offset, size = archive.blob_location(Digest.of(LAYER))
    with Path(path).open("rb") as file:
        assert os.pread(file.fileno(), size, offset) == LAYER
    with pytest.raises(InputError):
        archive.push_blob(Digest.of(b"new"), 3, [b"new"])
    with pytest.raises(InputError):
        archive.push_manifest(b"{}", OCI_MANIFEST)


def test_an_altered_byte_in_an_archive_is_found_and_named(tmp_path):
    make(tmp_path / "l")
    path = pack(tmp_path / "l", tmp_path / "a.tar")
    archive = open_archive(path)
    data = bytearray(path.read_bytes())
    data[archive.blob_location(Digest.of(LAYER)).offset + 7] ^= 1
    path.write_bytes(data)
    with pytest.raises(DigestMismatch, match=Digest.of(LAYER).hex):
        open_archive(path).fetch_blob(layer_of(None), limit=1 << 20)


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "blobs/../../evil", "a//b", "blobs/./x"])
def test_a_name_that_leaves_the_archive_is_refused(tmp_path, name):
    with pytest.raises(Malformed, match="leaves"):
        open_archive(members(tmp_path, (info(name), b"x")))


@pytest.mark.parametrize("name", ["index.json", "./index.json"])
def test_a_name_that_occurs_twice_is_refused(tmp_path, name):
    with pytest.raises(Malformed, match="twice"):
        open_archive(members(tmp_path, (info(name), b"{}")))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE])
def test_links_devices_and_sparse_members_are_refused(tmp_path, kind):
    with pytest.raises(Malformed, match="link"):
        open_archive(members(tmp_path, (info("blobs/sha256/x", kind, "/etc/passwd"), b"")))


def test_a_folder_and_a_file_of_one_name_are_refused(tmp_path):
    with pytest.raises(Malformed, match="both"):
        open_archive(members(tmp_path, (info("index.json", tarfile.DIRTYPE), b"")))


def test_an_archive_cut_short_anywhere_is_refused_or_lacks_what_was_cut(tmp_path):
    make(tmp_path / "l", "v1")
    path = pack(tmp_path / "l", tmp_path / "a.tar")
    whole = path.read_bytes()
    end = max(sum(item) for item in open_archive(path)._members.values())
    for size in range(1, end, 211):
        path.write_bytes(whole[:size])
        with pytest.raises((Malformed, InputError)):
            archive = open_archive(path)
            archive.fetch_blob(archive.fetch_manifest("v1").layers[0], limit=1 << 20)


def test_too_many_members_are_refused(tmp_path):
    make(tmp_path / "l")
    with pytest.raises(LimitExceeded):
        open_archive(pack(tmp_path / "l", tmp_path / "a.tar"), max_members=3)


def test_a_wrong_checksum_is_refused_with_its_offset(tmp_path):
    make(tmp_path / "l")
    path = pack(tmp_path / "l", tmp_path / "a.tar")
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.write_bytes(data)
    with pytest.raises(Malformed, match="offset 0"):
        open_archive(path)


def test_a_compressed_archive_is_refused_with_what_to_do(tmp_path):
    make(tmp_path / "l")
    path = pack(tmp_path / "l", tmp_path / "a.tar")
    path.write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(InputError, match="decompress"):
        open_archive(path)


def test_other_files_are_no_archive(tmp_path):
    path = tmp_path / "a.tar"
    with pytest.raises(NotFound):
        open_archive(path)
    for data in (b"", b"hello", bytes(1024)):
        path.write_bytes(data)
        with pytest.raises(InputError):
            open_archive(path)
    with tarfile.open(path, "w") as tar:
        tar.addfile(info("manifest.json"))
    with pytest.raises(InputError, match="not an OCI archive"):
        open_archive(path)


def test_pax_names_and_sizes_are_followed_and_sparse_ones_refused(tmp_path):
    extra = info("blobs/" + "x" * 150)
    extra.pax_headers = {"comment": "c"}
    assert open_archive(members(tmp_path, (extra, b"pax")))._members[extra.name][1] == 3
    sparse = info("blobs/sparse")
    sparse.pax_headers = {"GNU.sparse.major": "1"}
    with pytest.raises(Malformed, match="sparse"):
        open_archive(members(tmp_path, (sparse, b"")))
