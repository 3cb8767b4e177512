"""What is packed in an image, through the layers' reader and its cache."""

import sys
from pathlib import Path

from packed_samples import deb_of, gz, tar_of, wheel_of, zip_of

from pratique.artifact.open import open_artifact
from pratique.artifact.source import ArtifactSource
from pratique.inventory.scan import take_inventory

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "e2e"))
from test_e2e_chain import make_archive, make_tar

FILES = {
    "var/cache/apt/archives/rope.deb": deb_of("Package: rope\nVersion: 2\nArchitecture: all\n", {"./usr/bin/rope": "x"}),
    "srv/all.tar.gz": gz(tar_of({"a/b.zip": zip_of({"knot.whl": wheel_of("knot", "1.0")})})),
    "srv/torn.zip": zip_of({"a": "b"})[:-9],
}


def test_what_is_packed_in_a_layer_is_the_same_from_the_cache(tmp_path):
    path = tmp_path / "app.tar"
    path.write_bytes(
        make_archive([make_tar(FILES), make_tar({"etc/motd": b"hello"})], name="app:1.0", created="2026-01-01T00:00:00Z")
    )
    found = []
    for cache in (None, tmp_path / "cache", tmp_path / "cache"):
        with open_artifact(ArtifactSource("oci-archive", str(path))) as artifact:
            found.append(take_inventory(artifact, cache=cache))
    first = found[0]
    assert [one.purl for one in first.components] == ["pkg:deb/debian/rope@2?arch=all", "pkg:pypi/knot@1.0"]
    assert first.components[1].evidence[0] == "srv/all.tar.gz!a/b.zip!knot.whl!knot-1.0.dist-info/METADATA"
    assert {one.layer for one in first.components} == {first.tree.layers[0]}
    assert [(one.path, one.reason) for one in first.unknowns] == [
        ("srv/torn.zip", "packed: not a zip archive, or one that was cut short")
    ]
    assert found[1] == found[2] and found[1].components == first.components and found[1].unknowns == first.unknowns
