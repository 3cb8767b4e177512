"""What the stand-ins for the clouds' key services share: a server that really signs, and refuses what the real one refuses.

None of the clouds can be reached from a test. Each stand-in is written from its service's API reference, answers over real
sockets, checks who asks (signatures of requests, access tokens, the policies of docs/keys.md), and can be told to misbehave.
"""

import base64
import json
import re
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pratique.keys.file import PrivateKey, new_private_key

DOCUMENT = Path(__file__).parents[2] / "docs" / "keys.md"


def documented(name: str) -> str:
    """The block of docs/keys.md that follows `<!-- NAME -->`: what users are told to grant is what is tried."""
    match = re.search(rf"<!-- {re.escape(name)} -->\s*```\w*\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert match is not None, f"docs/keys.md has no block {name}"
    return match[1]


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}

    @property
    def host(self) -> str:
        return self.headers["host"]


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class CloudKey:
    """A private key as a service has it. `state`: in the service's own words."""

    algorithm: str
    state: str = "enabled"
    private: PrivateKey = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.private = self.private or new_private_key(self.algorithm)

    @property
    def spki(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def pem(self) -> str:
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign_digest(self, digest: bytes, scheme: str, hash_: hashes.HashAlgorithm) -> bytes:
        """`scheme`: `ecdsa`, `pkcs1` or `pss`."""
        assert len(digest) == hash_.digest_size
        if scheme == "ecdsa":
            return self.private.sign(digest, ec.ECDSA(utils.Prehashed(hash_)))  # type: ignore[union-attr,call-arg,arg-type]
        salted = padding.PSS(mgf=padding.MGF1(hash_), salt_length=padding.PSS.DIGEST_LENGTH)
        how = salted if scheme == "pss" else padding.PKCS1v15()
        return self.private.sign(digest, how, utils.Prehashed(hash_))  # type: ignore[union-attr,call-arg,arg-type]


class Routes(httpx.BaseTransport):
    """Sends what is meant for the cloud's hosts to the stand-in, and nothing anywhere else."""

    def __init__(self, hosts: re.Pattern[str], port: int) -> None:
        self._hosts = hosts
        self.port = port
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        assert self._hosts.fullmatch(request.url.host), f"nobody should ask {request.url.host}"
        request.url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self.port)
        return self._inner.handle_request(request)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up is what some tests are about."""


class Cloud:
    """A stand-in. `answer`: makes the reply; `script`: replies for the next requests, None for the true one."""

    hosts = re.compile("")

    def __init__(self) -> None:
        self.keys: dict[str, CloudKey] = {}
        self.requests: list[Request] = []
        self.script: deque[Callable[[Request], Reply | None]] = deque()
        self.tamper: Callable[[Request, Reply], Reply] = lambda _, reply: reply
        cloud = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_any(self) -> None:
                url = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.command, url.path, query, headers, body)
                cloud.requests.append(request)
                reply = cloud.script.popleft()(request) if cloud.script else None
                reply = cloud.tamper(request, reply or cloud.answer(request))
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.content)))
                self.end_headers()
                self.wfile.write(reply.content)

            do_GET = do_POST = handle_any  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        self.server = _Server(("127.0.0.1", 0), Handler)
        self.routes = Routes(self.hosts, self.server.server_port)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, request: Request) -> Reply:
        raise NotImplementedError

    def cut(self) -> Callable[[], None]:
        """Nobody listens any more until the function that is returned is called."""
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            closed = sock.getsockname()[1]
        good, self.routes.port = self.routes.port, closed

        def restore() -> None:
            self.routes.port = good

        return restore

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def unb64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
