import contextlib
import gzip
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sbom_trees import SUBJECT, tree

from pratique.ecosystems.alpm.cataloger import read_mtree, read_sections
from pratique.ecosystems.nix.cataloger import parse_store_path
from pratique.errors import Malformed
from pratique.inventory.assemble import catalogue_tree
from pratique.inventory.catalogers import CATALOGERS
from pratique.model import Ownership

DATA = Path(__file__).resolve().parents[2] / "data" / "alpm"
LOCAL = "var/lib/pacman/local/"
ALPM, OPKG, NIX = CATALOGERS["alpm"], CATALOGERS["opkg"], CATALOGERS["nix"]
LINES = [
    *(
        "/set type=dir",
        "./a type=link link=\\303",
        "./b sha256digest=" + "0" * 64,
        "./c md5digest=g",
        "./",
        "./.X",
        "a=b ==",
        "#",
    ),
    *("\\777 \\000", "/set", "./\\101"),
]
HASH = "0c6kzph7l0dcbfmjap64f0czdafn3b7x"


def arch():
    files = {LOCAL + str(path.relative_to(DATA)): path.read_bytes() for path in DATA.glob("*/*")}
    return files | {
        "etc/os-release": "ID=arch\nBUILD_ID=rolling\n",
        "usr/bin/quayside": b"#!/bin/sh\necho quay\n",
        "etc/quayside.conf": b"depth=99\n",
        "usr/share/quay side/é.txt": b"x\n",
        "usr/lib/libquay.so": b"tampered\n",
    }


def test_a_database_that_pacman_wrote_is_read_and_its_files_are_held_against_it():
    inventory = catalogue_tree(SUBJECT, tree(arch(), {"usr/bin/quay": "quayside"}))
    libs, tool = inventory.components[:2]
    assert tool.purl == "pkg:alpm/arch/quayside@1.4.0-2?arch=x86_64&distro=arch-rolling&upstream=quayside"
    assert (tool.depends, tool.licences) == ((libs.ref,), ("GPL-2.0-or-later", "MIT"))
    assert libs.source == "pkg:alpm/arch/quayside@1.4.0-2?distro=arch-rolling"
    states = {path: owned.state for path, owned in inventory.ownership.items()}
    for path in ("usr/bin/quayside", "usr/bin/quay", "usr/share/quay side/é.txt"):
        assert states[path] is Ownership.MATCHING
    assert states["etc/quayside.conf"] is Ownership.MODIFIED and inventory.ownership["etc/quayside.conf"].configuration
    assert states["usr/lib/libquay.so"] is Ownership.MODIFIED
    assert ["quayside-libs 1.4.0-2" in unknown.reason for unknown in inventory.unknowns] == [True]


def test_a_package_whose_description_was_removed_is_noticed():
    files = arch()
    del files[LOCAL + "quayside-1.4.0-2/desc"], files[LOCAL + "quayside-libs-1.4.0-2/mtree"]
    reasons = {unknown.path: unknown.reason for unknown in ALPM.catalogue(tree(files)).unknowns}
    assert reasons == {
        LOCAL + "quayside-1.4.0-2/files": "lists the files of a package that is not described beside it",
        LOCAL + "quayside-libs-1.4.0-2": "a package without an mtree: its files cannot be checked",
    }


def test_a_bomb_for_an_mtree_costs_an_unknown():
    with pytest.raises(Malformed, match="inflates too far"):
        read_mtree(gzip.compress(bytes(80 << 20)))
    with pytest.raises(Malformed, match="cut off"):
        read_mtree(gzip.compress(b"#mtree\n" * 100)[:-9])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=20), st.binary(max_size=60))
