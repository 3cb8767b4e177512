"""How long an append takes, whatever the log's history. Goal: the same with a hundred thousand former checkpoints as with none.

Beside it stands what the disk takes for one bare fsync of a small file: an append makes entries, tiles, memory and checkpoint
durable, one after another, and can cost no less than that many of them. `pratique.tlog` alone: one entry of 700 bytes each time.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pratique.tlog.log import TileLog, create_log
from pratique.tlog.memory import FileMemory

RUNS = 40
HISTORIES = (0, 1_000, 100_000)
ENTRY = bytes(700)


def median_ms(action: Callable[[], object]) -> float:
    """The median of some runs, in milliseconds."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        action()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def bare_fsync(folder: Path) -> float:
    """Appending a line to a file and waiting for the disk."""
    with (folder / "bare").open("ab") as file:

        def write() -> None:
            file.write(ENTRY)
            file.flush()
            os.fsync(file.fileno())

        return median_ms(write)


def new_log(folder: Path) -> TileLog:
    """A log with a memory beside it and one beyond, as a home has it."""
    key = Ed25519PrivateKey.generate()
    memory = FileMemory((folder / "seen",), (folder / "state" / "seen",))
    public = key.public_key().public_bytes_raw()
    return create_log(folder / "log", origin="log.bench.example", public_key=public, sign=key.sign, memory=memory)


def main() -> int:
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory(dir=place) as name:
        folder = Path(name)
        fsync = bare_fsync(folder)
        print(f"one bare fsync          {fsync:8.2f} ms")
        for history in HISTORIES:
            here = folder / str(history)
            log = new_log(here)
            former = here / "log" / "checkpoints"
            former.mkdir()
            for number in range(history):  # their content is not looked at when something is appended
                (former / str(10**9 + number)).touch()
            took = median_ms(partial(log.append, [ENTRY]))
            print(f"append after {history:>7,}    {took:8.2f} ms, {took / fsync:5.1f} fsyncs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
