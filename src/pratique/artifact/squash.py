"""Lay layers over each other (OCI image-spec, layer.md, «Applying Changesets») without a file system. Pure.

The tree is folders in folders; a layer's whiteouts take away from the layers below it, wherever in its archive they stand,
then its entries are put on top in their order. A name through a symbolic link leads where the link leads inside the root,
so each file has one path; a link that climbs out of the root is refused when a name goes through it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from pratique.artifact.layer import LayerEntry, LayerScan, What
from pratique.artifact.left_out import left_out
from pratique.artifact.limits import Limits
from pratique.artifact.paths import shown
from pratique.errors import Malformed
from pratique.model import FileEntry, FileKind, Tree, Unknown

MAX_HOPS = 40  # as Linux follows

_KINDS = {
    What.FILE: FileKind.FILE,
    What.SYMLINK: FileKind.SYMLINK,
    What.CHAR_DEVICE: FileKind.CHAR_DEVICE,
    What.BLOCK_DEVICE: FileKind.BLOCK_DEVICE,
    What.FIFO: FileKind.FIFO,
}


class Leaf(NamedTuple):
    """What is no folder. `source`: the entry that brought the content. `layer`: of the content; `placed`: of the name."""

    source: LayerEntry
    layer: int
    placed: int


Folder = dict[str, "Leaf | Folder"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Squashed:
    """The tree, and what of its wanted content no scan holds: layer index → paths to keep when that layer is read again.

    That happens when a wanted name is a hard link to, or lies behind a symbolic link from, a name that was not wanted.
    """

    tree: Tree
    missing: Mapping[int, frozenset[str]] = field(default_factory=dict)


def squash(scans: Sequence[LayerScan], *, wanted: Callable[[str], bool], limits: Limits) -> Squashed:
    """The files as they are when all layers are applied, the lowest first. Raises Malformed (path escape, broken links)."""
    root: Folder = {}
    unknowns: list[Unknown] = []
    work = _Work(limits)
    for index, scan in enumerate(scans):
        unknowns += scan.unknowns
        layer = _Layer(root, index, unknowns, work)
        for entry in scan.entries:
            if entry.what is What.WHITEOUT:
                layer.remove(entry.path)
            elif entry.what is What.OPAQUE:
                layer.empty(entry.path)
        for entry in scan.entries:
            layer.put(entry)
    return _collect(root, scans, wanted, limits, unknowns)


class _Work:
    """Counts what names cost: a few long names through links of links would take hours and all memory."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._steps = 0
        self._folders = 0

    def look_up(self, steps: int) -> None:
        self._steps += steps
        if self._steps > self._limits.max_path_steps:
            raise self._limits.exceeded("max_path_steps", "too many long names")

    def make_folder(self) -> None:
        self._folders += 1
        if self._folders > self._limits.max_entries:
            raise self._limits.exceeded("max_entries", "too many folders")


