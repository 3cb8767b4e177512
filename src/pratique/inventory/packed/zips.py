"""Zip archives as members (APPNOTE.TXT 6.3.10), by the reader that Java archives have. Pure.

Also those that follow something else: a script, a program that unpacks itself. What the directory does not name is no member.
"""

from collections.abc import Callable, Iterator

from pratique.cataloging.zipread import Entry, find_directory, stored_bytes, walk_entries, without_overlaps
from pratique.errors import LimitExceeded, Malformed
from pratique.inventory.packed.limits import Budget
from pratique.inventory.packed.members import DIRECTORY, Member, broken, whole
from pratique.inventory.packed.streams import inflated, raw_deflate
from pratique.lexicon.text import clean
from pratique.model import FileKind

SPLIT = b"PK\7\x08"
_METHODS = {12: "bzip2", 93: "zstd", 95: "xz"}
_OTHERS = {1: "shrunk", 6: "imploded", 9: "deflate64", 14: "LZMA", 98: "PPMd", 99: "AES"}


def zip_members(view: memoryview, budget: Budget, tell: Callable[[str], None]) -> Iterator[Member]:
    """Every member, in the order of its place. `tell` is told what is left out. Raises Malformed, LimitExceeded."""
    directory = find_directory(view)
    if directory.entries > budget.limits.entries:
        raise LimitExceeded(f"says it has {directory.entries} entries: more than {budget.limits.entries} are not read")
    entries: list[Entry] = []
    try:
        entries.extend(walk_entries(view, directory, lambda _name: True))
    except Malformed as error:
        tell(error.message)
    kept, overlapping = without_overlaps(entries)
    if overlapping:
        tell(f"{overlapping} entries share bytes with another: they are not read")
    for entry in kept:
        name = entry.name.replace(b"\\", b"/")  # as .NET and old Windows tools wrote it
        if name.endswith(b"/"):
            yield Member(name, DIRECTORY)
        else:
            yield Member(name, FileKind.FILE, 0o644, entry.size, b"", _pieces(view, entry, budget))


def java_part(view: memoryview) -> memoryview | None:
    """The Java archive that it is, without what stands before it; None for other archives. Raises Malformed: no archive."""
    directory = find_directory(view)
    marks: set[bytes] = set()

    def wanted(name: bytes) -> bool:
        if name == b"META-INF/MANIFEST.MF":
            marks.add(name)
        elif name.endswith((b".class", b"/pom.properties")):
            marks.add(b"class")
        return False

    try:
        for _ in walk_entries(view, directory, wanted):
            pass
    except Malformed:
        return None
    return view[directory.shift :] if len(marks) == 2 else None


def has_directory(view: memoryview) -> bool:
    """Whether a zip archive ends here: where its end record has to lie when no comment follows, or a short one."""
    tail = bytes(view[-1024:])
    at = tail.rfind(b"PK\5\6")
    return at >= 0 and at + 22 <= len(tail) and len(tail) - at - 22 == int.from_bytes(tail[at + 20 : at + 22], "little")


def _pieces(view: memoryview, entry: Entry, budget: Budget) -> Callable[[], Iterator[memoryview]]:
    try:
        data = stored_bytes(view, entry)
    except Malformed as error:
        return broken(error.message)
    if entry.method == 0:
        return whole(data) if entry.size == entry.stored else broken("stored with a size that it has not")
    if entry.method != 8 and entry.method not in _METHODS:
        return broken(f"compressed by a method that is not read: {_OTHERS.get(entry.method, clean(entry.method))}")

    def take() -> Iterator[memoryview]:
        seen = 0
        pieces = raw_deflate(data, budget) if entry.method == 8 else inflated(_METHODS[entry.method], data, budget)
        for piece in pieces:
            seen += len(piece)
            if seen > entry.size:
                break
            yield memoryview(piece)
        if seen != entry.size:
            raise Malformed("another size than it says")

    return take
