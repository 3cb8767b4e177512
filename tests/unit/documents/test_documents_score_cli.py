"""`pratique sbom score`, as a person calls it."""

import io
import json
import sys
from dataclasses import replace

import pytest
from sbom_documents import READABLE, rendered
from score_documents import MISSES, good_document, with_part

from pratique.cli.main import run
from pratique.cli.sbom_score import _STANDARDS
from pratique.documents.score.standards import STANDARDS


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    package = tmp_path / "app" / "node_modules" / "left"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"name":"left","version":"1.0.0","license":"MIT"}')
    (tmp_path / "good.json").write_bytes(rendered(good_document(), "cyclonedx-json@1.6"))
    return tmp_path


def score(*arguments):
    return run(["sbom", "score", *(str(one) for one in arguments)])


def scored(capfd, *arguments):
    assert score(*arguments, "--format", "json") == 0
    return json.loads(capfd.readouterr().out)


def test_the_table_says_of_each_rule_how_far_it_is_met_what_is_missing_and_what_to_do(folder, capfd):
    path = folder / "bad.json"
    path.write_bytes(rendered(MISSES["ntia", "identifiers"](good_document()), "cyclonedx-json@1.6"))
    assert score(path, "--standard", "ntia") == 0
    rows = capfd.readouterr().out.splitlines()
    assert rows[0] == "NTIA Minimum Elements (2021): 97.1"
    assert "✔\tname\t100 %\t\t" in rows
    assert "✘\tidentifiers\t80.0 %\ta 2.0.0\tadd a package URL, or a CPE, SWID or SWHID where the component has none" in rows
    assert rows[-1] == "score 97.1 of 100: CycloneDX 1.6 JSON, 5 components"


def test_what_only_may_be_there_is_no_fault_in_the_table(folder, capfd):
    path = folder / "bad.json"
    path.write_bytes(rendered(MISSES["bsi", "security-txt"](good_document()), "cyclonedx-json@1.6"))
    assert score(path, "--standard", "bsi", "--min", "100") == 0
    assert "·\tsecurity-txt (may)\t80.0 %" in capfd.readouterr().out


def test_the_json_is_what_its_page_says(folder, capfd):
    found = scored(capfd, folder / "good.json")
    assert found.keys() == {"score", "read", "components", "standards"}
    assert (found["score"], found["read"], found["components"]) == (100, "CycloneDX 1.6 JSON", 5)
    assert [one["id"] for one in found["standards"]] == list(STANDARDS)
    for standard in found["standards"]:
        assert standard.keys() == {"id", "title", "source", "score", "rules"}
        for rule in standard["rules"]:
            assert rule.keys() == {"id", "clause", "severity", "asks", "met", "of", "missing", "advice"}


def test_every_standard_can_be_asked_for_by_name(folder, capfd):
    assert tuple(STANDARDS) == _STANDARDS
    for name in STANDARDS:
        assert [one["id"] for one in scored(capfd, folder / "good.json", "--standard", name)["standards"]] == [name]
    both = scored(capfd, folder / "good.json", "--standard", "bsi", "--standard", "ntia", "--standard", "bsi")
    assert [one["id"] for one in both["standards"]] == ["ntia", "bsi"]


def test_the_exit_code_is_1_when_the_score_is_below_the_least(folder, capfd):
    path = folder / "bad.json"
    path.write_bytes(rendered(MISSES["ntia", "identifiers"](good_document()), "cyclonedx-json@1.6"))
    assert score(path, "--standard", "ntia", "--min", "97") == 0
    assert score(path, "--standard", "ntia", "--min", "98") == 1
    assert score(path, "--standard", "ntia", "--standard", "accuracy", "--min", "98") == 0
    for format_ in ("table", "json", "markdown"):
        assert score(path, "--min", "100", "--format", format_) == 1
        assert score(folder / "good.json", "--min", "100", "--format", format_) == 0


def test_one_missing_field_among_many_is_enough_to_fail_100(folder, capfd):
    document = good_document()
    a = document.parts[0]
    many = tuple(replace(a, ref=f"r{index}", name=f"n{index}", purl=f"pkg:npm/n{index}@2.0.0") for index in range(3000))
    top, *rest = document.relations
    relations = (replace(top, targets=(*top.targets, *(one.ref for one in many))), *rest)
    whole = replace(document, parts=(*document.parts, *many), relations=relations)
    path = folder / "many.json"
    path.write_bytes(rendered(with_part(whole, supplier=None), "cyclonedx-json@1.6"))
    assert score(path, "--standard", "ntia", "--min", "100") == 1
    out = capfd.readouterr().out
    assert "NTIA Minimum Elements (2021): 99.9" in out and "supplier\t99.9 %\ta 2.0.0" in out


