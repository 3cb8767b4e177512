"""Catalogers are loaded when an artifact concerns them, and by what is noted of them nothing is missed."""

import subprocess
import sys

import pytest

from pratique.cataloging.cataloger import Cataloger
from pratique.inventory.catalogers import CATALOGERS, NAMES, load
from pratique.inventory.concerned import READ_OF_OTHERS, Concerned
from pratique.inventory.late import read_index, write_index
from pratique.model import FileEntry, FileKind, Tree


def test_the_index_is_what_the_catalogers_say_themselves() -> None:
    assert read_index() == write_index({name: load(name) for name in NAMES}), "run tools/make-cataloger-index"


@pytest.mark.parametrize("name", NAMES)
def test_a_late_cataloger_is_the_one_of_its_name(name: str) -> None:
    late, itself = CATALOGERS[name], load(name)
    assert late.name == itself.name == name
    assert (late.version, late.interest) == (itself.version, itself.interest)
    assert [(one.name, one.interest) for one in late.probes] == [(one.name, one.interest) for one in itself.probes]


def test_a_name_that_is_no_catalogers_is_refused() -> None:
    with pytest.raises(KeyError):
        load("cobol")


def test_who_is_not_in_the_index_yet_is_loaded_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pratique.inventory.late.read_index", lambda: b"{}")
    from pratique.inventory.late import late_catalogers

    (found,) = late_catalogers(("dpkg",), load).values()
    assert type(found) is type(load("dpkg"))


def of_all_others(cataloger: Cataloger) -> Tree:
    """A tree of whatever the others ask for and this one does not."""
    paths = ["readme", "data.bin"]
    for other in CATALOGERS.values():
        interest = other.interest
        paths += [f"{folder}{name}" for name in interest.names for folder in ("", "srv/a/")]
        paths += [f"srv/b/x{ending}" for ending in interest.endings] + [f"{prefix}x" for prefix in interest.prefixes]
    entries = {path: FileEntry(path, FileKind.FILE, 0o644, 2, "0" * 64) for path in sorted(set(paths))}
    own = {*(probe.name for probe in cataloger.probes), READ_OF_OTHERS.get(cataloger.name)}
    facts = {probe.name: b"{}" for other in CATALOGERS.values() for probe in other.probes if probe.name not in own}
    single = {path: Tree(entries={path: entry}, contents={path: b"{}"}) for path, entry in entries.items()}
    kept = [path for path, one in single.items() if not Concerned(one)(cataloger)]
    return Tree(
        entries={path: entries[path] for path in kept}, contents=dict.fromkeys(kept, b"{}"), facts=dict.fromkeys(kept, facts)
    )


@pytest.mark.parametrize("name", NAMES)
def test_whom_a_tree_does_not_concern_finds_nothing_in_it(name: str) -> None:
    tree = of_all_others(CATALOGERS[name])
    assert not Concerned(tree)(CATALOGERS[name])
    assert len(tree.entries) > 100
    found = load(name).catalogue(tree)
    assert (found.components, found.claims) == ((), ())


@pytest.mark.parametrize("name", NAMES)
def test_whatever_a_cataloger_asks_for_concerns_it(name: str) -> None:
    cataloger = CATALOGERS[name]
    interest = cataloger.interest
    paths = [
        *(f"a/{one}" for one in interest.names),
        *(f"a/b{one}" for one in interest.endings),
        *(f"{one}c" for one in interest.prefixes),
    ]
    for path in paths:
        assert Concerned(Tree(entries={path: FileEntry(path, FileKind.FILE, 0o644)}, contents={path: b""}))(cataloger), path
    for probe in cataloger.probes:
        assert Concerned(Tree(entries={}, contents={}, facts={"a": {probe.name: b"1"}}))(cataloger)
    assert not Concerned(Tree(entries={}, contents={}))(cataloger)


def test_what_is_kept_without_an_entry_concerns_whom_it_would_concern_with_one():
    for name in ("alpm", "opkg", "portage", "nix"):
        (prefix, *_) = CATALOGERS[name].interest.prefixes
        assert Concerned(Tree(entries={}, contents={f"{prefix}knot-1/desc": b""}))(CATALOGERS[name])


def test_who_reads_facts_of_anothers_probe_is_asked_where_there_are_some():
    for name, probe in READ_OF_OTHERS.items():
        assert Concerned(Tree(entries={}, contents={}, facts={"a": {probe: b"[]"}}))(CATALOGERS[name])
        assert probe in {one.name for other in CATALOGERS.values() for one in other.probes}


def test_a_folder_with_one_list_loads_one_ecosystem() -> None:
    program = """
import sys
from pratique.cataloging.cataloger import Cataloger
from pratique.inventory.assemble import WANTS, catalogue_tree
from pratique.model import ArtifactKind, Digest, FileEntry, FileKind, Subject, Tree
path = "requirements.txt"
assert WANTS.keep(path) and not WANTS.keep("notes/today") and WANTS.version
tree = Tree(entries={path: FileEntry(path, FileKind.FILE, 0o644)}, contents={path: b"flask==3.0.0\\n"})
found = catalogue_tree(Subject(kind=ArtifactKind.DIRECTORY, name="x", digest=Digest("sha256:" + "0" * 64)), tree)
assert [one.name for one in found.components] == ["flask"]
print(*sorted({name for name in sys.modules if name.startswith("pratique.ecosystems.")}))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "pratique.ecosystems.python.requirements" in loaded
    readers = {type(load(name)).__module__ for name in ("dpkg", "go", "npm", "rpm", "wordpress")}
    assert not loaded & readers
