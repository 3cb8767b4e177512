"""Follows the frames of a zstd stream (RFC 8878 §3.1) to know whether it ends where a frame does. Pure.

The decompressor gives what it has when its input ends, whether or not the frame was complete: a cut-off layer would pass
for a shorter one.
"""

from enum import Enum, auto

_MAGIC = 0xFD2FB528


class _Part(Enum):
    """What the next bytes are, and how many they must be to be read."""

    MAGIC = auto()
    DESCRIPTOR = auto()
    BLOCK = auto()
    SKIPPABLE_SIZE = auto()


_NEED = {_Part.MAGIC: 4, _Part.DESCRIPTOR: 1, _Part.BLOCK: 3, _Part.SKIPPABLE_SIZE: 4}


class FrameEnds:
    """Is shown the compressed bytes in order. Content is skipped, only the headers of frames and blocks are looked at."""

    def __init__(self) -> None:
        self._next = _Part.MAGIC
        self._held = b""
        self._skip = 0
        self._checksum = 0

    @property
    def complete(self) -> bool:
        """Whether everything shown so far is whole frames."""
        return self._next is _Part.MAGIC and not self._held and not self._skip

    def show(self, data: bytes) -> None:
        """The next bytes of the stream. What is no frame at all is left to the decompressor to refuse."""
        position = 0
        while position < len(data):
            if self._skip:
                step = min(self._skip, len(data) - position)
                self._skip -= step
                position += step
                continue
            need = _NEED[self._next]
            piece = data[position : position + need - len(self._held)]
            position += len(piece)
            self._held += piece
            if len(self._held) == need:
                value, self._held = int.from_bytes(self._held, "little"), b""
                self._read(value)

    def _read(self, value: int) -> None:
        if self._next is _Part.MAGIC:
            self._next = _Part.DESCRIPTOR if value == _MAGIC else _Part.SKIPPABLE_SIZE
        elif self._next is _Part.SKIPPABLE_SIZE:
            self._skip, self._next = value, _Part.MAGIC
        elif self._next is _Part.DESCRIPTOR:
            # §3.1.1.1: window descriptor unless single segment, dictionary ID, content size.
            single, size_flag = value >> 5 & 1, value >> 6
            self._checksum = 4 if value >> 2 & 1 else 0
            self._skip = (0 if single else 1) + (0, 1, 2, 4)[value & 3] + (single, 2, 4, 8)[size_flag]
            self._next = _Part.BLOCK
        else:
            # §3.1.1.2: last block, type, size; a run-length block stores one byte.
            last, kind, size = value & 1, value >> 1 & 3, value >> 3
            self._skip = (1 if kind == 1 else size) + (self._checksum if last else 0)
            self._next = _Part.MAGIC if last else _Part.BLOCK
