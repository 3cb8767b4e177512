"""A stand-in for Azure Key Vault (REST 7.4), Entra ID and the services of managed identities, from their references."""

import base64
import json
import re
import secrets
import time
from pathlib import Path
from typing import Any

from cloud import Cloud, CloudKey, Reply, Request, documented
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from signers import Adapter, never

from pratique.keys.access import Access

VAULT = "harbour.vault.azure.net"
TENANT = "72f988bf-0000-0000-0000-2d7cd011db47"
CURVES = {f"P-{bits}": f"ecdsa-p{bits}" for bits in (256, 384, 521)}
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
SIGNS = {"ES256": ("ecdsa", "P-256"), "ES384": ("ecdsa", "P-384"), "ES512": ("ecdsa", "P-521"), "RS256": ("pkcs1", "")}
SIGNS |= {f"PS{size}": ("pss", "") for size in (256, 384, 512)}


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def refusal(status: int, code: str, message: str, inner: str | None = None) -> Reply:
    return Reply(status, {"error": {"code": code, "message": message, "innererror": {"code": inner}}})


class KeyVault(Cloud):
    hosts = re.compile(rf"{re.escape(VAULT)}|login\.microsoftonline\.com|169\.254\.169\.254|127\.0\.0\.1")

    def __init__(self) -> None:
        super().__init__()
        self.versions: dict[str, list[str]] = {}
        self.clients: dict[str, dict[str, Any]] = {}
        self.tokens: dict[str, tuple[set[str], str]] = {}
        self.managed: set[str] | None = None
        self.identity_header = secrets.token_hex(16)

    def role(self, name: str) -> set[str]:
        """The data actions of a documented role."""
        return set(json.loads(documented(name))["DataActions"])

    def client(self, *actions: str) -> tuple[str, str]:
        """A client and its secret, with the documented role or with the named actions."""
        name, secret = secrets.token_hex(16), secrets.token_urlsafe(30)
        self.clients[name] = {"secret": secret, "assertions": set(), "actions": set(actions) or self.role("azure role")}
        return name, secret

    def key(self, name: str, algorithm: str) -> str:
        version = secrets.token_hex(16)
        self.versions.setdefault(name, []).append(version)
        self.keys[f"/keys/{name}/{version}"] = CloudKey(algorithm)
        return version

    def access(self, **settings: str) -> Access:
        return Access(passphrase=never, pin=never, environ=settings, handler=self.routes, sleep=lambda _: None)

    def as_client(self, name: str, secret: str) -> Access:
        return self.access(AZURE_TENANT_ID=TENANT, AZURE_CLIENT_ID=name, AZURE_CLIENT_SECRET=secret)

    def adapter(self, algorithm: str, _: Path) -> Adapter:
        name, secret = self.client()
        self.key(f"key-{algorithm}", algorithm)
        return Adapter(
            reference=f"azurekms://harbour/key-{algorithm}?algorithm={algorithm}",
            access=self.as_client(name, secret),
            algorithm=algorithm,
            secrets=(secret, "eyJ0.token."),
            cut=self.cut,
        )

    def answer(self, request: Request) -> Reply:
        host = request.host.partition(":")[0]
        if host == "login.microsoftonline.com":
            return self.log_in(request)
        if host in ("169.254.169.254", "127.0.0.1"):
            return self.managed_identity(request)
        return self.vault(request)

    def give(self, actions: set[str], audience: str) -> dict[str, Any]:
        token = f"eyJ0.token.{secrets.token_urlsafe(40)}"
        self.tokens[token] = actions, audience
        return {"token_type": "Bearer", "expires_in": 3599, "access_token": token}

    def log_in(self, request: Request) -> Reply:
        form = request.form
        client = self.clients.get(form["client_id"])
        right = client is not None and (
            form.get("client_secret") == client["secret"] or form.get("client_assertion") in client["assertions"]
        )
        if request.path != f"/{TENANT}/oauth2/v2.0/token" or form["grant_type"] != "client_credentials" or not right:
            shown = form.get("client_secret") or form.get("client_assertion")
            said = {"error": "invalid_client", "error_description": f"AADSTS7000215: Invalid client secret provided: {shown}"}
            return Reply(401, said)
        assert client is not None
        return Reply(200, self.give(client["actions"], form["scope"].removesuffix("/.default")))

    def managed_identity(self, request: Request) -> Reply:
        instance = request.headers.get("metadata") == "true" and request.path == "/metadata/identity/oauth2/token"
        service = request.headers.get("x-identity-header") == self.identity_header and request.path == "/msi/token"
        if not (instance or service) or self.managed is None:
            return Reply(400, {"error": "invalid_request", "error_description": "Required metadata header not specified"})
        given = self.give(self.managed, request.query["resource"])
        return Reply(200, given | {"expires_in": "3599", "expires_on": str(int(time.time()) + 3599)})

    def vault(self, request: Request) -> Reply:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        actions, audience = self.tokens.get(token, (set(), ""))
        if audience != "https://vault.azure.net":
            header = f'Bearer authorization="https://login.microsoftonline.com/{TENANT}", resource="https://vault.azure.net"'
            return Reply(401, {"error": {"code": "Unauthorized", "message": "AKV10000"}}, {"WWW-Authenticate": header})
        if request.query.get("api-version") != "7.4":
            return refusal(400, "BadParameter", "unknown version")
        parts = request.path.split("/")
        verb = parts[-1] if parts[-1] in ("sign", "create", "rotate") and request.method == "POST" else "read"
        needed = f"Microsoft.KeyVault/vaults/keys/{verb}" + ("" if verb == "read" else "/action")
        if needed not in actions:
            return refusal(403, "Forbidden", f"Caller is not authorized to perform action {needed}", "ForbiddenByRbac")
        name = parts[2]
        if verb == "create":
            body = request.json
            algorithm = CURVES[body["crv"]] if body["kty"] == "EC" else f"rsa-{body['key_size']}"
            assert body["key_ops"] == ["sign", "verify"]
            return self.read(name, self.key(name, algorithm))
        if name not in self.versions:
            return refusal(404, "KeyNotFound", f"A key with (name/id) {name} was not found in this key vault.")
        if verb == "rotate":
            return self.read(name, self.key(name, self.keys[f"/keys/{name}/{self.versions[name][-1]}"].algorithm))
        version = parts[3] if len(parts) > 3 and parts[3] else self.versions[name][-1]
        return self.sign(name, version, request.json) if verb == "sign" else self.read(name, version)

    def read(self, name: str, version: str) -> Reply:
        key = self.keys.get(f"/keys/{name}/{version}")
        if key is None:
            return refusal(404, "KeyNotFound", f"A key with (name/id) {name}/{version} was not found in this key vault.")
        numbers = key.private.public_key().public_numbers()  # type: ignore[union-attr]
        jwk: dict[str, Any] = {"kid": f"https://{VAULT}/keys/{name}/{version}", "key_ops": ["sign", "verify"]}
        if isinstance(key.private, ec.EllipticCurvePrivateKey):
            size = (key.private.key_size + 7) // 8
            curve = f"P-{key.private.key_size}"
            jwk |= {"kty": "EC-HSM", "crv": curve, "x": b64url(numbers.x.to_bytes(size)), "y": b64url(numbers.y.to_bytes(size))}
        else:
            size = (numbers.n.bit_length() + 7) // 8
            jwk |= {"kty": "RSA", "n": b64url(numbers.n.to_bytes(size)), "e": b64url(numbers.e.to_bytes(3))}
        return Reply(200, {"key": jwk, "attributes": {"enabled": key.state == "enabled", "created": 1}})

    def sign(self, name: str, version: str, body: dict[str, str]) -> Reply:
        key = self.keys.get(f"/keys/{name}/{version}")
        if key is None:
            return refusal(404, "KeyNotFound", "no such version")
        if key.state != "enabled":
            return refusal(403, "Forbidden", "Operation sign is not allowed on a disabled key.", "KeyDisabled")
        if body["alg"] not in SIGNS:
            return refusal(400, "BadParameter", f"unknown algorithm {body['alg']}")
        scheme, curve = SIGNS[body["alg"]]
        digest, hash_ = unb64url(body["value"]), HASHES[body["alg"][-3:]]
        if CURVES.get(curve, "rsa") != (key.algorithm if curve else "rsa") or len(digest) != hash_.digest_size:
            return refusal(400, "BadParameter", "Key and signature algorithm do not fit, or the digest has another length")
        signature = key.sign_digest(digest, scheme, hash_)
        if scheme == "ecdsa":
            size = (key.private.key_size + 7) // 8  # type: ignore[union-attr]
            signature = b"".join(number.to_bytes(size) for number in utils.decode_dss_signature(signature))
        return Reply(200, {"kid": f"https://{VAULT}/keys/{name}/{version}", "value": b64url(signature)})
