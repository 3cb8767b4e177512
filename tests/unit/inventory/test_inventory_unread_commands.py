"""What the commands say of files that could not be read: what they name is missing from the bill, and that is never silent."""

import json
import os

import pytest

from pratique.cli.main import run


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("PRATIQUE_LOG_ORIGIN", raising=False)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    (tmp_path / "app" / "a").mkdir(parents=True)

    def call(*arguments: str, code: int = 0):
        found = run(list(arguments))
        out, err = capsys.readouterr()
        assert found == code, (found, out, err)
        return out, err

    call.folder = tmp_path / "app"
    return call


BROKEN = {
    "package-lock.json": b'{"lockfileVersion": 3, "packages": {',
    "npm-shrinkwrap.json": b"<html>404</html>",
    "pnpm-lock.yaml": b"lockfileVersion: [",
    "poetry.lock": b"[[package]\nname =",
    "uv.lock": b"[[package]\nname =",
    "Pipfile.lock": b"{",
    "Cargo.lock": b"[[package]\nname =",
    "composer.lock": b"{",
    "packages.lock.json": b"{",
    "Package.resolved": b"{",
    "pubspec.lock": b"packages: [",
    "pom.xml": b"<project><dependencies>",
    "conan.lock": b"{",
    "deno.lock": b"{",
    "environment.yml": b"dependencies: [",
    "yarn.lock": b"",
    "Gemfile.lock": b"",
    "gradle.lockfile": b"\n",
    "Podfile.lock": b"",
    "mix.lock": b"",
    ".terraform.lock.hcl": b"",
    "Cartfile.resolved": b"",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_names_packages_and_is_broken_is_said_and_ship_does_not_sign_a_folder_of_nothing_else(command, name):
    (command.folder / "a" / name).write_bytes(BROKEN[name])
    _, err = command("sbom", "dir:app", "-o", "cyclonedx-json")
    assert sum(line.startswith(f"pratique: unknown: a/{name}: ") for line in err.splitlines()) == 1, err
    command("key", "generate", "-o", "K", "--no-passphrase")
    _, err = command("ship", "dir:app", "--key", "K", code=2)
    assert "no component was found, and not everything could be read" in err and f"a/{name}" in err
    assert "cleared to leave" in command("ship", "dir:app", "--key", "K", "--allow-empty")[0]


def test_of_many_files_that_could_not_be_read_twenty_are_named_and_the_rest_is_counted(command):
    for number in range(23):
        (command.folder / f"{number:02}").mkdir()
        (command.folder / f"{number:02}" / "package-lock.json").write_bytes(b"{")
    _, err = command("sbom", "dir:app", "-o", "spdx-json")
    assert sum(line.startswith("pratique: unknown: ") for line in err.splitlines()) == 20
    assert "… and 3 more that could not be read" in err


def test_a_remark_about_what_was_read_is_no_file_that_could_not_be_read(command):
    (command.folder / "requirements.txt").write_text("requests==2.0\n")
    (command.folder / ".git").mkdir()
    out, err = command("sbom", "dir:app", "-o", "cyclonedx-json")
    assert "unknown: " not in err
    told = [one["value"] for one in json.loads(out)["metadata"]["properties"] if one["name"].endswith(":unknown")]
    assert any(".git" in text for text in told)


def test_a_requirement_without_a_version_is_a_package_that_is_not_listed(command):
    (command.folder / "requirements.txt").write_text("requests>=2\n")
    command("key", "generate", "-o", "K", "--no-passphrase")
    _, err = command("sbom", "dir:app", "-o", "cyclonedx-json")
    assert "unknown: requirements.txt: 1 requirement that names no one version: requests" in err
    _, err = command("ship", "dir:app", "--key", "K", code=2)
    assert "--allow-empty" in err


def test_a_folder_with_nothing_in_it_but_notes_is_signed(command):
    (command.folder / "notes.txt").write_text("nothing")
    (command.folder / ".git").mkdir()
    (command.folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    command("key", "generate", "-o", "K", "--no-passphrase")
    assert "cleared to leave" in command("ship", "dir:app", "--key", "K")[0]


def test_what_could_not_be_read_is_said_of_an_artifact_with_components_too_and_it_is_signed(command):
    (command.folder / "requirements.txt").write_text("requests==2.0\n")
    (command.folder / "a" / "package-lock.json").write_bytes(b"not json")
    command("key", "generate", "-o", "K", "--no-passphrase")
    out, err = command("ship", "dir:app", "--key", "K")
    assert "cleared to leave" in out and "unknown: a/package-lock.json: not JSON" in err
