"""Keys in Google Cloud KMS (REST v1: cryptoKeyVersions.getPublicKey and asymmetricSign, cryptoKeys.create).

Access tokens are google-auth's: the file that GOOGLE_APPLICATION_CREDENTIALS names (service account, workload identity
federation), gcloud's own, or the metadata service. Every request and answer carries CRC32C checksums, which are
held against the bytes. A reference without a version means the newest enabled one, once, when the signer is opened.

Ed25519 messages go to KMS whole, at most 64 KiB; of others it sees the hash.
"""

import re
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

import httpx
from google.auth import compute_engine, exceptions, transport

from pratique.attest.members import base64_text
from pratique.attest.publickey import PublicKey
from pratique.attest.strictjson import load_json
from pratique.errors import AuthenticationRequired, InputError, Malformed, NotFound, PratiqueError, Unavailable
from pratique.keys.access import Access, KeyReference
from pratique.keys.encodings import crc32c
from pratique.keys.service import Service, read_environment_file
from pratique.keys.signer import closed, verified_signature

MAX_DATA = 64 * 1024
SCOPE = "https://www.googleapis.com/auth/cloudkms"

_PART = r"[\w.:-]+"
_NAME = re.compile(
    rf"(projects/{_PART}/locations/{_PART}/keyRings/{_PART})/cryptoKeys/({_PART})(?:/(?:cryptoKeyVersions|versions)/(\d{{1,9}}))?"
)
_ALGORITHMS = {
    "EC_SIGN_P256_SHA256": "ecdsa-p256",
    "EC_SIGN_P384_SHA384": "ecdsa-p384",
    "EC_SIGN_ED25519": "ed25519",
    **{f"RSA_SIGN_PKCS1_{bits}_SHA256": f"rsa-{bits}" for bits in (2048, 3072, 4096)},
    **{f"RSA_SIGN_PSS_{bits}_SHA256": f"rsa-pss-{bits}" for bits in (2048, 3072, 4096)},
    "RSA_SIGN_PSS_4096_SHA512": "rsa-pss-4096-sha512",
}
_MAX_PAGES = 20


