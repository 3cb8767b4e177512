"""The whole chain as its user runs it: real processes, a real registry, and whoever tries to get around it."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "demo"))

from make_image import make_archive, make_tar  # noqa: E402

Run = Callable[..., "subprocess.CompletedProcess[str]"]

STATUS = b"""Package: dash
Status: install ok installed
Architecture: amd64
Version: 0.5.12-2
Maintainer: Somebody <somebody@example.org>
Depends: libc6 (>= 2.36)

Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u10
Source: glibc
Maintainer: Somebody Else <else@example.org>
"""
FILES = {
    "var/lib/dpkg/status": STATUS,
    "var/lib/dpkg/info/dash.list": b"/.\n/bin\n/bin/dash\n",
    "etc/os-release": b'ID=debian\nVERSION_ID="12"\n',
    "bin/dash": b"\x7fELF dash",
    "opt/app/x-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: x\nVersion: 1.0\nLicense-Expression: MIT\n",
    "opt/app/x-1.0.dist-info/RECORD": b"x.py,,\nx-1.0.dist-info/METADATA,,\n",
    "opt/app/x.py": b"print('x')\n",
}
POLICY = """\
version: 1
name: harbour
authorities: {release: {keys: [K.pub]}}
require:
  signature: {from: [release]}
  sbom: {from: [release]}
  provenance: {from: [release], builders: ["https://pratique.dev/local-build/*"]}
  log: true
