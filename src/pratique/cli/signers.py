"""The signer that `--key` names, and what opens it: a passphrase or PIN from a file, the environment or a prompt."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pratique.app.home import Home, load_or_make_key
from pratique.cli.voice import say
from pratique.errors import InputError

if TYPE_CHECKING:
    from pratique.keys.access import Access
    from pratique.keys.signer import Signer


MAKE_A_KEY = "make one: pratique key generate --output release; then give --key release, or set PRATIQUE_KEY"


def named_key(key: str | None) -> str:
    """The key that a person signs with. What only the environment or a configuration names is said. Raises InputError for none:
    what is signed for others to verify is never signed by a key that nobody chose.
    """
    import click
    from click.core import ParameterSource

    if key is None:
        raise InputError("no key is named to sign with", hint=MAKE_A_KEY)
    context = click.get_current_context(silent=True)
    source = context.get_parameter_source("key") if context else None
    if source in (ParameterSource.ENVIRONMENT, ParameterSource.DEFAULT_MAP):
        say(f"signing with {key}, which {'PRATIQUE_KEY' if source is ParameterSource.ENVIRONMENT else 'the configuration'} names")
    return key


def load_machine_signer(home: Home, key: str | None, passphrase_file: str | None) -> "Signer":
    """The signer of `key`, else this machine's service key, which signs what the machine itself decides and observes."""
    from pratique.app.home_log import check_not_only_read

    check_not_only_read(home)  # before a key is made for what cannot be logged
    if key is not None:
        return load_chosen_signer(key, passphrase_file)
    if not home.service_key.exists():
        say(f"made a key for what this machine decides and observes: {home.service_key}, and {home.service_key}.pub to verify it")
    return load_or_make_key(home.service_key)


def load_chosen_signer(key: str, passphrase_file: str | None, *, algorithm: str | None = None) -> "Signer":
    """The signer of `--key` (any reference of `keys.access`). It is closed when the command ends.

    `algorithm`: what an RSA key is used for where neither the reference nor the key says it.
    """
    import click

    from pratique.keys.open import open_signer

    signer = open_signer(key, key_access(passphrase_file), algorithm=algorithm)
    if context := click.get_current_context(silent=True):
        context.call_on_close(signer.close)
    return signer


def key_access(secret_file: str | None) -> "Access":
    """What opens keys on the command line: passphrase or PIN from `secret_file`, the environment, or a prompt."""
    from pratique.keys.access import Access
    from pratique.keys.passphrase import PIN_VARIABLE, passphrase_source, terminal_prompt

    path = Path(secret_file) if secret_file else None
    pin = passphrase_source(file=path, environ=os.environ, prompt=terminal_prompt(), question="PIN: ", variable=PIN_VARIABLE)
    cosigns = os.environ.get("COSIGN_PASSWORD")
    return Access(
        passphrase=passphrase_of(secret_file),
        pin=pin,
        cosign_passphrase=cosigns.encode if cosigns is not None and secret_file is None else None,
    )


def passphrase_of(passphrase_file: str | None) -> "Callable[[], bytes | None]":
    """A file, the environment, or a prompt, in this order. Asked for only when a key turns out to be encrypted."""
    from pratique.keys.passphrase import passphrase_source, terminal_prompt

    path = Path(passphrase_file) if passphrase_file else None
    return passphrase_source(file=path, environ=os.environ, prompt=terminal_prompt())


def new_passphrase(passphrase_file: str | None) -> bytes:
    """The passphrase for a new key, from the same places; typed twice at a prompt. Raises InputError when there is none."""
    from pratique.keys.passphrase import ask_new_passphrase, terminal_prompt

    path = Path(passphrase_file) if passphrase_file else None
    secret = ask_new_passphrase(file=path, environ=os.environ, prompt=terminal_prompt())
    if secret is None:
        raise InputError(
            "there is no passphrase for the new key",
            hint="use --passphrase-file or PRATIQUE_KEY_PASSPHRASE, run on a terminal, or say --no-passphrase",
        )
    return secret
