"""`pratique sbom merge`, as a person calls it; what it writes, held against official schemas and against the artifacts."""

import io
import json
import logging
from hashlib import sha256

import pytest
from sbom_documents import READABLE, full_document, rendered

from pratique.cli.main import run
from pratique.documents.read import read_document
from pratique.model import ArtifactKind


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    for name in ("GITHUB_SHA", "GITHUB_REF", "GITHUB_RUN_ID", "SOURCE_DATE_EPOCH"):
        monkeypatch.delenv(name, raising=False)
    for name, packages in (("web", ("left", "shared")), ("worker", ("right", "shared"))):
        for package in packages:
            place = tmp_path / name / "node_modules" / package
            place.mkdir(parents=True)
            (place / "package.json").write_text(json.dumps({"name": package, "version": "1.0.0", "license": "MIT"}))
    return tmp_path


def sbom(*arguments):
    return run(["sbom", *(str(one) for one in arguments)])


def made(folder, name, format_="cyclonedx-json"):
    path = folder / f"{name}.{format_}"
    assert sbom(f"dir:{folder / name}", "-o", format_, "--file", path) == 0
    return path


def document(name, *components, **more):
    """A CycloneDX document about an application of that name, as bytes."""
    value = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "metadata": {"component": {"type": "application", "bom-ref": name, "name": name, "version": "1"}},
        "components": list(components),
    }
    return json.dumps(value | more).encode()


def library(**more):
    return {"type": "library", "bom-ref": "x", "name": "x", "version": "1", "purl": "pkg:npm/x@1"} | more


@pytest.mark.parametrize("target", READABLE)
@pytest.mark.parametrize("formats", [("cyclonedx-xml@1.7", "spdx-json@3.0.1"), ("spdx-tag-value", "json"), ("json", "json")])
def test_each_part_is_verified_alone_against_the_merged_document(folder, capfd, formats, target):
    paths = [made(folder, name, format_) for name, format_ in zip(("web", "worker"), formats, strict=True)]
    whole = folder / "whole"
    assert sbom("merge", *paths, "-o", target, "--name", "harbour", "--version", "1.0", "--file", whole) == 0
    capfd.readouterr()
    for name in ("web", "worker"):
        assert sbom("check", f"dir:{folder / name}", whole) == 0, capfd.readouterr()
        assert "describes exactly" in capfd.readouterr().out
    (folder / "web" / "new").write_text("x")
    assert sbom("check", f"dir:{folder / 'web'}", whole) == 1
    purls = sorted(part.purl for part in read_document(whole.read_bytes()).document.walk() if part.purl)
    assert purls == ["pkg:npm/left@1.0.0", "pkg:npm/right@1.0.0", "pkg:npm/shared@1.0.0"]


def test_the_digest_of_each_document_stands_in_the_result(folder):
    paths = [made(folder, name) for name in ("web", "worker")]
    whole = folder / "whole.json"
    assert sbom("merge", *paths, "-o", "cyclonedx-json", "--name", "harbour", "--file", whole) == 0
    rows = json.loads(whole.read_bytes())["metadata"]["properties"]
    records = [json.loads(row["value"]) for row in rows if row["name"] == "pratique:merged"]
    assert [one["sha256"] for one in records] == [sha256(path.read_bytes()).hexdigest() for path in paths]


def test_where_documents_disagree_is_told_and_with_json_as_one_document(folder, capfd):
    one, other = folder / "a.json", folder / "b.json"
    one.write_bytes(document("a", library(description="this\x1b[2J", licenses=[{"license": {"id": "MIT"}}])))
    other.write_bytes(document("b", library(description="that", licenses=[{"license": {"id": "ISC"}}])))
    assert sbom("merge", one, other, "-o", "cyclonedx-json", "--file", folder / "out") == 0
    said = capfd.readouterr()
    assert said.out == "" and "\x1b" not in said.err
    assert "the documents disagree in 2 places; the first one's word stands" in said.err
    assert f"licences\tpkg:npm/x@1\tMIT\t{one}\tISC\t{other}" in said.err
    assert sbom("merge", one, other, "-o", "cyclonedx-json", "--file", folder / "out", "--format", "json") == 0
    report = json.loads(capfd.readouterr().err)
    assert report["conflicts"][1] == {
        "component": "pkg:npm/x@1",
        "field": "licences",
        "kept": {"value": "MIT", "in": [str(one)]},
        "others": [{"value": "ISC", "in": [str(other)]}],
    }
    assert [row["title"] for row in report["read"]] == ["CycloneDX 1.6 JSON"] * 2
    assert report["repeated"] == [] and report["left_out"] == [] and report["written"] == "cyclonedx-json@1.6"


