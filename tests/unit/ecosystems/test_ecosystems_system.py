"""The operating system: the version that advisories are about, and the point release that a file beside it tells."""

import pytest
from packed_samples import deb_of
from sbom_trees import SUBJECT, tree

from pratique.inventory.assemble import catalogue_tree


def system(files):
    """The component of the operating system."""
    (found,) = [one for one in catalogue_tree(SUBJECT, tree(files)).components if one.kind.value == "operating-system"]
    return found


@pytest.mark.parametrize(
    ("release", "path", "text", "version", "point"),
    [
        ('ID=debian\nVERSION_ID="12"\n', "etc/debian_version", "12.15\n", "12", "12.15"),
        ('ID="centos"\nVERSION_ID="7"\n', "etc/centos-release", "CentOS Linux release 7.9.2009 (Core)\n", "7", "7.9.2009"),
        (
            'ID=amzn\nVERSION_ID="2023"\n',
            "etc/system-release",
            "Amazon Linux release 2023.3.20240122 (Amazon Linux)\n",
            "2023",
            "2023.3.20240122",
        ),
        (
            'ID=ubuntu\nVERSION_ID="22.04"\nVERSION="22.04.3 LTS (Jammy Jellyfish)"\n',
            "etc/debian_version",
            "bookworm/sid\n",
            "22.04",
            "22.04.3",
        ),
    ],
)
def test_the_point_release_is_told_beside_the_version_that_packages_are_matched_by(release, path, text, version, point):
    found = system({"usr/lib/os-release": release, path: text})
    assert (found.version, found.facts["point-release"]) == (version, point)
    assert found.evidence[-1] == (path if text.split()[-1] != "bookworm/sid" else "usr/lib/os-release")


@pytest.mark.parametrize("text", ["13.1\n", "trixie/sid\n", "", "12\n", "12.x\n", "1" * 50 + ".2", "12.3rc\n"])
def test_a_point_release_of_another_version_or_none_is_not_told(text):
    assert "point-release" not in system({"etc/os-release": "ID=debian\nVERSION_ID=12\n", "etc/debian_version": text}).facts


def test_a_package_that_brings_the_point_release_is_no_system():
    data = deb_of("Package: base-files\nVersion: 1\nArchitecture: all\n", {"etc/debian_version": "12.15\n"})
    files = {"etc/os-release": "ID=debian\nVERSION_ID=12\n", "tmp/a.deb": data}
    assert system(files).evidence == ("etc/os-release",)
