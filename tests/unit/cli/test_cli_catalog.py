"""The ledger from the command line: names as people write them, other tools' bills of materials, artifacts by their names."""

import base64
import gzip
import io
import json
import os
import subprocess
import sys
import threading
import time
import tracemalloc
from pathlib import Path

import pytest

from pratique.app.home import Home, open_home_catalog
from pratique.app.import_sbom import _unwrapped, read_imported
from pratique.catalog.ledger import open_catalog
from pratique.cli.main import run
from pratique.documents.read import MAX_BYTES
from pratique.errors import LimitExceeded, Malformed, PratiqueError
from pratique.model import ArtifactKind, Component, Digest, Subject

IMAGE = Digest.of(b"the image")
CONFIG = Digest.of(b"its configuration")


def cyclonedx(*purls, name="vendor-app", version="1.0", **more):
    subject = {"type": "application", "name": name, "version": version, "bom-ref": "subject"}
    parts = [{"type": "library", "name": purl.rpartition("/")[2].partition("@")[0], "purl": purl} for purl in purls]
    document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "metadata": {"component": subject}}
    return document | {"components": parts} | more


FLASK = cyclonedx("pkg:pypi/flask@2.0.1", "pkg:npm/%40babel/core@7.0.1")
SYFT = {
    "artifacts": [
        {
            "id": "1",
            "name": "Flask",
            "version": "2.0.1",
            "type": "python",
            "purl": "pkg:pypi/Flask@2.0.1",
            "cpes": [{"cpe": "cpe:2.3:a:palletsprojects:flask:2.0.1:*:*:*:*:*:*:*"}],
            "locations": [],
            "licenses": [],
        }
    ],
    "artifactRelationships": [],
    "source": {
        "id": "s",
        "name": "acme/app",
        "version": IMAGE,
        "type": "image",
        "metadata": {"userInput": "acme/app:1.0", "manifestDigest": IMAGE, "imageID": CONFIG},
    },
    "distro": {},
    "descriptor": {"name": "syft", "version": "1.0"},
    "schema": {"version": "16.0.0", "url": "https://example.com"},
}
TRIVY = {
    "SchemaVersion": 2,
    "ArtifactName": "acme/app:1.0",
    "ArtifactType": "container_image",
    "Metadata": {"ImageID": CONFIG, "RepoTags": ["acme/app:1.0"], "RepoDigests": [f"acme/app@{IMAGE}"]},
    "Results": [
        {
            "Target": "Python",
            "Class": "lang-pkgs",
            "Type": "python-pkg",
            "Packages": [{"Name": "Flask", "Version": "2.0.1", "Identifier": {"PURL": "pkg:pypi/flask@2.0.1"}}],
        }
    ],
}
SPDX_TAGS = """SPDXVersion: SPDX-2.3
DataLicense: CC0-1.0
SPDXID: SPDXRef-DOCUMENT
DocumentName: vendor
DocumentNamespace: https://example.com/vendor
Creator: Tool: t
Created: 2026-01-01T00:00:00Z

PackageName: flask
SPDXID: SPDXRef-flask
PackageVersion: 2.0.1
PackageDownloadLocation: NOASSERTION
FilesAnalyzed: false
ExternalRef: PACKAGE-MANAGER purl pkg:pypi/flask@2.0.1
Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-flask
"""
XML = b"""<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.1" version="1"><components>
<component type="library"><name>flask</name><version>2.0.1</version><purl>pkg:pypi/flask@2.0.1</purl></component>
</components></bom>"""


def statement(predicate, *, subject=IMAGE, kind="https://cyclonedx.org/bom"):
    rows = [{"name": "acme/app", "digest": {"sha256": subject[7:]}}]
    return {"_type": "https://in-toto.io/Statement/v1", "subject": rows, "predicateType": kind, "predicate": predicate}


def envelope(payload, kind="application/vnd.in-toto+json"):
    data = base64.b64encode(json.dumps(payload).encode()).decode()
    return {"payloadType": kind, "payload": data, "signatures": [{"sig": base64.b64encode(b"no signature").decode()}]}


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "home"


