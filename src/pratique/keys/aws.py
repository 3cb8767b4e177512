"""Keys in AWS KMS (API 2014-11-01: GetPublicKey, Sign, CreateKey, CreateAlias).

Credentials and the signature of requests (Signature Version 4) are botocore's: environment, shared files and profiles, web
identities, containers, instances. The requests themselves are ours, so that a hostile answer meets our limits.

An alias is followed once, when the signer is opened; moving it in the meantime changes nothing for what is being signed. Hashes
are made here (`MessageType` DIGEST; for ML-DSA EXTERNAL_MU), but of Ed25519 messages, which KMS wants whole (RAW), of 1 to 4,096
bytes.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from pratique.attest.members import base64_text
from pratique.attest.publickey import PublicKey
from pratique.errors import AuthenticationRequired, InputError, Malformed, NotFound, PratiqueError, RateLimited
from pratique.keys.access import Access, KeyReference
from pratique.keys.encodings import mldsa_representative
from pratique.keys.service import Service, ServiceAnswer
from pratique.keys.signer import closed, verified_signature

MAX_RAW = 4096

_ARN = re.compile(r"arn:aws[\w-]*:kms:([a-z0-9-]+):\d{12}:(?:key|alias)/[\w/+=,.@-]+")
_KEY = re.compile(r"(?:alias/)?[\w/+=,.@-]+")
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}")
_SPECS = {
    "ecdsa-p256": ("ECC_NIST_P256", "ECDSA_SHA_256"),
    "ecdsa-p384": ("ECC_NIST_P384", "ECDSA_SHA_384"),
    "ecdsa-p521": ("ECC_NIST_P521", "ECDSA_SHA_512"),
    "ed25519": ("ECC_NIST_EDWARDS25519", "ED25519_SHA_512"),
    "ml-dsa-44": ("ML_DSA_44", "ML_DSA_SHAKE_256"),
    "ml-dsa-65": ("ML_DSA_65", "ML_DSA_SHAKE_256"),
}
_SPECS |= {f"rsa-{bits}": (f"RSA_{bits}", "RSASSA_PKCS1_V1_5_SHA_256") for bits in (2048, 3072, 4096)}
_SPECS |= {f"rsa-pss-{bits}": (f"RSA_{bits}", "RSASSA_PSS_SHA_256") for bits in (2048, 3072, 4096)}
_SPECS |= {
    f"rsa-pss-{bits}-sha{size}": (f"RSA_{bits}", f"RSASSA_PSS_SHA_{size}") for bits in (2048, 3072, 4096) for size in (384, 512)
}
# It writes session tokens into its debugging messages.
logging.getLogger("botocore.auth").setLevel(logging.INFO)

_BUSY = ("ThrottlingException", "LimitExceededException", "DependencyTimeoutException", "KMSInternalException")
_REFUSED = (
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "NotAuthorized",
    "UnrecognizedClientException",
)


class KmsSigner:
    """A `Signer` whose private key is in AWS KMS."""

    def __init__(self, kms: "_Kms", key_id: str, public: PublicKey) -> None:
        self._kms: _Kms | None = kms
        self._key_id = key_id
        self._public = public

    @property
    def public_key(self) -> PublicKey:
        """The key that verifies this signer's signatures."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """As the port says. Raises InputError for an Ed25519 message that is empty or of more than 4,096 bytes."""
        kms = self._kms
        if kms is None:
            raise closed(self._key_id)
        name = self._public.algorithm
        if name == "ed25519":
            kind, sent = "RAW", message
            if not 1 <= len(message) <= MAX_RAW:
                hint = "use a key for ecdsa-p256, ecdsa-p384 or ML-DSA"
                raise InputError(f"AWS KMS signs 1 to at most {MAX_RAW} bytes with Ed25519", where=kms.where, hint=hint)
        elif name.startswith("ml-dsa-"):
            size = {"ml-dsa-44": 1312, "ml-dsa-65": 1952}[name]
            kind, sent = "EXTERNAL_MU", mldsa_representative(self._public.spki[-size:], message)
        else:
            kind, sent = "DIGEST", self._public.digest(message)
        body = {"KeyId": self._key_id, "Message": base64_text(sent), "MessageType": kind, "SigningAlgorithm": _SPECS[name][1]}
        answer = kms.ask("Sign", body, "signing")
        if answer.get("KeyId") != self._key_id:
            raise kms.service.garbage("signing")
        return verified_signature(kms.service.blob(answer.get("Signature"), "signing"), message, self._public, kms.where)

    def close(self) -> None:
        """Close the connections."""
        kms, self._kms = self._kms, None
        if kms is not None:
            kms.service.close()

    def __repr__(self) -> str:
        return f"KmsSigner({self._public.algorithm}, {self._public.keyid[:12]}…)"


