import dataclasses
import sqlite3
import subprocess
import sys
from dataclasses import dataclass

import pytest
from sqlalchemy import event, text

from pratique.catalog import schema
from pratique.catalog.ledger import open_catalog
from pratique.catalog.search import candidates
from pratique.catalog.search_pattern import parse_pattern
from pratique.errors import InputError, Locked, Malformed, StorageError
from pratique.model import ArtifactKind, Cause, Component, Decision, Digest, Result, Subject, Verdict

ONE, TWO, CONFIG, ROOT = (Digest.of(name) for name in (b"one", b"two", b"config", b"root"))


def subject(digest=ONE, name="example/app:1", config=CONFIG):
    return Subject(kind=ArtifactKind.IMAGE, name=name, digest=digest, platform="linux/amd64", config=config)


def component(purl, licences=("MIT",)):
    kind = purl.partition(":")[2].partition("/")[0]
    return Component(ref=purl, purl=purl, type=kind, name="x", version="1", licences=licences)


OPENSSL = "pkg:deb/debian/openssl@3.0.11-1?arch=amd64&distro=debian-12"
OLD_OPENSSL = "pkg:deb/debian/openssl@1.1.1w-0?arch=amd64"
ANGULAR = "pkg:npm/%40angular/core@17.0.1"
PURLS = (OPENSSL, "pkg:deb/debian/libssl3@3.0.11-1", "pkg:pypi/typing-extensions@4.8.0", ANGULAR, "pkg:pypi/openssl@9")


@pytest.fixture
def catalog(tmp_path):
    with open_catalog(tmp_path / "catalog") as opened:
        yield opened


def ship(catalog, *, digest=ONE, name="example/app:1", location="registry.example/app:1", purls=PURLS, at=100, config=CONFIG):
    with catalog.transaction() as ledger:
        ledger.record_artifact(subject(digest, name, config), manifest_root=ROOT, location=location, at=at)
        ledger.record_components(digest, [component(purl) for purl in purls])


def counts(catalog):
    with catalog._engine.connect() as connection:
        return {name: connection.scalar(text(f'SELECT count(*) FROM "{name}"')) for name in schema.metadata.tables}  # noqa: S608


def test_a_component_is_found_with_its_artifact_places_and_since_when(catalog):
    ship(catalog)
    ship(catalog, location="mirror.example/app:1", at=200)
    ship(
        catalog, digest=TWO, name="example/other:2", location="registry.example/other:2", purls=[OLD_OPENSSL], at=300, config=None
    )
    rows = catalog.search("pkg:deb/debian/openssl")
    assert [(row.purl, row.artifact, row.name, row.first_seen) for row in rows] == [
        (OLD_OPENSSL, TWO, "example/other:2", 300),
        (OPENSSL, ONE, "example/app:1", 100),
    ]
    assert rows[1].locations == ("registry.example/app:1", "mirror.example/app:1")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("pkg:deb/debian/openssl@3.0.11-1", [OPENSSL]),
        ("pkg:deb/debian/openssl@3.*", [OPENSSL]),
        ("pkg:deb/debian/openssl@3.0", []),
        ("pkg:deb/ubuntu/openssl", []),
        ("pkg:deb/debian/open", []),
        ("pkg:deb/debian/*ssl*", ["pkg:deb/debian/libssl3@3.0.11-1", OPENSSL]),
        ("pkg:deb/*", ["pkg:deb/debian/libssl3@3.0.11-1", OPENSSL]),
        ("pkg:deb/*/openssl", [OPENSSL]),
        ("pkg:npm/@angular/core", [ANGULAR]),
        ("pkg:npm/%40angular/core@17.*", [ANGULAR]),
        ("pkg:PyPI/Typing_Extensions", ["pkg:pypi/typing-extensions@4.8.0"]),
        (OPENSSL, [OPENSSL]),
        (OPENSSL.replace("amd64", "arm64"), []),
        ("openssl", [OPENSSL, "pkg:pypi/openssl@9"]),
        ("openssl@9", ["pkg:pypi/openssl@9"]),
        ("typing*", ["pkg:pypi/typing-extensions@4.8.0"]),
        ("open_sl", []),
        ("%", []),
        ("open' OR '1'='1", []),
    ],
)
def test_patterns_find_exactly_what_they_name(catalog, pattern, found):
    ship(catalog)
    assert [row.purl for row in catalog.search(pattern)] == found


