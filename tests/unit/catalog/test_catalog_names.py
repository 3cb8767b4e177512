"""Components and artifacts by the names that people write."""

import pytest

from pratique.catalog.ledger import open_catalog
from pratique.catalog.search_pattern import parse_pattern
from pratique.cli.main import run
from pratique.model import ArtifactKind, Component, Digest, Subject

FLASK, YAML, ZOPE = "pkg:pypi/flask@3.0.0", "pkg:pypi/pyyaml@6.0", "pkg:pypi/zope.interface@6.0"
CORE, COMMONS = "pkg:npm/%40angular/core@17.0.1", "pkg:maven/org.apache.commons/commons-lang3@3.14"
CASED, ERRORS = "pkg:npm/JSONStream@1.3.5", "pkg:golang/github.com/pkg/errors@v0.9.1"
ALL = (FLASK, YAML, ZOPE, CORE, COMMONS, CASED, ERRORS, "pkg:cargo/flask@1.0")


@pytest.fixture
def catalog(tmp_path, monkeypatch):
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))  # no engine's client
    with open_catalog(tmp_path / "catalog") as opened:
        yield opened


def record(catalog, name, location="", purls=ALL):
    digest = Digest.of(f"{name} {location}".encode())
    subject = Subject(kind=ArtifactKind.IMAGE, digest=digest, name=name)
    with catalog.transaction() as ledger:
        ledger.record_artifact(subject, manifest_root=Digest.of(b"root"), location=location or name, at=1)
        ledger.record_components(
            digest, [Component(type="library", name=purl, version="1", purl=purl, ref=purl, catalogers=("x",)) for purl in purls]
        )
    return digest


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("Flask", [FLASK]),
        ("flask", ["pkg:cargo/flask@1.0", FLASK]),
        ("PyYAML", [YAML]),
        ("PyYAML@6.*", [YAML]),
        ("pkg:pypi/PyYAML", [YAML]),
        ("zope.interface", [ZOPE]),
        ("Zope_Interface", [ZOPE]),
        ("zope-interface", [ZOPE]),
        ("pkg:pypi/zope-interface@6.0", [ZOPE]),
        ("@angular/core", [CORE]),
        ("@angular/core@17.0.1", [CORE]),
        ("@angular/core@16.*", []),
        ("org.apache.commons:commons-lang3", [COMMONS]),
        ("org.apache.commons:commons-lang3:3.14", [COMMONS]),
        ("org.apache.commons:*", [COMMONS]),
        ("org.apache:commons-lang3", []),
        ("github.com/pkg/errors", [ERRORS]),
        ("JSONStream", [CASED]),
        ("jsonstream", []),  # npm tells cases apart
        (COMMONS, [COMMONS]),
        (CORE, [CORE]),
    ],
)
def test_a_component_is_found_by_its_name_as_its_ecosystem_spells_it(catalog, written, found):
    record(catalog, "host.example/app:1")
    assert [row.purl for row in catalog.search(written)] == found


def test_what_has_no_colon_or_folder_is_still_a_name():
    assert parse_pattern("g++").name == "g++"
    assert parse_pattern("@scope").name == "@scope"
    assert parse_pattern(":x").name == ":x"


def test_an_artifact_is_traced_by_its_name_or_place_and_without_its_tag_or_folders(catalog, capsys):
    digest = record(catalog, "host.example/acme/app:1", "registry:host.example/acme/app:1", [])
    record(catalog, "host.example/acme/app_x:1", "", [])
    for name in ("host.example/acme/app:1", "host.example/acme/app", "app:1", "app", "registry:host.example/acme/app:1"):
        assert run(["trace", name]) == 0, name
        assert digest in capsys.readouterr().out
    for name in ("ap", "pp:1", "app%", "app.x", "nothing"):
        assert run(["trace", name]) == 2, name


def test_a_name_of_several_artifacts_is_answered_with_all_of_them(catalog, capsys):
    made = [record(catalog, "host.example/app:1", f"host.example/app:{tag}", []) for tag in range(2)]
    assert run(["trace", "app:1"]) == 2
    said = capsys.readouterr().err
    assert "app:1 could be any of 2 artifacts" in said and all(digest[:19] in said for digest in made)
