"""Signing without a key of one's own, from the options of a command."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from pratique.app.home import Home
from pratique.app.home_log import open_logged_signer
from pratique.cli.signers import load_chosen_signer, named_key
from pratique.errors import InputError

if TYPE_CHECKING:
    from pratique.keys.logged_signer import KeylessSigner, LoggedSigner


def keyless_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`keyless`, `signing_config`, `trusted_root`, `identity_token_file`."""
    for option in reversed(
        (
            click.option("--keyless", is_flag=True, help="Sign with an identity token of this CI job instead of a key."),
            click.option(
                "--signing-config",
                type=click.Path(),
                envvar="PRATIQUE_SIGNING_CONFIG",
                help="Keyless: the services to sign with, a Sigstore signing configuration (JSON).",
            ),
            click.option(
                "--trusted-root",
                type=click.Path(),
                envvar="PRATIQUE_TRUSTED_ROOT",
                help="Keyless: whom verifiers will believe, a Sigstore trusted root (JSON).",
            ),
            click.option(
                "--identity-token-file",
                type=click.Path(),
                help="Keyless: the token, if it is neither GitHub's nor in SIGSTORE_ID_TOKEN.",
            ),
        )
    ):
        command = option(command)
    return command


def keyless_signer(signing_config: str | None, trusted_root: str | None, identity_token_file: str | None) -> "KeylessSigner":
    """A session for the identity that this process has. Raises InputError when something is missing, Unavailable."""
    from pratique.attest.sigstore.trusted_root import MAX_TRUSTED_ROOT_SIZE, parse_trusted_root
    from pratique.files import read_limited
    from pratique.keys.keyless.services import parse_signing_config
    from pratique.keys.keyless.session import open_session
    from pratique.keys.keyless.token import find_token
    from pratique.keys.keyless.web import Web
    from pratique.keys.logged_signer import KeylessSigner

    if not signing_config or not trusted_root:
        hint = "give both, or set PRATIQUE_SIGNING_CONFIG and PRATIQUE_TRUSTED_ROOT"
        raise InputError("--keyless needs --signing-config and --trusted-root: no service is built in", hint=hint)
    now = time.time()
    services = parse_signing_config(read_limited(Path(signing_config), 1 << 20), now=now)
    root = parse_trusted_root(read_limited(Path(trusted_root), MAX_TRUSTED_ROOT_SIZE))
    web = Web()
    token = find_token(os.environ, web, now=now, file=Path(identity_token_file) if identity_token_file else None)
    return KeylessSigner(session=open_session(token, services, web=web, root=root, clock=time.time))


def chosen_key(key: str | None, options: Mapping[str, Any]) -> str | None:
    """The key to sign with; None to sign without one, as the `options` of `keyless_options` say. Raises InputError for neither
    and for both. A key that only the environment names was not given: the command chose to sign without.
    """
    if not options["keyless"]:
        if lonely := next((name for name in options if name != "keyless" and _is_typed(name)), None):
            option = f"--{lonely.replace('_', '-')}"
            raise InputError(f"{option} is for signing without a key", hint=f"add --keyless, or leave out {option}")
        return named_key(key)
    if key is not None and _is_typed("key"):
        raise InputError("--key and --keyless exclude each other", hint="leave one of them out")
    return None


def _is_typed(parameter: str) -> bool:
    """Whether it was on the command line, not only in the environment or a configuration."""
    context = click.get_current_context(silent=True)
    return context is not None and context.get_parameter_source(parameter) is ParameterSource.COMMANDLINE


def chosen_signer(
    home: Home, key: str | None, passphrase_file: str | None, timestamp_url: str | None, options: Mapping[str, Any]
) -> "tuple[LoggedSigner | KeylessSigner, str]":
    """Who signs, by the `key` that `chosen_key` gave; and what to call that. Raises InputError."""
    if key is None:
        logged_signer = keyless_signer(options["signing_config"], options["trusted_root"], options["identity_token_file"])
        return logged_signer, logged_signer.name
    return open_logged_signer(home, load_chosen_signer(key, passphrase_file), timestamp_url), key