@pytest.mark.parametrize("least", ["nan", "inf", "-1", "101", "99.5", "high"])
def test_a_least_score_that_nothing_could_be_held_to_is_refused(folder, capfd, least):
    assert score(folder / "good.json", f"--min={least}") == 2
    said = capfd.readouterr()
    assert said.out == "" and len(said.err.strip().splitlines()) == 1


@pytest.mark.parametrize("name", READABLE)
def test_a_document_in_any_format_is_scored(folder, capfd, name):
    path = folder / "any"
    path.write_bytes(rendered(good_document(), name))
    found = scored(capfd, path)
    assert next(one for one in found["standards"] if one["id"] == "ntia")["score"] == 100


def test_a_source_is_scored_as_its_default_document_would_be(folder, capfd):
    source = f"dir:{folder / 'app'}"
    assert run(["sbom", source, "-o", "cyclonedx-json", "--file", str(folder / "app.json")]) == 0
    of_source, of_document = scored(capfd, source), scored(capfd, folder / "app.json")
    assert of_source == of_document and of_source["read"] == "CycloneDX 1.6 JSON"
    supplier = of_source["standards"][0]["rules"][0]
    assert (supplier["id"], supplier["met"], supplier["missing"]) == ("supplier", 0, ["app", "left 1.0.0"])


def test_a_document_on_standard_input_is_scored(folder, capfd, monkeypatch):
    class Stdin:
        buffer = io.BytesIO((folder / "good.json").read_bytes())

    monkeypatch.setattr(sys, "stdin", Stdin())
    assert scored(capfd, "-")["score"] == 100


def test_a_document_with_errors_is_refused_unless_read_leniently(folder, capfd):
    path = folder / "errors.json"
    value = json.loads((folder / "good.json").read_bytes())
    value["components"][0]["scope"] = "perhaps"
    path.write_text(json.dumps(value))
    assert score(path) == 2
    said = capfd.readouterr()
    assert said.out == "" and "/components/0/scope is 'perhaps'" in said.err
    assert score(path, "--lenient") == 0
    assert "/components/0/scope" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("content", "said"), [(b"hello", "no bill of materials"), (b"{}", "no bill of materials"), (b"", "no bill")]
)
def test_what_is_no_document_is_one_clear_line_with_its_path(folder, capfd, content, said):
    path = folder / "what"
    path.write_bytes(content)
    assert score(path) == 2
    err = capfd.readouterr().err
    assert "no bill of materials" in err and str(path) in err and len(err.strip().splitlines()) == 1


def test_what_is_not_there_is_said(folder, capfd):
    assert score(folder / "nowhere.json") == 2
    assert "nowhere.json" in capfd.readouterr().err
    assert score(folder / "good.json", "--standard", "iso") == 2
    assert "iso" in capfd.readouterr().err


def test_the_markdown_is_for_a_pull_request_what_is_short_and_nothing_else(folder, capfd):
    assert score(folder / "good.json", "--format", "markdown") == 0
    whole = capfd.readouterr().out
    assert whole.startswith("### SBOM score: 100.0 of 100\n") and "| Rule |" not in whole
    path = folder / "bad.json"
    path.write_bytes(rendered(MISSES["bsi", "filename"](good_document()), "cyclonedx-json@1.6"))
    assert score(path, "--standard", "bsi", "--format", "markdown") == 0
    lines = capfd.readouterr().out.splitlines()
    assert "**BSI TR-03183-2 v2.1: 98.5** (19 of 20 rules met)" in lines
    rows = [one for one in lines if one.startswith("| ")]
    assert len(rows) == 2 and rows[1].startswith(
        "| filename (must) | §5.2.2: Filename of the component | 75.0 % | `a 2.0.0` | state"
    )


def test_a_name_cannot_break_out_of_the_markdown_table_or_control_the_terminal(folder, capfd):
    path = folder / "evil.json"
    evil = with_part(MISSES["ntia", "identifiers"](good_document()), name="x|`<img>\x1b[31m")
    path.write_bytes(rendered(evil, "cyclonedx-json@1.6"))
    assert score(path, "--standard", "ntia", "--format", "markdown") == 0
    out = capfd.readouterr().out
    assert "`x\\|'<img>[31m 2.0.0`" in out and "\x1b" not in out
    assert score(path, "--standard", "ntia") == 0
    assert "\x1b" not in capfd.readouterr().out
