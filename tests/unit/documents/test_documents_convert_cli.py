"""`pratique sbom SOURCE -o …` and `pratique sbom convert`, as a person calls them."""

import hashlib
import json
import sys
from pathlib import Path

import pytest
from sbom_documents import READABLE, full_document, rendered

from pratique.cli.main import run

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "demo"))

from make_image import make_archive, make_tar


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    for name in ("GITHUB_SHA", "GITHUB_REF", "GITHUB_RUN_ID", "SOURCE_DATE_EPOCH"):
        monkeypatch.delenv(name, raising=False)
    source = tmp_path / "app"
    package = source / "node_modules" / "left"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"name":"left","version":"1.0.0","license":"MIT"}')
    return tmp_path


def sbom(*arguments):
    return run(["sbom", *(str(one) for one in arguments)])


def test_one_scan_writes_every_format_and_each_passes_the_check(folder, capfd):
    outputs = [word for name in READABLE for word in ("-o", f"{name}={folder / name}.out")]
    assert sbom(f"dir:{folder / 'app'}", *outputs, "-o", f"github-json={folder / 'github'}") == 0
    capfd.readouterr()
    for name in READABLE:
        assert sbom("check", f"dir:{folder / 'app'}", f"{folder / name}.out") == 0, name
        assert "describes exactly" in capfd.readouterr().out
    snapshot = json.loads((folder / "github").read_bytes())
    assert "pkg:npm/left@1.0.0" in next(iter(snapshot["manifests"].values()))["resolved"]


@pytest.mark.parametrize("name", READABLE)
def test_in_every_format_a_changed_file_is_named(folder, capfd, name):
    path = folder / "sbom.out"
    assert sbom(f"dir:{folder / 'app'}", "-o", name, "--file", path) == 0
    (folder / "app" / "new").write_text("x")
    assert sbom("check", f"dir:{folder / 'app'}", path) == 1
    assert "added\tnew" in capfd.readouterr().out


def test_with_files_the_document_lists_them(folder):
    assert sbom(f"dir:{folder / 'app'}", "--files", "-o", f"spdx-json={folder / 'with.json'}") == 0
    assert sbom(f"dir:{folder / 'app'}", "-o", f"spdx-json={folder / 'without.json'}") == 0
    files = json.loads((folder / "with.json").read_bytes())["files"]
    assert [one["fileName"] for one in files] == ["./node_modules/left/package.json"]
    assert "files" not in json.loads((folder / "without.json").read_bytes())


def test_a_document_is_converted_and_what_is_lost_is_listed(folder, capfd):
    path = folder / "in.json"
    value = json.loads(rendered(full_document(), "cyclonedx-json@1.6"))
    value["components"][0]["pedigree"] = {"notes": "patched"}
    path.write_text(json.dumps(value))
    assert sbom("convert", path, "-o", "spdx-json", "--file", folder / "out.json") == 0
    assert "/pedigree has no place outside of cyclonedx" in capfd.readouterr().err
    assert json.loads((folder / "out.json").read_bytes())["spdxVersion"] == "SPDX-2.3"
    assert sbom("convert", path, "-o", "spdx-json", "--file", folder / "out.json", "--format", "json") == 0
    report = json.loads(capfd.readouterr().err)
    assert report["read"] == "CycloneDX 1.6 JSON" and report["written"] == "spdx-json@2.3" and report["repaired"] == []
    assert any(one["place"].endswith("/pedigree") for one in report["left_out"])


def test_a_conversion_to_standard_output_is_the_document_alone(folder, capfd):
    path = folder / "in.json"
    path.write_bytes(rendered(full_document(), "cyclonedx-json@1.6"))
    assert sbom("convert", path, "-o", "cyclonedx-json@1.6") == 0
    said = capfd.readouterr()
    assert json.loads(said.out) == json.loads(path.read_bytes()) and said.err == ""


def test_a_document_with_errors_is_refused_unless_read_leniently(folder, capfd):
    path = folder / "in.json"
    value = json.loads(rendered(full_document(), "cyclonedx-json@1.6"))
    value["components"][0]["scope"] = "perhaps"
    path.write_text(json.dumps(value))
    assert sbom("convert", path, "-o", "spdx-json") == 2
    said = capfd.readouterr().err
    assert str(path) in said and "/components/0/scope is 'perhaps'" in said and "--lenient" in said
    assert sbom("convert", path, "-o", "table", "--lenient") == 0
    said = capfd.readouterr()
    assert "/components/0/scope" in said.err and "full" in said.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "nonsense"], "no format is called 'nonsense'"),
        (["-o", "cyclonedx-json@1.3"], "not written in version '1.3'"),
        (["-o", "table@1"], "versions of table: none"),
        (["-o", "json="], "names no file"),
        (["-o", "json", "-o", "spdx-json"], "same place"),
    ],
)
def test_wrong_usage_is_one_clear_line(folder, capfd, arguments, said):
    assert sbom(f"dir:{folder / 'app'}", *arguments) == 2
    lines = capfd.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and said in lines[0]


def test_what_is_not_there_or_no_document_is_said_with_its_path(folder, capfd):
    assert sbom("convert", folder / "nowhere", "-o", "json") == 2
    assert "nowhere: no such file" in capfd.readouterr().err
    (folder / "text").write_text("hello")
    assert sbom("convert", folder / "text", "-o", "json") == 2
    assert "text: no bill of materials" in capfd.readouterr().err


def test_spdx_2_lists_the_one_sha1_that_it_demands_of_every_file_and_no_other_format_pays_for_it(folder, capfd):
    (folder / "app" / "top").write_bytes(b"")  # of no package, in no folder
    (folder / "app" / "node_modules" / "left" / "large.js").write_bytes(b"x" * 9_000_000)
    source = f"dir:{folder / 'app'}"
    assert sbom(source, "--files", "-o", f"spdx-json={folder / 'two'}", "-o", f"spdx-tag-value={folder / 'tags'}") == 0
    assert "SHA-1" not in capfd.readouterr().err
    files = json.loads((folder / "two").read_bytes())["files"]
    assert len(files) == 3
    for one in files:
        data = (folder / "app" / one["fileName"].removeprefix("./")).read_bytes()
        stated = [each["checksumValue"] for each in one["checksums"] if each["algorithm"] == "SHA1"]
        assert stated == [hashlib.sha1(data).hexdigest()], one["fileName"]
    assert (folder / "tags").read_text().count("FileChecksum: SHA1:") == 3
    assert sbom(source, "--files", "-o", f"spdx-json@3.0.1={folder / 'three'}") == 0
    assert hashlib.sha1(b"").hexdigest() not in (folder / "three").read_text()


def test_layers_read_before_without_sha1_are_read_again_with_it(folder, capfd):
    layer = make_tar({"opt/a": b"a", "b": b"b"})
    (folder / "app.tar").write_bytes(make_archive([layer], name="app:1", created="2026-01-01T00:00:00Z"))
    source = f"oci-archive:{folder / 'app.tar'}"
    assert sbom(source, "-o", f"json={folder / 'first'}") == 0
    assert sbom(source, "--files", "-o", f"spdx-json={folder / 'second'}") == 0
    files = json.loads((folder / "second").read_bytes())["files"]
    assert [[each["algorithm"] for each in one["checksums"]].count("SHA1") for one in files] == [1, 1]