def ship(home, name="registry.example.com/acme/app:1.0", digest=IMAGE, purls=("pkg:pypi/django@4",)):
    with open_home_catalog(Home(home)) as catalog, catalog.transaction() as ledger:
        subject = Subject(kind=ArtifactKind.IMAGE, name=name, digest=digest, config=CONFIG)
        ledger.record_artifact(subject, manifest_root=digest, location=name, at=100)
        ledger.record_components(digest, [Component(ref=one, purl=one, type="pypi", name="", version="") for one in purls])


def write(name, value):
    Path(name).write_bytes(
        value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else json.dumps(value).encode()
    )
    return name


def asked(capsys, *words):
    capsys.readouterr()
    code = run(list(words))
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, out, err


def rows_of(capsys, pattern):
    code, out, _ = asked(capsys, "catalog", "search", pattern, "--format", "json")
    rows = json.loads(out)
    assert code == (0 if rows else 1)
    return rows


@pytest.mark.parametrize(
    ("name", "value", "digest"),
    [
        ("cdx.json", FLASK, None),
        ("old.xml", XML, None),
        ("tags.spdx", SPDX_TAGS, None),
        ("syft.json", SYFT, IMAGE),
        ("trivy.json", TRIVY, IMAGE),
        ("packed.json.gz", gzip.compress(json.dumps(FLASK).encode()), None),
        ("two.gz", gzip.compress(json.dumps(FLASK).encode()[:50]) + gzip.compress(json.dumps(FLASK).encode()[50:]), None),
        ("marked.json", b"\xef\xbb\xbf" + json.dumps(FLASK).encode(), None),
        ("statement.json", statement(FLASK), IMAGE),
        ("cosign.json", statement({"Data": FLASK, "Timestamp": ""}), IMAGE),
        ("cosign-text.json", statement({"Data": SPDX_TAGS, "Timestamp": ""}, kind="https://spdx.dev/Document"), IMAGE),
        ("envelope.json", envelope(statement(FLASK)), IMAGE),
        ("github.json", {"sbom": None}, None),
    ],
)
def test_any_bill_of_materials_is_imported_and_searched(home, capsys, name, value, digest):
    if name == "github.json":
        from pratique.documents.names import parse_target
        from pratique.documents.read import read_value
        from pratique.documents.write import render_document

        rendered = render_document(read_value(json.loads(json.dumps(FLASK))).document, parse_target("spdx-json"), environ={})
        value = {"sbom": json.loads(rendered.data)}
    code, out, err = asked(capsys, "catalog", "import", write(name, value))
    assert (code, err) == (0, "")
    assert "signed by nobody" in out
    (row,) = [row for row in rows_of(capsys, "Flask") if row["component"]]
    assert row["component"] == "pkg:pypi/flask@2.0.1"
    assert row["imported"]
    assert digest in (None, row["digest"])
    code, out, _ = asked(capsys, "trace", name)
    assert code == 0
    assert "signed by nobody" in out


def test_standard_input_is_a_file_as_well(home, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(FLASK).encode())))
    assert asked(capsys, "catalog", "import", "-")[0] == 0
    assert len(rows_of(capsys, "flask")) == 1


def test_the_same_again_is_no_double_also_when_it_is_packed(home, capsys):
    write("a.json", FLASK)
    write("a.json.gz", gzip.compress(Path("a.json").read_bytes()))
    assert asked(capsys, "catalog", "import", "a.json", "a.json.gz", "a.json")[0] == 0
    assert len(rows_of(capsys, "flask")) == 1
    _, out, _ = asked(capsys, "catalog", "import", "a.json", "--format", "json")
    assert json.loads(out)[0]["subjects"][0]["new"] is False
    assert len(json.loads(asked(capsys, "catalog", "list", "--format", "json")[1])) == 1