@pytest.mark.parametrize("pattern", ["", "  ", "pkg:deb", "pkg:/x", "x" * 1001, "a\0b"])
def test_a_pattern_that_names_nothing_is_refused(catalog, pattern):
    with pytest.raises(InputError):
        catalog.search(pattern)


@pytest.mark.parametrize("pattern", ["pkg:deb/debian/openssl", "openssl", "Open*", "pkg:deb/debian/open*", "pkg:deb/*"])
def test_search_goes_by_the_indices(catalog, pattern):
    ship(catalog)
    for meaning in parse_pattern(pattern).meanings:
        query = candidates(meaning).compile(catalog._engine, compile_kwargs={"render_postcompile": True})
        with catalog._engine.connect() as connection:
            steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", tuple(query.params.values()))]
        assert any("ix_components_type" in step or "component_names USING PRIMARY KEY (key" in step for step in steps), steps
        assert not any(step.startswith("SCAN") for step in steps), steps


@dataclass(frozen=True)
class Build:
    builder_id: str = "https://ci.example/builder"
    build_number: str = "17"
    release_tag: str = "v1"
    commit: str = "abc"
    repository: str = "https://git.example/app"


def decision(digest=ONE, cause=Cause.ABSENT):
    verdict = Verdict(rule="signed", cause=cause, detail="niemand – „unterschrieben“")
    return Decision(
        subject=digest,
        subject_name="example/app:1",
        policy_name="production",
        policy_digest=ROOT,
        verdicts=(verdict,),
        decided_at=500,
    )


def whole_shipment(catalog, at):
    with catalog.transaction() as ledger:
        ledger.record_artifact(subject(), manifest_root=ROOT, location="registry.example/app:1", at=at)
        ledger.record_components(ONE, [component(purl) for purl in PURLS])
        ledger.record_document(ONE, b"{}", role="sbom", media_type="application/json", at=at)
        bundle = ledger.record_document(
            ONE, b"[]", role="bundle", media_type="application/json", at=at, predicate_type="https://a", keyid="k"
        )
        ledger.record_build(ONE, Build(), started=at)
        ledger.record_decision(decision(), bundle=bundle)
        ledger.record_observation(ONE, workload="w", node="n", engine="podman", since=at - 5, at=at, report=bundle)
    return bundle


def test_shipping_again_adds_nothing_twice_and_moves_last_seen_on(catalog):
    bundle = whole_shipment(catalog, 100)
    before = counts(catalog)
    whole_shipment(catalog, 700)
    whole_shipment(catalog, 600)
    assert counts(catalog) == before
    row = catalog.find_artifacts(ONE)[0]
    assert (row.first_seen, row.last_seen, row.locations) == (100, 700, ("registry.example/app:1",))
    assert (row.name, row.config, row.manifest_root, row.kind) == ("example/app:1", CONFIG, ROOT, "image")
    seen = catalog.observations_of(ONE)[0]
    assert (seen.first_seen, seen.last_seen, seen.report, seen.workload) == (95, 700, bundle, "w")
    build = catalog.builds_of(ONE)[0]
    assert (build.started, build.builder_id, build.commit) == (100, "https://ci.example/builder", "abc")
    document = catalog.documents_of(ONE, "bundle")[0]
    assert (document.digest, document.predicate_type, document.keyid, document.size_bytes) == (bundle, "https://a", "k", 2)
    assert catalog.documents.get(document.digest) == b"[]"
    assert len(catalog.documents_of(ONE)) == 2


def test_a_decision_reads_back_as_it_was_made(catalog):
    bundle = whole_shipment(catalog, 100)
    row = catalog.decisions_of(ONE)[0]
    assert (row.result, row.verdicts, row.bundle) == (Result.DENIED, decision().verdicts, bundle)


def test_a_decision_about_an_artifact_never_shipped_is_kept_too(catalog):
    with catalog.transaction() as ledger:
        bundle = ledger.record_document(TWO, b"x", role="decision", media_type="application/json", at=500)
        ledger.record_decision(decision(TWO), bundle)
    assert catalog.find_artifacts(TWO)[0].name == "example/app:1"
    assert catalog.decisions_of(TWO)[0].result is Result.DENIED
    ship(catalog, digest=TWO, at=600)
    assert (catalog.find_artifacts(TWO)[0].kind, catalog.find_artifacts(TWO)[0].first_seen) == ("image", 500)


