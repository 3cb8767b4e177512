"""Indexes, charts, annotations and evidence kept elsewhere, with cosign and helm on the other side."""

import json

import pytest
from peer_artifacts import PLATFORMS, make_chart
from peer_registry import Raw

MODES = ("spec", "debian")


@pytest.mark.parametrize("mode", MODES)
def test_what_cosign_signs_recursively_passes_for_every_platform(peers, elsewhere, artifact, keypair, mode):
    index, pair = artifact("index", mode), keypair("p256", "theirs")
    peers.cosign("sign", *peers.offline, "--recursive", "--key", pair.cosign.reference, index.theirs).ok()
    asked = ("verify", index.ours, "--key", pair.public, "--require", "signature")
    ran = elsewhere(*asked, "--all-platforms", "--format", "json").ok()
    assert [part["platform"] for part in ran.json["platforms"]] == [f"linux/{name}" for name in PLATFORMS]
    other = keypair("p256", "somebody")
    assert elsewhere("verify", index.ours, "--key", other.public, "--require", "signature", "--all-platforms").code == 1


@pytest.mark.parametrize("mode", MODES)
def test_an_index_that_cosign_signed_counts_for_the_image_in_it_and_its_annotations_are_read(
    peers, elsewhere, artifact, keypair, mode
):
    index, pair = artifact("index", mode), keypair("p256", "theirs")
    peers.cosign("sign", *peers.offline, "-a", "stage=prod", "--key", pair.cosign.reference, index.theirs).ok()
    asked = ("verify", index.ours, "--key", pair.public, "--require", "signature")
    told = elsewhere(*asked, "-a", "stage=prod", "--format", "json").ok().json
    assert told["index"] == index.digest and told["platform"].startswith("linux/")
    assert elsewhere(*asked, "-a", "stage=test").code == 1
    one = json.loads(index.raw.manifest("1"))["manifests"][0]["digest"]
    assert elsewhere("verify", f"{one}@registry:{index.raw.place}", "--key", pair.public, "--require", "signature").code == 1


@pytest.mark.parametrize("mode", MODES)
def test_a_chart_that_helm_pushed_is_signed_verified_and_pulled(peers, pratique, elsewhere, artifact, keypair, tmp_path, mode):
    chart, pair = artifact("chart", mode), keypair("p256", "ours")
    pratique("sign", chart.ours, "--key", pair.ours.reference).ok()
    elsewhere("verify", chart.ours, "--key", pair.public).ok()
    elsewhere("pull", chart.ours, "-o", tmp_path).ok()
    (pulled,) = tmp_path.glob("*.tgz")
    assert "for tests" in peers.helm("show", "chart", pulled).ok().out


@pytest.mark.parametrize("mode", MODES)
def test_a_chart_that_we_push_is_what_helm_pulls(peers, pratique, registry, tmp_path, mode):
    packed = make_chart(peers, tmp_path, "harbour")
    place = Raw(registry(mode), f"ours/{tmp_path.name.lower()}/harbour").place
    pratique("push", packed, f"registry:{place}").ok()
    (tmp_path / "back").mkdir()
    pull = ("pull", "--plain-http", f"oci://{place}", "--version", "1.0.0+build.1", "--destination", tmp_path / "back")
    peers.helm(*pull).ok()
    assert (tmp_path / "back" / packed.name).read_bytes() == packed.read_bytes()


@pytest.mark.parametrize("mode", MODES)
def test_signatures_that_cosign_keeps_in_another_repository_are_found_there(peers, elsewhere, artifact, keypair, registry, mode):
    image, pair = artifact("image", mode), keypair("p256", "theirs")
    aside = Raw(registry(mode), f"aside/{image.digest[7:19]}").place
    signing = ("sign", *peers.offline_old, "--key", pair.cosign.reference, image.theirs)
    peers.cosign(*signing, COSIGN_REPOSITORY=aside).ok()
    asked = ("verify", image.ours, "--key", pair.public, "--require", "signature")
    assert elsewhere(*asked).code == 1
    elsewhere(*asked, "--evidence", f"registry:{aside}").ok()
    elsewhere(*asked, PRATIQUE_EVIDENCE=f"registry:{aside}").ok()


@pytest.mark.parametrize("mode", MODES)
def test_what_cosign_attached_is_downloaded_attached_elsewhere_and_verifies(peers, elsewhere, artifact, keypair, tmp_path, mode):
    image, pair = artifact("image", mode), keypair("p256", "theirs")
    peers.cosign("sign", *peers.offline, "--key", pair.cosign.reference, image.theirs).ok()
    elsewhere("download", image.ours, "-o", tmp_path / "files").ok()
    peers.crane("copy", image.theirs, f"{image.raw.place}-moved:1").ok()
    moved = f"registry:{image.raw.place}-moved:1"
    asked = ("verify", moved, "--key", pair.public, "--require", "signature")
    assert elsewhere(*asked).code == 1
    elsewhere("attach", moved, *(tmp_path / "files").iterdir()).ok()
    elsewhere(*asked).ok()
