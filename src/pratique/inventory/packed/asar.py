"""Archives of Electron (electron/asar, README, «Format»): a header in JSON, then the files behind each other. Pure."""

import struct
from collections.abc import Iterator
from typing import Any

from pratique.errors import LimitExceeded, Malformed
from pratique.inventory.packed.limits import Budget
from pratique.inventory.packed.members import Member, broken, counted
from pratique.lexicon.parse import read_json_object
from pratique.lexicon.values import table_or_empty, text_or_empty
from pratique.model import FileKind

_HEAD = struct.Struct("<IIII")
_MAX_HEADER = 64 << 20
_MAX_DEPTH = 200
_UNPACKED = "lies beside the archive"


def is_asar(head: bytes) -> bool:
    """The sizes of two pickles in each other, and the first bytes of the header."""
    if len(head) < 24 or head[:4] != b"\4\0\0\0":
        return False
    _, outer, inner, length = _HEAD.unpack_from(head)
    return bool(outer == inner + 4 and inner >= length + 4 and head[16:17] == b"{")


def asar_members(view: memoryview, budget: Budget) -> Iterator[Member]:
    """Every file and link. Raises Malformed, LimitExceeded."""
    _, outer, _, length = _HEAD.unpack_from(view)
    if length > _MAX_HEADER:
        raise LimitExceeded(f"an Electron archive with a header of more than {_MAX_HEADER} bytes")
    budget.inflate(length)
    header = read_json_object(bytes(view[16 : 16 + length]))
    begin = 8 + outer
    waiting: list[tuple[str, dict[str, Any], int]] = [("", header, 0)]
    while waiting:
        prefix, folder, depth = waiting.pop()
        if depth > _MAX_DEPTH:
            raise LimitExceeded(f"an Electron archive deeper than {_MAX_DEPTH} folders")
        for name, value in table_or_empty(folder.get("files")).items():
            entry, path = table_or_empty(value), f"{prefix}{name}"
            if "files" in entry:
                waiting.append((f"{path}/", entry, depth + 1))
            else:
                yield _member(view, path.encode("utf-8", "surrogateescape"), entry, begin, budget)


def _member(view: memoryview, name: bytes, entry: dict[str, Any], begin: int, budget: Budget) -> Member:
    if "link" in entry:
        return Member(name, FileKind.SYMLINK, 0o777, 0, text_or_empty(entry["link"]).encode("utf-8", "surrogateescape"))
    size, offset = entry.get("size"), text_or_empty(entry.get("offset"))
    if entry.get("unpacked") is True:
        return Member(name, FileKind.FILE, 0o644, 0, b"", broken(_UNPACKED))
    if not isinstance(size, int) or size < 0 or not offset.isdigit() or len(offset) > 20:
        raise Malformed("an Electron archive with a file of no valid place")
    at = begin + int(offset)
    if at + size > len(view):
        return Member(name, FileKind.FILE, 0o644, size, b"", broken("points outside of the archive"))
    return Member(name, FileKind.FILE, 0o644, size, b"", counted(view[at : at + size], budget))
