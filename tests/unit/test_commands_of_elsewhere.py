"""Who types another tool's command is told what it is called here."""

from itertools import pairwise

import pytest

from pratique.cli.elsewhere import CALLED_HERE
from pratique.cli.main import COMMANDS, run


@pytest.mark.parametrize("name", CALLED_HERE)
def test_a_command_of_another_tool_is_one_line_that_says_what_to_type(capsys, name):
    assert run([name, "--key", "k", "FILE"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert CALLED_HERE[name].split(":")[0].split(";")[0] in said


@pytest.mark.parametrize("text", CALLED_HERE.values())
def test_what_is_said_to_be_typed_instead_is_a_command_of_ours(text):
    words = text.replace(":", " ").replace(";", " ").split()
    named = [after for before, after in pairwise(words) if before == "pratique"]
    assert all(word in COMMANDS or word == "--version" for word in named)


def test_a_misspelt_command_is_answered_with_the_one_that_is_meant(capsys):
    assert run(["verfiy", "x"]) == 2
    assert "did you mean pratique verify?" in capsys.readouterr().err
