"""What `sign` and `attest` understand by their SUBJECTs."""

import hashlib
import json
import tarfile

import pytest
from artifact_builders import ImageParts, files, index_of, write_layout

from pratique.cli.targets import MAX_SUBJECTS, open_targets
from pratique.errors import InputError, NotFound
from pratique.model import Digest
from pratique.registry.types import OCI_INDEX, OCI_MANIFEST

AMD, ARM = ImageParts([files(a=b"1")]), ImageParts([files(a=b"2")], architecture="arm64")
INDEX = index_of(
    (AMD.manifest, {"os": "linux", "architecture": "amd64"}), (ARM.manifest, {"os": "linux", "architecture": "arm64"})
)


@pytest.fixture
def layout(tmp_path):
    return f"oci-dir:{write_layout(tmp_path / 'layout', INDEX, OCI_INDEX, AMD.blobs() | ARM.blobs())}"


def test_an_index_is_signed_as_a_whole_or_one_image_of_it(layout):
    with open_targets([layout], None) as (whole,):
        assert (whole.digest, whole.descriptor.media_type) == (Digest.of(INDEX), OCI_INDEX)
    with open_targets([layout], "linux/arm64") as (one,):
        assert (one.digest, one.descriptor.media_type) == (Digest.of(ARM.manifest), OCI_MANIFEST)
    with pytest.raises(NotFound), open_targets([layout], "linux/s390x"):
        pass


def test_an_image_in_an_archive_is_meant_and_not_the_archive(layout, tmp_path):
    single = write_layout(tmp_path / "single", AMD.manifest, OCI_MANIFEST, AMD.blobs())
    with tarfile.open(tmp_path / "image.tar", "w") as archive:
        archive.add(single, arcname=".")
    with open_targets([f"oci-archive:{tmp_path}/image.tar", f"file:{tmp_path}/image.tar"], None) as (image, file):
        assert (image.digest, image.path, image.repository) == (Digest.of(AMD.manifest), None, None)
        assert file.digest == "sha256:" + hashlib.sha256((tmp_path / "image.tar").read_bytes()).hexdigest()
        assert file.path == tmp_path / "image.tar"


def test_one_thing_by_two_names_is_named_twice(layout, tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({}))
    named = [[layout, layout], [f"file:{tmp_path}/a.json", f"manifests:{tmp_path}/a.json"], [Digest.of(b"x"), Digest.of(b"x")]]
    for subjects in named:
        with pytest.raises(InputError, match="twice"), open_targets(subjects, None):
            pass


def test_more_subjects_than_one_statement_should_have_are_refused():
    with pytest.raises(InputError, match=str(MAX_SUBJECTS)), open_targets(["x"] * (MAX_SUBJECTS + 1), None):
        pass
