"""What every kind of archive comes to: members in the order of the archive, each with bytes that can be taken once. Pure."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from pratique.artifact import tar
from pratique.artifact.feed import Feed
from pratique.artifact.limits import Limits
from pratique.artifact.sparse import segments_with_holes
from pratique.errors import Malformed
from pratique.inventory.packed.limits import Budget
from pratique.model import FileKind

_LIMITS = Limits()
_ZEROS = memoryview(bytes(1 << 20))
DIRECTORY, HARD_LINK = "directory", "hard link"
_KINDS: dict[int, FileKind | str] = {
    tar.REGULAR: FileKind.FILE,
    tar.SYMLINK: FileKind.SYMLINK,
    tar.CHAR: FileKind.CHAR_DEVICE,
    tar.BLOCK_DEVICE: FileKind.BLOCK_DEVICE,
    tar.FIFO: FileKind.FIFO,
    tar.DIRECTORY: DIRECTORY,
    tar.HARD_LINK: HARD_LINK,
}


def _nothing() -> Iterator[memoryview]:
    return iter(())


class Member(NamedTuple):
    """`name`, `link`: as written. `kind`: a FileKind, `DIRECTORY` or `HARD_LINK`. `size`: bytes, as the archive says.

    `pieces`: the bytes, to be taken before the next member. Raises Malformed where they cannot be had, LimitExceeded.
    """

    name: bytes
    kind: FileKind | str
    mode: int = 0o644
    size: int = 0
    link: bytes = b""
    pieces: Callable[[], Iterator[memoryview]] = _nothing


Members = Iterable[Member]


def tar_members(chunks: Iterable[bytes], budget: Budget, tell: Callable[[str], None]) -> Iterator[Member]:
    """Of a tar stream. `tell` is told what is left out. Raises Malformed where it breaks off, which what stands before it
    survives; LimitExceeded."""
    strange: dict[int, int] = {}
    feed = Feed(chunks)
    for member in tar.walk(feed, _LIMITS):
        kind = _KINDS.get(member.type)
        if kind is None:
            strange[member.type] = strange.get(member.type, 0) + 1
            continue
        take = _taker(feed, member, budget)
        yield Member(member.name, kind, member.mode, member.size, member.link, take)
    for flag, count in sorted(strange.items()):
        tell(f"{count} entries of an unknown kind {chr(flag)!r} were left out")
    # Where an archive ends, readers stop; what follows would be seen by one that does not (`tar --ignore-zeros`).
    end, last = feed.offset, 0
    for view in feed.rest():
        if bytes(view).strip(b"\0"):
            last = feed.offset
    if last:
        raise Malformed(f"{last - end} bytes follow the end of the archive")


def _taker(feed: Feed, member: tar.TarMember, budget: Budget) -> Callable[[], Iterator[memoryview]]:
    if member.segments is None:
        return lambda: feed.pieces(member.stored)
    segments = member.segments

    def take() -> Iterator[memoryview]:
        for zeros, stored in segments_with_holes(segments, member.size):
            left = zeros
            while left > 0:
                piece = min(left, len(_ZEROS))
                left -= piece
                budget.inflate(piece)
                yield _ZEROS[:piece]
            yield from feed.pieces(stored)

    return take


def whole(view: memoryview) -> Callable[[], Iterator[memoryview]]:
    """The pieces of what lies in memory."""
    return lambda: iter((view,)) if len(view) else iter(())


def counted(view: memoryview, budget: Budget) -> Callable[[], Iterator[memoryview]]:
    """The pieces of what lies in memory at a place that the archive names: any number of members may name the same."""

    def take() -> Iterator[memoryview]:
        budget.inflate(len(view))
        if len(view):
            yield view

    return take


def broken(reason: str) -> Callable[[], Iterator[memoryview]]:
    """The pieces of what cannot be had."""

    def refuse() -> Iterator[memoryview]:
        raise Malformed(reason)
        yield  # a generator: it is refused when it is taken

    return refuse
