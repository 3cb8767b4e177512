"""How much of a foreign artifact is read before it is called hostile, and the counters that keep the limits.

Every limit stops the reading while it happens, not after. The error names the limit, its value and how to raise it.
"""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, fields

from pratique.errors import InputError, LimitExceeded

VARIABLE = "PRATIQUE_LIMITS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one artifact may cost. Bytes are bytes as they are after inflating, holes of sparse files included."""

    max_entries: int = 500_000  # of all layers together; the largest public images have about 200,000
    max_layers: int = 512  # engines refuse more than 127 lower directories; some builders squash later
    max_layer_bytes: int = 64 << 30
    max_ratio: int = 200  # inflated : stored, looked at only past `ratio_floor_bytes`
    ratio_floor_bytes: int = 256 << 20  # a file of zeros inflates 1:1000 and is no attack until it is large
    max_path_bytes: int = 4096  # PATH_MAX: no engine could unpack more
    max_names_bytes: int = 64 << 20  # of all names and link targets together
    max_path_steps: int = 20_000_000  # folders and links looked up on the way to all names together
    max_header_bytes: int = 1 << 20  # of one PAX header or sparse map
    max_wanted_file_bytes: int = 16 << 20  # larger ones are listed as unknown to catalogers, and hashed all the same
    max_wanted_bytes: int = 128 << 20  # of one layer, likewise
    max_kept_bytes: int = 512 << 20  # of all layers together while they are read

    def exceeded(self, name: str, what: str) -> LimitExceeded:
        """The error for the limit `name`. `what`: one clause that says what was found."""
        value = getattr(self, name)
        hint = f"if you trust it, raise the limit: {VARIABLE}={name}={value * 2}"
        return LimitExceeded(f"{what}: more than {name} = {value} allows", hint=hint)


def parse_limits(environ: Mapping[str, str]) -> Limits:
    """The limits with what `PRATIQUE_LIMITS` changes: `name=number`, joined by commas. Raises InputError."""
    text = environ.get(VARIABLE, "").strip()
    if not text:
        return Limits()
    known = {field.name for field in fields(Limits)}
    changes: dict[str, int] = {}
    for part in text.split(","):
        name, _, value = part.strip().partition("=")
        if name not in known or not re.fullmatch(r"[1-9][0-9]{0,17}", value):
            hint = f"write name=number, names are {', '.join(sorted(known))}"
            raise InputError(f"not a limit: {part.strip()[:80]!r}", where=VARIABLE, hint=hint)
        changes[name] = int(value)
    return Limits(**changes)


class Budget:
    """What all layers of one artifact may use together. Shared by the threads that read them.

    Only sums are kept, so whether a limit is hit does not depend on which layer is read first.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._lock = threading.Lock()
        self._entries = 0
        self._names = 0
        self._kept = 0

    def add_entries(self, count: int, names: int) -> None:
        """Count entries, and the length of their names and link targets. Raises LimitExceeded."""
        with self._lock:
            self._entries += count
            self._names += names
            if self._entries > self.limits.max_entries:
                raise self.limits.exceeded("max_entries", "too many files")
            if self._names > self.limits.max_names_bytes:
                raise self.limits.exceeded("max_names_bytes", "too many long names")

    def keep(self, size: int) -> None:
        """Count bytes that stay in memory. Raises LimitExceeded."""
        with self._lock:
            self._kept += size
            if self._kept > self.limits.max_kept_bytes:
                raise self.limits.exceeded("max_kept_bytes", "too much package metadata")


class Gauge:
    """Bytes in and bytes out of one layer. The inflating and the walking thread add to different counters only."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.stored = 0
        self.inflated = 0
        self.holes = 0

    def check(self) -> None:
        """Raises LimitExceeded when the layer is too large or grows too fast."""
        size = self.inflated + self.holes
        if size > self.limits.max_layer_bytes:
            raise self.limits.exceeded("max_layer_bytes", "the layer is too large")
        if size > self.limits.ratio_floor_bytes and size > self.stored * self.limits.max_ratio:
            raise self.limits.exceeded("max_ratio", f"{self.stored} stored bytes become {size}")
