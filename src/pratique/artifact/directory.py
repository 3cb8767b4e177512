"""A folder or a single file as an artifact. Links are listed, never followed; what cannot be read is listed as unknown."""

import os
import stat
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pratique.artifact.examine import Examined, Examiner, ExamPlan
from pratique.artifact.left_out import left_out
from pratique.artifact.limits import Budget, Limits
from pratique.artifact.selection import Chosen, Selection
from pratique.artifact.types import ImageContents, Progress
from pratique.errors import DigestMismatch, InputError, NotFound
from pratique.files import not_regular, unreadable
from pratique.model import ArtifactKind, Digest, FileEntry, FileKind, Subject, Tree, Unknown
from pratique.model.manifest import manifest_root

_CHUNK = 1 << 20
_IN_HAND = 32  # open files waiting to be hashed
_LEFT_OUT = ".git"

_SPECIAL = {stat.S_IFCHR: FileKind.CHAR_DEVICE, stat.S_IFBLK: FileKind.BLOCK_DEVICE, stat.S_IFIFO: FileKind.FIFO}


class DirectoryArtifact:
    """An `Artifact` that is a folder. Its digest is the Merkle root of its file manifest; `.git` folders are left out."""

    def __init__(self, location: str, limits: Limits, kind: ArtifactKind = ArtifactKind.DIRECTORY) -> None:
        self._path = Path(location)
        self._name = location
        self._limits = limits
        self._kind = kind
        self._root: Digest | None = None

    @property
    def image(self) -> ImageContents | None:
        """A folder is no image."""
        return None

    @property
    def subject(self) -> Subject:
        """Its digest needs all files hashed: ask after `read_tree`, or they are read twice."""
        if self._root is None:
            self.read_tree(Chosen())
        return Subject(kind=self._kind, name=self._name, digest=self._root or Digest.of(b""))

    def read_tree(self, selection: Selection, *, cache: Path | None = None, progress: Progress | None = None) -> Tree:
        """See `Artifact.read_tree`; nothing is cached. Raises DigestMismatch when the folder changed since it was read."""
        tree = _Walk(self._limits, selection, progress).read(self._path)
        root = manifest_root(tree.sorted())
        if self._root is not None and self._root != root:
            raise DigestMismatch(
                "the folder changed while it was read", where=self._name, hint="run it again when nothing writes there"
            )
        self._root = root
        return tree


