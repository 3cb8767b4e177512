"""`pratique log`: the transparency log of this home."""

from pathlib import Path

import click

from pratique.app.home import existing, find_home
from pratique.cli.commands import CommandGroup
from pratique.cli.output import format_option, print_fact, print_json, print_title, write_output
from pratique.errors import InputError, NotFound
from pratique.lexicon.text import how_many


@click.group(cls=CommandGroup)
def command() -> None:
    """Look into the transparency log, verify all of it, mend it, and tell others how to verify its entries."""


@command.command()
@format_option
def show(format_: str) -> None:
    """Show the newest checkpoint: origin, number of entries, root, and its signature.

    Exit code 1 when more was signed here than the log has: it was put back, and nothing is signed before it is mended.
    """
    from pratique.app.home_log import log_memory
    from pratique.tlog.log import open_unchecked

    home = find_home()
    existing(home, home.log_directory / "checkpoint", "log")
    log = open_unchecked(home.log_directory)
    checkpoint = log.checkpoint()
    if format_ == "json":
        print_json({"checkpoint": checkpoint, "directory": str(home.log_directory)})
    else:
        click.echo(checkpoint, nl=False)
    memory = log_memory(home, log.origin, log.public_key)
    open_unchecked(home.log_directory, memory=memory).check_remembered()


@command.command()
@click.option("--directory", type=click.Path(), help="A log's folder; default this home's.")
@click.option("--log-key", type=click.Path(), help="The log's key: log.vkey, PEM or a trusted root; default this home's.")
@click.option("--bundle", "bundles", type=click.Path(), multiple=True, help="A bundle that the log must continue; repeatable.")
@format_option
def verify(directory: str | None, log_key: str | None, bundles: tuple[str, ...], format_: str) -> None:
    """Recompute everything: every entry, every tile, every root, and the checkpoint's signature. Names the first wrong file.

    Then hold it against whatever it signed before: what this machine remembers, every bundle in the catalog, and each --bundle.
    Two trees of one size prove that the log was forked.
    """
    from pratique.app.home_log import load_log_keys
    from pratique.app.mend_log import bundle_files, check_held, check_home_log, check_named, proven_entries
    from pratique.tlog.log import open_unchecked
    from pratique.tlog.verify import verify_log

    home = find_home()
    place = Path(directory) if directory else home.log_directory
    if directory and not (place / "checkpoint").exists():
        raise NotFound("there is no log here", where=directory)
    existing(home, place / "checkpoint", "log")
    log = open_unchecked(place)
    keys = load_log_keys(Path(log_key) if log_key else Path(f"{home.log_key}.pub"))
    chosen = next((key for key in keys if key.name == log.origin), keys[0])
    state = verify_log(place, public_key=chosen.key.raw, origin=chosen.name or None)
    files = [Path(path) for path in bundles]
    check_named(files, chosen.key.raw)
    if directory:
        held = proven_entries(bundle_files(files), chosen.key.raw)
        count = check_held(held, log.reader(), state.origin)
    else:
        count = check_home_log(home, files)
    if format_ == "json":
        print_json({"origin": state.origin, "size": state.size, "root": state.root.hex(), "bundles": count})
        return
    print_title(f"{state.origin}: every entry, tile and root recomputed, and they hold")
    print_fact("entries", f"{state.size:,}")
    print_fact("root", state.root.hex())
    print_fact("continues", f"the checkpoints of {how_many(count, 'bundle')}")


@command.command()
@click.argument("index", type=click.IntRange(min=0))
def entry(index: int) -> None:
    """Print one entry as it stands in the log."""
    from pratique.tlog.log import open_unchecked

    home = find_home()
    existing(home, home.log_directory / "checkpoint", "log")
    log = open_unchecked(home.log_directory)
    if index >= log.size:
        hint = "the first is 0" if log.size else "ship or sign something first"
        raise InputError(f"there is no entry {index}: this log has {how_many(log.size, 'entry', 'entries')}", hint=hint)
    click.echo(log.entries(index, index + 1)[0].decode("utf-8", "replace"))


@command.command()
@click.option("--from", "sources", type=click.Path(), multiple=True, help="A bundle, or a folder with a newer copy; repeatable.")
@format_option
def recover(sources: tuple[str, ...], format_: str) -> None:
    """Bring a log forward that was put back from a backup, to what it had signed before.

    The entries that are missing are taken from the bundles in the catalog, and from each --from. Nothing else is ever signed for
    the numbers that were given away; where entries cannot be found, the log goes on under another name: `pratique log move`.
    """
    from pratique.app.mend_log import recover_log

    done = recover_log(find_home(), [Path(source) for source in sources])
    if format_ == "json":
        print_json({"origin": done.origin, "before": done.before, "after": done.after})
    elif done.after == done.before:
        print_title(f"{done.origin}: nothing was missing, it has all {how_many(done.after, 'entry', 'entries')} remembered here")
    else:
        back = how_many(done.after - done.before, "entry was", "entries were")
        print_title(f"{done.origin}: {back} brought back, it has {done.after:,} again")


@command.command()
@click.option("--origin", required=True, help="The new name: a bare host name, as log.example.com.")
@format_option
def move(origin: str, format_: str) -> None:
    """Go on with the log under another name, with the same key, entries and numbers.

    Older logs were called pratique.local/log: other tools cannot verify entries of a log whose name has a path. The log as it was
    is kept in former-logs; bundles made under the former name stay valid here, and the same `sign` or `ship` again proves them in
    the log of the new name, for others.
    """
    from pratique.app.mend_log import move_log

    home = find_home()
    done = move_log(home, origin)
    if format_ == "json":
        print_json({"origin": done.origin, "size": done.after, "former": str(home.former_logs)})
        return
    print_title(f"the log is {done.origin} from here on, with {how_many(done.after, 'entry', 'entries')}")
    print_fact("former", str(home.former_logs))
    print_fact("tell others", "pratique log trusted-root; a trust that names the log needs its new name beside the old")


@command.command("trusted-root")
@click.option("--tsa", "authorities", type=click.Path(), multiple=True, help="A timestamp authority's chain in PEM; repeatable.")
@click.option("-o", "--output", type=click.Path(), help="Write it to this file.")
def trusted_root(authorities: tuple[str, ...], output: str | None) -> None:
    """Print a Sigstore trusted root that names this log, as cosign's --trusted-root takes it.

    With it `cosign verify --key K.pub --trusted-root FILE IMAGE` verifies the log's entry too. A chain begins with the
    certificate that signs timestamps and ends with its root.
    """
    from pratique.app.home_log import own_trusted_root

    home = find_home()
    existing(home, home.log_directory / "checkpoint", "log")
    data = own_trusted_root(home, [Path(path) for path in authorities])
    if output:
        write_output(output, data)
    else:
        click.echo(data.decode(), nl=False)
