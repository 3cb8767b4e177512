"""Archives that we write: one image for engines, all that is said about it for us, and whole or not there."""

import json
import tarfile

import pytest
from test_registry_saved import put_bundle, put_image, put_signatures

from pratique.errors import DigestMismatch, InputError, Violation
from pratique.registry.archive import open_archive
from pratique.registry.archive_write import carried_name, check_whole, engine_name, staged, write_archive
from pratique.registry.cosign import SIGNATURES, tag_of
from pratique.registry.layout import open_layout
from pratique.registry.saved import UNLISTED
from pratique.registry.types import OCI_INDEX, Descriptor


def written(path, *, list_evidence=False, prove=check_whole) -> tuple[Descriptor, Descriptor, Descriptor]:
    with staged(path) as layout:
        image = put_image(layout)
        bundle, signatures = put_bundle(layout, image), put_signatures(layout, image)
        named = {"tag": "v1", "name": "registry.example/app:v1", "files": {"pratique/note": b"a note"}}
        write_archive(path, layout, image, **named, list_evidence=list_evidence, prove=prove)
    return image, bundle, signatures


def members(path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


def test_engines_see_one_image_and_we_see_all_that_is_said_about_it(tmp_path):
    path = tmp_path / "a.tar"
    image, bundle, signatures = written(path)
    (entry,) = json.loads(members(path)["index.json"])["manifests"]
    assert entry["digest"] == image.digest
    assert entry["annotations"]["io.containerd.image.name"] == "registry.example/app:v1"
    archive = open_archive(path)
    assert archive.resolve("") == archive.resolve("v1") == image.digest
    assert [item.digest for item in archive.list_referrers(image.digest)] == [bundle.digest]
    assert archive.resolve(tag_of(image.digest, SIGNATURES)) == signatures.digest
    assert archive.read_file("pratique/note", 100) == b"a note"


def test_an_archive_of_an_archive_is_loaded_under_the_name_of_the_first_and_under_no_nonsense(tmp_path):
    path = tmp_path / "a.tar"
    image, bundle, _ = written(path)
    assert carried_name(open_archive(path), image.digest) == "registry.example/app:v1"
    assert carried_name(open_archive(path), bundle.digest) == ""
    for wrong in ("../etc", "UPPER/Case", "a" * 2000, "registry.example/app"):
        folder = tmp_path / wrong[-4:].strip("/.")
        layout = open_layout(folder, create=True)
        image = put_image(layout)
        index = json.loads((folder / "index.json").read_bytes())
        for entry in index["manifests"]:
            entry.setdefault("annotations", {})["io.containerd.image.name"] = wrong
        (folder / "index.json").write_text(json.dumps(index))
        assert index["manifests"] and carried_name(open_layout(folder), image.digest) == ""


def test_on_demand_index_json_lists_the_evidence_for_tools_that_look_nowhere_else(tmp_path):
    path = tmp_path / "a.tar"
    image, bundle, signatures = written(path, list_evidence=True)
    listed = {entry["digest"] for entry in json.loads(members(path)["index.json"])["manifests"]}
    assert listed == {image.digest, bundle.digest, signatures.digest} and UNLISTED not in members(path)
    assert open_archive(path).resolve("") == image.digest


def test_the_same_content_is_the_same_archive(tmp_path):
    written(tmp_path / "a.tar")
    written(tmp_path / "b.tar")
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()


def test_an_archive_that_does_not_prove_itself_leaves_what_was_there_before(tmp_path):
    path = tmp_path / "a.tar"
    written(path)
    before = path.read_bytes()

    def refuse(archive):
        raise Violation("no", where=archive.name)

    with pytest.raises(Violation) as caught:
        written(path, prove=refuse)
    assert caught.value.where == str(path)
    assert path.read_bytes() == before and [item.name for item in tmp_path.iterdir()] == ["a.tar"]


def test_a_blob_that_is_not_what_its_name_says_is_found_before_the_archive_has_its_name(tmp_path):
    path = tmp_path / "a.tar"
    with pytest.raises(DigestMismatch), staged(path) as layout:
        image = put_image(layout)
        blob = next((tmp_path / layout.name / "blobs/sha256").glob(f"{image.digest.hex[:2]}*"))
        for other in blob.parent.iterdir():
            if other != blob:
                other.write_bytes(b"x" * other.stat().st_size)
        write_archive(path, layout, image, tag="v1", files={}, prove=check_whole)
    assert list(tmp_path.iterdir()) == []


def test_evidence_that_the_archive_names_and_does_not_have_is_an_error_not_absent(tmp_path):
    path = tmp_path / "a.tar"
    image, bundle, _ = written(path)
    kept = {name: data for name, data in members(path).items() if bundle.digest.hex not in name}
    with tarfile.open(path, "w") as tar:
        import io

        for name, data in kept.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    with pytest.raises(InputError, match=bundle.digest):
        open_archive(path).list_referrers(image.digest)


def test_an_archive_of_older_make_that_lists_everything_is_still_one_image(tmp_path):
    path = tmp_path / "a.tar"
    with staged(path) as layout:
        image = put_image(layout)
        layout.push_manifest(layout.fetch_manifest(image.digest).data, image.media_type, "exported")
        bundle, _ = put_bundle(layout, image), put_signatures(layout, image)
        with tarfile.open(path, "w") as tar:
            tar.add(layout.name, ".")
    archive = open_archive(path)
    assert archive.resolve("") == image.digest
    assert [item.digest for item in archive.list_referrers(image.digest)] == [bundle.digest]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("registry:registry.example/app:v1", "registry.example/app:v1"),
        ("registry:registry.example/app", "registry.example/app:latest"),
        (f"registry:registry.example/app@sha256:{'0' * 64}", ""),
        (f"registry:registry.example:5000/app:v1@sha256:{'0' * 64}", "registry.example:5000/app:v1"),
        ("oci-dir:somewhere:v1", ""),
    ],
)
def test_engines_call_an_image_by_the_name_it_had_in_a_registry(source, name):
    assert engine_name(source) == name


def test_a_place_that_takes_no_file_is_refused_before_anything_is_fetched(tmp_path):
    with pytest.raises(InputError, match="folder"), staged(tmp_path):
        pytest.fail("entered")
    with pytest.raises(InputError, match="no such folder"), staged(tmp_path / "none/a.tar"):
        pytest.fail("entered")
    (tmp_path / "notes").write_bytes(b"kept")
    with pytest.raises(InputError, match="no archive"), staged(tmp_path / "notes"):
        pytest.fail("entered")


def test_an_index_is_one_entry_and_its_linux_images_are_named_for_engines_without_oci_layouts(tmp_path):
    path = tmp_path / "a.tar"
    with staged(path) as layout:
        config = json.dumps({"rootfs": {"type": "layers", "diff_ids": ["sha256:" + "1" * 64]}}).encode()
        children = [put_image(layout, text, config=config) for text in ("one", "two")]
        platforms = [{"os": "linux", "architecture": "amd64"}, {"os": "windows", "architecture": "amd64"}]
        rows = [
            {"mediaType": item.media_type, "digest": item.digest, "size": item.size, "platform": platform}
            for item, platform in zip(children, platforms, strict=True)
        ]
        data = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": rows}).encode()
        index = layout.push_manifest(data, OCI_INDEX, "v1")
        write_archive(path, layout, index, tag="v1", files={}, prove=check_whole)
    files = members(path)
    assert [entry["digest"] for entry in json.loads(files["index.json"])["manifests"]] == [index.digest]
    (entry,) = json.loads(files["manifest.json"])
    assert entry["RepoTags"] is None and len(entry["Layers"]) == 1
