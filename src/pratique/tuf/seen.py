"""Holding a trust that came along, as in an archive, against what this machine has already seen of the same one.

Whoever brings a trust chooses how old it is, as long as its timestamp has not expired: what was revoked since would count again.
The rule is that of a refresh (TUF specification §5.3–5.6): no role goes back. Where the keys of a role were changed since, its
versions may begin anew (§5.3.11).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pratique.errors import InputError, Violation
from pratique.tuf.cache import load_cached
from pratique.tuf.roles import ROLES

if TYPE_CHECKING:
    from tuf.api.metadata import Metadata, Root


def refuse_older(followed: Path, brought: Path, *, where: str) -> None:
    """Raise Violation when the verified trust in the folder `brought` is older than what is remembered in `followed`.

    Both are folders of `client`. Nothing is held against a trust of other roots. Raises InputError when the memory is damaged.
    """
    mine, theirs = _roots(followed), _roots(brought)
    # Or one chain goes on where the other ends: a machine that pinned a later root has none of the earlier ones.
    if not (
        _share(mine, theirs) or ((_continues(mine, theirs) or _continues(theirs, mine)) and _name(followed) == _name(brought))
    ):
        return
    root = theirs[max(theirs)].signed
    for role in ROLES:
        seen, came = _newest(followed, role, mine), _newest(brought, role, theirs)
        if came.signed.version >= seen.signed.version or (role != "root" and not _signs(root, role, seen)):
            continue
        versions = f"its {role} is version {came.signed.version}, and version {seen.signed.version} was seen here"
        hint = "have it exported anew by whoever follows the trust as it is now"
        raise Violation(f"the trust in it is older than the one that this machine follows: {versions}", where=where, hint=hint)


def _share(mine: "dict[int, Metadata[Root]]", theirs: "dict[int, Metadata[Root]]") -> bool:
    """Whether both chains have a root in common, which is of one trust only. Its file may be spelled in many ways."""
    return any(mine[version].signed_bytes == theirs[version].signed_bytes for version in mine.keys() & theirs.keys())


def _name(directory: Path) -> str:
    return load_cached(directory).trust.name


def _continues(first: "dict[int, Metadata[Root]]", then: "dict[int, Metadata[Root]]") -> bool:
    """Whether the holders of one signed the other's first root as their next. They may hold several trusts: see the name."""
    last, begin = first[max(first)], then[min(then)]
    return begin.signed.version == last.signed.version + 1 and _signs(last.signed, "root", begin)


def _signs(root: "Root", role: str, metadata: "Metadata[Any]") -> bool:
    from tuf.api.exceptions import RepositoryError

    try:
        root.verify_delegate(role, metadata.signed_bytes, metadata.signatures)
    except RepositoryError:
        return False
    return True


def _roots(directory: Path) -> "dict[int, Metadata[Root]]":
    found = {metadata.signed.version: metadata for metadata in _read_roots(directory)}
    if not found:
        raise InputError("the followed trust is damaged", where=str(directory), hint="follow it anew")
    return found


def _read_roots(directory: Path) -> "Iterator[Metadata[Root]]":
    from tuf.api.metadata import Root

    history = directory / "metadata" / "root_history"
    for path in sorted(history.iterdir()) if history.is_dir() else ():
        yield _read(path, Root)


def _newest(directory: Path, role: str, roots: "dict[int, Metadata[Root]]") -> "Metadata[Any]":
    from tuf.api.metadata import Snapshot, Targets, Timestamp

    if role == "root":
        return roots[max(roots)]
    kind = {"targets": Targets, "snapshot": Snapshot, "timestamp": Timestamp}[role]
    return _read(directory / "metadata" / f"{role}.json", kind)


def _read(path: Path, kind: type[Any]) -> "Metadata[Any]":
    from pratique.files import read_limited
    from pratique.tuf.metadata import MAX_METADATA_BYTES, read_metadata

    try:
        return read_metadata(read_limited(path, MAX_METADATA_BYTES), kind, str(path))
    except InputError as error:
        raise InputError("the followed trust is damaged", where=str(path), hint="follow it anew") from error
