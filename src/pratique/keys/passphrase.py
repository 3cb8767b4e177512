"""Where a passphrase or PIN comes from, in this order: a file, a variable (PRATIQUE_KEY_PASSPHRASE, PRATIQUE_KEY_PIN), a person
at a terminal. It is never echoed, never on a command line, and never part of an error.
"""

import getpass
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from pratique.errors import InputError, LimitExceeded
from pratique.files import read_handed

VARIABLE = "PRATIQUE_KEY_PASSPHRASE"
PIN_VARIABLE = "PRATIQUE_KEY_PIN"
MAX_SIZE = 4096  # bytes

Prompt = Callable[[str], str]


def passphrase_source(
    *,
    file: Path | None,
    environ: Mapping[str, str],
    prompt: Prompt | None,
    question: str = "Passphrase: ",
    variable: str = VARIABLE,
) -> Callable[[], bytes | None]:
    """A function that gets the passphrase when it is needed, once, or None when there is nowhere to get it from.

    `file`: named by the user; nothing else is tried when it is given. `prompt`: `terminal_prompt()`, or None.
    The function raises InputError when the file cannot be read or the question is left unanswered.
    """

    def get() -> bytes | None:
        if file is not None:
            return read_secret(file)
        if environ.get(variable):
            return _checked(environ[variable].encode("utf-8", "surrogateescape"), variable)
        if prompt is not None:
            return _checked(_ask(prompt, question), "terminal")
        return None

    return get


def ask_new_passphrase(*, file: Path | None, environ: Mapping[str, str], prompt: Prompt | None) -> bytes | None:
    """A passphrase for a new key, from the same places; a person types it twice. None when there is nowhere to get it from.

    Raises InputError when it is empty or the two differ.
    """
    if file is not None or environ.get(VARIABLE):
        secret = passphrase_source(file=file, environ=environ, prompt=None)()
    elif prompt is not None:
        secret = _checked(_ask(prompt, "New passphrase: "), "terminal")
        if _ask(prompt, "Once more: ") != secret:
            raise InputError("the two passphrases differ", hint="run the same command again")
    else:
        return None
    if not secret:
        raise InputError("the passphrase is empty", hint="give one, or ask for an unencrypted key")
    return secret


def terminal_prompt() -> Prompt | None:
    """How to ask the person at the terminal without echo; None when standard input or standard error is not one."""
    if sys.stdin is None or sys.stderr is None or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return None
    return lambda question: getpass.getpass(question, stream=sys.stderr)


def _ask(prompt: Prompt, question: str) -> bytes:
    try:
        return prompt(question).encode("utf-8", "surrogateescape")
    except EOFError:
        raise InputError("no passphrase was given", hint="use --passphrase-file or PRATIQUE_KEY_PASSPHRASE") from None
    except UnicodeError:  # without the cause, which holds what was typed
        raise InputError("what was typed is no text in the terminal's encoding", hint="put it into a file") from None


def read_secret(path: Path) -> bytes:
    """A file's one line: a passphrase, a PIN or an access token. Raises NotFound, InputError."""
    data = read_handed(path, MAX_SIZE + 2)  # with a line end of two bytes
    # One line end belongs to the editor, not to the passphrase.
    return _checked(data.removesuffix(b"\n").removesuffix(b"\r"), str(path))


def _checked(secret: bytes, where: str) -> bytes:
    if len(secret) > MAX_SIZE:
        raise LimitExceeded(f"a secret of more than {MAX_SIZE} bytes", where=where)
    if b"\n" in secret or b"\0" in secret:
        raise InputError("the secret has more than one line", where=where, hint="give a file that holds it and nothing else")
    return secret
