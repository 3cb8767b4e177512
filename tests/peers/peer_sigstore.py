"""A whole Sigstore on this machine, for keyless signing without a mock: Fulcio, its CT log, Rekor v2, a timestamp authority.

They are Sigstore's own programs; the issuer of identity tokens is some forty lines.
"""

import base64
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from openbao import free_port
from peer_programs import Peers

TOOLS = ("fulcio", "tesseract", "rekor-tiles", "timestamp-server")
START = "2024-01-01T00:00:00Z"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer:
    """An OpenID provider that says of everybody what it is told to say (OpenID Connect Discovery 1.0 §4)."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(65537, 2048)
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(issuer.keys() if self.path == "/keys" else issuer.configuration()).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def configuration(self) -> dict[str, Any]:
        names = {
            "jwks_uri": f"{self.url}/keys",
            "authorization_endpoint": f"{self.url}/auth",
            "token_endpoint": f"{self.url}/token",
        }
        algorithms = {"id_token_signing_alg_values_supported": ["RS256"], "response_types_supported": ["code"]}
        return {"issuer": self.url, "subject_types_supported": ["public"], **names, **algorithms}

    def keys(self) -> dict[str, Any]:
        numbers = self.key.public_key().public_numbers()
        modulus = numbers.n.to_bytes(256, "big")
        key = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1", "n": _base64url(modulus), "e": "AQAB"}
        return {"keys": [key]}

    def token(self, email: str) -> str:
        """Good for ten minutes."""
        now = int(time.time())
        claims = {"iss": self.url, "aud": "sigstore", "sub": email, "email": email, "email_verified": True}
        parts = [{"alg": "RS256", "kid": "1", "typ": "JWT"}, {**claims, "iat": now, "nbf": now - 5, "exp": now + 600}]
        signed = ".".join(_base64url(json.dumps(part).encode()) for part in parts)
        return f"{signed}.{_base64url(self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


@dataclass(frozen=True)
class Sigstore:
    """`signing_config`, `trusted_root`: what both sides are given; `bare_root` trusts the same but another Fulcio."""

    issuer: Issuer
    signing_config: Path
    trusted_root: Path

    @property
    def identity_issuer(self) -> str:
        return self.issuer.url


@contextmanager
def serve_sigstore(peers: Peers, folder: Path) -> Iterator[Sigstore]:
    """All of it while it is needed."""
    issuer = Issuer()
    ports = {
        name: free_port()
        for name in ("fulcio", "fulcio-grpc", "fulcio-metrics", "ctlog", "rekor", "rekor-grpc", "rekor-metrics", "tsa")
    }
    log = ed25519.Ed25519PrivateKey.generate()
    ct = ec.generate_private_key(ec.SECP256R1())
    _write_keys(folder, "rekor", log)
    _write_keys(folder, "ctlog", ct)
    (folder / "fulcio.json").write_text(
        json.dumps({"OIDCIssuers": {issuer.url: {"IssuerURL": issuer.url, "ClientID": "sigstore", "Type": "email"}}})
    )
    with ExitStack() as stack:

        def start(name: str, *arguments: str, ready: str) -> None:
            stack.enter_context(_running(peers, folder, name, arguments, ready))

        start(
            "fulcio",
            *("serve", "--ca=ephemeralca", "--host=127.0.0.1", "--grpc-host=127.0.0.1", f"--port={ports['fulcio']}"),
            *(f"--grpc-port={ports['fulcio-grpc']}", f"--metrics-port={ports['fulcio-metrics']}"),
            *(f"--ct-log-url=http://127.0.0.1:{ports['ctlog']}", f"--config-path={folder / 'fulcio.json'}"),
            f"--legacy-unix-domain-socket=@pratique-{ports['fulcio']}",
            ready=f"http://127.0.0.1:{ports['fulcio']}/healthz",
        )
        bundle = httpx.get(f"http://127.0.0.1:{ports['fulcio']}/api/v2/trustBundle", trust_env=False).json()
        (folder / "fulcio.pem").write_text("".join(bundle["chains"][0]["certificates"]))
        start(
            "tesseract",
            *(f"--http_endpoint=127.0.0.1:{ports['ctlog']}", "--origin=ctlog.harbour.example", "--path_prefix="),
            *(f"--private_key={folder / 'ctlog.pem'}", f"--storage_dir={folder / 'ctlog'}"),
            *(f"--roots_pem_file={folder / 'fulcio.pem'}", "--ext_key_usages=CodeSigning", "--checkpoint_interval=1s"),
            ready=f"http://127.0.0.1:{ports['ctlog']}/ct/v1/get-roots",
        )
        start(
            "rekor-tiles",
            *("serve", "--hostname=127.0.0.1", f"--http-port={ports['rekor']}", f"--grpc-port={ports['rekor-grpc']}"),
            *(f"--http-metrics-port={ports['rekor-metrics']}", f"--signer-filepath={folder / 'rekor.pem'}"),
            *(f"--storage-dir={folder / 'rekor'}", "--checkpoint-interval=1s", "--batch-max-age=50ms", "--log-level=error"),
            ready=f"http://127.0.0.1:{ports['rekor']}/healthz",
        )
        start(
            "timestamp-server",
            *("serve", f"--port={ports['tsa']}", "--host=127.0.0.1", "--timestamp-signer=memory", "--disable-ntp-monitoring"),
            ready=f"http://127.0.0.1:{ports['tsa']}/ping",
        )
        chain = httpx.get(f"http://127.0.0.1:{ports['tsa']}/api/v1/timestamp/certchain", trust_env=False)
        (folder / "tsa.pem").write_bytes(chain.content)
        yield _described(peers, folder, ports, issuer)
    issuer.server.shutdown()


def _write_keys(folder: Path, name: str, key: Any) -> None:
    # The CT log reads SEC 1, the others PKCS#8
    form = PrivateFormat.TraditionalOpenSSL if isinstance(key, ec.EllipticCurvePrivateKey) else PrivateFormat.PKCS8
    private = key.private_bytes(Encoding.PEM, form, NoEncryption())
    (folder / f"{name}.pem").write_bytes(private)
    (folder / f"{name}.pub").write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (folder / name).mkdir()


@contextmanager
def _running(peers: Peers, folder: Path, name: str, arguments: tuple[str, ...], ready: str) -> Iterator[None]:
    with (folder / f"{name}.log").open("wb") as log:
        command = [peers.folder / name, *arguments]
        process = subprocess.Popen(command, stdout=log, stderr=log, env=peers.environ, cwd=folder)
    try:
        for _ in range(600):
            assert process.poll() is None, f"{name} ended: {(folder / f'{name}.log').read_text()[-2000:]}"
            try:
                answer = httpx.get(ready, trust_env=False, timeout=5)
            except httpx.TransportError:
                time.sleep(0.1)
                continue
            if answer.status_code == 200:
                break
            time.sleep(0.1)
        else:
            raise AssertionError(f"{name} is not ready: {(folder / f'{name}.log').read_text()[-2000:]}")
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _described(peers: Peers, folder: Path, ports: dict[str, int], issuer: Issuer) -> Sigstore:
    """What cosign's own commands make of it: a signing configuration and a trusted root."""
    root, config = folder / "trusted-root.json", folder / "signing-config.json"
    url = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    stamp = f"{url['tsa']}/api/v1/timestamp"
    peers.cosign(
        *("trusted-root", "create", "--out", root),
        *("--fulcio", f"url={url['fulcio']},certificate-chain={folder / 'fulcio.pem'}"),
        *("--ctfe", f"url={url['ctlog']},public-key={folder / 'ctlog.pub'},start-time={START}"),
        *("--rekor", f"url={url['rekor']},public-key={folder / 'rekor.pub'},start-time={START},origin=127.0.0.1"),
        *("--tsa", f"url={stamp},certificate-chain={folder / 'tsa.pem'}"),
    ).ok()
    about = f"start-time={START},operator=harbour"
    peers.cosign(
        *("signing-config", "create", "--out", config),
        *("--fulcio", f"url={url['fulcio']},api-version=1,{about}"),
        *("--rekor", f"url={url['rekor']},api-version=2,{about}", "--rekor-config", "ANY"),
        *("--oidc-provider", f"url={issuer.url},api-version=1,{about}"),
        *("--tsa", f"url={stamp},api-version=1,{about}", "--tsa-config", "ANY"),
    ).ok()
    return Sigstore(issuer, config, root)
