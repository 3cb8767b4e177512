"""Reading a log of a known size out of its tiles. Whatever lies beyond that size is not there."""

from pratique.errors import Malformed, ProofInvalid
from pratique.model.merkle import EMPTY_ROOT
from pratique.tlog.proofs import range_root
from pratique.tlog.store import Store
from pratique.tlog.tiles import (
    ENTRIES,
    HASH_BYTES,
    WIDTH,
    Tile,
    parse_bundle,
    parse_hashes,
    perfect_root,
    tile_at,
)

_CACHED_TILES = 1024  # 8 KB each


class TileReader:
    """Hashes and entries of a log of `size` entries. Keeps what it read: make a new one for each operation."""

    def __init__(self, store: Store, size: int) -> None:
        self.size = size
        self._store = store
        self._tiles: dict[Tile, list[bytes]] = {}
        self._nodes: dict[tuple[int, int], bytes] = {}

    def put(self, tile: Tile, hashes: list[bytes]) -> None:
        """Let a tile that was just written be read from memory."""
        self._tiles[tile] = hashes

    def hashes(self, tile: Tile) -> list[bytes]:
        """The hashes of a tile. Raises ProofInvalid naming the file that is missing or not a tile."""
        known = self._tiles.get(tile)
        if known is None:
            data, name = self._read(tile)
            try:
                known = parse_hashes(data, WIDTH if name == tile.full.path else tile.width)[: tile.width]
            except Malformed as error:
                raise ProofInvalid(error.message, where=self._store.place(name)) from error
            if len(self._tiles) >= _CACHED_TILES:
                self._tiles.clear()
            self._tiles[tile] = known
        return known

    def entries(self, number: int) -> list[bytes]:
        """The entries of bundle `number`. Raises ProofInvalid naming the file that is missing or not a bundle."""
        tile = tile_at(ENTRIES, number, self.size)
        data, name = self._read(tile)
        width = WIDTH if name == tile.full.path else tile.width
        try:
            return parse_bundle(data, width)[: tile.width]
        except Malformed as error:
            raise ProofInvalid(error.message, where=self._store.place(name)) from error

    def node(self, height: int, index: int) -> bytes:
        """The hash of a perfect subtree of 2^height leaves: a `proofs.HashReader`."""
        known = self._nodes.get((height, index))
        if known is None:
            level, inner = divmod(height, 8)
            first = index << inner
            number, offset = divmod(first, WIDTH)
            tile = tile_at(level, number, self.size)
            known = perfect_root(self.hashes(tile)[offset : offset + (1 << inner)])
            self._nodes[(height, index)] = known
        return known

    def root(self, size: int) -> bytes:
        """The root of the first `size` entries, at most all of them."""
        return range_root(self.node, 0, size) if size else EMPTY_ROOT

    def find(self, leaf: bytes) -> int | None:
        """The index of the first leaf with this hash: O(size), 32 bytes a leaf."""
        for number in range(-(-self.size // WIDTH)):
            tile = tile_at(0, number, self.size)
            data, _ = self._read(tile)
            data = data[: tile.width * HASH_BYTES]
            at = data.find(leaf)
            while at >= 0 and at % HASH_BYTES:
                at = data.find(leaf, at + 1)
            if at >= 0:
                return number * WIDTH + at // HASH_BYTES
        return None

    def _read(self, tile: Tile) -> tuple[bytes, str]:
        """A tile's file; for a partial tile that was tidied away, the full one it has become."""
        for name in dict.fromkeys((tile.path, tile.full.path)):
            data = self._store.read(name)
            if data is not None:
                return data, name
        raise ProofInvalid("a tile of the log is missing", where=self._store.place(tile.path))
