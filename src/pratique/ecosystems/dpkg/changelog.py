"""The newest entry of a Debian changelog (Debian Policy §4.4, §12.7): which version of which source a package was built from.

Only the first line is read, of the first few kilobytes. Most images leave changelogs out.
"""

import zlib
from dataclasses import dataclass, field

from pratique.artifact.content import FileContent
from pratique.artifact.selection import Interest
from pratique.lexicon.lazy_regex import lazy

CHANGELOGS = ("changelog.Debian.gz", "changelog.gz")
"""The second is a native package's; of any other it is the upstream author's, in a form of its own."""
NEWEST = "debian-changelog"
"""The probe's name."""
_READ = 4096
_LINE = 512
_GZIP = 16 + zlib.MAX_WBITS
_ENTRY = lazy(rb"([a-z0-9][a-z0-9+.-]+ \([A-Za-z0-9.+:~-]+\)) ")


@dataclass(frozen=True, slots=True)
class ChangelogProbe:
    """Its fact is `source (version)`."""

    name: str = NEWEST
    interest: Interest = field(default=Interest(names=frozenset(CHANGELOGS), reach=_READ))

    def applies(self, path: str, size: int, head: bytes) -> bool:
        """Where packages keep their documentation."""
        return "usr/share/doc/" in path

    def read(self, content: FileContent) -> bytes:
        """The fact; empty for what is no changelog of Debian's form."""
        try:
            text = zlib.decompressobj(_GZIP).decompress(content.read(0, _READ), _LINE)
        except zlib.error:
            return b""
        found = _ENTRY.match(text)
        return found.group(1) if found else b""
