"""Layer scans kept on disk: a layer that was read once is not read again.

An entry is found by the layer's diff_id, the digest of the blob it came from, and the version of what was wanted. The blob's
digest is part of the name because a hostile configuration may claim any diff_id for any blob. An entry is
trusted only as far as its own checksum goes, the folder is its owner's alone, and whatever cannot be read is read anew.

File: 8 bytes of magic, 32 bytes SHA-256 of the rest, the rest zstd over MessagePack.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from pratique.artifact.layer import LayerEntry, LayerScan, What
from pratique.artifact.limits import Limits
from pratique.artifact.selection import Selection
from pratique.errors import Malformed, StorageError
from pratique.files import make_private_directory, write_atomic
from pratique.model import Digest, FileForm, Unknown

VERSION = "3"  # raise it when LayerScan, or what read_layer makes of a layer, changes
_MAGIC = b"PRTQLAY" + VERSION.encode()
_MAX_FILE_BYTES = 512 << 20
_MAX_BYTES = 1 << 30


class LayerCache:
    """Scans under one folder. The version of `wants` names what the catalogers want; another version is another entry."""

    def __init__(self, folder: Path, *, selection: Selection, limits: Limits) -> None:
        self._folder = folder / "layers"
        self._selection = selection
        self._limits = limits

    def load(self, diff_id: Digest, blob: Digest) -> LayerScan | None:
        """The scan, or None: not there, not whole, or not ours to trust."""
        if not self._folder.exists():
            return None  # without asking for the version, which may have to be made
        path = self._path(diff_id, blob)
        try:
            # What somebody else could have put there is not ours.
            if not _is_ours(self._folder.stat()):
                return None
            with path.open("rb") as file:
                status = os.fstat(file.fileno())
                if not _is_ours(status) or status.st_size > _MAX_FILE_BYTES:
                    return None
                data = file.read()
        except OSError:
            return None
        scan = _decode(data)
        return scan if scan is not None and scan.diff_id == diff_id else None

    def save(self, scan: LayerScan, blob: Digest) -> None:
        """Keep a scan. A disk that is full or read-only is no reason to fail: then nothing is kept.

        Raises StorageError when others may write to the folder.
        """
        data = _encode(scan)
        if len(data) > _MAX_FILE_BYTES or not os.access(_existing(self._folder), os.W_OK):
            return
        make_private_directory(self._folder)
        self._folder.chmod(0o700)
        with suppress(StorageError):
            write_atomic(self._path(scan.diff_id, blob), data, mode=0o600)

    def _path(self, diff_id: Digest, blob: Digest) -> Path:
        limits = self._limits
        key = (
            f"{VERSION}\0{diff_id}\0{blob}\0{self._selection.version}\0{limits.max_wanted_file_bytes}\0{limits.max_wanted_bytes}"
        )
        return self._folder / hashlib.sha256(key.encode()).hexdigest()


_Row = tuple[int, bytes, int, int, bytes, bytes, str]
_Wire = tuple[
    str,
    int,
    list[_Row],
    dict[str, bytes],
    list[str],
    dict[str, dict[str, bytes]],
    dict[str, dict[str, str]],
    list[tuple[bytes, str, bool]],
]


def _encode(scan: LayerScan) -> bytes:
    import msgspec
    import zstandard

    rows = [
        (int(what), _raw(path), mode, size, bytes.fromhex(sha256), _raw(target), form.value)
        for what, path, mode, size, sha256, target, form in scan.entries
    ]
    unknowns = [(_raw(unknown.path), unknown.reason, unknown.unread) for unknown in scan.unknowns]
    wire = (str(scan.diff_id), scan.size_bytes, rows, scan.contents, sorted(scan.dropped), scan.facts, scan.digests, unknowns)
    payload = zstandard.ZstdCompressor(level=1).compress(msgspec.msgpack.encode(wire))
    return _MAGIC + hashlib.sha256(payload).digest() + payload


def _decode(data: bytes) -> LayerScan | None:
    import msgspec
    import zstandard

    payload = data[40:]
    if data[:8] != _MAGIC or data[8:40] != hashlib.sha256(payload).digest():
        return None
    try:
        packed = zstandard.ZstdDecompressor().decompress(payload, max_output_size=_MAX_BYTES)
        diff_id, size, rows, contents, dropped, facts, digests, unknowns = msgspec.msgpack.decode(packed, type=_Wire)
        return LayerScan(
            diff_id=Digest.parse(diff_id),
            size_bytes=size,
            entries=tuple(
                [
                    LayerEntry(What(row[0]), _text(row[1]), row[2], row[3], row[4].hex(), _text(row[5]), FileForm(row[6]))
                    for row in rows
                ]
            ),
            contents=contents,
            dropped=frozenset(dropped),
            facts=facts,
            digests=digests,
            unknowns=tuple(Unknown(_text(path), reason, unread) for path, reason, unread in unknowns),
        )
    except (zstandard.ZstdError, msgspec.DecodeError, ValueError, Malformed):
        return None


def _is_ours(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & 0o022


def _existing(path: Path) -> Path:
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