def test_components_said_anew_replace_the_old_ones(catalog):
    ship(catalog)
    assert (catalog.count_components(ONE), catalog.count_components(TWO)) == (len(PURLS), 0)
    ship(catalog, purls=[ANGULAR])
    assert catalog.count_components(ONE) == 1
    assert catalog.search("openssl") == []
    assert len(catalog.search("pkg:npm/*/core")) == 1
    with catalog.transaction() as ledger:
        ledger.record_components(ONE, [component(ANGULAR, ("Apache-2.0",))])
        ledger.record_components(ONE, [dataclasses.replace(component(ANGULAR, ("Apache-2.0",)), layer=ROOT)])
    assert catalog.search("core")[0].layer == ROOT
    with catalog._engine.connect() as connection:
        assert connection.scalar(text("SELECT licences FROM components WHERE name='core'")) == '["Apache-2.0"]'


def test_thousands_of_components_are_taken_in_one_go(catalog):
    purls = [f"pkg:npm/p{number}@1" for number in range(3000)]
    ship(catalog, purls=purls)
    assert len(catalog.search("pkg:npm/*")) == 3000
    ship(catalog, purls=[])
    assert catalog.search("pkg:npm/*") == []


def test_an_error_inside_a_transaction_leaves_nothing(catalog):
    with pytest.raises(InputError, match="not a purl"), catalog.transaction() as ledger:
        ledger.record_artifact(subject(), manifest_root=ROOT, location="here", at=1)
        ledger.record_components(ONE, [component("pkg:nothing")])
    assert catalog.list_artifacts() == []
    with pytest.raises(InputError, match="role"), catalog.transaction() as ledger:
        ledger.record_document(ONE, b"", role="other", media_type="", at=1)


def test_artifacts_are_found_by_digest_prefix_and_image_id(catalog):
    ship(catalog)
    ship(catalog, digest=TWO, config=CONFIG, at=200)
    assert catalog.find_artifacts(ONE)[0].digest == ONE
    assert catalog.find_artifacts(ONE.short)[0].digest == ONE
    assert catalog.find_artifacts(ONE[:20])[0].digest == ONE
    assert [row.digest for row in catalog.find_artifacts(CONFIG)] == [TWO, ONE]
    ship(catalog, digest=TWO, config=Digest.of(b"other"), at=200)
    assert [row.digest for row in catalog.find_artifacts(CONFIG.hex)] == [ONE]
    assert catalog.find_artifacts(ONE[:20].upper().replace("SHA", "sha"))[0].digest == ONE
    for text_ in ("0" * 12, "", "abc", "sha256:%%%%%%", "ABCDEF", "*", "_xample/app:1", "%"):
        assert catalog.find_artifacts(text_) == []
    assert [row.digest for row in catalog.list_artifacts()] == [TWO, ONE]


