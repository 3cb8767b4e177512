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
"""A program is held in memory twice while it is unpacked. Programs shrink to a half or a tenth."""


def hold(size: int, packed: int, budget: Budget) -> None:
    """Count a program of `size` bytes, out of a file of `packed`. Raises LimitExceeded: programs do not shrink so much."""
    most = min(_FLOOR + _RATIO * packed, _MOST)
    if size > most:
        raise LimitExceeded(f"{size} bytes would come out of it, and more than {most} are not unpacked")
    budget.inflate(size)


def is_bitwise(method: int) -> bool:
    """Whether a compression is undone here, and not by a library: it counts against `MOST_BITWISE`."""
    return method in _NRV


def unpack_block(data: bytes, method: int, size: int) -> bytearray:
    """The `size` bytes that were packed. Raises Malformed."""
    if method in _NRV:
        kind, unit = _NRV[method]
        return unpack_nrv(kind, data, size, unit)
    if method == _LZMA:
        out = _lzma(data, size)
    elif method == _DEFLATE:
        out = _deflate(data, size)
    else:
        raise Malformed(f"it is compressed in a way that is not known ({method})")
    if len(out) != size:
        raise Malformed("compressed data of another size than it says")
    return bytearray(out)


def _lzma(data: bytes, size: int) -> bytes:
    """Behind two bytes of settings in a form of UPX's own, and without a mark at its end."""
    if len(data) < 3:
        raise Malformed("compressed data that breaks off")
    settings = {"id": lzma.FILTER_LZMA1, "dict_size": max(size, 4096), "pb": data[0] & 7, "lp": data[1] >> 4, "lc": data[1] & 15}
    try:
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[settings]).decompress(data[2:], size)
    except (lzma.LZMAError, ValueError) as error:
        raise Malformed("its LZMA data is broken, or of an unusual kind") from error


def _deflate(data: bytes, size: int) -> bytes:
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, size)
    except zlib.error as error:
        raise Malformed("its deflated data is broken") from error
