"""In which logs of tiles a bundle's entries are proven to be: logs that somebody named, whole, and seen by the witnesses asked
for.

An entry that proves nothing here is no fault of the signature: it is said with its reason, for a policy may demand a proof. Pure.
"""

from dataclasses import dataclass

from pratique.attest.bundle import LogEntry, UnverifiedBundle
from pratique.attest.record import check_record
from pratique.errors import Expired, ProofInvalid, Revoked
from pratique.evidence.trust_anchors import TrustAnchors
from pratique.model.merkle import leaf_hash
from pratique.model.signer import LogPlace, ProvenTree
from pratique.tlog.verify import verify_entry

MAX_ORIGIN = 120  # characters that are repeated to people


@dataclass(frozen=True, slots=True)
class OwnPlaces:
    """`places`: in logs of tiles that we know; `trees`: that prove entries there; `unproven`: why other entries are in none."""

    places: tuple[LogPlace, ...]
    trees: tuple[ProvenTree, ...]
    unproven: tuple[str, ...]


def own_places(bundle: UnverifiedBundle, trust_anchors: TrustAnchors, at: int, *, by_key: bool = True) -> OwnPlaces:
    """Places in logs of tiles that we know, and why other entries are in none.

    `by_key`: whether a bare key signed, whose hint the bundle has. `at`: by when the signature is proven to have existed. A log
    that was retired or compromised by then proves nothing. A proof that does not hold is no proof missing: it raises
    ProofInvalid, and so does that by a tree which a log at hand contradicts.
    """
    places, unproven = [], []
    trees: list[ProvenTree] = []
    for entry in bundle.log_entries:
        found = _place(entry, bundle, trust_anchors, at, by_key, trees)
        if isinstance(found, LogPlace):
            places.append(found)
        elif found:
            unproven.append(found)
    return OwnPlaces(tuple(places), tuple(trees), tuple(unproven))


def _place(
    entry: LogEntry,
    bundle: UnverifiedBundle,
    trust_anchors: TrustAnchors,
    at: int,
    by_key: bool,
    trees: list[ProvenTree],
) -> LogPlace | str:
    """The place, or why there is none; empty when the entry is in a log that a trusted root names. Adds the tree to `trees`."""
    _check_history(entry, trust_anchors)
    if _in_root(entry, trust_anchors):
        return ""  # verified there
    # Our record of an entry has a bare key: what was signed with a certificate is in the logs of a trusted root.
    named = [known for known in trust_anchors.logs if known.holds(entry)] if by_key else []
    if not named:
        return f"{_describe(entry)} is of a log that nobody named"
    # A log that moved has one key and two names: the one that the checkpoint says, if it is among them.
    log = next((known for known in named if known.name in ("", entry.origin)), named[0])
    if entry.proof is None:
        raise ProofInvalid("the entry of a log that we know comes without a proof")
    check_record(entry.body, bundle)
    signed = verify_entry(
        entry.body,
        index=entry.proof.log_index,
        size=entry.proof.tree_size,
        root=entry.proof.root_hash,
        hashes=entry.proof.hashes,
        checkpoint=entry.proof.checkpoint,
        public_key=log.key.raw,
        origin=log.name or None,
    )
    trees.append(
        ProvenTree(
            key=log.key.keyid,
            origin=signed.origin,
            size=signed.size,
            root=signed.root,
            index=entry.proof.log_index,
            leaf=leaf_hash(entry.body),
        )
    )
    try:
        for known in named:  # whoever stole the key can write by any of its names
            known.lifetime.check_compromise(at, "the log")
        log.lifetime.check(at, "the log")
    except (Expired, Revoked) as error:
        return f"{_describe(entry)}: {error.message}"
    lacking = _lacking(entry.proof.checkpoint, trust_anchors, at)
    if lacking:
        return f"{_describe(entry)}: {lacking}"
    return LogPlace(log=log.name or log.key.keyid[:12], operator=log.operator, index=entry.proof.log_index)


def _check_history(entry: LogEntry, trust_anchors: TrustAnchors) -> None:
    """Hold the entry's checkpoint against each log of its that is at hand, whoever vouches for it here. Raises ProofInvalid."""
    for known in trust_anchors.logs:
        if known.check_history is not None and entry.proof is not None and known.holds(entry):
            known.check_history(entry.origin, entry.proof.checkpoint)


def _lacking(checkpoint: str, trust_anchors: TrustAnchors, at: int) -> str:
    """Which cosignatures are lacking that the trust asks for; empty when there are enough (C2SP tlog-cosignature).

    Operators are counted, not keys. A cosignature counts within its witness's time, which it states itself: so a witness that was
    compromised by `at` counts for nothing, whatever time its lines bear.
    """
    trust = trust_anchors.trust
    if trust is None or not trust.witnesses:
        return ""
    from pratique.tlog.cosignature import WitnessKey, verify_cosignatures

    able = {}
    wanted = set()
    for item in trust.witnesses:
        try:
            item.lifetime.check_compromise(at, "the witness")
        except Revoked:
            continue
        able[item.name, trust_anchors.keys[item.keyid].raw] = item
        try:
            item.lifetime.check(at, "the witness")
        except Expired:
            continue
        wanted.add(item.operator)
    seen = set()
    for line in verify_cosignatures(checkpoint, [WitnessKey(name=name, public_key=raw) for name, raw in able]):
        item = able[line.witness.name, line.witness.public_key]
        try:
            item.lifetime.check(line.at, "the witness")
        except Expired:
            continue
        seen.add(item.operator)
    needed = trust.witness_quorum or max(1, len(wanted))
    if len(seen) >= needed:
        return ""
    return f"cosigned by {len(seen)} of the {needed} witnesses that the trust asks for, counted by operator"


def _in_root(entry: LogEntry, trust_anchors: TrustAnchors) -> bool:
    if trust_anchors.root is None:
        return False
    from pratique.attest.sigstore.rekor import find_log

    return find_log(entry, trust_anchors.root) is not None


def _describe(entry: LogEntry) -> str:
    """The entry as a person can look for it: its number, the log's origin as the entry states it, and the log's ID."""
    origin = entry.origin[:MAX_ORIGIN]
    number = entry.proof.log_index if entry.proof is not None else entry.log_index
    return f"entry {number} of log {origin or 'without a name'} (log ID {entry.log_id.hex()[:16]}…)"
