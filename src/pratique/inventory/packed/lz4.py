"""LZ4, read in Python: no library of ours has it (lz4, doc/lz4_Block_format.md, doc/lz4_Frame_format.md 1.6.1). Pure.

Frames and the older form that Linux takes for its initramfs. Checksums are not compared: what is read is evidence, not what runs.
"""

from collections.abc import Generator, Iterator

from pratique.errors import Malformed

FRAME, LEGACY = b"\x04\x22\x4d\x18", b"\x02\x21\x4c\x18"
_LEGACY_BLOCK = 8 << 20
_LARGEST = 4 << 20
_HISTORY = 64 << 10
_UNCOMPRESSED = 1 << 31


def unpack_block(source: bytes, most: int, before: bytes = b"") -> bytes:
    """One block. `most`: bytes it may come to. `before`: what it may refer back to. Raises Malformed."""
    out = bytearray(before)
    at, end, limit = 0, len(source), len(before) + most
    try:
        while at < end:
            token = source[at]
            at += 1
            literals, at = _length(source, at, token >> 4)
            if at + literals > end:
                raise Malformed("an LZ4 block that is cut off")
            out += source[at : at + literals]
            at += literals
            if at == end:
                break
            offset = source[at] | source[at + 1] << 8
            length, at = _length(source, at + 2, token & 15)
            length += 4
            if not 0 < offset <= len(out) or len(out) + length > limit:
                raise Malformed("an LZ4 block that refers to what is not there, or is too large")
            begin = len(out) - offset
            if offset >= length:
                out += out[begin : begin + length]
            else:
                out += (out[begin:] * (length // offset + 1))[:length]
    except IndexError as error:
        raise Malformed("an LZ4 block that is cut off") from error
    if len(out) > limit:
        raise Malformed("an LZ4 block that is too large")
    return bytes(out[len(before) :])


def _length(source: bytes, at: int, length: int) -> tuple[int, int]:
    if length == 15:
        while True:
            more = source[at]
            at += 1
            length += more
            if more != 255:
                break
    return length, at


def lz4_pieces(view: memoryview) -> Iterator[bytes]:
    """All frames behind each other. Raises Malformed."""
    at = 0
    while at < len(view):
        magic = bytes(view[at : at + 4])
        if magic == FRAME:
            at = yield from _frame(view, at + 4)
        elif magic == LEGACY:
            at = yield from _legacy(view, at + 4)
        elif bytes(view[at:]).strip(b"\0"):
            raise Malformed(f"{len(view) - at} bytes follow the LZ4 stream: not read")
        else:
            return


def _frame(view: memoryview, at: int) -> Generator[bytes, None, int]:
    flags, size = bytes(_cut(view, at, 2))
    if flags >> 6 != 1:
        raise Malformed("an LZ4 frame of another version")
    most = {4: 64 << 10, 5: 256 << 10, 6: 1 << 20, 7: _LARGEST}.get(size >> 4 & 7, _LARGEST)
    at += 3 + (8 if flags & 8 else 0) + (4 if flags & 1 else 0)
    linked, checked = not flags & 0x20, flags & 0x10
    before = b""
    while True:
        word = int.from_bytes(_cut(view, at, 4), "little")
        at += 4
        if not word:
            return at + (4 if flags & 4 else 0)
        length = word & (_UNCOMPRESSED - 1)
        data = bytes(_cut(view, at, length))
        at += length + (4 if checked else 0)
        out = data if word & _UNCOMPRESSED else unpack_block(data, most, before)
        before = (before + out)[-_HISTORY:] if linked else b""
        yield out


def _legacy(view: memoryview, at: int) -> Generator[bytes, None, int]:
    while at + 4 <= len(view):
        word = bytes(view[at : at + 4])
        if word in (FRAME, LEGACY, b"\0\0\0\0"):
            return at
        length = int.from_bytes(word, "little")
        out = unpack_block(bytes(_cut(view, at + 4, length)), _LEGACY_BLOCK)
        at += 4 + length
        yield out
    return at


def _cut(view: memoryview, at: int, size: int) -> memoryview:
    if at + size > len(view):
        raise Malformed("truncated: the LZ4 stream breaks off")
    return view[at : at + size]