def test_random_mtrees_raise_nothing_but_malformed(lines, noise):
    data = "\n".join(lines).encode() + b"\n" + noise
    for given_ in (data, gzip.compress(data), b"\x1f\x8b" + noise):
        with contextlib.suppress(Malformed):
            assert all(isinstance(path, str) for path in read_mtree(given_))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_mutated_databases_never_end_the_run(data):
    files = arch()
    path = data.draw(st.sampled_from([path for path in files if path.startswith(LOCAL)]))
    raw = bytearray(files[path])
    for _ in range(data.draw(st.integers(1, 8))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    inventory = catalogue_tree(SUBJECT, tree(files | {path: bytes(raw)}))
    assert all(item.name.isprintable() for item in inventory.components)


def test_equal_sections_do_not_add_up():
    assert read_sections("%A%\n1\n\n%A%\n2\n\n%B%\n\n%C%\n%D%\n") == {"A": ["1"], "B": [], "C": ["%D%"]}


OPENWRT = {
    "etc/os-release": 'ID="openwrt"\nVERSION_ID="23.05.2"\n',
    "usr/lib/opkg/status": "Package: busybox\nVersion: 1.36.1-1\nDepends: libc, absent\nStatus: install user installed\n"
    "Architecture: x86_64\nConffiles:\n /etc/syslog.conf 0123456789abcdef0123456789abcdef\n\n"
    "Package: musl\nVersion: 1.2.4-4\nProvides: libc\nStatus: install hold installed\nArchitecture: x86_64\n\n"
    "Package: gone\nVersion: 1\nStatus: deinstall ok not-installed\n",
    "usr/lib/opkg/info/busybox.control": "Package: busybox\nLicense: GPL-2.0\nDescription: The box\n",
    "usr/lib/opkg/info/busybox.list": "/bin/busybox\n/etc/syslog.conf\n",
    "usr/lib/opkg/info/hidden.list": "/bin/hidden\n",
    "bin/busybox": "x",
    "etc/syslog.conf": "y",
}


def test_opkg_packages_come_with_licences_needs_and_files_and_hidden_ones_are_noticed():
    inventory = catalogue_tree(SUBJECT, tree(OPENWRT))
    found = {item.name: item for item in inventory.components}
    assert set(found) == {"busybox", "musl", "openwrt"}
    assert found["busybox"].purl == "pkg:opkg/busybox@1.36.1-1?arch=x86_64&distro=openwrt-23.05.2"
    assert found["busybox"].licences == ("GPL-2.0-only",)
    assert found["busybox"].depends == (found["musl"].ref,)
    assert inventory.ownership["bin/busybox"].owner == found["busybox"].ref
    assert inventory.ownership["etc/syslog.conf"].configuration
    assert [unknown.path for unknown in inventory.unknowns] == ["usr/lib/opkg/info/hidden.list"]


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=100))
def test_random_opkg_files_never_end_the_run(status, listed):
    files = {"usr/lib/opkg/status": b"Package: a\n" + status, "usr/lib/opkg/info/a.list": listed}
    catalogue_tree(SUBJECT, tree(files))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bash-5.2-p15", ("bash", "5.2-p15", "")),
        ("openssl-3.0.12-bin", ("openssl", "3.0.12", "bin")),
        ("nss-cacert-3.92", ("nss-cacert", "3.92", "")),
        ("perl5.38.0-URI-5.21", ("perl5.38.0-URI", "5.21", "")),
        ("glibc-2.38-27.drv", None),
        ("source", None),
        ("-1", None),
        ("x-1.tar.gz", None),
    ],
)
def test_names_in_the_store_are_taken_apart(name, expected):
    parsed = parse_store_path(f"nix/store/{HASH}-{name}")
    assert (parsed[1:] if parsed else None) == expected


def test_a_store_path_owns_what_lies_below_and_is_listed_once():
    files = {f"nix/store/{HASH}-bash-5.2/bin/bash": "x", f"nix/store/{HASH}-bash-5.2/share/x": "y", f"nix/store/{HASH}-e": "z"}
    inventory = catalogue_tree(SUBJECT, tree(files))
    assert [item.purl for item in inventory.components] == [f"pkg:nix/bash@5.2?outputhash={HASH}"]
    assert sorted(inventory.ownership) == sorted(files)[:2]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_any_name_in_the_store_is_borne(name):
    NIX.catalogue(tree({f"nix/store/{HASH}-{name.replace(chr(0), '')}/x": b""}))


SNAP = "name: harbour\nversion: '1.4'\nsummary: A tool\nlicense: MIT\narchitectures: [amd64]\nbase: core22\nconfinement: strict\n"


def test_a_mounted_snap_owns_its_files_and_a_broken_one_costs_an_unknown():
    files = {
        "snap/harbour/12/meta/snap.yaml": SNAP,
        "snap/harbour/12/bin/x": "x",
        "snap/other/1/meta/snap.yaml": "[",
        "bin/y": "y",
    }
    inventory = catalogue_tree(SUBJECT, tree(files))
    (snap,) = inventory.components
    assert (snap.purl, snap.licences) == ("pkg:snap/harbour@1.4?arch=amd64", ("MIT",))
    assert snap.facts == {"base": "core22", "confinement": "strict"}
    assert inventory.ownership["snap/harbour/12/bin/x"].owner == snap.ref
    assert "bin/y" not in inventory.ownership
    assert [unknown.path for unknown in inventory.unknowns] == ["snap/other/1/meta/snap.yaml"]


def test_an_unpacked_snap_owns_everything():
    inventory = catalogue_tree(SUBJECT, tree({"meta/snap.yaml": SNAP, "usr/bin/x": "x"}))
    assert inventory.ownership["usr/bin/x"].owner == "pkg:snap/harbour@1.4?arch=amd64"


@settings(max_examples=80, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=80), st.sampled_from([b"name: [1]", b"name: a\nversion: 1.10\narchitectures: {}", b"- 1", b"name: 2"])
    )
)
def test_random_snap_descriptions_never_end_the_run(data):
    catalogue_tree(SUBJECT, tree({"meta/snap.yaml": data}))
