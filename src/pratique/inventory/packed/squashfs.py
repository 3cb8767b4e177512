"""A read-only reader of squashfs 4.0 (Linux, Documentation/filesystems/squashfs.rst), as snaps and AppImages have it. Pure.

Blocks are inflated as they are asked for, each counted. Not read: big-endian images, versions before 4.0, lzo.
"""

import lzma
import struct
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator

from pratique.errors import LimitExceeded, Malformed
from pratique.inventory.packed.limits import Budget
from pratique.inventory.packed.lz4 import unpack_block
from pratique.inventory.packed.members import DIRECTORY, Member
from pratique.model import FileKind

MAGIC = b"hsqs"
BIG_ENDIAN = b"sqsh"
_SUPER = struct.Struct("<4sIIIIHHHHHHQQQQQQQQ")
_METADATA = 8192
_UNCOMPRESSED = 1 << 24
_NONE = 0xFFFFFFFF
_NO_FRAGMENT = 0xFFFFFFFF
_MAX_BLOCK = 1 << 20
_MAX_DEPTH = 200
_COMPRESSORS = {1: "gzip", 2: "lzma", 3: "lzo", 4: "xz", 5: "lz4", 6: "zstd"}
_DIRS, _FILES, _LINKS = (1, 8), (2, 9), (3, 10)
_OTHERS = {4: FileKind.BLOCK_DEVICE, 11: FileKind.BLOCK_DEVICE, 5: FileKind.CHAR_DEVICE, 12: FileKind.CHAR_DEVICE}
_OTHERS |= {6: FileKind.FIFO, 13: FileKind.FIFO}
_CACHED = 64


def squashfs_members(view: memoryview, budget: Budget) -> Iterator[Member]:
    """Every member, folders before what is in them. Raises Malformed, LimitExceeded."""
    yield from _Image(view, budget).members()


