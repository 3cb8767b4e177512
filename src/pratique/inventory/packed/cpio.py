"""cpio archives: the portable formats with ASCII headers (cpio(5): `newc`, `crc`, `odc`), as rpm and initramfs have them. Pure.

An initramfs is several archives behind each other, with zeros between, the last often compressed (Linux, «initramfs buffer
format»). Hard links of `newc` have their bytes at the last of their names.
"""

from collections.abc import Iterable, Iterator

from pratique.artifact.feed import Feed
from pratique.errors import Malformed
from pratique.inventory.packed.members import DIRECTORY, HARD_LINK, Member
from pratique.model import FileKind

NEW, CRC, OLD = b"070701", b"070702", b"070707"
MAGICS = (NEW, CRC, OLD)
TRAILER = b"TRAILER!!!"
_MAX_NAME = 4096
_KINDS: dict[int, FileKind | str] = {
    0o010000: FileKind.FIFO,
    0o020000: FileKind.CHAR_DEVICE,
    0o040000: DIRECTORY,
    0o060000: FileKind.BLOCK_DEVICE,
    0o100000: FileKind.FILE,
    0o120000: FileKind.SYMLINK,
}


def cpio_members(feed: Feed) -> Iterator[Member]:
    """The members up to the trailer. Raises Malformed."""
    waiting: dict[tuple[int, int], list[bytes]] = {}
    first: dict[tuple[int, int], bytes] = {}
    start = feed.offset
    while True:
        magic = feed.read(6)
        if magic in (NEW, CRC):
            fields = [_number(feed.read(8), 16) for _ in range(13)]
            inode, mode, links, size, name_size = fields[0], fields[1], fields[4], fields[6], fields[11]
            device, pad = fields[7] << 32 | fields[8], 4
        elif magic == OLD:
            device, inode, mode, _, _, links, _ = (_number(feed.read(6), 8) for _ in range(7))
            feed.read(11)
            name_size, size, pad = _number(feed.read(6), 8), _number(feed.read(11), 8), 1
        else:
            raise Malformed("no cpio header where one has to be")
        if not 0 < name_size <= _MAX_NAME:
            raise Malformed("a cpio member with a name of no valid length")
        name = feed.read(name_size).rstrip(b"\0")
        feed.skip(-(feed.offset - start) % pad)
        if name == TRAILER:
            return
        end = feed.offset + size
        kind = _KINDS.get(mode & 0o170000)
        key = (device, inode)
        if kind is FileKind.SYMLINK:
            if size > _MAX_NAME:
                raise Malformed("a link of no valid length")
            yield Member(name, kind, mode & 0o7777, 0, feed.read(size))
        elif kind is FileKind.FILE and links > 1 and pad == 4 and not size and key not in first:
            waiting.setdefault(key, []).append(name)
        elif kind is FileKind.FILE and links > 1 and pad == 4 and not size:
            yield Member(name, HARD_LINK, mode & 0o7777, 0, first[key])
        elif kind is not None:
            yield Member(name, kind, mode & 0o7777, size, b"", _pieces(feed, size))
            if kind is FileKind.FILE and links > 1:
                first[key] = name
                for other in waiting.pop(key, ()):
                    yield Member(other, HARD_LINK, mode & 0o7777, 0, name)
        feed.skip(end - feed.offset)
        feed.skip(-(feed.offset - start) % pad)


def _pieces(feed: Feed, size: int) -> "_Taker":
    return _Taker(feed, size)


class _Taker:
    """Takes the bytes of one member from the feed."""

    def __init__(self, feed: Feed, size: int) -> None:
        self._feed = feed
        self._size = size

    def __call__(self) -> Iterator[memoryview]:
        return self._feed.pieces(self._size)


def rest_of(feed: Feed) -> tuple[bytes, Iterable[memoryview]]:
    """What follows an archive, without the zeros between: its first bytes, at most 64, and the rest."""
    rest = feed.rest()
    held = b""
    for piece in rest:
        held += bytes(piece) if held else bytes(piece).lstrip(b"\0")
        if len(held) >= 64:
            break
    return held, rest


def _number(field: bytes, base: int) -> int:
    try:
        return int(field, base)
    except ValueError as error:
        raise Malformed("a cpio header with a number that is none") from error
