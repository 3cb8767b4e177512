"""What the agent costs: 2,000 runs of /bin/true in a container, without and with the agent in enforce mode.

    sudo .venv/bin/python bench/agent.py [--image NAME] [--runs 2000] [--pairs 10]

Two containers of one image stand side by side, one of them watched. Each pair of measurements is taken one right after the
other, in turns with the watched one first and last, and half-way the agent changes over to the other container: so neither a
slow spell of the machine nor a lucky container tells in the ratio. Time is taken inside the container. Goal: at most 1.05 at the
median with a read-only root, where the kernel may remember; on a writable root it may not, and the figure says what that costs.
"""

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from pratique.model import FileEntry, FileKind, FileManifest
from pratique.model.manifest import manifest_root
from pratique.runtime.agent import load_node, run_agent
from pratique.runtime.config import AgentConfig
from pratique.runtime.scan import hash_fd
from pratique.runtime.watch import Rules
from pratique.runtime.workloads import PodmanEngine

LOOP = """
start=$(date +%s%N); i=0
while [ $i -lt {runs} ]; do /bin/true; i=$((i+1)); done
echo $(( $(date +%s%N) - start ))
"""


def podman(*arguments: str) -> str:
    return subprocess.run(["podman", *arguments], capture_output=True, text=True, check=True, timeout=600).stdout.strip()


def image_manifest(image: str) -> FileManifest:
    root = Path(podman("image", "mount", image))
    entries = []
    try:
        for folder, _, names in os.walk(root):
            for name in names:
                path = Path(folder, name)
                if path.is_symlink() or not path.is_file():
                    continue
                with path.open("rb") as file:
                    info = path.stat()
                    sha256 = hash_fd(file.fileno(), info.st_size, 1 << 40)
                entries.append(FileEntry(str(path.relative_to(root)), FileKind.FILE, info.st_mode & 0o7777, info.st_size, sha256))
    finally:
        podman("image", "unmount", image)
    entries.sort(key=lambda entry: os.fsencode(entry.path))
    return FileManifest(root=manifest_root(entries), entries=tuple(entries), owners=("",) * len(entries))


@contextlib.contextmanager
def container(image: str, *options: str) -> Iterator[str]:
    name = f"pratique-bench-{uuid.uuid4().hex[:8]}"
    runc = shutil.which("runc")
    limits = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "--network=none")
    podman(*(("--runtime", runc) if runc else ()), "run", "-d", "--name", name, *limits, *options, image, "sleep", "3600")
    try:
        yield name
    finally:
        podman("rm", "-f", "-t", "0", name)


@contextlib.contextmanager
def agent(name: str, manifest: FileManifest, reports: list) -> Iterator[None]:
    """In a process of its own, as in life: our own interpreter would slow it down."""
    ready, stop = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        node, boot_id = load_node()
        stopped = threading.Event()
        threading.Thread(target=lambda: (os.read(stop[0], 1), stopped.set()), daemon=True).start()
        run_agent(
            AgentConfig(rules=Rules(enforce=True), node=node, boot_id=boot_id),
            engine=PodmanEngine(only={name}),
            manifests=lambda _: manifest,
            emit=lambda event: os.write(ready[1], b"x") if event["kind"] == "watching" else None,
            publish_report=lambda report: os.write(ready[1], json.dumps(report.counts).encode()) and None,
            clock=time.time,
            stop_event=stopped,
        )
        os._exit(0)
    os.read(ready[0], 1)
    try:
        yield
    finally:
        os.write(stop[1], b"x")
        os.waitpid(child, 0)
        reports.append(json.loads(os.read(ready[0], 1 << 16)))
        for fd in (*ready, *stop):
            os.close(fd)


def measure(name: str, runs: int) -> float:
    return int(podman("exec", name, "sh", "-c", LOOP.format(runs=runs))) / 1e9


def pairs_of(image: str, manifest: FileManifest, flags: tuple[str, ...], runs: int, pairs: int, reports: list) -> list:
    """(seconds without, seconds with) of each pair."""
    out = []
    with container(image, *flags) as one, container(image, *flags) as other:
        for name in (one, other):
            measure(name, runs // 10)
        for watched, free in ((one, other), (other, one)):
            with agent(watched, manifest, reports):
                measure(watched, 10)
                for number in range(pairs // 2):
                    order = (free, watched) if number % 2 else (watched, free)
                    taken = {name: measure(name, runs) for name in order}
                    out.append((taken[free], taken[watched]))
    return out


def quartiles(values: list[float]) -> list[float]:
    first, _, third = statistics.quantiles(values, n=4)
    return [round(first, 3), round(third, 3)]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--image", help="default: the base image that demo and tests use, made when it is missing")
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--pairs", type=int, default=10, help="even")
    options = parser.parse_args()
    if os.geteuid() != 0 or shutil.which("podman") is None:
        sys.exit("needs root and podman")
    tool = Path(__file__).parents[1] / "tools" / "base-image"
    image = options.image or subprocess.run([tool, "podman"], capture_output=True, text=True, check=True).stdout.strip()
    manifest = image_manifest(image)
    medians = {}
    for kind, flags in (("read-only", ("--read-only",)), ("writable", ())):
        reports: list = []
        taken = pairs_of(image, manifest, flags, options.runs, options.pairs, reports)
        ratios = [within / without for without, within in taken]
        medians[kind] = statistics.median(ratios)
        figures = {
            "ratio_median": round(medians[kind], 3),
            "ratio_quartiles": quartiles(ratios),
            "ratio_range": [round(min(ratios), 3), round(max(ratios), 3)],
            "ratio_of_fastest": round(min(within for _, within in taken) / min(without for without, _ in taken), 3),
            "without_s": round(statistics.median(without for without, _ in taken), 3),
            "with_s": round(statistics.median(within for _, within in taken), 3),
            "execs": options.runs * options.pairs,
            "judged": sum(sum(counts.values()) for counts in reports),
        }
        print(f"{kind:10} {json.dumps(figures)}", flush=True)
    met = medians["read-only"] <= 1.05
    print(f"goal: read-only ≤ 1.05: {'met' if met else 'missed'}")
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