def test_each_file_is_tried_and_the_worst_decides(home, capsys):
    write("good.json", FLASK)
    write("bad.json", "{")
    write("empty", "")
    Path("folder").mkdir()
    os.mkfifo("pipe")
    code, _, err = asked(capsys, "catalog", "import", "bad.json", "nothere", "empty", "folder", "pipe", "/dev/zero", "good.json")
    assert code == 2
    said = err.splitlines()
    assert len(said) == 6
    places = ("bad.json", "nothere", "empty", "folder", "pipe", "/dev/zero")
    assert all(line.startswith(f"pratique: {place}: ") for line, place in zip(said, places, strict=True))
    assert len(rows_of(capsys, "flask")) == 1


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b"\x1f\x8b\x08garbage", "damaged"),
        (gzip.compress(json.dumps(FLASK).encode())[:-9], "cut short"),
        (gzip.compress(b"no document", mtime=0), "no bill of materials"),
        (envelope(statement({"not": "a bill"})), "statement of the type"),
        (envelope(FLASK), "not an in-toto statement"),
        (envelope(FLASK, "text/plain"), "no statement"),
        (statement(FLASK, subject="sha256:zz"), "digest"),
        ({"sbom": []}, "not a JSON object"),
        ({"sbom": {"sbom": FLASK}}, "no bill of materials"),
        (b"[" * 100_000, "no bill of materials"),
        (b"{" + b'"a":{' * 5_000, "nested deeper"),
    ],
)
def test_a_broken_document_is_one_line_and_leaves_nothing(home, capsys, value, said):
    code, out, err = asked(capsys, "catalog", "import", write("broken", value))
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert err.startswith("pratique: broken: ")
    assert said in err
    assert not list(home.rglob("documents/*/*/*"))


def test_a_bomb_is_not_unpacked(tmp_path):
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b" " * (MAX_BYTES + 2), compresslevel=1))
    with pytest.raises(LimitExceeded, match="unpacked"):
        read_imported(str(path))


def test_gzip_of_many_empty_members_is_read_in_one_pass_and_of_too_many_refused(tmp_path):
    path = tmp_path / "many.json.gz"
    empty, full = gzip.compress(b"", mtime=0), gzip.compress(json.dumps(cyclonedx("pkg:npm/a@1")).encode())
    path.write_bytes(empty * 90_000 + full)
    begun = time.process_time()
    assert len(read_imported(str(path)).components) == 1
    assert time.process_time() - begun < 20
    path.write_bytes(empty * 200_000 + full)
    with pytest.raises(LimitExceeded, match="members"):
        read_imported(str(path))


