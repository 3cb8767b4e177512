"""Copying an artifact with what is said about it: from a layout into each kind of place, and back out of it."""

import json

import pytest
from test_repository_contract import OTHER, push_image, push_index, sign

from pratique.cli.main import run
from pratique.errors import DigestMismatch, LimitExceeded, Unavailable
from pratique.evidence.collect import collect_from_repository
from pratique.model import Digest
from pratique.registry.archive import open_archive
from pratique.registry.copy import Lost, copy_artifact
from pratique.registry.layout import open_layout
from pratique.registry.remote import Remote
from pratique.registry.types import OCI_INDEX, OCI_MANIFEST, SIGSTORE_BUNDLE


@pytest.fixture
def harbour(tmp_path):
    """A layout with an index of two images; each has a signature, the first one's signature is signed, and an old one."""
    layout = open_layout(tmp_path / "harbour", create=True)
    index = push_index(layout, "v1")
    first, second = layout.fetch_manifest("v1").manifests
    signature = sign(layout, first, b"first")
    sign(layout, second, b"second")
    sign(layout, signature, b"about the signature")
    sign(layout, index, b"sbom", OTHER)
    old = layout.fetch_manifest(push_image(layout, None, b"payload").digest)
    layout.push_manifest(old.data, OCI_MANIFEST, f"sha256-{first.digest.hex}.sig")
    return layout


def everything(place, index) -> set[tuple[str, str]]:
    """(subject, referrer) of all that is said about an index and its images, and the older tags."""
    waiting, found = [index, *(item.digest for item in place.fetch_manifest(index).manifests)], set()
    while waiting:
        subject = waiting.pop()
        for item in place.list_referrers(subject):
            found.add((subject, item.digest))
            waiting.append(item.digest)
    return found


def test_all_of_an_index_arrives_with_what_is_said_about_each_part_of_it(harbour, repository):
    index = harbour.resolve("v1")
    copied = copy_artifact(harbour, "v1", repository, "v2")
    assert copied.descriptor.digest == repository.resolve("v2") == index
    assert everything(repository, index) == everything(harbour, index) and len(everything(harbour, index)) == 4
    tag = next(item.tag for item in copied.said if item.tag)
    assert repository.fetch_manifest(tag).data == harbour.fetch_manifest(tag).data


def test_there_and_back_again_nothing_is_lost(harbour, repository, tmp_path):
    copy_artifact(harbour, "v1", repository, "v1")
    back = open_layout(tmp_path / "back", create=True)
    copied = copy_artifact(repository, "v1", back, "v1")
    assert everything(back, copied.descriptor.digest) == everything(harbour, harbour.resolve("v1"))


def test_copying_twice_is_copying_once(harbour, repository):
    once, twice = copy_artifact(harbour, "v1", repository, "v1"), copy_artifact(harbour, "v1", repository, "v1")
    assert once == twice


def test_what_is_said_at_the_destination_stays_there(harbour, repository):
    index = harbour.fetch_manifest("v1").descriptor
    earlier = sign(repository, index, b"said there", OTHER)
    copy_artifact(harbour, "v1", repository, "v1")
    assert earlier.digest in {item.digest for item in repository.list_referrers(index.digest)}


def test_a_registry_that_drops_a_referrer_is_found_out(harbour, oci_server):
    place = Remote(oci_server.host, "contract/app", plain_http=True, environ={})
    dropped = harbour.list_referrers(harbour.fetch_manifest("v1").manifests[1].digest)[0]
    oci_server.after_put.append(lambda digest: oci_server.manifests.pop(digest) if digest == dropped.digest else None)
    with pytest.raises(Lost, match=dropped.digest):
        copy_artifact(harbour, "v1", place, "v1")


def test_a_registry_that_drops_a_blob_is_found_out(harbour, oci_server):
    place = Remote(oci_server.host, "contract/app", plain_http=True, environ={})
    blob = Digest.of(b"second")
    oci_server.after_put.append(lambda _: oci_server.blobs.pop(blob, None))
    with pytest.raises(Lost, match=blob):
        copy_artifact(harbour, "v1", place, "v1")


