"""From a reference to a signer. The module of a back end, and what it needs, loads only when a reference names it."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, cast

from pratique.errors import InputError
from pratique.keys.access import BACKENDS, Access, KeyReference, parse_reference

if TYPE_CHECKING:
    from pratique.attest.publickey import PublicKey
    from pratique.keys.file import PrivateKey
    from pratique.keys.signer import Signer

# What a back end needs beyond our own dependencies: module → extra.
_EXTRAS = {"pkcs11": "pkcs11", "botocore": "aws", "google": "gcp"}


def open_signer(reference: str, access: Access, *, algorithm: str | None = None) -> "Signer":
    """The signer a reference names (`access`): ready to sign, its public key at hand. The caller closes it.

    `algorithm`: what the key is used for where the reference does not say. Raises InputError, NotFound, Malformed,
    PassphraseWrong; Unavailable when the back end cannot be reached or refuses.
    """
    parsed = parse_reference(reference)
    parsed = replace(parsed, algorithm=parsed.algorithm or algorithm)
    if parsed.scheme == "file:":
        from pratique.keys.file import load_signer

        parsed.only()
        return load_signer(Path(parsed.name), access.passphrase, parsed.algorithm, cosign_passphrase=access.cosign_passphrase)
    return cast("Signer", _backend(parsed).open_key(parsed, access))


def load_public(reference: str, access: Access, algorithm: str | None = None) -> "PublicKey":
    """The public key a reference names; of a FILE the public half, so that showing it needs no passphrase.

    `algorithm`: what the key is registered for, where the reference does not say.
    """
    parsed = parse_reference(reference)
    parsed = replace(parsed, algorithm=parsed.agreed(algorithm))
    if parsed.scheme == "file:":
        from pratique.keys.file import load_public_key

        parsed.only()
        return load_public_key(Path(parsed.name), parsed.algorithm)
    signer = _backend(parsed).open_key(parsed, access)
    try:
        return cast("PublicKey", signer.public_key)
    finally:
        signer.close()


def load_believed_key(reference: str) -> "PublicKey":
    """The public key that whoever verifies believes: a FILE's, in any form. Key services are never asked while verifying.

    Raises InputError for all other references, with how their public key is had once; NotFound, Malformed.
    """
    parsed = parse_reference(reference)
    if parsed.scheme != "file:":
        hint = f"fetch its public key once: pratique key show {quote(reference)} --public release.pub, and give --key release.pub"
        raise InputError("verifying asks no key service", where=reference, hint=hint)
    from pratique.keys.file import load_public_key

    parsed.only()
    return load_public_key(Path(parsed.name), parsed.algorithm)


def create_signer(reference: str, algorithm: str, access: Access) -> "Signer":
    """Make a key in a back end, by the name a reference gives, and open it. Nothing is overwritten.

    Files are made by `keys.file.generate_key`. Raises as `open_signer`, and InputError when the back end makes no such keys.
    """
    parsed = parse_reference(reference)
    parsed = replace(parsed, algorithm=parsed.agreed(algorithm))
    return cast("Signer", _maker(parsed, "create_key").create_key(parsed, algorithm, access))


def import_signer(reference: str, private: "PrivateKey", algorithm: str, access: Access) -> "Signer":
    """Store a private key in a back end that takes any (PKCS#11 alone). Raises as `create_signer`."""
    parsed = parse_reference(reference)
    parsed = replace(parsed, algorithm=parsed.agreed(algorithm))
    return cast("Signer", _maker(parsed, "import_key").import_key(parsed, private, algorithm, access))


def rotate_signer(reference: str, access: Access) -> "Signer":
    """Add a version to a key in a back end whose keys have versions, and open it. Raises as `create_signer`."""
    parsed = parse_reference(reference)
    return cast("Signer", _maker(parsed, "rotate_key").rotate_key(parsed, access))


def _maker(reference: KeyReference, ability: str) -> Any:
    module = None if reference.scheme == "file:" else _backend(reference)
    if module is None or not hasattr(module, ability):
        what = {"create_key": "are not made by reference", "import_key": "are not imported", "rotate_key": "have no versions"}
        hint = "name a new key with --output" if ability == "rotate_key" else "see docs/keys.md"
        raise InputError(f"{reference.scheme} keys {what[ability]}", where=reference.text, hint=hint)
    return module


def _backend(reference: KeyReference) -> Any:
    try:
        return import_module(f"pratique.keys.{BACKENDS[reference.scheme]}")
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        hint = f"install pratique[{extra}]"
        raise InputError(f"keys of {reference.scheme} need a library that is not installed", hint=hint) from error