class CloudKmsSigner:
    """A `Signer` whose private key is in Cloud KMS."""

    def __init__(self, kms: "_CloudKms", version: str, public: PublicKey) -> None:
        self._kms: _CloudKms | None = kms
        self._version = version
        self._public = public

    @property
    def public_key(self) -> PublicKey:
        """The key that verifies this signer's signatures."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """As the port says. Raises InputError for an Ed25519 message of more than 64 KiB."""
        kms = self._kms
        if kms is None:
            raise closed(self._version)
        body: dict[str, Any]
        if self._public.algorithm == "ed25519":
            if len(message) > MAX_DATA:
                hint = "use a key for ecdsa-p256 or ecdsa-p384"
                raise InputError(f"Cloud KMS signs at most {MAX_DATA} bytes with Ed25519", where=kms.where, hint=hint)
            body, verified = {"data": base64_text(message), "dataCrc32c": str(crc32c(message))}, "verifiedDataCrc32c"
        else:
            digest = self._public.digest(message)
            body = {"digest": {self._public.hash_name: base64_text(digest)}, "digestCrc32c": str(crc32c(digest))}
            verified = "verifiedDigestCrc32c"
        answer = kms.ask("POST", f"{self._version}:asymmetricSign", "signing", body)
        signature = kms.service.blob(answer.get("signature"), "signing")
        if answer.get("name") != self._version or answer.get(verified) is not True:
            raise kms.service.garbage("signing")
        kms.check_crc(answer, "signatureCrc32c", signature, "signing")
        return verified_signature(signature, message, self._public, kms.where)

    def close(self) -> None:
        """Close the connections."""
        kms, self._kms = self._kms, None
        if kms is not None:
            kms.service.close()

    def __repr__(self) -> str:
        return f"CloudKmsSigner({self._public.algorithm}, {self._public.keyid[:12]}…)"


def open_key(reference: KeyReference, access: Access) -> CloudKmsSigner:
    """Fetch the public key, and be ready to sign. Raises as `open_signer`."""
    reference.only()
    kms = _CloudKms(reference, access)
    try:
        version = f"{kms.key}/cryptoKeyVersions/{kms.version or kms.newest_version()}"
        return CloudKmsSigner(kms, version, _public_key(kms, version, reference.algorithm))
    except BaseException:
        kms.service.close()
        raise


def create_key(reference: KeyReference, algorithm: str, access: Access) -> CloudKmsSigner:
    """Make a key in an existing key ring: in an HSM, or as `protection=software` says. Raises as `create_signer`."""
    reference.only("protection")
    protection = reference.options.get("protection", "hsm").upper()
    if protection not in ("HSM", "SOFTWARE"):
        raise InputError("protection is hsm or software", where=reference.text)
    kind = next((theirs for theirs, ours in _ALGORITHMS.items() if ours == algorithm), None)
    kms = _CloudKms(reference, access)
    try:
        if kind is None:
            raise InputError(f"Cloud KMS makes no keys for {algorithm}", where=reference.text)
        if kms.version:
            raise InputError("a new key has no version to choose", where=reference.text, hint="leave cryptoKeyVersions out")
        template = {"algorithm": kind, "protectionLevel": protection}
        ring, _, name = kms.key.rpartition("/cryptoKeys/")
        body = {"purpose": "ASYMMETRIC_SIGN", "versionTemplate": template}
        kms.ask("POST", f"{ring}/cryptoKeys?cryptoKeyId={quote(name, safe='')}", "making the key", body)
        kms.await_version(f"{kms.key}/cryptoKeyVersions/1")
    finally:
        kms.service.close()
    return open_key(replace(reference, options={}), access)


def rotate_key(reference: KeyReference, access: Access) -> CloudKmsSigner:
    """Add a version to the key and open it. Raises as `open_signer`."""
    kms = _CloudKms(reference, access)
    try:
        if kms.version:
            raise InputError("a single version is not rotated", where=reference.text, hint="leave cryptoKeyVersions out")
        name = kms.ask("POST", f"{kms.key}/cryptoKeyVersions", "rotating the key", {}).get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise kms.service.garbage("rotating the key")
        kms.await_version(name)
    finally:
        kms.service.close()
    return open_key(reference, access)


def _public_key(kms: "_CloudKms", version: str, algorithm: str | None) -> PublicKey:
    answer = kms.ask("GET", f"{version}/publicKey", "fetching the public key")
    pem, theirs = answer.get("pem"), answer.get("algorithm")
    if not isinstance(pem, str) or answer.get("name") != version:
        raise kms.service.garbage("fetching the public key")
    kms.check_crc(answer, "pemCrc32c", pem.encode(), "fetching the public key")
    known = _ALGORITHMS.get(str(theirs))
    if known is None:
        raise InputError(f"a key for {kms.service.printable(str(theirs))} is not supported", where=kms.where)
    if algorithm not in (None, known):
        raise InputError(f"this is a key for {known}, not for {algorithm}", where=kms.where)
    try:
        return PublicKey.from_pem(pem.encode(), known)
    except Malformed as error:
        raise Malformed(error.message, where=kms.where, hint=error.hint) from error


class _CloudKms:
    """Cloud KMS as one identity."""

    def __init__(self, reference: KeyReference, access: Access) -> None:
        match = _NAME.fullmatch(reference.name)
        if match is None or ".." in reference.name:
            hint = "expected gcpkms://projects/P/locations/L/keyRings/R/cryptoKeys/K[/cryptoKeyVersions/N]"
            raise InputError("not the name of a key in Cloud KMS", where=reference.text, hint=hint)
        self.key = f"{match[1]}/cryptoKeys/{match[2]}"
        self.version = match[3]
        self.where = reference.text
        self._access = access
        address = access.environ.get("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS") or "https://cloudkms.googleapis.com"
        self.service = Service(address, name="Cloud KMS", where=reference.text, access=access)
        self._lock = threading.Lock()
        self._request = _Transport(access, self.service, reference.text)
        self._credentials = self._find_credentials(access.environ)

    def ask(self, method: str, path: str, what: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One call; its answer. Raises NotFound, InputError, AuthenticationRequired, RateLimited, Unavailable."""
        headers = {"Authorization": f"Bearer {self._token()}"}
        answer = self.service.ask(method, f"/v1/{path}", what=what, headers=headers, json_body=body)
        if answer.status == 200:
            return answer.members()
        if answer.status == 409:
            raise InputError("there is a key of this name", where=self.where, hint="keys are never overwritten")
        hint = "docs/keys.md has the roles that a signer needs" if answer.status == 403 else None
        raise self.service.refused(answer, what, hint=hint)

    def check_crc(self, answer: Mapping[str, Any], name: str, data: bytes, what: str) -> None:
        """Raises Unavailable when the answer's checksum is not that of `data`: they changed on the way."""
        if str(answer.get(name)) != str(crc32c(data)):
            raise Unavailable(f"{what}: the answer's checksum does not fit", where=self.where, hint="try again")

    def newest_version(self) -> int:
        """The highest number of an enabled version."""
        found, page = 0, ""
        for _ in range(_MAX_PAGES):
            query = f"filter=state%3DENABLED&pageSize=100{page}"
            answer = self.ask("GET", f"{self.key}/cryptoKeyVersions?{query}", "looking for the newest version")
            for item in answer.get("cryptoKeyVersions") or []:
                match = _NAME.fullmatch(str(item.get("name"))) if isinstance(item, dict) else None
                if match and match[3] and item.get("state") == "ENABLED":
                    found = max(found, int(match[3]))
            if not answer.get("nextPageToken"):
                break
            page = f"&pageToken={quote(str(answer['nextPageToken']), safe='')}"
        if not found:
            raise NotFound("the key has no enabled version", where=self.where)
        return found

    def await_version(self, name: str) -> None:
        """Return when a new version is made; that takes an HSM some seconds."""
        for _ in range(20):
            state = self.ask("GET", name, "waiting for the key").get("state")
            if state == "ENABLED":
                return
            if state != "PENDING_GENERATION":
                break
            self._access.sleep(1.0)
        raise Unavailable("the key was not made in time", where=self.where, hint="look at it in the console")

    def _token(self) -> str:
        of_machine = isinstance(self._credentials, compute_engine.Credentials)
        hint = "set GOOGLE_APPLICATION_CREDENTIALS, or give this machine a service account" if of_machine else None
        with self._lock:
            try:
                if not self._credentials.valid:
                    self._credentials.refresh(self._request)
            except (exceptions.RefreshError, exceptions.OAuthError) as error:
                said = self.service.printable(str(error.args[0]) if error.args else "")
                raise AuthenticationRequired(f"logging in: Google refuses us: {said}", where=self.where, hint=hint) from error
            except exceptions.GoogleAuthError as error:
                raise Unavailable("logging in: no access token can be had", where=self.where, hint=hint) from error
            except Unavailable as error:
                raise type(error)(error.message, where=self.where, hint=hint or error.hint) from error
            except PratiqueError:
                raise
            except Exception as error:  # the library reads answers as if they were always what they should be
                raise self.service.garbage("logging in") from error
            token = self._credentials.token
            if not isinstance(token, str) or not re.fullmatch(r"[\x21-\x7e]{1,16384}", token):
                raise self.service.garbage("logging in")
            return self.service.hide(token)

    def _find_credentials(self, environ: Mapping[str, str]) -> Any:
        chosen = environ.get("GOOGLE_APPLICATION_CREDENTIALS")
        gcloud = Path(environ.get("HOME", "/nonexistent")) / ".config/gcloud/application_default_credentials.json"
        path = chosen or (str(gcloud) if gcloud.is_file() else None)
        if path is None:
            return compute_engine.Credentials(scopes=[SCOPE])  # type: ignore[no-untyped-call]
        try:
            return _from_file(load_json(read_environment_file(path, "the Google credentials").encode(), what="the file"))
        except (exceptions.GoogleAuthError, ValueError, KeyError, TypeError, AttributeError, Malformed) as error:
            raise InputError("not a file with Google credentials", where=path) from error


