"""Which digests besides SHA-256 are taken of which files."""

from sbom_trees import tree

from pratique.cataloging.cataloger import LINK, FileClaim
from pratique.inventory.ownership import compare
from pratique.inventory.package_digests import PackageDigests
from pratique.model import Ownership


def test_until_the_family_is_known_both_are_taken_and_then_only_what_it_states():
    choose = PackageDigests()
    assert choose("bin/busybox") == ("md5", "sha1")
    assert choose("etc/debian_version") == ("md5",)
    assert choose("usr/bin/ls") == ("md5",)


def test_a_system_with_marks_of_two_families_has_the_digests_of_both():
    choose = PackageDigests()
    choose("etc/apt/sources.list")
    assert choose("lib/apk/db/installed") == choose("usr/bin/ls") == ("md5", "sha1")
    choose("etc/rpm/macros")
    assert choose("usr/bin/ls") == ("md5", "sha1")


def test_a_family_that_states_sha256_costs_nothing_more():
    choose = PackageDigests()
    choose("etc/redhat-release")
    assert choose("usr/bin/ls") == ()


def test_where_no_distribution_owns_files_no_digest_is_taken():
    choose = PackageDigests()
    assert choose("app/x") == choose("usr/local/bin/x") == choose("srv/node_modules/a/b") == choose("README") == ()
    assert choose("usr/share/nodejs/node_modules/a/b") == ("md5", "sha1")


def test_a_claim_is_held_against_the_digest_of_its_algorithm():
    files = tree({"usr/bin/a": b"", "opt/b": b""}, {"usr/bin/c": "a"})
    empty = "d41d8cd98f00b204e9800998ecf8427e"
    entries = files.entries
    assert compare(FileClaim("usr/bin/a", "r", "md5", empty), entries["usr/bin/a"], files) is Ownership.MATCHING
    assert compare(FileClaim("usr/bin/a", "r", "md5", "0" * 32), entries["usr/bin/a"], files) is Ownership.MODIFIED
    assert compare(FileClaim("usr/bin/a", "r", "crc32", "0"), entries["usr/bin/a"], files) is Ownership.UNCHECKED
    assert compare(FileClaim("usr/bin/c", "r", LINK, "a"), entries["usr/bin/c"], files) is Ownership.MATCHING
    assert compare(FileClaim("usr/bin/c", "r", LINK, "b"), entries["usr/bin/c"], files) is Ownership.MODIFIED
    assert compare(FileClaim("usr/bin/c", "r", "md5", empty), entries["usr/bin/c"], files) is Ownership.MODIFIED
