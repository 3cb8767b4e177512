"""What lock files in a folder tell: fixtures made by the real tools, and how to break them."""

from dataclasses import replace
from pathlib import Path

from hypothesis import strategies as st
from sbom_trees import SUBJECT, tree

from pratique.inventory.assemble import catalogue_tree
from pratique.model import ArtifactKind, Component, Inventory

DATA = Path(__file__).parents[2] / "data"
FOLDER = replace(SUBJECT, kind=ArtifactKind.DIRECTORY)


def fixture(name: str) -> bytes:
    return (DATA / name).read_bytes()


def inventory(files: dict[str, bytes | str]) -> Inventory:
    """Of a folder with these files."""
    return catalogue_tree(FOLDER, replace(tree(files), layers=()))


def told(files: dict[str, bytes | str]) -> dict[str, Component]:
    """By purl, or by ref where there is none, of files that leave nothing unknown."""
    found = inventory(files)
    assert found.unknowns == ()
    return {one.ref: one for one in found.components}


def broken(*given: str | bytes) -> st.SearchStrategy[bytes]:
    """Random bytes, and real files (by name, or as they are) with a piece cut out, put twice or replaced."""
    originals = [fixture(one) if isinstance(one, str) else one for one in given]
    pieces = st.binary(max_size=8) | st.sampled_from([b"{", b"}", b"[", b"]", b'"', b"null", b"1", b"\n", b":", b",", b"@", b"/"])

    @st.composite
    def mutated(draw: st.DrawFn) -> bytes:
        data = draw(st.sampled_from(originals))
        for _ in range(draw(st.integers(1, 4))):
            begin = draw(st.integers(0, len(data)))
            end = min(len(data), begin + draw(st.integers(0, 60)))
            data = data[:begin] + draw(pieces) * draw(st.integers(0, 3)) + data[end:]
        return data

    return st.binary(max_size=200) | mutated()
