"""A system within the system: package databases below another root."""

import subprocess
from pathlib import Path

from sbom_trees import DPKG, DPKG_LINKS, SUBJECT, debian, tree

from pratique.artifact.directory import DirectoryArtifact
from pratique.artifact.limits import Limits
from pratique.inventory.assemble import catalogue_tree
from pratique.inventory.chroots import catalogue_roots
from pratique.inventory.scan import take_inventory
from pratique.model import Ownership, Presence

RPMDB = (Path(__file__).parents[2] / "data" / "rpm" / "rpmdb.sqlite").read_bytes()
INSTALLED = "P:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\nF:lib\nR:ld-musl.so.1\n\n"
ALPINE = {
    "lib/apk/db/installed": INSTALLED,
    "etc/apk/world": "musl\n",
    "lib/ld-musl.so.1": b"\x7fELF",
    "etc/os-release": "ID=alpine\nVERSION_ID=3.20\n",
}


def below(root, files):
    return {f"{root}/{path}": data for path, data in files.items()}


def found(files, links=None):
    return catalogue_tree(SUBJECT, tree(files, links))


def rooted(inventory):
    return {one.name: one for one in inventory.components if "root" in one.facts}


def test_a_debian_below_another_root_is_read_with_its_own_system_links_and_files():
    inventory = found(below("opt/rootfs", DPKG), below("opt/rootfs", DPKG_LINKS))
    inside = rooted(inventory)
    assert set(inside) == {"libc6", "bsdutils", "mawk", "debian"}
    assert inside["libc6"].purl == "pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12&upstream=glibc"
    assert inside["libc6"].facts["root"] == "/opt/rootfs"
    assert "opt/rootfs/var/lib/dpkg/status" in inside["libc6"].evidence
    assert inside["bsdutils"].depends == tuple(sorted((inside["libc6"].ref, inside["mawk"].ref)))
    owned = inventory.ownership["opt/rootfs/usr/lib/libc.so.6"]  # listed as lib/libc.so.6, where lib is a link
    assert owned.owner == inside["libc6"].ref
    assert inventory.ownership["opt/rootfs/usr/gone"].state is Ownership.MISSING


def test_the_same_package_inside_and_outside_is_two_components():
    files = {**DPKG, **below("srv/jail", DPKG)}
    inventory = found(files, {**DPKG_LINKS, **below("srv/jail", DPKG_LINKS)})
    both = [one for one in inventory.components if one.name == "mawk"]
    assert [one.facts.get("root") for one in both] == [None, "/srv/jail"]
    assert both[0].purl == both[1].purl and both[0].ref != both[1].ref
    assert inventory.ownership["usr/bin/mawk"].owner == both[0].ref
    assert inventory.ownership["srv/jail/usr/bin/mawk"].owner == both[1].ref


def test_alpine_and_rpm_below_other_roots_are_read():
    files = {**below("usr/share/box/rootfs", ALPINE), "opt/sys/var/lib/rpm/rpmdb.sqlite": RPMDB}
    inventory = found(files)
    purls = {one.purl for one in rooted(inventory).values()}
    assert "pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64&distro=alpine-3.20" in purls
    assert any(purl.startswith("pkg:rpm/") for purl in purls)


def test_the_merged_usr_place_of_apk_is_no_root_of_its_own():
    files = {**ALPINE, "usr/lib/apk/db/installed": INSTALLED}
    del files["lib/apk/db/installed"]
    assert rooted(found(files)) == {}
    assert rooted(found(below("a/b", files)))["musl"].facts["root"] == "/a/b"


def test_a_root_within_a_root_is_found():
    inside = rooted(found({**below("a", ALPINE), **below("a/b", ALPINE)}))
    assert inside["musl"].presence is Presence.INSTALLED
    roots = {one.facts["root"] for one in found({**below("a", ALPINE), **below("a/b", ALPINE)}).components if one.type == "apk"}
    assert roots == {"/a", "/a/b"}


def test_a_database_alone_is_said_to_be_one_and_not_believed():
    inventory = found({"usr/share/doc/x/var/lib/dpkg/status": DPKG["var/lib/dpkg/status"], "srv/lib/apk/db/installed": INSTALLED})
    assert rooted(inventory) == {}
    said = {one.path: one.reason for one in inventory.unknowns}
    assert "was not read" in said["usr/share/doc/x/var/lib/dpkg/status"] and "was not read" in said["srv/lib/apk/db/installed"]


def test_a_root_without_the_files_of_its_packages_is_doubted():
    files = {path: data for path, data in below("opt/x", ALPINE).items() if not path.endswith("ld-musl.so.1")}
    assert any("none of the files" in one.reason and one.path == "opt/x" for one in found(files).unknowns)


def test_a_system_within_does_not_stand_in_for_one_whose_database_was_removed():
    outer = {path: data for path, data in DPKG.items() if not path.startswith("var/lib/dpkg/")}
    alone = found(outer, DPKG_LINKS)
    both = found({**outer, **below("opt/jail", DPKG)}, {**DPKG_LINKS, **below("opt/jail", DPKG_LINKS)})
    for inventory in (alone, both):
        assert any("no database of dpkg names a package" in one.reason for one in inventory.unknowns)


def test_thousands_of_roots_are_limited_and_said():
    files = {f"r/{number}/{path}": data for number in range(60) for path, data in ALPINE.items()}
    inventory = found(files)
    assert len({one.facts["root"] for one in inventory.components if one.type == "apk"}) == 50
    assert any("10 more package databases" in one.reason for one in inventory.unknowns)


def test_a_tree_without_other_roots_costs_no_second_pass():
    assert catalogue_roots(debian()) == []


def test_a_root_that_dpkg_made_is_read(tmp_path):
    root, package = tmp_path / "image" / "opt" / "rootfs", tmp_path / "quay"
    (package / "DEBIAN").mkdir(parents=True)
    (package / "DEBIAN" / "control").write_text(
        "Package: quay\nVersion: 1.2-3\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: a quay\n"
    )
    (package / "usr" / "share" / "quay").mkdir(parents=True)
    (package / "usr" / "share" / "quay" / "text").write_text("moored\n")
    for folder in ("info", "updates"):
        (root / "var" / "lib" / "dpkg" / folder).mkdir(parents=True)
    (root / "var" / "lib" / "dpkg" / "status").touch()
    for command in (
        ["dpkg-deb", "--root-owner-group", "--build", package, tmp_path / "quay.deb"],
        ["dpkg", "--force-not-root", "--force-script-chrootless", f"--root={root}", "--install", tmp_path / "quay.deb"],
    ):
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    inventory = take_inventory(DirectoryArtifact(tmp_path / "image", Limits()), cache=None)
    quay = rooted(inventory)["quay"]
    assert (quay.purl, quay.facts["root"]) == ("pkg:deb/debian/quay@1.2-3?arch=all", "/opt/rootfs")
    assert inventory.ownership["opt/rootfs/usr/share/quay/text"].owner == quay.ref
