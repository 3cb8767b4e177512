import gzip

import pytest
from sbom_trees import DPKG, DPKG_LINKS, LAYERS, STATUS, SUBJECT, debian, tree

from pratique.artifact.content import FileContent
from pratique.cataloging import cataloger as base
from pratique.cataloging.deb822 import read_fields, read_relations
from pratique.cataloging.licences.debian_copyright import read_copyright
from pratique.ecosystems.dpkg.changelog import ChangelogProbe
from pratique.inventory.assemble import catalogue_tree
from pratique.inventory.catalogers import CATALOGERS
from pratique.model import Ownership

DPKG_ONLY = CATALOGERS["dpkg"]


def by_name(found):
    return {item.name: item for item in found.components}


def test_purls_carry_architecture_distribution_and_the_source_where_it_differs():
    found = by_name(DPKG_ONLY.catalogue(debian()))
    assert found["libc6"].purl == "pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12&upstream=glibc"
    assert found["mawk"].purl == "pkg:deb/debian/mawk@1.3?arch=amd64&distro=debian-12"
    assert found["bsdutils"].purl.endswith("@1:2.38.1-5?arch=amd64&distro=debian-12&upstream=util-linux%402.38.1-5")
    assert found["bsdutils"].source == "pkg:deb/debian/util-linux@2.38.1-5?arch=source&distro=debian-12"
    assert found["bsdutils"].homepage == "https://example.org/"


def test_a_removed_package_whose_configuration_stays_is_no_component():
    assert "removed" not in by_name(DPKG_ONLY.catalogue(debian()))


@pytest.mark.parametrize("state", ["half-configured", "unpacked", "half-installed", "triggers-pending"])
def test_a_package_that_is_not_quite_installed_is_listed_and_noted(state):
    status = STATUS.replace("Status: install ok installed", f"Status: install ok {state}", 1)
    found = DPKG_ONLY.catalogue(tree(DPKG | {"var/lib/dpkg/status": status}, DPKG_LINKS))
    assert "libc6" in by_name(found)
    assert any(f"libc6 is {state}" in unknown.reason for unknown in found.unknowns)


def test_dependencies_follow_alternatives_and_provides():
    found = by_name(DPKG_ONLY.catalogue(debian()))
    assert found["bsdutils"].depends == tuple(sorted([found["libc6"].ref, found["mawk"].ref]))


def test_listed_paths_are_found_behind_merged_usr_links_and_the_missing_are_named():
    inventory = catalogue_tree(SUBJECT, debian())
    assert inventory.ownership["usr/lib/libc.so.6"].owner.startswith("pkg:deb/debian/libc6@")
    assert inventory.ownership["usr/lib/libc.so.6"].state is Ownership.MATCHING
    assert inventory.ownership["usr/gone"].state is Ownership.MISSING
    assert inventory.ownership["etc/mawkrc"].owner.startswith("pkg:deb/debian/mawk@")
    assert "opt/stray" not in inventory.ownership
    assert "usr/empty-folder" not in inventory.ownership


def test_the_layer_is_that_of_the_file_list_not_of_the_status_file():
    found = by_name(DPKG_ONLY.catalogue(debian()))
    assert (found["libc6"].layer, found["mawk"].layer) == LAYERS


def test_an_edited_status_file_is_noticed_by_the_file_lists_it_leaves_behind():
    status = "\n\n".join(part for part in STATUS.split("\n\n") if not part.startswith("Package: libc6"))
    found = DPKG_ONLY.catalogue(tree(DPKG | {"var/lib/dpkg/status": status}, DPKG_LINKS))
    assert [unknown.path for unknown in found.unknowns] == ["var/lib/dpkg/info/libc6:amd64.list"]


def test_a_removed_status_file_does_not_pass_silently():
    files = {path: data for path, data in DPKG.items() if path != "var/lib/dpkg/status"}
    assert len(DPKG_ONLY.catalogue(tree(files, DPKG_LINKS)).unknowns) == 3


