"""Making TUF metadata: the next root, targets, snapshot, timestamp. Values in, values out; `now` is an argument."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Key, Metadata, MetaFile, Role, Root, Snapshot, TargetFile, Targets, Timestamp

from pratique.errors import LimitExceeded, Malformed
from pratique.tuf.roles import ROLES, RoleKeys, roles_of, to_tuf

MAX_METADATA_BYTES = 512 * 1024


def first_root(roles: Mapping[str, RoleKeys], *, days: int, now: int) -> Metadata[Root]:
    """Version 1, unsigned, with consistent snapshots (§6.2)."""
    return Metadata(_root(roles, version=1, days=days, now=now))


def next_root(current: Root, changes: Mapping[str, RoleKeys], *, days: int, now: int) -> Metadata[Root]:
    """The version after `current`, unsigned, with the roles in `changes` held by others."""
    return Metadata(_root({**roles_of(current), **changes}, version=current.version + 1, days=days, now=now))


def next_targets(files: Mapping[str, bytes], *, version: int, days: int, now: int) -> Metadata[Targets]:
    """Targets, unsigned, for exactly these files by path."""
    targets = {path: TargetFile.from_data(path, data, ["sha256"]) for path, data in sorted(files.items())}
    return Metadata(Targets(version=version, expires=_after(now, days), targets=targets))


def next_snapshot(targets: bytes, targets_version: int, *, version: int, days: int, now: int) -> Metadata[Snapshot]:
    """A snapshot, unsigned, of exactly these targets: their version, length and hash, so that nothing can be mixed."""
    return Metadata(Snapshot(version=version, expires=_after(now, days), meta={"targets.json": _meta(targets, targets_version)}))


def next_timestamp(snapshot: bytes, snapshot_version: int, *, version: int, days: int, now: int) -> Metadata[Timestamp]:
    """A timestamp, unsigned, of exactly this snapshot."""
    return Metadata(Timestamp(version=version, expires=_after(now, days), snapshot_meta=_meta(snapshot, snapshot_version)))


def read_metadata(data: bytes, kind: type[Any], where: str) -> Metadata[Any]:
    """Metadata of this kind; nothing about it is verified. Raises Malformed, LimitExceeded."""
    if len(data) > MAX_METADATA_BYTES:
        raise LimitExceeded(f"metadata of {len(data)} bytes, more than the limit of {MAX_METADATA_BYTES}", where=where)
    try:
        metadata: Metadata[Any] = Metadata.from_bytes(data)
    except RepositoryError as error:
        raise Malformed("not TUF metadata", where=where) from error
    if not isinstance(metadata.signed, kind):
        raise Malformed(f"{metadata.signed.type} metadata where {kind.type} belongs", where=where)
    return metadata


def expires_at(metadata: Metadata[Any]) -> int:
    """The second from which on it is not valid any more, Unix seconds."""
    return int(cast("datetime", metadata.signed.expires).timestamp())


def _root(roles: Mapping[str, RoleKeys], *, version: int, days: int, now: int) -> Root:
    keys: dict[str, Key] = {tuf.keyid: tuf for rule in roles.values() for tuf in map(to_tuf, rule.keys)}
    rules = {name: Role(sorted(to_tuf(key).keyid for key in roles[name].keys), roles[name].threshold) for name in ROLES}
    return Root(version=version, expires=_after(now, days), keys=keys, roles=rules, consistent_snapshot=True)


def _meta(data: bytes, version: int) -> MetaFile:
    return MetaFile.from_data(version, data, ["sha256"])


def _after(now: int, days: int) -> datetime:
    return datetime.fromtimestamp(now, UTC) + timedelta(days=days)