def test_another_process_that_writes_means_locked_and_reading_goes_on(catalog, tmp_path):
    ship(catalog)
    path = tmp_path / "catalog" / "catalog.db"
    code = (
        "import sqlite3,sys; c=sqlite3.connect(sys.argv[1],isolation_level=None); c.execute('BEGIN IMMEDIATE');"
        "print('held',flush=True); sys.stdin.read(); c.rollback()"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline() == b"held\n"
        with open_catalog(tmp_path / "catalog", busy_timeout_s=0.01) as second:
            with pytest.raises(Locked, match="another process") as caught:
                ship(second, digest=TWO)
            assert caught.value.exit_code == 3
            assert len(second.list_artifacts()) == 1
    finally:
        holder.communicate()
    ship(catalog, digest=TWO, at=200)
    assert len(catalog.list_artifacts()) == 2


def test_processes_that_open_and_write_at_once_all_get_their_turn(tmp_path):
    code = """
import sys
from pathlib import Path
from pratique.catalog.ledger import open_catalog
from pratique.model import Digest
with open_catalog(Path(sys.argv[1]), busy_timeout_s=30) as catalog:
    for number in range(5):
        with catalog.transaction() as ledger:
            digest = Digest.of(f"{sys.argv[2]} {number}".encode())
            ledger.record_observation(digest, workload="w", node=sys.argv[2], engine="e", since=1, at=1)
"""
    arguments = [sys.executable, "-c", code, str(tmp_path / "new")]
    workers = [subprocess.Popen([*arguments, str(number)], stderr=subprocess.PIPE) for number in range(3)]
    for worker in workers:
        _, complaint = worker.communicate()
        assert worker.returncode == 0, complaint.decode()
    with open_catalog(tmp_path / "new") as catalog:
        assert len(catalog.list_artifacts()) == 15


def test_a_damaged_database_is_said_to_be_damaged(tmp_path):
    (tmp_path / "catalog.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(Malformed, match="damaged") as caught:
        open_catalog(tmp_path)
    assert caught.value.where == str(tmp_path / "catalog.db")
    assert caught.value.hint


def test_a_place_that_cannot_be_written_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        open_catalog(tmp_path / "file" / "catalog")
    (tmp_path / "odd" / "catalog.db").mkdir(parents=True)
    with pytest.raises(StorageError, match="cannot be opened"):
        open_catalog(tmp_path / "odd")


def test_a_full_disk_is_a_storage_error_and_the_transaction_leaves_nothing(catalog):
    @event.listens_for(catalog._engine, "connect")
    def _small_disk(connection, _record):
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    with pytest.raises(StorageError, match="no space left"):
        ship(catalog, purls=[f"pkg:npm/p{number}@1" for number in range(3000)])
    assert catalog.list_artifacts() == []


def test_a_database_of_a_newer_version_is_refused(catalog, tmp_path):
    catalog.close()
    with sqlite3.connect(tmp_path / "catalog" / "catalog.db") as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Malformed, match="version 9999, newer") as caught:
        open_catalog(tmp_path / "catalog")
    assert caught.value.hint == "update pratique"


def test_a_database_that_is_somebody_elses_is_left_alone(tmp_path):
    with sqlite3.connect(tmp_path / "catalog.db") as raw:
        raw.execute("CREATE TABLE cats (name)")
    with pytest.raises(Malformed, match="not a catalog"):
        open_catalog(tmp_path)


def test_a_catalog_in_a_read_only_folder_says_what_to_do(as_nobody):
    open_catalog(as_nobody / "c").close()
    (as_nobody / "c").chmod(0o500)
    try:
        with pytest.raises(StorageError, match="read-only") as caught:
            open_catalog(as_nobody / "c")
        assert "copy it to a writable directory" in (caught.value.hint or "")
    finally:
        (as_nobody / "c").chmod(0o700)


LIBSSL = "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12&upstream=openssl"


def ship_sources(catalog):
    built = dataclasses.replace(component(LIBSSL), source="pkg:deb/debian/openssl@3.0.11-1?arch=source&distro=debian-12")
    own = dataclasses.replace(component(OPENSSL), source="pkg:deb/debian/openssl@3.0.11-1?arch=source&distro=debian-12")
    plus = dataclasses.replace(component("pkg:deb/debian/libgcc-s1@12"), source="pkg:deb/debian/g%2B%2B@12?arch=source")
    with catalog.transaction() as ledger:
        ledger.record_artifact(subject(), manifest_root=ROOT, location="here", at=1)
        ledger.record_components(ONE, [built, own, plus, component("pkg:pypi/openssl@9")])


def test_a_package_is_found_by_the_source_it_was_built_from(catalog):
    ship_sources(catalog)
    assert [(row.purl, row.source) for row in catalog.search("pkg:deb/debian/openssl")] == [(LIBSSL, "openssl"), (OPENSSL, "")]
    assert [row.purl for row in catalog.search("pkg:deb/debian/openssl@3.0.*")] == [LIBSSL, OPENSSL]
    assert [row.purl for row in catalog.search("pkg:deb/debian/openssl@1.*")] == []
    assert [row.purl for row in catalog.search("openssl")] == [LIBSSL, OPENSSL, "pkg:pypi/openssl@9"]
    assert [row.purl for row in catalog.search("g++")] == ["pkg:deb/debian/libgcc-s1@12"]


def test_everything_of_a_type_is_found_once_and_an_absent_source_is_no_name(catalog):
    ship_sources(catalog)
    assert len(catalog.search("pkg:deb/*")) == 3
    assert len(catalog.search("pkg:deb/debian/*")) == 3
