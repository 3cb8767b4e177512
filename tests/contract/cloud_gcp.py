"""A stand-in for Google Cloud KMS (REST v1) and for the services that give access tokens, from their references."""

import base64
import json
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from cloud import Cloud, CloudKey, Reply, Request, b64, documented, unb64
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from signers import Adapter, never

from pratique.keys.access import Access
from pratique.keys.encodings import crc32c

RING = "projects/p/locations/europe-west3/keyRings/ring"
KINDS = {"ecdsa-p256": "EC_SIGN_P256_SHA256", "ecdsa-p384": "EC_SIGN_P384_SHA384", "ed25519": "EC_SIGN_ED25519"}
SCOPE = "https://www.googleapis.com/auth/cloudkms"


def kind_of(algorithm: str) -> str:
    bits = algorithm.rpartition("-")[2]
    return KINDS.get(algorithm) or f"RSA_SIGN_{'PSS' if 'pss' in algorithm else 'PKCS1'}_{bits}_SHA256"


def refusal(status: int, message: str, kind: str) -> Reply:
    return Reply(status, {"error": {"code": status, "message": message, "status": kind}})


@dataclass
class Account:
    """A service account. `permissions`: on everything in the key ring."""

    email: str
    permissions: set[str]
    private: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    def file(self) -> dict[str, str]:
        pem = self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        where = {"token_uri": "https://oauth2.googleapis.com/token", "project_id": "p", "private_key_id": "1"}
        return {"type": "service_account", "client_email": self.email, "client_id": "1", "private_key": pem, **where}


