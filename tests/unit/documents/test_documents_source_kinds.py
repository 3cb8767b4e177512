"""`pratique sbom` of bills of materials that no name of a format tells, of an index, and to places that take nothing."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "artifact"))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "e2e"))
from artifact_builders import OCI_INDEX, write_layout
from test_e2e_index import AMD_IMAGE, ARM_IMAGE, ATTESTATION, INDEX, digest_of

from pratique.cli.main import run

SYFT = {
    "artifacts": [{"id": "a", "name": "left", "version": "1", "type": "npm", "purl": "pkg:npm/left@1"}],
    "source": {"id": "s", "name": "x", "type": "directory"},
    "descriptor": {"name": "syft", "version": "1"},
}
TRIVY = {
    "SchemaVersion": 2,
    "ArtifactName": "x",
    "ArtifactType": "filesystem",
    "Results": [
        {
            "Target": "a",
            "Class": "lang-pkgs",
            "Type": "npm",
            "Packages": [{"ID": "left@1", "Name": "left", "Version": "1", "Identifier": {"PURL": "pkg:npm/left@1"}}],
        }
    ],
}


@pytest.fixture
def call(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "requirements.txt").write_text("left==1\n")

    def run_it(*arguments: str, code: int = 0):
        found = run(list(arguments))
        out, err = capfd.readouterr()
        assert found == code, (found, out, err)
        return out, err

    return run_it


def written(call, tmp_path, kind: str) -> bytes:
    if kind in ("syft", "trivy"):
        return json.dumps(SYFT if kind == "syft" else TRIVY).encode()
    call("sbom", "dir:work", "-o", "json" if kind.startswith("own") else "github-json", "--file", "made")
    if kind == "own document":
        call("sbom", "convert", "made", "-o", "json", "--file", "made")
    return (tmp_path / "made").read_bytes()


@pytest.mark.parametrize("kind", ["own inventory", "own document", "github", "syft", "trivy"])
@pytest.mark.parametrize("how", ["as it is", "with blanks", "by standard input", "much in it"])
def test_a_bill_of_materials_in_any_format_that_is_read_is_no_file_to_be_inventoried(call, tmp_path, monkeypatch, kind, how):
    data = written(call, tmp_path, kind)
    if how == "with blanks":
        data = b"\xef\xbb\xbf\n" + json.dumps(json.loads(data), indent=2).encode()
    elif how == "much in it" and kind in ("syft", "trivy"):
        blob = json.loads(data)
        data = json.dumps({"before": "x" * 100_000, **blob, "after": "x" * 100_000}).encode()
    (tmp_path / "bill").write_bytes(data)
    source = "bill"
    if how == "by standard input":
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        source = "-"
    out, err = call("sbom", source, "-o", "cyclonedx-json")
    assert "as a bill of materials" in err
    assert "left" in {one["name"] for one in json.loads(out)["components"]}


@pytest.mark.parametrize("value", [{"pratique": {"x": 1}}, {"artifacts": []}, {"manifests": []}, {"name": "descriptor detector"}])
def test_other_json_is_a_file_to_be_inventoried(call, tmp_path, value):
    (tmp_path / "some.json").write_text(json.dumps(value))
    assert "as a bill of materials" not in call("sbom", "some.json")[1]


def test_standard_input_that_is_no_bill_of_materials_is_refused(call, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"hello")))
    assert "standard input: no bill of materials" in call("sbom", "-", code=2)[1]


def test_of_an_index_it_is_said_which_image_is_read_and_which_index_that_is(call, tmp_path):
    write_layout(tmp_path / "idx", INDEX, OCI_INDEX, AMD_IMAGE.blobs() | ARM_IMAGE.blobs() | ATTESTATION.blobs())
    for command in (["sbom"], ["sbom", "score"]):
        _, err = call(*command, "oci-dir:idx", "--platform", "linux/amd64")
        assert f"reading linux/amd64 ({digest_of(AMD_IMAGE.manifest)}) of the index {digest_of(INDEX)}" in err
    _, err = call("sbom", "oci-dir:idx")
    assert "of the index" in err


@pytest.mark.parametrize("arguments", [["dir:work", "-o", "spdx-json=folder"], ["dir:work", "-o", "table", "--file", "folder"]])
def test_a_folder_is_no_file_to_write_to_and_nothing_is_written_beside_it(call, tmp_path, arguments):
    (tmp_path / "folder").mkdir()
    assert "folder: cannot be written: it is a folder" in call("sbom", *arguments, code=2)[1]
    assert not (tmp_path / "folder.files.json").exists()


def test_a_folder_is_no_file_to_write_to_for_other_commands_either(call, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "in").write_text(json.dumps(SYFT))
    for command in (["convert", "in"], ["merge", "in"]):
        assert "it is a folder" in call("sbom", *command, "-o", "spdx-json", "--file", "folder", code=2)[1]


@pytest.mark.parametrize(
    "arguments", [["dir:work"], ["dir:work", "-o", "json"], ["convert", "in", "-o", "spdx-json"], ["score", "in"], ["--help"]]
)
def test_a_full_disk_under_standard_output_is_one_line_and_no_internal_error(call, tmp_path, arguments):
    (tmp_path / "in").write_text(json.dumps(SYFT))
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from pratique.cli.main import main; main()", "sbom", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            env=dict(os.environ),
            check=False,
        )
    assert done.returncode == 4
    said = [line for line in done.stderr.decode().splitlines() if "EMPTY" not in line and not line.startswith("  ")]
    assert said[-1] == "pratique: could not write to standard output: no space left on device"
    assert sum("write" in line for line in said) == 1 and "internal error" not in done.stderr.decode()
