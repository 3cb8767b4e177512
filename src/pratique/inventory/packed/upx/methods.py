"""The compressions that UPX uses: NRV, LZMA and deflate, each a block at a time. Pure."""

import lzma
import zlib

from pratique.errors import LimitExceeded, Malformed
from pratique.inventory.packed.limits import Budget
from pratique.inventory.packed.upx.nrv import NRV2B, NRV2D, NRV2E, unpack_nrv

_NRV = {
    2: (NRV2B, 4),
    3: (NRV2B, 1),
    4: (NRV2B, 2),
    5: (NRV2D, 4),
    6: (NRV2D, 1),
    7: (NRV2D, 2),
    8: (NRV2E, 4),
    9: (NRV2E, 1),
    10: (NRV2E, 2),
}
_LZMA, _DEFLATE = 14, 15
KNOWN = frozenset({*_NRV, _LZMA, _DEFLATE})
MOST_BITWISE = 48 << 20
"""Bytes that are unpacked bit by bit at most, a minute's work: of what goes in, since that is what it costs."""

_FLOOR, _RATIO, _MOST = 48 << 20, 40, 512 << 20
"""Programs shrink to a half or a tenth."""
_WINDOW = 128 << 20
"""What LZMA may look back. It is held in memory beside what comes out."""
_FEED, _PIECE = 64 << 10, 1 << 20


def hold(size: int, packed: int, budget: Budget) -> None:
    """Count a program of `size` bytes, out of a file of `packed`. Raises LimitExceeded: programs do not shrink so much."""
    most = min(_FLOOR + _RATIO * packed, _MOST)
    if size > most:
        raise LimitExceeded(f"{size} bytes would come out of it, and more than {most} are not unpacked")
    budget.inflate(size)


def is_bitwise(method: int) -> bool:
    """Whether a compression is undone here, and not by a library: it counts against `MOST_BITWISE`."""
    return method in _NRV


def unpack_block(data: memoryview, method: int, into: memoryview) -> None:
    """Unpack all of `into`, without another copy of it but by NRV. Raises Malformed."""
    if method in _NRV:
        kind, unit = _NRV[method]
        into[:] = unpack_nrv(kind, bytes(data), len(into), unit)
    elif method == _LZMA:
        _lzma(data, into)
    elif method == _DEFLATE:
        _deflate(data, into)
    else:
        raise Malformed(f"it is compressed in a way that is not known ({method})")


def _lzma(data: memoryview, into: memoryview) -> None:
    """Behind two bytes of settings in a form of UPX's own, and without a mark at its end."""
    if len(data) < 3:
        raise Malformed("compressed data that breaks off")
    # How far it looks back is not written: no further than to its beginning.
    window = min(max(len(into), 4096), _WINDOW)
    settings = {"id": lzma.FILTER_LZMA1, "dict_size": window, "pb": data[0] & 7, "lp": data[1] >> 4, "lc": data[1] & 15}
    source, at = data[2:], 0
    try:
        decompressor = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[settings])
        while at < len(into):
            piece, source = (source[:_FEED], source[_FEED:]) if decompressor.needs_input else (source[:0], source)
            out = decompressor.decompress(piece, min(_PIECE, len(into) - at))
            if not out and not piece and decompressor.needs_input:
                raise Malformed("compressed data of another size than it says")
            into[at : at + len(out)] = out
            at += len(out)
    except (lzma.LZMAError, EOFError, ValueError) as error:
        raise Malformed(f"its LZMA data is broken, of an unusual kind, or looks back further than {_WINDOW} bytes") from error


def _deflate(data: memoryview, into: memoryview) -> None:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    at = 0
    held: memoryview | bytes = b""
    try:
        while at < len(into):
            if not held:
                held, data = data[:_FEED], data[_FEED:]
            out = inflater.decompress(held, min(_PIECE, len(into) - at))
            if not out and not data:
                raise Malformed("compressed data of another size than it says")
            held = inflater.unconsumed_tail
            into[at : at + len(out)] = out
            at += len(out)
    except zlib.error as error:
        raise Malformed("its deflated data is broken") from error
