"""-q, -v and --no-color, before and after the command."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import click
import httpx
import pytest
from test_cli_help import COMMANDS

from pratique.cli.main import run

LEAVES = [path for path, command in COMMANDS.items() if not isinstance(command, click.Group)]


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """An empty folder, of which `sbom` says that nothing is in it."""
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


@pytest.mark.parametrize("path", LEAVES)
@pytest.mark.parametrize("flags", [["-q"], ["--verbose"], ["--no-color", "-v"]])
def test_every_command_takes_them_before_and_after_its_name(capsys, path, flags):
    first, *rest = path.split()
    for words in ([*flags, first, *rest], [first, *flags, *rest], [first, *rest, *flags]):
        code = run([*words, "--help"])
        assert (code, capsys.readouterr().err) == (0, ""), words


def test_a_group_with_nothing_but_them_prints_its_help(capsys):
    assert run(["-q", "log", "--no-color"]) == 0
    assert "Usage: pratique log" in capsys.readouterr().out


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_quiet_leaves_the_result_and_takes_the_words_beside_it(capsys, folder, place):
    words = ["sbom", "make", f"dir:{folder}"]
    run(words)
    loud = capsys.readouterr()
    assert "EMPTY" in loud.err
    words.insert(place, "-q")
    assert run(words) == 0
    quiet = capsys.readouterr()
    assert (quiet.out, quiet.err) == (loud.out, "")


def test_quiet_leaves_errors(capsys, tmp_path):
    assert run(["-q", "sbom", f"dir:{tmp_path}/nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_verbose_says_each_step_with_its_time(capsys, folder):
    assert run(["sbom", f"dir:{folder}", "-v"]) == 0
    assert " s: inventory\n" in capsys.readouterr().err


def test_what_was_asked_of_one_run_is_forgotten_in_the_next(capsys, folder):
    run(["-q", "sbom", f"dir:{folder}"])
    run(["sbom", f"dir:{folder}"])
    assert "EMPTY" in capsys.readouterr().err


def test_verbose_names_requests_without_what_may_be_secret_in_them(capsys, folder):
    def ask():
        with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(204))) as client:
            client.get("https://user:secret@registry.example.com/v2/?token=hidden")

    run(["sbom", f"dir:{folder}", "-v"])
    capsys.readouterr()
    ask()
    assert capsys.readouterr().err == "pratique: GET https://registry.example.com/v2/: 204\n"
    run(["sbom", f"dir:{folder}"])
    capsys.readouterr()
    ask()
    assert capsys.readouterr().err == ""


def test_quiet_and_verbose_together_are_refused(capsys):
    assert run(["-q", "catalog", "list", "-v"]) == 2
    assert "contradict" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "environ", "coloured"),
    [
        ([], {}, True),
        (["--no-color"], {}, False),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"NO_COLOR": ""}, True),
        ([], {"TERM": "dumb"}, False),
    ],
)
def test_a_terminal_gets_colours_unless_they_are_not_wanted(folder, arguments, environ, coloured):
    ours, theirs = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | {"TERM": "xterm-256color", **environ}
    command = [sys.executable, "-m", "pratique", "key", "show", str(key_file(folder)), *arguments]
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=env) as process:
        process.wait(timeout=60)
    os.close(theirs)
    shown = os.read(ours, 65536)
    os.close(ours)
    assert b"key ID" in shown
    assert (b"\x1b[" in shown) is coloured


def key_file(folder: Path) -> Path:
    """A public key."""
    from pratique.keys.file import generate_key

    generate_key(folder / "k", "ed25519", None)
    return folder / "k.pub"
