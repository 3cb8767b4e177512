"""The entry point: finds the command, runs it, and turns every error into one line and an exit code."""

import codecs
import errno
import gc
import importlib
import io
import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from pratique import __version__
from pratique.cli.commands import PROGRAM, CommandGroup, commands_called
from pratique.cli.voice import VOICE
from pratique.errors import PratiqueError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# Name → (module, one line of help). The help stands here so that `pratique --help` loads no command.
COMMANDS = {
    "ship": ("pratique.cli.ship", "Inventory, sign, attest, push, log and catalogue an artifact: the whole way out."),
    "sbom": ("pratique.cli.sbom", "Make a bill of materials, or check one against the bytes it is about."),
    "sign": ("pratique.cli.sign", "Sign images, files, manifests and charts, in the forms that others read."),
    "attest": ("pratique.cli.attest", "Sign a statement of any type about one or several artifacts."),
    "verify": ("pratique.cli.verify", "Verify everything that is said about an artifact."),
    "bundle": ("pratique.cli.bundle", "Take an artifact, its evidence and the trust where there is no network."),
    "tree": ("pratique.cli.tree", "Show what hangs on an artifact: images, referrers, tags."),
    "attach": ("pratique.cli.attach", "Attach what was signed elsewhere."),
    "download": ("pratique.cli.download", "Write what is said about an artifact into files."),
    "push": ("pratique.cli.push", "Push a Helm chart with its provenance file."),
    "pull": ("pratique.cli.pull", "Pull a Helm chart with its provenance file."),
    "copy": ("pratique.cli.copy", "Copy an artifact with everything that is said about it."),
    "gate": ("pratique.cli.gate", "Decide by policy whether an artifact may be deployed."),
    "agent": ("pratique.cli.agent", "Hold running containers to their signed file manifests."),
    "trace": ("pratique.cli.trace", "Show the chain of custody of a digest or a running container."),
    "trust": ("pratique.cli.trust", "Say who may say what; sign, publish and follow it."),
    "key": ("pratique.cli.key", "Generate, import, show and rotate signing keys."),
    "log": ("pratique.cli.log", "Look into the transparency log and verify all of it."),
    "catalog": ("pratique.cli.catalog", "Search the ledger of artifacts, components and decisions."),
    "backup": ("pratique.cli.backup", "Copy this machine's state while it is in use: catalog, log, trust, keys."),
    "config": ("pratique.cli.config", "Show which defaults hold here, and where each is from."),
    "completion": ("pratique.cli.completion", "Print a script that completes commands in bash, zsh or fish."),
}

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


class LazyGroup(CommandGroup):
    """Loads a command's module when it is called for: start-up time is part of the product."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command

    def advice(self, ctx: click.Context, name: str, names: list[str]) -> str | None:
        from pratique.cli.elsewhere import command_here

        if command_here(name, "") is not None:
            return super().advice(ctx, name, names)
        inner = commands_called(name)
        if inner:
            return f"did you mean {' or '.join(inner)}?"
        if any(mark in name for mark in ":/.@") or os.path.lexists(name):
            from shlex import quote

            return f"did you mean pratique sbom {quote(name)}?"
        return super().advice(ctx, name, names)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Commands and options of the program itself, without loading one."""
        from click.shell_completion import CompletionItem

        names = [CompletionItem(name, help=text) for name, (_, text) in COMMANDS.items() if name.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    PROGRAM,
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit codes: 0 allowed or done; 1 denied or violated; 2 wrong usage or unreadable input; "
    "3 could not be checked; 4 internal error.",
)
@click.version_option(__version__, prog_name="pratique")
def cli() -> None:
    """Clearance for software: bills of materials, signatures and proofs, checked at the gate, held to at run time."""


def main() -> None:
    """Run the command line and exit with the code of the design."""
    codecs.register_error("pratique", _as_escape)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="pratique")
    # Documents of many small values are built and dropped; collecting less often saves a third of reading a large one.
    gc.set_threshold(50_000, 20, 50)
    # Inflating, hashing and walking run side by side; a thread whose C call has ended waits this long at most for its turn.
    sys.setswitchinterval(0.0005)
    leave(run(sys.argv[1:]))


def _as_escape(error: UnicodeError) -> tuple[str, int]:
    """What a terminal cannot show, as JSON escapes it, so that JSON stays JSON; names of files that are no text among it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)), error.end


def _complain(line: str) -> None:
    """On standard error, if there is any."""
    try:
        click.echo(f"pratique: {line}", err=True)
        sys.stderr.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def leave(code: int) -> NoReturn:
    """End the process at once, with all that was printed written: taking apart what a large artifact left in memory, value by
    value, would take as long as reading a small one. Whatever must be closed was closed by the context it was opened in.
    """
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        pass
    except OSError as error:
        os.write(2, f"pratique: {_unwritten(error)}\n".encode())
        code = 4
    os._exit(code)


def run(arguments: list[str]) -> int:
    """Run one command; returns the exit code. No traceback reaches a user unless PRATIQUE_DEBUG is set."""
    VOICE.begin(os.environ)
    try:
        result: Any = cli.main(args=arguments, prog_name=PROGRAM, standalone_mode=False)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as error:
        _complain(_one_line(_usage(error, arguments)))
        return 2
    except (click.Abort, KeyboardInterrupt):
        _complain("interrupted; the same command continues where it stopped")
        return 130
    except PratiqueError as error:
        _complain(_one_line(str(error)))
        return error.exit_code
    except BrokenPipeError:
        # The reader went away, as in `pratique … | head`: not our error; keep the interpreter from flushing into it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _FULL and error.filename is None:
            # What any room writes to a file names it: this was standard output, and what is left for it has no place either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            _complain(_unwritten(error))
            return 4
        if os.environ.get("PRATIQUE_DEBUG"):
            raise
        if isinstance(error, PermissionError) and isinstance(error.filename, str):
            # Where no room said it better: a folder that may not even be looked into, as one that is mounted for another user
            hint = "it is another user's: run this as that one, or let this one in"
            _complain(_one_line(f"{error.filename}: cannot be looked at: permission denied ({hint})"))
            return 2
        text = _one_line(f"{type(error).__name__}: {error}")
        _complain(f"internal error: {text} (set PRATIQUE_DEBUG=1 to see where)")
        return 4
    return result if isinstance(result, int) else 0


def _usage(error: click.ClickException, arguments: list[str]) -> str:
    """What is wrong with how a command was typed, and what to type instead."""
    text = error.format_message()
    hints = [f"see {PROGRAM} --help"]
    if isinstance(error, click.UsageError) and error.ctx is not None:
        from pratique.cli.advice import advise_usage, misplaced_option

        path = error.ctx.command_path
        hints = [*advise_usage(error, error.ctx), f"see {path} --help"]
        if isinstance(error, click.NoSuchOption):
            text = error.message
            if error.ctx.parent is None and (advice := misplaced_option(error.option_name, arguments, COMMANDS)):
                hints = [advice]
    text = text.rstrip(".")
    return f"{text[:1].lower() + text[1:]} ({'; '.join(hints)})"


def _unwritten(error: OSError) -> str:
    return f"could not write to standard output: {(error.strerror or str(error)).lower()}"


def _one_line(text: str) -> str:
    """Foreign text may stand in errors: no line breaks, no terminal control."""
    return "".join(char if char.isprintable() else " " for char in text)[:2000]
