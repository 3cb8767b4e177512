"""Authorities and the counting of their voices. Pure.

Keys are named by keyid, the hex SHA-256 of their DER SubjectPublicKeyInfo; keys themselves belong to the rooms above.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pratique.errors import Malformed

_KEYID = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A party that signs. `keyids`: 64 hex digits each, at least one. Raises Malformed when either is not so."""

    name: str
    keyids: frozenset[str]

    def __post_init__(self) -> None:
        if not self.name or self.name != self.name.strip() or not self.name.isprintable():
            raise Malformed(f"not a name for an authority: {self.name[:80]!r}")
        if not self.keyids:
            raise Malformed(f"authority {self.name!r} has no key")
        for keyid in self.keyids:
            if not _KEYID.fullmatch(keyid):
                raise Malformed(f"authority {self.name!r}: not a key id: {keyid[:80]!r}")


@dataclass(frozen=True, slots=True)
class Authorities:
    """All known authorities. A key or a name that stands in two of them is refused: one voice must not count twice."""

    items: tuple[Authority, ...] = ()
    _by_keyid: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names: set[str] = set()
        by_keyid: dict[str, str] = {}
        for authority in self.items:
            if authority.name in names:
                raise Malformed(f"authority {authority.name!r} is named twice")
            names.add(authority.name)
            for keyid in authority.keyids:
                if keyid in by_keyid:
                    raise Malformed(f"key {keyid[:12]}… belongs to both {by_keyid[keyid]!r} and {authority.name!r}")
                by_keyid[keyid] = authority.name
        object.__setattr__(self, "_by_keyid", MappingProxyType(by_keyid))

    @property
    def names(self) -> frozenset[str]:
        """The authorities' names."""
        return frozenset(authority.name for authority in self.items)

    @property
    def keyids(self) -> frozenset[str]:
        """Every key that speaks for somebody."""
        return frozenset(self._by_keyid)

    def name_of(self, keyid: str) -> str | None:
        """Whose key this is, None for nobody's."""
        return self._by_keyid.get(keyid)


def count_authorities(keyids: Iterable[str], authorities: Authorities, allowed: Iterable[str] | None = None) -> frozenset[str]:
    """The distinct authorities whose keys are among `keyids`, and, unless None, among the names `allowed`.

    `keyids`: of keys whose signatures were verified, repeated as often as they signed. A threshold compares with the size of
    what comes back, which counts voices and never signatures. An empty `allowed` allows nobody.
    """
    names = {authorities.name_of(keyid) for keyid in keyids}
    speaking = frozenset(name for name in names if name is not None)
    return speaking if allowed is None else speaking & frozenset(allowed)
