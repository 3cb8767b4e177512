"""Halves of surrogate pairs, which JSON can spell and no text can hold, wherever a document that is read leniently has them."""

import json

import pytest

from pratique.cli.main import run

CYCLONEDX = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.5",
    "version": 1,
    "metadata": {"component": {"type": "application", "name": "\ud800y", "bom-ref": "\udabcr"}},
    "components": [
        {"type": "library", "name": "\ud800x", "version": "\udfff", "purl": "pkg:npm/\ud800@1"},
        {"type": "library", "bom-ref": "\ud8aa", "name": "b\ud800", "cpe": "cpe:2.3:a:\ud800:x:1:*:*:*:*:*:*:*"},
    ],
    "dependencies": [{"ref": "\ud8aa", "dependsOn": ["\udabcr"]}],
}
SPDX = {
    "spdxVersion": "SPDX-2.3",
    "dataLicense": "CC0-1.0",
    "SPDXID": "SPDXRef-DOCUMENT",
    "name": "n\ud800",
    "documentNamespace": "https://example.org/\ud800",
    "creationInfo": {"created": "2020-01-01T00:00:00Z", "creators": ["Tool: x\ud800"]},
    "packages": [
        {
            "SPDXID": "SPDXRef-a",
            "name": "a\ud800",
            "versionInfo": "\ud801",
            "downloadLocation": "NOASSERTION",
            "externalRefs": [
                {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:npm/\ud800@1"}
            ],
        }
    ],
}
SYFT = {
    "artifacts": [{"id": "a\ud800", "name": "x\ud800", "version": "\ud800", "type": "npm", "purl": "pkg:npm/\ud800@1"}],
    "descriptor": {"name": "syft", "version": "1"},
    "source": {"id": "a", "name": "x\ud800", "type": "directory"},
}
FORMATS = ("table", "cyclonedx-json", "cyclonedx-xml", "spdx-json", "spdx-json@3.0.1", "spdx-tag-value", "github-json", "json")


@pytest.fixture
def call(tmp_path, monkeypatch, capfdbinary):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    other = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": [{"type": "library", "name": "q"}]}
    (tmp_path / "other.json").write_text(json.dumps(other))
    (tmp_path / "folder").mkdir()

    def run_it(*arguments: str):
        code = run(list(arguments))
        out, err = capfdbinary.readouterr()
        return code, out, err.decode()

    return run_it


@pytest.mark.parametrize("document", [CYCLONEDX, SPDX, SYFT], ids=["cyclonedx", "spdx", "syft"])
@pytest.mark.parametrize("format_", FORMATS)
def test_halves_of_characters_end_no_conversion_and_no_merge_to_any_format_and_are_told(call, tmp_path, document, format_):
    (tmp_path / "in.json").write_text(json.dumps(document))
    for arguments in (["convert", "in.json"], ["merge", "in.json", "other.json"], ["merge", "other.json", "in.json"]):
        code, out, err = call("sbom", *arguments, "--lenient", "-o", format_)
        assert code == 0, err
        assert out.decode() and "halves of characters" in err


@pytest.mark.parametrize("document", [CYCLONEDX, SPDX, SYFT], ids=["cyclonedx", "spdx", "syft"])
def test_halves_of_characters_end_no_check_and_no_score(call, tmp_path, document):
    (tmp_path / "in.json").write_text(json.dumps(document))
    assert call("sbom", "check", "dir:folder", "in.json", "--lenient")[0] == 1
    assert call("sbom", "score", "in.json", "--lenient")[0] in (0, 1)
    assert call("sbom", "convert", "in.json", "-o", "json")[0] == 2


def test_halves_of_characters_in_what_an_artifact_holds_end_no_inventory(call, tmp_path):
    (tmp_path / "folder" / "app.cdx.json").write_text(json.dumps(CYCLONEDX))
    (tmp_path / "folder" / "bom.spdx.json").write_text(json.dumps(SPDX))
    packages = {"node_modules/\ud800": {"version": "\ud801", "resolved": "https://\ud800/x.tgz"}}
    (tmp_path / "folder" / "package-lock.json").write_text(json.dumps({"lockfileVersion": 3, "packages": packages}))
    for format_ in FORMATS:
        code, _, err = call("sbom", "dir:folder", "-o", format_)
        assert code == 0, err
