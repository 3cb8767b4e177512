"""What the agent costs: 2,000 runs of /bin/true in a container, without and with it in enforce mode, interleaved.

    sudo .venv/bin/python bench/agent.py [--image localhost/base:1] [--runs 2000] [--pairs 9]

Time is taken inside the container. Goal: at most 1.05 at the median with a read-only root, where the kernel may remember;
on a writable root it may not, and the figure says what that costs.
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

from pratique.model import FileEntry, FileManifest, Kind
from pratique.model.manifest import manifest_root
from pratique.runtime.agent import AgentConfig, load_node, run_agent
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
                entries.append(FileEntry(str(path.relative_to(root)), Kind.FILE, info.st_mode & 0o7777, info.st_size, sha256))
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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--image", default="localhost/base:1")
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--pairs", type=int, default=9)
    options = parser.parse_args()
    if os.geteuid() != 0 or shutil.which("podman") is None:
        sys.exit("needs root and podman")
    manifest = image_manifest(options.image)
    result = {}
    for kind, flags in (("read-only", ("--read-only",)), ("writable", ())):
        ratios, without, within, reports = [], [], [], []
        with container(options.image, *flags) as name:
            measure(name, options.runs // 10)
            for _ in range(options.pairs):
                without.append(measure(name, options.runs))
                with agent(name, manifest, reports):
                    within.append(measure(name, options.runs))
                ratios.append(within[-1] / without[-1])
        result[kind] = {
            "ratio_median": round(statistics.median(ratios), 3),
            "ratio_spread": [round(min(ratios), 3), round(max(ratios), 3)],
            "without_s": round(statistics.median(without), 3),
            "with_s": round(statistics.median(within), 3),
            "judged": statistics.median(sum(counts.values()) for counts in reports),
        }
        print(f"{kind:10} {json.dumps(result[kind])}", flush=True)
    goal = result["read-only"]["ratio_median"] <= 1.05
    print(f"goal: read-only ≤ 1.05: {'met' if goal else 'missed'}")
    sys.exit(0 if goal else 1)


if __name__ == "__main__":
    main()
