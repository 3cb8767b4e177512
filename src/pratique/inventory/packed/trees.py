"""Members of an archive made into a tree: as if it were unpacked in an empty root, where every cataloger finds its way. Pure.

Nothing leaves the root: a name that climbs out is no file. Of equal names the last counts, as for the tools that unpack. What
was wrong is told by its kind, once for each kind, however often it came.
"""

from collections.abc import Callable, Iterator
from itertools import chain
from posixpath import dirname, normpath
from typing import NamedTuple

from pratique.artifact.examine import Examined, Examiner, ExamPlan
from pratique.artifact.limits import Limits
from pratique.artifact.paths import clean_path
from pratique.artifact.selection import ProbeTable, Selection
from pratique.errors import LimitExceeded, Malformed
from pratique.inventory.packed.facts import PACKED
from pratique.inventory.packed.limits import Budget
from pratique.inventory.packed.members import DIRECTORY, HARD_LINK, Member, Members
from pratique.lexicon.text import shown_path
from pratique.model import FileEntry, FileKind, Tree, Unknown

_LIMITS = Limits()
_SHOWN = 3
_MAX_UNKNOWNS = 200


def nothing_more(_path: str) -> bool:
    """What else is kept than catalogers want: nothing."""
    return False


class Inside(NamedTuple):
    """What is wanted of the files in an archive, with the table of its probes: making one for each archive would cost more than
    most archives do."""

    selection: Selection
    table: ProbeTable


Opener = Callable[[], Inside]
"""Asked when something is opened: that is when it is counted. Raises LimitExceeded."""


class Gathering:
    """A tree on its way: `take` members, once or more often, then ask for the `tree`."""

    def __init__(self, inside: Inside, budget: Budget, also: Callable[[str], bool] = nothing_more) -> None:
        self.entries: dict[str, FileEntry] = {}
        self.contents: dict[str, bytes] = {}
        self.facts: dict[str, dict[str, bytes]] = {}
        self._examiner = Examiner(inside.selection, _LIMITS, table=inside.table)
        self._budget = budget
        self._also = also
        self._unknowns: list[Unknown] = []
        self._faults: dict[str, list[str]] = {}

    def tell(self, reason: str, path: str = "") -> None:
        """Something packed is not known."""
        self._tell(f"{PACKED}: {reason}", path)

    def _tell(self, reason: str, path: str) -> None:
        if len(self._unknowns) < _MAX_UNKNOWNS:
            self._unknowns.append(Unknown(path, reason, unread=True))
        elif len(self._unknowns) == _MAX_UNKNOWNS:
            self._unknowns.append(Unknown("", f"{PACKED}: there is more in it that is not known", unread=True))

    def take(self, members: Members, below: str = "") -> None:
        """Read all members into the folder `below`. Where the archive breaks off is told; what was read before it stays."""
        try:
            for member in members:
                self._budget.entry(len(member.name) + len(member.link))
                self._member(member, below)
        except LimitExceeded as error:
            self.tell(error.message)
        except Malformed as error:
            self.tell(f"{error.message}: what follows was not read")

    def tree(self) -> Tree:
        """What was gathered."""
        with self._examiner:
            pass  # on leaving it, its digests are whole
        unknowns = list(dict.fromkeys(self._unknowns))
        for kind, paths in sorted(self._faults.items()):
            shown = ", ".join(shown_path(path)[:200] for path in paths[:_SHOWN]) + (" …" if len(paths) > _SHOWN else "")
            unknowns.append(Unknown("", f"{PACKED}: {len(paths)} {kind}: {shown}", unread=True))
        return Tree(
            entries=self.entries,
            contents=self.contents,
            facts=self.facts,
            digests=self._examiner.digests,
            unknowns=tuple(unknowns),
        )

    def _fault(self, kind: str, name: str) -> None:
        self._faults.setdefault(kind, []).append(name)

    def _member(self, member: Member, below: str) -> None:
        written = member.name.decode("utf-8", "surrogateescape")
        try:
            path = clean_path(member.name)
        except Malformed:
            self._fault("names climb out of the archive or are none, and were left out", written)
            return
        if not path:
            return
        if written.startswith("/"):
            self._fault("names are absolute, and were read as below the archive's own root", written)
        path = f"{below}{path}"
        if member.kind == DIRECTORY:
            return
        if path in self.entries:
            self._fault("names stand twice in the archive: of each the last was read", path)
            self.contents.pop(path, None)
            self.facts.pop(path, None)
        if member.kind == HARD_LINK:
            self._hard_link(path, member.link, below)
        elif member.kind is FileKind.FILE:
            self._file(path, member)
        else:
            target = member.link.decode("utf-8", "surrogateescape")
            if member.kind is FileKind.SYMLINK and not target.startswith("/"):
                place = normpath(f"{dirname(path)}/{target}".lstrip("/"))
                if place == ".." or place.startswith("../"):
                    self._fault("links lead out of the archive, and were not followed", path)
            self.entries[path] = FileEntry(path, FileKind(member.kind), member.mode, target=target)

    def _hard_link(self, path: str, link: bytes, below: str) -> None:
        try:
            target = f"{below}{clean_path(link)}"
        except Malformed:
            target = ""
        entry = self.entries.get(target)
        if entry is None:
            self._fault("hard links name nothing that is in the archive", path)
            return
        self.entries[path] = entry._replace(path=path)
        if target in self.contents:
            self.contents[path] = self.contents[target]
        if target in self.facts:
            self.facts[path] = self.facts[target]

    def _file(self, path: str, member: Member) -> None:
        plan = self._examiner.plan(path, member.size)
        if plan.too_large:
            self.tell(f"{member.size} bytes are too many to be read as package metadata", path)
        elif self._also(path):
            plan = plan._replace(keep=True)
        try:
            found = _examined(self._examiner, plan, member.pieces())
        except Malformed as error:
            if self._budget.spent:
                raise
            self.tell(error.message, path)
            return
        self.entries[path] = FileEntry(path, FileKind.FILE, member.mode, found.size, found.sha256, form=found.form)
        if found.data is not None:
            if self._budget.keep(len(found.data)):
                self.contents[path] = found.data
            else:
                self._fault("files of package metadata were left out, as there is too much of it in one archive", path)
        if found.facts:
            self.facts[path] = dict(found.facts)
        for problem in found.problems:
            self._tell(problem, path)


def _examined(examiner: Examiner, plan: ExamPlan, pieces: Iterator[memoryview]) -> Examined:
    first = next(pieces, memoryview(b""))
    second = next(pieces, None)
    if second is None:  # most members are small
        return examiner.whole(plan, first)
    return examiner.pieces(plan, chain((first, second), pieces))
