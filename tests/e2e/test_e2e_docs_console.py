"""docs/operations.md, docs/registries.md and docs/ci.md are true: their console blocks run as printed, one after the other."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml
from docs_console import blocks, parsed, shape
from docs_shell import DocsShell, steps
from test_e2e_chain import FILES, POLICY, make_archive, make_tar

from pratique.cli.main import cli

DOCS = Path(__file__).resolve().parents[2] / "docs"
HOST = "127.0.0.1:5000"


def furnish(folder: Path) -> None:
    """What every page takes for granted: two images of one's own, and a policy."""
    for version in ("1.0", "1.1"):
        files = {name: data.replace(b"Version: 1.0", f"Version: {version}".encode()) for name, data in FILES.items()}
        archive = make_archive([make_tar(files)], name=f"app:{version}", created="2026-01-01T00:00:00Z")
        (folder / f"app-{version}.tar").write_bytes(archive)
    (folder / "policy.yaml").write_text(POLICY.replace("K.pub", "release.pub"))


@pytest.mark.parametrize("page", ["operations", "registries", "ci"])
def test_the_console_blocks_of_the_page_run_and_print_what_it_shows(
    page: str, home: dict[str, str], registry: str, tmp_path: Path
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    furnish(folder)
    place = f"{registry}/{page}"
    environ = {**home, "HOME": str(tmp_path / "user"), "XDG_STATE_HOME": str(tmp_path / "state")}
    for name in ("PRATIQUE_HOME", "PRATIQUE_KEY"):
        environ.pop(name, None)
    played = 0
    with DocsShell(folder, environ) as shell:
        for command, printed in steps((DOCS / f"{page}.md").read_text()):
            said = shell.say(command.replace(HOST, place))
            shown = [line.replace(place, HOST).replace(registry, HOST).replace(str(folder), "/srv/acme") for line in said]
            assert [shape(line) for line in shown if line] == [shape(line) for line in printed], command
            played += 1
    assert played >= 6


@pytest.mark.parametrize("page", ["operations", "registries", "ci"])
def test_the_links_of_the_page_lead_to_files_and_headings(page: str) -> None:
    for link in re.findall(r"\]\((?!http)([^)]+)\)", (DOCS / f"{page}.md").read_text()):
        name, _, anchor = link.partition("#")
        target = (DOCS / name) if name else DOCS / f"{page}.md"
        assert target.exists(), link
        headings = {
            re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-")
            for heading in re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
        }
        assert not anchor or anchor in headings, link


def strings(value: object) -> Iterator[str]:
    """All texts in a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from strings(each)


def test_click_reads_every_command_of_the_pipelines_and_scripts() -> None:
    page = (DOCS / "ci.md").read_text()
    lines = [text for block in blocks(page, "yaml") for text in strings(yaml.safe_load(block))]
    lines += [text for block in blocks(page, "groovy") for text in re.findall(r"sh '([^']+)'", block)]
    for name in ("ci", "operations"):
        for block in blocks((DOCS / f"{name}.md").read_text(), "sh"):
            lines += block.replace("\\\n", " ").splitlines()
    commands = [line.strip() for line in lines if line.strip().startswith("pratique ")]
    assert len(commands) >= 15
    for command in commands:
        words = shlex.split(re.split(r" (?:\|\|?|&&|>>?) ", command)[0])
        try:
            parsed(words[1:])
        except Exception as error:
            raise AssertionError(command) from error


def test_the_pipelines_begin_where_their_systems_want_them_to() -> None:
    github, gitlab = (yaml.safe_load(block) for block in blocks((DOCS / "ci.md").read_text(), "yaml"))
    assert set(github[True]) == {"pull_request", "push"} and github["permissions"] == {
        "contents": "read"
    }  # `on` is YAML 1.1's true
    assert "id-token" not in github["jobs"]["change"].get("permissions", {})
    assert all("script" in job for name, job in gitlab.items() if name not in ("variables", "stages"))


def test_the_variables_of_build_systems_are_those_that_are_read() -> None:
    page = (DOCS / "ci.md").read_text()
    source = (DOCS.parent / "src/pratique/attest/predicates/environment.py").read_text()
    rows = re.findall(r"^\| (?:GitHub|GitLab|Jenkins|Tekton|elsewhere).*$", page, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"\b[A-Z]+_[A-Z_]+\b", row)}
    assert len(rows) == 5 and len(named) >= 20
    assert {name for name in named if f'"{name}"' not in source} == set()


@pytest.mark.parametrize("page", ["operations", "registries"])
def test_the_commands_that_the_text_names_exist_with_their_options(page: str) -> None:
    text = re.sub(r"^```.*?^```", "", (DOCS / f"{page}.md").read_text(), flags=re.MULTILINE | re.DOTALL)
    named = re.findall(r"`(?:PRATIQUE_\w+=\S+ )?pratique ([^`]+)`", text)
    assert named
    for words in map(str.split, named):
        command = cli.get_command(click.Context(cli), words[0])
        assert command is not None, words
        if isinstance(command, click.Group) and len(words) > 1:
            command = command.get_command(click.Context(command), words[1])
            assert command is not None, words
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("-")} <= known, words
