"""Images in layouts and docker archives, from one end to the other."""

import gzip
import json
import tarfile

import pytest
from artifact_builders import (
    OCI_INDEX,
    OCI_MANIFEST,
    ImageParts,
    docker_save,
    everything,
    files,
    hardlink,
    index_of,
    member,
    nothing,
    sha,
    symlink,
    tar_of,
    write_layout,
    zip_deterministic,
)

from pratique.artifact.config import parse_time
from pratique.artifact.limits import Limits
from pratique.artifact.open import open_artifact
from pratique.artifact.platforms import host_platform, parse_platform
from pratique.artifact.selection import Chosen
from pratique.artifact.source import ArtifactSource
from pratique.errors import DigestMismatch, InputError, LimitExceeded, Malformed, NotFound
from pratique.model import ArtifactKind

LOWER = files(etc__hosts=b"127.0.0.1", var__lib__dpkg__status=b"Package: a")
UPPER = tar_of(member("app/main.py", b"print()"), member("etc/.wh.hosts"))


def layout(tmp_path, parts):
    return ArtifactSource("oci-dir", str(write_layout(tmp_path / "layout", parts.manifest, OCI_MANIFEST, parts.blobs())))


def read(source, wanted=nothing, cache=None, **options):
    with open_artifact(source, **options) as artifact:
        return artifact.read_tree(Chosen(keep=wanted, version="1"), cache=cache)


def subject_of(source, **options):
    with open_artifact(source, **options) as artifact:
        return artifact.subject


def docker(tmp_path, *images, **options):
    path = tmp_path / "docker.tar"
    path.write_bytes(docker_save(*images, **options))
    return ArtifactSource("docker-archive", str(path))


# --- from a layout


@pytest.mark.parametrize("compress", [None, zip_deterministic])
def test_an_image_is_read_whole(tmp_path, compress):
    parts = ImageParts([LOWER, UPPER], compress=compress)
    done = []
    with open_artifact(layout(tmp_path, parts)) as artifact:
        selection = Chosen(keep=lambda path: path.endswith("status"))
        tree = artifact.read_tree(selection, progress=lambda *counts: done.append(counts))
        subject = artifact.subject
    assert sorted(tree.entries) == ["app/main.py", "var/lib/dpkg/status"]
    assert tree.contents == {"var/lib/dpkg/status": b"Package: a"}
    assert tree.layers == ("sha256:" + sha(LOWER), "sha256:" + sha(UPPER))
    assert subject.kind is ArtifactKind.IMAGE
    assert subject.digest == "sha256:" + sha(parts.manifest)
    assert subject.config == "sha256:" + sha(parts.config)
    assert subject.platform == "linux/amd64"
    assert subject.created == 1714979289
    assert subject.labels == {"maintainer": "somebody"}
    total = sum(map(len, parts.layers))
    assert done[-1] == (total, total)