def test_many_conflicts_are_shortened_for_people_and_whole_for_programs(folder, capfd):
    names = [f"n{number}" for number in range(30)]
    for file, text in (("a.json", "this"), ("b.json", "that" * 40)):
        rows = [library(purl=f"pkg:npm/{name}@1", description=text, **{"bom-ref": name}) for name in names]
        (folder / file).write_bytes(document(file, *rows))
    paths = [folder / "a.json", folder / "b.json"]
    assert sbom("merge", *paths, "-o", "table") == 0
    said = capfd.readouterr().err
    assert "disagree in 30 places" in said and "and 10 more (--format json names all)" in said and "that" * 40 not in said
    assert sbom("merge", *paths, "-o", "table", "--format", "json") == 0
    assert len(json.loads(capfd.readouterr().err)["conflicts"]) == 30


def test_the_same_document_twice_is_told_and_counts_once(folder, capfd):
    path, copy = folder / "a.json", folder / "copy.json"
    for one in (path, copy):
        one.write_bytes(document("a", library()))
    assert sbom("merge", path, copy, "-o", "json", "--name", "p") == 0
    said = capfd.readouterr()
    assert f"{copy} is byte for byte a document given before: it counts once" in said.err
    assert len([one for one in read_document(said.out.encode()).document.properties if one.name == "pratique:merged"]) == 1


def test_one_document_alone_is_allowed_and_becomes_part_of_what_is_named(folder, capfd):
    path = folder / "a.json"
    path.write_bytes(document("a", library()))
    assert sbom("merge", path, "-o", "json", "--name", "p", "--version", "2") == 0
    found = read_document(capfd.readouterr().out.encode()).document
    assert found.subject.name == "p" and [one.name for one in found.parts] == ["a"]


def test_a_document_may_come_from_standard_input(folder, capfd, monkeypatch):
    path = folder / "a.json"
    path.write_bytes(document("a", library()))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(document("b", library(**{"bom-ref": "y"})))))
    assert sbom("merge", path, "-", "-o", "json") == 0
    assert read_document(capfd.readouterr().out.encode()).document.subject.name == "a + b"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "missing argument 'A B…'"),
        (["{a}"], "missing option '-o'"),
        (["{a}", "-o", "nonsense"], "no format is called 'nonsense'"),
        (["{a}", "-o", "json", "--version", "1"], "--version without --name"),
        (["{a}", "-o", "json", "--name", "a\nb"], "characters that do not print"),
        (["-", "-", "-o", "json"], "standard input can be read only once"),
        (["{a}", "{a}.nowhere", "-o", "json"], "a.json.nowhere: no such file"),
        (["{a}", "{text}", "-o", "json"], "text: no bill of materials"),
        (["{a}", "{wrong}", "-o", "json"], "wrong.json: CycloneDX 1.6 JSON with errors: /components/0/scope"),
        (["{a}", "{twice}", "-o", "json"], "twice.json: two components are called"),
    ],
)
def test_wrong_usage_and_documents_that_cannot_be_read_are_one_clear_line(folder, capfd, arguments, said):
    texts = {
        "a.json": document("a", library()),
        "text": b"hello",
        "wrong.json": document("b", library(scope="perhaps")),
        "twice.json": rendered_twice(),
    }
    for name, data in texts.items():
        (folder / name).write_bytes(data)
    places = {name.partition(".")[0]: folder / name for name in texts}
    out = folder / "out"
    assert sbom("merge", *(one.format(**places) for one in arguments), "--file", out) == 2
    lines = capfd.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and said in lines[0]
    assert not out.exists()


def rendered_twice():
    """Our own JSON, which no schema keeps from calling two components the same."""
    value = json.loads(rendered(full_document(), "json"))
    value["document"]["parts"][1]["ref"] = value["document"]["parts"][0]["ref"]
    return json.dumps(value).encode()


def test_a_document_with_errors_is_read_leniently_if_asked(folder, capfd):
    one, wrong = folder / "a.json", folder / "wrong.json"
    one.write_bytes(document("a"))
    wrong.write_bytes(document("b", library(scope="perhaps")))
    assert sbom("merge", one, wrong, "-o", "table", "--lenient") == 0
    said = capfd.readouterr()
    assert "/components/0/scope" in said.err and "x\t1" in said.out


