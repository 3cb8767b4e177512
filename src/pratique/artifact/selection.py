"""What the pass over an artifact keeps of each file besides its SHA-256: bytes, facts, digests of other algorithms. Pure.

A file that is small and needed as it is, is *kept*. Of a file that is large, a *probe* reads what matters while the file is at
hand, and only those facts are kept: an image of many gigabytes leaves a few megabytes behind.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from pratique.artifact.content import FileContent
from pratique.model import FileForm

HEAD = 512
"""Bytes of a file that are looked at to see what it is: a tar archive says so only after the name of its first file."""
_TAR_MARK = slice(257, 262)

_MACHINES = "x86_64|i[3-6]86|aarch64|arm|powerpc64le|riscv64|s390x|mips64el"
_STEM = re.compile(rf"(?:(?:{_MACHINES})-(?:[a-z]+-)?linux-(?:gnu|musl)[a-z]*-)?([^0-9.]*)")
_EXECUTABLE = frozenset({FileForm.ELF, FileForm.PE, FileForm.MACHO})


@dataclass(frozen=True, slots=True, kw_only=True)
class Interest:
    """A coarse filter that costs a few look-ups a file, whatever the number of catalogers.

    `names`: file names. `endings`: from the last dot of the name on, `.jar`. `prefixes`: how paths begin. `magics`: how
    contents begin, 2 or 4 bytes, or the 5 at byte 257 that mark a tar archive; for probes only. `stems`: of executables,
    for probes only: the name up to the first digit or dot, `libssl` of `libssl.so.3`, `python` of `python3.11`, without a
    hyphen at its end, nor a machine before it: `gcc` of `x86_64-linux-gnu-gcc-12`. One match is enough to be asked.
    `reach`: of a probe that looks at beginnings only, how many bytes it is shown; None for all.
    """

    names: frozenset[str] = frozenset()
    endings: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    magics: frozenset[bytes] = frozenset()
    stems: frozenset[str] = frozenset()
    reach: int | None = None


class Probe(Protocol):
    """Reads the facts of one kind of file while it passes by.

    Pure, and independent of the file's name: facts are kept by content. Time and memory are bounded by the size of the content.
    """

    @property
    def name(self) -> str:
        """Under which its facts are found."""
        ...

    @property
    def interest(self) -> Interest:
        """The files it may apply to."""
        ...

    def applies(self, path: str, size: int, head: bytes) -> bool:
        """Whether to read this file. `size`: bytes. `head`: its first HEAD bytes at most."""
        ...

    def read(self, content: FileContent) -> bytes:
        """The facts in a form of its own, deterministic; empty for none. Raises Malformed: the file is listed as unknown."""
        ...


Digests = Callable[[str], tuple[str, ...]]
"""Path → algorithms (of hashlib) besides SHA-256. Asked once for every file of a layer, in its order: it may learn on the way."""


def no_digests() -> Digests:
    """SHA-256 alone."""
    return lambda _path: ()


class Selection(Protocol):
    """What to keep. `version` names all of it and changes when any of it does: layers are cached under it."""

    @property
    def version(self) -> str: ...

    @property
    def keep(self) -> Callable[[str], bool]:
        """Path → whether to keep the bytes."""
        ...

    @property
    def probes(self) -> tuple[Probe, ...]: ...

    @property
    def digests(self) -> Callable[[], Digests]:
        """Makes the choice of algorithms for one layer, one folder or one file."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A `Selection` that is known; by default of nothing."""

    version: str = ""
    keep: Callable[[str], bool] = lambda _path: False
    probes: tuple[Probe, ...] = ()
    digests: Callable[[], Digests] = no_digests


class LateSelection:
    """A `Selection` that is made when it is first asked for something: what can be done without knowing it has begun by then."""

    def __init__(self, make: Callable[[], Selection]) -> None:
        self._make = make

    @cached_property
    def _chosen(self) -> Selection:
        return self._make()

    @property
    def version(self) -> str:
        return self._chosen.version

    @property
    def keep(self) -> Callable[[str], bool]:
        return self._chosen.keep

    @property
    def probes(self) -> tuple[Probe, ...]:
        return self._chosen.probes

    @property
    def digests(self) -> Callable[[], Digests]:
        return self._chosen.digests


class ProbeTable:
    """Finds the probes for a file by look-ups. `shared`: a table that is asked as well, so that it need not be made again."""

    def __init__(self, probes: Iterable[Probe], shared: "ProbeTable | None" = None) -> None:
        self._shared = shared
        self._by_name: dict[str, list[Probe]] = {}
        self._by_ending: dict[str, list[Probe]] = {}
        self._by_magic: dict[bytes, list[Probe]] = {}
        self._by_stem: dict[str, list[Probe]] = {}
        self._by_prefix: list[tuple[tuple[str, ...], Probe]] = []
        for probe in probes:
            interest = probe.interest
            for name in interest.names:
                self._by_name.setdefault(name, []).append(probe)
            for ending in interest.endings:
                self._by_ending.setdefault(ending, []).append(probe)
            for magic in interest.magics:
                self._by_magic.setdefault(magic, []).append(probe)
            for stem in interest.stems:
                self._by_stem.setdefault(stem, []).append(probe)
            if interest.prefixes:
                self._by_prefix.append((interest.prefixes, probe))
        self._prefixes = Prefixes(prefix for prefixes, _ in self._by_prefix for prefix in prefixes)

    def find(self, path: str, size: int, head: bytes, form: FileForm) -> list[Probe]:
        """The probes that apply, each once, in no particular order. `form`: of what begins with `head`."""
        cut = path.rfind("/") + 1
        name = path[cut:]
        asked: list[Probe] = []
        for found in (
            self._by_magic.get(head[:4]),
            self._by_magic.get(head[:2]),
            self._by_magic.get(head[_TAR_MARK]),
            self._by_name.get(name),
            self._by_ending.get(name[name.rfind(".") :]),
        ):
            if found is not None:
                asked += found
        if form in _EXECUTABLE:
            asked += self._by_stem.get(_STEM.match(name)[1].rstrip("-_"), ())  # type: ignore[index]  # it matches anything
        if self._prefixes.may_begin(path, cut):
            asked += [probe for prefixes, probe in self._by_prefix if path.startswith(prefixes)]
        found = [probe for probe in dict.fromkeys(asked) if probe.applies(path, size, head)] if asked else asked
        return found if self._shared is None else self._shared.find(path, size, head, form) + found


class Prefixes:
    """Whether a path begins with one of many: for the files of one folder, which stand together, decided once."""

    def __init__(self, prefixes: Iterable[str]) -> None:
        self._all = tuple(prefixes)
        self._last: tuple[str | None, tuple[str, ...]] = (None, ())  # in one value: threads share it

    def may_begin(self, path: str, cut: int) -> bool:
        """`cut`: where the name begins in the path."""
        folder = path[:cut]
        known, here = self._last
        if folder != known:
            here = tuple(prefix for prefix in self._all if prefix.startswith(folder) or folder.startswith(prefix))
            self._last = (folder, here)
        return bool(here) and path.startswith(here)
