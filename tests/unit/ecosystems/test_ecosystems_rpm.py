"""rpm databases: real ones of others, ones made by rpm and db5.3_load, and broken ones."""

import contextlib
import json
import random
import struct
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sbom_trees import SUBJECT, tree

from pratique.artifact.content import FileContent
from pratique.ecosystems.rpm.cataloger import _words as needed
from pratique.ecosystems.rpm.database import sqlite
from pratique.ecosystems.rpm.database.facts import load_facts, read_database
from pratique.ecosystems.rpm.database.header import Header
from pratique.errors import Malformed
from pratique.inventory.assemble import catalogue_tree
from pratique.inventory.catalogers import CATALOGERS
from pratique.model import Ownership

VECTORS = Path(__file__).resolve().parents[3].parent / "shared" / "vectors" / "rpmdb"
DATA = Path(__file__).resolve().parents[2] / "data" / "rpm"
MARINER = VECTORS / "cbl-mariner-2.0" / "rpmdb.sqlite"
SLE = VECTORS / "sle15-bci" / "Packages.db"
RPM = CATALOGERS["rpm"]
needs_vectors = pytest.mark.skipif(not VECTORS.exists(), reason="the shared test vectors are not beside this checkout")
SYSTEM = 'ID=mariner\nVERSION_ID="2.0"\n'


def by_name(found):
    return {item.name: item for item in found.components}


def facts(data):
    return load_facts(read_database(FileContent(memoryview(data))))


@needs_vectors
def test_a_real_sqlite_database_gives_every_package_with_epoch_source_and_needs():
    found = RPM.catalogue(tree({"etc/os-release": SYSTEM, "var/lib/rpm/rpmdb.sqlite": MARINER.read_bytes()}))
    packages = by_name(found)
    assert (len(found.components), len(found.unknowns)) == (129, 0)
    assert packages["audit"].purl == (
        "pkg:rpm/mariner/audit@3.0.6-1.cm2?arch=x86_64&distro=mariner-2.0&upstream=audit-3.0.6-1.cm2.src.rpm"
    )
    assert packages["audit"].source == "pkg:rpm/mariner/audit@3.0.6-1.cm2?arch=src&distro=mariner-2.0"
    assert packages["ca-certificates-base"].version == "1:2.0.0-1.cm2"
    assert "&epoch=1&" in packages["ca-certificates-base"].purl
    assert packages["glibc"].ref in packages["bash"].depends
    assert packages["bash"].licences == ("GPL-3.0-only",)
    assert sum(1 for item in found.components if item.depends) > 100
    kinds = Counter(claim.algorithm for claim in found.claims)
    assert kinds["sha256"] > 5000 and kinds["link"] > 300


@needs_vectors
def test_a_real_ndb_database_gives_every_package():
    found = RPM.catalogue(tree({"usr/lib/sysimage/rpm/Packages.db": SLE.read_bytes()}))
    assert (len(found.components), len(found.unknowns)) == (35, 0)
    assert by_name(found)["bash"].version == "4.4-19.6.1"
    assert any(claim.path == "usr/bin/bash" and len(claim.digest) == 64 for claim in found.claims)


@needs_vectors
def test_a_database_that_is_cut_off_keeps_what_stands_before_and_says_so():
    data = MARINER.read_bytes()
    packages, problems = facts(data[: len(data) // 2])
    assert 10 < len(packages) < 129 and any("was not read" in problem for problem in problems)
    packages, problems = facts(SLE.read_bytes()[:700_000])
    assert 1 < len(packages) < 35 and any("cut off" in problem or "blob" in problem for problem in problems)


@needs_vectors
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), which=st.sampled_from([MARINER, SLE]))
def test_mutated_real_databases_raise_nothing_but_malformed(seed, which):
    rng = random.Random(seed)
    data = bytearray(which.read_bytes())
    for _ in range(rng.choice([1, 20, 400])):
        at = rng.choice([rng.randrange(len(data)), rng.randrange(min(len(data), 8192))])
        data[at] = rng.choice([0, 1, 0xFF, rng.randrange(256)])
    try:
        found = read_database(FileContent(memoryview(bytes(data))))
    except Malformed:
        return
    assert len(found) < 6 * len(data)
    load_facts(found)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([b"", b"RpmP" + bytes(4), sqlite.MAGIC + b"\x10\x00\x01\x01\x00", bytes(12) + b"\x61\x15\x06\x00"]),
    st.binary(max_size=6000),
)
def test_random_databases_raise_nothing_but_malformed(head, rest):
    with contextlib.suppress(Malformed):
        load_facts(read_database(FileContent(memoryview(head + rest))))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([1000, 1117, 1116, 1118, 1035, 1030, 1003]), st.integers(0, 10), st.integers(-9, 99),
                          st.integers(0, 2**32 - 1)), min_size=1, max_size=9), st.binary(max_size=90))  # fmt: skip
