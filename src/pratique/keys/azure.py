"""Keys in Azure Key Vault and Managed HSM (REST 7.4: getKey, sign, createKey, rotateKey).

Only hosts of Key Vault itself are asked: an access token for it must not go anywhere else. Signatures come as JWS has them
(RFC 7518 §3.4: r ‖ s for ECDSA) and leave in DER. A reference without a version means the newest when the signer is opened.
"""

import re
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pratique.attest.members import as_base64url, base64url_text
from pratique.attest.publickey import PublicKey
from pratique.errors import InputError, Malformed, NotFound
from pratique.keys.access import Access, KeyReference
from pratique.keys.azure_login import AzureLogin
from pratique.keys.encodings import der_of_raw
from pratique.keys.service import Service, ServiceAnswer
from pratique.keys.signer import closed, verified_signature

API = "api-version=7.4"

# The suffix of a vault's host → whom its access tokens are for.
_AUDIENCES = {
    ".vault.azure.net": "https://vault.azure.net",
    ".vault.azure.cn": "https://vault.azure.cn",
    ".vault.usgovcloudapi.net": "https://vault.usgovcloudapi.net",
    ".managedhsm.azure.net": "https://managedhsm.azure.net",
    ".managedhsm.azure.cn": "https://managedhsm.azure.cn",
    ".managedhsm.usgovcloudapi.net": "https://managedhsm.usgovcloudapi.net",
}
_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9.-]{1,126})/([A-Za-z0-9-]{1,127})(?:/([0-9a-f]{32}))?")
_CURVES: dict[str, tuple[ec.EllipticCurve, int]] = {
    "P-256": (ec.SECP256R1(), 32),
    "P-384": (ec.SECP384R1(), 48),
    "P-521": (ec.SECP521R1(), 66),
}
_KINDS: dict[str, dict[str, Any]] = {f"ecdsa-p{bits}": {"kty": "EC", "crv": f"P-{bits}"} for bits in (256, 384, 521)}
_KINDS |= {f"rsa-{kind}{bits}": {"kty": "RSA", "key_size": bits} for kind in ("", "pss-") for bits in (2048, 3072, 4096)}
_KINDS |= {
    f"rsa-pss-{bits}-{name}": {"kty": "RSA", "key_size": bits} for bits in (2048, 3072, 4096) for name in ("sha384", "sha512")
}


class KeyVaultSigner:
    """A `Signer` whose private key is in Key Vault."""

    def __init__(self, vault: "_KeyVault", path: str, public: PublicKey) -> None:
        self._vault: _KeyVault | None = vault
        self._path = path
        self._public = public
        kind = "ES" if public.algorithm.startswith("ecdsa") else "PS" if "pss" in public.algorithm else "RS"
        self._algorithm = kind + public.hash_name.removeprefix("sha")

    @property
    def public_key(self) -> PublicKey:
        """The key that verifies this signer's signatures."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """As the port says. Key Vault sees the hash."""
        vault = self._vault
        if vault is None:
            raise closed(self._path)
        body = {"alg": self._algorithm, "value": base64url_text(self._public.digest(message))}
        answer = vault.ask("POST", f"{self._path}/sign", "signing", body)
        if answer.get("kid") != vault.identifier(self._path):
            raise vault.service.garbage("signing")
        signature = vault.blob(answer, "value", "signing")
        if self._algorithm.startswith("ES"):
            signature = der_of_raw(signature, vault.where)
        return verified_signature(signature, message, self._public, vault.where)

    def close(self) -> None:
        """Close the connections."""
        vault, self._vault = self._vault, None
        if vault is not None:
            vault.service.close()

    def __repr__(self) -> str:
        return f"KeyVaultSigner({self._public.algorithm}, {self._public.keyid[:12]}…)"


def open_key(reference: KeyReference, access: Access) -> KeyVaultSigner:
    """Fetch the public key, and be ready to sign. Raises as `open_signer`."""
    reference.only()
    vault = _KeyVault(reference, access)
    try:
        return KeyVaultSigner(vault, *_fetch(vault, reference))
    except BaseException:
        vault.service.close()
        raise


def create_key(reference: KeyReference, algorithm: str, access: Access) -> KeyVaultSigner:
    """Make a key that only signs and verifies; in a Managed HSM it is an HSM's. Raises as `create_signer`."""
    if algorithm not in _KINDS:
        raise InputError(f"Key Vault makes no keys for {algorithm}", where=reference.text)
    kind = dict(_KINDS[algorithm])
    vault = _KeyVault(reference, access)
    try:
        if vault.version:
            raise InputError("a new key has no version to choose", where=reference.text, hint="leave the version out")
        if ".managedhsm." in vault.host:
            kind["kty"] += "-HSM"
        try:
            vault.ask("GET", vault.path, "looking for the key")
        except NotFound:
            vault.ask("POST", f"{vault.path}/create", "making the key", {**kind, "key_ops": ["sign", "verify"]})
        else:
            raise InputError("there is a key of this name", where=reference.text, hint="keys are never overwritten")
    finally:
        vault.service.close()
    return open_key(reference, access)