def test_distroless_status_fragments_and_their_checksums_are_read():
    found = DPKG_ONLY.catalogue(
        tree(
            {
                "etc/os-release": 'ID="debian"\nVERSION_ID="12"',
                "var/lib/dpkg/status.d/base": "Package: base-files\nVersion: 12.4\nArchitecture: amd64\n",
                "var/lib/dpkg/status.d/base.md5sums": "0" * 32 + "  etc/debian_version\n",
                "etc/debian_version": "12",
            }
        )
    )
    assert [item.purl for item in found.components] == ["pkg:deb/debian/base-files@12.4?arch=amd64&distro=debian-12"]
    assert [claim.path for claim in found.claims] == ["etc/debian_version"]


def test_a_diverted_path_belongs_to_who_moved_it():
    files = DPKG | {
        "var/lib/dpkg/diversions": "/usr/bin/mawk\n/usr/bin/mawk.distrib\nbsdutils\n",
        "var/lib/dpkg/info/bsdutils.list": "/usr/bin/mawk\n",
        "usr/bin/mawk.distrib": "x",
    }
    owners = catalogue_tree(SUBJECT, tree(files, DPKG_LINKS)).ownership
    assert "/bsdutils@" in owners["usr/bin/mawk"].owner
    assert "/mawk@" in owners["usr/bin/mawk.distrib"].owner


def test_a_copyright_file_behind_a_linked_folder_is_read():
    mawk = by_name(DPKG_ONLY.catalogue(debian()))["mawk"]
    assert mawk.licences == ("LGPL-2.1-or-later",)
    assert mawk.licences_found == ("GPL-1.0-or-later OR Artistic-1.0-Perl", "MIT")


def test_free_text_copyright_is_read_by_its_references():
    text = (
        b"This is free software; version 2 of the License, or (at your option) any later version.\n"
        b"See /usr/share/common-licenses/GPL. Parts are under /usr/share/common-licenses/Apache-2.0, others only under\n"
        b"/usr/share/common-licenses/LGPL-2.1."
    )
    assert read_copyright(text) == ((), ("Apache-2.0", "GPL-2.0-or-later", "LGPL-2.1-only"), {})


HEADER = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: x\n"


def stanza(files, licence):
    return f"\nFiles: {files}\nCopyright: somebody\nLicense: {licence}\n text of it\n"


@pytest.mark.parametrize(
    ("text", "declared", "found"),
    [
        (HEADER + stanza("*", "MIT") + stanza("debian/*", "GPL-2+"), ("MIT",), ("GPL-2.0-or-later",)),
        (HEADER + stanza("debian/*", "GPL-2+") + stanza("*", "Expat"), ("MIT",), ("GPL-2.0-or-later",)),
        (HEADER + "License: Apache-2.0\n" + stanza("src/a", "GPL-3"), ("Apache-2.0",), ("GPL-3.0-only",)),
        (HEADER + stanza("a b", "ISC") + stanza("debian/*", "ISC"), ("ISC",), ()),
        (HEADER + stanza("a", "ISC") + stanza("b", "GPL-2"), (), ("GPL-2.0-only", "ISC")),
        (HEADER + stanza("*", "GPL-2+ or Artistic"), ("GPL-2.0-or-later OR Artistic-1.0-Perl",), ()),
        (HEADER + stanza("*", "MIT") + "\nLicense: GPL-2\n a text\n", ("MIT",), ("GPL-2.0-only",)),
        ("See /usr/share/common-licenses/GPL-2.\n", (), ("GPL-2.0-only",)),
        ("", (), ()),
    ],
)
def test_declared_is_what_a_copyright_file_says_of_the_whole_and_the_rest_is_found(text, declared, found):
    read = read_copyright(text.encode())
    assert (read.declared, read.found) == (declared, found)
    assert read_copyright(text.encode("utf-16")).declared == declared


def test_what_is_found_in_a_copyright_file_is_told_with_its_files():
    text = HEADER + stanza("*", "MIT") + stanza("debian/* lib/x.c", "GPL-2+")
    files = DPKG | {"usr/share/doc/libc6/copyright": text}
    libc = by_name(DPKG_ONLY.catalogue(tree(files, DPKG_LINKS)))["libc6"]
    assert (libc.licences, libc.licences_found) == (("MIT",), ("GPL-2.0-or-later",))
    assert libc.facts["licence:files"] == "GPL-2.0-or-later: debian/* lib/x.c"


