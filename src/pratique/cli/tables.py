"""Tables: on a terminal as wide as it is, in a pipe whole and parted by tabs.

What does not fit is made shorter in an order that keeps what cannot be guessed: digests to their first digits, names in their
middle, times to their day; texts wrap; last, columns that may be spared are left out, and it is said which. A version is never
cut, nor is the short form of a digest: rather is a line longer than the terminal.
"""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TextIO

import click

from pratique.cli.output import printable
from pratique.cli.voice import VOICE, say

Kind = Literal["text", "name", "purl", "whole", "digest", "time"]
GAP = 2
_SHORT_DIGEST = 19  # sha256: and twelve digits
_DAY = 10
_NAME, _TEXT, _LEAST = 12, 12, 5
_FALLBACK_WIDTH = 80
ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Column:
    """`kind`: `name` is shortened in its middle, `purl` so that its version stays, `digest` to its first digits, `time` to its
    day;
    `whole` stays, `text` wraps. `spare`: left out where there is no room for it, the highest first; 0 never."""

    heading: str
    kind: Kind = "text"
    spare: int = 0


@dataclass(frozen=True, slots=True)
class Fitted:
    """A table for a width, in cells of a terminal. `left_out`: headings of columns there was no room for."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]
    left_out: tuple[str, ...] = ()


def print_table(columns: Sequence[Column | str], rows: Sequence[Sequence[str]], *, err: bool = False) -> None:
    """A table; in a pipe without headings. A heading alone is a column of texts. `err`: on standard error."""
    stream = sys.stderr if err else sys.stdout
    shown = [[printable(cell) for cell in row] for row in rows]
    if not stream.isatty():
        for row in shown:
            click.echo("\t".join(row), err=err)
        return
    table = fit([Column(one) if isinstance(one, str) else one for one in columns], shown, terminal_width(stream))
    for line in _lines(table, _ellipsis(stream)):
        click.echo(line, err=err)
    if table.left_out:
        say(f"the terminal is too narrow for {', '.join(table.left_out)}")


def terminal_width(stream: TextIO) -> int:
    """Of what is being written to; what COLUMNS says goes before."""
    told = os.environ.get("COLUMNS", "")
    if told.isdecimal() and 0 < int(told) < 100_000:
        return int(told)
    try:
        return os.get_terminal_size(stream.fileno()).columns or _FALLBACK_WIDTH
    except (OSError, ValueError):
        return _FALLBACK_WIDTH


def fit(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> Fitted:
    """The table made to fit; lines that still are wider are so because of what is never cut."""
    kept = tuple(columns)
    cells = [list(row) for row in rows]
    left_out: list[str] = []
    if _total(_natural(kept, cells)) <= width:
        return _fitted(kept, cells, _natural(kept, cells), ())
    for number in [number for number, one in enumerate(kept) if one.spare and not any(row[number] for row in cells)][::-1]:
        kept, cells = _without(number, kept, cells)
    cells = _compact(kept, cells, {"digest": lambda text: text[:_SHORT_DIGEST]})
    widths = _shrunk(kept, cells, width, _floors(kept, cells))
    if _total(widths) > width:
        cells = _compact(kept, cells, {"time": lambda text: text[:_DAY], "digest": _digits})
        widths = _shrunk(kept, cells, width, _floors(kept, cells))
    while _total(widths) > width and any(one.spare for one in kept):
        number = max(range(len(kept)), key=lambda number: (kept[number].spare, number))
        left_out.append(kept[number].heading)
        kept, cells = _without(number, kept, cells)
        widths = _shrunk(kept, cells, width, _floors(kept, cells))
    if _total(widths) > width:
        widths = _shrunk(kept, cells, width, _floors(kept, cells, least=True))
    return _fitted(kept, cells, widths, tuple(left_out))


def shorten(text: str, width: int, mark: str = ELLIPSIS) -> str:
    """At most `width` cells of it, its beginning and, a little more, its end."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= width:
        return text
    if width <= 1:
        return mark[:width]
    tail_width = width // 2
    tail = ""
    for char in reversed(text):
        if cell_len(char + tail) > tail_width:
            break
        tail = char + tail
    return f"{set_cell_size(text, width - 1 - cell_len(tail)).rstrip()}{mark}{tail}"


def shorten_purl(text: str, width: int, mark: str = ELLIPSIS) -> str:
    """A package URL in at most `width` cells: without qualifiers, then with less of its name; its version stays if it can."""
    from rich.cells import cell_len

    if cell_len(text) <= width:
        return text
    version = _version(text)
    if not version:
        return shorten(text, width, mark)
    bare = text.partition("#")[0].partition("?")[0]
    room = width - cell_len(version)
    if room < _LEAST:
        return shorten(bare, width, mark)
    return shorten(bare.removesuffix(version), room, mark) + version