def test_random_headers_raise_nothing_but_malformed(index, data):
    blob = struct.pack(">II", len(index), len(data)) + b"".join(struct.pack(">IIiI", *row) for row in index) + data
    try:
        header = Header(blob)
    except Malformed:
        return
    for tag in (1000, 1117, 1035):
        with contextlib.suppress(Malformed):
            assert all(isinstance(text, str) for text in header.texts(tag))
    for tag in (1116, 1030, 1003):
        with contextlib.suppress(Malformed):
            assert all(isinstance(number, int) for number in header.numbers(tag))


def test_tables_are_read_as_sqlite_itself_reads_them(tmp_path):
    import sqlite3

    path = tmp_path / "x.sqlite"
    rng = random.Random(1)
    rows = [(i, rng.randbytes(rng.choice([0, 10, 3000, 4060, 4100, 9000, 70_000])), f"t{i}é", -i) for i in range(1, 300)]
    for page_size in (512, 4096, 65536):
        path.unlink(missing_ok=True)
        connection = sqlite3.connect(path)
        connection.execute(f"PRAGMA page_size={page_size}")
        connection.execute("CREATE TABLE Packages (id INTEGER PRIMARY KEY, blob BLOB, text TEXT, n INTEGER)")
        connection.executemany("INSERT INTO Packages VALUES (?,?,?,?)", rows)
        connection.commit()
        connection.close()
        read = list(sqlite.Database(FileContent(memoryview(path.read_bytes()))).rows("Packages"))
        assert [(row.number, *row.values[1:]) for row in read] == rows


def test_distroless_manifests_of_mariner_are_read():
    text = (
        "filesystem\t1.1-9.cm2\t1653816591\t1653628924\tMicrosoft Corporation\t(none)\t7596\tx86_64\t0\t"
        "filesystem-1.1-9.cm2.src.rpm\n"
        "broken line\n"
    )
    found = RPM.catalogue(tree({"etc/os-release": SYSTEM, "var/lib/rpmmanifest/container-manifest-2": text}))
    assert [item.purl for item in found.components] == [
        "pkg:rpm/mariner/filesystem@1.1-9.cm2?arch=x86_64&distro=mariner-2.0&epoch=0&upstream=filesystem-1.1-9.cm2.src.rpm"
    ]
    assert found.components[0].supplier == "Microsoft Corporation"
    assert [unknown.reason for unknown in found.unknowns] == [
        "names packages without their files: which file belongs to which is not known",
        "a line that names no package",
    ]


def test_what_is_no_database_is_an_unknown_and_a_journal_beside_one_too():
    files = {"var/lib/rpm/Packages": b"nonsense" * 20, "var/lib/rpm/rpmdb.sqlite-wal": b"x"}
    inventory = catalogue_tree(SUBJECT, tree(files))
    assert {unknown.path for unknown in inventory.unknowns} == set(files)


def test_facts_are_the_same_each_time_and_are_json():
    if not VECTORS.exists():
        pytest.skip("the shared test vectors are not beside this checkout")
    data = memoryview(SLE.read_bytes())
    once = read_database(FileContent(data))
    assert once == read_database(FileContent(data)) and json.loads(once)["problems"] == []


@needs_vectors
def test_files_are_held_against_the_database_and_links_against_their_targets():
    files = {"var/lib/rpm/rpmdb.sqlite": MARINER.read_bytes(), "usr/bin/bash": b"not bash", "etc/issue": b"edited"}
    owned = catalogue_tree(SUBJECT, tree(files, {"bin": "usr/bin", "usr/bin/sh": "bash", "usr/bin/awk": "evil"})).ownership
    assert owned["usr/bin/bash"].state is Ownership.MODIFIED
    assert owned["usr/bin/sh"].state is Ownership.MATCHING
    assert owned["usr/bin/awk"].state is Ownership.MODIFIED
    assert owned["usr/bin/ls"].state is Ownership.MISSING


@pytest.mark.parametrize("name", ["rpmdb.sqlite", "Packages"])
def test_databases_that_rpm_and_berkeley_db_wrote_tell_the_same(name):
    files = {
        "etc/os-release": "ID=fedora\nVERSION_ID=40\n",
        f"var/lib/rpm/{name}": (DATA / name).read_bytes(),
        "usr/bin/harbour": b"#!/bin/sh\necho harbour\n",
        "usr/lib64/libharbour.so.1.4": b"another library",
        "etc/harbour/harbour.conf": b"depth=20\n",
        "usr/share/pier/x": b"pier",
        "var/log/harbour.log": b"anything",
    }
    inventory = catalogue_tree(SUBJECT, tree(files, {"usr/bin/port": "harbour", "bin": "usr/bin"}))
    found = by_name(inventory)
    assert set(found) == {"harbour", "harbour-libs", "harbour-doc", "oldpier", "fedora"}
    tool = found["harbour"]
    assert tool.version == "2:1.4.0-3.fc40" and tool.licences == ("GPL-2.0-or-later AND MIT",)
    assert tool.purl == (
        "pkg:rpm/fedora/harbour@1.4.0-3.fc40?arch=x86_64&distro=fedora-40&epoch=2&upstream=harbour-1.4.0-3.fc40.src.rpm"
    )
    # By name, by a path behind a link, and by a rich dependency.
    assert tool.depends == tuple(sorted([found["harbour-libs"].ref, found["harbour-doc"].ref]))
    owned = inventory.ownership
    assert owned["usr/bin/harbour"].state is Ownership.MATCHING
    assert owned["usr/bin/port"].state is Ownership.MATCHING
    assert owned["usr/lib64/libharbour.so.1.4"].state is Ownership.MODIFIED
    assert owned["etc/harbour/harbour.conf"].configuration
    assert owned["var/log/harbour.log"].state is Ownership.UNCHECKED
    assert tool.hash_covers == "package header" and len(tool.hashes["sha256"]) == 64


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_mutated_berkeley_databases_raise_nothing_but_malformed(data):
    raw = bytearray((DATA / "Packages").read_bytes())
    for _ in range(data.draw(st.integers(1, 30))):
        raw[data.draw(st.one_of(st.integers(0, 100), st.integers(0, len(raw) - 1)))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Malformed):
        load_facts(read_database(FileContent(memoryview(bytes(raw)))))


