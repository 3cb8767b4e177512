"""From a reference to a signer. The module of a back end, and what it needs, loads only when a reference names it."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pratique.errors import InputError
from pratique.keys.access import BACKENDS, Access, KeyReference, parse_reference

if TYPE_CHECKING:
    from pratique.attest.publickey import PublicKey
    from pratique.keys.signer import Signer

# What a back end needs beyond our own dependencies: module → extra.
_EXTRAS = {"pkcs11": "pkcs11", "botocore": "aws", "google": "gcp"}


def open_signer(reference: str, access: Access) -> "Signer":
    """The signer a reference names (`access`): ready to sign, its public key at hand. The caller closes it.

    Raises InputError, NotFound, Malformed, PassphraseWrong; Unavailable when the back end cannot be reached or refuses.
    """
    parsed = parse_reference(reference)
    if parsed.scheme == "file:":
        from pratique.keys.file import load_signer

        parsed.only()
        return load_signer(Path(parsed.name), access.passphrase, parsed.algorithm)
    return cast("Signer", _backend(parsed).open_key(parsed, access))


def load_public(reference: str, access: Access) -> "PublicKey":
    """The public key a reference names; of a FILE the public half, so that showing it needs no passphrase."""
    parsed = parse_reference(reference)
    if parsed.scheme == "file:":
        from pratique.keys.file import load_public_key

        parsed.only()
        return load_public_key(Path(parsed.name), parsed.algorithm)
    signer = open_signer(reference, access)
    try:
        return signer.public_key
    finally:
        signer.close()


def create_signer(reference: str, algorithm: str, access: Access) -> "Signer":
    """Make a key in a back end, by the name a reference gives, and open it. Nothing is overwritten.

    Files are made by `keys.file.generate_key`. Raises as `open_signer`, and InputError when the back end makes no such keys.
    """
    parsed = parse_reference(reference)
    if parsed.scheme == "file:":
        raise InputError("a key file is generated with --output", where=reference)
    module = _backend(parsed)
    if not hasattr(module, "create_key"):
        raise InputError(
            f"keys of {parsed.scheme} are not made here", where=reference, hint="make it with ssh-keygen and ssh-add"
        )
    return cast("Signer", module.create_key(parsed, algorithm, access))


def _backend(reference: KeyReference) -> Any:
    try:
        return import_module(f"pratique.keys.{BACKENDS[reference.scheme]}")
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        hint = f"install pratique[{extra}]"
        raise InputError(f"keys of {reference.scheme} need a library that is not installed", hint=hint) from error
