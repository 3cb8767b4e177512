"""A private Sigstore on this machine: npm's @sigstore/mock behind HTTP, installed once from the lock file into a cache."""

import base64
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from pratique.attest.sigstore.trusted_root import parse_trusted_root
from pratique.attest.statement import Subject, render_statement
from pratique.keys.keyless.services import Rekor, Services
from pratique.keys.keyless.session import open_session
from pratique.keys.keyless.token import find_token
from pratique.keys.keyless.web import Web
from pratique.model.digest import Digest

HERE = Path(__file__).parent / "node"
ARTIFACT = b"hello, harbour\n"
ISSUER = "https://token.actions.githubusercontent.com"
SUBJECT = "https://github.com/team/app/.github/workflows/release.yml@refs/heads/main"
JOB_SECRET = "the-jobs-own-secret"


def encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


@dataclass
class Stack:
    """A running server, and the scripts beside it."""

    base: str
    folder: Path

    def get(self, name: str) -> bytes:
        return httpx.get(f"{self.base}/{name}").content

    @property
    def root(self):
        return parse_trusted_root(self.get("trusted_root.json"))

    def services(self, version: int) -> Services:
        stampers = (f"{self.base}/api/v1/timestamp",) if version == 2 else ()
        return Services(fulcio=self.base, rekors=(Rekor(url=self.base, version=version),), stampers=stampers)

    def token(self):
        environment = {"ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.base}/token", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": JOB_SECRET}
        return find_token(environment, Web(), now=time.time())

    def session(self, version: int, **options):
        options = {"web": Web(), "root": self.root, "clock": time.time} | options
        return open_session(self.token(), self.services(version), **options)

    def run(self, script: str, document: dict) -> list:
        """One of the scripts, from JSON to JSON."""
        result = subprocess.run(
            ["node", script],
            cwd=self.folder,
            input=json.dumps(document),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def javascript_verdicts(self, cases: list[dict], keys: dict | None = None) -> list[str]:
        """What @sigstore/verify says of each bundle: "" when it holds."""
        root = json.loads(self.get("trusted_root.json"))
        return self.run("verify.mjs", {"trustedRoot": root, "cases": cases, "keys": keys or {}})


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
        subjects=[Subject.of("app", Digest.of(ARTIFACT))], predicate_type="https://example.org/claim/v1", predicate={"x": "é"}
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
