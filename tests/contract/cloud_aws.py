"""A stand-in for AWS KMS, from its API reference (2014-11-01) and that of Signature Version 4, and for STS's web identities."""

import datetime
import hashlib
import hmac
import json
import re
import secrets
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cloud import Cloud, CloudKey, Reply, Request, b64, documented, unb64
from cryptography.hazmat.primitives import hashes
from signers import Adapter, never

from pratique.attest.publickey import rsa_bits
from pratique.keys.access import Access

REGION = "eu-central-1"
ACCOUNT = "111122223333"
SPECS = {
    "ecdsa-p256": ("ECC_NIST_P256", ["ECDSA_SHA_256"]),
    "ecdsa-p384": ("ECC_NIST_P384", ["ECDSA_SHA_384"]),
    "ecdsa-p521": ("ECC_NIST_P521", ["ECDSA_SHA_512"]),
    "ed25519": ("ECC_NIST_EDWARDS25519", ["ED25519_SHA_512", "ED25519_PH_SHA_512"]),
    "ml-dsa-44": ("ML_DSA_44", ["ML_DSA_SHAKE_256"]),
    "ml-dsa-65": ("ML_DSA_65", ["ML_DSA_SHAKE_256"]),
}
RSA = [f"RSASSA_{kind}_SHA_{bits}" for kind in ("PSS", "PKCS1_V1_5") for bits in (256, 384, 512)]
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


@dataclass
class Identity:
    """Whoever signs requests. `statements`: its policy. `expires`: its session token is refused from then on."""

    secret: str
    token: str | None = None
    statements: list[dict[str, Any]] = field(default_factory=list)
    expired: bool = False


def spec_of(algorithm: str) -> tuple[str, list[str]]:
    return SPECS.get(algorithm) or (f"RSA_{rsa_bits(algorithm)}", RSA)


def refusal(kind: str, message: str, status: int = 400) -> Reply:
    return Reply(status, {"__type": kind, "message": message})


