"""Keys in the transit engine of Vault or OpenBao (HTTP API, secret/transit, auth/approle, auth/kubernetes).

VAULT_ADDR and the rest, or BAO_ADDR and the rest, say where and as whom: by a token (VAULT_TOKEN, VAULT_TOKEN_FILE or
~/.vault-token), an AppRole (VAULT_ROLE_ID with VAULT_SECRET_ID or VAULT_SECRET_ID_FILE), or a pod's service account
(VAULT_KUBERNETES_ROLE). When a login has run out, a signature logs in anew, once; a token that was given is final.

The version of the key is the newest when the signer is opened, or the reference's `version=N`, and stays the same: rotating the
key in the meantime changes nothing for what is being signed.
"""

import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pratique.attest.members import base64_text
from pratique.attest.publickey import PublicKey
from pratique.errors import AuthenticationRequired, InputError, Malformed, NotFound
from pratique.keys.access import Access, KeyReference
from pratique.keys.service import Service, ServiceAnswer, read_environment_file
from pratique.keys.signer import closed, verified_signature

POD_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105  a path

_NAME = re.compile(r"\w(?:[\w.-]*\w)?")
_SIGNATURE = re.compile(r"vault:v(\d{1,9}):([A-Za-z0-9+/=]+)")
_TYPES = ("ed25519", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048", "rsa-3072", "rsa-4096")


class VaultSigner:
    """A `Signer` whose private key is in Vault."""

    def __init__(self, vault: "_Vault", path: str, version: int, public: PublicKey) -> None:
        self._vault: _Vault | None = vault
        self._path = path
        self._version = version
        self._public = public

    @property
    def public_key(self) -> PublicKey:
        """The key that verifies this signer's signatures."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """As the port says. Only Ed25519 messages go to Vault whole; of others it sees the hash."""
        vault = self._vault
        if vault is None:
            raise closed(f"Vault key {self._path}")
        body: dict[str, Any] = {"key_version": self._version}
        target = f"sign/{self._path}"
        if self._public.algorithm == "ed25519":
            body["input"] = base64_text(message)
        else:
            body |= {"input": base64_text(self._public.digest(message)), "prehashed": True}
            target += "/sha2-" + self._public.hash_name.removeprefix("sha")
        if self._public.algorithm.startswith("ecdsa"):
            body["marshaling_algorithm"] = "asn1"
        elif self._public.algorithm.startswith("rsa-pss-"):
            body |= {"signature_algorithm": "pss", "salt_length": "hash"}
        elif self._public.algorithm.startswith("rsa-"):
            body["signature_algorithm"] = "pkcs1v15"
        data = vault.ask("POST", target, "signing", body)
        match = _SIGNATURE.fullmatch(str(data.get("signature")))
        if match is None or int(match[1]) != self._version:
            raise vault.service.garbage("signing")
        return verified_signature(vault.service.blob(match[2], "signing"), message, self._public, vault.where)

    def close(self) -> None:
        """Close the connections. A token that was logged in for runs out by itself."""
        vault, self._vault = self._vault, None
        if vault is not None:
            vault.service.close()

    def __repr__(self) -> str:
        return f"VaultSigner({self._public.algorithm}, {self._public.keyid[:12]}…, version {self._version})"


def open_key(reference: KeyReference, access: Access) -> VaultSigner:
    """Fetch the public key, and be ready to sign. Raises as `open_signer`."""
    reference.only("version")
    vault = _Vault(reference, access)
    try:
        version, public = _public_key(vault, reference)
    except BaseException:
        vault.service.close()
        raise
    return VaultSigner(vault, reference.name, version, public)


def create_key(reference: KeyReference, algorithm: str, access: Access) -> VaultSigner:
    """Make a key that cannot be exported or backed up. Raises as `create_signer`."""
    kind = algorithm.replace("rsa-pss-", "rsa-").partition("-sha")[0]
    if kind not in _TYPES:
        raise InputError(f"Vault makes no keys for {algorithm}", where=reference.text, hint=f"use one of {', '.join(_TYPES)}")
    vault = _Vault(reference, access)
    try:
        vault.ask("GET", f"keys/{reference.name}", "looking for the key")
    except NotFound:
        made = {"type": kind, "exportable": False, "allow_plaintext_backup": False}
        vault.ask("POST", f"keys/{reference.name}", "making the key", made)
    else:
        raise InputError("there is a key of this name", where=reference.text, hint="choose another; keys are never overwritten")
    finally:
        vault.service.close()
    return open_key(reference, access)


def rotate_key(reference: KeyReference, access: Access) -> VaultSigner:
    """Add a version to the key and open it. Raises as `open_signer`."""
    if "version" in reference.options:
        raise InputError("a single version is not rotated", where=reference.text, hint="name the key without version=")
    vault = _Vault(reference, access)
    try:
        vault.ask("POST", f"keys/{reference.name}/rotate", "rotating the key", {})
    finally:
        vault.service.close()
    return open_key(reference, access)


def _public_key(vault: "_Vault", reference: KeyReference) -> tuple[int, PublicKey]:
    data = vault.ask("GET", f"keys/{reference.name}", "fetching the public key")
    versions = data.get("keys")
    wanted = reference.options.get("version", str(data.get("latest_version")))
    if not isinstance(versions, dict) or not re.fullmatch(r"[1-9]\d{0,8}", wanted):
        raise vault.service.garbage("fetching the public key")
    entry = versions.get(wanted)
    if entry is None:
        raise NotFound(f"the key has no version {wanted}", where=vault.where)
    text = entry.get("public_key") if isinstance(entry, dict) else None
    if not isinstance(text, str) or not text or data.get("supports_signing") is False:
        raise InputError(f"a key of type {vault.service.printable(str(data.get('type')))} does not sign", where=vault.where)
    try:
        if data.get("type") == "ed25519":
            key = ed25519.Ed25519PublicKey.from_public_bytes(vault.service.blob(text, "fetching the public key"))
            spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            return int(wanted), PublicKey.from_der(spki, reference.algorithm)
        return int(wanted), PublicKey.from_pem(text.encode() + b"\n", reference.algorithm)
    except Malformed as error:
        raise Malformed(error.message, where=vault.where, hint=error.hint) from error
    except ValueError as error:
        raise vault.service.garbage("fetching the public key") from error


class _Vault:
    """One Vault as one identity."""

    def __init__(self, reference: KeyReference, access: Access) -> None:
        if not _NAME.fullmatch(reference.name):
            raise InputError("not the name of a key in Vault", where=reference.text)
        self._environ = access.environ
        self.where = reference.text
        self._mount = self._path_setting("TRANSIT_SECRET_ENGINE_PATH", "transit")
        address = self._setting("ADDR")
        if not address:
            raise InputError("which Vault?", where=reference.text, hint="set VAULT_ADDR")
        ca_file = self._setting("CACERT")
        self.service = Service(address, name="Vault", where=reference.text, access=access, ca_file=ca_file)
        self._lock = threading.Lock()
        self._token = ""
        self._login = self._login_body()
        if self._login is None:
            self._token = self.service.hide(self._given_token())

    def ask(self, method: str, path: str, what: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What is under `data` in the answer. A login that ran out is made anew once."""
        token = self._current(None)
        answer = self._send(method, path, what, body, token)
        if answer.status == 403 and self._login is not None:
            answer = self._send(method, path, what, body, self._current(token))
        if answer.status not in (200, 204):
            raise self._refused(answer, what)
        data = answer.members().get("data") or {}
        if not isinstance(data, dict):
            raise self.service.garbage(what)
        return data

    def _send(self, method: str, path: str, what: str, body: Mapping[str, Any] | None, token: str) -> ServiceAnswer:
        headers = {"X-Vault-Token": token, "X-Vault-Request": "true"} | self._namespace()
        return self.service.ask(method, f"/v1/{self._mount}/{path}", what=what, headers=headers, json_body=body)

    def _refused(self, answer: ServiceAnswer, what: str) -> Exception:
        errors = answer.members().get("errors")
        said = "; ".join(text for text in errors if isinstance(text, str)) if isinstance(errors, list) else ""
        if answer.status == 400 and "not found" in said:
            return NotFound(f"{what}: Vault has no such key", where=self.where)
        lacks_policy = answer.status == 403 and what != "logging in"
        hint = "docs/keys.md has the policy that a signer needs" if lacks_policy else None
        return self.service.refused(answer, what, said, hint)

    def _current(self, refused: str | None) -> str:
        """The token; a new one in the place of the one that was refused. Threads that were refused together log in once."""
        if self._login is None:
            return self._token
        with self._lock:
            if not self._token or self._token == refused:
                self._token = self._log_in(*self._login)
            return self._token

    def _log_in(self, path: str, body: Mapping[str, str]) -> str:
        sent = dict(body)
        if "jwt" in sent:  # the cluster exchanges the file's content from time to time
            sent["jwt"] = self.service.hide(read_environment_file(sent["jwt"], "the pod's token"))
        answer = self.service.ask("POST", f"/v1/auth/{path}/login", what="logging in", headers=self._namespace(), json_body=sent)
        if answer.status != 200:
            if answer.status == 400:  # a wrong role or secret is a 400 here
                said = self.service.printable(str((answer.members().get("errors") or [""])[0]))
                raise AuthenticationRequired(f"logging in: Vault refuses us: {said}", where=self.where)
            raise self._refused(answer, "logging in")
        auth = answer.members().get("auth")
        token = auth.get("client_token") if isinstance(auth, dict) else None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
            raise self.service.garbage("logging in")
        return self.service.hide(token)

    def _login_body(self) -> tuple[str, dict[str, str]] | None:
        if self._setting("TOKEN"):
            return None
        if role_id := self._setting("ROLE_ID"):
            secret_id = self._setting("SECRET_ID")
            if file := self._setting("SECRET_ID_FILE"):
                secret_id = read_environment_file(file, "the AppRole's secret")
            if not secret_id:
                hint = "set VAULT_SECRET_ID_FILE or VAULT_SECRET_ID"
                raise InputError("an AppRole without its secret", where=self.where, hint=hint)
            self.service.hide(secret_id)
            return self._path_setting("AUTH_MOUNT", "approle"), {"role_id": role_id, "secret_id": secret_id}
        if role := self._setting("KUBERNETES_ROLE"):
            file = self._setting("KUBERNETES_TOKEN_FILE") or POD_TOKEN
            return self._path_setting("AUTH_MOUNT", "kubernetes"), {"role": role, "jwt": file}
        return None

    def _given_token(self) -> str:
        token = self._setting("TOKEN") or ""
        if not token and (file := self._setting("TOKEN_FILE")):
            token = read_environment_file(file, "the Vault token")
        home = Path(self._environ.get("HOME", "/nonexistent")) / ".vault-token"
        if not token and home.is_file():
            token = read_environment_file(str(home), "the Vault token")
        if not token or not token.isascii() or not token.isprintable():
            hint = "set VAULT_TOKEN or VAULT_TOKEN_FILE, VAULT_ROLE_ID, or VAULT_KUBERNETES_ROLE"
            raise AuthenticationRequired("there is nothing to log in to Vault with", where=self.where, hint=hint)
        return token

    def _namespace(self) -> dict[str, str]:
        namespace = self._setting("NAMESPACE")
        return {"X-Vault-Namespace": namespace} if namespace else {}

    def _path_setting(self, name: str, default: str) -> str:
        value = (self._setting(name) or self._environ.get(name) or default).strip("/")
        if not re.fullmatch(r"[\w.-]+(?:/[\w.-]+)*", value) or ".." in value:
            raise InputError(f"not a path in Vault: {name}", where=self.where)
        return value

    def _setting(self, name: str) -> str | None:
        return self._environ.get(f"VAULT_{name}") or self._environ.get(f"BAO_{name}")
