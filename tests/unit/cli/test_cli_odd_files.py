"""What is given for a file and is none, what cannot be written, and names and terminals that are not UTF-8."""

import json
import os
import shlex
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from pratique.cli.main import run
from pratique.keys.file import generate_key


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """A folder with a file, a key, a pipe that nobody writes to, and a home."""
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "file").write_bytes(b"x\n")
    generate_key(folder / "k", "ed25519", None)
    os.mkfifo(folder / "pipe")
    return folder


def program(*words: str | bytes, **environ: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "pratique", *words], capture_output=True, env=os.environ | environ, timeout=120, check=False
    )


@pytest.mark.parametrize("what", ["pipe", "/dev/zero"])
@pytest.mark.parametrize(
    "words",
    [
        "sbom convert {} -o spdx-json",
        "sbom check file:file {}",
        "sbom check file:file s.json --manifest {}",
        "sbom merge {} {} -o spdx-json --name n",
        "sbom file:{}",
        "gate file:file --policy {}",
        "verify file --key {}",
        "verify file --trust {}",
        "verify file --key k.pub --log-key {}",
        "verify file --keyring {}",
        "attest file --type vuln --predicate {} --key k --file",
        "sign file --form raw --key {} --file",
        "key show {}",
        "key import {} --output new",
        "trust add a --key {} --says sbom --about *",
    ],
)
def test_what_is_no_regular_file_is_refused_and_not_waited_for(here, capsys, words, what):
    (here / "s.json").write_text('{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}')
    (here / "trust.yaml").write_text("version: 1\nname: n\n")
    assert run(words.replace("{}", what).split()) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert f"{what}: not a regular file" in said


def test_a_pipe_beside_the_manifests_of_a_folder_is_passed_over(here, capsys):
    (here / "folder").mkdir()
    os.mkfifo(here / "folder" / "package.json")
    assert run(["sbom", "dir:folder", "-o", "json"]) == 0


def test_a_folder_where_a_file_is_read_is_one_line_that_says_how_folders_are_read(here, capsys):
    assert run(["sbom", "file:."]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "not a regular file (dir:" in said


def test_an_sbom_in_a_file_of_its_own_has_no_manifest_beside_it_unless_it_is_asked_for(here, capsys):
    (here / "d").mkdir()
    assert run(["sbom", "dir:d", "-o", "json=a.json"]) == 0
    assert run(["sbom", "dir:d", "-o", "json=b.json", "--manifest", "m.json"]) == 0
    assert run(["sbom", "dir:d", "-o", "json", "--file", "c.json"]) == 0
    assert {path.name for path in here.glob("*.json")} == {"a.json", "b.json", "m.json", "c.json", "c.json.files.json"}
    assert run(["sbom", "check", "dir:d", "b.json", "--manifest", "m.json"]) == 0


@pytest.mark.parametrize(
    "words", ["sbom dir:. -o json=no/a.json", "sbom convert s.json -o spdx-json --file no/a.json", "key show k.pub --public no/p"]
)
def test_an_output_makes_no_folder(here, capsys, words):
    (here / "s.json").write_text('{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}')
    assert run(words.split()) == 2
    assert "there is no such folder (make it: mkdir -p no)" in capsys.readouterr().err
    assert not (here / "no").exists()


@pytest.mark.parametrize(
    "words", ["sbom dir:. -o json={}", "key show k.pub --public {}", "sbom dir:. -o json --file x --manifest {}"]
)
def test_an_output_to_a_full_device_is_one_line_and_the_device_stays(here, capsys, words):
    assert run(words.format("/dev/full").split()) == 4
    said = capsys.readouterr().err
    assert "no space left on device" in said.splitlines()[-1]
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)


def test_an_output_may_be_a_descriptor(here):
    (here / "d").mkdir()
    done = program("sbom", "dir:d", "-q", "-o", "json=/dev/stdout")
    assert done.returncode == 0
    assert json.loads(done.stdout)["components"] == []


@pytest.mark.parametrize("words", ["key show k.pub", "key show k.pub --format json", "--help", "log --help", "completion bash"])
def test_standard_output_that_is_full_is_exit_code_4(here, words):
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "pratique", *words.split()], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 4
    assert done.stderr == b"pratique: could not write to standard output: no space left on device\n"


@pytest.mark.parametrize(("words", "code"), [("sbom dir:d", 0), ("sbom dir:nowhere", 2), ("sbm", 2), ("gate", 2)])
def test_standard_error_that_is_full_changes_no_exit_code(here, words, code):
    (here / "d").mkdir()
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "pratique", *words.split()], stderr=full, stdout=subprocess.PIPE, check=False
        )
    assert done.returncode == code


def test_a_terminal_of_latin_1_gets_all_of_it_and_yes_and_no_are_told_apart(here):
    assert run(["sign", "file", "--form", "raw", "--key", "k", "--file"]) == 0
    good = program("verify", "file", "--key", "k.pub", PYTHONIOENCODING="latin-1")
    assert good.returncode == 0, good.stderr
    assert b"  + signature " in good.stdout
    (here / "file").write_bytes(b"other\n")
    bad = program("verify", "file", "--key", "k.pub", PYTHONIOENCODING="latin-1")
    assert bad.returncode == 1
    assert b"  x " in bad.stdout
    assert b"  + " not in bad.stdout


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_json_stays_json_with_names_that_are_no_text(here, encoding):
    name = b"caf\xe9\xff\xe2\x9c\x94"
    (here / os.fsdecode(name)).write_bytes(b"x")
    words = ("sign", name, "--form", "raw", "--key", "k", "--file")
    done = program(*words, "--format", "json", PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout.decode(encoding))
    assert program(*words, "--replace", PYTHONIOENCODING=encoding).returncode == 0
    wrong = program("verify", b"no\xff", PYTHONIOENCODING=encoding)
    assert wrong.returncode == 2
    assert b"internal" not in wrong.stderr


@pytest.mark.parametrize("words", ["sign file --form message --key k --file", "sbom dir:d", "log verify", "catalog list"])
def test_a_home_that_cannot_be_written_is_no_internal_error(here, words):
    (here / "d").mkdir()
    environ = {"HOME": "/proc/no", "PRATIQUE_HOME": "", "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": ""}
    done = program(*words.split(), **environ)
    assert done.returncode == (0 if words.startswith("sbom") else 4 if words.startswith("sign") else 2)
    assert b"internal error" not in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.fixture
def loaded(tmp_path, monkeypatch) -> None:
    """What a command imports when it is run is imported: another user may not read this one's Python."""
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app").mkdir()
    for words in (["sbom", "dir:app"], ["sbom", "app"], ["sbom", "app.tar"]):
        run(words)


@pytest.mark.parametrize(
    "words",
    ["sbom dir:.", "sbom app.tar", "verify app.tar --key k.pub", "sign app.tar --key k", "gate x --policy p.yaml", "tree x"],
)
def test_in_a_folder_of_another_user_every_command_says_so_in_a_line(loaded, as_nobody, monkeypatch, capsys, words):
    """As a container does that is not root, with a folder mounted that is its owner's alone."""
    monkeypatch.setenv("PRATIQUE_HOME", str(as_nobody / "home"))
    closed = as_nobody / "closed"
    closed.mkdir()
    monkeypatch.chdir(closed)
    closed.chmod(0)
    capsys.readouterr()
    code = run(shlex.split(words))
    closed.chmod(0o700)
    err = capsys.readouterr().err
    assert code in (2, 3), err
    assert "internal error" not in err and "permission denied" in err.lower()
    assert len([line for line in err.splitlines() if line]) == 1