def open_key(reference: KeyReference, access: Access) -> KmsSigner:
    """Fetch the public key, and be ready to sign. Raises as `open_signer`."""
    reference.only()
    kms = _Kms(reference, access)
    try:
        return KmsSigner(kms, *_public_key(kms, reference))
    except BaseException:
        kms.service.close()
        raise


def create_key(reference: KeyReference, algorithm: str, access: Access) -> KmsSigner:
    """Make a key and the alias that the reference names. Raises as `create_signer`."""
    if algorithm not in _SPECS:
        raise InputError(f"AWS KMS makes no keys for {algorithm}", where=reference.text)
    kms = _Kms(reference, access)
    try:
        if not kms.key.startswith("alias/"):
            raise InputError("a new key needs an alias for its name", where=reference.text, hint="use awskms:///alias/NAME")
        try:
            kms.ask("GetPublicKey", {"KeyId": kms.key}, "looking for the key")
        except NotFound:
            spec = {"KeySpec": _SPECS[algorithm][0], "KeyUsage": "SIGN_VERIFY", "Description": "made by pratique"}
            made = kms.ask("CreateKey", spec, "making the key").get("KeyMetadata")
            key_id = made.get("KeyId") if isinstance(made, dict) else None
            if not isinstance(key_id, str):
                raise kms.service.garbage("making the key") from None
            kms.ask("CreateAlias", {"AliasName": kms.key, "TargetKeyId": key_id}, "naming the key")
        else:
            raise InputError("there is a key of this name", where=reference.text, hint="keys are never overwritten")
    finally:
        kms.service.close()
    return open_key(reference, access)


def _public_key(kms: "_Kms", reference: KeyReference) -> tuple[str, PublicKey]:
    """The key's ARN and its public half."""
    what = "fetching the public key"
    answer = kms.ask("GetPublicKey", {"KeyId": kms.key}, what)
    key_id = answer.get("KeyId")
    if answer.get("KeyUsage") != "SIGN_VERIFY":
        raise InputError("this key is not for signing", where=reference.text)
    if not isinstance(key_id, str) or not _ARN.fullmatch(key_id):
        raise kms.service.garbage(what)
    try:
        return key_id, PublicKey.from_der(kms.service.blob(answer.get("PublicKey"), what), reference.algorithm)
    except Malformed as error:
        raise Malformed(error.message, where=reference.text, hint=error.hint) from error


