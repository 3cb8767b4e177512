"""Which artifacts a permission is about: repositories and names, by whole path segments from the start. Pure.

`registry.example.com/acme` covers itself and everything below it, `registry.example.com/acme/app`, and not
`registry.example.com/acme-evil`. `*` covers everything. There are no other patterns.
"""

import re
from dataclasses import dataclass

from pratique.errors import Malformed

_SEGMENTS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+~-]*(?::[0-9]{1,5})?(?:/[A-Za-z0-9_][A-Za-z0-9._+~-]*)*")
_DIGEST = re.compile(r"@sha(?:256|512):[0-9a-f]+$")
MAX_NAME = 1024  # characters


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """A prefix of names. `segments`: the prefix's parts; none of them for everything."""

    segments: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Scope":
        """Read a scope as it is written. Raises Malformed with what to write instead."""
        if text == "*":
            return cls(())
        if "*" in text:
            raise Malformed(f"a scope with a wildcard: {text[:80]!r}", hint="a scope covers all below it: write it without *")
        if len(text) > MAX_NAME or not _SEGMENTS.fullmatch(text):
            raise Malformed(f"not a scope: {text[:80]!r}", hint="write HOST/REPOSITORY or its beginning, by whole segments")
        first, *below = text.split("/")
        return cls((first.lower(), *below))

    def covers(self, name: str) -> bool:
        """Whether an artifact of this name, with or without tag and digest, is meant."""
        return name_segments(name)[: len(self.segments)] == self.segments

    def __str__(self) -> str:
        return "/".join(self.segments) or "*"


EVERYTHING = Scope(())


def name_segments(name: str) -> tuple[str, ...]:
    """The parts of an artifact's name, host in lower case, without tag and digest. None for a name that could mean several.

    Such are names with empty segments or dots to climb with: only the scope of everything covers those.
    """
    bare = _DIGEST.sub("", name)
    head, slash, last = bare.rpartition("/")
    bare = head + slash + last.partition(":")[0]
    if len(name) > MAX_NAME or not _SEGMENTS.fullmatch(bare):
        return ()
    first, *below = bare.split("/")
    return (first.lower(), *below)
