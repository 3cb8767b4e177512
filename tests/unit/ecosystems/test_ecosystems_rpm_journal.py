"""The log beside rpm's database: made by SQLite itself, read as SQLite reads it."""

import contextlib
import random
import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sbom_trees import tree

from pratique.artifact.content import FileContent
from pratique.ecosystems.rpm.database.facts import load_facts, read_database
from pratique.ecosystems.rpm.database.journal import lay_over, read_journal
from pratique.errors import Malformed
from pratique.inventory.catalogers import CATALOGERS

DATA = Path(__file__).resolve().parents[2] / "data" / "rpm" / "rpmdb.sqlite"
PLACE = "var/lib/rpm/rpmdb.sqlite"


class Files:
    """A database in the middle of its life: the file and its log as they are while a program has them open."""

    def __init__(self, folder):
        self.path = folder / "rpmdb.sqlite"
        shutil.copy(DATA, self.path)
        self.connection = sqlite3.connect(self.path, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA wal_autocheckpoint=0")
        self.connection.execute("PRAGMA synchronous=OFF")

    def run(self, statement, *values):
        return self.connection.execute(statement, values).fetchall()

    def bytes(self):
        return self.path.read_bytes(), Path(f"{self.path}-wal").read_bytes()


@pytest.fixture
def files(tmp_path):
    found = Files(tmp_path)
    yield found
    found.connection.close()


def names(data, log):
    packages, problems = lay_over(read_database(FileContent(memoryview(data))), read_journal(FileContent(memoryview(log))))
    return sorted(f"{one.name}-{one.version}" for one in packages), problems


def before():
    packages, _ = load_facts(read_database(FileContent(memoryview(DATA.read_bytes()))))
    return sorted(f"{one.name}-{one.version}" for one in packages)


def renamed(files, name, new):
    """A header like one of those there, under another name of the same length: as good as another package."""
    blob = next(blob for (blob,) in files.run("SELECT blob FROM Packages") if f"\0{name}\0".encode() in blob)
    return blob.replace(name.encode(), new.encode())


def test_a_package_that_was_installed_and_not_copied_yet_is_found(files):
    first = before()[0].rpartition("-")[0]
    new = "z" * len(first)
    files.run("INSERT INTO Packages (blob) VALUES (?)", renamed(files, first, new))
    data, log = files.bytes()
    assert data.count(new.encode()) == 0
    found, _ = names(data, log)
    assert len(found) == 5 and set(before()) < set(found)
    assert next(iter(set(found) - set(before()))).startswith(new)
    found = CATALOGERS["rpm"].catalogue(tree({PLACE: data, f"{PLACE}-wal": log}))
    assert new in {one.name for one in found.components}
    assert any("it was edited" in one.reason for one in found.unknowns)  # the renamed header no longer has its digest


def test_a_package_that_was_removed_since_is_gone_and_said_to_be(files):
    files.run("DELETE FROM Packages WHERE hnum = (SELECT min(hnum) FROM Packages)")
    found, problems = names(*files.bytes())
    assert len(found) == 3 and set(found) < set(before())
    assert len(problems) == 1 and "takes 1 out of it" in problems[0]


def test_what_was_not_committed_does_not_count(files):
    files.run("PRAGMA cache_size=1")
    files.run("BEGIN")
    files.run("DELETE FROM Packages")
    files.run("CREATE TABLE filler (x)")
    for _ in range(200):
        files.run("INSERT INTO filler VALUES (randomblob(3000))")
    data, log = files.bytes()
    assert len(log) > 100_000
    assert names(data, log) == (before(), [])


def test_frames_after_a_wrong_checksum_do_not_count(files):
    files.run("DELETE FROM Packages WHERE hnum = (SELECT min(hnum) FROM Packages)")
    data, log = files.bytes()
    broken = bytearray(log)
    broken[-1] ^= 1
    assert names(data, bytes(broken)) == (before(), [])


def test_a_database_of_which_all_is_still_in_the_log_is_read(files):
    files.run("PRAGMA wal_checkpoint(TRUNCATE)")
    blobs = [blob for (blob,) in files.run("SELECT blob FROM Packages")]
    files.run("DELETE FROM Packages")
    files.run("PRAGMA wal_checkpoint(TRUNCATE)")
    for blob in blobs:
        files.run("INSERT INTO Packages (blob) VALUES (?)", blob)
    data, log = files.bytes()
    assert load_facts(read_database(FileContent(memoryview(data))))[0] == []
    assert names(data, log) == (before(), [])
    unreadable = CATALOGERS["rpm"].catalogue(tree({PLACE: b"not a database", f"{PLACE}-wal": log}))
    assert len(unreadable.components) == 4


def test_an_empty_log_changes_nothing(files):
    files.run("PRAGMA wal_checkpoint(TRUNCATE)")
    data, log = files.bytes()
    assert log == b"" and names(data, log) == (before(), [])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_any_history_comes_to_what_sqlite_itself_sees(tmp_path_factory, seed):
    rng = random.Random(seed)
    files = Files(tmp_path_factory.mktemp("journal"))
    blobs = [blob for (blob,) in files.run("SELECT blob FROM Packages ORDER BY hnum")]
    for _ in range(rng.randrange(1, 40)):
        step = rng.random()
        if step < 0.5:
            files.run("INSERT INTO Packages (blob) VALUES (?)", rng.choice(blobs))
        elif step < 0.8:
            files.run("DELETE FROM Packages WHERE hnum = (SELECT hnum FROM Packages ORDER BY random() LIMIT 1)")
        elif step < 0.9:
            files.run("UPDATE Packages SET blob = ? WHERE hnum = (SELECT max(hnum) FROM Packages)", rng.choice(blobs))
        else:
            files.run("PRAGMA wal_checkpoint(PASSIVE)")
    data, log = files.bytes()
    truth = [bytes(blob) for (blob,) in files.run("SELECT blob FROM Packages")]
    files.connection.close()
    packages, problems = lay_over(read_database(FileContent(memoryview(data))), read_journal(FileContent(memoryview(log))))
    assert sorted(one.name for one in packages) == sorted(named(blob) for blob in truth)
    assert not [problem for problem in problems if "out of it" not in problem]


def named(blob):
    from pratique.ecosystems.rpm.database.header import NAME, Header

    return Header(blob).text(NAME)


@pytest.mark.parametrize("data", [b"x", bytes(32), bytes(100_000)])
def test_what_is_no_log_is_malformed(data):
    with pytest.raises(Malformed, match="write-ahead log"):
        read_journal(FileContent(memoryview(data)))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_mutated_pages_under_right_checksums_raise_nothing_but_malformed(seed, log_without_checksums):
    rng = random.Random(seed)
    log = bytearray(log_without_checksums)
    for _ in range(rng.choice([1, 20, 300])):
        log[rng.randrange(32, len(log))] = rng.randrange(256)
    with contextlib.suppress(Malformed):
        lay_over(None, read_journal(FileContent(memoryview(bytes(log)))))


@pytest.fixture(scope="module")
def log_without_checksums(tmp_path_factory):
    """A log whose checksums are taken for right, whatever they are: so that mutations get as far as the pages."""
    from pratique.ecosystems.rpm.database import wal

    files = Files(tmp_path_factory.mktemp("mutated"))
    for (blob,) in files.run("SELECT blob FROM Packages"):
        files.run("INSERT INTO Packages (blob) VALUES (?)", blob)
    _, log = files.bytes()
    files.connection.close()
    right, wal._checksum = wal._checksum, lambda *_: _Any()
    yield log
    wal._checksum = right


class _Any(tuple):
    """Equal to any pair of sums."""

    def __new__(cls):
        return super().__new__(cls, (0, 0))

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __hash__ = tuple.__hash__