def test_md5_digests_of_old_packages_are_compared_where_md5_was_taken():
    files = {"var/lib/rpm/Packages": (DATA / "Packages").read_bytes()}
    claims = {claim.path: claim for claim in RPM.catalogue(tree(files)).claims}
    assert claims["usr/share/pier/x"].algorithm == "md5"
    assert claims["usr/bin/harbour"].algorithm == "sha256"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("libc.so.6(GLIBC_2.4)(64bit)", ["libc.so.6(GLIBC_2.4)(64bit)"]),
        ("(harbour-doc or harbour-man)", ["harbour-doc", "harbour-man"]),
        ("((a(x) and b >= 1) with c if d)", ["a(x)", "b", "1", "c"]),
        ("(", []),
    ],
)
def test_rich_dependencies_are_taken_apart(text, words):
    assert needed(text) == words


def test_a_requirement_made_to_be_slow_is_not():
    begun = time.process_time()
    needed("(" + "a(" * 500_000)
    needed("(a" + ")" * 500_000)
    assert time.process_time() - begun < 20


@pytest.mark.parametrize(
    ("id_", "vendor"), [("rhel", "redhat"), ("opensuse-leap", "opensuse"), ("amzn", "amzn"), ("fedora", "fedora")]
)
def test_the_namespace_is_the_vendor_and_the_distro_is_as_os_release_has_it(id_, vendor):
    files = {"etc/os-release": f"ID={id_}\nVERSION_ID=9\n", "var/lib/rpm/Packages": (DATA / "Packages").read_bytes()}
    purl = by_name(RPM.catalogue(tree(files)))["oldpier"].purl
    assert purl == f"pkg:rpm/{vendor}/oldpier@1-1?arch=noarch&distro={id_}-9&upstream=oldpier-1-1.src.rpm"


@pytest.mark.parametrize("name", ["rpmdb.sqlite", "Packages"])
def test_a_version_that_was_edited_in_the_database_is_doubted_and_untouched_ones_are_not(name):
    data = (DATA / name).read_bytes()
    packages, problems = facts(data)
    assert problems == []
    victim = packages[0]
    stated = f"\0{victim.name}\0{victim.version}\0".encode()
    edited = data.replace(stated, f"\0{victim.name}\0{'9' * len(victim.version)}\0".encode())
    assert edited != data
    packages, problems = facts(edited)
    assert packages[0].version == "9" * len(victim.version) and packages[0].sha256 == ""
    who = f"{victim.name} {packages[0].version}"
    assert problems == [f"the record of {who} does not have the digest that was stated when it was built: it was edited"]
    found = RPM.catalogue(tree({f"var/lib/rpm/{name}": edited}))
    assert any("it was edited" in one.reason for one in found.unknowns)


def test_a_header_whose_digests_were_removed_is_said_to_have_none():
    from pratique.ecosystems.rpm.database.facts import _blobs
    from pratique.ecosystems.rpm.database.header import HeaderProof

    blob = next(iter(_blobs(FileContent(memoryview((DATA / "rpmdb.sqlite").read_bytes())))))[2]
    assert Header(blob).proof() is HeaderProof.MATCHING
    bare = bytearray(blob)
    for at in range(8, 8 + 16 * int.from_bytes(blob[:4], "big"), 16):
        if int.from_bytes(bare[at : at + 4], "big") in (269, 273):
            bare[at : at + 4] = (999).to_bytes(4, "big")
    assert Header(bytes(bare)).proof() is HeaderProof.ABSENT


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, 400), value=st.integers(0, 255))
def test_no_byte_of_the_region_can_be_changed_unseen(at, value):
    from pratique.ecosystems.rpm.database.facts import _blobs
    from pratique.ecosystems.rpm.database.header import HeaderProof

    blob = bytearray(next(iter(_blobs(FileContent(memoryview((DATA / "rpmdb.sqlite").read_bytes())))))[2])
    at += 8
    if blob[at] == value:
        return
    blob[at] = value
    with contextlib.suppress(Malformed):
        assert Header(bytes(blob)).proof() is not HeaderProof.MATCHING
