"""`pratique completion SHELL`: what completes commands and options in bash, zsh and fish."""

import click

from pratique.cli.commands import PROGRAM, Command

_COMPLETE_VARIABLE = f"_{PROGRAM.upper()}_COMPLETE"


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print a script that completes commands and options in SHELL; the shell's own start-up file sources it.

    For one session: source <(pratique completion bash).
    """
    from click.shell_completion import get_completion_class

    from pratique.cli.main import cli

    found = get_completion_class(shell)
    assert found is not None  # noqa: S101 - one of the choices
    click.echo(found(cli, {}, PROGRAM, _COMPLETE_VARIABLE).source())
