"""What verification starts from: whose signatures, logs and times are believed. A plain value; nothing here verifies.

It comes from public keys on the command line, from the keys of a policy, or from a trust repository, which alone says who may
say what, and until when.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pratique.trust import Authorities, Authority, Lifetime, Trust
from pratique.trust.lifetime import ALWAYS

if TYPE_CHECKING:
    from pratique.attest.bundle import LogEntry
    from pratique.attest.notation.policy import TrustPolicy
    from pratique.attest.notation.stores import TrustStores
    from pratique.attest.publickey import PublicKey
    from pratique.attest.sigstore.trusted_root import TrustedRoot
    from pratique.tuf.value import FollowedTrust

NOBODY = Authorities()


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnLog:
    """A log of tiles whose key is known. `name`: its origin, "" when any will do; `operator`: who runs it, for counting.

    `check_history`: of a log that may be at hand, holds an origin and a checkpoint of it against what is known there; raises
    ProofInvalid where they contradict, and nothing where nobody can tell.
    """

    key: "PublicKey"
    name: str = ""
    operator: str = "our own"
    lifetime: Lifetime = ALWAYS
    check_history: Callable[[str, str], None] | None = None

    def holds(self, entry: "LogEntry") -> bool:
        """Whether the entry says that it is in this log, by either of the two ways to name one."""
        from pratique.tlog.checkpoint import log_id, older_log_id

        return entry.log_id in (log_id(entry.origin, self.key.raw), older_log_id(self.key.raw))


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustAnchors:
    """Who is believed.

    `keys`: by key ID; `authorities`: whose signers they are; `logs`: of tiles, as ours. `trust`: what each one may say about
    what, and when; None where every key may say everything, as with keys on a command line. `root`: certificate authorities,
    logs and timestamp authorities in Sigstore's form; `stores`: notation's certificates; `keyring`: of OpenPGP, for Helm's
    provenance. None, or nothing in it, for nobody. `notation`: notation's own trust policy, which then says for each repository
    who may sign in that form and what a failed check does; None where a trust says so. `in_place`: whom a policy or an option
    names beside a trust: they may say everything but what the trust takes back, and sign for no longer than it lets them.
    `bans`: a trust that lets nobody speak here, and only ends and takes back, as `trust` does for `in_place`.
    """

    keys: Mapping[str, "PublicKey"]
    authorities: Authorities
    logs: tuple[OwnLog, ...] = ()
    trust: Trust | None = None
    root: "TrustedRoot | None" = None
    keyring: bytes = b""
    stores: "TrustStores | None" = None
    notation: "TrustPolicy | None" = None
    in_place: Authorities = NOBODY
    bans: Trust | None = None

    @property
    def names(self) -> frozenset[str]:
        """Every authority that can be meant."""
        return self.authorities.names | self.in_place.names

    @property
    def announced(self) -> frozenset[str]:
        """Thumbprints of all certificates in trust stores, by which signatures in a registry say whose they are."""
        return self.stores.thumbprints(self.stores.certificates) if self.stores is not None else frozenset()


def anchors_of_keys(named: Iterable[tuple[str, Iterable["PublicKey"]]], logs: tuple[OwnLog, ...]) -> TrustAnchors:
    """Believe these parties and their keys, whatever they say. Raises Malformed when a key is two parties'."""
    parties = [(name, tuple(keys)) for name, keys in named]
    authorities = Authorities(tuple(Authority.of_keys(name, (key.keyid for key in keys)) for name, keys in parties))
    return TrustAnchors(keys={key.keyid: key for _, keys in parties for key in keys}, authorities=authorities, logs=logs)


def anchors_in_place(
    named: Iterable[tuple[str, Iterable["PublicKey"]]], logs: tuple[OwnLog, ...], base: TrustAnchors | None
) -> TrustAnchors:
    """Believe these parties whatever they say, and beside them whom `base` believes, a trust: what that takes back or ends is
    out.

    A name that both have means the one in place. Raises Malformed when a key is two parties'.
    """
    own = anchors_of_keys(named, logs)
    if base is None:
        return own
    return replace(base, keys={**base.keys, **own.keys}, logs=(*base.logs, *logs), in_place=own.authorities)


def anchors_of_trust(anchors: "FollowedTrust", logs: tuple[OwnLog, ...]) -> TrustAnchors:
    """Believe what a trust repository publishes, and these logs besides. Raises Malformed when a carried file is not sound."""
    trust = anchors.trust
    known = []
    for service in trust.logs:
        key = anchors.keys[service.keyid]
        known.append(OwnLog(key=key, name=service.name, operator=service.operator, lifetime=service.lifetime))
    return TrustAnchors(
        keys=anchors.keys,
        authorities=trust.authorities,
        logs=(*known, *logs),
        trust=trust,
        root=_root(anchors),
        stores=_stores(anchors),
    )


def _root(anchors: "FollowedTrust") -> "TrustedRoot | None":
    """All carried trusted roots as one, and the timestamp authorities that stand by themselves."""
    carried, stampers = anchors.files("sigstore"), anchors.trust.files("tsa")
    if not carried and not stampers:
        return None
    from pratique.attest.notation.stores import parse_certificates
    from pratique.attest.sigstore.trusted_root import TrustedRoot, parse_trusted_root
    from pratique.attest.timestamp import TimestampAuthority
    from pratique.attest.x509 import CertificateWindow, parse_certificate

    roots = [parse_trusted_root(data) for _, data in carried]
    own = []
    for item in stampers:
        chain = [parse_certificate(der, item.name) for der in parse_certificates(anchors.targets[item.path], item.name)]
        window = CertificateWindow(start=item.window.since or 0, end=item.window.until)
        own.append(TimestampAuthority(operator=item.operator, anchors=tuple(chain), window=window))
    return TrustedRoot(
        authorities=tuple(one for root in roots for one in root.authorities),
        timestamp_authorities=(*(one for root in roots for one in root.timestamp_authorities), *own),
        logs=tuple(one for root in roots for one in root.logs),
        certificate_logs=tuple(one for root in roots for one in root.certificate_logs),
    )


def _stores(anchors: "FollowedTrust") -> "TrustStores | None":
    carried = anchors.files("store")
    if not carried:
        return None
    from pratique.tuf.notation import stores_of

    return stores_of(carried)
