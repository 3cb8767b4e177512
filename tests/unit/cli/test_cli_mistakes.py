"""Mistakes that beginners make, written down before they were tried: each ends in one line that says what to type, with the right
exit code, and leaves nothing behind.

Not here: what another tool calls a command or an option (test_commands_of_elsewhere.py), what is misspelt or lacking on the
command line (test_cli_help.py), every kind of odd file for every option that names one (test_cli_every_file.py).
"""

import json
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pratique.cli.main import run
from pratique.cli.settings import SETTINGS, VARIABLES
from pratique.keys.file import generate_key

POLICY = """\
version: 1
name: p
authorities:
  release: {keys: [release.pub]}
require:
  signature: {threshold: 1, from: [release]}
"""
SBOM = '{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}'


@pytest.fixture(scope="module")
def furnished(tmp_path_factory) -> Path:
    """A folder as somebody has it who begins; no test writes into it."""
    folder = tmp_path_factory.mktemp("mistakes")
    (folder / "app").mkdir()
    (folder / "app" / "package.json").write_text('{"name": "app", "version": "1.0.0"}')
    (folder / "folder").mkdir()
    for name, data in {
        "file": b"hello\n",
        "empty": b"",
        "binary": bytes(range(256)) * 8,
        "app.cdx.json": SBOM.encode(),
        "Dockerfile": b"FROM alpine\n",
        "policy.yaml": POLICY.encode(),
        "tab.yaml": POLICY.replace("  release:", "\trelease:").encode(),
        "misspelt.yaml": POLICY.replace("signature", "signatur").encode(),
        "plural.yaml": POLICY.replace("require", "requires").encode(),
        "lost-key.yaml": POLICY.replace("release.pub", "relaese.pub").encode(),
        "second.yaml": POLICY.replace("version: 1", "version: 2").encode(),
        "nothing.yaml": b"version: 1\nname: p\n",
        "trust.yaml": b"version: 1\nname: t\nexpiry: {root: 400d}\n",
        "kyverno.yaml": b"apiVersion: kyverno.io/v1\nkind: ClusterPolicy\n",
        "cosign-policy.yaml": b"apiVersion: policy.sigstore.dev/v1beta1\nkind: ClusterImagePolicy\n",
        "notation.json": b'{"version": "1.0", "trustPolicies": []}',
        "rules.rego": b"package x\n",
        "key.asc": b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQENBF\n-----END PGP PUBLIC KEY BLOCK-----\n",
    }.items():
        (folder / name).write_bytes(data)
    private = ec.generate_private_key(ec.SECP256R1())
    encrypted = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret")
    )
    (folder / "locked.pem").write_bytes(encrypted)
    (folder / "locked.pem").chmod(0o600)
    generate_key(folder / "release", "ecdsa-p256", None)
    generate_key(folder / "open", "ecdsa-p256", None)
    (folder / "open").chmod(0o644)
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to("loop")
    (folder / "dangling").symlink_to("nowhere")
    return folder


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Everything in it, with size and time of change."""
    return {str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in folder.rglob("*") if not path.is_dir()}


@pytest.fixture
def answered(furnished, tmp_path, monkeypatch, capsys) -> Iterator:
    """Run a line; returns the exit code and the last line on standard error. Nothing may be left behind, or be told twice."""
    monkeypatch.chdir(furnished)
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    for name in ("PRATIQUE_KEY", "PRATIQUE_KEY_PASSPHRASE", "COSIGN_PASSWORD", "SSH_AUTH_SOCK"):
        monkeypatch.delenv(name, raising=False)
    before = listing(furnished)

    def answer(line: str) -> tuple[int, str]:
        code = run(shlex.split(line))
        said = capsys.readouterr()
        assert said.out == ""
        *beside, last = said.err.splitlines()
        assert all(word.startswith(("pratique: reading ", "pratique: taking ", "pratique: signing with ")) for word in beside), (
            said.err
        )
        assert last.startswith("pratique: ")
        assert "internal error" not in last
        return code, last

    yield answer
    assert listing(furnished) == before


MISTAKES = {
    # Habits of syft, trivy and docker
    "alpine:3.19": "did you mean pratique sbom alpine:3.19?",
    "./app": "did you mean pratique sbom ./app?",
    "convert app.cdx.json": "did you mean pratique sbom convert?",
    "generate --output k": "did you mean pratique key generate?",
    "sbom app -o cyclonedx-jsn": "did you mean cyclonedx-json?",
    "sbom app -o app.json": "a format comes first: -o cyclonedx-json=app.json",
    "sbom app -o json=": "write -o json=PATH, or -o json for standard output",
    "sbom app -o": "for example: pratique sbom make oci-archive:app.tar -o cyclonedx-json@1.6",
    "sbom app -o json=folder": "name a file in it: folder/NAME",
    "sbom app -o json=folder/": "name a file in it: folder/NAME",
    "sbom app -o json=no/app.json": "make it: mkdir -p no",
    "sbom app --file ''": "name one: PATH",
    "sbom app -o spdx-json@9": "versions of spdx-json: 2.3, 3.0.1",
    "sbom app folder": "for example: pratique sbom make dir:.",
    "sbom file:.": "dir:. reads a folder",
    "sbom oci-dir:folder": "did you mean dir:folder?",
    "sbom oci-dir:file": "did you mean file:file?",
    "sbom oci-archive:folder": "did you mean dir:folder?",
    "sbom oci-archive:file": "did you mean file:file?",
    "sbom docker-archive:file": "did you mean file:file?",
    "sbom dir:file": "did you mean file:file?",
    "sbom chart:file": "did you mean file:file?",
    "sbom dir:ap": "did you mean app?",
    "sbom dir:no/where": "there is no folder no",
    "sbom file:zzz": "see what is there: ls .",
    "sbom dir:~/app": "write $HOME instead",
    "sbom '~/app'": "write $HOME/app",
    "sbom '*.tar'": "see what is there: ls .",
    "sbom dri:app": "did you mean dir:app?",
    "sbom dri:./app": "did you mean dir:./app?",
    "sbom ./ap": "did you mean app?",
    "sbom ''": "write registry:HOST/NAME:TAG",
    "sbom dir:": "write dir:PATH",
    "sbom loop": "see where it leads: ls -l loop",
    "sbom dangling": "see where it leads: ls -l dangling",
    "sbom pipe": "save what it gives as a file, and name that",
    "sbom https://127.0.0.1:1/app:1": "write registry:127.0.0.1:1/app:1",
    "sbom registry:https://127.0.0.1:1/app:1": "write registry:127.0.0.1:1/app:1",
    "sbom registry:127.0.0.1:1/App:1": "write 127.0.0.1:1/app:1",
    "sbom registry:127.0.0.1:1/app:": "write 127.0.0.1:1/app",
    "sbom \"registry:'127.0.0.1:1/app:1'\"": "write 127.0.0.1:1/app:1",
    "sbom registry:127.0.0.1:1/app@sha256:abc": "write HOST/NAME:TAG or HOST/NAME@sha256:…",
    f"sbom sha256:{'0' * 64}": f"say where it is: sha256:{'0' * 64}@registry:HOST/NAME",
    "sbom app --platform linux-amd64": "write os/architecture[/variant], for instance linux/amd64",
    "sbom app --platform linux/amd64": "leave out --platform",
    "sbom app --max-entries 0": "see pratique sbom make --help",
    # Other commands of bills of materials
    "sbom check app.cdx.json app": "name a file in it",
    "sbom check app file": "CycloneDX and SPDX are read",
    "sbom convert app -o spdx-json": "name a file in it",
    "sbom convert app.cdx.json": "for example: pratique sbom convert",
    "sbom convert ap.cdx.json -o spdx-json": "did you mean app.cdx.json?",
    "sbom convert binary -o spdx-json": "CycloneDX and SPDX are read",
    "sbom convert app.cdx.json out.json -o spdx-json": "for example: pratique sbom convert syft.json -o",
    "sbom score app.cdx.json --min ninety": "see pratique sbom score --help",
    "sbom merge -o spdx-json": "for example: pratique sbom merge",
    # Keys: swapped, public for secret, of other programs
    "sign file": "pratique key generate --output release",
    "sign file --key release.pub": "use release",
    "sign release --key file": "are they swapped? pratique sign file --key release",
    "sign file --key relaese": "did you mean release?",
    "sign file --key folder": "name a file in it",
    "sign file --key pipe": "save what it gives as a file, and name that",
    "sign file --key loop": "ls -l loop",
    "sign file --key empty": "pratique key generate --output release.key makes one",
    "sign file --key app.cdx.json": "expected kty and its members",
    "sign file --key key.asc": "--keyring",
    "sign file --key open": "run: chmod 600 open",
    "sign file --key locked.pem": "use --passphrase-file or PRATIQUE_KEY_PASSPHRASE",
    "sign file --key locked.pem --passphrase-file file": "give the one that the key was made with",
    "sign file --key locked.pem --passphrase-file fil": "did you mean file?",
    "sign file --key locked.pem --passphrase-file pipe": "save what it gives as a file, and name that",
    "sign file --key awskm:///alias/release": "did you mean awskms:///alias/release?",
    "sign file --key ssh-agent:me": "set SSH_AUTH_SOCK",
    "sign file --key '~/release'": "write $HOME instead",
    "sign file --key ''": "name a FILE or a key service",
    "sign file --key release --form mesage": "did you mean message?",
    "sign file --key release --form cosign": "sign it in another form",
    "sign file --key release --form notation": "--certificate-chain FILE",
    "sign file --key release --output release": "name another file",
    "sign file --key release --output folder": "name a file in it: folder/NAME",
    "sign file --key release --output no/file.sigstore.json": "make it: mkdir -p no",
    "sign file --key release --output ''": "name one: PATH",
    "sign file --key release -a novalue": "write KEY=VALUE",
    "sign file --key release --keyless": "leave one of them out",
    "sign file --key release --trusted-root root.json": "add --keyless, or leave out --trusted-root",
    "sign file --keyless": "PRATIQUE_SIGNING_CONFIG",
    "verify file": "give --key K.pub",
    "verify file --key release": "use release.pub",
    "verify file --key relaese.pub": "did you mean release.pub?",
    "verify release.pub --key file": "are they swapped? pratique verify file --key release.pub",
    "verify file release.pub": "did you mean --key release.pub?",
    "verify file --key release.pub --require sbomm": "one of",
    "verify file --key release.pub --bundle fil": "did you mean file?",
    "verify file --key release.pub --evidence catlog": "did you mean catalog?",
    "verify file --trust policy.yaml": "pratique gate SOURCE --policy FILE",
    "verify file --trust release.pub": "to believe a public key: --key release.pub",
    "verify file --certificate-identity me@example.com": "give all three",
    # Policies
    "gate file": "for example: pratique gate",
    "gate file --policy polcy.yaml": "did you mean policy.yaml?",
    "gate file --policy tab.yaml": "indent with spaces, never with tabs",
    "gate file --policy misspelt.yaml": "did you mean signature?",
    "gate file --policy plural.yaml": "did you mean require?",
    "gate file --policy second.yaml": "write version: 1",
    "gate file --policy nothing.yaml": "require at least a signature",
    "gate file --policy empty": "docs/policy.md has one to begin with",
    "gate file --policy trust.yaml": "give it with --trust FILE",
    "gate file --policy kyverno.yaml": "docs/policy.md",
    "gate file --policy cosign-policy.yaml": "docs/policy.md",
    "gate file --policy notation.json": "--notation-config FOLDER",
    "gate file --policy rules.rego": "docs/policy.md",
    "gate file --policy app.cdx.json": "pratique sbom check SOURCE SBOM",
    "gate file --policy release.pub": "docs/policy.md",
    "gate file --policy lost-key.yaml": "did you mean release.pub?",
    "gate file --policy folder": "name a file in it",
    "gate policy.yaml --policy file": "docs/policy.md",
    # Statements
    "attest file --key release --type cyclonedx": "for example: pratique attest",
    "attest file --key release --type cyclonedx --predicate app.cdx.jso": "did you mean app.cdx.json?",
    "attest file --key release --type cyclonedx --predicate file": "see pratique attest --help",
    "attest file --key release --type spdx --predicate app.cdx.json": "see in-toto, spdx.md",
    "attach file app.cdx.json": "name it in a registry: or oci-dir:",
    "download file": "for example: pratique download",
    "download file -o file": "name a folder, which is made where there is none",
    "download file -o no/evidence": "make it: mkdir -p no",
    "tree file": "write registry:HOST/NAME:TAG",
    "pull file": "write registry:HOST/NAME:TAG",
    "push folder registry:127.0.0.1:1/x": "pack it with: helm package",
    # Copying
    "copy oci-archive:empty": "for example: pratique copy",
    "copy oci-archive:empty file": "write oci-archive:file for a file or oci-dir:file for a folder",
    "copy oci-archive:empty docker:app": "which podman load and docker load take",
    "copy oci-archive:emtpy oci-dir:layout": "did you mean empty?",
    "bundle export oci-archive:empty": "for example: pratique bundle export",
    "bundle verify fil --key release.pub": "did you mean file?",
    "bundle verify file --key release.pub": "made by: pratique bundle export",
    # Keys, trust, log
    "key generate": "for example: pratique key generate --output release.key",
    "key generate -o folder --no-passphrase": "name a file in it: --output folder/release.key",
    "key generate -o release --no-passphrase": "choose another; keys are never overwritten",
    "key generate -o no/k --no-passphrase": "make it: mkdir -p no",
    "key generate -o k": "use --passphrase-file or PRATIQUE_KEY_PASSPHRASE",
    "key generate -o k --no-passphrase --passphrase-file file": "leave one of them out",
    "key generate -o k --no-passphrase --public release": "name another file",
    "key generate -o k --no-passphrase --public no/k.pub": "make it: mkdir -p no",
    "key generate -o k --algorithm ed25591": "did you mean ed25519?",
    "key show release.pub --public release": "name another file",
    "key show relaese.pub": "did you mean release.pub?",
    "key import key.asc -o k --no-passphrase": "--keyring",
    "key import release.pub -o k --no-passphrase": "use release",
    "key rotate release -o k --no-passphrase --statement no/x": "make it: mkdir -p no",
    "key rotate release -o no/k --no-passphrase": "make it: mkdir -p no",
    "trust init": "--root-key",
    "trust sign -C folder --key release": "run: pratique trust init, or name the folder with -C",
    "trust publish -C folder --key release": "run: pratique trust init, or name the folder with -C",
    "trust follow file:. --root fil": "did you mean file?",
    "trust init --root-key release": "use release.pub",
    "trust init --root-key release.pub --threshold 3": "lower --threshold",
    "trust follow registry:127.0.0.1:1/trust": "whoever publishes the trust can tell you its digest",
    "trust show --followed": "run: pratique trust follow SOURCE --root FILE",
    "log verify": "ship something first",
    "log entry x": "see pratique log entry --help",
    "catalog search x": "ship something first",
    "trace x": "ship something first",
    "completion powershell": "see pratique completion --help",
    "config set key release": "for example: pratique config",
}


@pytest.mark.parametrize(("line", "advice"), MISTAKES.items())
def test_a_mistake_ends_in_one_line_that_says_what_to_type(answered, line, advice):
    code, said = answered(line)
    assert code == 2, said
    assert advice in said.partition("(")[2], said


@pytest.mark.parametrize(
    ("line", "code", "advice"),
    [
        ("sbom registry:127.0.0.1:1/app:1", 3, "is the name right, and the registry running?"),
        ("verify registry:127.0.0.1:1/app:1 --key release.pub", 3, "is the name right, and the registry running?"),
        ("sbom app -o json=/dev/full", 4, "free some space"),
        ("sbom app -o json --file /dev/full", 4, "free some space"),
    ],
)
def test_what_others_or_this_machine_refuse_has_its_own_exit_code(answered, line, code, advice):
    found, said = answered(line)
    assert found == code
    assert advice in said


@pytest.fixture
def layout(answered, tmp_path, capsys) -> Path:
    """An OCI layout of an image of nothing, to copy from."""
    from pratique.model import Digest
    from pratique.registry.layout import open_layout
    from pratique.registry.types import OCI_MANIFEST

    layout = open_layout(tmp_path / "layout", create=True)
    config = b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}'
    layout.push_blob(Digest.of(config), len(config), [config])
    descriptor = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": str(Digest.of(config)), "size": len(config)}
    manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": descriptor, "layers": []}
    layout.push_manifest(json.dumps(manifest).encode(), OCI_MANIFEST, tag="1")
    return tmp_path / "layout"


@pytest.mark.parametrize("place", ["oci-dir:no/layout", "oci-archive:no/app.tar"])
def test_a_copy_makes_no_folder_above_its_destination(answered, layout, place):
    code, said = answered(f"copy oci-dir:{layout}:1 {place}")
    assert code == 2
    assert "make it: mkdir -p no" in said


def test_an_archive_is_not_copied_onto_itself(answered, layout, tmp_path, capsys):
    assert run(["copy", f"oci-dir:{layout}:1", f"oci-archive:{tmp_path}/a.tar"]) == 0
    before = (tmp_path / "a.tar").read_bytes()
    capsys.readouterr()
    (tmp_path / "same.tar").symlink_to("a.tar")
    for name in ("a.tar", "same.tar"):
        for line in (
            f"copy oci-archive:{tmp_path}/a.tar oci-archive:{tmp_path}/{name}",
            f"bundle export oci-archive:{tmp_path}/a.tar -o {tmp_path}/{name} --unverified",
        ):
            code, said = answered(line)
            assert code == 2
            assert "one file (name another file)" in said
    assert (tmp_path / "a.tar").read_bytes() == before


def test_a_bundle_that_is_named_for_the_log_is_one_of_that_log(answered, furnished, tmp_path, capsys):
    (tmp_path / "signed").write_bytes(b"x")
    assert run(["sign", f"file:{tmp_path}/signed", "--key", "release"]) == 0
    capsys.readouterr()
    assert run(["log", "verify", "--bundle", f"{tmp_path}/signed.sigstore.json"]) == 0
    capsys.readouterr()
    for name in ("file", "app.cdx.json"):
        code, said = answered(f"log verify --bundle {name}")
        assert code == 2
        assert "name a bundle" in said


def test_a_name_that_resembles_a_file_is_told_beside_the_guess(furnished, monkeypatch, capsys):
    from pratique.artifact.source import parse_source

    monkeypatch.chdir(furnished)
    monkeypatch.setattr("pratique.artifact.local_images.find_local_image", lambda _: Answer())
    assert "did you mean file?" in parse_source("fil").why


class Answer:
    """No engine has an image of the name."""

    image = None

    def __str__(self) -> str:
        return "not in podman"


@pytest.mark.parametrize("name", ["file", "release", "app.cdx.json"])
def test_a_file_that_is_no_archive_is_not_overwritten_by_one(answered, layout, name):
    for line in (f"copy oci-dir:{layout}:1 oci-archive:{name}", f"bundle export oci-dir:{layout}:1 -o {name} --unverified"):
        code, said = answered(line)
        assert code == 2
        assert "(name another" in said


def test_a_device_is_not_replaced_by_an_archive(answered, layout, tmp_path):
    (tmp_path / "null").symlink_to("/dev/null")
    code, said = answered(f"copy oci-dir:{layout}:1 oci-archive:{tmp_path}/null")
    assert code == 2
    assert "not a regular file" in said
    assert (tmp_path / "null").is_symlink()


def test_a_variable_that_is_misspelt_is_told_and_one_of_others_is_not(furnished, monkeypatch, capsys):
    monkeypatch.chdir(furnished)
    monkeypatch.setenv("PRATIQUE_HMOE", "x")
    monkeypatch.setenv("PRATIQUE_COLOUR_OF_SHIPS", "x")
    assert run(["key", "show", "release.pub"]) == 0
    assert capsys.readouterr().err == "pratique: there is no variable PRATIQUE_HMOE: did you mean PRATIQUE_HOME?\n"
    assert run(["-q", "key", "show", "release.pub"]) == 0
    assert capsys.readouterr().err == ""


def test_every_variable_that_the_program_reads_is_known_and_in_the_manual():
    root = Path(__file__).resolve().parents[3]
    read = {
        name for path in (root / "src").rglob("*.py") for name in re.findall(r"PRATIQUE_[A-Z0-9_]*[A-Z0-9]", path.read_text())
    }
    assert read == VARIABLES
    manual = (root / "docs" / "configuration.md").read_text()
    assert {name for name in VARIABLES if f"`{name}`" not in manual} == set()


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ('kye = "release"', "pratique.toml:1: there is no setting 'kye' (did you mean key?)"),
        ('trusted_root = "x"', "did you mean trusted-root?"),
        ("policy = policy.yaml", "pratique.toml"),
        ("policy = 1", 'write policy = "…"'),
    ],
)
def test_a_configuration_that_is_misspelt_is_named_with_its_line(tmp_path, monkeypatch, capsys, text, advice):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pratique.toml").write_text(text + "\n")
    (tmp_path / "pratique.toml").chmod(0o644)
    assert run(["verify", "x", "--key", "k"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert advice in said


def test_every_setting_is_meant_when_it_is_misspelt(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in SETTINGS:
        (tmp_path / "pratique.toml").write_text(f'{name}x = "x"\n')
        assert run(["verify", "x", "--key", "k"]) == 2
        assert f"did you mean {name}?" in capsys.readouterr().err
