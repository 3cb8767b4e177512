"""What an unfinished shipment has already made, so that a second run continues instead of beginning again.

Guarantee: `once` returns the same bytes for the same name for as long as the journal lives, whatever happens between; what
it returned is on disk before the caller sees it. The journal is removed when the shipment stands in the catalog.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pratique.errors import Locked, NotFound
from pratique.files import make_private_directory, read_limited, storage_error, write_atomic

MAX_STEP_BYTES = 512 << 20  # an envelope round a file manifest of a million rows


@dataclass(frozen=True, slots=True)
class Journal:
    """A folder of finished steps. `resumed`: whether an earlier run left some."""

    directory: Path
    resumed: bool

    def once(self, name: str, make: Callable[[], bytes]) -> bytes:
        """The bytes of step `name`: those of an earlier run, else `make()`'s, durably kept first."""
        known = self.read(name)
        if known is not None:
            return known
        data = make()
        write_atomic(self.directory / name, data, mode=0o600)
        return data

    def read(self, name: str) -> bytes | None:
        """The bytes of step `name`, None when it is not finished."""
        try:
            return read_limited(self.directory / name, MAX_STEP_BYTES)
        except NotFound:
            return None

    def keep(self, name: str, data: bytes) -> None:
        """Finish step `name` with these bytes, durably. An earlier run's stay: what is finished was handed on."""
        self.once(name, lambda: data)

    def forget(self, name: str) -> None:
        """Undo step `name`: what it made is not wanted any more."""
        try:
            (self.directory / name).unlink(missing_ok=True)
        except OSError as error:
            raise storage_error(error, self.directory / name) from error

    def close(self) -> None:
        """Forget everything: the shipment is complete elsewhere."""
        try:
            shutil.rmtree(self.directory)
        except OSError as error:
            raise storage_error(error, self.directory) from error


@contextmanager
def open_journal(parent: Path, name: str) -> Iterator[Journal]:
    """The journal of one shipment, held against other processes. Raises Locked, StorageError."""
    make_private_directory(parent)
    lock = parent / f"{name}.lock"
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise storage_error(error, lock) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Locked("another process ships the same artifact", where=str(lock), hint="wait for it and run again") from error
        directory = parent / name
        resumed = directory.is_dir() and any(directory.iterdir())
        make_private_directory(directory)
        yield Journal(directory, resumed)
    finally:
        os.close(descriptor)
