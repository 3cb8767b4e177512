"""`pratique config`: which defaults hold here, and where each is from."""

import os

import click

from pratique.cli.commands import Command
from pratique.cli.output import format_option, print_json
from pratique.cli.settings import SETTINGS, read_settings
from pratique.cli.tables import Column, print_table

_SECRET = ("PRATIQUE_KEY_PASSPHRASE", "PRATIQUE_KEY_PIN")


@click.command(cls=Command)
@format_option
def command(format_: str) -> None:
    """Show what holds where no option is given, and where it is from: a variable, the pratique.toml of the project or the user's.

    An option counts more than a variable, a variable more than the project's file, and that more than the user's:
    docs/configuration.md. Of secrets only that they are set is shown.
    """
    files = read_settings()
    rows = []
    for name, setting in SETTINGS.items():
        variable = setting.variable
        if variable is not None and os.environ.get(variable):
            rows.append((name, os.environ[variable], variable))
        elif name in files:
            rows.append((name, files[name].value, str(files[name].file)))
        else:
            rows.append((name, "", ""))
    known = {setting.variable for setting in SETTINGS.values()}
    for variable in sorted(os.environ):
        if variable.startswith("PRATIQUE_") and variable not in known:
            rows.append((variable, "(set)" if variable in _SECRET else os.environ[variable], "environment"))
    if format_ == "json":
        print_json([{"setting": name, "value": value or None, "from": origin or None} for name, value, origin in rows])
    else:
        print_table((Column("SETTING", "whole"), "VALUE", Column("FROM", "name")), rows)
