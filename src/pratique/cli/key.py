"""`pratique key`: generate and show signing keys."""

from pathlib import Path

import click

from pratique.cli.home import new_passphrase
from pratique.cli.output import format_option, print_fact, print_json, print_title


@click.group()
def command() -> None:
    """Generate and show signing keys."""


@command.command()
@click.option(
    "--output", "-o", "output", required=True, type=click.Path(), help="The private key's file; the public is FILE.pub."
)
@click.option("--algorithm", type=click.Choice(["ed25519", "ecdsa-p256"]), default="ed25519", show_default=True)
@click.option("--passphrase-file", type=click.Path(), help="Read the passphrase from this file instead of asking.")
@click.option("--no-passphrase", is_flag=True, help="Leave the key unencrypted, protected by its file mode alone.")
@format_option
def generate(output: str, algorithm: str, passphrase_file: str | None, no_passphrase: bool, format_: str) -> None:
    """Write a new private key (encrypted PKCS#8) and its public key beside it.

    The passphrase comes from --passphrase-file, PRATIQUE_KEY_PASSPHRASE or a prompt.
    """
    from pratique.keys.file import generate_key

    passphrase = None if no_passphrase else new_passphrase(passphrase_file)
    key = generate_key(Path(output), algorithm, passphrase)
    if format_ == "json":
        print_json({"private": output, "public": f"{output}.pub", "keyid": key.keyid, "algorithm": key.algorithm})
        return
    print_title(f"{output} and {output}.pub")
    print_fact("algorithm", key.algorithm)
    print_fact("key ID", key.keyid)
    print_fact("passphrase", "none: whoever reads the file can sign" if passphrase is None else "set")


@command.command()
@click.argument("path", type=click.Path())
@format_option
def show(path: str, format_: str) -> None:
    """Show a public key: algorithm, key ID, and the hint that bundles carry."""
    from pratique.keys.file import load_public_key

    key = load_public_key(Path(path))
    if format_ == "json":
        print_json({"keyid": key.keyid, "hint": key.hint, "algorithm": key.algorithm, "pem": key.pem.decode()})
        return
    print_title(path)
    print_fact("algorithm", key.algorithm)
    print_fact("key ID", key.keyid)
    print_fact("bundle hint", key.hint)
