"""Who signs a trust repository: the TUF roles and their keys, and our signers as TUF knows them (TUF specification 1.0, §4.2).

Root and targets are signed by people, n of m, with keys that are nowhere online; snapshot and timestamp by a machine that
publishes. A key has TUF's key ID inside the metadata, for other clients check it, and ours everywhere a person reads it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key, load_pem_public_key
from securesystemslib.signer import Key, Signature, SSlibKey

from pratique.attest.publickey import PublicKey
from pratique.errors import InputError, Malformed, SignatureInvalid, Untrusted

if TYPE_CHECKING:
    from tuf.api.metadata import Metadata, Root

ROLES = ("root", "targets", "snapshot", "timestamp")
_ALGORITHMS = ("ed25519", "ecdsa-p256", "ecdsa-p384")


class RoleSigner(Protocol):
    """What signs for a role: any `pratique.keys.signer.Signer`, with the guarantees stated there."""

    @property
    def public_key(self) -> PublicKey: ...

    def sign(self, message: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleKeys:
    """The keys of a role and how many of them must sign. Raises InputError when that can never be met, or a key stands twice."""

    keys: tuple[PublicKey, ...]
    threshold: int = 1

    def __post_init__(self) -> None:
        if len(set(self.keys)) != len(self.keys):
            raise InputError("a role has the same key twice: it would count as two holders")
        if not 1 <= self.threshold <= len(self.keys):
            raise InputError(
                f"a threshold of {self.threshold} for a role with {len(self.keys)} keys can never be met",
                hint="name as many keys, or lower --threshold",
            )


def to_tuf(key: PublicKey) -> SSlibKey:
    """Our key as TUF metadata holds it. Raises InputError for algorithms that its clients do not read alike."""
    if key.algorithm not in _ALGORITHMS:
        hint = "use Ed25519 or ECDSA on P-256 or P-384"
        raise InputError(f"a key of {key.algorithm} cannot sign a trust repository", hint=hint)
    return SSlibKey.from_crypto(load_der_public_key(key.spki))


def from_tuf(key: Key) -> PublicKey:
    """The key in TUF metadata as ours, canonical. Raises Malformed."""
    text = str(key.keyval.get("public"))
    try:
        if key.keytype == "ed25519":
            prefix = bytes.fromhex("302a300506032b6570032100")  # RFC 8410 §4: SubjectPublicKeyInfo with the 32 bytes at its end
            return PublicKey.from_der(prefix + bytes.fromhex(text))
        loaded: Any = load_pem_public_key(text.encode("ascii"))
        return PublicKey.from_der(loaded.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    except (ValueError, TypeError) as error:
        raise Malformed(f"a key of the trust repository is none: {key.keyid[:12]}…") from error


def sign_metadata(metadata: "Metadata[Any]", signer: RoleSigner) -> None:
    """Add the signer's signature to the others, in the place of an earlier one of its own. Raises what the signer raises.

    The signature is verified before it is kept: a device that returns nonsense must not leave a role half signed.
    """
    message = metadata.signed_bytes
    signature = signer.sign(message)
    key = to_tuf(signer.public_key)
    signer.public_key.verify(signature, message)
    metadata.signatures[key.keyid] = Signature(key.keyid, signature.hex())


def roles_of(root: "Root") -> dict[str, RoleKeys]:
    """Who holds what according to a root."""
    return {
        name: RoleKeys(keys=tuple(from_tuf(root.keys[keyid]) for keyid in role.keyids), threshold=role.threshold)
        for name, role in root.roles.items()
    }


def refuse_one_key_for_two(root: "Root") -> None:
    """Raise Untrusted when a root lists one key under two key IDs: a threshold over key IDs would count its holder twice."""
    keys = [from_tuf(key) for key in root.keys.values()]
    if len(set(keys)) != len(keys):
        raise Untrusted("the root of this trust lists one key under two names, so that one holder counts twice")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleState:
    """How far the signing of some metadata is: which keys have signed, which could, and how many signatures are still short."""

    signed: frozenset[PublicKey]
    missing: frozenset[PublicKey]
    short: int

    @property
    def enough(self) -> bool:
        """Whether every rule is met."""
        return self.short == 0


def standing(metadata: "Metadata[Any]", role: str, roots: Iterable["Root"]) -> RoleState:
    """How far `metadata` is signed for `role` by the rules of every one of `roots` (for a root: the one before, and itself).

    `short`: the most signatures that one of the rules still lacks.
    """
    message = metadata.signed_bytes
    signed: set[PublicKey] = set()
    missing: set[PublicKey] = set()
    short = 0
    for root in roots:
        rule = roles_of(root)[role]
        good = {key for key in rule.keys if _has_signed(metadata, key, message)}
        short = max(short, rule.threshold - len(good))
        signed |= good
        missing |= set(rule.keys) - good
    return RoleState(signed=frozenset(signed), missing=frozenset(missing), short=short)


def _has_signed(metadata: "Metadata[Any]", key: PublicKey, message: bytes) -> bool:
    signature = metadata.signatures.get(to_tuf(key).keyid)
    if signature is None:
        return False
    try:
        key.verify(bytes.fromhex(signature.signature), message)
    except (SignatureInvalid, ValueError):
        return False
    return True
