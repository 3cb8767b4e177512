"""What every `Repository` promises, tried on a folder, a real registry without referrers API, and one with it."""

import json
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pratique.errors import DigestMismatch, InputError, LimitExceeded, Malformed, NotFound
from pratique.model import Digest
from pratique.registry.attach import attach
from pratique.registry.copy import copy_image
from pratique.registry.layout import open_layout
from pratique.registry.types import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, SIGSTORE_BUNDLE, Descriptor, Repository

OTHER = "application/vnd.example.other+json"


def put(repository: Repository, data: bytes, media_type: str) -> dict:
    digest = Digest.of(data)
    repository.push_blob(digest, len(data), iter([data[:3], b"", data[3:]]))
    return {"mediaType": media_type, "digest": digest, "size": len(data)}


def image_bytes(repository: Repository, layer: bytes = b"layer") -> bytes:
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": put(repository, b'{"architecture":"amd64"}', OCI_CONFIG),
        "layers": [put(repository, layer, OCI_LAYER)],
    }
    return json.dumps(document, indent=1).encode()


def push_image(repository: Repository, tag: str | None = "v1", layer: bytes = b"layer") -> Descriptor:
    return repository.push_manifest(image_bytes(repository, layer), OCI_MANIFEST, tag)


def push_index(repository: Repository, tag: str) -> Descriptor:
    children = [push_image(repository, None, layer) for layer in (b"one", b"two")]
    entries = [{"mediaType": item.media_type, "digest": item.digest, "size": item.size} for item in children]
    data = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}).encode()
    return repository.push_manifest(data, OCI_INDEX, tag)


def sign(repository: Repository, subject: Descriptor, blob: bytes, kind: str = SIGSTORE_BUNDLE) -> Descriptor:
    notes = {"org.example.note": blob.decode()}
    return attach(repository, subject=subject, blob=blob, artifact_type=kind, annotations=notes, created=1_700_000_000)


def test_what_is_pushed_is_fetched_byte_for_byte_by_tag_and_by_digest(repository):
    data = image_bytes(repository)
    pushed = repository.push_manifest(data, OCI_MANIFEST, "v1")
    assert pushed.digest == Digest.of(data)
    assert (pushed.size, pushed.media_type) == (len(data), OCI_MANIFEST)
    for reference in ("v1", pushed.digest):
        assert repository.fetch_manifest(reference).data == data
        assert repository.resolve(reference) == pushed.digest


def test_what_is_not_there_is_not_found(repository):
    push_image(repository)
    absent = Digest.of(b"absent")
    for missing in ("v2", absent):
        with pytest.raises(NotFound):
            repository.fetch_manifest(missing)
        with pytest.raises(NotFound):
            repository.resolve(missing)
    assert not repository.has_blob(absent)
    with pytest.raises(NotFound), repository.open_blob(Descriptor(media_type=OCI_LAYER, digest=absent, size=6)) as stream:
        stream.read(1)


def test_a_blob_is_streamed_in_pieces_of_any_size(repository):
    data = bytes(range(256)) * 1024
    put(repository, data, OCI_LAYER)
    descriptor = Descriptor(media_type=OCI_LAYER, digest=Digest.of(data), size=len(data))
    assert repository.has_blob(descriptor.digest)
    with repository.open_blob(descriptor) as stream:
        pieces = list(iter(lambda: stream.read(1000), b""))
    assert b"".join(pieces) == data
    assert max(map(len, pieces)) <= 1000
    assert repository.fetch_blob(descriptor, limit=len(data)) == data
    with pytest.raises(LimitExceeded):
        repository.fetch_blob(descriptor, limit=len(data) - 1)


def test_an_empty_blob_is_a_blob(repository):
    put(repository, b"", OCI_LAYER)
    assert repository.fetch_blob(Descriptor(media_type=OCI_LAYER, digest=Digest.of(b""), size=0), limit=0) == b""


@pytest.mark.parametrize("wrong", [1, -1])
def test_a_descriptor_with_another_size_is_refused(repository, wrong):
    put(repository, b"twelve bytes", OCI_LAYER)
    descriptor = Descriptor(media_type=OCI_LAYER, digest=Digest.of(b"twelve bytes"), size=12 + wrong)
    with pytest.raises(DigestMismatch):
        repository.fetch_blob(descriptor, limit=100)


@pytest.mark.parametrize("lie", [b"other bytes!", b"twelve byte", b"twelve bytes and more"])
def test_chunks_that_are_not_the_blob_leave_nothing(repository, lie):
    digest = Digest.of(b"twelve bytes")
    for chunks in ([lie], iter([lie[:5], lie[5:]])):
        with pytest.raises(DigestMismatch):
            repository.push_blob(digest, 12, chunks)
    assert not repository.has_blob(digest)


def test_a_blob_that_is_there_is_not_read_again(repository):
    put(repository, b"there", OCI_LAYER)

    def never():
        raise AssertionError
        yield b""

    repository.push_blob(Digest.of(b"there"), 5, never())


def test_a_source_that_fails_leaves_nothing(repository):
    def broken():
        yield b"twelve"
        raise OSError(5, "gone")

    with pytest.raises(Exception, match=r"gone|cannot"):
        repository.push_blob(Digest.of(b"twelve bytes"), 12, broken())
    assert not repository.has_blob(Digest.of(b"twelve bytes"))


