"""Who types another tool's command or option is told what it is called here."""

import re
from itertools import pairwise

import click
import pytest

from pratique.cli.elsewhere import CALLED_HERE, OPTIONS_HERE, option_here
from pratique.cli.main import COMMANDS, cli, run

PROGRAM_OPTIONS = ("--version", "--help")


def options_of(path: str) -> set[str]:
    """All spellings of a command's options; of a group, those of all of its commands."""
    command, context = cli, click.Context(cli)
    for word in path.split():
        assert isinstance(command, click.Group)
        found = command.get_command(context, word)
        assert found is not None, path
        command = found
    inner = [command, *(command.commands.values() if isinstance(command, click.Group) else ())]
    return {name for one in inner for parameter in one.params for name in parameter.opts}


@pytest.mark.parametrize("typed", CALLED_HERE)
def test_a_command_of_another_tool_is_one_line_that_says_what_to_type(capsys, typed):
    assert run([*typed.split(), "--key", "k", "FILE"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert CALLED_HERE[typed].split(":")[0].split(";")[0] in said


@pytest.mark.parametrize("text", CALLED_HERE.values())
def test_what_is_said_to_be_typed_instead_is_a_command_of_ours(text):
    words = text.replace(":", " ").replace(";", " ").replace(",", " ").split()
    named = [after for before, after in pairwise(words) if before == "pratique"]
    assert all(word in COMMANDS or word in PROGRAM_OPTIONS for word in named)


@pytest.mark.parametrize(("typed", "advice"), OPTIONS_HERE)
def test_what_is_said_to_be_written_instead_of_an_option_is_one_of_ours(typed, advice):
    path, _, name = typed.rpartition(" ")
    every = {name for command in COMMANDS for name in options_of(command)} | set(PROGRAM_OPTIONS)
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", advice)) <= every
    if path and path != "sbom":
        assert name not in options_of(path), f"{path} has {name}"


@pytest.mark.parametrize(
    ("typed", "advice"),
    [
        ("sign file --yes", "leave it out: nothing is asked"),
        ("sign file --tlog-upload=false", "leave it out"),
        ("verify file --type spdx", "write --require TYPE"),
        ("verify file -o json", "write --format json"),
        ("sbom dir:. --format json", "-o FORMAT"),
        ("sbom dir:. --output-file x", "write --file PATH"),
        ("copy a b --plain-http", "PRATIQUE_PLAIN_HTTP"),
        ("key generate --kms awskms:///x", "write --output REFERENCE"),
        ("-V", "write --version"),
        ("--key k sign file", "options of a command stand after it: pratique sign … --key"),
    ],
)
def test_an_option_of_another_tool_is_one_line_that_says_what_to_write(capsys, typed, advice):
    assert run(typed.split()) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert advice in said


def test_an_option_that_nobody_knows_has_no_advice():
    assert option_here("--frobnicate", "pratique sign") is None


def test_a_misspelt_command_is_answered_with_the_one_that_is_meant(capsys):
    assert run(["verfiy", "x"]) == 2
    assert "did you mean pratique verify?" in capsys.readouterr().err