def test_what_the_format_cannot_say_is_listed_with_the_document_that_says_it(folder, capfd):
    one, other = folder / "a.json", folder / "b.json"
    one.write_bytes(document("a", library(pedigree={"notes": "patched"})))
    other.write_bytes(document("b"))
    assert sbom("merge", one, other, "-o", "spdx-json", "--file", folder / "out") == 0
    assert f"{one}: x /pedigree has no place outside of cyclonedx" in capfd.readouterr().err
    assert sbom("merge", one, other, "-o", "cyclonedx-json", "--file", folder / "out") == 0
    assert capfd.readouterr().err == "" and b"patched" in (folder / "out").read_bytes()


def test_the_same_documents_give_the_same_bytes_wherever_they_lie(folder, monkeypatch):
    results = []
    for place in ("here", "there"):
        (folder / place).mkdir()
        for name in ("a", "b"):
            (folder / place / name).write_bytes(document(name, library()))
        out = folder / place / "out"
        assert sbom("merge", folder / place / "a", folder / place / "b", "-o", "spdx-json@3.0.1", "--file", out) == 0
        results.append(out.read_bytes())
    assert results[0] == results[1]
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert sbom("merge", folder / "here" / "a", "-o", "cyclonedx-json", "--file", folder / "out") == 0
    assert json.loads((folder / "out").read_bytes())["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"


# What is written is valid for others


@pytest.fixture
def parts(folder):
    """An image, a folder, and two documents of strangers, in four formats."""
    texts = {
        "image.json": rendered(full_document(), "cyclonedx-json@1.6"),
        "folder.xml": rendered(full_document(ArtifactKind.DIRECTORY, files=True), "cyclonedx-xml@1.7"),
        "file.spdx": rendered(full_document(ArtifactKind.FILE, files=True), "spdx-tag-value"),
        "image.spdx3": rendered(full_document(files=True), "spdx-json@3.0.1"),
        "stranger.json": document(
            "a", library(description="other"), vulnerabilities=[{"id": "CVE-1", "affects": [{"ref": "x"}]}]
        ),
    }
    for name, data in texts.items():
        (folder / name).write_bytes(data)
    return [folder / name for name in texts]


@pytest.mark.parametrize("version", ["1.4", "1.5", "1.6", "1.7"])
def test_cyclonedx_is_valid_by_its_schemas(folder, parts, version):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator
    from cyclonedx.validation.xml import XmlValidator

    for format_, validator in (("cyclonedx-json", JsonStrictValidator), ("cyclonedx-xml", XmlValidator)):
        assert sbom("merge", *parts, "-o", f"{format_}@{version}", "--name", "p", "--file", folder / "out") == 0
        text = (folder / "out").read_text()
        assert validator(SchemaVersion.from_version(version)).validate_str(text) is None


@pytest.mark.parametrize(("format_", "ending"), [("spdx-json", "json"), ("spdx-tag-value", "spdx")])
def test_spdx_2_is_valid_by_the_spdx_tools(folder, parts, format_, ending):
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    path = folder / f"out.{ending}"
    assert sbom("merge", *parts, "-o", format_, "--name", "p", "--version", "1", "--file", path) == 0
    messages = [one.validation_message for one in validate_full_spdx_document(parse_file(str(path)))]
    assert [one for one in messages if "SHA1" not in one] == []


def test_spdx_3_is_valid_by_the_model_of_the_spdx_project(folder, parts):
    from spdx_python_model import v3_0_1

    path = folder / "out.json"
    assert sbom("merge", *parts, "-o", "spdx-json@3.0.1", "--name", "p", "--version", "1", "--file", path) == 0
    objects = v3_0_1.SHACLObjectSet()
    v3_0_1.JSONLDDeserializer().read(io.BytesIO(path.read_bytes()), objects)
    assert not objects.missing_ids
    v3_0_1.JSONLDSerializer().write(objects, io.BytesIO())


def test_the_ntia_minimum_elements_of_the_parts_are_all_there(folder, parts):
    from ntia_conformance_checker import SbomChecker

    logging.getLogger("root").setLevel(logging.CRITICAL)
    path = folder / "out.json"
    assert sbom("merge", *parts[:2], "-o", "spdx-json", "--name", "p", "--version", "1", "--file", path) == 0
    checker = SbomChecker(str(path))
    assert checker.doc_author and checker.doc_timestamp and checker.dependency_relationships
    assert checker.components_without_names == []