def test_the_tag_comes_last_so_that_nobody_meets_the_copy_bare(harbour, oci_server):
    place = Remote(oci_server.host, "contract/app", plain_http=True, environ={})
    copy_artifact(harbour, "v1", place, "v9")
    put = [path.rpartition("/")[2] for method, path, _ in oci_server.requests if method == "PUT" and "/manifests/" in path]
    assert put[-1] == "v9" and put.count("v9") == 1


def test_referrers_that_cannot_be_listed_stop_the_copy_and_are_not_taken_for_none(harbour, oci_server, tmp_path):
    source = Remote(oci_server.host, "contract/app", plain_http=True, environ={})
    copy_artifact(harbour, "v1", source, "v1")

    def forbid(handler) -> bool:
        if "/referrers/" in handler.path:
            handler.send_error(403)
            return True
        return False

    oci_server.faults.append(forbid)
    with pytest.raises(Unavailable):
        copy_artifact(source, "v1", open_layout(tmp_path / "other", create=True), "v1")


def test_a_chain_of_referrers_without_end_is_refused(tmp_path):
    layout = open_layout(tmp_path / "chain", create=True)
    last = push_image(layout)
    for number in range(7):
        last = sign(layout, last, f"link {number}".encode())
    with pytest.raises(LimitExceeded, match="deeper"):
        copy_artifact(layout, "v1", open_layout(tmp_path / "copy", create=True), "v1")


def test_an_altered_blob_is_not_copied(harbour, tmp_path):
    blob = tmp_path / "harbour/blobs/sha256" / Digest.of(b"second").hex
    blob.write_bytes(b"secomd")
    with pytest.raises(DigestMismatch):
        copy_artifact(harbour, "v1", open_layout(tmp_path / "copy", create=True), "v1")


def test_the_command_says_what_arrived(harbour, tmp_path, capsys):
    assert run(["copy", f"oci-dir:{tmp_path}/harbour:v1", f"oci-dir:{tmp_path}/copy", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["tag"], len(told["manifests"]), len(told["said"])) == ("v1", 3, 5)
    assert run(["copy", f"oci-dir:{tmp_path}/harbour:v1", f"oci-dir:{tmp_path}/copy:other"]) == 0
    assert f"3 × {SIGSTORE_BUNDLE}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["oci-dir:nowhere", "oci-dir:copy"], 2, "nowhere"),
        (["SOURCE:v7", "oci-dir:copy"], 2, "v7"),
        (["SOURCE:v1", "docker-archive:copy.tar"], 2, "nothing can be copied to"),
        (["SOURCE:v1", "oci-archive:nowhere/copy.tar"], 2, "mkdir -p nowhere"),
        (["SOURCE:v1", "oci-archive:harbour"], 2, "a folder"),
        (["SOURCE:v1", "oci-archive:"], 2, "names nothing"),
        (["SOURCE:v1", "oci-dir:copy", "--list-evidence"], 2, "for archives"),
        (["SOURCE:v1", "oci-dir:copy", "--platform", "linux"], 2, "not a platform"),
        (["SOURCE:v1", "registry:127.0.0.1:1/x:y"], 3, "127.0.0.1:1"),
    ],
)
def test_what_cannot_be_copied_is_one_line(harbour, tmp_path, monkeypatch, capsys, arguments, code, words):
    monkeypatch.chdir(tmp_path)
    arguments = [text.replace("SOURCE", f"oci-dir:{tmp_path}/harbour") for text in arguments]
    assert run(["copy", *arguments]) == code
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1