def rotate_key(reference: KeyReference, access: Access) -> KeyVaultSigner:
    """Add a version to the key and open it. Raises as `open_signer`."""
    vault = _KeyVault(reference, access)
    try:
        if vault.version:
            raise InputError("a single version is not rotated", where=reference.text, hint="leave the version out")
        vault.ask("POST", f"{vault.path}/rotate", "rotating the key", {})
    finally:
        vault.service.close()
    return open_key(reference, access)


def _fetch(vault: "_KeyVault", reference: KeyReference) -> tuple[str, PublicKey]:
    """The path of the key's version and its public half."""
    answer = vault.ask("GET", vault.path, "fetching the public key")
    key, attributes = answer.get("key"), answer.get("attributes")
    if not isinstance(key, dict) or not isinstance(attributes, dict):
        raise vault.service.garbage("fetching the public key")
    operations = key.get("key_ops")
    if attributes.get("enabled") is False or not isinstance(operations, list) or "sign" not in operations:
        raise InputError("this key is disabled or not for signing", where=reference.text)
    return vault.path_of(key.get("kid")), _public_key(vault, key, reference)


def _public_key(vault: "_KeyVault", jwk: Mapping[str, Any], reference: KeyReference) -> PublicKey:
    """From a JSON Web Key (RFC 7518 §6) to a SubjectPublicKeyInfo."""
    what = "fetching the public key"
    kind = str(jwk.get("kty")).removesuffix("-HSM")
    key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey
    try:
        if kind == "RSA":
            exponent, modulus = (int.from_bytes(vault.blob(jwk, name, what), "big") for name in ("e", "n"))
            key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
        elif kind == "EC" and str(jwk.get("crv")) in _CURVES:
            curve, size = _CURVES[str(jwk["crv"])]
            point = [vault.blob(jwk, name, what).rjust(size, b"\0") for name in ("x", "y")]
            key = ec.EllipticCurvePublicKey.from_encoded_point(curve, b"\x04" + b"".join(point))
        else:
            text = vault.service.printable(f"{jwk.get('kty')} {jwk.get('crv', '')}".strip())
            raise InputError(f"a key of type {text} is not supported", where=reference.text)
        spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return PublicKey.from_der(spki, reference.algorithm)
    except Malformed as error:
        raise Malformed(error.message, where=reference.text, hint=error.hint) from error
    except ValueError as error:
        raise vault.service.garbage(what) from error


class _KeyVault:
    """One vault as one identity."""

    def __init__(self, reference: KeyReference, access: Access) -> None:
        match = _NAME.fullmatch(reference.name)
        if match is None:
            hint = "expected azurekms://VAULT[.vault.azure.net]/KEY[/VERSION]"
            raise InputError("not the name of a key in Key Vault", where=reference.text, hint=hint)
        self.host = (match[1] if "." in match[1] else f"{match[1]}.vault.azure.net").lower()
        audience = next((known for suffix, known in _AUDIENCES.items() if self.host.endswith(suffix)), None)
        if audience is None:
            raise InputError(f"{self.host} is no vault of Azure's: no access token goes there", where=reference.text)
        self.where = reference.text
        self._name, self.version = match[2], match[3]
        self.path = f"/keys/{self._name}" + (f"/{self.version}" if self.version else "")
        self.service = Service(f"https://{self.host}", name="Key Vault", where=reference.text, access=access)
        self._login = AzureLogin(access, audience=audience, where=reference.text)

    def ask(self, method: str, path: str, what: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One call; its answer. A token that is refused is exchanged once."""
        token = self.service.hide(self._login.token())
        answer = self._send(method, path, what, body, token)
        if answer.status == 401:
            self._login.forget(token)
            answer = self._send(method, path, what, body, self.service.hide(self._login.token()))
        if answer.status != 200:
            hint = "docs/keys.md has the role that a signer needs" if answer.status == 403 else None
            raise self.service.refused(answer, what, hint=hint)
        return answer.members()

    def blob(self, answer: Mapping[str, Any], name: str, what: str) -> bytes:
        """A member in base64url without padding."""
        return self.service.blob(answer.get(name), what, as_base64url)

    def identifier(self, path: str) -> str:
        """The `kid` of what is at `path`."""
        return f"https://{self.host}{path}"

    def path_of(self, kid: object) -> str:
        """The path of a `kid`. Raises Unavailable when it is another key's."""
        path = str(kid).removeprefix(f"https://{self.host}")
        wanted = re.escape(self.version) if self.version else "[0-9a-f]{32}"
        if not re.fullmatch(rf"/keys/{re.escape(self._name)}/{wanted}", path):
            raise self.service.garbage("fetching the public key")
        return path

    def _send(self, method: str, path: str, what: str, body: Mapping[str, Any] | None, token: str) -> ServiceAnswer:
        headers = {"Authorization": f"Bearer {token}"}
        return self.service.ask(method, f"{path}?{API}", what=what, headers=headers, json_body=body)