class _Image:
    def __init__(self, view: memoryview, budget: Budget) -> None:
        if len(view) < _SUPER.size:
            raise Malformed("a squashfs image that is cut off")
        fields = _SUPER.unpack_from(view)
        _, _, _, self._block, self._fragments, compression, _, _, _, major, _, self._root, used = fields[:13]
        self._inodes_at, self._folders_at, self._fragments_at = fields[15], fields[16], fields[17]
        if major != 4:
            raise Malformed(f"squashfs of version {major}, which is not read")
        if not 4096 <= self._block <= _MAX_BLOCK or used > len(view):
            raise Malformed("a squashfs image that is cut off" if used > len(view) else "a squashfs image with no valid blocks")
        name = _COMPRESSORS.get(compression, f"compressor {compression}")
        inflate = _INFLATERS.get(name)
        if inflate is None:
            raise Malformed(f"squashfs compressed by {name}, which is not read")
        self._view, self._budget, self._inflate = view, budget, inflate
        self._metadata: OrderedDict[int, tuple[bytes, int]] = OrderedDict()
        self._blocks: OrderedDict[int, bytes] = OrderedDict()

    def members(self) -> Iterator[Member]:
        seen: set[int] = set()
        waiting: list[tuple[bytes, int, int]] = [(b"", self._root, 0)]
        while waiting:
            prefix, reference, depth = waiting.pop()
            if reference in seen or depth > _MAX_DEPTH:
                raise Malformed("a squashfs image whose folders are in each other")
            seen.add(reference)
            inner: list[tuple[bytes, int, int]] = []
            for name, place in self._folder(reference):
                path = prefix + name
                kind, member = self._member(path, place)
                yield member
                if kind in _DIRS:
                    inner.append((path + b"/", place, depth + 1))
            waiting += reversed(inner)

    def _raw(self, at: int, size: int) -> memoryview:
        if at < 0 or size < 0 or at + size > len(self._view):
            raise Malformed("a squashfs image that points outside of itself")
        return self._view[at : at + size]

    def _metadata_block(self, at: int) -> tuple[bytes, int]:
        """A block of metadata at an offset of the image, and where the next begins."""
        found = self._metadata.get(at)
        if found is None:
            (word,) = struct.unpack("<H", self._raw(at, 2))
            size = word & 0x7FFF
            data = self._raw(at + 2, size)
            out = bytes(data) if word & 0x8000 else self._inflate(data, _METADATA)
            self._budget.inflate(len(out))
            found = self._metadata[at] = out, at + 2 + size
            if len(self._metadata) > _CACHED:
                self._metadata.popitem(last=False)
        return found

    def _read(self, table: int, block: int, offset: int, size: int) -> bytes:
        """Bytes of a table of metadata, across as many blocks as they take."""
        out = bytearray()  # grows in place: a listing takes thousands of blocks
        at = table + block
        while True:
            data, following = self._metadata_block(at)
            out += data[offset : offset + size - len(out)]
            if len(out) >= size:
                return bytes(out)
            if len(data) < _METADATA:
                raise Malformed("a squashfs image whose metadata is cut off")
            at, offset = following, 0

    def _inode(self, reference: int, size: int, skip: int = 0) -> bytes:
        block, offset = reference >> 16, (reference & 0xFFFF) + skip
        return self._read(self._inodes_at, block, offset, size) if offset < _METADATA else self._far(block, offset, size)

    def _far(self, block: int, offset: int, size: int) -> bytes:
        """What begins in a later block than the one that is named."""
        at = self._inodes_at + block
        while offset >= _METADATA:
            _, at = self._metadata_block(at)
            offset -= _METADATA
        return self._read(at, 0, offset, size)

    def _folder(self, reference: int) -> Iterator[tuple[bytes, int]]:
        """Name and inode of everything in a folder."""
        kind = struct.unpack("<H", self._inode(reference, 2))[0]
        if kind == 1:
            block, _, size, offset, _ = struct.unpack("<IIHHI", self._inode(reference, 16, 16))
        elif kind == 8:
            _, size, block, _, _, offset, _ = struct.unpack("<IIIIHHI", self._inode(reference, 24, 16))
        else:
            raise Malformed("a squashfs folder that is none")
        left = size - 3  # as if "." and ".." stood there
        if left <= 0:
            return
        data = self._listing(block, offset, left)
        at = 0
        while at + 12 <= len(data):
            count, start, _ = struct.unpack_from("<III", data, at)
            at += 12
            if count >= 256:
                raise Malformed("a squashfs folder with too many names")
            for _ in range(count + 1):
                if at + 8 > len(data):
                    raise Malformed("a squashfs folder that breaks off")
                where, _, _, length = struct.unpack_from("<HhHH", data, at)
                name = data[at + 8 : at + 9 + length]
                at += 9 + length
                if not name or b"/" in name or name in (b".", b".."):
                    raise Malformed("a squashfs folder with a name that is none")
                yield name, start << 16 | where

    def _listing(self, block: int, offset: int, size: int) -> bytes:
        if size > 64 << 20:
            raise LimitExceeded("a squashfs folder of more than 64 MiB")
        return self._read(self._folders_at, block, offset, size)

    def _member(self, path: bytes, reference: int) -> tuple[int, Member]:
        kind, mode = struct.unpack("<HH", self._inode(reference, 4))
        mode &= 0o7777
        if kind in _DIRS:
            return kind, Member(path, DIRECTORY, mode)
        if kind in _LINKS:
            (size,) = struct.unpack("<I", self._inode(reference, 4, 20))
            if size > 65_536:
                raise Malformed("a squashfs link of no valid length")
            return kind, Member(path, FileKind.SYMLINK, mode, 0, self._inode(reference, size, 24) if size else b"")
        if kind in _OTHERS:
            return kind, Member(path, _OTHERS[kind], mode)
        if kind == 2:
            start, fragment, offset, size = struct.unpack("<IIII", self._inode(reference, 16, 16))
            sizes_at = 32
        elif kind == 9:
            start, size, _, _, fragment, offset, _ = struct.unpack("<QQQIIII", self._inode(reference, 40, 16))
            sizes_at = 56
        else:
            return kind, Member(path, FileKind.FIFO, mode)  # a socket
        blocks = size // self._block if fragment != _NO_FRAGMENT else -(-size // self._block)
        if blocks > len(self._view) + 1:
            raise Malformed("a squashfs file of more blocks than there are bytes")

        def pieces() -> Iterator[memoryview]:
            yield from self._pieces(reference, sizes_at, blocks, start, size)
            if fragment != _NO_FRAGMENT and size % self._block:
                tail = self._fragment(fragment)[offset : offset + size % self._block]
                if len(tail) != size % self._block:
                    raise Malformed("a squashfs file whose end is not there")
                self._budget.inflate(len(tail))  # any number of files may name the same
                yield memoryview(tail)

        return kind, Member(path, FileKind.FILE, mode, size, b"", pieces)

    def _pieces(self, reference: int, sizes_at: int, blocks: int, start: int, size: int) -> Iterator[memoryview]:
        left = size
        for first in range(0, blocks, 1024):
            count = min(1024, blocks - first)
            for word in struct.unpack(f"<{count}I", self._inode(reference, 4 * count, sizes_at + 4 * first)):
                want = min(self._block, left)
                left -= want
                if not word:  # a hole
                    self._budget.inflate(want)
                    yield memoryview(bytes(want))
                    continue
                length = word & (_UNCOMPRESSED - 1)
                out = self._data(start, length, compressed=not word & _UNCOMPRESSED)
                start += length
                if len(out) != want:
                    raise Malformed("a squashfs block of another size than it has to be")
                yield memoryview(out)

    def _data(self, at: int, length: int, *, compressed: bool) -> bytes:
        if length > self._block:  # else much could be read for nothing
            raise Malformed("a squashfs block that is larger than blocks are")
        data = self._raw(at, length)
        out = self._inflate(data, self._block) if compressed else bytes(data)
        self._budget.inflate(len(out))
        return out

    def _fragment(self, index: int) -> bytes:
        found = self._blocks.get(index)
        if found is None:
            if index >= self._fragments:
                raise Malformed("a squashfs fragment that is not there")
            (block,) = struct.unpack("<Q", self._raw(self._fragments_at + 8 * (index // 512), 8))
            start, word, _ = struct.unpack("<QII", self._read(block, 0, 16 * (index % 512), 16))
            found = self._data(start, word & (_UNCOMPRESSED - 1), compressed=not word & _UNCOMPRESSED)
            self._blocks[index] = found
            if len(self._blocks) > _CACHED // 4:
                self._blocks.popitem(last=False)
        return found


def _gzip(data: memoryview, most: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, most)
    except zlib.error as error:
        raise Malformed("a broken block in a squashfs image") from error


def _xz(data: memoryview, most: int) -> bytes:
    try:
        return lzma.LZMADecompressor(memlimit=64 << 20).decompress(data, most)
    except (lzma.LZMAError, EOFError) as error:
        raise Malformed("a broken block in a squashfs image") from error


def _lzma(data: memoryview, most: int) -> bytes:
    try:
        return lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=64 << 20).decompress(data, most)
    except (lzma.LZMAError, EOFError) as error:
        raise Malformed("a broken block in a squashfs image") from error


def _zstd(data: memoryview, most: int) -> bytes:
    import zstandard

    try:
        return zstandard.ZstdDecompressor(max_window_size=8 << 20).decompress(data, max_output_size=most)
    except zstandard.ZstdError as error:
        raise Malformed("a broken block in a squashfs image") from error


def _lz4(data: memoryview, most: int) -> bytes:
    return unpack_block(bytes(data), most)


_INFLATERS: dict[str, Callable[[memoryview, int], bytes]] = {"gzip": _gzip, "xz": _xz, "lzma": _lzma, "zstd": _zstd, "lz4": _lz4}