class FileArtifact:
    """An `Artifact` that is one file. Its digest is the file's SHA-256."""

    def __init__(self, location: str, limits: Limits, kind: ArtifactKind = ArtifactKind.FILE) -> None:
        self._path = Path(location)
        self._name = location
        self._limits = limits
        self._kind = kind
        self._digest: Digest | None = None

    @property
    def image(self) -> ImageContents | None:
        """A file is no image."""
        return None

    @property
    def subject(self) -> Subject:
        """Its digest needs the file hashed."""
        if self._digest is None:
            self.read_tree(Chosen())
        return Subject(kind=self._kind, name=self._name, digest=self._digest or Digest.of(b""))

    def read_tree(self, selection: Selection, *, cache: Path | None = None, progress: Progress | None = None) -> Tree:
        """See `Artifact.read_tree`: one entry, named as the file is. A link is followed here: the user named it."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise _unreadable(error, self._name) from error
        if not stat.S_ISREG(mode := os.fstat(descriptor).st_mode):
            os.close(descriptor)
            if stat.S_ISDIR(mode):
                raise InputError("not a regular file", where=self._name, hint=f"dir:{self._path} reads a folder")
            raise not_regular(self._path, mode)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            name = os.fsencode(self._path.name).decode("utf-8", "surrogateescape")
            try:
                with Examiner(selection, self._limits) as examiner:
                    done = _examine(examiner, examiner.plan(name, os.fstat(descriptor).st_size), file.fileno())
            except OSError as error:
                raise _unreadable(error, self._name) from error
        found = done.found
        digest = Digest("sha256:" + found.sha256)
        if self._digest is not None and self._digest != digest:
            raise DigestMismatch("the file changed while it was read", where=self._name)
        self._digest = digest
        if progress is not None:
            progress(found.size, found.size)
        gathered = _Gathered()
        gathered.add(name, done)
        return gathered.tree(examiner)


class _Read(NamedTuple):
    mode: int
    found: Examined
    changed: bool


def _examine(examiner: Examiner, plan: ExamPlan, descriptor: int) -> _Read:
    """Read an open file to its end. `changed`: somebody wrote to it meanwhile. Raises OSError, StorageError."""
    before = os.fstat(descriptor)
    found = examiner.pieces(plan, map(memoryview, iter(lambda: os.read(descriptor, _CHUNK), b"")))
    after = os.fstat(descriptor)
    changed = (before.st_mtime_ns, before.st_ctime_ns, found.size) != (after.st_mtime_ns, after.st_ctime_ns, after.st_size)
    return _Read(stat.S_IMODE(after.st_mode), found, changed)


class _Gathered:
    """What was found, on its way to a tree."""

    def __init__(self) -> None:
        self.entries: dict[str, FileEntry] = {}
        self.unknowns: list[Unknown] = []
        self.crowded: list[str] = []
        self._contents: dict[str, bytes] = {}
        self._facts: dict[str, dict[str, bytes]] = {}

    def add(self, path: str, done: _Read) -> None:
        found = done.found
        self.entries[path] = FileEntry(path, FileKind.FILE, done.mode, found.size, found.sha256, form=found.form)
        if found.data is not None:
            self._contents[path] = found.data
        if found.facts:
            self._facts[path] = dict(found.facts)
        self.unknowns += [Unknown(path, problem, unread=True) for problem in found.problems]
        if done.changed:
            self.unknowns.append(Unknown(path, "changed while it was read", unread=True))

    def tree(self, examiner: Examiner) -> Tree:
        crowded = left_out(sorted(self.crowded), "too much package metadata")
        unknowns = tuple(sorted((*self.unknowns, *crowded), key=lambda unknown: unknown.path))
        return Tree(entries=self.entries, contents=self._contents, facts=self._facts, digests=examiner.digests, unknowns=unknowns)


class _Walk:
    """One pass over a folder. Every folder is entered through its parent's descriptor, so no link can lead out."""

    def __init__(self, limits: Limits, selection: Selection, progress: Progress | None) -> None:
        self._limits = limits
        self._budget = Budget(limits)
        self._examiner = Examiner(selection, limits)
        self._progress = progress
        self._gathered = _Gathered()
        self._entries = self._gathered.entries
        self._unknowns = self._gathered.unknowns
        self._waiting: list[tuple[str, int, Future[_Read]]] = []
        self._kept = 0
        self._done = 0

    def read(self, root: Path) -> Tree:
        try:
            top = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise _unreadable(error, str(root)) from error
        with self._examiner, ThreadPoolExecutor(len(os.sched_getaffinity(0)), thread_name_prefix="pratique-hash") as pool:
            try:
                self._walk(top, pool)
            finally:
                self._settle(0)
        return self._gathered.tree(self._examiner)

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
                    self._unknowns.append(Unknown(path, _reason(error), unread=True))
        finally:
            for _, folder, _ in stack:
                os.close(folder)

    def _names(self, folder: int, path: str) -> list[str]:
        try:
            names = sorted(os.listdir(folder))
        except OSError as error:
            self._unknowns.append(Unknown(path, _reason(error), unread=True))
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
            self._entries[path] = FileEntry(path, FileKind.SYMLINK, mode, target=target)
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
            self._unknowns.append(Unknown(path, "changed while it was read", unread=True))
            return
        plan = self._examiner.plan(path, status.st_size)
        keep = plan.keep
        if plan.too_large:
            reason = f"{status.st_size} bytes are too many to be read as package metadata"
            self._unknowns.append(Unknown(path, reason, unread=True))
        if keep and self._kept + status.st_size > self._limits.max_wanted_bytes:
            self._gathered.crowded.append(path)
            keep = False
        self._kept += status.st_size if keep else 0
        plan = plan._replace(keep=keep)
        self._waiting.append((path, descriptor, pool.submit(_examine, self._examiner, plan, descriptor)))
        self._settle(_IN_HAND)

    def _settle(self, most: int) -> None:
        """Take results, the oldest first, until at most `most` files are in hand."""
        while len(self._waiting) > most:
            path, descriptor, future = self._waiting.pop(0)
            try:
                done = future.result()
            except OSError as error:
                self._unknowns.append(Unknown(path, _reason(error), unread=True))
                continue
            finally:
                with suppress(OSError):
                    os.close(descriptor)
            self._gathered.add(path, done)
            self._done += done.found.size
            if self._progress is not None:
                self._progress(self._done, 0)


def _reason(error: OSError) -> str:
    return f"cannot be read: {(error.strerror or str(error)).lower()}"


def _unreadable(error: OSError, where: str) -> InputError:
    if isinstance(error, FileNotFoundError):
        return NotFound("no such file or folder", where=where)
    return (
        unreadable(error, Path(where)) if not isinstance(error, NotADirectoryError) else InputError(_reason(error), where=where)
    )
