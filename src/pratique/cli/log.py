"""`pratique log`: the transparency log of this home."""

from pathlib import Path

import click

from pratique.app.home import existing, find_home, open_home_log
from pratique.cli.output import format_option, print_fact, print_json, print_title
from pratique.errors import NotFound


@click.group()
def command() -> None:
    """Look into the transparency log and verify all of it."""


@command.command()
@format_option
def show(format_: str) -> None:
    """Show the newest checkpoint: origin, number of entries, root, and its signature."""
    home = find_home()
    existing(home, home.log_directory / "checkpoint", "log")
    checkpoint = open_home_log(home).checkpoint()
    if format_ == "json":
        print_json({"checkpoint": checkpoint, "directory": str(home.log_directory)})
    else:
        click.echo(checkpoint, nl=False)


@command.command()
@click.option("--directory", type=click.Path(), help="A log's folder; default this home's.")
@click.option("--log-key", type=click.Path(), help="The log's public key; default this home's.")
@format_option
def verify(directory: str | None, log_key: str | None, format_: str) -> None:
    """Recompute everything: every entry, every tile, every root, and the checkpoint's signature. Names the first wrong file."""
    from pratique.keys.file import load_public_key
    from pratique.tlog.verify import verify_log

    home = find_home()
    place = Path(directory) if directory else home.log_directory
    if directory and not (place / "checkpoint").exists():
        raise NotFound("there is no log here", where=directory)
    existing(home, place / "checkpoint", "log")
    key = load_public_key(Path(log_key) if log_key else Path(f"{home.log_key}.pub"))
    state = verify_log(place, public_key=key.raw)
    if format_ == "json":
        print_json({"origin": state.origin, "size": state.size, "root": state.root.hex()})
        return
    print_title(f"{state.origin}: every entry, tile and root recomputed, and they hold")
    print_fact("entries", f"{state.size:,}")
    print_fact("root", state.root.hex())


@command.command()
@click.argument("index", type=click.IntRange(min=0))
def entry(index: int) -> None:
    """Print one entry as it stands in the log."""
    home = find_home()
    existing(home, home.log_directory / "checkpoint", "log")
    click.echo(open_home_log(home).entries(index, index + 1)[0].decode("utf-8", "replace"))
