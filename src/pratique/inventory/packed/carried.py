"""What programs and scripts carry behind or inside themselves. Pure."""

from collections.abc import Callable

from pratique.artifact.selection import Chosen
from pratique.inventory.packed import formats
from pratique.inventory.packed.facts import OpenedFile
from pratique.inventory.packed.limits import Budget
from pratique.inventory.packed.opening import open_packed
from pratique.inventory.packed.zips import has_directory

EXECUTABLES = frozenset({b"\x7fELF", b"MZ", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"})


def carried(view: memoryview, inside: Callable[[], Chosen], budget: Budget) -> OpenedFile | None:
    """None for what carries nothing."""
    if has_directory(view):
        return open_packed(view, formats.ZIP, inside(), budget)
    return None