def platforms_of(layout, *names: str) -> Digest:
    """An index `multi` of one image for each platform, each with a signature, and one of the index."""
    entries = []
    for name in names:
        image = push_image(layout, None, name.encode())
        sign(layout, image, f"about {name}".encode())
        system, architecture = name.split("/")
        platform = {"os": system, "architecture": architecture}
        entries.append({"mediaType": image.media_type, "digest": image.digest, "size": image.size, "platform": platform})
    data = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).encode()
    index = layout.push_manifest(data, OCI_INDEX, "multi")
    sign(layout, index, b"about the index")
    return index.digest


def test_one_platform_comes_with_what_is_said_about_it_and_what_stays_behind_is_named(harbour, repository):
    index = platforms_of(harbour, "linux/amd64", "linux/arm64")
    whole = harbour.fetch_manifest(index)
    wanted = whole.manifests[1].digest
    copied = copy_artifact(harbour, wanted, repository, "arm", indexes=[whole])
    assert copied.descriptor.digest == repository.resolve("arm") == wanted
    assert [item.about for item in copied.said] == [wanted]
    assert copied.index == index and [item.about for item in copied.left] == [index]


def test_the_command_names_what_is_said_about_the_index_and_stays_behind(harbour, tmp_path, capsys):
    index = platforms_of(harbour, "linux/amd64", "linux/arm64")
    source, place = f"oci-dir:{tmp_path}/harbour:multi", f"oci-archive:{tmp_path}/arm.tar"
    assert run(["copy", "--platform", "linux/arm64", source, place, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["index"] == index and [item["about"] for item in told["left_behind"]] == [index]
    assert run(["copy", "--platform", "linux/arm64", source, place]) == 0
    assert "left behind" in capsys.readouterr().out
    before = (tmp_path / "arm.tar").read_bytes()
    assert run(["copy", "--platform", "linux/s390x", source, place]) == 2
    assert "linux/arm64" in capsys.readouterr().err and (tmp_path / "arm.tar").read_bytes() == before


def test_an_archive_carries_everything_and_gives_it_back(harbour, repository, tmp_path):
    index = harbour.resolve("v1")
    assert run(["copy", f"oci-dir:{tmp_path}/harbour:v1", f"oci-archive:{tmp_path}/a.tar"]) == 0
    archive = open_archive(tmp_path / "a.tar")
    assert archive.resolve("") == archive.resolve("v1") == index
    assert everything(archive, index) == everything(harbour, index)
    copied = copy_artifact(archive, "", repository, "v3")
    assert everything(repository, index) == everything(harbour, index)
    assert [item.tag for item in copied.said if item.tag] != []


def test_a_copy_into_an_archive_that_fails_leaves_the_one_that_was_there(harbour, tmp_path, capsys):
    target = f"oci-archive:{tmp_path}/a.tar"
    assert run(["copy", f"oci-dir:{tmp_path}/harbour:v1", target]) == 0
    archive = (tmp_path / "a.tar").read_bytes()
    capsys.readouterr()
    blob = tmp_path / "harbour/blobs/sha256" / Digest.of(b"second").hex
    blob.write_bytes(b"secomd")
    before = sorted(item.name for item in tmp_path.iterdir())
    assert run(["copy", f"oci-dir:{tmp_path}/harbour:v1", target]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert (tmp_path / "a.tar").read_bytes() == archive and sorted(item.name for item in tmp_path.iterdir()) == before


def test_an_image_named_by_sha512_is_copied_though_no_tag_could_name_its_signatures(repository, tmp_path):
    import hashlib

    layout = open_layout(tmp_path / "long", create=True)
    data = layout.fetch_manifest(push_image(layout, None).digest).data
    digest = Digest(f"sha512:{hashlib.sha512(data).hexdigest()}")
    (tmp_path / "long/blobs/sha512").mkdir()
    (tmp_path / "long/blobs/sha512" / digest.hex).write_bytes(data)
    assert collect_from_repository(layout, digest).pieces == ()
    with pytest.raises(DigestMismatch, match="arrived as"):
        copy_artifact(layout, digest, repository, "v1")