def _from_file(info: Any) -> Any:
    """The credentials of a file, by the one class for its type: nothing in a file chooses what else is run."""
    kind = info["type"]
    if kind == "service_account":
        from google.oauth2 import service_account

        return service_account.Credentials.from_service_account_info(info, scopes=[SCOPE])  # type: ignore[no-untyped-call]
    if kind == "authorized_user":
        from google.oauth2 import credentials

        return credentials.Credentials.from_authorized_user_info(info, scopes=[SCOPE])  # type: ignore[no-untyped-call]
    if kind == "external_account" and "executable" not in info["credential_source"]:
        from google.auth import aws, identity_pool

        family: Any = aws if "environment_id" in info["credential_source"] else identity_pool
        return family.Credentials.from_info(info, scopes=[SCOPE])
    raise ValueError(kind)


class _Transport(transport.Request):
    """How google-auth asks for tokens: within the limits of `Service`."""

    def __init__(self, access: Access, hidden_from: Service, where: str) -> None:
        self._access = access
        self._hidden_from = hidden_from
        self._where = where

    def __call__(
        self, url: str, method: str = "GET", body: Any = None, headers: Any = None, timeout: Any = None, **_: Any
    ) -> "_Response":
        target = httpx.URL(url)
        origin = str(target.copy_with(raw_path=b"/"))
        service = Service(origin, name="Google's token service", where=self._where, access=self._access, local=True)
        content = body.encode() if isinstance(body, str) else body or b""
        for _, value in parse_qsl(content.decode("utf-8", "replace")):
            if len(value) > 16:  # an assertion or a token, and not the name of a grant's type
                self._hidden_from.hide(value)
        path = target.raw_path.decode("ascii")
        try:
            answer = service.ask(method, path, what="logging in", headers=dict(headers or {}), content=content)
        finally:
            service.close()
        return _Response(answer.status, answer.headers, answer.body)


class _Response(transport.Response):
    def __init__(self, status: int, headers: Mapping[str, str], data: bytes) -> None:
        self._answer = status, headers, data

    @property
    def status(self) -> int:
        return self._answer[0]

    @property
    def headers(self) -> Mapping[str, str]:
        return self._answer[1]

    @property
    def data(self) -> bytes:
        return self._answer[2]
