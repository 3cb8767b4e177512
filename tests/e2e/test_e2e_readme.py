"""The README is true: its commands exist, its minute runs as printed, its exit codes are those of the error tree."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from test_e2e_chain import FILES, Run, make_archive, make_tar

from pratique import errors
from pratique.cli.main import COMMANDS, cli

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()
HOST = "127.0.0.1:5000"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def transcript() -> Iterator[tuple[list[str], list[str]]]:
    """Each command of the console blocks, and the lines that are printed below it."""
    for part in re.split(r"^\$ ", "".join(blocks("console")), flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield shlex.split(command), [line for line in output.splitlines() if line]


def parsed(words: list[str]) -> None:
    """Let click read a command line, without running it. Raises what click raises."""
    command: click.Command = cli
    context = click.Context(cli, info_name="pratique")
    while isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        assert found is not None, words[0]
        command, words, context = found, words[1:], click.Context(found, parent=context, info_name=words[0])
    command.make_context(command.name or "", list(words), parent=context.parent)


def shape(line: str) -> str:
    """A line without what differs from one run to the next: digests, numbers, times, addresses, names of the image."""
    line = re.sub(r"127\.0\.0\.1:\d+", "HOST", line)
    line = re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z|sha256:[0-9a-f]+|\b[0-9a-f]{12}\b|\b[0-9a-f]{64}\b", "#", line)
    line = re.sub(r"[\d.,]+ (KiB|MiB|GiB|B)\b", "# B", line)
    return re.sub(r"\s+", " ", re.sub(r"\d[\d.,]*", "#", line)).strip()


def test_every_command_and_option_in_the_console_blocks_exists() -> None:
    commands = [words for words, _ in transcript()]
    assert len(commands) >= 6
    for words in commands:
        program, *arguments = words[1:] if words[0] == "sudo" else words
        assert program == "pratique"
        parsed(arguments)


def test_every_command_in_the_table_exists_and_none_is_missing() -> None:
    rows = re.findall(r"^\| (`pratique .*?) \|(?: |$)", README.replace("\\|", "¦"), re.MULTILINE)
    named = set()
    for row in rows:
        first, *others = re.findall(r"`([^`]+)`", row)
        words = first.split()[1:]
        named |= {words[0], *others}
        command = cli.get_command(click.Context(cli), words[0])
        assert command is not None, first
        if isinstance(command, click.Group) and len(words) > 1 and words[1].islower():
            command = command.get_command(click.Context(command), words[1]) or command
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
        "opt/harbour/lib/click-8.5.1.dist-info/METADATA": b"Metadata-Version: 2.4\nName: click\nVersion: 8.5.1\n",
        "opt/harbour/lib/click-8.5.1.dist-info/RECORD": b"click/__init__.py,,\n",
        "opt/harbour/lib/click/__init__.py": b"",
    }
    archive = make_archive([make_tar({**FILES, **click_files})], name="harbour:1.0", created="2026-01-01T00:00:00Z")
    (tmp_path / "harbour.tar").write_bytes(archive)
    policies = [text for text in blocks("yaml") if "policy.yaml" in text]
    (tmp_path / "policy.yaml").write_text(policies[0])
    played = 0
    for words, printed in transcript():
        if words[0] != "pratique":
            continue
        done = pratique(*(word.replace(HOST, f"{registry}/readme") for word in words[1:]))
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        shown = done.stdout.replace(f"{registry}/readme", HOST).splitlines()
        assert [shape(line) for line in shown] == [shape(line) for line in printed], words
        played += 1
    assert played >= 5
