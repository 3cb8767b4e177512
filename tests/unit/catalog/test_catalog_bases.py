import sqlite3
import subprocess
import sys

import pytest

from pratique.catalog.bases import known_bases
from pratique.catalog.ledger import open_catalog
from pratique.errors import StorageError
from pratique.inventory.image_config import base_facts
from pratique.model import ArtifactKind, Digest, Subject
from pratique.model.chain import Base, chain_ids

A, B, C, D = (Digest.of(name) for name in (b"a", b"b", b"c", b"d"))


def ship(directory, name, layers):
    subject = Subject(kind=ArtifactKind.IMAGE, name=name, digest=Digest.of(name.encode()))
    with open_catalog(directory) as catalog, catalog.transaction() as ledger:
        ledger.record_artifact(subject, manifest_root=A, location=name, at=1, diff_ids=layers)


def named(*names):
    return [Base(name=name, digest=Digest.of(name.encode())) for name in names]


def test_chain_ids_are_those_of_the_specification():
    assert chain_ids([]) == []
    assert chain_ids([A, B, C]) == [
        A,
        Digest.of(f"{A} {B}".encode()),
        Digest.of(f"{Digest.of(f'{A} {B}'.encode())} {C}".encode()),
    ]


def test_images_with_the_same_lowest_layers_are_known_and_no_others(tmp_path):
    ship(tmp_path, "one", [A])
    ship(tmp_path, "two", [A, B])
    ship(tmp_path, "twin", [A, B])
    ship(tmp_path, "upside-down", [B, A])
    ship(tmp_path, "other", [A, D])
    ship(tmp_path, "itself", [A, B, C])
    ship(tmp_path, "a folder", [])
    found = known_bases(tmp_path, [A, B, C])
    first, second, _ = chain_ids([A, B, C])
    assert {chain: sorted(bases) for chain, bases in found.items()} == {first: named("one"), second: named("twin", "two")}
    assert known_bases(tmp_path, [A]) == known_bases(tmp_path, []) == {}


def test_the_longest_chain_is_the_base_and_a_tie_is_listed():
    first, second, _ = chain_ids([A, B, C])
    facts = base_facts([A, B, C], {first: named("one"), second: named("two", "twin")})
    assert (facts["base:name"], facts["base:digest"], facts["base:layers"]) == ("twin", Digest.of(b"twin"), "2 of 3")
    assert facts["base:also:001"] == f"two {Digest.of(b'two')}"
    assert base_facts([A, B, C], {}) == base_facts([], {first: named("one")}) == {}


def test_no_image_is_its_own_base():
    assert base_facts([A], {A: named("one")}) == {}


def test_there_need_be_no_catalog_and_none_is_made(tmp_path):
    assert known_bases(tmp_path / "nowhere", [A, B]) == {}
    assert not (tmp_path / "nowhere").exists()


def test_a_catalog_of_an_older_version_knows_no_layers(tmp_path):
    with sqlite3.connect(tmp_path / "catalog.db") as connection:
        connection.execute("CREATE TABLE artifacts (id INTEGER PRIMARY KEY, digest TEXT, name TEXT)")
    assert known_bases(tmp_path, [A, B]) == {}


def test_a_damaged_catalog_is_said_to_be(tmp_path):
    (tmp_path / "catalog.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(StorageError, match="base images"):
        known_bases(tmp_path, [A, B])


def test_asking_for_bases_loads_nothing_heavy(tmp_path):
    open_catalog(tmp_path).close()
    code = (
        "import sys; from pathlib import Path; from pratique.catalog.bases import known_bases\n"
        "from pratique.model import Digest\n"
        "assert known_bases(Path(sys.argv[1]), [Digest.of(b'a'), Digest.of(b'b')]) == {}\n"
        "assert 'sqlalchemy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
