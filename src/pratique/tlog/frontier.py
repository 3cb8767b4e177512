"""The growing edge of a tiled tree: what must be at hand to append, and to know the root. Pure, a few KB for any size."""

from collections.abc import Callable, Iterator

from pratique.model.merkle import EMPTY_ROOT, node_hash
from pratique.tlog.tiles import WIDTH, Tile, perfect_root, tile_at


class Frontier:
    """The partial tile of each level (0 to 255 hashes) of a tree of `size` leaves. Grows by `add`."""

    def __init__(self) -> None:
        self.size = 0
        self._levels: list[list[bytes]] = [[]]

    @classmethod
    def load(cls, size: int, read: Callable[[Tile], list[bytes]]) -> "Frontier":
        """The edge of an existing tree; `read` gives the hashes of a tile."""
        frontier = cls()
        frontier.size = size
        frontier._levels = []
        level, hashes = 0, size
        while hashes or level == 0:
            number, width = divmod(hashes, WIDTH)
            frontier._levels.append(list(read(tile_at(level, number, size))) if width else [])
            level, hashes = level + 1, hashes >> 8
        return frontier

    def add(self, leaf: bytes) -> Iterator[tuple[Tile, list[bytes]]]:
        """Append one leaf hash; must be consumed. Yields each tile that became full, the lowest level first."""
        self.size += 1
        level, current = 0, leaf
        while True:
            if level == len(self._levels):
                self._levels.append([])
            row = self._levels[level]
            row.append(current)
            if len(row) < WIDTH:
                return
            yield Tile(level, (self.size >> (8 * (level + 1))) - 1), list(row)
            current = perfect_root(row)
            row.clear()
            level += 1

    def partial(self) -> Iterator[tuple[Tile, list[bytes]]]:
        """The partial tiles, the lowest level first."""
        for level, row in enumerate(self._levels):
            if row:
                yield Tile(level, self.size >> (8 * (level + 1)), len(row)), list(row)

    def root(self) -> bytes:
        """MTH (RFC 9162 §2.1.1): the perfect subtrees, from the smallest, each joined to what is right of it."""
        joined: bytes | None = None
        for row in self._levels:
            end = len(row)
            while end:
                count = end & -end
                peak = perfect_root(row[end - count : end])
                joined = peak if joined is None else node_hash(peak, joined)
                end -= count
        return EMPTY_ROOT if joined is None else joined
