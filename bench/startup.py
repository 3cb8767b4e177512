"""How long `pratique --help` and `pratique sbom` of a small folder take as whole processes, beside a Python that does nothing.

Goals: at most 100 ms and 250 ms. Judged is the fastest of many runs, for the machine may be busy with other things; the
processor's time of user and system is beside it, which other processes do not add to.
"""

import statistics
import sys
import tempfile
from pathlib import Path

from yardstick import PRATIQUE, Run, measure

RUNS = 15
GOALS_MS = {"pratique --help": 100.0, "pratique sbom FOLDER": 250.0}
FILES = {
    "package.json": '{"name": "app", "version": "1.0.0", "dependencies": {"left-pad": "1.3.0"}}',
    "requirements.txt": "click==8.1.7\nhttpx==0.27.0\n",
    "README.md": "# A small project\n",
}


def main() -> int:
    """Interleave the commands, print the fastest and the median of each, and whether the goals are reached."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in FILES.items():
            (Path(folder) / name).write_text(text)
        commands = {
            "pratique --help": [str(PRATIQUE), "--help"],
            "pratique sbom FOLDER": [str(PRATIQUE), "sbom", f"dir:{folder}", "-o", "cyclonedx-json"],
            "python -c pass": [sys.executable, "-c", "pass"],
        }
        runs: dict[str, list[Run]] = {name: [] for name in commands}
        for _ in range(RUNS + 1):
            for name, command in commands.items():
                runs[name].append(measure(command))
    for name, every in runs.items():
        kept = every[1:]  # the first run warms the page cache, and writes bytecode
        walls = [run.wall_s * 1000 for run in kept]
        processor = min(run.cpu_s for run in kept) * 1000
        goal = GOALS_MS.get(name)
        judged = "" if goal is None else f"   goal ≤ {goal:.0f} ms: {'reached' if min(walls) <= goal else 'missed'}"
        print(
            f"{name:<22} min {min(walls):6.1f} ms   median {statistics.median(walls):6.1f}   processor {processor:6.1f}{judged}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
