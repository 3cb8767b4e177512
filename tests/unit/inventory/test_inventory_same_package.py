"""One package of a distribution that two tell of is one component."""

import json

import pytest
import zstandard
from binary_samples import sample
from packed_samples import in_image

UBUNTU = {"etc/os-release": 'ID=ubuntu\nVERSION_ID="22.04"\n'}
STATUS = "Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.2-1\nSource: openssl\n\n"


def wall(version: str, arch: str = "amd64") -> bytes:
    package = {"kind": "package", "name": "libssl3", "version": version, "sha256": "ab" * 32, "arch": arch}
    path = {"kind": "path", "path": "/usr/lib/libssl.so.3", "slices": ["libssl3_libs"], "sha256": "00" * 32}
    rows = ({"jsonwall": "1.0", "schema": "1.0", "count": 3}, package, {"kind": "slice", "name": "libssl3_libs"}, path)
    return zstandard.ZstdCompressor().compress("\n".join(map(json.dumps, rows)).encode())


def packages(files):
    """(purl, evidence) of packages of the distribution."""
    return [(one.purl, one.evidence) for one in in_image({**UBUNTU, **files}).components if one.type == "deb"]


@pytest.mark.parametrize("database", ["var/lib/dpkg/status", "var/lib/dpkg/status.d/libssl3"])
def test_a_package_that_dpkg_and_chisel_both_tell_of_is_one_with_all_that_either_knows(database):
    files = {"var/lib/chisel/manifest.wall": wall("3.0.2-1"), database: STATUS, "usr/lib/libssl.so.3": b"x"}
    ((purl, evidence),) = packages(files)
    assert purl == "pkg:deb/ubuntu/libssl3@3.0.2-1?arch=amd64&distro=ubuntu-22.04&upstream=openssl"
    assert set(evidence) == {"var/lib/chisel/manifest.wall", database}
    assert in_image({**UBUNTU, **files}).ownership["usr/lib/libssl.so.3"].owner == purl


@pytest.mark.parametrize(("version", "arch"), [("3.0.2-2", "amd64"), ("3.0.2-1", "i386")])
def test_packages_of_another_version_or_architecture_stay_two(version, arch):
    files = {"var/lib/chisel/manifest.wall": wall(version, arch), "var/lib/dpkg/status": STATUS}
    assert len(packages(files)) == 2


def test_what_says_less_than_two_that_differ_is_none_of_them():
    other = STATUS.replace("Source: openssl", "Source: quictls")
    files = {
        "var/lib/chisel/manifest.wall": wall("3.0.2-1"),
        "var/lib/dpkg/status.d/one": STATUS,
        "var/lib/dpkg/status.d/two": other,
    }
    assert len(packages(files)) == 3


def test_a_program_with_a_note_of_its_package_is_of_the_package_of_which_more_is_known():
    fedora = {"etc/os-release": "ID=fedora\nVERSION_ID=40\n", "opt/tool": sample("note-linux-amd64")}
    (found,) = [one for one in in_image(fedora).components if one.type == "rpm"]
    assert found.purl == "pkg:rpm/fedora/harbour@1.2-3.fc40?arch=x86_64&distro=fedora-40"
    manifest = "harbour\t1.2-3.fc40\t1700000000\t1700000000\tFedora\t1\t100\tx86_64\t0\tharbour-src-1.2-3.fc40.src.rpm\n"
    (both,) = [
        one for one in in_image({**fedora, "var/lib/rpmmanifest/container-manifest-2": manifest}).components if one.type == "rpm"
    ]
    assert both.purl.startswith(found.purl) and "upstream=" in both.purl
    assert set(both.evidence) == {"opt/tool", "var/lib/rpmmanifest/container-manifest-2"}


LINE = "harbour\t1.2-3.fc40\t1700000000\t1700000000\tFedora\t1\t100\tx86_64\t{}\tharbour-src-1.2-3.fc40.src.rpm\n"
MANIFEST = "var/lib/rpmmanifest/container-manifest-2"


def rpms(files):
    fedora = {"etc/os-release": "ID=fedora\nVERSION_ID=40\n"}
    return sorted(one.purl for one in in_image({**fedora, **files}).components if one.type == "rpm")


def test_packages_of_two_epochs_in_a_database_are_two_also_where_one_tells_none():
    found = rpms({MANIFEST: LINE.format("(none)") + LINE.format("2")})
    assert ["epoch=2" in purl for purl in found] == [True, False]


def test_an_epoch_of_nought_that_is_told_and_one_that_is_not_are_one():
    assert len(rpms({MANIFEST: LINE.format("(none)") + LINE.format("0")})) == 1


def test_a_note_in_a_program_knows_no_epoch_and_is_of_the_package_that_has_one():
    (found,) = rpms({MANIFEST: LINE.format("2"), "opt/tool": sample("note-linux-amd64")})
    assert "epoch=2" in found
