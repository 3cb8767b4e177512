"""Names of images, places, descriptors and manifests."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.errors import DigestMismatch, InputError, LimitExceeded, Malformed, NotFound
from pratique.model import Digest
from pratique.registry.challenge import Challenge, next_link, parse_challenges
from pratique.registry.layout import open_layout
from pratique.registry.open import open_repository, split_path
from pratique.registry.reference import ImageName, is_local, parse_reference
from pratique.registry.types import (
    EMPTY_CONFIG,
    OCI_INDEX,
    OCI_LAYER,
    OCI_MANIFEST,
    Descriptor,
    descriptor_from_json,
    descriptor_to_json,
    parse_manifest,
)

D = Digest.of(b"x")


@pytest.mark.parametrize(
    ("text", "full", "api"),
    [
        ("alpine", "docker.io/library/alpine", "registry-1.docker.io"),
        ("user/app:1", "docker.io/user/app:1", "registry-1.docker.io"),
        ("index.docker.io/alpine", "docker.io/library/alpine", "registry-1.docker.io"),
        ("localhost/app", "localhost/app", "localhost"),
        ("registry.example:5000/a/b__c:v1.0", "registry.example:5000/a/b__c:v1.0", "registry.example:5000"),
        ("[::1]:5000/app", "[::1]:5000/app", "[::1]:5000"),
        (f"Registry.Example/a:t@{D}", f"registry.example/a:t@{D}", "registry.example"),
    ],
)
def test_a_name_is_read_in_full(text, full, api):
    reference = parse_reference(text)
    assert str(reference) == full
    assert reference.api_host == api
    assert parse_reference(full) == reference


def test_a_digest_counts_more_than_a_tag():
    assert parse_reference(f"h.example/a:t@{D}").selector == D
    assert parse_reference("h.example/a").selector is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "h.example/",
        "h.example/A",
        "h.example/a/../b",
        "h.example/a//b",
        "h.example/a:",
        "h.example/a:-x",
        "h.example/a@sha256:12",
        "h.example/a@",
        "h.example:0/a",
        "h.example:65536/a",
        "user@h.example/a",
        "-h.example/a",
        "[::zz]/a",
        "h.example/a?x=1",
        "h.example/a#x",
        "h.example/a\n",
        "https://h.example/a",
        "h.example/" + "a" * 256,
        "h.example/" + "a" * 2000,
    ],
)
def test_what_is_no_name_is_refused(text):
    with pytest.raises(InputError):
        parse_reference(text)


part = st.from_regex(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+){0,2}", fullmatch=True)
names = st.lists(part, min_size=1, max_size=3).map("/".join).filter(lambda name: len(name) < 200)
tags = st.none() | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True).filter(str.isascii)


@settings(max_examples=50)
@given(host=st.sampled_from(["a.example", "localhost", "a:1", "127.0.0.1:5000"]), name=names, tag=tags, digest=st.booleans())
def test_what_is_rendered_is_read_again(host, name, tag, digest):
    reference = ImageName(host=host, name=name, tag=tag, digest=D if digest else None)
    assert parse_reference(str(reference)) == reference


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "127.0.0.1:5000", "[::1]:5000", "[::1]"])
def test_this_machine_is_local(host):
    assert is_local(host)


@pytest.mark.parametrize("host", ["localhost.example", "127.0.0.1.example:80", "10.0.0.1", "[::2]", "example"])
def test_others_that_look_like_it_are_not(host):
    assert not is_local(host)


def test_a_path_that_exists_is_a_path_whatever_colons_it_has(tmp_path: Path):
    odd = tmp_path / "a:b"
    assert split_path(str(odd)) == (tmp_path / "a", "b")
    odd.mkdir()
    assert split_path(str(odd)) == (odd, None)
    assert split_path(f"{odd}:v1") == (odd, "v1")
    assert split_path(f"{odd}@{D}") == (odd, D)
    assert split_path(f"{tmp_path}/x:y/z") == (tmp_path / "x:y" / "z", None)


def test_a_layout_is_made_only_when_asked(tmp_path: Path):
    with pytest.raises(NotFound):
        open_repository(f"oci-dir:{tmp_path}/new:v1")
    repository, tag = open_repository(f"oci-dir:{tmp_path}/new:v1", create=True)
    assert (repository.name, tag) == (f"{tmp_path}/new", "v1")
    assert open_repository(f"oci-dir:{tmp_path}/new")[1] is None


def test_a_folder_with_something_else_in_it_is_not_made_a_layout(tmp_path: Path):
    (tmp_path / "thesis.txt").write_text("x")
    with pytest.raises(InputError):
        open_layout(tmp_path, create=True)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("text", ["", "registry:", "podman:x", "h.example/a", "oci-dir:", "oci-dir:a\0b"])
def test_what_is_no_place_is_refused(text):
    with pytest.raises(InputError):
        open_repository(text)


def test_a_registry_is_opened_without_asking_it():
    repository, reference = open_repository(f"registry:h.invalid/a:t@{D}", environ={})
    assert (repository.name, reference) == ("h.invalid/a", D)


descriptors = st.builds(
    Descriptor,
    media_type=st.sampled_from([OCI_LAYER, OCI_MANIFEST]),
    digest=st.binary(max_size=4).map(Digest.of),
    size=st.integers(0, 2**63 - 1),
    annotations=st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
    artifact_type=st.sampled_from(["", "application/x"]),
    platform=st.dictionaries(st.sampled_from(["os", "architecture"]), st.text(max_size=5), max_size=2),
)


@settings(max_examples=50)
@given(descriptors)
def test_a_descriptor_is_read_as_it_was_written(descriptor):
    assert descriptor_from_json(descriptor_to_json(descriptor)) == descriptor


@pytest.mark.parametrize(
    "change",
    [
        {"mediaType": 1},
        {"mediaType": "no slash"},
        {"size": -1},
        {"size": True},
        {"size": "1"},
        {"size": 2**63},
        {"digest": "sha256:../../etc/passwd"},
        {"digest": None},
        {"annotations": {"a": 1}},
        {"platform": []},
        {"artifactType": 7},
    ],
)
def test_a_descriptor_with_a_wrong_member_is_refused(change):
    with pytest.raises(Malformed):
        descriptor_from_json({"mediaType": OCI_LAYER, "digest": D, "size": 1, **change})


def image(**change) -> bytes:
    config = {"mediaType": EMPTY_CONFIG, "digest": D, "size": 1}
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [], **change}).encode()


def test_an_image_without_artifact_type_has_that_of_its_configuration():
    assert parse_manifest(image()).artifact_type == EMPTY_CONFIG
    assert parse_manifest(image(artifactType="a/b")).artifact_type == "a/b"


@pytest.mark.parametrize(
    "change",
    [
        {"manifests": []},
        {"layers": None},
        {"schemaVersion": 1},
        {"mediaType": "application/json"},
        {"config": None},
        {"subject": {}},
        {"annotations": {"a": []}},
    ],
)
def test_a_manifest_that_is_two_things_or_none_is_refused(change):
    with pytest.raises(Malformed):
        parse_manifest(image(**change))


def test_an_image_served_as_an_index_is_refused():
    with pytest.raises(Malformed, match="served as"):
        parse_manifest(image(), media_type=OCI_INDEX)
    data = image().replace(f'"mediaType": "{OCI_MANIFEST}", '.encode(), b"")
    with pytest.raises(Malformed, match="both"):
        parse_manifest(data, media_type=OCI_INDEX)


def test_a_manifest_named_twice_or_deep_or_large_is_refused():
    with pytest.raises(Malformed, match="twice"):
        parse_manifest(b'{"layers": [], ' + image()[1:])
    with pytest.raises(LimitExceeded):
        parse_manifest(image(x=json.loads("[" * 40 + "]" * 40)))
    with pytest.raises(LimitExceeded):
        parse_manifest(image(), limit=10)


def test_other_bytes_than_the_digest_names_are_refused():
    with pytest.raises(DigestMismatch):
        parse_manifest(image(), digest=D)


def test_challenges_are_read_apart():
    text = 'Basic realm="a, b", Bearer realm="https://t.example/x?y=\\"z\\"",service=s,scope="repository:a:pull,push"'
    assert parse_challenges(text) == [
        Challenge("basic", {"realm": "a, b"}),
        Challenge("bearer", {"realm": 'https://t.example/x?y="z"', "service": "s", "scope": "repository:a:pull,push"}),
    ]
    assert parse_challenges("") == []
    assert parse_challenges("Negotiate") == [Challenge("negotiate", {})]


@settings(max_examples=50)
@given(st.text(max_size=200))
def test_no_header_breaks_the_reading(text):
    parse_challenges(text)
    next_link(text)


def test_the_next_page_is_found_among_links():
    assert next_link('</a>; rel="prev", </b?x=1>; rel="next"') == "/b?x=1"
    assert next_link("</a>; rel=next") == "/a"
    assert next_link('</a>; rel="prev"') is None
