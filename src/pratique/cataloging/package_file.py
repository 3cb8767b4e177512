"""A package file, told in the words of an installation: what an installer would write into an empty root. Pure.

So the cataloger of its ecosystem reads it as it reads what is installed, and nothing has to be known twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageFile:
    """`kind`: in words. `identity`: path in the root of what tells of the package itself. `origin`: where in the file that was
    read; "" for there. `contents`, `facts`: as in a `Tree`, laid over what the file holds. `moved`: a folder of the file, and
    where an installer puts what is in it. `needs`: what the package says that it needs, as written.
    `family`: the type of purl, of packages of a system. `system`: the id of the system that it says it is made for.
    """

    kind: str
    identity: str
    origin: str = ""
    contents: Mapping[str, bytes] = field(default_factory=dict)
    facts: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    moved: tuple[str, str] | None = None
    needs: tuple[str, ...] = ()
    family: str = ""
    system: str = ""


def one_line(text: object) -> str:
    """A value for a database that has one value a line: without line breaks and other control characters."""
    return " ".join(str(text).split())[:4096] if text is not None else ""
