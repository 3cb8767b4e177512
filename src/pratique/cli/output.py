"""What people and programs read: marks, facts and JSON on standard output; progress on a terminal, on standard error."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pratique.app.talk import Talk
from pratique.cli.voice import VOICE, say
from pratique.errors import InputError
from pratique.model import Cause, State

if TYPE_CHECKING:
    from pratique.ship.shipment import Steps

format_option = click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", help="For people or for programs."
)

_MARKS = {State.VERIFIED: ("✔", "green"), State.VIOLATED: ("✘", "red"), State.UNCHECKED: ("?", "yellow")}
_PLAIN_MARKS = {"✔": "+", "✘": "x"}


def printable(text: str) -> str:
    """Names out of foreign bytes must not control the terminal."""
    return "".join(char if char.isprintable() else "�" for char in text)


def print_json(value: Any) -> None:
    """One JSON document, stable in its order."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True))


def write_output(path: str, data: bytes) -> None:
    """To the file that was asked for, and to nothing else (`files.write_output`). Raises InputError, StorageError."""
    from pratique.files import write_output as write

    write(named_output(path), data)


def named_output(path: str) -> Path:
    """The file that an option names. Raises InputError for an empty name, which `Path` takes for the working folder."""
    if not path or "\0" in path:
        raise InputError("a file without a name", hint="name one: PATH")
    return Path(path)


def print_title(text: str) -> None:
    """A headline."""
    click.secho(printable(text), bold=True)


def print_fact(label: str, text: str) -> None:
    """An aligned line of label and value."""
    click.echo(f"  {click.style(f'{label:<14}', dim=True)} {printable(text)}")


def print_verdict(cause: Cause, label: str, text: str) -> None:
    """A mark for the state, what was asked, and the answer. The cause is spelled out when it is not `verified`."""
    mark, colour = _MARKS[cause.state]
    try:
        mark.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        mark = _PLAIN_MARKS[mark]
    reason = "" if cause is Cause.NONE else f"{cause.value}: "
    click.echo(f"  {click.style(mark, fg=colour)} {label:<16} {reason}{printable(text)}")


def print_note(label: str, text: str) -> None:
    """What is there and was not asked for, or was not verified: neither a yes nor a no."""
    click.echo(f"  {click.style('·', dim=True)} {label:<16} {printable(text)}")


def markdown_cell(text: str) -> str:
    """As code, so that no foreign name can be markup; what would end the cell or the code is replaced."""
    shown = printable(text).replace("`", "'").replace("|", "\\|")
    return f"`{shown}`" if shown else ""


def human_size(count: float) -> str:
    """Bytes with a binary prefix."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def iso_time(seconds: int) -> str:
    """RFC 3339 in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


@contextmanager
def progress_display() -> "Iterator[tuple[Callable[[str], None], Callable[[int, int], None]]]":
    """Two functions: a step begins; bytes done of all. A bar on a terminal, silence in a pipe; lines with --verbose."""
    if VOICE.verbose:
        start = time.monotonic()
        yield (lambda name: say(f"{time.monotonic() - start:.1f} s: {name}"), lambda _done, _all: None)
        return
    if VOICE.quiet or VOICE.plain or not sys.stderr.isatty():
        yield (lambda _: None, lambda _done, _all: None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<28}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("starting", total=None)

        def begin(name: str) -> None:
            progress.update(task, description=name, completed=0, total=None)

        def move(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total or None)

        yield begin, move


def show_steps(begin: Callable[[str], None], move: Callable[[int, int], None]) -> "Steps":
    """The two functions as `ship` takes them."""
    from pratique.ship.shipment import Steps

    return Steps(begin=begin, progress=move)


TALK = Talk(say=say, progress=progress_display)
"""A use case talks to the terminal."""
