"""Writing tiles: what a log's files must hold before a checkpoint may vouch for it. Nothing is signed or published here."""

from collections.abc import Sequence

from pratique.errors import PratiqueError
from pratique.model.merkle import leaf_hash
from pratique.tlog.frontier import Frontier
from pratique.tlog.reader import TileReader
from pratique.tlog.store import Store
from pratique.tlog.tiles import ENTRIES, WIDTH, Tile, render_bundle


def write_entries(store: Store, frontier: Frontier, entries: Sequence[bytes], reader: TileReader) -> None:
    """Write entries and hashes after a tree's edge, which grows by them. `reader`: of the tree that comes of it."""
    _write_bundles(store, frontier.size, entries)
    before = {tile.level: (tile.number, tile.width) for tile, _ in frontier.partial()}
    for entry in entries:
        for tile, hashes in frontier.add(leaf_hash(entry)):
            store.write(tile.path, b"".join(hashes))
            reader.put(tile, hashes)
    for tile, hashes in frontier.partial():
        reader.put(tile, hashes)
        if before.get(tile.level) != (tile.number, tile.width):
            store.write(tile.path, b"".join(hashes))


def _write_bundles(store: Store, size: int, entries: Sequence[bytes]) -> None:
    number, width = divmod(size, WIDTH)
    pending = TileReader(store, size).entries(number) if width else []
    at = 0
    while at < len(entries):
        taken = entries[at : at + WIDTH - len(pending)]
        bundle = [*pending, *taken]
        store.write(Tile(ENTRIES, number, len(bundle)).path, render_bundle(bundle))
        at, number, pending = at + len(taken), number + 1, []


def tidy(store: Store, old: int, new: int) -> None:
    """Partial tiles that are full now may go (tlog-tiles, Partial Tiles); readers of old sizes take the full one."""
    for level in (ENTRIES, *range(8)):
        height = 8 * (max(level, 0) + 1)
        for number in range(old >> height, new >> height):
            try:
                store.delete(Tile(level, number).path + ".p")
            except PratiqueError:  # the entries are confirmed: a file too many is no reason to say they are not
                return
