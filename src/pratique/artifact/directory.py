"""A folder or a single file as an artifact. Links are listed, never followed; what cannot be read is listed as unknown."""

import hashlib
import os
import stat
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pratique.artifact.limits import Budget, Limits
from pratique.artifact.types import ImageContents, Progress, Wanted
from pratique.errors import DigestMismatch, InputError, NotFound
from pratique.model import ArtifactKind, Digest, FileEntry, Kind, Subject, Tree, Unknown
from pratique.model.manifest import manifest_root

_CHUNK = 1 << 20
_IN_HAND = 32  # open files waiting to be hashed
_LEFT_OUT = ".git"

_SPECIAL = {stat.S_IFCHR: Kind.CHAR_DEVICE, stat.S_IFBLK: Kind.BLOCK_DEVICE, stat.S_IFIFO: Kind.FIFO}


class DirectoryArtifact:
    """An `Artifact` that is a folder. Its digest is the Merkle root of its file manifest; `.git` folders are left out."""

    def __init__(self, location: str, limits: Limits) -> None:
        self._path = Path(location)
        self._name = location
        self._limits = limits
        self._root: Digest | None = None

    @property
    def image(self) -> ImageContents | None:
        """A folder is no image."""
        return None

    @property
    def subject(self) -> Subject:
        """Its digest needs all files hashed: ask after `read_tree`, or they are read twice."""
        if self._root is None:
            self.read_tree(_nothing, wanted_version="")
        return Subject(kind=ArtifactKind.DIRECTORY, name=self._name, digest=self._root or Digest.of(b""))

    def read_tree(
        self, wanted: Wanted, *, wanted_version: str, cache: Path | None = None, progress: Progress | None = None
    ) -> Tree:
        """See `Artifact.read_tree`; nothing is cached. Raises DigestMismatch when the folder changed since it was read."""
        tree = _Walk(self._limits, wanted, progress).read(self._path)
        root = manifest_root(tree.sorted())
        if self._root is not None and self._root != root:
            raise DigestMismatch(
                "the folder changed while it was read", where=self._name, hint="run it again when nothing writes there"
            )
        self._root = root
        return tree


