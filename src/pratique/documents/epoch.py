"""The time a document states. Pure: the environment is an argument."""

from collections.abc import Mapping

from pratique.errors import InputError
from pratique.model import Inventory


def sbom_time(inventory: Inventory, environ: Mapping[str, str]) -> int | None:
    """SOURCE_DATE_EPOCH, else when the artifact says it was made: the same artifact gives the same document.

    Unix seconds, or None when neither says anything. Raises InputError for a SOURCE_DATE_EPOCH that is no number.
    """
    epoch = stated_epoch(environ)
    return inventory.subject.created if epoch is None else epoch


def stated_epoch(environ: Mapping[str, str]) -> int | None:
    """SOURCE_DATE_EPOCH in Unix seconds, None where it is not set. Raises InputError for what is no number."""
    epoch = environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        return None
    if not epoch.isascii() or not epoch.isdigit() or len(epoch) > 12:
        raise InputError(f"SOURCE_DATE_EPOCH is {epoch[:40]!r}", hint="it is a number of seconds since 1970")
    return int(epoch)
