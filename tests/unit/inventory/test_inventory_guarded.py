"""One odd file never ends the inventory, whatever a reader stumbles over; and no reader is known to stumble."""

import random
import struct
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sbom_trees import SUBJECT, tree

from pratique.artifact.content import FileContent
from pratique.artifact.examine import Examiner
from pratique.artifact.limits import Limits
from pratique.artifact.selection import Chosen, Interest
from pratique.cataloging.cataloger import Catalogued
from pratique.inventory.assemble import catalogue_tree
from pratique.inventory.catalogers import CATALOGERS
from pratique.inventory.guarded import catalogue_guarded
from pratique.model import Component, Tree

sys.path.append(str(Path(__file__).resolve().parents[3] / "tools"))
import fuzz

STUMBLES = [
    RecursionError("deep"),
    MemoryError(),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "odd"),
    ValueError("odd"),
    struct.error("short"),
    zlib.error("broken"),
    OverflowError("large"),
    KeyError("x"),
    IndexError("x"),
    TypeError("x"),
    AssertionError(),
]


class Stumbling:
    """A cataloger that makes a component of each file, and stumbles over those that say `odd`."""

    name, version, probes = "stumbling", 1, ()
    interest = Interest(endings=frozenset({".x"}))

    def __init__(self, error: Exception, *, together: bool = False) -> None:
        self.error, self.together, self.runs = error, together, 0

    def keeps(self, path: str) -> bool:
        return path.endswith(".x")

    def catalogue(self, tree: Tree) -> Catalogued:
        self.runs += 1
        paths = [path for path in sorted(tree.contents) if self.keeps(path)]
        if any(tree.contents[path] == b"odd" for path in paths) or (self.together and len(tree.entries) > 3):
            raise self.error
        made = (Component(ref=path, purl="", type="x", name=path, version="", evidence=(path,)) for path in paths)
        return Catalogued(components=tuple(made))


def contents(files: dict[str, bytes]) -> Tree:
    return Tree(entries=tree(dict(files)).entries, contents=files)


@pytest.mark.parametrize("error", STUMBLES, ids=lambda error: type(error).__name__)
def test_a_cataloger_that_stumbles_over_files_costs_these_and_no_others(error):
    files = {f"{number:02}.x": b"odd" if number in (3, 17) else b"even" for number in range(30)}
    found = catalogue_guarded(Stumbling(error), contents(files))
    assert [one.name for one in found.components] == sorted(path for path, data in files.items() if data == b"even")
    reason = f"stumbling: could not be read: {type(error).__name__}"
    assert sorted((one.path, one.reason) for one in found.unknowns) == [("03.x", reason), ("17.x", reason)]


def test_a_cataloger_that_stumbles_over_what_files_are_together_is_one_unknown():
    found = catalogue_guarded(Stumbling(ValueError(), together=True), contents({f"{number}.x": b"even" for number in range(9)}))
    assert found.components == ()
    (one,) = found.unknowns
    assert one.reason == "stumbling: what its files say together could not be read: ValueError"


def test_looking_for_what_a_cataloger_stumbles_over_is_bounded():
    cataloger = Stumbling(ValueError())
    found = catalogue_guarded(cataloger, contents({f"{number:04}.x": b"odd" for number in range(500)}))
    assert found.components == () and len(found.unknowns) <= 21 and cataloger.runs <= 410


@pytest.mark.parametrize("error", STUMBLES, ids=lambda error: type(error).__name__)
def test_a_probe_that_stumbles_costs_its_own_facts(error):
    class Probe:
        name, interest = "odd", Interest(endings=frozenset({".x"}))

        def applies(self, path: str, size: int, head: bytes) -> bool:
            return True

        def read(self, content: FileContent) -> bytes:
            raise error

    class Good(Probe):
        name = "good"

        def read(self, content: FileContent) -> bytes:
            return b"read"

    with Examiner(Chosen(probes=(Probe(), Good())), Limits()) as examiner:
        found = examiner.whole(examiner.plan("a.x", 3), memoryview(b"abc"))
    assert found.facts == (("good", b"read"),)
    assert found.problems == (f"odd: could not be read: {type(error).__name__}",)


def test_a_cataloger_that_stumbles_in_an_inventory_is_told_in_it(monkeypatch):
    monkeypatch.setitem(CATALOGERS, "stumbling", Stumbling(MemoryError()))
    whole = contents({"a.x": b"even", "b.x": b"odd"})
    found = catalogue_tree(SUBJECT, whole)
    assert [one.name for one in found.components] == ["a.x"]
    assert [(one.path, one.reason) for one in found.unknowns] == [("b.x", "stumbling: could not be read: MemoryError")]


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(seed=st.integers(0, 2**32))
@example(seed=0)
def test_no_cataloger_and_no_reader_of_archives_stumbles_over_a_real_file_that_was_changed(seed):
    fuzz.catalogue_mutated(random.Random(seed))
