import sqlite3
import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from pratique.catalog import migrate, schema
from pratique.catalog.ledger import open_catalog


def test_the_migrations_come_to_the_schema(tmp_path):
    with open_catalog(tmp_path) as catalog, catalog._engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []


def test_the_newest_migration_is_the_version_the_program_expects():
    config = Config()
    config.set_main_option("script_location", str(migrate.SCRIPTS))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [migrate.HEAD]
    assert {script.revision for script in scripts.walk_revisions()} == set(migrate.VERSIONS)


def test_a_migration_that_is_cut_short_leaves_nothing_and_is_done_again(tmp_path, monkeypatch):
    def cut_short(connection):
        upgrade(connection)
        raise KeyboardInterrupt

    upgrade = migrate._upgrade
    monkeypatch.setattr(migrate, "_upgrade", cut_short)
    with pytest.raises(KeyboardInterrupt):
        open_catalog(tmp_path)
    monkeypatch.undo()
    with open_catalog(tmp_path) as catalog:
        assert catalog.list_artifacts() == []


def test_the_tables_can_be_made_in_postgresql():
    for table in schema.metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=postgresql.dialect()))
        assert all(len(str(constraint.name or "")) <= 63 for constraint in table.constraints), table.name
        assert all(len(str(index.name or "")) <= 63 for index in table.indexes), table.name


def test_the_face_of_the_room_and_a_current_database_load_nothing_heavy(tmp_path):
    open_catalog(tmp_path).close()
    code = (
        "import sys, pratique.catalog; assert 'sqlalchemy' not in sys.modules\n"
        "from pathlib import Path; from pratique.catalog.ledger import open_catalog\n"
        "open_catalog(Path(sys.argv[1])).close(); assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


@pytest.mark.parametrize("version", migrate.VERSIONS[:-1])
def test_a_catalog_of_any_older_version_is_brought_up_with_what_is_in_it(tmp_path, monkeypatch, version):
    monkeypatch.setattr(migrate, "HEAD", version)
    open_catalog(tmp_path).close()
    with sqlite3.connect(tmp_path / "catalog.db") as connection:
        digest = "sha256:" + "0" * 64
        connection.execute("INSERT INTO artifacts (digest, name, first_seen, last_seen) VALUES (?, 'app', 1, 1)", [digest])
    monkeypatch.undo()
    with open_catalog(tmp_path) as catalog:
        assert [(row.digest, row.name) for row in catalog.list_artifacts()] == [(digest, "app")]


def test_sources_of_packages_that_were_listed_before_are_taken_from_their_purls(tmp_path, monkeypatch):
    purls = {
        "pkg:deb/debian/libssl3@3.0?arch=amd64&upstream=openssl": "openssl",
        "pkg:deb/debian/bsdutils@1:2.38?upstream=util-linux%402.38.1": "util-linux",
        "pkg:rpm/fedora/bash-libs@5-1?upstream=bash-5-1.src.rpm": "bash",
        "pkg:rpm/fedora/bash@5-1?upstream=bash-5-1.src.rpm": "",
        "pkg:pypi/x@1": "",
    }
    monkeypatch.setattr(migrate, "HEAD", "0002")
    open_catalog(tmp_path).close()
    with sqlite3.connect(tmp_path / "catalog.db") as connection:
        connection.executemany("INSERT INTO components (purl) VALUES (?)", [(purl,) for purl in purls])
    monkeypatch.undo()
    open_catalog(tmp_path).close()
    with sqlite3.connect(tmp_path / "catalog.db") as connection:
        assert dict(connection.execute("SELECT purl, source FROM components").fetchall()) == purls


def _older(tmp_path, monkeypatch, purls):
    monkeypatch.setattr(migrate, "HEAD", "0003")
    open_catalog(tmp_path).close()
    monkeypatch.undo()
    with sqlite3.connect(tmp_path / "catalog.db") as connection:
        connection.execute(
            "INSERT INTO artifacts (id, digest, first_seen, last_seen) VALUES (1, ?, 1, 1)", ["sha256:" + "0" * 64]
        )
        rows = [
            (purl, kind, namespace, name, version, source) for purl, (kind, namespace, name, version, source) in purls.items()
        ]
        connection.executemany(
            "INSERT INTO components (purl, type, namespace, name, version, source) VALUES (?, ?, ?, ?, ?, ?)", rows
        )
        connection.execute("INSERT INTO artifact_components (component_id, artifact_id) SELECT id, 1 FROM components")


def test_components_that_were_listed_before_are_found_as_people_write_them(tmp_path, monkeypatch):
    purls = {
        "pkg:pypi/zope-interface@1": ("pypi", "", "zope-interface", "1", ""),
        "pkg:maven/g/Art@1": ("maven", "g", "Art", "1", ""),
        "pkg:deb/debian/libssl3@3": ("deb", "debian", "libssl3", "3", "openssl"),
        "npm x@1 .": ("npm", "", "x", "1", ""),
        **{f"pkg:npm/n{number}@1": ("npm", "", f"n{number}", "1", "") for number in range(6_000)},
    }
    _older(tmp_path, monkeypatch, purls)
    with open_catalog(tmp_path) as catalog:
        assert [row.purl for row in catalog.search("Zope.Interface")] == ["pkg:pypi/zope-interface@1"]
        assert [row.purl for row in catalog.search("g:Art")] == ["pkg:maven/g/Art@1"]
        assert [row.purl for row in catalog.search("openssl")] == ["pkg:deb/debian/libssl3@3"]
        assert [row.purl for row in catalog.search("x")] == ["npm x@1 ."]
        assert len(catalog.search("*")) == len(purls)


def test_a_process_that_is_killed_while_it_brings_a_catalog_up_leaves_the_old_one(tmp_path, monkeypatch):
    purls = {f"pkg:npm/n{number}@1": ("npm", "", f"n{number}", "1", "") for number in range(12_000)}
    _older(tmp_path, monkeypatch, purls)
    code = (
        "import sys, os, signal\nfrom pathlib import Path\nfrom pratique.catalog import component_names\n"
        "real, calls = component_names.names_of, [0]\n"
        "def dying(**said):\n    calls[0] += 1\n    if calls[0] > 9_000: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return real(**said)\ncomponent_names.names_of = dying\n"
        "from pratique.catalog.ledger import open_catalog\nopen_catalog(Path(sys.argv[1]))"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert killed.returncode == -9
    with sqlite3.connect(tmp_path / "catalog.db") as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0003",)]
        assert not connection.execute("SELECT name FROM sqlite_master WHERE name = 'component_names'").fetchall()
    with open_catalog(tmp_path) as catalog:
        assert len(catalog.search("N11999")) == 1
