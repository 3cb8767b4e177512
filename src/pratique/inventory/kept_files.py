"""Which files are kept whole: asked once for every path of an image, so a few look-ups decide, then the catalogers. Pure."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from pratique.artifact.selection import Prefixes

if TYPE_CHECKING:
    from pratique.cataloging.cataloger import Cataloger


class KeptFiles:
    """`keep(path)`: whether any cataloger wants its content."""

    def __init__(self, catalogers: "Iterable[Cataloger]") -> None:
        self._by_name: dict[str, list[Callable[[str], bool]]] = {}
        self._by_ending: dict[str, list[Callable[[str], bool]]] = {}
        self._by_prefix: list[tuple[tuple[str, ...], Callable[[str], bool]]] = []
        for cataloger in catalogers:
            interest = cataloger.interest
            for name in interest.names:
                self._by_name.setdefault(name, []).append(cataloger.keeps)
            for ending in interest.endings:
                self._by_ending.setdefault(ending, []).append(cataloger.keeps)
            if interest.prefixes:
                self._by_prefix.append((interest.prefixes, cataloger.keeps))
        self._prefixes = Prefixes(prefix for prefixes, _ in self._by_prefix for prefix in prefixes)

    def __call__(self, path: str) -> bool:
        """Whether to keep `path`."""
        cut = path.rfind("/") + 1
        name = path[cut:]
        asked = self._by_name.get(name)
        if asked is not None and any(keeps(path) for keeps in asked):
            return True
        asked = self._by_ending.get(name[name.rfind(".") :])
        if asked is not None and any(keeps(path) for keeps in asked):
            return True
        return self._prefixes.may_begin(path, cut) and any(
            path.startswith(prefixes) and keeps(path) for prefixes, keeps in self._by_prefix
        )