class FileArtifact:
    """An `Artifact` that is one file. Its digest is the file's SHA-256."""

    def __init__(self, location: str, limits: Limits) -> None:
        self._path = Path(location)
        self._name = location
        self._limits = limits
        self._digest: Digest | None = None

    @property
    def image(self) -> ImageContents | None:
        """A file is no image."""
        return None

    @property
    def subject(self) -> Subject:
        """Its digest needs the file hashed."""
        if self._digest is None:
            self.read_tree(_nothing, wanted_version="")
        return Subject(kind=ArtifactKind.FILE, name=self._name, digest=self._digest or Digest.of(b""))

    def read_tree(
        self, wanted: Wanted, *, wanted_version: str, cache: Path | None = None, progress: Progress | None = None
    ) -> Tree:
        """See `Artifact.read_tree`: one entry, named as the file is. A link is followed here: the user named it."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise _unreadable(error, self._name) from error
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise InputError("not a regular file", where=self._name)
            name = os.fsencode(self._path.name).decode("utf-8", "surrogateescape")
            keep = wanted(name) and os.fstat(descriptor).st_size <= self._limits.max_wanted_file_bytes
            try:
                done = _hash(file.fileno(), keep=keep)
            except OSError as error:
                raise _unreadable(error, self._name) from error
        digest = Digest("sha256:" + done.sha256)
        if self._digest is not None and self._digest != digest:
            raise DigestMismatch("the file changed while it was read", where=self._name)
        self._digest = digest
        if progress is not None:
            progress(done.size, done.size)
        entry = FileEntry(name, Kind.FILE, done.mode, done.size, done.sha256)
        return Tree(entries={name: entry}, contents={name: done.data} if keep else {})


def _nothing(_path: str) -> bool:
    return False


class _Hashed(NamedTuple):
    mode: int
    size: int
    sha256: str
    data: bytes
    changed: bool


def _hash(descriptor: int, *, keep: bool) -> _Hashed:
    """Read an open file to its end. `changed`: somebody wrote to it meanwhile."""
    before = os.fstat(descriptor)
    hasher = hashlib.sha256()
    pieces: list[bytes] = []
    size = 0
    while chunk := os.read(descriptor, _CHUNK):
        hasher.update(chunk)
        size += len(chunk)
        if keep:
            pieces.append(chunk)
    after = os.fstat(descriptor)
    changed = (before.st_mtime_ns, before.st_ctime_ns, size) != (after.st_mtime_ns, after.st_ctime_ns, after.st_size)
    return _Hashed(stat.S_IMODE(after.st_mode), size, hasher.hexdigest(), b"".join(pieces), changed)


class _Walk:
    """One pass over a folder. Every folder is entered through its parent's descriptor, so no link can lead out."""

    def __init__(self, limits: Limits, wanted: Wanted, progress: Progress | None) -> None:
        self._limits = limits
        self._budget = Budget(limits)
        self._wanted = wanted
        self._progress = progress
        self._entries: dict[str, FileEntry] = {}
        self._contents: dict[str, bytes] = {}
        self._unknowns: list[Unknown] = []
        self._waiting: list[tuple[str, bool, int, Future[_Hashed]]] = []
        self._kept = 0
        self._done = 0

    def read(self, root: Path) -> Tree:
        try:
            top = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise _unreadable(error, str(root)) from error
        with ThreadPoolExecutor(len(os.sched_getaffinity(0)), thread_name_prefix="pratique-hash") as pool:
            try:
                self._walk(top, pool)
            finally:
                self._settle(0)
        unknowns = tuple(sorted(self._unknowns, key=lambda unknown: unknown.path))
        return Tree(entries=self._entries, contents=self._contents, unknowns=unknowns)

    def _walk(self, top: int, pool: ThreadPoolExecutor) -> None:
        stack: list[tuple[str, int, Iterator[str]]] = []
        try:
            stack.append(("", top, iter(self._names(top, ""))))
            while stack:
                prefix, folder, names = stack[-1]
                name = next(names, None)
                if name is None:
                    stack.pop()
                    os.close(folder)
                    continue
                path = prefix + os.fsencode(name).decode("utf-8", "surrogateescape")
                try:
                    inner = self._visit(path, name, folder, pool)
                    if inner is not None:
                        stack.append((path + "/", inner, iter(self._names(inner, path))))
                except OSError as error:
                    self._unknowns.append(Unknown(path, _reason(error)))
        finally:
            for _, folder, _ in stack:
                os.close(folder)

    def _names(self, folder: int, path: str) -> list[str]:
        try:
            names = sorted(os.listdir(folder))
        except OSError as error:
            self._unknowns.append(Unknown(path, _reason(error)))
            return []
        self._budget.add_entries(len(names), sum(map(len, names)) + len(names) * len(path))
        return names

    def _visit(self, path: str, name: str, folder: int, pool: ThreadPoolExecutor) -> int | None:
        """List one name; a descriptor if it is a folder to go into. Raises OSError."""
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        mode = stat.S_IMODE(status.st_mode)
        kind = stat.S_IFMT(status.st_mode)
        if kind == stat.S_IFDIR:
            if name == _LEFT_OUT:
                self._unknowns.append(Unknown(path, "the folder of git is left out"))
                return None
            return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        if kind == stat.S_IFLNK:
            target = os.fsencode(os.readlink(name, dir_fd=folder)).decode("utf-8", "surrogateescape")
            self._entries[path] = FileEntry(path, Kind.SYMLINK, mode, target=target)
        elif kind == stat.S_IFREG:
            self._open(path, name, folder, pool)
        elif kind in _SPECIAL:
            self._entries[path] = FileEntry(path, _SPECIAL[kind], mode)
        else:
            self._unknowns.append(Unknown(path, "a socket cannot be shipped: left out"))
        return None

    def _open(self, path: str, name: str, folder: int, pool: ThreadPoolExecutor) -> None:
        # Not blocking: between the look and the opening somebody may have put a FIFO there.
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            self._unknowns.append(Unknown(path, "changed while it was read"))
            return
        keep = self._wanted(path)
        if keep and status.st_size > self._limits.max_wanted_file_bytes:
            self._unknowns.append(Unknown(path, f"{status.st_size} bytes are too many to be read as package metadata"))
            keep = False
        if keep and self._kept + status.st_size > self._limits.max_wanted_bytes:
            self._unknowns.append(Unknown(path, "too much package metadata: this file was left out"))
            keep = False
        self._kept += status.st_size if keep else 0
        self._waiting.append((path, keep, descriptor, pool.submit(_hash, descriptor, keep=keep)))
        self._settle(_IN_HAND)

    def _settle(self, most: int) -> None:
        """Take results, the oldest first, until at most `most` files are in hand."""
        while len(self._waiting) > most:
            path, keep, descriptor, future = self._waiting.pop(0)
            try:
                done = future.result()
            except OSError as error:
                self._unknowns.append(Unknown(path, _reason(error)))
                continue
            finally:
                with suppress(OSError):
                    os.close(descriptor)
            if done.changed:
                self._unknowns.append(Unknown(path, "changed while it was read"))
            self._entries[path] = FileEntry(path, Kind.FILE, done.mode, done.size, done.sha256)
            if keep:
                self._contents[path] = done.data
            self._done += done.size
            if self._progress is not None:
                self._progress(self._done, 0)


def _reason(error: OSError) -> str:
    return f"cannot be read: {(error.strerror or str(error)).lower()}"


def _unreadable(error: OSError, where: str) -> InputError:
    if isinstance(error, FileNotFoundError):
        return NotFound("no such file or folder", where=where)
    return InputError(_reason(error), where=where)
