"""Real things for the end-to-end tests: a registry, a base image, and the program as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from docker_registry import serve_registry
from runtime_boxes import box, manifest  # noqa: F401 - fixtures

ROOT = Path(__file__).resolve().parents[2]

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An environment whose state is below the test's own folder."""
    return {**os.environ, "PRATIQUE_HOME": str(tmp_path / "home"), "PRATIQUE_KEY_PASSPHRASE": "between us"}


@pytest.fixture
def pratique(home: dict[str, str], tmp_path: Path) -> Run:
    """Runs the program in the test's folder."""

    def run(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", "from pratique.cli.main import main; main()", *arguments]
        return subprocess.run(
            command, env={**home, **environ}, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
        )

    return run


@pytest.fixture(scope="session")
def base_image() -> str:
    """A small Debian with Python in podman's store. Made when it is missing, once for all workers, and kept."""
    made = subprocess.run([ROOT / "tools" / "base-image", "podman"], capture_output=True, text=True, timeout=600, check=False)
    if made.returncode != 0 and not Path("/etc/debian_version").exists():
        pytest.skip(f"no base image, and this is no Debian to make one on: {made.stderr.strip()}")
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """HOST:PORT of Debian's docker-registry, which has no referrers API: the fallback tag is what it needs."""
    yield from serve_registry(tmp_path_factory.mktemp("registry"))


@pytest.fixture
def registry_store(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """HOST:PORT of a docker-registry of this test alone, and the folder that it keeps everything in."""
    root = tmp_path / "registry"
    root.mkdir()
    for host in serve_registry(root):
        yield host, root
