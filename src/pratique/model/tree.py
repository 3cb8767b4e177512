"""The files of an artifact as they are when it runs: what the layers, laid over each other, come to. Pure values.

Paths are relative to the artifact's root, without a leading slash, `/`-separated, decoded as UTF-8 with `surrogateescape`
so that every byte string a layer can hold survives; `escape_path` makes them fit for documents.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from pratique.model.digest import Digest


class FileKind(StrEnum):
    """What a path is. A hard link is a `FILE` with the content of what it links to. Directories are not listed."""

    FILE = "file"
    SYMLINK = "symlink"
    CHAR_DEVICE = "char"
    BLOCK_DEVICE = "block"
    FIFO = "fifo"


class FileForm(StrEnum):
    """What a regular file is, by how it begins."""

    DATA = "data"
    ELF = "elf"
    SCRIPT = "script"  # begins with #!
    ARCHIVE = "archive"  # zip, jar, gzip, xz, zstd, bzip2, 7z, ar, rpm
    PE = "pe"
    MACHO = "mach-o"
    WASM = "wasm"
    BYTECODE = "bytecode"  # of Java

    @property
    def runs(self) -> bool:
        """Whether a machine can run it as it is: what nobody accounts for and can run matters most."""
        return self in (FileForm.ELF, FileForm.SCRIPT, FileForm.PE, FileForm.MACHO, FileForm.WASM)


class FileEntry(NamedTuple):
    """One path. `mode`: permission bits with set-id and sticky (0o7777). `size`: bytes. `sha256`: 64 hex digits, files only.

    `target`: of a symbolic link, as written. `layer`: index into the artifact's layers, 0 the lowest. `form`: files only.
    """

    path: str
    kind: FileKind
    mode: int
    size: int = 0
    sha256: str = ""
    target: str = ""
    layer: int = 0
    form: FileForm = FileForm.DATA

    def leaf(self) -> bytes:
        """The bytes that stand for this entry in the manifest's Merkle tree.

        Kind, octal mode, decimal size, content (the hash, or the link's target) and path, joined by NUL, which neither a
        path nor a target can contain. The layer is left out: the same files in other layers are the same content; the form
        is part of the content.
        """
        path, kind, mode, size, sha256, target, _, _ = self
        return f"{kind}\0{mode:o}\0{size}\0{sha256 or target}\0{path}".encode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class Unknown:
    """A place that could not be read or understood: it is listed, never dropped. `reason`: one line.

    `unread`: what stands there was not read, or not wholly: it may name components that are not listed. Else it is a remark.
    """

    path: str
    reason: str
    unread: bool = False


class _Kept:
    """Paths by file name and by ending, and what was asked before."""

    __slots__ = ("_by_ending", "_by_name", "_found")

    def __init__(self, paths: Iterable[str]) -> None:
        self._by_name: dict[str, list[str]] = {}
        self._by_ending: dict[str, list[str]] = {}
        self._found: dict[tuple[frozenset[str], frozenset[str]], tuple[str, ...]] = {}
        for path in paths:
            name = path[path.rfind("/") + 1 :]
            self._by_name.setdefault(name, []).append(path)
            self._by_ending.setdefault(name[name.rfind(".") :], []).append(path)

    def find(self, names: frozenset[str], endings: frozenset[str]) -> tuple[str, ...]:
        found = self._found.get((names, endings))
        if found is None:
            named = {path for name in names for path in self._by_name.get(name, ())}
            named.update(path for ending in endings for path in self._by_ending.get(ending, ()))
            found = self._found[names, endings] = tuple(sorted(named))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """All entries by path, and of those files that a cataloger asked for, the content or what a probe read in it.

    `contents`: path → bytes; files over the size limit are in `unknowns` instead. `facts`: path → probe → what it read.
    `digests`: algorithm → SHA-256 in hex → that algorithm's digest of the same bytes in hex, where one was asked for.
    `layers`: diff_ids, the lowest first; empty for a directory or a file.
    """

    entries: Mapping[str, FileEntry]
    contents: Mapping[str, bytes] = field(default_factory=dict)
    facts: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    digests: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    layers: tuple[Digest, ...] = ()
    unknowns: tuple[Unknown, ...] = ()
    _kept: "_Kept | None" = field(default=None, init=False, repr=False, compare=False)

    def kept(self, names: Iterable[str], endings: Iterable[str] = ()) -> tuple[str, ...]:
        """The paths of `contents` whose file name is one of `names`, or has one of `endings`, `.json`, from its last dot on;
        sorted.

        The first question costs a walk over all of them, each further one no more than what it finds, the same one nothing: there
        are many catalogers, and most of them find nothing.
        """
        known = self._kept
        if known is None:
            known = _Kept(self.contents)
            object.__setattr__(self, "_kept", known)  # remembered, not changed: it follows from `contents`
        return known.find(frozenset(names), frozenset(endings))

    def resolve(self, path: str) -> FileEntry | None:
        """The file at `path`, following symbolic links inside the root (also in parent folders), at most 40 of them."""
        parts = [part for part in path.split("/") if part and part != "."]
        seen: list[str] = []
        hops = 0
        while parts:
            part = parts.pop(0)
            if part == "..":
                seen = seen[:-1]
                continue
            entry = self.entries.get("/".join([*seen, part]))
            if entry is None or entry.kind is not FileKind.SYMLINK:
                seen.append(part)
                continue
            hops += 1
            if hops > 40:
                return None
            if entry.target.startswith("/"):
                seen = []
            parts = [step for step in entry.target.split("/") if step and step != "."] + parts
        return self.entries.get("/".join(seen))

    def files(self) -> Iterator[FileEntry]:
        """Regular files, in path order."""
        return (entry for entry in self.sorted() if entry.kind is FileKind.FILE)

    def sorted(self) -> list[FileEntry]:
        """All entries in the order of their path's bytes: the order of every document."""
        return sorted(self.entries.values(), key=lambda entry: entry.path.encode("utf-8", "surrogateescape"))


def escape_path(path: str) -> str:
    """A path fit for any document: bytes that are not UTF-8, control characters and `%` become `%XX`."""
    if path.isascii() and path.isprintable() and "%" not in path:
        return path
    out: list[str] = []
    for char in path:
        if "\udc80" <= char <= "\udcff":
            out.append(f"%{ord(char) - 0xDC00:02X}")
        elif char == "%" or ord(char) < 0x20 or ord(char) == 0x7F:
            out.append(f"%{ord(char):02X}")
        else:
            out.append(char)
    return "".join(out)


def unescape_path(text: str) -> str:
    """The path that `escape_path` was given."""
    if "%" not in text:
        return text
    from urllib.parse import unquote_to_bytes

    return unquote_to_bytes(text).decode("utf-8", "surrogateescape")
