"""The README is true: its commands exist, its minute runs as printed, its exit codes are those of the error tree."""

import re
from pathlib import Path

import click
import pytest
from docs_console import blocks, parsed, shape, transcript
from test_e2e_chain import FILES, Run, make_archive, make_tar

from pratique import errors
from pratique.cli.main import COMMANDS, cli

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()
HOST = "127.0.0.1:5000"


def test_every_command_and_option_in_the_console_blocks_exists() -> None:
    commands = [words for words, _ in transcript(README)]
    assert len(commands) >= 6
    for words in commands:
        plain = words[1:] if words[0] == "sudo" else words
        assert plain[0] == "pratique"
        parsed(plain[1:])


def test_every_command_in_the_table_exists_and_none_is_missing() -> None:
    rows = re.findall(r"^\| (`pratique .*?) \|(?: |$)", README.replace("\\|", "¦"), re.MULTILINE)
    named = set()
    for row in rows:
        first, *others = re.findall(r"`([^`]+)`", row)
        words = first.split()[1:]
        named |= {words[0], *others}
        command = cli.get_command(click.Context(cli), words[0])
        assert command is not None, first
        if isinstance(command, click.Group) and len(words) > 1:  # `sbom SOURCE` is short for `sbom make SOURCE`
            context = click.Context(command)
            command = command.get_command(context, words[1]) or command.get_command(context, "make") or command
        known = {option for parameter in command.params for option in parameter.opts}
        assert set(re.findall(r"(?<!\S)\[?(--?[a-z][a-z-]*)", first)) <= known, first
    assert named == set(COMMANDS)


def test_the_exit_codes_are_those_of_the_error_tree() -> None:
    table = dict(re.findall(r"^\| (\d) \| (.+?) \|$", README, re.MULTILINE))
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.PratiqueError)]
    assert set(table) == {"0", *(str(kind.exit_code) for kind in kinds)}
    meant = {"1": errors.Violation, "2": errors.InputError, "3": errors.Unavailable, "4": errors.StorageError}
    assert {code: kind.exit_code for code, kind in meant.items()} == {code: int(code) for code in meant}
    words = {"0": "allowed", "1": "denied", "2": "usage", "3": "could not be checked", "4": "internal"}
    assert all(word in table[code] for code, word in words.items())


def test_the_links_lead_to_files() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert links
    for link in links:
        assert (Path(__file__).resolve().parents[2] / link).exists(), link


@pytest.mark.usefixtures("home")
def test_the_sixty_seconds_run_and_print_what_the_readme_shows(pratique: Run, registry: str, tmp_path: Path) -> None:
    """The agent's part needs a container and runs in test_runtime_agent.py and the demonstration."""
    click_files = {
        "var/lib/dpkg/info/libc6.list": b"/.\n",
        "opt/harbour/lib/click-8.5.1.dist-info/METADATA": b"Metadata-Version: 2.4\nName: click\nVersion: 8.5.1\n",
        "opt/harbour/lib/click-8.5.1.dist-info/RECORD": b"click/__init__.py,,\n",
        "opt/harbour/lib/click/__init__.py": b"",
    }
    archive = make_archive([make_tar({**FILES, **click_files})], name="harbour:1.0", created="2026-01-01T00:00:00Z")
    (tmp_path / "harbour.tar").write_bytes(archive)
    policies = [text for text in blocks(README, "yaml") if "policy.yaml" in text]
    (tmp_path / "policy.yaml").write_text(policies[0])
    played = 0
    for words, printed in transcript(README):
        if words[0] != "pratique":
            continue
        done = pratique(*(word.replace(HOST, f"{registry}/readme") for word in words[1:]))
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        shown = done.stdout.replace(f"{registry}/readme", HOST).splitlines()
        assert [shape(line) for line in shown] == [shape(line) for line in printed], words
        played += 1
    assert played >= 5
