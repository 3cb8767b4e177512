"""What a machine remembers of a log outside of the log's folder: the newest checkpoint that it set out to sign.

A log's folder can be put back from a backup, its own checkpoint included, and nothing in it would tell: the next entries would
get numbers that others have. So each checkpoint is remembered here, durably, before it is signed. A log that is behind what is
remembered was either interrupted before it published that checkpoint, which can be finished, or it was put back.

A memory is a short file of lines: the log's origin, then `<size> <base64 root>`, one for each checkpoint, the last one counts.
A last line without its line break was being written when the machine stopped: nothing had been signed for it yet.
"""

import base64
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Protocol

from pratique.errors import Malformed, NotFound, StorageError
from pratique.files import read_limited, storage_error, sync_directory, write_atomic
from pratique.tlog.checkpoint import MAX_SIZE, Checkpoint
from pratique.tlog.store import lock_file

MAX_MEMORY_BYTES = 64 * 1024
_LINE = re.compile(rb"(0|[1-9][0-9]{0,18}) ([A-Za-z0-9+/]{43}=)")


class Memory(Protocol):
    """What outlives a log's folder. `remember` is durable when it returns: only then may a checkpoint be signed."""

    def hold(self) -> AbstractContextManager[None]:
        """Keep everybody else who shares this memory from signing, while a checkpoint is made. Raises Locked."""

    def recall(self, origin: str) -> tuple[Checkpoint, ...]:
        """The newest checkpoints remembered of the log, by size: each place may remember another one. Raises Malformed."""

    def remember(self, checkpoint: Checkpoint) -> None:
        """Remember a checkpoint that is about to be signed. Raises StorageError."""


class FileMemory:
    """A memory in files. `paths` must be written to; `beyond` are, where this machine lets us, so that more of it is left."""

    def __init__(self, paths: Sequence[Path], beyond: Sequence[Path] = ()) -> None:
        self._paths = tuple(paths)
        self._beyond = tuple(beyond)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """As the port says, by a lock beside each file that others may share: `paths` are the log's own, and it has a lock."""
        with ExitStack() as held:
            for path in self._beyond:
                # Where nothing can be written, nobody else remembers anything either.
                with suppress(StorageError):
                    held.enter_context(lock_file(path.with_name(path.name + ".lock")))
            yield

    def recall(self, origin: str) -> tuple[Checkpoint, ...]:
        """As the port says."""
        found = {checkpoint for path in (*self._paths, *self._beyond) if (checkpoint := _read(path, origin)) is not None}
        return tuple(sorted(found, key=lambda checkpoint: checkpoint.size))

    def remember(self, checkpoint: Checkpoint) -> None:
        """As the port says."""
        for path in self._paths:
            _append(path, checkpoint)
        for path in self._beyond:
            with suppress(StorageError):  # the places that must remember it do
                _append(path, checkpoint)


def _read(path: Path, origin: str) -> Checkpoint | None:
    try:
        data = read_limited(path, 2 * MAX_MEMORY_BYTES)
    except NotFound:
        return None
    header, *lines = data.rpartition(b"\n")[0].split(b"\n")
    match = _LINE.fullmatch(lines[-1]) if lines else None
    if header != origin.encode() or match is None or int(match[1]) > MAX_SIZE:
        hint = "it says how far the log had come: pratique log recover"
        raise Malformed("not what was remembered of this log", where=str(path), hint=hint)
    return Checkpoint(origin=origin, size=int(match[1]), root=base64.b64decode(match[2]))


def _append(path: Path, checkpoint: Checkpoint) -> None:
    """One line more, with one fsync; a file that is new, long or ends within a line is written anew."""
    line = f"{checkpoint.size} {base64.b64encode(checkpoint.root).decode()}\n".encode()
    try:
        with path.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            if 0 < size <= MAX_MEMORY_BYTES:
                file.seek(size - 1)
                if file.read(1) == b"\n":
                    file.write(line)
                    file.flush()
                    os.fsync(file.fileno())
                    return
    except FileNotFoundError:
        pass
    except OSError as error:
        raise storage_error(error, path) from error
    made = [folder for folder in path.parents if not folder.exists()]
    write_atomic(path, checkpoint.origin.encode() + b"\n" + line)
    try:
        for folder in made:
            sync_directory(folder.parent)
    except OSError as error:
        raise storage_error(error, path) from error
