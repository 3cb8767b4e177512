"""Inflate a stream of strangers in pieces: gzip (RFC 1952), bzip2, xz and its predecessor lzma, zstd (RFC 8878). Pure.

All members and frames that follow each other are read, as the tools do. What breaks off is said after what stands before it was
given: the beginning of a torn archive is known all the same.
"""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from isal import isal_zlib

from pratique.errors import LimitExceeded, Malformed
from pratique.inventory.packed.limits import Budget
from pratique.inventory.packed.lz4 import FRAME, LEGACY, lz4_pieces

_PIECE = 1 << 20
_FEED = 64 << 10
_ZSTD = b"\x28\xb5\x2f\xfd"
_LZMA_MOST = 128 << 20
_ERRORS: Any = (isal_zlib.error, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError)


def compression_of(head: bytes) -> str:
    """By how it begins; "" for none of them."""
    if head[:2] == b"\x1f\x8b" and head[2:3] == b"\x08":
        return "gzip"
    if head[:3] == b"BZh" and head[3:4] in b"123456789" and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90"):
        return "bzip2"
    if head[:6] == b"\xfd7zXZ\0":
        return "xz"
    if head[:4] == _ZSTD or (head[1:4] == b"\x2a\x4d\x18" and 0x50 <= head[0] < 0x60):
        return "zstd"
    if head[:4] in (FRAME, LEGACY):
        return "lz4"
    # A dictionary of whole megabytes and a size that is unknown or below a terabyte: nothing else begins so.
    if head[:3] == b"\x5d\0\0" and len(head) >= 13 and head[10:13] in (b"\0\0\0", b"\xff\xff\xff"):
        return "lzma"
    return ""


def inflated(kind: str, view: memoryview, budget: Budget) -> Iterator[bytes]:
    """The bytes in pieces of at most 1 MiB. `kind`: as `compression_of` says. Raises Malformed, LimitExceeded."""
    pieces = _zstd(view, budget) if kind == "zstd" else lz4_pieces(view) if kind == "lz4" else _chain(kind, view)
    for piece in pieces:
        budget.inflate(len(piece))
        yield piece


def first_bytes(kind: str, view: memoryview, size: int) -> bytes:
    """The first bytes, or fewer where the stream is broken. Costs no more than they do."""
    out = b""
    for reach in (4 << 10, 1 << 20):  # blocks of bzip2, and of zstd, are larger than what is nearly always enough
        try:
            if kind == "zstd":
                out = next(_zstd(view[:reach], None, size), b"")
            elif kind == "lz4":
                out = next(lz4_pieces(view), b"")
            else:
                # Not isal: making one of its inflaters costs more than this.
                inflater = zlib.decompressobj(16 + zlib.MAX_WBITS) if kind == "gzip" else _inflater(kind)
                out = inflater.decompress(view[:reach], size)
        except (Malformed, *_ERRORS):
            return out[:size]
        if len(out) >= size or reach >= len(view):
            break
    return out[:size]


def raw_deflate(view: memoryview, budget: Budget) -> Iterator[bytes]:
    """A bare deflate stream (RFC 1951). Raises Malformed, LimitExceeded."""
    for piece in _members(view, lambda: isal_zlib.decompressobj(-zlib.MAX_WBITS), "deflate", single=True):
        budget.inflate(len(piece))
        yield piece


def _inflater(kind: str) -> Any:
    if kind == "gzip":
        return isal_zlib.decompressobj(16 + zlib.MAX_WBITS)
    if kind == "bzip2":
        return bz2.BZ2Decompressor()
    form = lzma.FORMAT_XZ if kind == "xz" else lzma.FORMAT_ALONE
    return lzma.LZMADecompressor(form, memlimit=_LZMA_MOST)


def _chain(kind: str, view: memoryview) -> Iterator[bytes]:
    return _members(view, lambda: _inflater(kind), kind)


def _members(view: memoryview, make: Callable[[], Any], kind: str, *, single: bool = False) -> Iterator[bytes]:
    position = 0
    while position < len(view):
        inflater = make()
        begin, held, like_zlib = position, b"", hasattr(inflater, "unconsumed_tail")
        while not inflater.eof:
            data: Any = held
            if not held and (like_zlib or inflater.needs_input):
                data = view[position : position + _FEED]
                position += len(data)
                if not data and not like_zlib:
                    raise Malformed(f"truncated: the {kind} stream breaks off")
            try:
                out = inflater.decompress(data, _PIECE)
            except _ERRORS as error:
                if "emory" in str(error):
                    raise LimitExceeded(f"{kind} that wants more than {_LZMA_MOST} bytes of memory") from error
                raise Malformed(f"the {kind} stream that begins at byte {begin} is broken") from error
            held = inflater.unconsumed_tail if like_zlib else b""
            if out:
                yield out
            elif like_zlib and not data and not inflater.eof:
                raise Malformed(f"truncated: the {kind} stream breaks off")
        position -= len(inflater.unused_data)
        if single or kind == "lzma":
            return
        # Zeros pad the end: of what was on a tape, and of xz up to a multiple of four.
        while position < len(view) and view[position] == 0:
            position += 1
        if position < len(view) and compression_of(bytes(view[position : position + 16])) != kind:
            raise Malformed(f"{len(view) - position} bytes follow the {kind} stream: not read")


def _zstd(view: memoryview, budget: Budget | None, least: int = 0) -> Iterator[bytes]:
    import zstandard

    from pratique.artifact.zstdframes import FrameEnds

    window = budget.limits.window_bytes if budget is not None else 8 << 20
    ends = FrameEnds()
    try:
        decompressor = zstandard.ZstdDecompressor(max_window_size=window)
        with decompressor.stream_reader(view, read_across_frames=True) as reader:
            while piece := reader.read(least or _PIECE):
                yield piece
    except zstandard.ZstdError as error:
        if "memory" in str(error):
            raise LimitExceeded(f"a zstd frame looks back further than {window} bytes") from error
        raise Malformed("broken zstd stream") from error
    if budget is not None:
        for at in range(0, len(view), _PIECE):
            ends.show(bytes(view[at : at + _PIECE]))
        if not ends.complete:
            raise Malformed("truncated: the zstd stream breaks off")
