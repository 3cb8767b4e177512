"""`FollowedTrust`: a trust together with the files it carries, and how fresh it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from pratique.attest.publickey import PublicKey
from pratique.attest.strictjson import load_json
from pratique.errors import DigestMismatch, Malformed, Unavailable
from pratique.model.digest import Digest
from pratique.trust import Key, ServiceKey, Trust
from pratique.trust.document import read_published
from pratique.trust.lifetime import when

DOCUMENT = "trust.json"
MAX_DOCUMENT_BYTES = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedTrust:
    """What verification starts from.

    `keys`: every key the trust knows, by key ID. `targets`: the document and the carried files, by `Carried.path`.
    `fetched_at`, `expires`: Unix seconds; `expires` None for a `trust.yaml` that is read as it stands. `versions`: by TUF role.
    `stale`: why it could not be refreshed, empty when it was.
    """

    trust: Trust
    keys: Mapping[str, PublicKey]
    targets: Mapping[str, bytes]
    source: str
    fetched_at: int
    expires: int | None = None
    versions: Mapping[str, int] = field(default_factory=dict)
    stale: str = ""

    def files(self, kind: str) -> list[tuple[str, bytes]]:
        """Name and content of the carried files of a kind: `sigstore`, `tsa` or `store`."""
        return [(item.name, self.targets[item.path]) for item in self.trust.files(kind)]

    def expired(self, now: int) -> bool:
        """Whether it may not be used any more: from the second `expires` on (TUF specification, §4.3)."""
        return self.expires is not None and now >= self.expires

    def check(self, now: int) -> None:
        """Raise Unavailable when it has expired: what is said today about keys may no longer be true."""
        if self.expires is not None and self.expired(now):
            because = f"; {self.stale}" if self.stale else ""
            hint = "run: pratique trust refresh"
            raise Unavailable(f"the trust is stale: it expired at {when(self.expires)}{because}", where=self.source, hint=hint)

    def as_stale(self, why: str, now: int) -> "FollowedTrust":
        """The same, with the reason why it is not newer. Raises Unavailable when it has expired."""
        stale = replace(self, stale=why)
        stale.check(now)
        return stale


def read_anchors(
    document: bytes,
    target: Callable[[str], bytes],
    *,
    source: str,
    fetched_at: int,
    expires: int | None,
    versions: Mapping[str, int],
) -> FollowedTrust:
    """Parse the published document and get the files it carries by `target`. Raises Malformed, DigestMismatch."""
    trust = read_published(load_json(document, what="the trust document", max_size=MAX_DOCUMENT_BYTES), where=source)
    targets = {DOCUMENT: document}
    for item in trust.carried:
        targets[item.path] = target(item.path)
        if Digest.of(targets[item.path]) != item.digest:
            raise DigestMismatch(f"{item.path} is not the file that the trust document names", where=source)
    keys = check_keys(trust, where=source)
    return FollowedTrust(
        trust=trust, keys=keys, targets=targets, source=source, fetched_at=fetched_at, expires=expires, versions=versions
    )


def check_keys(trust: Trust, *, where: str) -> dict[str, PublicKey]:
    """Every key of the document by its key ID, ready to verify with. Raises Malformed for one that is none."""
    listed: list[Key | ServiceKey] = [*trust.logs, *trust.witnesses]
    listed += [item for party in trust.authorities.items for item in party.signers if isinstance(item, Key)]
    keys = {}
    for item in listed:
        try:
            key = PublicKey.from_der(item.spki, item.algorithm or None)
        except Malformed as error:
            raise Malformed(error.message, where=where, hint=error.hint) from error
        if item.algorithm not in ("", key.algorithm):
            raise Malformed(f"a key of {key.algorithm} that is listed as one of {item.algorithm[:40]!r}", where=where)
        keys[key.keyid] = key
    for witness in trust.witnesses:
        if keys[witness.keyid].algorithm != "ed25519":
            hint = "only timestamped Ed25519 cosignatures are verified (C2SP tlog-cosignature, cosignature/v1)"
            raise Malformed(f"the key of witness {witness.name} is {keys[witness.keyid].algorithm}", where=where, hint=hint)
    return keys
