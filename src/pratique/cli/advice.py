"""What to type instead: the last words of the one line that a mistake is answered with.

Whoever raises an error says what to do where it can know. Here is what only the command line knows: which file of the folder may
be meant, which kind of source a path is, that a key stands where the artifact belongs; and where nothing better is known, the
help. Nothing here changes what is wrong or its exit code. Loaded after something went wrong, never before.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from shlex import quote
from typing import Any

import click

from pratique.errors import InputError, NotFound, PratiqueError

_NAMES_LOOKED_AT = 1_000  # in a folder, for one that is spelled nearly as what is missing
_KEY_LOOKED_AT = 64 << 10  # bytes
_SUBJECTS = ("subjects", "subject", "source", "chart")
_KEYS = ("key", "keys")


def advise(error: PratiqueError, context: click.Context) -> None:
    """Give the error a hint where it has none, or a better one. `context`: of the command that ended with it."""
    if not isinstance(error, InputError):
        return
    hint = _swapped(error, context) or _misspelt(error) or error.hint
    error.hint = hint or _other_scheme(error, context) or _nearby(error)
    if error.hint is None:
        error.hint = f"see {context.command_path} --help"


def advise_usage(error: click.UsageError, context: click.Context) -> list[str]:
    """What to type instead of what click could not read, best first."""
    from pratique.cli.elsewhere import option_here
    from pratique.cli.examples import examples_of

    path = context.command_path
    if isinstance(error, click.NoSuchOption):
        if advice := option_here(error.option_name, path):
            return [advice]
        close = get_close_matches(error.option_name, error.possibilities or [], n=1, cutoff=0.7)
        return [f"did you mean {close[0]}?"] if close else []
    if isinstance(error, click.BadParameter) and error.param is not None and isinstance(error.param.type, click.Choice):
        typed = error.message.partition("'")[2].partition("'")[0]
        close = get_close_matches(typed, [str(choice) for choice in error.param.type.choices], n=1)
        return [f"did you mean {close[0]}?"] if close else []
    lacking = isinstance(error, click.MissingParameter | click.BadOptionUsage)
    extra = error.message.startswith("Got unexpected extra argument")
    takes_key = any("--key" in parameter.opts for parameter in context.command.params)
    if extra and takes_key and (key := next((word for word in _extra_words(error) if is_key_file(Path(word))), None)):
        return [f"did you mean --key {quote(key)}?"]
    lines = examples_of(path) if lacking or extra else ()
    option = getattr(error, "option_name", None)
    fitting = [line for line in lines if option and f" {option} " in line]
    return [f"for example: {line}" for line in [*fitting, *lines][:1]]


def misplaced_option(option: str, arguments: list[str], commands: dict[str, Any]) -> str | None:
    """For an option of a command that was typed before the command: how it is typed. None where there is no command."""
    command = next((word for word in arguments if word in commands), None)
    return f"options of a command stand after it: pratique {command} … {option}" if command is not None else None


def is_key_file(path: Path) -> bool:
    """Whether a file looks like a key, public or private, or a certificate."""
    from pratique.attest.keyfile import read_key
    from pratique.files import read_limited

    with suppress(InputError):
        found = read_key(read_limited(path, _KEY_LOOKED_AT))
        return bool(found.publics or found.privates or found.certificates)
    return False


def similar_variable(name: str) -> str | None:
    """The variable of ours that a misspelt one means; None for one that is ours, or resembles none."""
    from pratique.cli.settings import VARIABLES

    if name in VARIABLES:
        return None
    return next(iter(get_close_matches(name, sorted(VARIABLES), n=1, cutoff=0.85)), None)


def _extra_words(error: click.UsageError) -> list[str]:
    return error.message.partition("(")[2].rpartition(")")[0].split()


def _given(context: click.Context, names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        value = context.params.get(name)
        for one in (value,) if isinstance(value, str) else value or ():
            if isinstance(one, str):
                yield one


def _location(source: str) -> str:
    scheme, colon, rest = source.partition(":")
    from pratique.artifact.source import SCHEMES

    return rest if colon and scheme in SCHEMES else source


def _swapped(error: InputError, context: click.Context) -> str | None:
    """A key is named as the artifact, and what is named as the key is none."""
    key = next((key for key in _given(context, _KEYS) if error.where == key), None)
    if key is None:
        return None
    path = Path(key)
    if not path.is_file() or is_key_file(path):
        return None
    subjects = [_location(text) for text in _given(context, _SUBJECTS)]
    if len(subjects) != 1 or not is_key_file(Path(subjects[0])):
        return None
    return f"are they swapped? {context.command_path} {quote(key)} --key {quote(subjects[0])}"


def _missing(error: InputError) -> str | None:
    """The path that is not there, if that is what the error says."""
    return error.where if isinstance(error, NotFound) and error.message.startswith("no such ") else None


def _misspelt(error: InputError) -> str | None:
    """Of what is not there: what is spelled nearly so."""
    where = _missing(error)
    if where is None:
        return None
    path = Path(where)
    names: list[str] = []
    with suppress(OSError), os.scandir(path.parent) as entries:
        names = [entry.name for entry in islice(entries, _NAMES_LOOKED_AT) if entry.name.isprintable()]
    close = get_close_matches(path.name, names, n=1, cutoff=0.7)
    return f"did you mean {quote(str(path.with_name(close[0])))}?" if close and close[0] != path.name else None


def _nearby(error: InputError) -> str | None:
    """Of what is not there: what is wrong with its path."""
    where = _missing(error)
    if where is None:
        return None
    path = Path(where)
    if where.startswith("~"):
        return "a shell knows ~ at the beginning of a word only: write $HOME instead"
    if path.is_symlink():
        return f"it is a link that leads to nothing: ls -l {quote(where)}"
    if not path.parent.is_dir():
        first = next((above for above in reversed(path.parents) if not above.is_dir()), path.parent)
        return f"there is no folder {first}"
    if error.message == "no such key":
        return "make one: pratique key generate --output release makes release and release.pub"
    return f"see what is there: ls {quote(str(path.parent))}"


def _other_scheme(error: InputError, context: click.Context) -> str | None:
    """Of a path that is there and named as another kind of source than it is: the source that it is."""
    from pratique.artifact.source import SCHEMES, parse_source

    for text in _given(context, (*_SUBJECTS, "before", "after", "sbom")):
        scheme, colon, location = text.partition(":")
        if not colon or scheme not in SCHEMES or error.where != location or not Path(location).exists():
            continue
        with suppress(InputError):
            meant = parse_source(location, engines=False)
            if meant.scheme != scheme:
                return f"did you mean {quote(str(meant))}?"
    return None
