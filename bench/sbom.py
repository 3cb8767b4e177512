"""`pratique sbom` against trivy, syft and the bare pass, on the benchmark images, cold caches, in turns.

Goals on each image: wall at most 0.6 of trivy's and a quarter of syft's, processor time at most 0.8 of trivy's, peak memory at
most 130 MB (200 MB on `large`), while every file is hashed and held against its package, which neither of them does. Beside
them the bare pass (`barepass.py`: inflate in one thread, walk and hash in another), alone and with the digests of blobs, layers
and dpkg: what proving as much costs by itself. Then, on one image with two layers: with the lower layer known, only what differs
is paid for.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from images import IMAGES, image
from yardstick import PRATIQUE, Run, environment, find_peer, measure

PEERS = ("trivy", "syft")
GOAL_TRIVY = 0.6
GOAL_TRIVY_CPU = 0.8
GOAL_SYFT = 0.25
GOAL_RSS_MB = 130
GOAL_RSS_LARGE_MB = 200
TRIVY_ALONE = ("--quiet", "--offline-scan", "--skip-db-update", "--skip-version-check")
BAREPASS = Path(__file__).with_name("barepass.py")


def commands(archive: Path, layout: Path, peers: dict[str, Path]) -> dict[str, list[str]]:
    """What is timed on one archive; `layout`: the same in a folder, since trivy takes no OCI archive."""
    return {
        "pratique": [str(PRATIQUE), "sbom", f"oci-archive:{archive}", "-o", "cyclonedx-json"],
        "trivy": [str(peers["trivy"]), "image", "--input", str(layout), "--format", "cyclonedx", *TRIVY_ALONE],
        "syft": [str(peers["syft"]), "scan", f"oci-archive:{archive}", "-o", "cyclonedx-json", "-q"],
        "bare pass": [sys.executable, str(BAREPASS), str(archive)],
        "same digests": [sys.executable, str(BAREPASS), str(archive), "--digests"],
    }


@contextmanager
def laid_out(archive: Path) -> Iterator[Path]:
    """The layout that an archive holds, in a folder beside it."""
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        yield Path(folder)


def forget(*places: Path) -> None:
    """Take files out of the page cache: every run begins cold. No other process may have them mapped."""
    for place in places:
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)  # only clean pages can go
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def compare(name: str, archive: Path, peers: dict[str, Path], runs: int) -> bool:
    """Time them in turns and print the table; whether the goals hold."""
    done: dict[str, list[Run]] = {}
    with laid_out(archive) as layout:
        turns = list(commands(archive, layout, peers).items())
        for number in range(max(1, runs) + 1):
            for what, command in turns if number % 2 else reversed(turns):
                forget(archive, *(path for path in layout.rglob("*") if path.is_file()))
                run = measure(command)
                if number:  # the first round only warms up the programs themselves
                    done.setdefault(what, []).append(run)
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
            judge("wall against trivy", ratio(done, "trivy"), GOAL_TRIVY),
            judge("wall against syft", ratio(done, "syft"), GOAL_SYFT),
            judge("processor time against trivy", ratio(done, "trivy", cpu=True), GOAL_TRIVY_CPU),
            judge("peak memory, MB", peak, GOAL_RSS_LARGE_MB if name == "large" else GOAL_RSS_MB),
        ]
    )


def ratio(done: dict[str, list[Run]], peer: str, *, cpu: bool = False) -> float:
    """The median of the ratios run by run: what slows the machine slows both."""
    pairs = zip(done["pratique"], done[peer], strict=True)
    return statistics.median(a.cpu_s / b.cpu_s if cpu else a.wall_s / b.wall_s for a, b in pairs)


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
    for peer in PEERS:
        parser.add_argument(f"--{peer}", help=f"the {peer} to compare with; default: what tools/peers installs")
    parser.add_argument("--runs", type=int, default=5, help="runs of each (default 5)")
    options = parser.parse_args()
    peers = {peer: find_peer(peer, getattr(options, peer)) for peer in PEERS}
    archives = {options.archive.name: options.archive} if options.archive else {n: image(n) for n in options.images or IMAGES}
    good = [compare(name, archive, peers, options.runs) for name, archive in archives.items()]
    if not options.archive and not options.images:
        known_base(image("node"), image("node-base"), options.runs)
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
