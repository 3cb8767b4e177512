"""Who signed something, when that is known to have been, and where it is logged: what every form of signature comes to. Pure.

Sigstore bundles, cosign's tags, notation's envelopes and plain files differ in bytes and in how they are verified. What
verification yields is always this, so that trust, policy and the screen need to know one form only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySigner:
    """A bare public key. `keyid`: hex SHA-256 of its DER SubjectPublicKeyInfo, 64 digits."""

    keyid: str

    def __str__(self) -> str:
        return f"key {self.keyid[:12]}…"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadSigner:
    """An identity that an OIDC provider vouched for, in a short-lived certificate (sigstore/fulcio, docs/oid-info.md).

    `issuer`: the provider's URL; `subject`: the certificate's one subject alternative name, an e-mail address or URI; `claims`:
    the certificate's other Fulcio extensions by their names in oid-info.md, such as `source_repository_ref`.
    """

    issuer: str
    subject: str
    claims: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.subject} (by {self.issuer})"


@dataclass(frozen=True, slots=True, kw_only=True)
class CertifiedSigner:
    """A name in a certificate that chains to a certificate authority of a trust store, as notation signs.

    `name`: the subject, RFC 4514; `store`: the trust store's name; `thumbprint`: hex SHA-256 of the signing certificate's DER.
    """

    name: str
    store: str
    thumbprint: str

    def __str__(self) -> str:
        return f"{self.name} (trust store {self.store})"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPgpSigner:
    """An OpenPGP key of a keyring, as Helm's provenance files are signed. `fingerprint`: of the certificate's primary key,
    lower-case hex; `user_ids`: what the key says of its owner, which whoever put it into the keyring believes.
    """

    fingerprint: str
    user_ids: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.user_ids[0] if self.user_ids else 'OpenPGP key'} ({self.fingerprint[-16:]})"


Signer = KeySigner | WorkloadSigner | CertifiedSigner | OpenPgpSigner


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedTime:
    """A time before which the signature certainly existed. `at`: Unix seconds; `operator`: who vouches for it.

    `source`: `timestamp authority` (RFC 3161), `log` (an inclusion promise or cosigned checkpoint with a time), `signing
    authority` (a service that signed on somebody's behalf and is believed about when, as notation knows it).
    """

    at: int
    source: str
    operator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPlace:
    """An entry whose inclusion was proven. `operator`: who runs the log."""

    log: str
    operator: str
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenTree:
    """The tree of a log by which an entry was proven: a log that signs two trees of one size was forked.

    `key`: hex SHA-256 of the log's SubjectPublicKeyInfo; `origin`: as its checkpoint says; `size`: of the tree, in entries;
    `root`: 32 bytes; `index`, `leaf`: of the entry, its number and hash, 32 bytes.
    """

    key: str
    origin: str
    size: int
    root: bytes
    index: int
    leaf: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What one verified signature tells, apart from what was said. `unproven`: what such signatures otherwise prove and this one
    does not, for people. `trees`: by which the places were proven.
    """

    signer: Signer
    times: tuple[TrustedTime, ...] = ()
    places: tuple[LogPlace, ...] = ()
    unproven: tuple[str, ...] = ()
    trees: tuple[ProvenTree, ...] = field(default=(), compare=False)
