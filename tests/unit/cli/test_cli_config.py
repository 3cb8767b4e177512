"""`pratique.toml`: what counts more, whose file is heeded, and what is said of it."""

import json
import os
import re
from pathlib import Path

import click
import pytest
from test_cli_help import COMMANDS

from pratique.cli.main import run
from pratique.cli.settings import SETTINGS
from pratique.keys.file import generate_key

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A repository to work in, with a user and a home of its own."""
    for variable in [name for name in os.environ if name.startswith("PRATIQUE_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    (folder / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o644)
    return path


def shown(capsys) -> dict[str, tuple[str | None, str | None]]:
    assert run(["config", "--format", "json"]) == 0
    return {row["setting"]: (row["value"], row["from"]) for row in json.loads(capsys.readouterr().out)}


def signed_with(capsys, *options: str) -> str:
    """The key that `sign` uses: each is missing, and the error names it."""
    Path("f").write_bytes(b"x")
    assert run(["sign", "f", "--form", "raw", "--file", *options]) == 2
    return re.search(r"[a-z]+\.key", capsys.readouterr().err.splitlines()[-1])[0]


def test_every_setting_is_an_option_of_its_commands_that_takes_one_text():
    for setting in SETTINGS.values():
        for path in setting.commands:
            (option,) = [one for one in COMMANDS[path].params if one.name == setting.parameter]
            assert isinstance(option, click.Option)
            assert not option.multiple
            assert not option.is_flag
            assert option.envvar == setting.variable


def test_an_option_counts_more_than_the_project_and_that_more_than_the_user(capsys, project, tmp_path):
    write(tmp_path / "config" / "pratique" / "pratique.toml", 'key = "user.key"')
    assert signed_with(capsys) == "user.key"
    write(project / "pratique.toml", 'key = "project.key"')
    assert signed_with(capsys) == "project.key"
    assert signed_with(capsys, "--key", "option.key") == "option.key"


def test_a_variable_counts_more_than_the_files(capsys, project, monkeypatch):
    write(project / "pratique.toml", 'evidence = "registry:one.example.com/a"')
    assert shown(capsys)["evidence"] == ("registry:one.example.com/a", str(project / "pratique.toml"))
    monkeypatch.setenv("PRATIQUE_EVIDENCE", "registry:two.example.com/a")
    assert shown(capsys)["evidence"] == ("registry:two.example.com/a", "PRATIQUE_EVIDENCE")
    monkeypatch.setenv("PRATIQUE_EVIDENCE", f"oci-dir:{project}/not-there")
    generate_key(project / "k", "ed25519", None)
    (project / "f").write_bytes(b"x")
    run(["verify", "f", "--key", "k.pub"])
    assert "not-there" in "".join(capsys.readouterr())


def test_the_nearest_file_up_to_the_root_of_the_repository_is_taken(capsys, project, monkeypatch):
    write(project.parent / "pratique.toml", 'policy = "outside.yaml"')
    monkeypatch.chdir(project / "deep" / "er")
    assert shown(capsys)["policy"] == (None, None)
    write(project / "pratique.toml", 'policy = "root.yaml"')
    assert shown(capsys)["policy"] == (str(project / "root.yaml"), str(project / "pratique.toml"))
    write(project / "deep" / "pratique.toml", 'policy = "deep.yaml"')
    assert shown(capsys)["policy"][0] == str(project / "deep" / "deep.yaml")


def test_outside_of_a_repository_only_the_working_folder_is_looked_in(capsys, project, monkeypatch):
    (project / ".git").rmdir()
    write(project / "pratique.toml", 'policy = "p.yaml"')
    assert shown(capsys)["policy"][0] == str(project / "p.yaml")
    monkeypatch.chdir(project / "deep")
    assert shown(capsys)["policy"] == (None, None)


def test_paths_are_meant_from_the_folder_of_the_file_and_what_is_no_path_stays(capsys, project, monkeypatch):
    write(project / "pratique.toml", 'key = "awskms:///alias/release"\nevidence = "oci-dir:kept"\ntrust = "t/trust.yaml"')
    monkeypatch.chdir(project / "deep")
    values = {name: value for name, (value, _) in shown(capsys).items()}
    assert values["key"] == "awskms:///alias/release"
    assert values["evidence"] == f"oci-dir:{project}/kept"
    assert values["trust"] == f"{project}/t/trust.yaml"


def test_a_policy_of_the_project_is_used_and_said(capsys, project):
    write(project / "pratique.toml", 'policy = "p.yaml"')
    assert run(["gate", "dir:deep"]) == 2
    said = capsys.readouterr().err
    assert f"policy is {project}/p.yaml, of {project}/pratique.toml" in said
    assert f"{project}/p.yaml: " in said.splitlines()[-1]


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ('\nkey = "k"\n# x\nserver = "https://x"\n', 4, "'server'"),
        ('key = "k"\n[registry]\na = 1\n', 2, "'registry'"),
        ("\n\ntrust = 1\n", 3, "trust"),
        ('policy = ""\n', 1, "policy"),
    ],
)
def test_what_is_no_setting_is_refused_with_its_line(capsys, project, text, line, word):
    path = write(project / "pratique.toml", text)
    assert run(["gate", "dir:deep"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"{path}:{line}: " in said
    assert word in said


@pytest.mark.parametrize("text", ["key = ", "\x00", "a" * 100_000])
def test_what_is_no_toml_is_one_line_that_names_the_file(capsys, project, text):
    path = write(project / "pratique.toml", text)
    assert run(["config"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert str(path) in said


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_a_file_that_others_can_write_to_is_refused(capsys, project, mode):
    write(project / "pratique.toml", 'trust = "trust.yaml"').chmod(mode)
    for command in (["verify", "dir:deep"], ["gate", "dir:deep"], ["sign", "x"], ["config"]):
        assert run(command) == 2
        assert "others can write to it" in capsys.readouterr().err


@pytest.mark.parametrize("whose", ["file", "folder"])
def test_a_file_of_another_user_or_in_the_folder_of_one_is_refused(capsys, project, monkeypatch, whose):
    path = write(project / "pratique.toml", 'trust = "trust.yaml"')
    real = os.stat_result(os.stat(path))
    theirs = path if whose == "file" else project
    stat = Path.stat

    def seen(self, **options):
        found = stat(self, **options)
        return os.stat_result([*found[:4], real.st_uid + 4242, *found[5:]]) if self == theirs else found

    monkeypatch.setattr(Path, "stat", seen)
    assert run(["verify", "dir:deep"]) == 2
    assert "another user" in capsys.readouterr().err


def test_a_pipe_in_the_place_of_the_file_is_not_waited_for(capsys, project):
    os.mkfifo(project / "pratique.toml", 0o600)
    assert run(["config"]) == 2
    assert "not a regular file" in capsys.readouterr().err


def test_help_is_given_whatever_the_file_says(capsys, project):
    write(project / "pratique.toml", "nonsense = 1")
    assert run(["verify", "--help"]) == 0
    assert run(["sbom", "dir:deep"]) == 0


def test_keys_that_options_name_take_the_place_of_the_trust_in_a_file(capsys, project):
    write(project / "pratique.toml", 'trust = "not-there.yaml"')
    generate_key(project / "k", "ed25519", None)
    (project / "f").write_bytes(b"x")
    run(["verify", "f", "--key", "k.pub"])
    assert "not-there" not in "".join(capsys.readouterr())
    assert run(["verify", "f"]) == 2
    assert "not-there.yaml" in capsys.readouterr().err


def test_the_trust_of_a_project_does_not_displace_the_one_that_this_machine_follows(capsys, project, tmp_path):
    write(project / "pratique.toml", 'trust = "theirs.yaml"')
    (tmp_path / "home" / "trust").mkdir(parents=True)
    (project / "f").write_bytes(b"x")
    assert run(["verify", "f"]) != 0
    said = capsys.readouterr().err
    assert "is passed over: this machine follows a trust" in said
    assert "theirs.yaml: no such file" not in said


def test_of_a_secret_only_that_it_is_set_is_shown(capsys, project, monkeypatch):
    monkeypatch.setenv("PRATIQUE_KEY_PASSPHRASE", "swordfish")
    assert shown(capsys)["PRATIQUE_KEY_PASSPHRASE"] == ("(set)", "environment")


def test_every_variable_of_the_source_is_in_the_table_and_no_other():
    source = "".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    read = set(re.findall(r"\bPRATIQUE_[A-Z0-9]+(?:_[A-Z0-9]+)*", source))
    text = (ROOT / "docs/configuration.md").read_text()
    rows = [line.split("|")[1] for line in text.partition("## Variables")[2].splitlines() if line.startswith("| `")]
    assert set(re.findall(r"PRATIQUE_\w+", "".join(rows))) == read


def test_every_setting_is_in_the_documentation_with_an_example():
    example = (ROOT / "docs/configuration.md").read_text().partition("```toml")[2].partition("```")[0]
    assert re.findall(r"^([a-z-]+) =", example, re.MULTILINE) == list(SETTINGS)
