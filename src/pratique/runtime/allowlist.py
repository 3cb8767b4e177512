"""May these bytes run? The allow-list made of a verified file manifest. Pure.

What counts is content: a file whose SHA-256 the manifest lists may run, under whatever name it has now.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pratique.model import FileKind, FileManifest


class Seen(StrEnum):
    """What became of one executed, loaded or scanned file."""

    MATCHED = "matched"  # content the manifest lists
    MODIFIED = "modified"  # a path the manifest lists, with other content; or content that somebody can still change
    UNKNOWN = "unknown"  # neither content nor path is listed
    ANONYMOUS = "anonymous"  # no name: a memory file, or deleted
    INTERPRETED = "interpreted"  # a script opened as data: an interpreter may run it, which cannot be told from reading it
    UNVERIFIED = "unverified"  # the workload has no verified manifest, so nothing of it can be judged
    UNREADABLE = "unreadable"  # could not be read within limits, so it could not be judged

    @property
    def violates(self) -> bool:
        """Whether this is refused in enforce mode and reported always."""
        return self not in (Seen.MATCHED, Seen.INTERPRETED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """`component`: ref of the owner, None where the manifest names none. `moved`: known content under another path."""

    verdict: Seen
    component: str | None = None
    moved: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowList:
    """`by_hash`: 64 hex digits → path → owner's ref ("" for an orphan). `by_path`: path → 64 hex digits."""

    by_hash: Mapping[str, Mapping[str, str]]
    by_path: Mapping[str, str]
    root: str

    @classmethod
    def from_manifest(cls, manifest: FileManifest) -> "AllowList":
        """Everything the manifest lists as a regular file."""
        by_hash: dict[str, dict[str, str]] = {}
        by_path: dict[str, str] = {}
        for entry, owner in zip(manifest.entries, manifest.owners, strict=True):
            if entry.kind is FileKind.FILE:
                by_hash.setdefault(entry.sha256, {})[entry.path] = owner
                by_path[entry.path] = entry.sha256
        return cls(by_hash=by_hash, by_path=by_path, root=str(manifest.root))

    def judge(self, path: str, sha256: str) -> Judgement:
        """path: in the container, with or without the leading slash. sha256: 64 hex digits of the bytes that would run."""
        path = path.lstrip("/")
        places = self.by_hash.get(sha256)
        if places is None:
            owner = self._owner(path)
            if path in self.by_path:
                return Judgement(verdict=Seen.MODIFIED, component=owner, detail="its content is not what the manifest lists")
            return Judgement(verdict=Seen.UNKNOWN, detail="the manifest lists neither this content nor this path")
        if path in places:
            return Judgement(verdict=Seen.MATCHED, component=places[path] or None)
        owners = sorted(owner for owner in places.values() if owner)
        known_as = min(places)
        return Judgement(
            verdict=Seen.MATCHED, component=owners[0] if owners else None, moved=True, detail=f"listed as /{known_as}"
        )

    def _owner(self, path: str) -> str | None:
        listed = self.by_path.get(path)
        return (self.by_hash[listed][path] or None) if listed else None


ELF_MAGIC = b"\x7fELF"
SCRIPT_SUFFIXES = (".py", ".pyc", ".sh", ".pl", ".pm", ".rb", ".js", ".mjs", ".cjs", ".php", ".lua")


class ContentKind(StrEnum):
    """What a file that is merely opened looks like."""

    CODE = "code"
    SCRIPT = "script"
    DATA = "data"


def classify(head: bytes, path: str) -> ContentKind:
    """head: the first bytes of the file, at least 4 where it has them. ELF is code; `#!` or a known suffix makes a script."""
    if head[:4] == ELF_MAGIC:
        return ContentKind.CODE
    if head[:2] == b"#!" or (head and path.endswith(SCRIPT_SUFFIXES)):  # an empty file, as one just created, says nothing
        return ContentKind.SCRIPT
    return ContentKind.DATA
