"""Catalogers that are loaded when they are first asked: of the many there are, an artifact needs a few. Pure.

What each asks for is known beforehand, from `data/cataloger_index.json`, which `tools/make-cataloger-index` writes and a test
holds against the catalogers themselves: an object, by name, of
`{"version": 1, "interest": {…}, "probes": {NAME: {…}}}`; an interest has the members of `Interest` that are not empty, the bytes
of `magics` in hex.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from importlib.resources import files
from typing import Any

from pratique.artifact.content import FileContent
from pratique.artifact.selection import Interest, Probe
from pratique.cataloging.cataloger import Cataloger, Catalogued
from pratique.model import Tree

_WORDS = ("names", "endings", "stems")


def late_catalogers(names: Iterable[str], load: Callable[[str], Cataloger]) -> dict[str, Cataloger]:
    """By name, in the order of `names`; `load` gives the one of a name. What the index does not know is loaded at once."""
    index = json.loads(read_index())
    return {name: _LateCataloger(name, index[name], load) if name in index else load(name) for name in names}


def read_index() -> bytes:
    """The index as it is."""
    return files("pratique.inventory").joinpath("data", "cataloger_index.json").read_bytes()


def write_index(catalogers: Mapping[str, Cataloger]) -> bytes:
    """The index as it should be, a row a line."""
    rows = [f"{json.dumps(name)}: {json.dumps(_row(one), separators=(',', ':'))}" for name, one in catalogers.items()]
    return ("{\n" + ",\n".join(rows) + "\n}\n").encode("ascii")


def _row(cataloger: Cataloger) -> dict[str, Any]:
    probes = {probe.name: _written(probe.interest) for probe in cataloger.probes}
    return {"version": cataloger.version, "interest": _written(cataloger.interest), **({"probes": probes} if probes else {})}


class _LateCataloger:
    def __init__(self, name: str, row: Mapping[str, Any], load: Callable[[str], Cataloger]) -> None:
        self.name = name
        self.version: int = row["version"]
        self.interest = _read(row["interest"])
        self.probes: tuple[Probe, ...] = tuple(
            _LateProbe(probe, _read(interest), self._probe) for probe, interest in row.get("probes", {}).items()
        )
        self._load = load

    @cached_property
    def _loaded(self) -> Cataloger:
        return self._load(self.name)

    def _probe(self, name: str) -> Probe:
        return next(probe for probe in self._loaded.probes if probe.name == name)

    def keeps(self, path: str) -> bool:
        return self._loaded.keeps(path)

    def catalogue(self, tree: Tree) -> Catalogued:
        return self._loaded.catalogue(tree)


class _LateProbe:
    def __init__(self, name: str, interest: Interest, load: Callable[[str], Probe]) -> None:
        self.name = name
        self.interest = interest
        self._load = load

    @cached_property
    def _loaded(self) -> Probe:
        return self._load(self.name)

    def applies(self, path: str, size: int, head: bytes) -> bool:
        return self._loaded.applies(path, size, head)

    def read(self, content: FileContent) -> bytes:
        return self._loaded.read(content)


def _written(interest: Interest) -> dict[str, Any]:
    row: dict[str, Any] = {name: sorted(getattr(interest, name)) for name in _WORDS}
    row |= {"prefixes": list(interest.prefixes), "magics": sorted(magic.hex() for magic in interest.magics)}
    return {name: value for name, value in {**row, "reach": interest.reach}.items() if value}


def _read(row: Mapping[str, Any]) -> Interest:
    return Interest(
        **{name: frozenset(row.get(name, ())) for name in _WORDS},
        prefixes=tuple(row.get("prefixes", ())),
        magics=frozenset(bytes.fromhex(magic) for magic in row.get("magics", ())),
        reach=row.get("reach"),
    )
