"""How long `pratique --help` takes as a whole process, beside a Python that does nothing. Goal: at most 100 ms."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

from yardstick import environment

RUNS = 15
PRATIQUE = Path(sys.executable).with_name("pratique")


def wall_ms(command: list[str]) -> float:
    """Wall time of one run in milliseconds."""
    with environment() as env:
        begin = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=env)
        return (time.perf_counter() - begin) * 1000


def main() -> int:
    """Interleave the two, print medians and spread."""
    commands = {"pratique --help": [str(PRATIQUE), "--help"], "python -c pass": [sys.executable, "-c", "pass"]}
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(RUNS + 1):
        for name, command in commands.items():
            times[name].append(wall_ms(command))
    for name, values in times.items():
        kept = values[1:]  # the first run warms the page cache
        print(f"{name:<18} median {statistics.median(kept):6.1f} ms   min {min(kept):6.1f}   max {max(kept):6.1f}")
    median = statistics.median(times["pratique --help"][1:])
    print(f"goal ≤ 100 ms: {'reached' if median <= 100 else 'missed'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