def test_a_large_document_in_one_member_arrives_whole(tmp_path):
    path = tmp_path / "large.json.gz"
    text = json.dumps(cyclonedx("pkg:npm/a@1") | {"serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79"}).encode()
    data = text + b" " * (3 << 20)
    path.write_bytes(gzip.compress(data[: len(data) // 2], 0) + gzip.compress(data[len(data) // 2 :], 0))
    assert read_imported(str(path)).data == data
    path.write_bytes(gzip.compress(data, 0)[:-9])
    with pytest.raises(Malformed, match="cut short"):
        read_imported(str(path))


def test_ends_of_lines_without_number_take_no_memory():
    data = b'{"payloadType":"x"}' + b"\n" * (24 << 20) + b'{"payloadType":"y"}'
    tracemalloc.start()
    try:
        with pytest.raises(PratiqueError):
            _unwrapped(data, lenient=False)
        assert tracemalloc.get_traced_memory()[1] < 4 * len(data)
    finally:
        tracemalloc.stop()


def test_a_list_marks_what_is_known_by_import_only(home, capsys):
    ship(home)
    assert "imported" not in asked(capsys, "catalog", "list")[1]
    write("vendor.json", cyclonedx("pkg:npm/a@1"))
    assert asked(capsys, "catalog", "import", "vendor.json")[0] == 0
    lines = asked(capsys, "catalog", "list")[1].splitlines()
    assert sorted("vendor.json, imported" in line for line in lines) == [False] * (len(lines) - 1) + [True]


def test_errors_in_a_document_are_read_around_when_that_is_asked_for(home, capsys):
    write("errors.json", cyclonedx("pkg:pypi/flask@2.0.1", serialNumber="no urn"))
    assert asked(capsys, "catalog", "import", "errors.json")[0] == 2
    code, _, err = asked(capsys, "catalog", "import", "errors.json", "--lenient")
    assert code == 0
    assert "serialNumber" in err
    assert len(rows_of(capsys, "flask")) == 1


def test_what_has_no_package_url_or_a_broken_one_is_found_by_name(home, capsys):
    parts = [
        {"type": "library", "name": "zlib", "version": "1.2.11", "cpe": "cpe:2.3:a:zlib:zlib:1.2.11:*:*:*:*:*:*:*"},
        {"type": "library", "name": "Boost", "version": "1.7", "purl": "pkg:nothing"},
        {"type": "file", "name": "usr/bin/app"},
    ]
    write("no-purl.json", cyclonedx() | {"components": parts})
    code, _, err = asked(capsys, "catalog", "import", "no-purl.json", "--lenient")
    assert code == 0, err
    assert [row["component"] for row in rows_of(capsys, "zlib")] == ["library zlib@1.2.11"]
    assert [row["component"] for row in rows_of(capsys, "boost@1.*")] == ["library Boost@1.7"]
    assert [row["component"] for row in rows_of(capsys, "cpe:2.3:a:zlib:zlib")] == ["library zlib@1.2.11"]
    assert rows_of(capsys, "usr/bin/app") == []


def test_a_document_is_filed_with_the_artifact_that_the_catalog_knows_by_any_of_its_digests(home, capsys):
    ship(home)
    only_config = json.loads(json.dumps(TRIVY))
    del only_config["Metadata"]["RepoDigests"]
    assert asked(capsys, "catalog", "import", write("trivy.json", only_config))[0] == 0
    assert [row["digest"] for row in rows_of(capsys, "flask")] == [IMAGE]
    assert [row["artifact"] for row in rows_of(capsys, "flask")] == ["registry.example.com/acme/app:1.0"]


def test_the_subject_can_be_said_by_digest_or_by_name(home, capsys):
    ship(home)
    write("a.json", FLASK)
    for words in (["--subject", "acme/app"], ["--subject", IMAGE[:15]], ["--subject", IMAGE]):
        assert asked(capsys, "catalog", "import", "a.json", *words)[0] == 0
    assert [row["digest"] for row in rows_of(capsys, "flask")] == [IMAGE]
    code, _, err = asked(capsys, "catalog", "import", "a.json", "--subject", "acme/ap")
    assert code == 2
    assert "did you mean registry.example.com/acme/app:1.0?" in err
    other = Digest.of(b"never shipped")
    assert asked(capsys, "catalog", "import", "a.json", "--subject", other)[0] == 0
    assert {row["digest"] for row in rows_of(capsys, "flask")} == {IMAGE, other}


def test_an_import_is_never_evidence(home, capsys):
    ship(home)
    write("evil.json", envelope(statement(FLASK)))
    assert asked(capsys, "catalog", "import", "evil.json")[0] == 0
    with open_catalog(home / "catalog") as catalog:
        assert catalog.documents_of(IMAGE) == []
        assert catalog.signed_documents() == []
        assert catalog.count_components(IMAGE) == 1
    _, out, _ = asked(capsys, "trace", "acme/app", "--format", "json")
    chain = json.loads(out)
    assert chain["evidence"] == []
    assert "not verified" in chain["imports"][0]["format"]


def test_a_statement_about_many_artifacts_wants_one_of_them(home, capsys):
    value = statement(FLASK)
    value["subject"] = [{"digest": {"sha256": f"{number:064x}"}} for number in range(101)]
    code, _, err = asked(capsys, "catalog", "import", write("many.json", value))
    assert code == 2
    assert "--subject" in err
    assert asked(capsys, "catalog", "import", "many.json", "--subject", IMAGE)[0] == 0


def test_what_finds_nothing_says_what_is_near_and_the_exit_code_is_as_ever(home, capsys):
    ship(home)
    code, out, err = asked(capsys, "catalog", "search", "Djnago")
    assert (code, out) == (1, "")
    assert err == "pratique: nothing in the catalog matches Djnago; did you mean pkg:pypi/django@4?\n"
    assert asked(capsys, "catalog", "search", "qqqq")[2] == "pratique: nothing in the catalog matches qqqq\n"


def test_in_a_pipe_the_digest_is_whole(home, capsys):
    ship(home)
    assert asked(capsys, "catalog", "search", "django")[1].split("\t")[2] == IMAGE
    assert asked(capsys, "catalog", "list")[1].split("\t")[1] == IMAGE


@pytest.mark.parametrize("name", ["registry.example.com/acme/app:1.0", "acme/app", "app:1.0", IMAGE[7:15], CONFIG, "APP"])
def test_an_artifact_is_traced_by_its_name(home, capsys, name):
    ship(home)
    ship(home, name="other:2", digest=Digest.of(b"other"), purls=())
    with open_catalog(home / "catalog") as catalog, catalog.transaction() as ledger:
        subject = Subject(kind=ArtifactKind.IMAGE, name="other:2", digest=Digest.of(b"other"))
        ledger.record_artifact(subject, manifest_root=IMAGE, location="other:2", at=1)
    code, out, err = asked(capsys, "trace", name)
    assert code == 0, err
    assert IMAGE in out


def test_a_name_that_can_mean_several_lists_them(home, capsys):
    ship(home)
    ship(home, name="mirror.example.com/acme/app:1.1", digest=Digest.of(b"other"))
    code, out, err = asked(capsys, "trace", "acme/app")
    assert (code, out) == (2, "")
    *listed, last = err.splitlines()
    assert {line.split("\t")[1] for line in listed} == {IMAGE, Digest.of(b"other")}
    assert last.startswith("pratique: acme/app can be any of 2 artifacts")
    assert asked(capsys, "trace", "acme/app:1.1")[0] == 0


def test_a_name_that_means_nothing_says_what_is_near(home, capsys):
    ship(home)
    code, _, err = asked(capsys, "trace", "acme/ap")
    assert code == 2
    assert "did you mean registry.example.com/acme/app:1.0?" in err
    assert asked(capsys, "trace", "zzzz")[2].count("\n") == 1


def test_two_processes_that_import_at_once_both_get_their_turn(home, capsys):
    for number in range(2):
        write(f"{number}.json", cyclonedx(*(f"pkg:npm/p{number}-{at}@1" for at in range(3_000)), name=f"app-{number}"))
    run_it = [sys.executable, "-m", "pratique", "catalog", "import"]
    workers = [subprocess.Popen([*run_it, f"{number}.json"], stderr=subprocess.PIPE) for number in range(2)]
    said = [worker.communicate()[1].decode() for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], said
    assert len(rows_of(capsys, "pkg:npm/*")) == 6_000


def test_an_import_waits_for_who_writes(home, capsys):
    ship(home)
    write("a.json", FLASK)
    with open_catalog(home / "catalog") as catalog:
        begun, done = threading.Event(), threading.Event()

        def hold():
            with catalog.transaction():
                begun.set()
                done.wait(4)

        holder = threading.Thread(target=hold)
        holder.start()
        begun.wait()
        threading.Timer(3, done.set).start()  # longer than others wait
        assert asked(capsys, "catalog", "import", "a.json")[0] == 0
        holder.join()


def test_a_full_disk_is_said_and_leaves_the_catalog_as_it_was(home, capsys, monkeypatch):
    ship(home)
    write("large.json", cyclonedx(*(f"pkg:npm/p{at}@1" for at in range(3_000))))
    from sqlalchemy import event

    from pratique.catalog import ledger as opened

    real = opened.make_engine

    def small(path, **said):
        engine = real(path, **said)

        @event.listens_for(engine, "connect")
        def _limit(connection, _record):
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages + 2}")

        return engine

    monkeypatch.setattr(opened, "make_engine", small)
    code, out, err = asked(capsys, "catalog", "import", "large.json")
    assert (code, out) == (4, "")
    assert len(err.splitlines()) == 1
    monkeypatch.undo()
    monkeypatch.setenv("PRATIQUE_HOME", str(home))
    assert rows_of(capsys, "pkg:npm/*") == []
    assert len(json.loads(asked(capsys, "catalog", "list", "--format", "json")[1])) == 1


def test_hostile_names_do_not_control_the_terminal(home, capsys):
    write("evil.json", cyclonedx("pkg:npm/a@1", name="app\x1b[2J\u202e\n\rx" * 500, version="\x07"))
    code, out, err = asked(capsys, "catalog", "import", "evil.json")
    assert code == 0, err
    shown = (
        out
        + asked(capsys, "catalog", "list")[1]
        + asked(capsys, "catalog", "search", "a")[1]
        + asked(capsys, "trace", "evil.json")[1]
    )
    assert not {"\x1b", "\u202e", "\r", "\x07"} & set(shown)


@pytest.mark.parametrize("value", [FLASK, statement(FLASK), {"sbom": FLASK}], ids=["document", "statement", "answer"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_document_is_read_as_windows_writes_it(home, capsys, encoding, value):
    assert asked(capsys, "catalog", "import", write("wide.json", json.dumps(value).encode(encoding)))[::2] == (0, "")
    assert len(rows_of(capsys, "flask")) == 1


def test_a_document_about_a_package_is_found_by_that_package(home, capsys):
    value = cyclonedx("pkg:npm/b@1", name="log4j-core", version="2.14.1")
    value["metadata"]["component"]["purl"] = "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"
    assert asked(capsys, "catalog", "import", write("log4j.json", value))[0] == 0
    for name in ("org.apache.logging.log4j:log4j-core", "log4j-core@2.14.1"):
        assert value["metadata"]["component"]["purl"] in [row["component"] for row in rows_of(capsys, name)]
    assert asked(capsys, "trace", "log4j-core")[0] == 0


def test_an_image_is_called_by_its_tag_where_a_tool_names_the_archive_it_was_in(home, capsys):
    value = json.loads(json.dumps(TRIVY))
    value["ArtifactName"] = "img.tar"
    assert asked(capsys, "catalog", "import", write("t.json", value))[0] == 0
    assert [row["artifact"] for row in rows_of(capsys, "flask")] == ["acme/app:1.0"]


def test_a_digest_is_read_where_a_format_has_only_remarks_for_it(home, capsys):
    lines = "".join(
        f"Annotator: Tool: trivy\nAnnotationDate: 2026-01-01T00:00:00Z\nAnnotationType: OTHER\n"
        f"SPDXREF: SPDXRef-flask\nAnnotationComment: {text}\n"
        for text in (f"ImageID: {CONFIG}", f"RepoDigest: acme/app@{IMAGE}", "RepoTag: acme/app:1.0", "DiffID: sha256:" + "0" * 64)
    )
    assert asked(capsys, "catalog", "import", write("t.spdx", SPDX_TAGS + lines))[0] == 0
    assert {(row["artifact"], row["digest"]) for row in rows_of(capsys, "flask")} == {("acme/app:1.0", IMAGE)}


def test_a_placeholder_is_no_name(home, capsys):
    assert asked(capsys, "catalog", "import", write("vendor.json", cyclonedx("pkg:npm/a@1", name="_", version="")))[0] == 0
    assert [row["artifact"] for row in rows_of(capsys, "a")] == ["vendor.json"]


def test_a_source_that_is_only_referred_to_is_not_there(home, capsys):
    value = cyclonedx("pkg:deb/debian/libssl3@3?upstream=openssl")
    value["components"][0]["externalReferences"] = [{"type": "distribution", "url": "pkg:deb/debian/openssl@3?arch=source"}]
    assert asked(capsys, "catalog", "import", write("a.json", value))[0] == 0
    assert [row["component"] for row in rows_of(capsys, "openssl")] == ["pkg:deb/debian/libssl3@3?upstream=openssl"]


def test_a_trust_is_not_asked_about_a_name_that_a_stranger_gave(home, capsys, monkeypatch):
    from pratique.app import gather
    from pratique.keys.file import generate_key

    generate_key(Path("k"), "ed25519", None)
    asked_about = []
    real = gather.appraise_asking
    monkeypatch.setattr(gather, "appraise_asking", lambda *said: asked_about.append(said[1]) or real(*said))
    value = statement(cyclonedx("pkg:npm/a@1", name="registry.example.com/acme/app:1.0", version=""))
    assert asked(capsys, "catalog", "import", write("a.json", value))[0] == 0
    assert asked(capsys, "trace", "acme/app", "--key", "k.pub")[0] == 0
    ship(home)
    assert asked(capsys, "trace", "acme/app", "--key", "k.pub")[0] == 0
    assert asked_about == ["", "registry.example.com/acme/app:1.0"]


def test_of_statements_in_lines_the_bill_of_materials_is_taken(home, capsys):
    lines = [envelope(statement({"builder": {}}, kind="https://slsa.dev/provenance/v1")), envelope(statement(FLASK))]
    write("cosign.jsonl", "\n".join(map(json.dumps, lines)) + "\n")
    assert asked(capsys, "catalog", "import", "cosign.jsonl")[0] == 0
    assert [row["digest"] for row in rows_of(capsys, "flask")] == [IMAGE]
    write("two.jsonl", "\n".join(map(json.dumps, [lines[1], lines[1]])))
    code, _, err = asked(capsys, "catalog", "import", "two.jsonl")
    assert code == 2
    assert "2 bills of materials in one file" in err
    write("none.jsonl", "\n".join(map(json.dumps, [lines[0], lines[0]])))
    assert "provenance" in asked(capsys, "catalog", "import", "none.jsonl")[2]


def test_a_killed_import_leaves_nothing_and_the_same_again_is_whole(home, capsys):
    ship(home)
    write("large.json", cyclonedx(*(f"pkg:npm/p{at}@1" for at in range(2_000))))
    code = (
        "import os, signal, sys\nfrom pratique.catalog import records\nreal = records.Transaction._know_components\n"
        "def dying(self, *said):\n    real(self, *said)\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "records.Transaction._know_components = dying\nfrom pratique.cli.main import run\nrun(sys.argv[1:])"
    )
    killed = subprocess.run([sys.executable, "-c", code, "catalog", "import", "large.json"], check=False)
    assert killed.returncode == -9
    assert rows_of(capsys, "pkg:npm/*") == []
    assert asked(capsys, "catalog", "import", "large.json")[0] == 0
    assert len(rows_of(capsys, "pkg:npm/*")) == 2_000


def test_a_document_that_is_filed_for_another_artifact_than_it_names_says_so(home, capsys):
    ship(home)
    write("s.json", SYFT)
    other = Digest.of(b"another")
    assert f"it says that it is about {IMAGE}" in asked(capsys, "catalog", "import", "s.json", "--subject", other)[2]
    for subject in (IMAGE, "acme/app"):
        assert asked(capsys, "catalog", "import", "s.json", "--subject", subject)[2] == ""
    rows = json.loads(asked(capsys, "catalog", "list", "--format", "json")[1])
    assert {row["digest"]: row["imported_from"] for row in rows} == {IMAGE: ["s.json"], other: ["s.json"]}


def test_a_name_that_a_document_gives_goes_after_all_of_ours(home, capsys):
    ship(home)
    write("evil.json", cyclonedx("pkg:npm/a@1", name="acme/app", version=""))
    assert asked(capsys, "catalog", "import", "evil.json")[0] == 0
    assert IMAGE in asked(capsys, "trace", "acme/app")[1]
    assert IMAGE not in asked(capsys, "trace", "evil.json")[1]
    assert {row["artifact"] for row in rows_of(capsys, "acme/app")} == {"acme/app", "registry.example.com/acme/app:1.0"}


def test_an_import_that_knew_only_an_image_id_does_not_hide_the_image_that_was_shipped_later(home, capsys):
    only_config = json.loads(json.dumps(TRIVY))
    del only_config["Metadata"]["RepoDigests"]
    assert asked(capsys, "catalog", "import", write("trivy.json", only_config))[0] == 0
    assert CONFIG in asked(capsys, "trace", CONFIG)[1]
    ship(home)
    assert IMAGE in asked(capsys, "trace", CONFIG)[1]
    assert IMAGE in asked(capsys, "trace", "acme/app:1.0")[1]
