"""Which manifest a name means: platforms, ambiguity, and indexes that were made to hurt."""

import json

import pytest
from artifact_builders import OCI_INDEX, OCI_MANIFEST, ImageParts, files, sha, write_layout
from hypothesis import given
from hypothesis import strategies as st

from pratique.artifact.index import MAX_DEPTH, MAX_IMAGES, MAX_INDEXES, find_all, find_named, reason_unreadable
from pratique.artifact.limits import Limits
from pratique.artifact.platforms import Listed, Platform, choose, parse_platform, platform_of, same_platform
from pratique.artifact.source import ArtifactSource, parse_source
from pratique.errors import InputError, LimitExceeded, Malformed, NotFound
from pratique.model import Digest
from pratique.registry.layout import open_layout
from pratique.registry.types import parse_manifest

AMD, ARM = {"os": "linux", "architecture": "amd64"}, {"os": "linux", "architecture": "arm64"}
UNKNOWN = {"os": "unknown", "architecture": "unknown"}


def image(name, architecture="amd64"):
    return ImageParts([files(name=name.encode())], architecture=architecture)


def entry(data, platform=None, media_type=OCI_MANIFEST, **more):
    row = {"mediaType": media_type, "digest": f"sha256:{sha(data)}", "size": len(data), **more}
    return {**row, **({"platform": platform} if platform else {})}


def index(*entries):
    return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": list(entries)}).encode()


def layout(tmp_path, top, *parts, manifests=()):
    blobs = {f"sha256:{sha(data)}": data for data in manifests}
    for part in parts:
        blobs |= part.blobs()
    return open_layout(write_layout(tmp_path / "layout", top, OCI_INDEX, blobs))


def find(repository, platform="linux/amd64"):
    return find_named(repository, "", platform=platform, where="here", limits=Limits())


# --- platforms


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("linux/arm64", "linux/arm64/v8"),
        ("linux/arm64", "linux/aarch64"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/armhf", "linux/arm/v7"),
        ("linux/amd64", "linux/amd64/v1"),
        ("linux/amd64", "Linux/x86_64"),
        ("linux/386", "linux/i386"),
    ],
)
def test_one_machine_spelled_in_two_ways_is_one(one, other):
    assert same_platform(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("linux/arm/v6", "linux/arm/v7"), ("linux/amd64/v3", "linux/amd64"), ("linux/amd64", "windows/amd64")],
)
def test_other_machines_are_others(one, other):
    assert not same_platform(one, other)


@given(st.text(max_size=40))
def test_any_text_is_a_platform_or_refused_and_what_is_one_can_be_said_again(text):
    try:
        platform = parse_platform(text)
    except InputError:
        return
    assert parse_platform(str(platform)) == platform


@pytest.mark.parametrize("platform", [{"os": "linux"}, {"architecture": "amd64"}, {"os": "li/nux", "architecture": "amd64"}])
def test_half_a_platform_is_none(platform):
    with pytest.raises(Malformed, match="platform"):
        platform_of(platform)


def listed(number, text, **more):
    return Listed(Digest(f"sha256:{number:064x}"), parse_platform(text) if text else None, **more)


def test_two_spellings_of_one_platform_with_two_images_are_ambiguous():
    images = [listed(1, "linux/amd64"), listed(2, "linux/amd64/v1")]
    with pytest.raises(InputError, match="ambiguous: 2 images for linux/amd64") as caught:
        choose(images, "linux/amd64", where="")
    assert images[0].digest in str(caught.value) and images[1].digest in str(caught.value)


def test_one_image_listed_twice_is_one():
    assert choose([listed(1, "linux/amd64"), listed(1, "linux/amd64/v1")], "linux/amd64", where="").digest.endswith("1")


def test_versions_of_windows_are_chosen_by_their_version():
    old = Listed(Digest(f"sha256:{1:064x}"), Platform("windows", "amd64", "v1", "10.0.17763"))
    new = Listed(Digest(f"sha256:{2:064x}"), Platform("windows", "amd64", "v1", "10.0.20348"))
    assert choose([old, new], "windows(10.0.20348)/amd64", where="") is new
    with pytest.raises(InputError, match="ambiguous") as caught:
        choose([old, new], "windows/amd64", where="")
    assert "windows(10.0.17763)/amd64" in caught.value.hint


