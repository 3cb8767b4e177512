"""Where a passphrase comes from, in this order: a file, the variable PRATIQUE_KEY_PASSPHRASE, a person at a terminal.

A passphrase is never echoed, never on a command line, and never part of an error.
"""

import getpass
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from pratique.errors import InputError, LimitExceeded, NotFound

VARIABLE = "PRATIQUE_KEY_PASSPHRASE"
MAX_SIZE = 4096  # bytes

Prompt = Callable[[str], str]


def passphrase_source(
    *, file: Path | None, environ: Mapping[str, str], prompt: Prompt | None, question: str = "Passphrase: "
) -> Callable[[], bytes | None]:
    """A function that gets the passphrase when it is needed, once, or None when there is nowhere to get it from.

    `file`: named by the user; nothing else is tried when it is given. `prompt`: `terminal_prompt()`, or None.
    The function raises InputError when the file cannot be read or the question is left unanswered.
    """

    def get() -> bytes | None:
        if file is not None:
            return _read_file(file)
        if environ.get(VARIABLE):
            return _checked(environ[VARIABLE].encode("utf-8", "surrogateescape"), VARIABLE)
        if prompt is not None:
            return _checked(_ask(prompt, question).encode("utf-8"), "terminal")
        return None

    return get


def ask_new_passphrase(*, file: Path | None, environ: Mapping[str, str], prompt: Prompt | None) -> bytes | None:
    """A passphrase for a new key, from the same places; a person types it twice. None when there is nowhere to get it from.

    Raises InputError when it is empty or the two differ.
    """
    if file is not None or environ.get(VARIABLE):
        secret = passphrase_source(file=file, environ=environ, prompt=None)()
    elif prompt is not None:
        secret = _checked(_ask(prompt, "New passphrase: ").encode("utf-8"), "terminal")
        if _ask(prompt, "Once more: ").encode("utf-8") != secret:
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


def _ask(prompt: Prompt, question: str) -> str:
    try:
        return prompt(question)
    except EOFError:
        raise InputError("no passphrase was given") from None


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SIZE + 2)
    except FileNotFoundError as error:
        raise NotFound("no such passphrase file", where=str(path)) from error
    except OSError as error:
        raise InputError(f"cannot read the passphrase file: {(error.strerror or 'error').lower()}", where=str(path)) from error
    # One line end belongs to the editor, not to the passphrase.
    return _checked(data.removesuffix(b"\n").removesuffix(b"\r"), str(path))


def _checked(secret: bytes, where: str) -> bytes:
    if len(secret) > MAX_SIZE:
        raise LimitExceeded(f"passphrase of more than {MAX_SIZE} bytes", where=where)
    if b"\n" in secret or b"\0" in secret:
        raise InputError("the passphrase has more than one line", where=where)
    return secret
