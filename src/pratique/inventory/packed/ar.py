"""The members of a Unix archive as dpkg writes it (deb(5), ar(5)). Pure."""

from collections.abc import Iterator

from pratique.errors import Malformed
from pratique.inventory.packed.members import Member, whole
from pratique.model import FileKind

MAGIC = b"!<arch>\n"
_HEADER = 60
_MOST = 1_000


def ar_members(view: memoryview) -> Iterator[Member]:
    """Every member. Raises Malformed where the archive breaks off."""
    at = len(MAGIC)
    for _ in range(_MOST):
        if at >= len(view):
            return
        header = bytes(view[at : at + _HEADER])
        digits = header[48:58].strip()
        if len(header) < _HEADER or header[58:60] != b"`\n" or not digits.isdigit():
            raise Malformed("a broken member header")
        size, at = int(digits), at + _HEADER
        if at + size > len(view):
            raise Malformed(f"truncated: {at + size - len(view)} bytes of a member are not there")
        yield Member(header[:16].rstrip(b" ").rstrip(b"/"), FileKind.FILE, 0o644, size, b"", whole(view[at : at + size]))
        at += size + size % 2
    raise Malformed(f"more than {_MOST} members")
