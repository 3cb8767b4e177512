"""The private stack as tests see it, and what they sign there."""

import base64
import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from pratique.attest.sigstore.trusted_root import parse_trusted_root
from pratique.keys.keyless.services import Rekor, Services
from pratique.keys.keyless.session import open_session
from pratique.keys.keyless.token import find_token
from pratique.keys.keyless.web import Web

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


PLACES = [
    "messageSignature.signature",
    "dsseEnvelope.payload",
    "dsseEnvelope.signatures.0.sig",
    "verificationMaterial.certificate.rawBytes",
    "verificationMaterial.tlogEntries.0.canonicalizedBody",
    "verificationMaterial.tlogEntries.0.inclusionPromise.signedEntryTimestamp",
    "verificationMaterial.timestampVerificationData.rfc3161Timestamps.0.signedTimestamp",
]


def altered(data: bytes) -> list[bytes]:
    """The bundle with the last byte of one signed thing changed, for each that it has."""
    found = []
    for place in PLACES:
        document = json.loads(data)
        *parents, last = [int(step) if step.isdigit() else step for step in place.split(".")]
        parent = document
        try:
            for step in parents:
                parent = parent[step]
            value = parent[last]
        except (KeyError, IndexError):
            continue
        middle = len(value) // 2 if place.endswith("payload") else len(value) - 9
        parent[last] = value[:middle] + ("A" if value[middle] != "A" else "B") + value[middle + 1 :]
        found.append(json.dumps(document).encode())
    return found
