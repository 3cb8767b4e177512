"""`pratique backup FOLDER`: this machine's state, in a folder that is one too."""

from pathlib import Path

import click

from pratique.app.home import find_home
from pratique.cli.commands import Command
from pratique.cli.output import format_option, print_fact, print_json, print_title
from pratique.lexicon.text import how_many


@click.command(cls=Command)
@click.argument("folder", type=click.Path())
@click.option("--without-keys", is_flag=True, help="Leave private keys out: for others to read, who shall sign nothing as you.")
@format_option
def command(folder: str, without_keys: bool, format_: str) -> None:
    """Copy this machine's state (PRATIQUE_HOME) into FOLDER, while it is in use: catalog, log, trust and keys.

    The copy is a home itself: PRATIQUE_HOME=FOLDER looks into it, and moved to where the home was it is restored. Its log is
    recomputed before it gets its name. It holds private keys of the log and of this machine, so keep it as you keep them. Keys
    that you sign with lie elsewhere and are not in it; neither are the cache and unfinished shipments.
    """
    from pratique.app.backup import back_up

    made = back_up(find_home(), Path(folder), keys=not without_keys)
    if format_ == "json":
        print_json(
            {
                "folder": str(made.folder),
                "artifacts": made.artifacts,
                "documents": made.documents,
                "log_entries": None if made.entries < 0 else made.entries,
                "private_keys": made.private_keys,
            }
        )
        return
    print_title(f"{made.folder} is a copy of {find_home().root}")
    print_fact("catalog", f"{how_many(made.artifacts, 'artifact')}, {how_many(made.documents, 'document')}")
    print_fact("log", "none" if made.entries < 0 else f"{how_many(made.entries, 'entry', 'entries')}, recomputed")
    print_fact(
        "private keys", f"{made.private_keys}: keep it as you keep them" if made.private_keys else "none: it may be shared"
    )