@pytest.mark.parametrize("which", [0, 1, 2, 3])
def test_one_changed_byte_in_any_blob_is_a_wrong_digest(tmp_path, which):
    parts = ImageParts([LOWER, UPPER], compress=zip_deterministic)
    source = layout(tmp_path, parts)
    data = [*parts.layers, parts.config, parts.manifest][which]
    path = tmp_path / "layout" / "blobs" / "sha256" / sha(data)
    changed = bytearray(data)
    changed[len(data) // 2] ^= 1
    path.write_bytes(bytes(changed))
    with pytest.raises(DigestMismatch):
        read(source)


def test_a_truncated_blob_is_a_wrong_digest(tmp_path):
    parts = ImageParts([LOWER])
    source = layout(tmp_path, parts)
    (tmp_path / "layout" / "blobs" / "sha256" / sha(LOWER)).write_bytes(LOWER[:600])
    with pytest.raises(DigestMismatch):
        read(source)


def test_a_layer_that_is_not_the_diff_id_of_the_configuration_is_refused_and_named(tmp_path):
    lie = {"rootfs": {"type": "layers", "diff_ids": ["sha256:" + "0" * 64]}}
    with pytest.raises(DigestMismatch, match=r"layer 0.*diff_id sha256:0000"):
        read(layout(tmp_path, ImageParts([LOWER], config_changes=lie)))


def test_the_cache_does_not_believe_a_diff_id_that_another_blob_claims(tmp_path):
    honest = ImageParts([LOWER])
    cache = tmp_path / "cache"
    read(
        ArtifactSource("oci-dir", str(write_layout(tmp_path / "one", honest.manifest, OCI_MANIFEST, honest.blobs()))), cache=cache
    )
    claim = {"rootfs": {"type": "layers", "diff_ids": ["sha256:" + sha(LOWER)]}}
    liar = ImageParts([files(evil=b"x")], config_changes=claim)
    with pytest.raises(DigestMismatch):
        read(
            ArtifactSource("oci-dir", str(write_layout(tmp_path / "two", liar.manifest, OCI_MANIFEST, liar.blobs()))), cache=cache
        )


def test_a_cached_image_is_the_same_tree_and_its_layers_are_not_read(tmp_path):
    parts = ImageParts([LOWER, UPPER], compress=zip_deterministic)
    source = layout(tmp_path, parts)
    first = read(source, everything, cache=tmp_path / "cache")
    for data in parts.layers:
        (tmp_path / "layout" / "blobs" / "sha256" / sha(data)).unlink()
    assert read(source, everything, cache=tmp_path / "cache") == first


def test_a_package_database_hidden_behind_a_hard_link_is_still_read(tmp_path):
    layer = tar_of(member("x", b"Package: hidden"), hardlink("var/lib/dpkg/status", "x"))
    tree = read(layout(tmp_path, ImageParts([layer])), lambda path: path == "var/lib/dpkg/status")
    assert tree.contents == {"var/lib/dpkg/status": b"Package: hidden"}


def test_a_package_database_behind_a_symbolic_link_of_a_folder_is_still_read(tmp_path):
    layer = tar_of(symlink("v", "var"), member("v/lib/dpkg/status", b"Package: hidden"))
    tree = read(layout(tmp_path, ImageParts([layer])), lambda path: path == "var/lib/dpkg/status")
    assert tree.contents == {"var/lib/dpkg/status": b"Package: hidden"}


def test_layers_and_diff_ids_of_different_number_are_refused(tmp_path):
    short = {"rootfs": {"type": "layers", "diff_ids": []}}
    with pytest.raises(Malformed, match="1 layers, the configuration 0"):
        read(layout(tmp_path, ImageParts([LOWER], config_changes=short)))


def test_too_many_layers_end_in_one_error(tmp_path):
    with pytest.raises(LimitExceeded, match="max_layers"):
        read(layout(tmp_path, ImageParts([LOWER, UPPER])), limits=Limits(max_layers=1))


@pytest.mark.parametrize("config", [{"rootfs": None}, {"os": 7}, {"rootfs": {"type": "layers", "diff_ids": ["md5:1"]}}])
def test_a_configuration_that_is_none_is_malformed(tmp_path, config):
    with pytest.raises(Malformed):
        read(layout(tmp_path, ImageParts([LOWER], config_changes=config)))


def test_a_layer_of_an_unknown_kind_is_refused(tmp_path):
    parts = ImageParts([LOWER])
    parts.manifest = parts.manifest.replace(b"layer.v1.tar", b"layer.v1.tar+encrypted")
    with pytest.raises(Malformed, match="unknown media type"):
        read(layout(tmp_path, parts))


def test_what_is_no_container_image_is_said(tmp_path):
    parts = ImageParts([LOWER])
    parts.manifest = parts.manifest.replace(b"vnd.oci.image.config.v1", b"vnd.cncf.helm.config.v1")
    with pytest.raises(InputError, match="not a container image"):
        read(layout(tmp_path, parts))


def test_an_error_in_one_layer_of_many_is_that_layers(tmp_path):
    bad = tar_of(member("../x"))
    with pytest.raises(Malformed, match="layer 2"):
        read(layout(tmp_path, ImageParts([LOWER, UPPER, bad, LOWER])))


def test_an_archive_of_a_layout_is_read(tmp_path):
    parts = ImageParts([LOWER])
    layout(tmp_path, parts)
    with tarfile.open(tmp_path / "image.tar", "w") as archive:
        archive.add(tmp_path / "layout", arcname=".")
    assert subject_of(ArtifactSource("oci-archive", str(tmp_path / "image.tar"))).digest == "sha256:" + sha(parts.manifest)


# --- platforms


def multi(tmp_path, *entries):
    blobs = {}
    top = []
    for parts, platform in entries:
        blobs |= parts.blobs()
        top.append((parts.manifest, platform))
    return ArtifactSource("oci-dir", str(write_layout(tmp_path / "layout", index_of(*top), OCI_INDEX, blobs)))


def three(tmp_path):
    return multi(
        tmp_path,
        (ImageParts([LOWER]), {"os": "linux", "architecture": "amd64"}),
        (ImageParts([UPPER], architecture="arm64"), {"os": "linux", "architecture": "arm64", "variant": "v8"}),
        (ImageParts([files(attestation=b"")]), {"os": "unknown", "architecture": "unknown"}),
    )


@pytest.mark.parametrize("platform", ["linux/arm64", "linux/arm64/v8"])
def test_the_platform_chooses_and_the_index_is_remembered(tmp_path, platform):
    with open_artifact(three(tmp_path), platform=platform) as artifact:
        assert artifact.subject.platform == "linux/arm64"
        assert artifact.image.index_digest is not None
        assert artifact.image.index_digest != artifact.subject.digest


def test_a_platform_that_is_not_there_lists_those_that_are(tmp_path):
    with pytest.raises(NotFound) as caught:
        subject_of(three(tmp_path), platform="linux/s390x")
    assert caught.value.hint == "choose one with --platform: linux/amd64, linux/arm64"


def test_a_single_image_of_another_platform_is_not_passed_off(tmp_path):
    with pytest.raises(NotFound, match="linux/s390x"):
        subject_of(layout(tmp_path, ImageParts([LOWER])), platform="linux/s390x")


@pytest.mark.parametrize("text", ["linux", "linux/", "a/b/c/d", ""])
def test_what_is_no_platform_is_refused(tmp_path, text):
    with pytest.raises(InputError, match="not a platform"):
        subject_of(layout(tmp_path, ImageParts([LOWER])), platform=text)


def test_the_host_is_a_platform():
    assert parse_platform(host_platform())[0] == "linux"


# --- docker archives


@pytest.mark.parametrize("compress", [None, gzip.compress])
def test_a_docker_archive_is_the_same_image_as_its_plain_layout(tmp_path, compress):
    parts = ImageParts([LOWER, UPPER])
    source = docker(tmp_path, (parts, ["app:1"]), compress=compress)
    assert read(source, everything) == read(layout(tmp_path, parts), everything)
    assert subject_of(source).config == "sha256:" + sha(parts.config)


def test_the_manifest_made_for_a_docker_archive_is_always_the_same(tmp_path):
    parts = ImageParts([LOWER])
    first = subject_of(docker(tmp_path, (parts, ["app:1"]))).digest
    assert subject_of(docker(tmp_path, (parts, ["other:2"]), compress=gzip.compress)).digest == first


def test_several_images_must_be_named(tmp_path):
    one, two = ImageParts([LOWER]), ImageParts([UPPER])
    source = docker(tmp_path, (one, ["app:1"]), (two, ["docker.io/library/app:2"]))
    with pytest.raises(InputError, match=r"holds 2 images: app:1, docker.io/library/app:2"):
        subject_of(source)
    for tag in ("2", "app:2", "docker.io/library/app:2"):
        assert subject_of(ArtifactSource("docker-archive", f"{source.location}:{tag}")).config == "sha256:" + sha(two.config)
    with pytest.raises(NotFound, match="no image of the name '3'"):
        subject_of(ArtifactSource("docker-archive", source.location + ":3"))


def test_a_changed_layer_in_a_docker_archive_is_a_wrong_digest(tmp_path):
    source = docker(tmp_path, (ImageParts([LOWER]), ["app:1"]))
    path = tmp_path / "docker.tar"
    path.write_bytes(path.read_bytes().replace(b"127.0.0.1", b"127.0.0.9"))
    with pytest.raises(DigestMismatch):
        read(source)


def test_a_changed_configuration_in_a_docker_archive_is_a_wrong_digest(tmp_path):
    source = docker(tmp_path, (ImageParts([LOWER]), ["app:1"]))
    path = tmp_path / "docker.tar"
    path.write_bytes(path.read_bytes().replace(b"somebody", b"somebodx"))
    with pytest.raises(DigestMismatch, match="configuration"):
        subject_of(source)


def docker_with(tmp_path, *members, layers):
    parts = ImageParts([LOWER])
    listing = [{"Config": "config.json", "RepoTags": None, "Layers": layers}]
    every = [*members, member("config.json", parts.config), member("manifest.json", json.dumps(listing).encode())]
    (tmp_path / "docker.tar").write_bytes(tar_of(*every))
    return ArtifactSource("docker-archive", str(tmp_path / "docker.tar"))


def test_a_layer_that_is_a_link_to_another_is_followed_inside_the_archive(tmp_path):
    source = docker_with(tmp_path, member("a/layer.tar", LOWER), symlink("b/layer.tar", "../a/layer.tar"), layers=["b/layer.tar"])
    assert "etc/hosts" in read(source).entries


A_FILE = member("a/layer.tar", LOWER)
A_LINK, ANOTHER_LINK = symlink("a/layer.tar", "../x/layer.tar"), symlink("a/layer.tar", "../y/layer.tar")
A_HARD_LINK = hardlink("a/layer.tar", "x/layer.tar")


@pytest.mark.parametrize(
    "twice",
    [
        (A_FILE, A_FILE),
        (A_FILE, A_LINK),
        (A_LINK, A_FILE),
        (A_LINK, ANOTHER_LINK),
        (A_HARD_LINK, A_LINK),
        (A_LINK, A_HARD_LINK),
        (A_HARD_LINK, A_FILE),
        (A_FILE, member("./a//layer.tar", UPPER)),
    ],
)
def test_a_member_that_stands_twice_in_an_archive_is_refused_whichever_of_them_is_a_link(tmp_path, twice):
    """Two readers would take two different layers for the one that was signed."""
    places = (member("x/layer.tar", LOWER), member("y/layer.tar", UPPER))
    with pytest.raises(Malformed, match=r"'a/layer\.tar' stands twice in the archive"):
        read(docker_with(tmp_path, *places, *twice, layers=["a/layer.tar"]))


@pytest.mark.parametrize("target", ["../../etc/passwd", "/etc/passwd"])
def test_a_layer_that_is_a_link_out_of_the_archive_is_refused(tmp_path, target):
    with pytest.raises(Malformed, match="path escape"):
        read(docker_with(tmp_path, symlink("b/layer.tar", target), layers=["b/layer.tar"]))


def test_links_in_a_circle_in_a_docker_archive_are_refused(tmp_path):
    with pytest.raises(Malformed, match="link"):
        read(docker_with(tmp_path, symlink("a", "b"), symlink("b", "a"), layers=["a"]))


def test_a_truncated_docker_archive_is_refused(tmp_path):
    source = docker(tmp_path, (ImageParts([LOWER]), ["app:1"]))
    path = tmp_path / "docker.tar"
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(Malformed, match="truncated"):
        read(source)


def test_a_compressed_docker_archive_says_what_to_do(tmp_path):
    source = docker(tmp_path, (ImageParts([LOWER]), ["app:1"]))
    path = tmp_path / "docker.tar"
    path.write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(InputError, match="gunzip"):
        read(source)


# --- pushing


class Shelf:
    """A place that keeps what is pushed."""

    name = "shelf"

    def __init__(self):
        self.blobs = {}
        self.tags = {}

    def has_blob(self, digest):
        return digest in self.blobs

    def push_blob(self, digest, size, chunks):
        data = b"".join(chunks)
        assert len(data) == size
        self.blobs[digest] = data

    def push_manifest(self, data, media_type, tag=None):
        from pratique.model import Digest
        from pratique.registry.types import Descriptor

        self.tags[tag] = data
        return Descriptor(media_type=media_type, digest=Digest.of(data), size=len(data))


@pytest.mark.parametrize("kind", ["layout", "docker"])
def test_an_image_is_pushed_byte_for_byte(tmp_path, kind):
    parts = ImageParts([LOWER, UPPER, LOWER])
    source = layout(tmp_path, parts) if kind == "layout" else docker(tmp_path, (parts, ["a:1"]))
    shelf = Shelf()
    with open_artifact(source) as artifact:
        pushed = artifact.image.push_to(shelf, tag="1")
        assert pushed.digest == artifact.subject.digest
    assert shelf.blobs == {"sha256:" + sha(data): data for data in (LOWER, UPPER, parts.config)}
    assert json.loads(shelf.tags["1"])["schemaVersion"] == 2


def test_a_changed_layer_is_not_pushed(tmp_path):
    parts = ImageParts([LOWER])
    source = layout(tmp_path, parts)
    path = tmp_path / "layout" / "blobs" / "sha256" / sha(LOWER)
    path.write_bytes(LOWER.replace(b"127", b"128"))
    shelf = Shelf()
    with open_artifact(source) as artifact, pytest.raises(DigestMismatch):
        artifact.image.push_to(shelf)
    assert shelf.tags == {}


# --- times


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2024-05-06T07:08:09.123456789Z", 1714979289),
        ("2024-05-06T09:08:09+02:00", 1714979289),
        ("0001-01-01T00:00:00Z", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_a_time_of_creation_is_seconds_or_none(text, seconds):
    assert parse_time(text) == seconds