def _without(number: int, columns: tuple[Column, ...], cells: list[list[str]]) -> tuple[tuple[Column, ...], list[list[str]]]:
    return (*columns[:number], *columns[number + 1 :]), [[*row[:number], *row[number + 1 :]] for row in cells]


def _fitted(columns: tuple[Column, ...], cells: list[list[str]], widths: list[int], left_out: tuple[str, ...]) -> Fitted:
    return Fitted(columns, tuple(map(tuple, cells)), tuple(widths), left_out)


def _digits(text: str) -> str:
    return text.partition(":")[2][:12] or text


def _compact(columns: Sequence[Column], cells: list[list[str]], by_kind: dict[str, Callable[[str], str]]) -> list[list[str]]:
    return [[by_kind.get(one.kind, str)(cell) for one, cell in zip(columns, row, strict=True)] for row in cells]


def _natural(columns: Sequence[Column], cells: list[list[str]]) -> list[int]:
    from rich.cells import cell_len

    rows = [[one.heading for one in columns], *cells]
    return [max(cell_len(row[number]) for row in rows) for number in range(len(columns))]


def _floors(columns: Sequence[Column], cells: list[list[str]], *, least: bool = False) -> list[int]:
    """How narrow each may become; `least`: when nothing else is left to do."""
    found = []
    for number, (one, natural) in enumerate(zip(columns, _natural(columns, cells), strict=True)):
        floor = natural
        if one.kind == "name":
            floor = _LEAST if least else _NAME
        elif one.kind == "purl":
            floor = (_LEAST if least else _NAME) + max((len(_version(row[number])) for row in cells), default=0)
        elif one.kind == "text":
            floor = _LEAST if least else _TEXT
        found.append(min(floor, natural))
    return found


def _version(purl: str) -> str:
    """With its at sign; "" of what has none, such as a path with an at sign in a folder's name."""
    head, at, version = purl.partition("#")[0].partition("?")[0].rpartition("@")
    return at + version if head and "/" not in version else ""


def _shrunk(columns: Sequence[Column], cells: list[list[str]], width: int, floors: list[int]) -> list[int]:
    """The widest of what can be narrower gives first, until all fits or nothing can."""
    widths = _natural(columns, cells)
    while (over := _total(widths) - width) > 0:
        able = [number for number, floor in enumerate(floors) if widths[number] > floor]
        if not able:
            break
        widest = max(able, key=lambda number: widths[number])
        others = max((widths[number] for number in able if number != widest), default=0)
        least = max(floors[widest], min(others, widths[widest] - 1))
        widths[widest] = max(least, widths[widest] - over)
    return widths


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _ellipsis(stream: TextIO) -> str:
    try:
        ELLIPSIS.encode(stream.encoding or "utf-8")
    except UnicodeEncodeError:
        return "~"
    return ELLIPSIS


def _lines(table: Fitted, mark: str) -> "list[str]":
    """As they are printed: headings, a rule, and each row in as many lines as its texts need."""
    from rich.cells import cell_len

    def padded(cells: Sequence[str]) -> str:
        texts = [cell + " " * (width - cell_len(cell)) for cell, width in zip(cells, table.widths, strict=True)]
        return (" " * GAP).join(texts).rstrip()

    headings = [shorten(one.heading, width, mark) for one, width in zip(table.columns, table.widths, strict=True)]
    rule = (" " * GAP).join(("─" if mark == ELLIPSIS else "-") * width for width in table.widths)
    lines = [padded(headings), rule] if VOICE.plain else [click.style(padded(headings), bold=True), click.style(rule, dim=True)]
    for row in table.rows:
        cells = [_wrapped(one, cell, width, mark) for one, cell, width in zip(table.columns, row, table.widths, strict=True)]
        depth = max(map(len, cells), default=0)
        lines += [padded([cell[number] if number < len(cell) else "" for cell in cells]) for number in range(depth)]
    return lines


def _wrapped(column: Column, cell: str, width: int, mark: str) -> list[str]:
    from rich.cells import cell_len

    if cell_len(cell) <= width:
        return [cell]
    if column.kind == "name":
        return [shorten(cell, width, mark)]
    if column.kind == "purl":
        return [shorten_purl(cell, width, mark)]
    if column.kind == "text":
        from rich.console import Console
        from rich.text import Text

        return [line.plain.rstrip() for line in Text(cell).wrap(Console(width=width), width, overflow="fold")]
    return [cell]
