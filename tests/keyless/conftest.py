"""A private Sigstore on this machine: npm's @sigstore/mock behind HTTP, installed once from the lock file into a cache."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from stack import ARTIFACT, Stack

from pratique.attest.statement import StatementSubject, render_statement
from pratique.model.digest import Digest

HERE = Path(__file__).parent / "node"


@pytest.fixture(scope="session")
def npm() -> Path:
    """The folder with the scripts and their packages."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    digest = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pratique-tests"
    folder = cache / f"npm-{digest}"
    folder.mkdir(parents=True, exist_ok=True)
    with (cache / f"npm-{digest}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes share the cache
        if not (folder / "installed").exists():
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / name, folder)
            command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
            (folder / "installed").touch()
        for script in HERE.glob("*.mjs"):
            shutil.copy(script, folder)
    return folder


@pytest.fixture(scope="session")
def stack(npm):
    """The running server."""
    process = subprocess.Popen(["node", "server.mjs"], cwd=npm, stdout=subprocess.PIPE, text=True)
    try:
        yield Stack(base=process.stdout.readline().strip(), folder=npm)
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture(scope="session")
def statement() -> bytes:
    return render_statement(
        subjects=[StatementSubject.of("app", Digest.of(ARTIFACT))],
        predicate_type="https://example.org/claim/v1",
        predicate={"x": "é"},
    )


@pytest.fixture(scope="session")
def bundles(stack, statement) -> dict:
    """Ours, of each kind: (content, Rekor's version) → bytes."""
    found = {}
    for version in (1, 2):
        session = stack.session(version)
        found["message", version] = session.sign_artifact(ARTIFACT)
        found["dsse", version] = session.sign_statement(statement)
    return found
