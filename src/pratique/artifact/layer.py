"""One layer read in one pass (OCI image-spec, layer.md): what it adds, what it takes away, and what catalogers want of it."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from pratique.artifact import tar
from pratique.artifact.examine import Examined, Examiner
from pratique.artifact.feed import Feed
from pratique.artifact.inflate import Readable, inflate, pumped
from pratique.artifact.limits import Budget, Gauge, Limits
from pratique.artifact.paths import clean_path
from pratique.artifact.selection import Selection
from pratique.artifact.sparse import segments_with_holes
from pratique.errors import LimitExceeded, Malformed, Violation
from pratique.model import Digest, FileForm, Unknown

_ZEROS = memoryview(bytes(1 << 20))
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_AUFS = ".wh..wh."


class What(IntEnum):
    """What one entry of a layer does. The numbers are those of the cache."""

    FILE = 0
    SYMLINK = 1
    CHAR_DEVICE = 2
    BLOCK_DEVICE = 3
    FIFO = 4
    DIRECTORY = 5
    HARD_LINK = 6
    WHITEOUT = 7  # `path` is what disappears from lower layers
    OPAQUE = 8  # `path` is the directory whose content of lower layers disappears


class LayerEntry(NamedTuple):
    """`path`: cleaned, below the root. `size`: bytes, holes included. `sha256`: hex, files only.

    `target`: of a symbolic link as written, of a hard link cleaned. `form`: files only.
    """

    what: What
    path: str
    mode: int = 0
    size: int = 0
    sha256: str = ""
    target: str = ""
    form: FileForm = FileForm.DATA


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerScan:
    """What a layer holds, entries in the order of the archive. `size_bytes`: of the uncompressed archive.

    `contents`: SHA-256 in hex → the bytes of a wanted file. Keyed by content, not by name: a name can stand twice in an
    archive, and then bytes of one file must not pass for another's. `dropped`: wanted, but over `max_wanted_bytes`.
    `facts`: SHA-256 → probe → what it read. `digests`: algorithm → SHA-256 → that digest, in hex.
    """

    diff_id: Digest
    size_bytes: int
    entries: tuple[LayerEntry, ...]
    contents: Mapping[str, bytes] = field(default_factory=dict)
    dropped: frozenset[str] = frozenset()
    facts: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    digests: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unknowns: tuple[Unknown, ...] = ()

    @property
    def kept_bytes(self) -> int:
        """What of the files stays in memory."""
        return sum(map(len, self.contents.values())) + sum(len(fact) for facts in self.facts.values() for fact in facts.values())


_KINDS = {
    tar.REGULAR: What.FILE,
    tar.SYMLINK: What.SYMLINK,
    tar.CHAR: What.CHAR_DEVICE,
    tar.BLOCK_DEVICE: What.BLOCK_DEVICE,
    tar.FIFO: What.FIFO,
    tar.DIRECTORY: What.DIRECTORY,
    tar.HARD_LINK: What.HARD_LINK,
}


def read_layer(
    stream: Readable,
    *,
    selection: Selection,
    limits: Limits,
    budget: Budget | None = None,
    progress: Callable[[int], None] | None = None,
) -> LayerScan:
    """Inflate, walk and hash one layer; `stream` is read to its end, so that it can verify its own digest.

    `budget`: shared by the layers of one artifact. `progress` is told
    stored bytes as they are read, from another thread. Raises Malformed, LimitExceeded, and what `stream` raises; a digest
    that does not match goes before whatever was found wrong inside.
    """
    gauge = Gauge(limits)
    try:
        whole = hashlib.sha256()
        with pumped(_hashed(inflate(stream, gauge, progress), whole)) as chunks:
            # After the thread that inflates was started: what is wanted may have to be loaded first.
            return _LayerReader(selection, limits, gauge, budget or Budget(limits)).read(chunks, whole)
    except LimitExceeded:
        raise
    except Malformed as error:
        # The archive is broken because the blob is: then say that.
        try:
            while stream.read(1 << 20):
                pass
        except Violation as violation:
            raise violation from error
        raise


def _hashed(chunks: Iterator[bytes], whole: "hashlib._Hash") -> Iterator[bytes]:
    """In the thread that inflates: it has less to do than the one that walks and hashes file by file."""
    for chunk in chunks:
        whole.update(chunk)
        yield chunk


class _LayerReader:
    def __init__(self, selection: Selection, limits: Limits, gauge: Gauge, budget: Budget) -> None:
        self._examiner = Examiner(selection, limits, aside=True)
        self._limits = limits
        self._gauge = gauge
        self._budget = budget
        self._contents: dict[str, bytes] = {}
        self._kept = 0
        self._dropped: set[str] = set()
        self._facts: dict[str, dict[str, bytes]] = {}
        self._unknowns: list[Unknown] = []

    def read(self, chunks: Iterator[bytes], whole: "hashlib._Hash") -> LayerScan:
        """`whole` has hashed every chunk by the time it is given."""
        feed = Feed(chunks)
        entries: list[LayerEntry] = []
        counted = names = 0
        with self._examiner:
            for member in tar.walk(feed, self._limits):
                entry = self._entry(member, feed)
                if entry is not None:
                    entries.append(entry)
                counted += 1
                names += len(member.name) + len(member.link)
                if counted == 100:
                    self._budget.add_entries(counted, names)
                    counted = names = 0
        self._budget.add_entries(counted, names)
        end = feed.offset
        if any(bytes(view).strip(b"\0") for view in feed.rest()):
            self._unknowns.append(Unknown("", f"{feed.offset - end} bytes follow the end of the archive: engines ignore them"))
        return LayerScan(
            diff_id=Digest("sha256:" + whole.hexdigest()),
            size_bytes=feed.offset,
            entries=tuple(entries),
            contents=self._contents,
            dropped=frozenset(self._dropped),
            facts=self._facts,
            digests=self._examiner.digests,
            unknowns=tuple(self._unknowns),
        )

    def _entry(self, member: tar.TarMember, feed: Feed) -> LayerEntry | None:
        path = clean_path(member.name)
        if member.type == tar.REGULAR and path and "/.wh." not in path and path[0] != ".":
            return self._file(path, member, feed)  # nine entries in ten
        what = _KINDS.get(member.type)
        if what is None:
            self._unknowns.append(Unknown(path, f"entry of an unknown kind {chr(member.type)!r} left out"))
            return None
        base = path.rpartition("/")[2]
        if base.startswith(_WHITEOUT):
            return self._whiteout(path, base)
        if not path:
            if what is What.DIRECTORY:
                return None
            raise Malformed(f"path escape: an entry of kind {what.name.lower()} stands for the root itself")
        if what is What.FILE:
            return self._file(path, member, feed)
        if what is What.HARD_LINK:
            target = clean_path(member.link)
            if not target:
                raise Malformed(f"path escape: {path!r} is a hard link to the root")
            return LayerEntry(what, path, member.mode, target=target)
        if what is What.SYMLINK:
            target = member.link.decode("utf-8", "surrogateescape")
            return LayerEntry(what, path, member.mode, target=target)
        return LayerEntry(what, path, member.mode)

    def _whiteout(self, path: str, base: str) -> LayerEntry | None:
        folder = path[: -len(base)]
        if base == _OPAQUE:
            return LayerEntry(What.OPAQUE, folder.rstrip("/"))
        if base.startswith(_AUFS):
            self._unknowns.append(Unknown(path, "bookkeeping of AUFS left out"))
            return None
        name = base[len(_WHITEOUT) :]
        # ".wh..." would remove "..", and with it what the layer was never given.
        if name in ("", ".", ".."):
            raise Malformed(f"path escape: the whiteout {path!r} names no file")
        return LayerEntry(What.WHITEOUT, folder + name)

    def _file(self, path: str, member: tar.TarMember, feed: Feed) -> LayerEntry:
        plan = self._examiner.plan(path, member.size)
        view = feed.view(member.stored) if member.segments is None else None
        if view is not None:  # nearly every file lies in one chunk
            found = self._examiner.whole(plan, view)
        else:
            found = self._examiner.pieces(plan, self._data(member, feed))
        self._note(path, found)
        return LayerEntry(What.FILE, path, member.mode, member.size, found.sha256, "", found.form)

    def _data(self, member: tar.TarMember, feed: Feed) -> Iterator[memoryview]:
        if member.segments is None:
            yield from feed.pieces(member.stored)
            return
        for zeros, stored in segments_with_holes(member.segments, member.size):
            left = zeros
            while left > 0:
                take = min(left, len(_ZEROS))
                left -= take
                self._gauge.holes += take
                self._gauge.check()
                yield _ZEROS[:take]
            yield from feed.pieces(stored)

    def _note(self, path: str, found: Examined) -> None:
        """Keep what was found, by content."""
        sha256, _, _, data, facts, problems = found
        if data is not None:
            self._keep(sha256, data)
        if facts and sha256 not in self._facts:
            self._budget.keep(sum(len(fact) for _, fact in facts))
            self._facts[sha256] = dict(facts)
        if problems:
            self._unknowns += [Unknown(path, problem, unread=True) for problem in problems]

    def _keep(self, digest: str, data: bytes) -> None:
        if digest in self._contents:
            return
        if self._kept + len(data) > self._limits.max_wanted_bytes:
            self._dropped.add(digest)
            return
        self._kept += len(data)
        self._budget.keep(len(data))
        self._contents[digest] = data
