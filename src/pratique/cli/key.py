"""`pratique key`: make, import, show and rotate signing keys, in files and in every other place that keeps them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from pratique.cli.commands import CommandGroup
from pratique.cli.output import format_option, named_output, print_fact, print_json, print_title, write_output

if TYPE_CHECKING:
    from pratique.attest.publickey import PublicKey
    from pratique.keys.access import Access
    from pratique.keys.signer import Signer

# As `attest.publickey.ALGORITHMS` has them; here too, so that help needs no cryptography.
_ALGORITHMS = (
    ["ed25519", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521"]
    + [f"rsa-{kind}{bits}" for kind in ("", "pss-") for bits in (2048, 3072, 4096)]
    + ["ml-dsa-44", "ml-dsa-65"]
    + [f"rsa-pss-{bits}-{hashed}" for bits in (2048, 3072, 4096) for hashed in ("sha384", "sha512")]
)

_algorithm_option = click.option("--algorithm", type=click.Choice(_ALGORITHMS), default="ecdsa-p256", show_default=True)
# What a choice costs with other tools; nothing here.
_COSTS = {
    "ed25519": "cosign cannot check this key's log entries (it knows Ed25519ph): it verifies with --insecure-ignore-tlog only",
    "rsa-pss": "cosign knows RSA as PKCS#1 v1.5 only",
    "ml-dsa": "no other tool verifies ML-DSA yet",
}
_output_option = click.option(
    "--output",
    "-o",
    "output",
    required=True,
    help="The private key's FILE (the public is FILE.pub), or a reference: docs/keys.md.",
)
_passphrase_option = click.option("--passphrase-file", type=click.Path(), help="Read the passphrase or PIN from this file.")
_plain_option = click.option("--no-passphrase", is_flag=True, help="Leave the key unencrypted, protected by its file mode alone.")
_public_option = click.option("--public", type=click.Path(), help="Write the public key to this file too.")


@click.group(cls=CommandGroup)
def command() -> None:
    """Generate, import, show and rotate signing keys."""


@command.command()
@_output_option
@_algorithm_option
@_passphrase_option
@_plain_option
@_public_option
@format_option
def generate(
    output: str, algorithm: str, passphrase_file: str | None, no_passphrase: bool, public: str | None, format_: str
) -> None:
    """Make a new key: an encrypted file and its public key beside it, or a key in a token, a vault or a key service.

    The passphrase comes from --passphrase-file, PRATIQUE_KEY_PASSPHRASE or a prompt, a PIN from --passphrase-file,
    PRATIQUE_KEY_PIN or a prompt. Everybody verifies ECDSA on P-256; Ed25519 costs the log's entry with other tools: cosign
    verifies such a signature without the log only.
    """
    _check_outputs(output, public, passphrase_file, no_passphrase)
    with _made(output, algorithm, passphrase_file, no_passphrase) as signer:
        _write_public(public, signer.public_key)
        _report(output, signer.public_key, no_passphrase, format_)


@command.command("import")
@click.argument("source", type=click.Path())
@_output_option
@click.option("--algorithm", type=click.Choice(_ALGORITHMS), help="What an RSA key is for; default PKCS#1 v1.5.")
@click.option("--source-passphrase-file", type=click.Path(), help="Read the old passphrase from this file.")
@_passphrase_option
@_plain_option
@_public_option
@format_option
def import_(
    source: str,
    output: str,
    algorithm: str | None,
    source_passphrase_file: str | None,
    passphrase_file: str | None,
    no_passphrase: bool,
    public: str | None,
    format_: str,
) -> None:
    """Take a private key over from SOURCE, whatever program made it, into a file or a PKCS#11 token: docs/keys.md.

    The old passphrase comes from --source-passphrase-file, COSIGN_PASSWORD or a prompt. SOURCE stays as it is.
    """
    import os

    from pratique.cli.signers import key_access, new_passphrase
    from pratique.keys.access import parse_reference
    from pratique.keys.file import FileSigner, public_half, registered, store_key
    from pratique.keys.foreign import load_foreign_key
    from pratique.keys.open import import_signer
    from pratique.keys.passphrase import passphrase_source, terminal_prompt

    _check_outputs(output, public, passphrase_file, no_passphrase)
    file = Path(source_passphrase_file) if source_passphrase_file else None
    question = "Old passphrase: "
    ask = passphrase_source(
        file=file, environ=os.environ, prompt=terminal_prompt(), question=question, variable="COSIGN_PASSWORD"
    )
    if file is None and os.environ.get("COSIGN_PASSWORD") == "":
        ask = bytes  # cosign's way to say that the passphrase is empty
    loaded = load_foreign_key(Path(source), ask)
    private = loaded.private
    target = parse_reference(output)
    algorithm = registered(loaded.algorithm, target.agreed(algorithm)) or public_half(private).algorithm
    signer: Signer
    if target.scheme == "file:":
        target.only()
        store_key(Path(target.name), private, None if no_passphrase else new_passphrase(passphrase_file), algorithm=algorithm)
        signer = FileSigner(private, algorithm)
    else:
        signer = import_signer(output, private, algorithm, key_access(passphrase_file))
    _write_public(public, signer.public_key)
    _report(output, signer.public_key, no_passphrase, format_)
    signer.close()


@command.command()
@click.argument("reference")
@click.option("--algorithm", type=click.Choice(_ALGORITHMS), help="What an RSA key is registered for; default PKCS#1 v1.5.")
@_passphrase_option
@_public_option
@format_option
def show(reference: str, algorithm: str | None, passphrase_file: str | None, public: str | None, format_: str) -> None:
    """Show the public key of a FILE.pub or of any reference: algorithm, key ID, and the hint that bundles carry."""
    from pratique.cli.signers import key_access
    from pratique.keys.open import load_public

    _check_outputs(None, public)
    key = load_public(reference, key_access(passphrase_file), algorithm)
    _write_public(public, key)
    if format_ == "json":
        print_json({"keyid": key.keyid, "hint": key.hint, "algorithm": key.algorithm, "pem": key.pem.decode()})
        return
    print_title(reference)
    print_fact("algorithm", key.algorithm)
    print_fact("key ID", key.keyid)
    print_fact("bundle hint", key.hint)


@command.command()
@click.argument("reference")
@click.option("--output", "-o", help="The successor's FILE or reference; default a new version of the same key.")
@click.option("--algorithm", type=click.Choice(_ALGORITHMS), help="The successor's algorithm; default the old one's.")
@click.option("--statement", type=click.Path(), help="Where both keys' statement goes; default FILE.succession.json.")
@_passphrase_option
@_plain_option
@_public_option
@format_option
def rotate(
    reference: str,
    output: str | None,
    algorithm: str | None,
    statement: str | None,
    passphrase_file: str | None,
    no_passphrase: bool,
    public: str | None,
    format_: str,
) -> None:
    """Make the successor of a key, and a statement signed by both of when it took over.

    The old key stays where it is, and its public half in the statement with the time, so that what it signed goes on verifying.
    """
    import time

    from pratique.cli.signers import key_access
    from pratique.keys.open import open_signer
    from pratique.keys.signer import sign_succession

    access = key_access(passphrase_file)
    _check_outputs(output, public, passphrase_file, no_passphrase)
    document = _statement_path(reference, output, statement)
    old = open_signer(reference, access)
    try:
        with _successor(reference, output, algorithm or old.public_key.algorithm, access, passphrase_file, no_passphrase) as new:
            write_output(str(document), sign_succession(old, new, int(time.time())))
            _write_public(public, new.public_key)
            told = {"old": old.public_key.keyid, "statement": str(document)}
            _report(output or reference, new.public_key, no_passphrase, format_, told)
    finally:
        old.close()


def _check_outputs(
    output: str | None, public: str | None, passphrase_file: str | None = None, no_passphrase: bool = False
) -> None:
    """What would fail after a key was made fails before. Raises InputError, StorageError."""
    from pratique.errors import InputError
    from pratique.files import check_output
    from pratique.keys.access import parse_reference

    if no_passphrase and passphrase_file is not None:
        raise InputError("--passphrase-file and --no-passphrase contradict each other", hint="leave one of them out")
    if output is not None and (target := parse_reference(output)).scheme == "file:":
        path = Path(target.name)
        if path.is_dir():
            hint = f"name a file in it: --output {quote(str(path / 'release.key'))}"
            raise InputError("cannot be written: it is a folder", where=output, hint=hint)
        if not path.exists():
            check_output(path)
    if public is not None:
        check_output(named_output(public))


def _statement_path(reference: str, output: str | None, statement: str | None) -> Path:
    """Where the statement goes. Asked for before anything is made. Raises InputError."""
    from pratique.errors import InputError
    from pratique.files import check_output
    from pratique.keys.access import parse_reference

    target = parse_reference(output or reference)
    if statement is None and target.scheme != "file:":
        raise InputError("where should the statement of succession go?", hint="use --statement FILE")
    path = named_output(statement) if statement is not None else Path(target.name + ".succession.json")
    check_output(path)
    if path.exists():
        raise InputError("there is a file of this name", where=str(path), hint="choose another with --statement")
    return path


@contextmanager
def _successor(
    reference: str,
    output: str | None,
    algorithm: str,
    access: "Access",
    passphrase_file: str | None,
    no_passphrase: bool,
) -> "Iterator[Signer]":
    if output is not None:
        with _made(output, algorithm, passphrase_file, no_passphrase) as signer:
            yield signer
        return
    from pratique.keys.open import rotate_signer

    signer = rotate_signer(reference, access)
    try:
        yield signer
    finally:
        signer.close()


@contextmanager
def _made(output: str, algorithm: str, passphrase_file: str | None, no_passphrase: bool) -> "Iterator[Signer]":
    """A new key, open for signing."""
    from pratique.cli.signers import key_access, new_passphrase
    from pratique.keys.access import parse_reference
    from pratique.keys.file import FileSigner, new_private_key, store_key
    from pratique.keys.open import create_signer

    target = parse_reference(output)
    target.agreed(algorithm)
    signer: Signer
    if target.scheme == "file:":
        target.only()
        private = new_private_key(algorithm)
        store_key(Path(target.name), private, None if no_passphrase else new_passphrase(passphrase_file), algorithm=algorithm)
        signer = FileSigner(private, algorithm)
    else:
        signer = create_signer(output, algorithm, key_access(passphrase_file))
    try:
        yield signer
    finally:
        signer.close()


def _write_public(path: str | None, key: "PublicKey") -> None:
    if path is not None:
        write_output(path, key.pem)


def _report(output: str, key: "PublicKey", no_passphrase: bool, format_: str, told: dict[str, str] | None = None) -> None:
    from pratique.keys.access import parse_reference

    target = parse_reference(output)
    is_file = target.scheme == "file:"
    if format_ == "json":
        halves = {"private": target.name, "public": f"{target.name}.pub"} if is_file else {"private": output}
        print_json({**halves, "keyid": key.keyid, "algorithm": key.algorithm, **(told or {})})
        return
    print_title(f"{target.name} and {target.name}.pub" if is_file else output)
    print_fact("algorithm", key.algorithm)
    print_fact("key ID", key.keyid)
    if is_file:
        print_fact("passphrase", "none: whoever reads the file can sign" if no_passphrase else "set")
    for prefix, cost in _COSTS.items():
        if key.algorithm.startswith(prefix):
            print_fact("elsewhere", cost)
    for name, text in (told or {}).items():
        print_fact(name, text)
