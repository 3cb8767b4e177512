"""What the benchmarks share: the programs that are compared, and a process measured from outside."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PRATIQUE = Path(sys.executable).with_name("pratique")
PEERS = Path(__file__).parents[1] / "tools" / "peers"


@dataclass(frozen=True, slots=True)
class Run:
    """`wall_s`, `cpu_s`: seconds; `rss_mb`: largest resident set of the process or one of its children, in 10^6 bytes."""

    wall_s: float
    cpu_s: float
    rss_mb: float


def find_peer(name: str, given: str | None = None) -> Path:
    """A tool of today as a yardstick: the one given, else the one that `tools/peers` installs."""
    if given:
        return Path(given)
    done = subprocess.run([str(PEERS), name], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"{name} cannot be had here, and there is nothing to compare with")
    return Path(done.stdout.strip()) / name


@contextmanager
def environment() -> Iterator[dict[str, str]]:
    """An environment in which nothing is cached: home, state and caches are a new folder that is removed afterwards."""
    with tempfile.TemporaryDirectory() as home:
        env = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "SYFT_", "TRIVY_", "PRATIQUE_"))}
        env.pop("PYTHONDONTWRITEBYTECODE", None)  # installed programs have their bytecode; some build machines forbid it
        env |= {"HOME": home, "PRATIQUE_HOME": f"{home}/pratique", "SYFT_CHECK_FOR_APP_UPDATE": "false"}
        env |= {f"XDG_{kind}_HOME": f"{home}/{kind.lower()}" for kind in ("CACHE", "CONFIG", "DATA", "STATE")}
        yield env


def measure(command: list[str], env: dict[str, str] | None = None) -> Run:
    """One run, its output thrown away. `env`: by default a new `environment`."""
    if env is None:
        with environment() as fresh:
            return measure(command, fresh)
    with tempfile.TemporaryFile() as stderr:
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr, env=env)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            stderr.seek(0)
            sys.exit(f"{command[0]} ended with {process.returncode}: {stderr.read()[-500:].decode(errors='replace')}")
    return Run(wall_s=wall, cpu_s=usage.ru_utime + usage.ru_stime, rss_mb=usage.ru_maxrss * 1024 / 1e6)