def test_an_image_without_a_platform_is_meant_only_when_it_is_alone():
    assert choose([listed(1, ""), listed(2, "unknown/unknown")], "linux/amd64", where="").digest.endswith("1")
    with pytest.raises(NotFound):
        choose([listed(1, ""), listed(2, "linux/arm64")], "linux/amd64", where="")
    assert choose([listed(1, ""), listed(2, "linux/amd64")], "linux/amd64", where="").digest.endswith("2")


def test_an_attestation_beside_one_image_leaves_that_image_alone():
    assert choose([listed(1, ""), listed(2, "", aside=True)], "linux/amd64", where="").digest.endswith("1")


# --- indexes


def test_the_chain_from_the_named_index_to_the_image_is_kept(tmp_path):
    amd, arm = image("a"), image("b", "arm64")
    nested = index(entry(amd.manifest, AMD), entry(arm.manifest, ARM))
    top = index(entry(nested, media_type=OCI_INDEX))
    found = find(layout(tmp_path, top, amd, arm, manifests=[nested]), "linux/arm64")
    assert [item.data for item in found.chain] == [top, nested, arm.manifest]
    assert (found.platform, found.meant.data) == ("linux/arm64", arm.manifest)


def test_an_image_in_a_nested_index_has_the_platform_that_the_outer_one_says(tmp_path):
    amd, arm = image("a"), image("b", "arm64")
    one, two = index(entry(amd.manifest)), index(entry(arm.manifest))
    top = index(entry(one, AMD, OCI_INDEX), entry(two, ARM, OCI_INDEX))
    repository = layout(tmp_path, top, amd, arm, manifests=[one, two])
    assert find(repository, "linux/arm64").meant.data == arm.manifest
    assert [item.platform for item in find_all(repository, "", where="")] == ["linux/amd64", "linux/arm64"]


def test_two_images_for_one_platform_are_ambiguous_wherever_they_hide(tmp_path):
    one, two = image("a"), image("b")
    nested = index(entry(two.manifest, AMD))
    repository = layout(tmp_path, index(entry(one.manifest, AMD), entry(nested, None, OCI_INDEX)), one, two, manifests=[nested])
    for ask in (find, lambda repository: find_all(repository, "", where="")):
        with pytest.raises(InputError, match="ambiguous"):
            ask(repository)


