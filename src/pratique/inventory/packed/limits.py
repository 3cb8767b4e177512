"""What one packed file may cost, all that is packed inside it included, and the counter that keeps to it.

There is no clock in it, so that the same bytes always give the same answer: time is bounded by what is counted.
"""

from dataclasses import dataclass

from pratique.errors import LimitExceeded


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedLimits:
    """`depth`: archives in archives. `entries`, `archives`, `kept_bytes`, `facts_bytes`: of all of them together.

    `inflated`: bytes, at most `floor_bytes` and `ratio` times the file's own size, and never more than `most_bytes`.
    """

    depth: int = 4
    archives: int = 2_000
    entries: int = 300_000
    names_bytes: int = 32 << 20
    floor_bytes: int = 128 << 20
    ratio: int = 60
    most_bytes: int = 16 << 30
    kept_bytes: int = 48 << 20
    kept_file_bytes: int = 8 << 20
    kept_files: int = 60_000  # a system of many Node packages keeps half as many
    window_bytes: int = 128 << 20  # what a decompressor may look back


LIMITS = PackedLimits()


class Budget:
    """Shared by a file and everything that is opened inside it."""

    def __init__(self, limits: PackedLimits, size: int) -> None:
        self.limits = limits
        self._bytes = min(limits.most_bytes, limits.floor_bytes + limits.ratio * size)
        self._whole = self._bytes
        self._entries = 0
        self._names = 0
        self._archives = 0
        self._kept = 0
        self._kept_files = 0

    def inflate(self, size: int) -> None:
        """Count bytes that come out of an archive. Raises LimitExceeded."""
        self._bytes -= size
        if self._bytes < 0:
            raise LimitExceeded(f"more than {self._whole} bytes come out of it: what follows was not read")

    @property
    def spent(self) -> bool:
        """Whether nothing more may be inflated."""
        return self._bytes < 0

    def entry(self, names: int) -> None:
        """Count an entry and the bytes of its name. Raises LimitExceeded."""
        self._entries += 1
        self._names += names
        if self._entries > self.limits.entries or self._names > self.limits.names_bytes:
            raise LimitExceeded(f"more than {self.limits.entries} entries, or too long names: what follows was not read")

    def archive(self, depth: int) -> None:
        """Count an archive. Raises LimitExceeded."""
        if depth >= self.limits.depth:
            raise LimitExceeded(f"deeper than {self.limits.depth} archives in each other: not opened")
        self._archives += 1
        if self._archives > self.limits.archives:
            raise LimitExceeded(f"more than {self.limits.archives} archives in one file: not opened")

    def keep(self, size: int) -> bool:
        """Whether so many more bytes of package metadata may be kept; they are counted then."""
        limits = self.limits
        if size > limits.kept_file_bytes or self._kept + size > limits.kept_bytes or self._kept_files >= limits.kept_files:
            return False
        self._kept += size
        self._kept_files += 1
        return True