class CloudKms(Cloud):
    hosts = re.compile(r"(?:cloudkms|oauth2|sts|iamcredentials)\.googleapis\.com|metadata\.google\.internal|169\.254\.169\.254")

    def __init__(self) -> None:
        super().__init__()
        self.accounts: dict[str, Account] = {}
        self.tokens: dict[str, str] = {}
        self.subject_tokens: set[str] = set()
        self.pending: dict[str, int] = {}
        self.metadata_account: str | None = None

    def account(self, *roles: str) -> Account:
        """A service account with documented permissions: `gcp role`, or those that are named."""
        permissions: set[str] = set()
        for role in roles:
            permissions |= set(yaml.safe_load(documented(role))["includedPermissions"])
        made = Account(f"signer-{secrets.token_hex(4)}@p.iam.gserviceaccount.com", permissions)
        self.accounts[made.email] = made
        return made

    def key(self, name: str, algorithm: str, version: int = 1) -> str:
        path = f"{RING}/cryptoKeys/{name}/cryptoKeyVersions/{version}"
        self.keys[path] = CloudKey(algorithm, "ENABLED")
        return path

    def access(self, credentials: dict[str, Any] | None, folder: Path, **settings: str) -> Access:
        environ = dict(settings)
        if credentials is not None:
            path = folder / f"credentials-{secrets.token_hex(4)}.json"
            path.write_text(json.dumps(credentials))
            environ["GOOGLE_APPLICATION_CREDENTIALS"] = str(path)
        return Access(passphrase=never, pin=never, environ=environ, handler=self.routes, sleep=lambda _: None)

    def adapter(self, algorithm: str, folder: Path) -> Adapter:
        account = self.account("gcp role")
        path = self.key(f"key-{algorithm}", algorithm)
        file = account.file()
        return Adapter(
            reference=f"gcpkms://{path}?algorithm={algorithm}",
            access=self.access(file, folder),
            algorithm=algorithm,
            secrets=(*file["private_key"].splitlines()[1:3], "ya29."),
            cut=self.cut,
            cap=65536 if algorithm == "ed25519" else None,
        )

    def answer(self, request: Request) -> Reply:
        host = request.host.partition(":")[0]
        if host == "oauth2.googleapis.com":
            return self.grant(request)
        if host == "sts.googleapis.com":
            return self.exchange(request)
        if host == "iamcredentials.googleapis.com":
            return self.impersonate(request)
        if host in ("metadata.google.internal", "169.254.169.254"):
            return self.metadata(request)
        return self.kms(request)

    def give(self, email: str) -> str:
        token = f"ya29.{secrets.token_urlsafe(40)}"
        self.tokens[token] = email
        return token

    def grant(self, request: Request) -> Reply:
        """A service account's own assertion (RFC 7523)."""
        form = request.form
        head, claims, signature = form["assertion"].split(".")
        said = json.loads(base64.urlsafe_b64decode(claims + "=="))
        account = self.accounts.get(said["iss"])
        try:
            assert account is not None
            key = account.private.public_key()
            signed = base64.urlsafe_b64decode(signature + "==")
            key.verify(signed, f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
            assert said["aud"] == "https://oauth2.googleapis.com/token"
            assert SCOPE in said["scope"]
        except (AssertionError, InvalidSignature):
            return Reply(400, {"error": "invalid_grant", "error_description": f"Invalid JWT Signature: {form['assertion']}"})
        return Reply(200, {"access_token": self.give(account.email), "expires_in": 3599, "token_type": "Bearer"})

    def exchange(self, request: Request) -> Reply:
        """A workload's token for a federated one (RFC 8693)."""
        form = request.form
        if form["subject_token"] not in self.subject_tokens or not form["audience"].startswith("//iam.googleapis.com/"):
            said = {"error": "invalid_grant", "error_description": f"The token {form['subject_token']} is not accepted"}
            return Reply(400, said)
        kind = "urn:ietf:params:oauth:token-type:access_token"
        said = {"access_token": self.give("federated"), "issued_token_type": kind}
        return Reply(200, {**said, "token_type": "Bearer", "expires_in": 3599})

    def impersonate(self, request: Request) -> Reply:
        match = re.fullmatch(r"/v1/projects/-/serviceAccounts/([^:]+):generateAccessToken", request.path)
        if match is None:
            return refusal(404, "not found", "NOT_FOUND")
        if self.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer ")) != "federated":
            return refusal(403, "Permission 'iam.serviceAccounts.getAccessToken' denied", "PERMISSION_DENIED")
        return Reply(200, {"accessToken": self.give(match[1]), "expireTime": "2099-01-01T00:00:00Z"})

    def metadata(self, request: Request) -> Reply:
        flavour = {"Metadata-Flavor": "Google"}
        if request.headers.get("metadata-flavor") != "Google" or self.metadata_account is None:
            return Reply(403, b"Missing Metadata-Flavor:Google header.")
        if request.path.endswith("/token"):
            said = {"access_token": self.give(self.metadata_account), "expires_in": 3599, "token_type": "Bearer"}
            return Reply(200, said, {**flavour, "Content-Type": "application/json"})
        if "service-accounts" in request.path:
            account = {"email": self.metadata_account, "scopes": [SCOPE], "aliases": ["default"]}
            return Reply(200, account, {**flavour, "Content-Type": "application/json"})
        return Reply(200, b"googleapis.com", {**flavour, "Content-Type": "application/text"})

    def kms(self, request: Request) -> Reply:
        email = self.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        if email is None:
            return refusal(401, "Request had invalid authentication credentials.", "UNAUTHENTICATED")
        path, _, verb = request.path.removeprefix("/v1/").partition(":")
        asked, needed = self.operation(request, path, verb)
        account = self.accounts.get(email)
        if asked is None:
            return refusal(404, "not found", "NOT_FOUND")
        if account is None or needed not in account.permissions:
            message = f"Permission '{needed}' denied on resource '{path}' (or it may not exist)."
            return refusal(403, message, "PERMISSION_DENIED")
        return asked()

    def operation(self, request: Request, path: str, verb: str) -> tuple[Any, str]:
        versions = "cloudkms.cryptoKeyVersions"
        if verb == "asymmetricSign":
            return (lambda: self.sign(path, request.json)), f"{versions}.useToSign"
        if path.endswith("/publicKey"):
            return (lambda: self.public(path.removesuffix("/publicKey"))), f"{versions}.viewPublicKey"
        if path.endswith("/cryptoKeys") and request.method == "POST":
            return (lambda: self.create(path, request)), "cloudkms.cryptoKeys.create"
        if path.endswith("/cryptoKeyVersions") and request.method == "POST":
            return (lambda: self.rotate(path)), f"{versions}.create"
        if path.endswith("/cryptoKeyVersions"):
            return (lambda: self.list(path, request)), f"{versions}.list"
        return (lambda: self.look(path)), f"{versions}.get"

    def usable(self, path: str) -> Reply | None:
        key = self.keys.get(path)
        if key is None:
            return refusal(404, f"CryptoKeyVersion {path} not found.", "NOT_FOUND")
        if key.state != "ENABLED":
            message = f"{path} is not enabled, current state is: {key.state}."
            return refusal(400, message, "FAILED_PRECONDITION")
        return None

    def public(self, path: str) -> Reply:
        if refused := self.usable(path):
            return refused
        key = self.keys[path]
        told = {"pem": key.pem, "algorithm": kind_of(key.algorithm), "name": path, "protectionLevel": "HSM"}
        return Reply(200, {**told, "pemCrc32c": str(crc32c(key.pem.encode()))})

    def sign(self, path: str, body: dict[str, Any]) -> Reply:
        if refused := self.usable(path):
            return refused
        key, told = self.keys[path], {"name": path, "protectionLevel": "HSM"}
        if "data" in body:
            data = unb64(body["data"])
            if len(data) > 65536 or key.algorithm != "ed25519":
                return refusal(400, "data is too long, or this algorithm wants a digest", "INVALID_ARGUMENT")
            if str(crc32c(data)) != body.get("dataCrc32c"):
                return refusal(400, "data_crc32c does not match", "INVALID_ARGUMENT")
            told |= {"verifiedDataCrc32c": True}  # type: ignore[dict-item]
            signature = key.private.sign(data)  # type: ignore[call-arg,union-attr]
        else:
            ((name, text),) = body["digest"].items()
            digest = unb64(text)
            if str(crc32c(digest)) != body.get("digestCrc32c"):
                return refusal(400, "digest_crc32c does not match", "INVALID_ARGUMENT")
            if name != ("sha384" if key.algorithm == "ecdsa-p384" else "sha256") or key.algorithm == "ed25519":
                return refusal(400, "the digest is of another algorithm than the key's", "INVALID_ARGUMENT")
            told |= {"verifiedDigestCrc32c": True}  # type: ignore[dict-item]
            scheme = "ecdsa" if key.algorithm.startswith("ec") else "pss" if "pss" in key.algorithm else "pkcs1"
            signature = key.sign_digest(digest, scheme, hashes.SHA384() if name == "sha384" else hashes.SHA256())
        return Reply(200, {**told, "signature": b64(signature), "signatureCrc32c": str(crc32c(signature))})

    def list(self, path: str, request: Request) -> Reply:
        """One version a page, newest last, so that whoever stops at the first page is wrong."""
        found = [name for name in self.keys if name.startswith(f"{path}/") and self.keys[name].state == "ENABLED"]
        if request.query.get("filter") != "state=ENABLED":
            return refusal(400, "unknown filter", "INVALID_ARGUMENT")
        at = int(request.query.get("pageToken", "0"))
        told: dict[str, Any] = {"totalSize": len(found)}
        if found[at:]:
            told["cryptoKeyVersions"] = [{"name": found[at], "state": "ENABLED"}]
        if found[at + 1 :]:
            told["nextPageToken"] = str(at + 1)
        return Reply(200, told)

    def create(self, path: str, request: Request) -> Reply:
        name, body = request.query["cryptoKeyId"], request.json
        template = body["versionTemplate"]
        if any(known.startswith(f"{path}/{name}/") for known in self.keys):
            return refusal(409, f"CryptoKey {path}/{name} already exists.", "ALREADY_EXISTS")
        algorithms = [*KINDS, *(f"rsa-{kind}{bits}" for kind in ("", "pss-") for bits in (2048, 3072, 4096))]
        found = [known for known in algorithms if kind_of(known) == template["algorithm"]]
        if body["purpose"] != "ASYMMETRIC_SIGN" or not found:
            return refusal(400, "bad purpose or algorithm", "INVALID_ARGUMENT")
        made = self.key(name, found[0])
        self.keys[made].state, self.pending[made] = "PENDING_GENERATION", 2
        return Reply(200, {"name": f"{path}/{name}", "purpose": body["purpose"]})

    def rotate(self, path: str) -> Reply:
        known = [name for name in self.keys if name.startswith(f"{path}/")]
        made = f"{path}/{len(known) + 1}"
        self.keys[made] = CloudKey(self.keys[known[-1]].algorithm, "PENDING_GENERATION")
        self.pending[made] = 1
        return Reply(200, {"name": made, "state": "PENDING_GENERATION"})

    def look(self, path: str) -> Reply:
        if path not in self.keys:
            return refusal(404, f"{path} not found.", "NOT_FOUND")
        if path in self.pending:
            self.pending[path] -= 1
            if self.pending[path] <= 0:
                del self.pending[path]
                self.keys[path].state = "ENABLED"
        return Reply(200, {"name": path, "state": self.keys[path].state})
