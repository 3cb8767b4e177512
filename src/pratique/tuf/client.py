"""Following a trust repository: python-tuf's client over any place, and a cache that is good offline until it expires.

Rollback, freeze and mixing of versions are python-tuf's to refuse (TUF specification §5). What is kept here is a folder:

    root.json     the root that somebody pinned; everything else follows from it
    metadata/     python-tuf's
    files/HEX     targets by their SHA-256
    state.json    what the last update came to, written last: until then the one before stays

Trust that could not be refreshed is used until it expires, and said to be stale; after that it is Unavailable.
"""

import shutil
from pathlib import Path

from pratique.errors import InputError, LimitExceeded, Malformed, Unavailable
from pratique.files import make_private_directory, storage_error, sync_directory, write_atomic
from pratique.model.digest import Digest
from pratique.tuf.cache import kept_file, load_cached, locked, read_state, write_state
from pratique.tuf.places import MemoryPlace, TrustPlace, open_place
from pratique.tuf.swap import swap_folders
from pratique.tuf.value import DOCUMENT, FollowedTrust, read_anchors

MAX_AGE_S = 3600  # how long trust is used before its place is asked again
MAX_TARGET_BYTES = 4 << 20


def follow(directory: Path, source: str, *, root: bytes, now: int, place: TrustPlace | None = None) -> FollowedTrust:
    """Trust what `source` publishes, from this root on, in the place of whatever was followed before.

    `root`: metadata that came by a way that is trusted. Raises as `refresh`; then what was followed before still is.
    """
    beside = directory.with_name(f".{directory.name}.new")
    make_private_directory(directory.parent)
    with locked(directory.parent):
        try:
            shutil.rmtree(beside, ignore_errors=True)
            make_private_directory(beside)
            write_atomic(beside / "root.json", root)
            anchors = _update(beside, place or open_place(source), source, now)
            if directory.exists() and not swap_folders(beside, directory):
                shutil.rmtree(directory)
            if not directory.exists():
                beside.rename(directory)
            sync_directory(directory.parent)
        except OSError as error:
            raise storage_error(error, directory) from error
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return anchors


def refresh(directory: Path, *, now: int, place: TrustPlace | None = None) -> FollowedTrust:
    """Ask the place for what is newest. `now`: Unix seconds, for the record; expiry is judged by this machine's clock.

    Raises Unavailable when it cannot be asked or hands out what has expired; Untrusted for wrong signatures, ProofInvalid for an
    older version than was seen before or another than was announced, DigestMismatch, Malformed, LimitExceeded, StorageError.
    """
    source = read_state(directory)["source"]
    with locked(directory):
        return _update(directory, place or open_place(source), source, now)


def current(directory: Path, *, now: int, max_age_s: int = MAX_AGE_S, place: TrustPlace | None = None) -> FollowedTrust:
    """What is followed: as it is when it was fetched within `max_age_s`, else refreshed; where that fails, as it is and `stale`.

    Only a place that cannot be asked is forgiven, and only until the trust expires. Raises as `refresh` does.
    """
    anchors = load_cached(directory)
    if 0 <= now - anchors.fetched_at <= max_age_s and not anchors.expired(now):
        return anchors
    try:
        return refresh(directory, now=now, place=place)
    except Unavailable as error:
        return anchors.as_stale(str(error), now)


def verify_files(
    files: "dict[str, bytes]", *, root: bytes, directory: Path, now: int, name: str = "archive", followed: Path | None = None
) -> FollowedTrust:
    """The trust in these files of a repository (`repository_files`), verified from `root`. `directory`: empty, for scratch.

    `followed`: the folder of what this machine follows, if anything. Raises Violation for an older state of the same trust.
    """
    from pratique.tuf.seen import refuse_older

    make_private_directory(directory)
    write_atomic(directory / "root.json", root)
    anchors = _update(directory, MemoryPlace(files, name), name, now)
    if followed is not None and followed.exists():
        refuse_older(followed, directory, where=name)
    return anchors


def repository_files(directory: Path) -> dict[str, bytes]:
    """The followed repository as files by path, for an archive: enough for anybody with the pinned root to verify it anew."""
    anchors = load_cached(directory)
    versions = read_state(directory)["versions"]
    metadata = directory / "metadata"
    try:
        files = {f"metadata/{path.name}": path.read_bytes() for path in (metadata / "root_history").iterdir()}
        files["metadata/timestamp.json"] = (metadata / "timestamp.json").read_bytes()
        for role in ("snapshot", "targets"):
            files[f"metadata/{versions[role]}.{role}.json"] = (metadata / f"{role}.json").read_bytes()
    except OSError as error:
        raise InputError("the followed trust is damaged", where=str(directory), hint="follow it anew") from error
    for path, data in anchors.targets.items():
        folder, slash, name = path.rpartition("/")
        files[f"targets/{folder}{slash}{Digest.of(data).hex}.{name}"] = data
    return files


def _update(directory: Path, place: TrustPlace, source: str, now: int) -> FollowedTrust:
    try:
        return _updated(directory, place, source, now)
    except OSError as error:  # of this machine: those of places are Unavailable already
        raise storage_error(error, directory) from error
    finally:
        place.close()


def _updated(directory: Path, place: TrustPlace, source: str, now: int) -> FollowedTrust:
    from tuf.ngclient import Updater, UpdaterConfig

    from pratique.tuf.fetcher import PlaceFetcher, translated
    from pratique.tuf.metadata import MAX_METADATA_BYTES

    limits = UpdaterConfig(
        root_max_length=MAX_METADATA_BYTES,
        snapshot_max_length=MAX_METADATA_BYTES,
        targets_max_length=MAX_METADATA_BYTES,
    )
    root = (directory / "root.json").read_bytes()
    with translated(place.name):
        for name in ("metadata", "files"):
            (directory / name).mkdir(exist_ok=True, mode=0o700)
        updater = Updater(
            str(directory / "metadata"),
            "place:metadata/",
            target_base_url="place:targets/",
            fetcher=PlaceFetcher(place),
            config=limits,
            bootstrap=root,
        )
        updater.refresh()
        expires, versions = _check_metadata(directory / "metadata")

        def target(path: str) -> bytes:
            info = updater.get_targetinfo(path)
            if info is None:
                raise Malformed(f"the trust names {path}, which is not published", where=place.name)
            if info.length > MAX_TARGET_BYTES:
                raise LimitExceeded(f"{path} has {info.length} bytes, more than {MAX_TARGET_BYTES}", where=place.name)
            kept = kept_file(directory, Digest.parse(f"sha256:{info.hashes.get('sha256', '')}"))
            if updater.find_cached_target(info, str(kept)) is None:
                updater.download_target(info, str(kept))
            return kept.read_bytes()

        anchors = read_anchors(target(DOCUMENT), target, source=source, fetched_at=now, expires=expires, versions=versions)
    write_state(directory, anchors)
    return anchors


def _check_metadata(metadata: Path) -> tuple[int, dict[str, int]]:
    """The earliest expiry and the versions of what python-tuf has verified; and that no root counts one key twice."""
    from tuf.api.metadata import Metadata, Root

    from pratique.tuf.metadata import expires_at
    from pratique.tuf.roles import ROLES, refuse_one_key_for_two

    for path in (metadata / "root_history").iterdir():
        root = Metadata.from_file(str(path)).signed
        if isinstance(root, Root):
            refuse_one_key_for_two(root)
    current = {role: Metadata.from_file(str(metadata / f"{role}.json")) for role in ROLES}
    return min(map(expires_at, current.values())), {role: item.signed.version for role, item in current.items()}