class _Layer:
    """Applies one layer to the tree."""

    def __init__(self, root: Folder, index: int, unknowns: list[Unknown], work: _Work) -> None:
        self._root = root
        self._index = index
        self._unknowns = unknowns
        self._work = work
        self._said: set[str] = set()
        self._known: dict[str, Folder] = {}  # the folders that entries went to, until a way there may have changed

    def remove(self, path: str) -> None:
        """A whiteout. Nothing disappears through a link: engines disagree, and what is hidden cannot be checked."""
        folder_path, _, name = path.rpartition("/")
        folder = self._folder(folder_path, follow=False)
        if folder is not None:
            folder.pop(name, None)

    def empty(self, path: str) -> None:
        """An opaque folder: nothing of the lower layers is left in it."""
        folder = self._folder(path, follow=False)
        if folder is not None:
            folder.clear()

    def put(self, entry: LayerEntry) -> None:
        """Any other entry takes the place of what has its name; a folder keeps what is in the folder of its name."""
        what, path = entry[:2]
        if what is What.WHITEOUT or what is What.OPAQUE:
            return
        folder_path, _, name = path.rpartition("/")
        folder = self._known.get(folder_path)
        if folder is None:
            folder = self._known[folder_path] = cast(Folder, self._folder(folder_path, create=True))
        present = folder.get(name)
        new: Leaf | Folder
        if what is What.DIRECTORY:
            if isinstance(present, dict):
                return
            self._work.make_folder()
            new = {}
            if present is None:
                self._known[path] = new  # a name that was free leads nowhere else
        elif what is What.HARD_LINK:
            new = self._linked(entry)
        else:
            new = Leaf(entry, self._index, self._index)
        if present is not None:
            if isinstance(present, Leaf) and present.placed == self._index:
                self._unknowns.append(Unknown(entry.path, "stands twice in its layer: the later entry counts"))
            if isinstance(present, dict) or present.source.what is What.SYMLINK:
                self._known.clear()  # the way to a folder may have led through what is replaced now
        folder[name] = new

    def _linked(self, entry: LayerEntry) -> Leaf:
        folder_path, _, name = entry.target.rpartition("/")
        folder = self._folder(folder_path, create=False)
        target = folder.get(name) if folder is not None else None
        if not isinstance(target, Leaf):
            what = "a folder" if isinstance(target, dict) else "nothing that is there"
            raise Malformed(f"{shown(entry.path)} is a hard link to {shown(entry.target)}, {what}")
        # A name and its hard links are one file: mode, content and the layer that brought it are the target's.
        return target._replace(placed=self._index)

    def _folder(self, path: str, *, create: bool = False, follow: bool = True) -> Folder | None:
        """The folder at `path`, through symbolic links. None when it is not there, or a link leads to it against `follow`.

        Raises Malformed when a link leads out of the root or in circles, or a file of this layer is in the way.
        """
        parts = path.split("/")[::-1] if path else []
        trail: list[Folder] = [self._root]
        hops = 0
        while parts:
            self._work.look_up(1)
            part = parts.pop()
            if part == "..":
                trail.pop()
                if not trail:
                    raise Malformed(f"path escape: {shown(path)} goes through a symbolic link that climbs out of the root")
                continue
            there = trail[-1].get(part)
            if isinstance(there, Leaf) and there.source.what is What.SYMLINK:
                hops += 1
                if hops > MAX_HOPS:
                    raise Malformed(f"{shown(path)} goes through more than {MAX_HOPS} symbolic links")
                target = there.source.target
                if there.placed != self._index and (create or not follow):
                    self._through(path, part, target)
                if not follow:
                    return None
                if target.startswith("/"):
                    trail = [self._root]
                parts += [step for step in target.split("/") if step not in ("", ".")][::-1]
                continue
            if not isinstance(there, dict):
                if not create:
                    return None
                if there is not None and there.placed == self._index:
                    raise Malformed(f"{shown(path)} is a folder and a file in one layer")
                self._work.make_folder()
                there = trail[-1][part] = {}
            trail.append(there)
        return trail[-1]

    def _through(self, path: str, part: str, target: str) -> None:
        """Engines disagree here: those on overlayfs put a folder in the link's place, others follow it, as we do."""
        if target not in self._said:
            self._said.add(target)
            reason = f"layer {self._index} writes through the symbolic link {part} → {target} of a lower layer"
            self._unknowns.append(Unknown(path, f"{reason}: engines on overlayfs replace the link by a folder"))


def _collect(
    root: Folder, scans: Sequence[LayerScan], wanted: Callable[[str], bool], limits: Limits, unknowns: list[Unknown]
) -> Squashed:
    entries: dict[str, FileEntry] = {}
    contents: dict[str, bytes] = {}
    facts: dict[str, Mapping[str, bytes]] = {}
    missing: dict[int, set[str]] = {}
    crowded: dict[int, list[str]] = {}
    largest = limits.max_wanted_file_bytes
    found = [(scan.facts, scan.contents, scan.dropped) for scan in scans]
    for path, (source, layer, _) in _leaves(root):
        what, name, mode, size, sha256, target, form = source
        entries[path] = FileEntry(path, _KINDS[what], mode, size, sha256, target, layer, form)
        if what is not What.FILE:
            continue
        facts_here, contents_here, dropped = found[layer]
        if sha256 in facts_here:
            facts[path] = facts_here[sha256]
        data = contents_here.get(sha256)
        if data is None and path == name and size <= largest and sha256 not in dropped:
            continue  # under this name it was not wanted when its layer was read
        if not wanted(path):
            continue
        if data is not None:
            contents[path] = data
        elif size > largest:
            unknowns.append(Unknown(path, f"{size} bytes are too many to be read as package metadata", unread=True))
        elif sha256 in dropped:
            crowded.setdefault(layer, []).append(path)
        else:
            missing.setdefault(layer, set()).add(name)
    for layer, paths in crowded.items():
        unknowns += left_out(paths, f"layer {layer} has too much package metadata")
    layers = tuple(scan.diff_id for scan in scans)
    digests: dict[str, dict[str, str]] = {}
    for scan in scans:
        for algorithm, known in scan.digests.items():
            digests.setdefault(algorithm, {}).update(known)
    tree = Tree(
        entries=entries, contents=contents, facts=facts, digests=digests, layers=layers, unknowns=tuple(_unique(unknowns))
    )
    return Squashed(tree=tree, missing={index: frozenset(paths) for index, paths in missing.items()})


def _leaves(root: Folder) -> Iterator[tuple[str, Leaf]]:
    """Without recursion: a hostile path may have two thousand folders."""
    waiting: list[tuple[str, Folder]] = [("", root)]
    while waiting:
        prefix, folder = waiting.pop()
        for name, there in folder.items():
            if isinstance(there, dict):
                waiting.append((f"{prefix}{name}/", there))
            else:
                yield prefix + name, there


def _unique(unknowns: Iterable[Unknown]) -> list[Unknown]:
    return list(dict.fromkeys(unknowns))
