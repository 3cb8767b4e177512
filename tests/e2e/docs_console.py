"""Pages whose console blocks are run: what they hold, whether click reads it, and what of it may differ from run to run."""

import re
import shlex
from collections.abc import Iterator

import click

from pratique.cli.main import cli


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of that language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def transcript(page: str) -> Iterator[tuple[list[str], list[str]]]:
    """Each command of the console blocks, and the lines that are printed below it."""
    for part in re.split(r"^\$ ", "".join(blocks(page, "console")), flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield shlex.split(command), [line for line in output.splitlines() if line]


def parsed(words: list[str]) -> None:
    """Let click read a command line, without running it. Raises what click raises."""
    command: click.Command = cli
    context = click.Context(cli, info_name="pratique")
    while isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        if found is None and context.info_name == "sbom":  # `sbom SOURCE` is short for `sbom make SOURCE`
            words = ["make", *words]
            found = command.get_command(context, "make")
        assert found is not None, words[0]
        command, words, context = found, words[1:], click.Context(found, parent=context, info_name=words[0])
    command.make_context(command.name or "", list(words), parent=context.parent)


def shape(line: str) -> str:
    """A line without what differs from one run to the next: digests, numbers, times, addresses, names of the image."""
    line = re.sub(r"127\.0\.0\.1:\d+", "HOST", line)
    line = re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z|sha256:[0-9a-f]+|\b[0-9a-f]{12}\b|\b[0-9a-f]{64}\b", "#", line)
    line = re.sub(r"[\d.,]+ (KiB|MiB|GiB|B)\b", "# B", line)
    return re.sub(r"\s+", " ", re.sub(r"\d[\d.,]*", "#", line)).strip()