class _Kms:
    """KMS in one region as one identity."""

    def __init__(self, reference: KeyReference, access: Access) -> None:
        endpoint, slash, self.key = reference.name.partition("/")
        arn = _ARN.fullmatch(self.key)
        if not slash or not (arn or _KEY.fullmatch(self.key)):
            hint = "expected awskms:///KEY-ID, awskms:///alias/NAME or awskms:///ARN"
            raise InputError("not the name of a key in AWS KMS", where=reference.text, hint=hint)
        environ = access.environ
        self.where = reference.text
        self._session = Session(profile=environ.get("AWS_PROFILE"))
        region = arn[1] if arn else environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or self._configured("region")
        if not region or not _REGION.fullmatch(region):
            raise InputError("which AWS region?", where=reference.text, hint="set AWS_REGION, or name the key by its ARN")
        self._region = region
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        address = environ.get("AWS_ENDPOINT_URL_KMS") or environ.get("AWS_ENDPOINT_URL") or f"https://kms.{region}.{suffix}"
        if endpoint:
            near = endpoint.partition(":")[0] in ("localhost", "127.0.0.1")
            address = f"http://{endpoint}" if near else f"https://{endpoint}"
        self.service = Service(address, name="AWS KMS", where=reference.text, access=access, ca_file=environ.get("AWS_CA_BUNDLE"))
        self._credentials = self._find_credentials(environ)

    def ask(self, operation: str, body: Mapping[str, Any], what: str) -> dict[str, Any]:
        """Call an operation; its answer. Raises NotFound, InputError, AuthenticationRequired, RateLimited, Unavailable."""

        def headers(content: bytes) -> dict[str, str]:
            return self._signed(operation, content)

        answer = self.service.ask(
            "POST", "/", what=what, headers=headers, json_body=body, busy=lambda answer: _kind(answer) in _BUSY
        )
        if answer.status != 200:
            raise self._refused(answer, what)
        return answer.members()

    def _signed(self, operation: str, content: bytes) -> dict[str, str]:
        url = str(self.service.url).rstrip("/") + "/"
        kind = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"TrentService.{operation}"}
        request = AWSRequest(method="POST", url=url, data=content, headers=kind)
        try:
            frozen = self._credentials.get_frozen_credentials()
            self.service.hide(frozen.secret_key)
            self.service.hide(frozen.token or "")
            SigV4Auth(frozen, "kms", self._region).add_auth(request)
        except (BotoCoreError, ClientError) as error:
            raise AuthenticationRequired("the AWS credentials cannot be had or renewed", where=self.where) from error
        return {name: str(value) for name, value in request.headers.items()}

    def _find_credentials(self, environ: Mapping[str, str]) -> Any:
        key, secret = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
        if key and secret:
            return Credentials(key, secret, environ.get("AWS_SESSION_TOKEN"))
        try:
            found = self._session.get_credentials()
        except (BotoCoreError, ClientError) as error:
            raise AuthenticationRequired("the AWS credentials cannot be had", where=self.where) from error
        if found is None:
            hint = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role"
            raise AuthenticationRequired("there are no AWS credentials", where=self.where, hint=hint)
        return found

    def _configured(self, name: str) -> str | None:
        try:
            value = self._session.get_config_variable(name)
        except BotoCoreError as error:
            raise InputError("cannot read the AWS configuration", where=self.where) from error
        return value if isinstance(value, str) else None

    def _refused(self, answer: ServiceAnswer, what: str) -> PratiqueError:
        kind = _kind(answer)
        text = self.service.printable(f"{kind} {_message(answer)}".strip())
        if kind == "NotFoundException":
            return NotFound(f"{what}: AWS KMS has no such key", where=self.where)
        if kind in _REFUSED:
            hint = "docs/keys.md has the policy that a signer needs" if kind == "AccessDeniedException" else None
            return AuthenticationRequired(f"{what}: AWS KMS refuses us: {text}", where=self.where, hint=hint)
        if kind in _BUSY:
            return RateLimited(f"{what}: AWS KMS wants fewer requests: {text}", where=self.where, hint="try again later")
        return self.service.refused(answer, what, text)


def _kind(answer: ServiceAnswer) -> str:
    """The error's name: `__type`, of which some services write a namespace before `#`."""
    if answer.status == 200:
        return ""
    return str(answer.members().get("__type", "")).rpartition("#")[2]


def _message(answer: ServiceAnswer) -> str:
    members = answer.members()
    return str(members.get("message") or members.get("Message") or "")