@pytest.mark.parametrize(
    "status",
    [
        b"\xff\xfe\x00garbage",
        b"Package:\n\nPackage: \nVersion: 1\n",
        b"Package: a\n" * 2000,
        b": :\n \n\t\n::\n" * 1000,
        b"Package: a\x1b[31m\nVersion: 1\n",
    ],
)
def test_a_broken_status_file_never_ends_the_run(status):
    inventory = catalogue_tree(SUBJECT, tree({"var/lib/dpkg/status": status}))
    assert all(item.name.isprintable() and item.version.isprintable() for item in inventory.components)


def test_links_that_lead_in_circles_cost_an_orphan_not_the_run():
    files = {"var/lib/dpkg/status": STATUS, "var/lib/dpkg/info/mawk.list": "/a/x\n/../../etc/passwd\n", "etc/passwd": "root"}
    owners = catalogue_tree(SUBJECT, tree(files, {"a": "b", "b": "a"})).ownership
    there = {path for path in owners if owners[path].state is not Ownership.MISSING}
    assert there == {"etc/passwd", "var/lib/dpkg/info/mawk.list"}


def test_what_is_over_a_limit_is_said_once(monkeypatch):
    monkeypatch.setattr(base, "MAX_CLAIMS", 1)
    monkeypatch.setattr(base, "MAX_COMPONENTS", 2)
    found = DPKG_ONLY.catalogue(debian())
    assert len(found.components) == 2 and len(found.claims) == 1
    assert len([unknown for unknown in found.unknowns if "left out" in unknown.reason]) == 2


def test_the_first_of_two_equal_fields_counts_and_folded_lines_belong_to_theirs():
    assert read_fields("A: 1\nA: 2\n folded\nB: x\n y\n") == {"a": "1", "b": "x\n y"}
    assert read_relations("a (>= 1) | b:any, c [amd64]") == [[("a", ""), ("b", "any")], [("c", "")]]


def changelog(entry):
    return gzip.compress(f"{entry} unstable; urgency=medium\n\n  * Moor.\n".encode() + b"older " * 20_000)


def doubts(changelogs, links=None, status=STATUS):
    files = {**DPKG, "var/lib/dpkg/status": status}
    files |= {f"usr/share/doc/{path}": data for path, data in changelogs.items()}
    found = DPKG_ONLY.catalogue(tree(files, {**DPKG_LINKS, **(links or {})}))
    return [one.reason for one in found.unknowns if "changelog" in one.reason]


RIGHT = {
    "libc6/changelog.Debian.gz": changelog("glibc (2.36-9)"),
    "bsdutils/changelog.Debian.gz": changelog("util-linux (2.38.1-5)"),
    "bsdutils/changelog.gz": gzip.compress(b"what the authors say"),
}


def test_versions_that_agree_with_their_changelogs_are_not_doubted():
    assert doubts(RIGHT) == []
    native = {"mawk/changelog.gz": changelog("mawk (1.3)")}
    assert doubts(native) == []


def test_a_version_that_was_edited_in_the_status_file_alone_is_doubted():
    edited = STATUS.replace("Version: 2.36-9", "Version: 2.36-9+deb12u13")
    assert doubts(RIGHT, status=edited) == [
        "1 with a version that is not that of the changelog beside it: libc6 2.36-9+deb12u13 (changelog: glibc (2.36-9))"
    ]


def test_the_changelog_of_another_source_behind_a_link_says_nothing_of_this_one():
    assert DPKG_LINKS["usr/share/doc/mawk"] == "libc6"
    assert doubts({"libc6/changelog.Debian.gz": changelog("mawk (1.2)")}) == [
        "1 with a version that is not that of the changelog beside it: mawk 1.3 (changelog: mawk (1.2))"
    ]


@pytest.mark.parametrize(
    "data", [b"", b"\x1f\x8b", gzip.compress(b"1.3 released\n", mtime=0), gzip.compress(b"x" * 5000, mtime=0), b"plain"]
)
def test_what_is_no_changelog_of_debians_form_says_nothing(data):
    assert doubts({"libc6/changelog.Debian.gz": data, "libc6/changelog.gz": data}) == []


def test_of_a_changelog_only_the_beginning_is_unpacked():
    probe = ChangelogProbe()
    bomb = gzip.compress(b"glibc (2.36-9) unstable\n" + bytes(50_000_000))
    assert probe.read(FileContent(memoryview(bomb))) == b"glibc (2.36-9)"