deny: {components: ["pkg:npm/event-stream@3.3.6"], licences: ["AGPL-*"]}
"""


@pytest.fixture
def image(tmp_path: Path, pratique: Run) -> Path:
    """An archive with a small image of two layers, a key K, and a policy."""
    upper = {"opt/app/extra.txt": b"extra", "opt/app/.wh.nothing": b""}
    data = make_archive([make_tar(FILES, mode=0o755), make_tar(upper)], name="app:1.0", created="2026-01-01T00:00:00Z")
    (tmp_path / "app.tar").write_bytes(data)
    (tmp_path / "policy.yaml").write_text(POLICY)
    assert pratique("key", "generate", "--output", "K").returncode == 0
    return tmp_path / "app.tar"


def test_an_image_is_shipped_verified_gated_found_and_traced(pratique: Run, image: Path, registry: str) -> None:
    place = f"registry:{registry}/chain/app:1.0"
    shipped = pratique("ship", f"oci-archive:{image}", "--key", "K", "--to", place, "--format", "json")
    assert shipped.returncode == 0, shipped.stderr
    digest = json.loads(shipped.stdout)["digest"]
    verified = pratique("verify", place, "--key", "K.pub", "--content", "--format", "json")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert {answer["cause"] for answer in json.loads(verified.stdout)["answers"]} == {"none"}
    gated = pratique("gate", place, "--policy", "policy.yaml")
    assert gated.returncode == 0, gated.stdout + gated.stderr
    assert "allowed by policy harbour" in gated.stdout
    found = pratique("catalog", "search", "pkg:deb/debian/dash", "--format", "json")
    assert [row["digest"] for row in json.loads(found.stdout)] == [digest]
    traced = json.loads(pratique("trace", digest, "--format", "json").stdout)
    assert [item["result"] for item in traced["decisions"]] == ["allowed"]
    assert {item["title"] for item in traced["evidence"]} == {"signature", "SBOM", "file manifest", "provenance"}
    for source in (place, f"oci-archive:{image}", str(image)):  # it went elsewhere under another name: what it is, counts
        assert json.loads(pratique("trace", source, "--format", "json").stdout) == traced, source
    unknown = pratique("trace", "file:policy.yaml")
    assert unknown.returncode == 2
    assert "is not in the catalog" in unknown.stderr
    assert pratique("log", "verify").returncode == 0


def test_shipping_twice_says_nothing_twice(pratique: Run, image: Path) -> None:
    arguments = ("ship", f"oci-archive:{image}", "--key", "K", "--to", "oci-dir:out:1", "--format", "json")
    first, second = json.loads(pratique(*arguments).stdout), json.loads(pratique(*arguments).stdout)
    assert first["bundles"] == second["bundles"]


def test_an_image_nobody_signed_is_denied_as_absent(pratique: Run, image: Path, registry: str) -> None:
    assert pratique("ship", f"oci-archive:{image}", "--key", "K", "--to", "oci-dir:out:1").returncode == 0
    shutil.copytree(image.parent / "out", image.parent / "bare")
    index = image.parent / "bare" / "index.json"
    document = json.loads(index.read_text())
    document["manifests"] = [row for row in document["manifests"] if row.get("annotations")]
    index.write_text(json.dumps(document))
    denied = pratique("gate", "oci-dir:bare:1", "--policy", "policy.yaml")
    assert denied.returncode == 1
    assert "absent" in denied.stdout


def test_another_key_is_untrusted_not_invalid(pratique: Run, image: Path) -> None:
    assert pratique("ship", f"oci-archive:{image}", "--key", "K", "--to", "oci-dir:out:1").returncode == 0
    assert pratique("key", "generate", "--output", "L").returncode == 0
    verified = pratique("verify", "oci-dir:out:1", "--key", "L.pub")
    assert verified.returncode == 1
    assert "untrusted" in verified.stdout
    assert "invalid" not in verified.stdout


def test_an_sbom_is_checked_against_the_bytes_and_names_every_difference(pratique: Run, image: Path) -> None:
    assert pratique("sbom", f"oci-archive:{image}", "-o", "cyclonedx-json", "--file", "s.json").returncode == 0
    assert pratique("sbom", "check", f"oci-archive:{image}", "s.json").returncode == 0
    changed = {**FILES, "bin/dash": b"\x7fELF evil", "bin/new": b"new"}
    del changed["opt/app/x.py"]
    data = make_archive([make_tar(changed, mode=0o755)], name="app:1.0", created="2026-01-01T00:00:00Z")
    (image.parent / "evil.tar").write_bytes(data)
    checked = pratique("sbom", "check", "oci-archive:evil.tar", "s.json", "--format", "json")
    assert checked.returncode == 1
    found = {(item["kind"], item["place"]) for item in json.loads(checked.stdout)}
    assert {("added", "bin/new"), ("changed", "bin/dash"), ("missing", "opt/app/x.py")} <= found


def test_the_same_artifact_gives_the_same_document_byte_for_byte(pratique: Run, image: Path) -> None:
    arguments = ("sbom", f"oci-archive:{image}", "-o", "cyclonedx-json", "--no-cache")
    assert pratique(*arguments).stdout == pratique(*arguments, PYTHONHASHSEED="7").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["sbom", "oci-archive:nowhere.tar"], 2, "nowhere.tar"),
        (["sbom", "oci-archive:K.pub"], 2, "K.pub"),
        (["sbom", "./nonsense"], 2, "nonsense"),
        (["sbom", "oci-archive:app.tar:2.0"], 2, "2.0"),
        (["sbom", "registry:127.0.0.1:1/app:1"], 3, "cannot be reached"),
        (["sbom", "check", "oci-archive:app.tar", "K.pub"], 2, "no bill of materials in a known format"),
        (["verify", "oci-archive:app.tar", "--key", "nokey.pub"], 2, "nokey.pub"),
        (["gate", "oci-archive:app.tar", "--policy", "nopolicy.yaml"], 2, "nopolicy.yaml"),
        (["gate", "oci-archive:app.tar", "--policy", "bad.yaml"], 2, "colour is not known"),
        (["ship", "oci-archive:app.tar", "--key", "K.pub"], 2, "private key"),
        (["trace", "sha256:" + "0" * 64], 2, "neither an artifact"),
        (["sbom", "oci-dir:home"], 2, "not an OCI layout"),
        (["verify", "oci-archive:app.tar"], 2, "nobody is believed"),
        (["verify", "oci-archive:app.tar", "--key", "K.pub", "--evidence", "registry:127.0.0.1:1/a:1"], 3, "cannot be reached"),
        (["gate", "oci-archive:app.tar", "--policy", "empty.yaml"], 2, "the policy is empty"),
        (["gate", "oci-archive:app.tar", "--policy", "app.tar"], 2, "not a text in UTF-8"),
        (["ship", "oci-archive:app.tar", "--key", "K", "--to", "oci-archive:new.tar"], 2, "nothing can be pushed"),
        (["ship", "oci-archive:app.tar", "--key", "K", "--to", "oci-dir:bad.yaml"], 2, "a file, not a folder"),
        (["ship", "dir:.", "--key", "K", "--to", "oci-dir:new"], 2, "a directory cannot be pushed"),
        (["log", "verify", "--directory", "nowhere"], 2, "nowhere: there is no log here"),
        (["trace", ""], 2, "nothing to trace"),
        (["frobnicate"], 2, "there is no command"),
    ],
)
def test_bad_input_is_one_line_with_the_right_code(
    pratique: Run, image: Path, arguments: list[str], code: int, says: str
) -> None:
    (image.parent / "bad.yaml").write_text(POLICY + "colour: red\n")
    (image.parent / "empty.yaml").write_text("")
    assert pratique("ship", "oci-archive:app.tar", "--key", "K").returncode == 0
    done = pratique(*arguments)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not [name for name in ("new", "new.tar") if (image.parent / name).exists()]


def test_a_wrong_passphrase_is_said_once_and_nothing_is_made(pratique: Run, image: Path) -> None:
    done = pratique("ship", "oci-archive:app.tar", "--key", "K", PRATIQUE_KEY_PASSPHRASE="wrong")
    assert done.returncode == 2
    assert "passphrase does not open this key" in done.stderr
    assert not (image.parent / "home" / "catalog").exists()


def test_a_catalog_held_by_another_process_is_exit_code_3(pratique: Run, image: Path) -> None:
    import sqlite3

    assert pratique("ship", "oci-archive:app.tar", "--key", "K").returncode == 0
    holder = sqlite3.connect(image.parent / "home" / "catalog" / "catalog.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        done = pratique("ship", "oci-archive:app.tar", "--key", "K", "--to", "oci-dir:out:1")
    finally:
        holder.close()
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_is_exit_code_4_and_a_later_run_completes(pratique: Run, image: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    small = image.parent / "home"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24k,mode=0700", "tmpfs", str(small)], check=True)
    try:
        done = pratique("ship", "oci-archive:app.tar", "--key", "K")
        assert done.returncode == 4, done.stderr
        assert "Traceback" not in done.stderr
        subprocess.run(["mount", "-o", "remount,size=64m", str(small)], check=True)
        assert pratique("ship", "oci-archive:app.tar", "--key", "K").returncode == 0
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.parametrize(
    ("place", "code"), [("registry:127.0.0.1:1/app:1", 3), ("oci-dir:out:not a tag", 2), ("oci-dir:out@sha256:" + "0" * 64, 2)]
)
def test_a_place_that_cannot_be_pushed_to_costs_no_log_entry(pratique: Run, image: Path, place: str, code: int) -> None:
    assert pratique("ship", "oci-archive:app.tar", "--key", "K").returncode == 0
    before = json.loads(pratique("log", "verify", "--format", "json").stdout)["size"]
    assert pratique("ship", "oci-archive:app.tar", "--key", "K", "--to", place).returncode == code
    assert json.loads(pratique("log", "verify", "--format", "json").stdout)["size"] == before


def test_evidence_for_a_multi_platform_source_leaves_its_tag_where_it_was(pratique: Run, image: Path) -> None:
    assert pratique("ship", "oci-archive:app.tar", "--key", "K", "--to", "oci-dir:out:1").returncode == 0
    layout = image.parent / "out"
    index = json.loads((layout / "index.json").read_text())
    child = next(row for row in index["manifests"] if row.get("annotations"))
    entry = {name: child[name] for name in ("mediaType", "digest", "size")}
    entry["platform"] = {"os": "linux", "architecture": "amd64"}
    media_type = "application/vnd.oci.image.index.v1+json"
    many = json.dumps({"schemaVersion": 2, "mediaType": media_type, "manifests": [entry]}).encode()
    digest = hashlib.sha256(many).hexdigest()
    (layout / "blobs" / "sha256" / digest).write_bytes(many)
    named = {"org.opencontainers.image.ref.name": "many"}
    row = {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(many), "annotations": named}
    (layout / "index.json").write_text(json.dumps({**index, "manifests": [*index["manifests"], row]}))
    assert pratique("key", "generate", "--output", "L").returncode == 0
    done = pratique("ship", "oci-dir:out:many", "--platform", "linux/amd64", "--key", "L")
    assert done.returncode == 0, done.stderr
    rows = json.loads((layout / "index.json").read_text())["manifests"]
    assert [item["digest"] for item in rows if item.get("annotations") == named] == [f"sha256:{digest}"]
    verified = pratique("verify", "oci-dir:out:many", "--platform", "linux/amd64", "--key", "L.pub")
    assert verified.stdout.count("by L.pub") == 4


def test_a_claim_of_a_killed_build_is_not_taken_for_this_build(pratique: Run, image: Path, home: dict[str, str]) -> None:
    """A journal that was left by build 1 must not make build 2 say that it was build 1."""
    build = {"GITLAB_CI": "true", "CI_SERVER_URL": "https://gitlab.example", "CI_PROJECT_URL": "https://gitlab.example/a/b"}
    build |= {"CI_PIPELINE_ID": "7", "CI_JOB_ID": "8", "CI_JOB_URL": "https://gitlab.example/a/b/-/jobs/8"}
    program = (
        "import os, pathlib\n"
        "replace = pathlib.Path.replace\n"
        "def deadly(self, target):\n"
        "    done = replace(self, target)\n"
        "    if 'provenance.envelope' in str(target): os.kill(os.getpid(), 9)\n"
        "    return done\n"
        "pathlib.Path.replace = deadly\n"
        "from pratique.cli.main import main; main()\n"
    )
    arguments = ["ship", "oci-archive:app.tar", "--key", "K", "--to", "oci-dir:out:1"]
    environ = {**home, **build, "CI_COMMIT_SHA": "1" * 40}
    killed = subprocess.run([sys.executable, "-c", program, *arguments], env=environ, cwd=image.parent, check=False)
    assert killed.returncode == -9
    assert pratique(*arguments, **build, CI_COMMIT_SHA="2" * 40).returncode == 0
    provenances = [base64.b64decode(payload).decode() for payload in payloads(image.parent / "out")]
    assert [("1" * 40 in text, "2" * 40 in text) for text in provenances if "slsa.dev/provenance" in text] == [(False, True)]


def payloads(layout: Path) -> list[str]:
    """What the bundles in a layout say."""
    blobs = [path.read_bytes() for path in (layout / "blobs" / "sha256").iterdir()]
    bundles = [json.loads(data) for data in blobs if data.startswith(b'{"dsseEnvelope"')]
    return [bundle["dsseEnvelope"]["payload"] for bundle in bundles]


def test_a_damaged_document_in_the_catalog_is_said_anew_by_the_next_ship(pratique: Run, image: Path) -> None:
    assert pratique("ship", "oci-archive:app.tar", "--key", "K").returncode == 0
    shown = json.loads(pratique("ship", "oci-archive:app.tar", "--key", "K", "--format", "json").stdout)
    digest = next(iter(shown["bundles"].values()))["digest"].removeprefix("sha256:")
    document = next((image.parent / "home" / "catalog" / "documents").rglob(digest))
    document.write_bytes(b"x" + document.read_bytes()[1:])
    assert digest in pratique("verify", "oci-archive:app.tar", "--key", "K.pub").stdout
    assert pratique("ship", "oci-archive:app.tar", "--key", "K", "--to", "oci-dir:out:1").returncode == 0
    assert pratique("verify", "oci-dir:out:1", "--key", "K.pub").returncode == 0


def test_two_first_runs_at_once_share_one_log_key(pratique: Run, image: Path, home: dict[str, str]) -> None:
    program = [sys.executable, "-c", "from pratique.cli.main import main; main()", "ship", "oci-archive:app.tar", "--key", "K"]
    places = [f"oci-dir:out{number}:1" for number in range(3)]
    running = [
        subprocess.Popen([*program, "--to", place], env=home, cwd=image.parent, stderr=subprocess.PIPE) for place in places
    ]
    ends = [(process.communicate()[1], process.returncode) for process in running]
    assert [code for _, code in ends] == [0, 0, 0], ends
    assert json.loads(pratique("log", "verify", "--format", "json").stdout)["size"] == 12


def test_a_log_key_that_was_replaced_is_refused(pratique: Run, image: Path) -> None:
    assert pratique("ship", "oci-archive:app.tar", "--key", "K").returncode == 0
    key = image.parent / "home" / "keys" / "log.key"
    again = ("ship", "oci-archive:app.tar", "--key", "K", "--to", "oci-dir:out:1")
    key.unlink()
    done = pratique(*again)
    assert (done.returncode, key.exists()) == (2, False)  # none is made in its place
    assert "the log's private key is not here" in done.stderr
    made = pratique("key", "generate", "--output", "other", "--algorithm", "ed25519", "--no-passphrase")
    assert made.returncode == 0, made.stderr
    (image.parent / "other").rename(key)
    done = pratique(*again)
    assert done.returncode == 2
    assert "made with another key" in done.stderr


def test_an_image_names_the_shipped_image_whose_layers_are_its_lowest(pratique: Run, image: Path, tmp_path: Path) -> None:
    low, middle, high = make_tar(FILES, mode=0o755), make_tar({"opt/a": b"a"}), make_tar({"opt/b": b"b"})
    other = make_tar({"opt/c": b"c"})
    images = {"low": [low], "middle": [low, middle], "twin": [low, middle], "aside": [low, other], "app": [low, middle, high]}
    for index, (name, layers) in enumerate(images.items()):
        data = make_archive(layers, name=f"{name}:1", created=f"2026-01-01T00:00:0{index}Z")
        (tmp_path / f"{name}.tar").write_bytes(data)
    before = pratique("sbom", "app.tar", "-o", "json")
    assert before.returncode == 0 and "base:" not in before.stdout
    for name in ("low", "middle", "twin", "aside"):
        assert pratique("ship", f"{name}.tar", "--key", "K").returncode == 0
    found = json.loads(pratique("sbom", "app.tar", "-o", "cyclonedx-json").stdout)
    facts = {item["name"]: item["value"] for item in found["metadata"]["component"]["properties"]}
    digests = {row["name"]: row["digest"] for row in json.loads(pratique("catalog", "list", "--format", "json").stdout)}
    assert facts["pratique:base:name"] == "middle.tar"
    assert facts["pratique:base:digest"] == digests["middle.tar"] != digests["twin.tar"]
    assert facts["pratique:base:layers"] == "2 of 3"
    assert facts["pratique:base:also:001"] == f"twin.tar {digests['twin.tar']}"
    low = json.loads(pratique("sbom", "low.tar", "-o", "cyclonedx-json").stdout)
    assert not [item for item in low["metadata"]["component"]["properties"] if item["name"].startswith("pratique:base")]


def test_a_catalog_that_cannot_be_read_does_not_keep_an_sbom_from_being_made(pratique: Run, image: Path) -> None:
    assert pratique("ship", "app.tar", "--key", "K").returncode == 0
    catalog = next((image.parent / "home").rglob("catalog.db"))
    catalog.write_bytes(b"not a database" * 1000)
    found = pratique("sbom", "oci-archive:app.tar", "-o", "json")
    assert found.returncode == 0 and json.loads(found.stdout)
    assert found.stderr.count("\n") == 1 and "base images" in found.stderr
