"""`pratique sbom`: what the subject is called, what is left out, and a source that is a bill of materials already."""

import json

import pytest
from click.testing import CliRunner

from pratique.cli.sbom import command
from pratique.cli.sbom_source import project_in


def run(*args):
    return CliRunner().invoke(command, [str(one) for one in args], standalone_mode=False)


def made(folder, *args):
    result = run("make", f"dir:{folder}", "-o", "cyclonedx", *args)
    assert result.exception is None
    return json.loads(result.stdout)


@pytest.fixture
def folder(tmp_path):
    for name in ("app", "vendor/left"):
        place = tmp_path / "work" / name / f"{name.rpartition('/')[2]}-1.0.dist-info"
        place.mkdir(parents=True)
        (place / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.rpartition('/')[2]}\nVersion: 1.0\n")
    return tmp_path / "work"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"pyproject.toml": '[project]\nname = "snake"\nversion = "2"\n'}, ("snake", "2")),
        ({"pyproject.toml": '[tool.poetry]\nname = "poem"\nversion = "3"\n'}, ("poem", "3")),
        ({"pyproject.toml": "not TOML [", "package.json": '{"name": "@s/web", "version": "1.2.3"}'}, ("@s/web", "1.2.3")),
        ({"Cargo.toml": '[package]\nname = "crab"\nversion.workspace = true\n'}, ("crab", "")),
        ({"go.mod": "// a\nmodule example.org/gopher/v2\n\ngo 1.22\n"}, ("example.org/gopher/v2", "")),
        ({".git/config": '[remote "origin"]\n\turl = git@example.org:team/tool.git\n'}, ("tool", "")),
        ({".git/config": '[remote "origin"]\n\turl = https://example.org/team/tool/\n'}, ("tool", "")),
        ({"package.json": '{"name": 7}'}, ("work", "")),
        ({}, ("work", "")),
    ],
)
def test_a_folder_is_called_what_its_project_calls_itself(tmp_path, files, expected):
    folder = tmp_path / "work"
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    folder.mkdir(exist_ok=True)
    found = project_in(folder)
    assert (found.name, found.version) == expected


def test_the_name_of_the_present_folder_is_not_a_dot(folder, monkeypatch):
    monkeypatch.chdir(folder)
    result = run("make", "dir:.", "-o", "cyclonedx")
    assert json.loads(result.stdout)["metadata"]["component"]["name"] == "work"


def test_name_version_and_supplier_may_be_stated(folder):
    value = made(folder, "--source-name", "shop", "--source-version", "7", "--supplier", "ACME")
    component = value["metadata"]["component"]
    assert (component["name"], component["version"], component["supplier"]) == ("shop", "7", {"name": "ACME"})
    assert value["metadata"]["supplier"] == {"name": "ACME"}
    assert value["serialNumber"] != made(folder)["serialNumber"]
    assert value == made(folder, "--source-name", "shop", "--source-version", "7", "--supplier", "ACME")


@pytest.mark.parametrize("pattern", ["vendor/*", "./vendor/**", "**/left/**", "vendor/"])
def test_what_is_excluded_is_left_out_and_that_is_said(folder, pattern):
    assert {one["name"] for one in made(folder)["components"]} == {"app", "left"}
    value = made(folder, "--exclude", pattern)
    assert {one["name"] for one in value["components"]} == {"app"}
    unknowns = [one["value"] for one in value["metadata"]["properties"] if one["name"] == "pratique:unknown"]
    assert any("left out by request: 1 components" in one for one in unknowns)
    assert value["compositions"][0]["aggregate"] == "incomplete"


@pytest.mark.parametrize("format_", ["cyclonedx-json", "cyclonedx-xml", "spdx-json@2.3", "spdx-json@3.0.1", "spdx-tag-value"])
def test_a_bill_of_materials_given_as_a_source_is_read_as_one(folder, tmp_path, format_):
    path = tmp_path / "bom"
    assert run("make", f"dir:{folder}", "-o", format_, "--file", path).exception is None
    result = run("make", path, "-o", "cyclonedx")
    assert {"app", "left"} <= {one["name"] for one in json.loads(result.stdout)["components"]}
    assert "as a bill of materials" in result.stderr


def test_a_file_that_only_looks_like_json_is_no_bill_of_materials(tmp_path):
    path = tmp_path / "data.json"
    path.write_text('{"name": "x"}')
    result = run("make", path, "-o", "cyclonedx")
    assert json.loads(result.stdout)["metadata"]["component"]["name"] == "data.json"
    assert "as a bill of materials" not in result.stderr