def test_a_tag_moves_and_the_old_image_stays_reachable_by_digest(repository):
    first, second = push_image(repository, "v1"), push_image(repository, "v1", b"newer")
    push_image(repository, "v0")
    assert repository.resolve("v1") == second.digest
    assert repository.fetch_manifest(first.digest).digest == first.digest
    assert repository.resolve("v0") == first.digest


def test_a_manifest_pushed_as_another_digest_is_refused(repository):
    with pytest.raises(DigestMismatch):
        repository.push_manifest(image_bytes(repository), OCI_MANIFEST, Digest.of(b"another"))


@pytest.mark.parametrize("tag", ["a/../b", "-x", "v1?x=1", "a b", "x" * 129])
def test_what_is_no_tag_is_refused_before_it_becomes_a_path_or_url(repository, tag):
    with pytest.raises(InputError):
        repository.push_manifest(image_bytes(repository), OCI_MANIFEST, tag)


def test_what_is_no_manifest_is_not_pushed(repository):
    for data in (b"", b"[]", b"{", b'{"schemaVersion":2,"layers":[],"manifests":[]}'):
        with pytest.raises(Malformed):
            repository.push_manifest(data, OCI_MANIFEST, "v1")


def test_referrers_are_listed_with_type_and_annotations(repository):
    image = push_image(repository)
    assert repository.list_referrers(image.digest) == []
    made = [sign(repository, image, blob) for blob in (b"a", b"b", b"c")]
    other = sign(repository, image, b"d", OTHER)
    listed = repository.list_referrers(image.digest)
    assert {item.digest for item in listed} == {item.digest for item in [*made, other]}
    assert [item.digest for item in repository.list_referrers(image.digest, OTHER)] == [other.digest]
    chosen = {item.digest: item for item in repository.list_referrers(image.digest, SIGSTORE_BUNDLE)}
    assert chosen.keys() == {item.digest for item in made}
    assert chosen[made[0].digest].annotations["org.example.note"] == "a"
    assert chosen[made[0].digest].annotations["org.opencontainers.image.created"] == "2023-11-14T22:13:20Z"
    assert chosen[made[0].digest].artifact_type == SIGSTORE_BUNDLE
    manifest = repository.fetch_manifest(made[0].digest)
    assert repository.fetch_blob(manifest.layers[0], limit=10) == b"a"
    assert manifest.subject is not None
    assert manifest.subject.digest == image.digest


def test_attaching_twice_is_attaching_once(repository):
    image = push_image(repository)
    assert sign(repository, image, b"a") == sign(repository, image, b"a")
    assert len(repository.list_referrers(image.digest)) == 1


def test_referrers_of_what_is_not_there_yet_can_be_attached(repository):
    absent = Descriptor(media_type=OCI_MANIFEST, digest=Digest.of(b"later"), size=5)
    made = sign(repository, absent, b"a")
    assert [item.digest for item in repository.list_referrers(absent.digest)] == [made.digest]


def test_referrers_of_one_image_are_not_those_of_another(repository):
    one, two = push_image(repository, "one", b"1"), push_image(repository, "two", b"2")
    sign(repository, one, b"a")
    assert repository.list_referrers(two.digest) == []


def test_an_index_is_copied_with_everything_in_it(repository, tmp_path):
    pushed = push_index(repository, "multi")
    copy = open_layout(tmp_path / "copy", create=True)
    assert copy_image(repository, "multi", copy, "again").digest == pushed.digest
    assert copy_image(repository, "multi", copy, "again").digest == pushed.digest
    assert copy.fetch_manifest("").digest == pushed.digest
    for child in copy.fetch_manifest("again").manifests:
        for layer in copy.fetch_manifest(child.digest).layers:
            assert copy.fetch_blob(layer, limit=10) in (b"one", b"two")


def test_an_image_is_copied_into_it(repository, tmp_path):
    source = open_layout(tmp_path / "source", create=True)
    pushed = push_index(source, "v1")
    assert copy_image(source, "", repository, "v1").digest == pushed.digest
    assert repository.resolve("v1") == pushed.digest


def test_threads_that_push_at_once_lose_no_tag(repository):
    image = image_bytes(repository)
    threads = [threading.Thread(target=repository.push_manifest, args=(image, OCI_MANIFEST, f"t{number}")) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {repository.resolve(f"t{number}") for number in range(8)} == {Digest.of(image)}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=5000), cuts=st.lists(st.integers(1, 700), min_size=1, max_size=5))
def test_any_bytes_come_back_however_they_are_cut(repository, data, cuts):
    digest = Digest.of(data)
    pieces = [data[start : start + cuts[0]] for start in range(0, len(data), cuts[0])]
    repository.push_blob(digest, len(data), pieces)
    with repository.open_blob(Descriptor(media_type=OCI_LAYER, digest=digest, size=len(data))) as stream:
        out = b""
        turn = 0
        while piece := stream.read(cuts[turn % len(cuts)]):
            out += piece
            turn += 1
    assert out == data


def test_a_layout_and_a_path_that_is_none(tmp_path: Path):
    with pytest.raises(NotFound):
        open_layout(tmp_path / "absent")


def test_a_referrer_that_is_taken_away_is_not_listed_and_the_others_are(repository):
    subject = push_image(repository)
    first, second = sign(repository, subject, b"first"), sign(repository, subject, b"second")
    for _ in range(2):
        repository.remove_referrer(subject.digest, first.digest)
        assert [item.digest for item in repository.list_referrers(subject.digest)] == [second.digest]
    assert repository.resolve("v1") == subject.digest
    again = sign(repository, subject, b"first")
    assert {item.digest for item in repository.list_referrers(subject.digest)} == {again.digest, second.digest}
