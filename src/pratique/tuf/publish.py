"""Publishing a trust folder: snapshot and timestamp are signed, the whole is verified as a client would, and written.

Every place changes from the old state to the new at one instant, or stays as it was: a folder by exchanging its `metadata`, a
registry by its tag. Until then only files have been added that nothing refers to.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuf.api.metadata import Metadata, Root, Targets, Timestamp

from pratique.attest.strictjson import dump_json
from pratique.errors import InputError
from pratique.files import storage_error, sync_directory, write_atomic
from pratique.model.digest import Digest
from pratique.tuf.cache import locked
from pratique.tuf.client import verify_files
from pratique.tuf.folder import TrustFolder
from pratique.tuf.metadata import MAX_METADATA_BYTES, expires_at, next_snapshot, next_timestamp, read_metadata
from pratique.tuf.places import TITLE, DirectoryPlace, OciPlace, TrustPlace, read_file
from pratique.tuf.roles import RoleSigner, sign_metadata, standing, to_tuf
from pratique.tuf.swap import swap_folders

ARTIFACT_TYPE = "application/vnd.pratique.trust.v1"
_METADATA_TYPE = "application/vnd.tuf.metadata+json"
_TARGET_TYPE = "application/vnd.tuf.target"
_KEPT_VERSIONS = 3  # of snapshot and targets: for clients that are in the middle of an update


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What went out. `versions`, `expires`: by TUF role; `root`: the newest root's bytes; `unsigned`: changes that did not go."""

    versions: Mapping[str, int]
    expires: Mapping[str, int]
    first_root: bytes
    unsigned: bool


def publish(folder: TrustFolder, signers: Sequence[RoleSigner], places: Sequence[TrustPlace] = (), *, now: int) -> Published:
    """Sign and write the folder's repository, in the folder first and then at `places`.

    `signers`: for snapshot and timestamp. A draft goes out when it has all its signatures; else nothing does. Raises InputError
    for missing signatures or keys, Unavailable, StorageError; running it again completes what was interrupted.
    """
    with locked(folder.path):
        return _publish(folder, signers, places, now)


def write_place(place: TrustPlace, files: Mapping[str, bytes]) -> None:
    """Make these files the repository at `place`, at one instant. Raises InputError for places that are only read."""
    if isinstance(place, DirectoryPlace):
        _write_directory(place.root, files)
    elif isinstance(place, OciPlace):
        _write_artifact(place, files)
    else:
        raise InputError("cannot be published to", where=place.name, hint="publish to a folder and serve that, or to a registry")


def check_signed(folder: TrustFolder) -> None:
    """Whether enough holders have signed for anything to go out: asked before a place is made for it. Raises InputError."""
    folder.check()
    for role, how_far in folder.standings().items():
        if not how_far.enough:
            names = ", ".join(sorted(key.keyid[:12] + "…" for key in how_far.missing))
            raise InputError(
                f"the next {role} needs {how_far.short} more signature(s), by any of: {names}",
                where=str(folder.path),
                hint="run: pratique trust sign --key KEY, on the machine that has it",
            )


def _publish(folder: TrustFolder, signers: Sequence[RoleSigner], places: Sequence[TrustPlace], now: int) -> Published:
    check_signed(folder)
    compiled = folder.compile()
    unsigned = folder.changed(compiled) and not folder.drafted(compiled)
    root = folder.root_ahead()
    targets = folder.draft("targets") or folder.newest("targets")
    if targets is None or not standing(targets, "targets", [root.signed]).enough:
        hint = "run: pratique trust sign --key KEY"
        raise InputError("the trust document is not signed by those who hold it", where=str(folder.path), hint=hint)
    before = folder.root() or root
    seen = [_seen_at(place, (before.signed, root.signed)) for place in places]
    files = folder.roots() | {f"metadata/{root.signed.version}.root.json": _root_bytes(folder, root)}
    targets_bytes = targets.to_bytes()
    files[f"metadata/{targets.signed.version}.targets.json"] = targets_bytes
    snapshot = next_snapshot(
        targets_bytes, targets.signed.version, version=_next(folder, seen, "snapshot"), days=compiled.expiry["snapshot"], now=now
    )
    _sign(snapshot, "snapshot", root.signed, signers)
    files[f"metadata/{snapshot.signed.version}.snapshot.json"] = snapshot.to_bytes()
    timestamp = next_timestamp(
        snapshot.to_bytes(),
        snapshot.signed.version,
        version=_next(folder, seen, "timestamp"),
        days=compiled.expiry["timestamp"],
        now=now,
    )
    _sign(timestamp, "timestamp", root.signed, signers)
    files["metadata/timestamp.json"] = timestamp.to_bytes()
    files |= _target_files(folder, targets.signed, compiled.targets)
    first = files["metadata/1.root.json"]
    with tempfile.TemporaryDirectory() as scratch:
        verify_files(files, root=first, directory=Path(scratch) / "client", now=now, name=str(folder.path))
    for place in (DirectoryPlace(folder.published), *places):
        write_place(place, files)
    folder.discard_drafts()
    parts = {"root": root, "targets": targets, "snapshot": snapshot, "timestamp": timestamp}
    return Published(
        versions={role: part.signed.version for role, part in parts.items()},
        expires={role: expires_at(part) for role, part in parts.items()},
        first_root=first,
        unsigned=unsigned,
    )


