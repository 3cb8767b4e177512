"""Help: whole, where it was asked for, with examples that are true."""

import shlex
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from pratique.cli.examples import EXAMPLES
from pratique.cli.main import cli, run


def every_command(command: click.Command = cli, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """All commands and groups with what is typed after `pratique`."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from every_command(inner, f"{path} {name}".strip())


COMMANDS = dict(every_command())
GROUPS = [path for path, command in COMMANDS.items() if isinstance(command, click.Group)]
EXAMPLE_LINES = [(path, line) for path, lines in EXAMPLES.items() for line in lines]


@pytest.mark.parametrize("path", GROUPS)
def test_a_group_alone_prints_its_help_on_standard_output(capsys, path):
    assert run(path.split()) == 0
    alone = capsys.readouterr()
    assert alone.err == ""
    assert run([*path.split(), "--help"]) == 0
    assert alone.out == capsys.readouterr().out
    assert alone.out.count("\n") > 10


@pytest.mark.parametrize("path", GROUPS)
def test_a_group_says_of_each_command_a_sentence_that_is_not_cut(capsys, path):
    assert run(path.split()) == 0
    shown = capsys.readouterr().out.partition("Commands:")[2].partition("Examples:")[0]
    assert shown.strip()
    assert "..." not in shown


@pytest.mark.parametrize("path", COMMANDS)
def test_every_help_ends_with_examples_of_the_command_itself(capsys, path):
    assert run([*path.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    lines = EXAMPLES[path]
    assert 1 <= len(lines) <= 3
    assert "Examples:" in shown
    assert all(f"  {line}\n" in shown for line in lines)
    assert all(f"pratique {path}" in line for line in lines)


def test_no_example_is_of_a_command_that_is_gone():
    assert set(EXAMPLES) == set(COMMANDS)


@pytest.mark.parametrize(("path", "line"), EXAMPLE_LINES)
def test_click_takes_every_example(path, line):
    words = shlex.split(line.partition(" > ")[0])
    words = words[1:] if words[0] == "sudo" else words
    assert words[0] == "pratique"
    if "--help" in words:
        words.remove("--help")
        assert " ".join(words[1:]) in COMMANDS
        return
    command, arguments, context = cli, words[1:], None
    while isinstance(command, click.Group):
        context = command.make_context("pratique", arguments, parent=context)
        _, command, arguments = command.resolve_command(context, [*context._protected_args, *context.args])
        assert command is not None
    command.make_context("x", arguments, parent=context)


@pytest.mark.parametrize(
    ("typed", "lacking"),
    [
        ("verify", "source"),
        ("gate dir:.", "--policy"),
        ("log entry", "index"),
        ("sbom convert", "in"),
        ("key generate", "--output"),
        ("trust rotate a.pub", "new"),
    ],
)
def test_a_command_that_lacks_something_says_what_with_a_line_to_type(capsys, typed, lacking):
    assert run(typed.split()) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert lacking in said.err.lower().partition("(")[0]
    path = next(path for path in sorted(COMMANDS, key=len, reverse=True) if path and typed.startswith(path))
    assert f"for example: {EXAMPLES[path][0]}" in said.err


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("verfiy x", "pratique verify"),
        ("log verfy", "pratique log verify"),
        ("trust ad release", "pratique trust add"),
        ("key genrate --output k", "pratique key generate"),
        ("sbom convrt x.json", "pratique sbom convert"),
        ("gate dir:. --polcy p.yaml", "--policy"),
        ("sbom dir:. --exlude x", "--exclude"),
        ("--verson", "--version"),
    ],
)
def test_what_is_misspelt_is_answered_with_what_is_meant_in_one_line(capsys, typed, meant):
    assert run(typed.split()) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"did you mean {meant}?" in said


def test_what_resembles_nothing_is_sent_to_the_help(capsys):
    assert run(["log", "qqqq"]) == 2
    assert capsys.readouterr().err == "pratique: there is no command 'qqqq' in pratique log (see pratique log --help)\n"


def test_a_source_that_is_called_nearly_as_a_command_is_made_when_it_is_there(capsys, tmp_path, monkeypatch):
    (tmp_path / "scores").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    assert run(["sbom", "scores"]) == 0
    assert "did you mean" not in capsys.readouterr().err


def test_the_first_help_loads_no_command():
    code = (
        "import sys; from pratique.cli.main import run; run(['--help']); "
        "print(*sorted(n for n in sys.modules if n.startswith('pratique.cli.')), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.removeprefix("pratique.cli.") for name in done.stderr.split()}
    assert loaded.isdisjoint(cli.list_commands(click.Context(cli)))
    assert "main" in loaded
