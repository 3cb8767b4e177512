import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.errors import LimitExceeded, Malformed
from pratique.model.merkle import leaf_hash, root_hash
from pratique.tlog.frontier import Frontier
from pratique.tlog.tiles import ENTRIES, Tile, parse_bundle, parse_hashes, render_bundle, tile_at


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(3, 1234067, 5), "tile/3/x001/x234/067.p/5"),
        (Tile(ENTRIES, 999, 255), "tile/entries/999.p/255"),
        (Tile(1, 1000), "tile/1/x001/000"),
        (Tile(63, 10**9), "tile/63/x001/x000/x000/000"),
    ],
)
def test_paths_are_those_of_the_specification(tile, path):
    assert tile.path == path


def test_the_example_of_the_specification_has_its_tiles():
    # C2SP tlog-tiles, Merkle Tree: a log of 70,000 entries has these partial tiles.
    assert [tile_at(0, 273, 70_000), tile_at(1, 1, 70_000), tile_at(2, 0, 70_000)] == [
        Tile(0, 273, 112),
        Tile(1, 1, 17),
        Tile(2, 0, 1),
    ]
    assert tile_at(0, 272, 70_000) == Tile(0, 272)
    with pytest.raises(Malformed):
        tile_at(0, 274, 70_000)


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=300), max_size=20))
def test_every_entry_bundle_reads_back(entries):
    assert parse_bundle(render_bundle(entries), len(entries)) == entries


def test_a_truncated_or_padded_bundle_is_refused_with_its_offset():
    data = render_bundle([b"abc", b"", b"defg"])
    for end in range(len(data)):
        with pytest.raises(Malformed):
            parse_bundle(data[:end], 3)
    with pytest.raises(Malformed, match="offset 13"):
        parse_bundle(data + b"\0\0", 3)


def test_an_entry_longer_than_its_length_field_can_say_is_refused():
    assert len(parse_bundle(render_bundle([b"x" * 65_535]), 1)[0]) == 65_535
    with pytest.raises(LimitExceeded):
        render_bundle([b"x" * 65_536])


def test_a_hash_tile_of_another_length_is_refused():
    with pytest.raises(Malformed):
        parse_hashes(b"x" * 33, 1)


def test_the_frontier_comes_to_the_tree_hash_at_every_size_and_can_be_loaded_at_any():
    entries = [str(number).encode() for number in range(600)]
    grown, tiles = Frontier(), {}
    for size, entry in enumerate(entries, 1):
        for tile, hashes in grown.add(leaf_hash(entry)):
            tiles[tile] = hashes
        if size % 97 == 0 or size in (1, 255, 256, 257, 511, 512, 513):
            partial = {tile: list(hashes) for tile, hashes in grown.partial()}
            loaded = Frontier.load(size, partial.__getitem__)
            assert grown.root() == loaded.root() == root_hash(entries[:size])
    assert {tile.path for tile in tiles} == {"tile/0/000", "tile/0/001"}