def _sign(metadata: Metadata[Any], role: str, root: Root, signers: Iterable[RoleSigner]) -> None:
    for signer in signers:
        if to_tuf(signer.public_key).keyid in root.roles[role].keyids:
            sign_metadata(metadata, signer)
    how_far = standing(metadata, role, [root])
    if not how_far.enough:
        names = ", ".join(sorted(key.keyid[:12] + "…" for key in how_far.missing))
        raise InputError(f"the {role} must be signed by {how_far.short} more of: {names}", hint="name the key with --key")


def _root_bytes(folder: TrustFolder, root: Metadata[Root]) -> bytes:
    """A published root as it was published: its bytes may be pinned by their digest."""
    name = f"metadata/{root.signed.version}.root.json"
    return folder.roots().get(name) or root.to_bytes()


def _next(folder: TrustFolder, seen: Sequence[Mapping[str, int]], role: str) -> int:
    """One more than the newest version that this folder or any of the places has: clients refuse to go back."""
    own = folder.newest(role)
    return 1 + max([own.signed.version if own else 0, *(versions.get(role, 0) for versions in seen)])


def _seen_at(place: TrustPlace, roots: Iterable[Root]) -> dict[str, int]:
    """The versions of timestamp and snapshot that a place has, if the online keys of one of our roots signed them."""
    try:
        timestamp = read_metadata(read_file(place, "metadata/timestamp.json", MAX_METADATA_BYTES), Timestamp, place.name)
    except InputError:  # nothing there yet, or nothing of ours
        return {}
    if not any(standing(timestamp, "timestamp", [root]).enough for root in roots):
        return {}
    return {"timestamp": timestamp.signed.version, "snapshot": timestamp.signed.snapshot_meta.version}


def _target_files(folder: TrustFolder, targets: Targets, compiled: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files that the targets name, as clients ask for them (§6.2): out of the sources, or as published before."""
    found = {}
    for path, info in targets.targets.items():
        head, slash, name = path.rpartition("/")
        stored = f"targets/{head}{slash}{info.hashes['sha256']}.{name}"
        data = compiled.get(path)
        if data is None or Digest.of(data).hex != info.hashes["sha256"]:
            data = read_file(DirectoryPlace(folder.published), stored, info.length)
        found[stored] = data
    return found


def _write_directory(root: Path, files: Mapping[str, bytes]) -> None:
    metadata, beside = root / "metadata", root / ".metadata.new"
    try:
        for path, data in files.items():
            if path.startswith("targets/") and not _holds(root / path, data):
                write_atomic(root / path, data)
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        new = {path.removeprefix("metadata/"): data for path, data in files.items() if path.startswith("metadata/")}
        for name, data in new.items():
            write_atomic(beside / name, data)
        if metadata.is_dir():
            for old in metadata.iterdir():
                if old.name not in new and _still_wanted(old.name, new):
                    os.link(old, beside / old.name)
        sync_directory(beside)
        if not metadata.is_dir():
            beside.rename(metadata)
        elif not swap_folders(beside, metadata):
            # No exchange on this file system. Roots first and the timestamp last is the order in which clients read.
            for name in sorted(new, key=lambda name: (name == "timestamp.json", "root" not in name, name)):
                write_atomic(metadata / name, new[name])
        sync_directory(root)
        shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise storage_error(error, root) from error


def _still_wanted(name: str, new: Mapping[str, bytes]) -> bool:
    """Whether a client that began with the old timestamp may still ask for it."""
    version, _, role = name.partition(".")
    if not version.isdecimal():
        return False
    newest = max((int(other.partition(".")[0]) for other in new if other.partition(".")[2] == role), default=0)
    return role == "root.json" or newest - int(version) < _KEPT_VERSIONS


def _holds(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes() == data
    except OSError:
        return False


def _write_artifact(place: OciPlace, files: Mapping[str, bytes]) -> None:
    """One image manifest with the empty configuration; each file is a layer (image-spec 1.1, Guidelines for Artifact Usage)."""
    from pratique.registry.types import EMPTY_CONFIG, EMPTY_CONFIG_DATA, OCI_MANIFEST, Descriptor, descriptor_to_json

    config = Descriptor(media_type=EMPTY_CONFIG, digest=Digest.of(EMPTY_CONFIG_DATA), size=len(EMPTY_CONFIG_DATA))
    layers = [
        Descriptor(
            media_type=_METADATA_TYPE if path.startswith("metadata/") else _TARGET_TYPE,
            digest=Digest.of(data),
            size=len(data),
            annotations={TITLE: path},
        )
        for path, data in sorted(files.items())
    ]
    for descriptor, data in [(config, EMPTY_CONFIG_DATA), *zip(layers, (files[path] for path in sorted(files)), strict=True)]:
        place.repository.push_blob(descriptor.digest, descriptor.size, [data])
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": ARTIFACT_TYPE,
        "config": descriptor_to_json(config),
        "layers": [descriptor_to_json(layer) for layer in layers],
    }
    place.repository.push_manifest(dump_json(document), OCI_MANIFEST, place.reference)
