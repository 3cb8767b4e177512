"""Completion in shells, and the manual page."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pratique.cli.main import COMMANDS, run

ROOT = Path(__file__).resolve().parents[3]


def completed(*words: str) -> tuple[list[str], set[str]]:
    """What bash is offered for the last word, and the modules of commands that were loaded for it."""
    code = (
        "import sys\nfrom pratique.cli.main import run\n"
        "try:\n    run([])\nfinally:\n    print(*(n for n in sys.modules if n.startswith('pratique.')), file=sys.stderr)"
    )
    environ = os.environ | {
        "_PRATIQUE_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    return [line.partition(",")[2] for line in done.stdout.split()], set(done.stderr.split())


def test_commands_are_completed_without_loading_one():
    offered, loaded = completed("pratique", "t")
    assert offered == ["tree", "trace", "trust"]
    assert not loaded & {module for module, _ in COMMANDS.values()}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("pratique", "trust", "re"), ["refresh", "retire", "revoke"]),
        (("pratique", "gate", "--pol"), ["--policy"]),
        (("pratique", "-q", "completion", ""), ["bash", "zsh", "fish"]),
        (("pratique", "sbom", "check", "--len"), ["--lenient"]),
        (("pratique", "nonsense", "--x"), []),
    ],
)
def test_groups_options_and_choices_are_completed(words, expected):
    assert completed(*words)[0] == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_asks_this_program(capsys, shell):
    assert run(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert f"_PRATIQUE_COMPLETE={shell}_complete" in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)


def test_the_manual_page_says_what_help_says_now():
    source = (ROOT / "tools/make-man-page").read_text()
    tool = {"__name__": "tool", "__file__": str(ROOT / "tools/make-man-page")}
    exec(compile(source, "make-man-page", "exec"), tool)  # noqa: S102
    assert (ROOT / "docs/pratique.1").read_text() == tool["page"](), "run tools/make-man-page"


def test_the_wheel_carries_the_manual_page_to_where_man_looks():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    carried = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert carried["docs/pratique.1"] == "share/man/man1/pratique.1"


@pytest.mark.skipif(shutil.which("groff") is None, reason="no groff to read the manual page with")
def test_groff_finds_nothing_to_warn_about_in_the_manual_page():
    command = ["groff", "-man", "-Tutf8", "-P-cbou", "-ww", str(ROOT / "docs/pratique.1")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "pratique gate [OPTIONS] SOURCE" in done.stdout.replace("\u2010", "-")
