"""How much is said beside the result, and whether in colours: -q, -v and --no-color, which every command takes, and the program
before any command. NO_COLOR (no-color.org) and TERM=dumb are heeded as well.

Set by `run` for one run and by the options; read where something is said (`cli.options`, `cli.output`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import logging


@dataclass(slots=True)
class Voice:
    """`quiet`: results and errors only. `verbose`: also what is being done. `plain`: no colours, no moving bar."""

    quiet: bool = False
    verbose: bool = False
    plain: bool = False

    def begin(self, environ: Mapping[str, str]) -> None:
        """As it is before any option is read."""
        self.quiet = self.verbose = False
        self.plain = bool(environ.get("NO_COLOR")) or environ.get("TERM") == "dumb"


VOICE = Voice()
FLAGS = frozenset({"-q", "--quiet", "-v", "--verbose", "--no-color"})


def say(line: str) -> None:
    """A word to the user beside the result, on stderr; nothing with --quiet."""
    if not VOICE.quiet:
        click.echo(f"pratique: {line}", err=True)


def voice_options(*, hidden: bool) -> list[click.Parameter]:
    """The three, of one command; its function does not see them. `hidden`: not in its help, for they are the program's."""

    def option(*names: str, text: str) -> click.Option:
        return click.Option(names, is_flag=True, expose_value=False, hidden=hidden, callback=_apply, help=text)

    return [
        option("-q", "--quiet", text="Print results and errors only."),
        option("-v", "--verbose", text="Say on standard error what is being done: steps, requests."),
        option("--no-color", "plain", text="No colours and no moving bar; also NO_COLOR, TERM=dumb."),
    ]


def _apply(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if not value or context.resilient_parsing:
        return
    setattr(VOICE, str(parameter.name), True)
    if VOICE.quiet and VOICE.verbose:
        raise click.UsageError("--quiet and --verbose contradict each other", context)
    if VOICE.verbose:
        _tell_requests()


def _tell_requests() -> None:
    """What httpx logs of each request, without what may be secret in its address: user and query."""
    import logging

    logger = logging.getLogger("httpx")
    logger.setLevel(logging.INFO)
    if not any(handler.get_name() == "pratique" for handler in logger.handlers):
        logger.addHandler(_handler(logging.Handler))


def _handler(base: "Callable[[], logging.Handler]") -> "logging.Handler":
    handler = base()
    handler.set_name("pratique")
    handler.emit = _emit  # type: ignore[method-assign]
    return handler


def _emit(record: "logging.LogRecord") -> None:
    if VOICE.verbose and isinstance(record.args, tuple) and len(record.args) == 5:
        method, url, _, status, _ = record.args
        address = str(url).partition("?")[0]
        scheme, _, rest = address.partition("://")
        host, slash, path = rest.partition("/")
        say(f"{method} {scheme}://{host.rpartition('@')[2]}{slash}{path}: {status}")