class AwsKms(Cloud):
    hosts = re.compile(rf"kms\.{REGION}\.amazonaws\.com")

    def __init__(self) -> None:
        super().__init__()
        self.aliases: dict[str, str] = {}
        self.identities: dict[str, Identity] = {}

    def key(self, algorithm: str) -> str:
        """A new key; its ARN."""
        arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{uuid.uuid4()}"
        self.keys[arn] = CloudKey(algorithm, "Enabled")
        return arn

    def identity(self, *statements: dict[str, Any], token: str | None = None) -> tuple[str, Identity]:
        name = f"AKIA{secrets.token_hex(8).upper()}"
        self.identities[name] = Identity(secrets.token_urlsafe(30), token, list(statements))
        return name, self.identities[name]

    def signer(self, arn: str, algorithm: str, message_type: str = "DIGEST", **options: Any) -> tuple[str, Identity]:
        """An identity with the documented policy for one key."""
        text = documented("aws policy").replace(
            "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", arn
        )
        text = text.replace("ECDSA_SHA_256", algorithm).replace("DIGEST", message_type)
        return self.identity(*json.loads(text)["Statement"], **options)

    def access(self, name: str, identity: Identity, **settings: str) -> Access:
        environ = {"AWS_ACCESS_KEY_ID": name, "AWS_SECRET_ACCESS_KEY": identity.secret, "AWS_REGION": REGION}
        if identity.token:
            environ["AWS_SESSION_TOKEN"] = identity.token
        return Access(passphrase=never, pin=never, environ=environ | settings, handler=self.routes, sleep=lambda _: None)

    def adapter(self, algorithm: str, _: Path) -> Adapter:
        arn = self.key(algorithm)
        signing = {"pss": "RSASSA_PSS_SHA_256", "rsa": "RSASSA_PKCS1_V1_5_SHA_256"}
        kind = spec_of(algorithm)[1][0]
        if algorithm.startswith("rsa"):
            kind = signing["pss" if "pss" in algorithm else "rsa"].replace("256", algorithm.partition("-sha")[2] or "256")
        message = "RAW" if algorithm == "ed25519" else "EXTERNAL_MU" if algorithm.startswith("ml-dsa") else "DIGEST"
        name, identity = self.signer(arn, kind, message, token=secrets.token_urlsafe(60))
        return Adapter(
            reference=f"awskms:///{arn}?algorithm={algorithm}",
            access=self.access(name, identity),
            algorithm=algorithm,
            secrets=(identity.secret, identity.token or "none"),
            cut=self.cut,
            cap=4096 if algorithm == "ed25519" else None,
            floor=1 if algorithm == "ed25519" else 0,
        )

    def answer(self, request: Request) -> Reply:
        name, refused = self.authenticated(request)
        if refused is not None:
            return refused
        operation = request.headers.get("x-amz-target", "").removeprefix("TrentService.")
        body = request.json
        if operation == "CreateKey":
            return self.create(name, body)
        if operation == "CreateAlias":
            if not self.allowed(name, "kms:CreateAlias", self.resolve(body["TargetKeyId"]) or "", {}):
                return self.denied("kms:CreateAlias")
            self.aliases[body["AliasName"]] = self.resolve(body["TargetKeyId"]) or ""
            return Reply(200, b"")
        arn = self.resolve(body.get("KeyId", ""))
        if arn is None:
            return refusal("NotFoundException", f"Key '{body.get('KeyId')}' does not exist")
        conditions = {"kms:SigningAlgorithm": body.get("SigningAlgorithm"), "kms:MessageType": body.get("MessageType", "RAW")}
        if not self.allowed(name, f"kms:{operation}", arn, conditions if operation == "Sign" else {}):
            return self.denied(f"kms:{operation}")
        key = self.keys[arn]
        if key.state == "Disabled":
            return refusal("DisabledException", f"{arn} is disabled.")
        if key.state != "Enabled":
            return refusal("KMSInvalidStateException", f"{arn} is pending deletion.")
        if operation == "GetPublicKey":
            spec, algorithms = spec_of(key.algorithm)
            told = {"KeyId": arn, "KeySpec": spec, "KeyUsage": "SIGN_VERIFY", "SigningAlgorithms": algorithms}
            return Reply(200, {**told, "PublicKey": b64(key.spki)})
        if operation == "Sign":
            return self.sign(arn, key, body)
        return refusal("UnknownOperationException", "")

    def sign(self, arn: str, key: CloudKey, body: dict[str, Any]) -> Reply:
        message, kind, algorithm = unb64(body["Message"]), body.get("MessageType", "RAW"), body["SigningAlgorithm"]
        if (not 1 <= len(message) <= 4096 and kind != "RAW") or len(message) > 4096:
            return refusal("ValidationException", "1 validation error detected: 'message' failed to satisfy constraint")
        if algorithm not in spec_of(key.algorithm)[1]:
            return refusal("InvalidKeyUsageException", f"Algorithm {algorithm} is incompatible with key spec.")
        if algorithm == "ED25519_SHA_512":
            if kind != "RAW":
                return refusal("ValidationException", "ED25519_SHA_512 wants RAW")
            signature = key.private.sign(message)  # type: ignore[call-arg,union-attr]
        elif algorithm == "ML_DSA_SHAKE_256":
            if kind == "EXTERNAL_MU" and len(message) != 64:
                return refusal("ValidationException", "EXTERNAL_MU has 64 bytes")
            signature = key.private.sign_mu(message) if kind == "EXTERNAL_MU" else key.private.sign(message)  # type: ignore[union-attr,call-arg]
        else:
            hash_ = HASHES[algorithm[-3:]]
            scheme = {"ECDSA": "ecdsa", "RSASSA_PSS": "pss", "RSASSA_PKCS1_V1_5": "pkcs1"}[algorithm[: algorithm.index("_SHA")]]
            digest = message if kind == "DIGEST" else hashlib.new(hash_.name, message).digest()
            if len(digest) != hash_.digest_size:
                return refusal("ValidationException", "Digest is invalid length for algorithm " + algorithm)
            signature = key.sign_digest(digest, scheme, hash_)
        return Reply(200, {"KeyId": arn, "Signature": b64(signature), "SigningAlgorithm": algorithm})

    def create(self, name: str, body: dict[str, Any]) -> Reply:
        if not self.allowed(name, "kms:CreateKey", "*", {}):
            return self.denied("kms:CreateKey")
        found = [known for known in (*SPECS, "rsa-2048", "rsa-3072", "rsa-4096") if spec_of(known)[0] == body["KeySpec"]]
        if body.get("KeyUsage") != "SIGN_VERIFY" or not found:
            return refusal("ValidationException", "bad KeyUsage or KeySpec")
        return Reply(200, {"KeyMetadata": {"KeyId": self.key(found[0]).rpartition("/")[2], "KeyState": "Enabled"}})

    def resolve(self, name: str) -> str | None:
        if name.startswith("alias/"):
            return self.aliases.get(name)
        arn = name if name.startswith("arn:") else f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{name}"
        return arn if arn in self.keys else None

    def allowed(self, name: str, action: str, resource: str, values: dict[str, Any]) -> bool:
        """Whether a statement of the identity's policy allows this; conditions are StringEquals."""
        for statement in self.identities[name].statements:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            wanted = statement.get("Condition", {}).get("StringEquals", {})
            fits = all(values.get(condition) == value for condition, value in wanted.items())
            if statement["Effect"] == "Allow" and action in actions and statement["Resource"] in ("*", resource) and fits:
                return True
        return False

    def denied(self, action: str) -> Reply:
        user = f"arn:aws:iam::{ACCOUNT}:user/signer"
        return refusal("AccessDeniedException", f"User: {user} is not authorized to perform: {action} on this resource")

    def authenticated(self, request: Request) -> tuple[str, Reply | None]:
        """Signature Version 4, reckoned from what arrived."""
        pattern = r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/kms/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)"
        match = re.fullmatch(pattern, request.headers.get("authorization", ""))
        if match is None or match[1] not in self.identities:
            return "", refusal("UnrecognizedClientException", "The security token included in the request is invalid.")
        name, date, region, signed, signature = match.groups()
        identity, stamp = self.identities[name], request.headers["x-amz-date"]
        then = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
        if identity.token != request.headers.get("x-amz-security-token") or region != REGION:
            return name, refusal("UnrecognizedClientException", "The security token included in the request is invalid.")
        if identity.expired:
            return name, refusal("ExpiredTokenException", "The security token included in the request is expired")
        age = abs((datetime.datetime.now(datetime.UTC) - then).total_seconds())
        needed = {"host", "x-amz-date", "x-amz-target"} | ({"x-amz-security-token"} if identity.token else set())
        names = signed.split(";")
        canonical = "".join(f"{header}:{' '.join(request.headers[header].split())}\n" for header in names)
        lines = [request.method, request.path, "", canonical, signed, hashlib.sha256(request.body).hexdigest()]
        scope = f"{date}/{region}/kms/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256("\n".join(lines).encode()).hexdigest()])
        secret = f"AWS4{identity.secret}".encode()
        for part in (date, region, "kms", "aws4_request"):
            secret = hmac.digest(secret, part.encode(), "sha256")
        right = hmac.new(secret, text.encode(), "sha256").hexdigest()
        if age > 900 or not needed <= set(names) or not hmac.compare_digest(right, signature):
            return name, refusal("InvalidSignatureException", "The request signature we calculated does not match")
        return name, None
