"""Where a log's files are: the port, its adapter for a directory, and the lock that keeps writers apart."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from pratique.errors import InputError, LimitExceeded, Locked
from pratique.files import storage_error, sync_directory, write_atomic
from pratique.tlog.tiles import MAX_BUNDLE_BYTES


class Store(Protocol):
    """Named files of a log. Names are relative, `/`-separated.

    `write` is durable when it returns, and atomic: whatever interrupts it, the name then holds the old content or all of the
    new. What was written is read by every process at once. Writers hold `lock`; readers need none.
    """

    def read(self, name: str) -> bytes | None:
        """The content, or None if there is no such file."""

    def write(self, name: str, data: bytes) -> None:
        """Replace the content. Raises StorageError."""

    def delete(self, name: str) -> None:
        """Remove a file or a folder of files, if it is there. Losing a deletion in a crash must be harmless."""

    def names(self, folder: str) -> list[str]:
        """Names of the files in a folder, sorted; none if there is no such folder."""

    def place(self, name: str) -> str:
        """How to call the file in a message."""


class DirectoryStore:
    """A log in a directory of a local file system."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def read(self, name: str) -> bytes | None:
        """Raises InputError for a file that is there and cannot be read, LimitExceeded for one no log can have."""
        try:
            with (self._directory / name).open("rb") as source:
                data = source.read(MAX_BUNDLE_BYTES + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise InputError(f"cannot read: {(error.strerror or str(error)).lower()}", where=self.place(name)) from error
        if len(data) > MAX_BUNDLE_BYTES:
            raise LimitExceeded("larger than any file of a log can be", where=self.place(name))
        return data

    def write(self, name: str, data: bytes) -> None:
        path = self._directory / name
        made = [folder for folder in path.parents if folder.is_relative_to(self._directory) and not folder.exists()]
        write_atomic(path, data)
        for folder in made:  # a new folder's own name must be durable too, or the file in it is not
            sync_directory(folder.parent)

    def delete(self, name: str) -> None:
        path = self._directory / name
        try:
            if path.is_dir():
                for inner in path.iterdir():
                    inner.unlink()
                path.rmdir()
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise storage_error(error, path) from error

    def names(self, folder: str) -> list[str]:
        try:
            return sorted(entry.name for entry in (self._directory / folder).iterdir() if not entry.name.startswith("."))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise InputError(f"cannot read: {(error.strerror or str(error)).lower()}", where=self.place(folder)) from error

    def place(self, name: str) -> str:
        return str(self._directory / name)


@contextmanager
def lock(
    directory: Path, *, attempts: int = 200, pause_s: float = 0.025, pause: Callable[[float], None] = time.sleep
) -> Iterator[None]:
    """Be the only writer of this log. Raises Locked after `attempts` tries, StorageError."""
    with lock_file(directory / "lock", attempts=attempts, pause_s=pause_s, pause=pause):
        yield


@contextmanager
def lock_file(
    path: Path, *, attempts: int = 200, pause_s: float = 0.025, pause: Callable[[float], None] = time.sleep
) -> Iterator[None]:
    """Hold a file against other processes. The kernel lets go when a process dies. Raises as `lock`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise storage_error(error, path) from error
    try:
        for attempt in range(attempts):
            if attempt:
                pause(pause_s)
            if _try_lock(descriptor):
                break
        else:
            raise Locked("another process is writing to this log", where=str(path.parent), hint="try again in a moment")
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