def test_every_image_is_found_once_and_attestations_are_none(tmp_path):
    amd, arm, note = image("a"), image("b", "arm64"), image("c")
    marked = {"annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
    top = index(entry(amd.manifest, AMD), entry(arm.manifest, ARM), entry(amd.manifest), entry(note.manifest, UNKNOWN, **marked))
    found = find_all(layout(tmp_path, top, amd, arm, note), "", where="")
    assert [item.platform for item in found] == ["linux/amd64", "linux/arm64"]


def test_an_image_for_a_machine_is_no_attestation_whatever_it_is_announced_as(tmp_path):
    """A machine would run it: whoever marks it so must not keep it from being asked about."""
    amd, arm = image("a"), image("b", "arm64")
    marked = {"annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
    top = index(entry(amd.manifest, AMD), entry(arm.manifest, ARM, **marked), entry(image("c").manifest, **marked))
    found = find_all(layout(tmp_path, top, amd, arm, image("c")), "", where="")
    assert [item.platform for item in found] == ["linux/amd64", "linux/arm64", ""]


def test_ten_thousand_entries_are_read_and_only_the_chosen_one_is_fetched(tmp_path):
    amd = image("a")
    others = [
        {"mediaType": OCI_MANIFEST, "digest": f"sha256:{n:064x}", "size": 1, "platform": {"os": "linux", "architecture": f"x{n}"}}
        for n in range(10_000)
    ]
    repository = layout(tmp_path, index(*others, entry(amd.manifest, AMD)), amd)
    assert find(repository).meant.data == amd.manifest
    with pytest.raises(LimitExceeded, match=str(MAX_IMAGES)):
        find_all(repository, "", where="")


def test_indexes_inside_each_other_end_somewhere(tmp_path):
    data, kept = index(entry(image("a").manifest, AMD)), []
    for _ in range(MAX_DEPTH):
        kept.append(data)
        data = index(entry(data, None, OCI_INDEX))
    with pytest.raises(LimitExceeded, match="inside each other"):
        find(layout(tmp_path, data, image("a"), manifests=kept))


def test_an_index_that_leads_to_very_many_is_refused(tmp_path):
    amd = image("a")
    nested = [index(entry(amd.manifest, {"os": "linux", "architecture": f"x{n}"})) for n in range(MAX_INDEXES)]
    top = index(*(entry(data, None, OCI_INDEX) for data in nested))
    with pytest.raises(LimitExceeded, match=str(MAX_INDEXES)):
        find(layout(tmp_path, top, amd, manifests=nested))


def test_an_index_that_names_itself_or_another_twice_is_followed_once():
    """No digest can be made that way: a place that answers so is made up, and must still come to an end."""
    amd = image("a")
    asked = []

    class Circle:
        name = "circle"

        def fetch_manifest(self, reference):
            asked.append(reference)
            if reference == f"sha256:{sha(amd.manifest)}":
                return parse_manifest(amd.manifest)
            circle = entry(b"", None, OCI_INDEX) | {"digest": f"sha256:{1:064x}"}
            found = parse_manifest(index(circle, circle, entry(amd.manifest, AMD)))
            return type(found)(
                digest=Digest(f"sha256:{1:064x}"), media_type=found.media_type, data=found.data, document=found.document
            )

    assert find(Circle()).meant.data == amd.manifest
    assert len(asked) == 2


@pytest.mark.parametrize(("media_type", "data"), [(OCI_INDEX, image("a").manifest), (OCI_MANIFEST, index())])
def test_what_is_listed_as_something_else_than_it_is_is_refused(tmp_path, media_type, data):
    with pytest.raises(Malformed, match="listed as"):
        find(layout(tmp_path, index(entry(data, AMD, media_type)), manifests=[data]))


def test_what_is_listed_with_another_size_is_refused(tmp_path):
    amd = image("a")
    with pytest.raises(Malformed, match="size"):
        find(layout(tmp_path, index(entry(amd.manifest, AMD) | {"size": 7}), amd))


def test_blobs_in_an_index_are_passed_over(tmp_path):
    amd = image("a")
    top = index(entry(b"{}", AMD, "application/json"), entry(amd.manifest, AMD))
    assert find(layout(tmp_path, top, amd)).meant.data == amd.manifest


def test_an_image_alone_without_a_platform_is_not_passed_off_as_another_s(tmp_path):
    repository = layout(tmp_path, index(entry(image("a").manifest)), image("a"))
    assert find(repository, None).platform == ""
    assert find(repository, "linux/amd64").platform == "linux/amd64"  # as its configuration says
    with pytest.raises(NotFound, match="linux/s390x"):
        find(repository, "linux/s390x")


def test_why_nothing_can_be_read_is_said_by_types_alone():
    assert reason_unreadable(parse_manifest(image("a").manifest)) == ""
    document = json.loads(image("a").manifest)
    chart = document | {"config": document["config"] | {"mediaType": "application/vnd.cncf.helm.config.v1+json"}}
    assert "helm" in reason_unreadable(parse_manifest(json.dumps(chart).encode()))
    odd = document | {"layers": [document["layers"][0] | {"mediaType": "application/x.odd"}]}
    assert "x.odd" in reason_unreadable(parse_manifest(json.dumps(odd).encode()))
    assert "index" in reason_unreadable(parse_manifest(index()))


# --- DIGEST@PLACE

DIGEST = f"sha256:{7:064x}"


@pytest.mark.parametrize(
    ("text", "source"),
    [
        (f"{DIGEST}@registry:h.example/app", ArtifactSource("registry", f"h.example/app@{DIGEST}")),
        (f"{DIGEST}@registry:h.example:5000/a/app:1.0", ArtifactSource("registry", f"h.example:5000/a/app@{DIGEST}")),
        (f"{DIGEST}@h.example/app:1.0", ArtifactSource("registry", f"h.example/app@{DIGEST}", guessed=True)),
        (f"{DIGEST}@registry:h.example/app@{DIGEST}", ArtifactSource("registry", f"h.example/app@{DIGEST}")),
        (f"{DIGEST}@oci-dir:a/b:tag", ArtifactSource("oci-dir", f"a/b@{DIGEST}")),
        (f"{DIGEST}@oci-archive:a.tar", ArtifactSource("oci-archive", f"a.tar@{DIGEST}")),
        (DIGEST, ArtifactSource("digest", DIGEST)),
    ],
)
def test_a_digest_names_what_has_it_in_a_place(text, source):
    assert parse_source(text) == source


@pytest.mark.parametrize("place", ["", "dir:x", "podman:x", DIGEST, "./nowhere"])
def test_a_digest_in_no_place_is_refused(place):
    with pytest.raises(InputError):
        parse_source(f"{DIGEST}@{place}")
