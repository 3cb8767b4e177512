"""Commands and groups as all of ours are: a bare group prints its help, what is misspelt is answered with what is meant, and
every help ends with examples (`cli.examples`)."""

import os
from typing import Any

import click

from pratique.cli.voice import FLAGS, VOICE, say, voice_options
from pratique.errors import InputError, PratiqueError

PROGRAM = "pratique"
_SENTENCE = 500


def commands_called(name: str) -> list[str]:
    """The commands of groups that have this name, in full: who types `pratique convert` means one of them."""
    from pratique.cli.examples import EXAMPLES

    return [f"{PROGRAM} {path}" for path in EXAMPLES if path.endswith(f" {name}")]


def write_examples(path: str, formatter: click.HelpFormatter) -> None:
    """A section of its own; nothing is wrapped, so that each line can be copied."""
    from pratique.cli.examples import examples_of

    if lines := examples_of(path):
        with formatter.section("Examples"):
            for line in lines:
                formatter.write(f"{'':>{formatter.current_indent}}{line}\n")


class Command(click.Command):
    """A command that takes -q, -v and --no-color, and whose help ends with examples."""

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.params += voice_options(hidden=self.name != PROGRAM)

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        from pratique.cli.settings import CONFIGURED, settle, settled_defaults

        path = f"{parent.command_path} {info_name}".removeprefix(PROGRAM).strip() if parent is not None else ""
        asked = not {"-h", "--help"}.intersection(args) and not extra.get("resilient_parsing")
        is_configured = path in CONFIGURED and asked
        if is_configured:
            extra["default_map"] = settled_defaults(path)
        try:
            context = super().make_context(info_name, args, parent, **extra)
            if VOICE.plain:
                context.color = False
            if is_configured:
                settle(context, path)
        except click.UsageError as error:
            error.ctx = error.ctx or click.Context(self, info_name=info_name, parent=parent)
            raise
        except PratiqueError as error:
            _advise(error, click.Context(self, info_name=info_name, parent=parent))
            raise
        if asked and not isinstance(self, click.Group):
            _say_misspelt_variables()
        return context

    def invoke(self, ctx: click.Context) -> Any:
        """Run it; what goes wrong leaves with advice on what to type instead."""
        try:
            return super().invoke(ctx)
        except PratiqueError as error:
            _advise(error, ctx)
            raise

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_examples(ctx.command_path, formatter)
        super().format_epilog(ctx, formatter)


def _say_misspelt_variables() -> None:
    """A variable that is nearly one of ours does nothing, and nobody would know."""
    for name in [name for name in os.environ if name.startswith("PRATIQUE_")]:
        from pratique.cli.advice import similar_variable

        if meant := similar_variable(name):
            say(f"there is no variable {name}: did you mean {meant}?")


def _advise(error: PratiqueError, context: click.Context) -> None:
    from pratique.cli.advice import advise

    advise(error, context)


class CommandGroup(Command, click.Group):
    """A group of commands; alone it prints its help, which is what was asked for: on standard output, and exit code 0."""

    command_class = Command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if FLAGS.issuperset(args) and not ctx.resilient_parsing:
            click.echo(ctx.get_help(), color=ctx.color)
            ctx.exit()
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        names = self.list_commands(ctx)
        if args and args[0] not in names and not args[0].startswith("-") and not ctx.resilient_parsing:
            advice = self.advice(ctx, args[0], names)
            raise InputError(
                f"there is no command {args[0][:40]!r}{'' if ctx.parent is None else f' in {ctx.command_path}'}",
                hint=advice or f"see {ctx.command_path} --help",
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each with its first sentence whole."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, one.get_short_help_str(limit=_SENTENCE)) for name, one in commands if one is not None and not one.hidden]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)

    def advice(self, ctx: click.Context, name: str, names: list[str]) -> str | None:
        """What to type instead; None when nothing comes close."""
        from pratique.cli.elsewhere import command_here

        if here := command_here(name, ctx.command_path.partition(" ")[2]):
            return f"here: {here}"
        from difflib import get_close_matches

        close = get_close_matches(name, names, n=1)
        return f"did you mean {ctx.command_path} {close[0]}?" if close else None
