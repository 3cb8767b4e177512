"""One file as it passes by: hashed, recognised, probed, and kept where a cataloger wants it whole.

The same for a file in a layer and for one in a folder.
"""

import hashlib
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import NamedTuple, Self

from pratique.artifact.content import FileContent, spooled
from pratique.artifact.digesting import Digester
from pratique.artifact.form import form_of
from pratique.artifact.limits import Limits
from pratique.artifact.selection import HEAD, Probe, ProbeTable, Selection
from pratique.errors import Malformed, StorageError
from pratique.model import FileForm


class ExamPlan(NamedTuple):
    """What to do with one file, decided before it is read. `size`: as far as is known, for where to keep it meanwhile.

    `too_large`: wanted whole, and not kept.
    """

    path: str
    size: int
    keep: bool
    algorithms: tuple[str, ...]
    too_large: bool = False


class Examined(NamedTuple):
    """`sha256`: hex. `size`: bytes seen. `data`: the bytes, where they were to be kept.

    `facts`: (probe, what it read). `problems`: why a probe could not read it.
    """

    sha256: str
    size: int
    form: FileForm
    data: bytes | None = None
    facts: tuple[tuple[str, bytes], ...] = ()
    problems: tuple[str, ...] = ()


class Examiner:
    """For one layer or one folder: `plan` in the order of its files, then `whole` or `pieces`, from any thread.

    `table`: of the selection's probes, where there is one. `aside`: whether digests of large files are taken in a thread of
    their own, for which views must stay as they are. A context: on leaving it, `digests` are whole.
    """

    def __init__(self, selection: Selection, limits: Limits, *, aside: bool = False, table: ProbeTable | None = None) -> None:
        self._keep = selection.keep
        self._limits = limits
        self._table = table or ProbeTable(selection.probes)
        self._algorithms = selection.digests()
        self._digester = Digester(aside=aside)

    @property
    def digests(self) -> Mapping[str, Mapping[str, str]]:
        """Algorithm → SHA-256 in hex → digest in hex of the files examined so far."""
        return self._digester.table

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._digester.close()

    def plan(self, path: str, size: int) -> ExamPlan:
        """Decide."""
        keep = self._keep(path)
        too_large = keep and size > self._limits.max_wanted_file_bytes
        return ExamPlan(path, size, keep and not too_large, self._algorithms(path), too_large)

    def whole(self, plan: ExamPlan, view: memoryview) -> Examined:
        """Read a file that lies in memory."""
        path, _, keep, algorithms, _ = plan
        size = len(view)
        head = bytes(view[:HEAD])
        form = form_of(head)
        sha256 = hashlib.sha256(view).hexdigest()
        if algorithms:
            self._digester.take(algorithms, view, sha256)
        data = bytes(view) if keep else None
        probes = self._table.find(path, size, head, form)
        if not probes:
            return Examined(sha256, size, form, data)
        facts, problems = _probe(probes, FileContent(view))
        return Examined(sha256, size, form, data, facts, problems)

    def pieces(self, plan: ExamPlan, pieces: Iterator[memoryview]) -> Examined:
        """Read a file that comes in pieces. Raises what `pieces` raises, StorageError."""
        sha256 = hashlib.sha256()
        others = self._digester.begin(plan.algorithms)
        kept: list[bytes] | None = [] if plan.keep else None
        size = 0

        def hashed() -> Iterator[memoryview]:
            nonlocal size
            for piece in pieces:
                size += len(piece)
                sha256.update(piece)
                others.update(piece)
                if kept is not None:
                    kept.append(bytes(piece))
                yield piece

        stream = hashed()
        first: list[memoryview] = []
        while sum(map(len, first)) < HEAD and (piece := next(stream, None)) is not None:
            first.append(piece)
        head = b"".join(piece[:HEAD] for piece in first)[:HEAD]
        form = form_of(head)
        probes = self._table.find(plan.path, plan.size, head, form)
        facts: tuple[tuple[str, bytes], ...] = ()
        problems: tuple[str, ...] = ()
        if probes:
            reach = _reach(probes)
            begin = _chain(first, stream) if reach is None else _begin(_chain(first, stream), reach)
            with spooled(begin, plan.size if reach is None else min(plan.size, reach)) as content:
                facts, problems = _probe(probes, content)
        for _ in stream:
            pass
        others.finish(sha256.hexdigest())
        data = None if kept is None else b"".join(kept)
        return Examined(sha256.hexdigest(), size, form, data, facts, problems)


def _reach(probes: list[Probe]) -> int | None:
    """How many bytes from the beginning are enough for all; None when one may look anywhere."""
    stated = [probe.interest.reach for probe in probes if probe.interest.reach is not None]
    return max(stated) if len(stated) == len(probes) else None


def _begin(pieces: Iterator[memoryview], size: int) -> Iterator[memoryview]:
    """The first `size` bytes: of a model of many gigabytes only the header goes to a temporary file."""
    left = size
    for piece in pieces:
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return


def _chain(first: list[memoryview], rest: Iterator[memoryview]) -> Iterator[memoryview]:
    yield from first
    # Not `yield from`: whoever stops early would close `rest`, of which more is to be hashed.
    for piece in rest:  # noqa: UP028
        yield piece


def _probe(probes: list[Probe], content: FileContent) -> tuple[tuple[tuple[str, bytes], ...], tuple[str, ...]]:
    facts: list[tuple[str, bytes]] = []
    problems: list[str] = []
    for probe in probes:
        try:
            found = probe.read(content)
        except Malformed as error:
            problems.append(f"{probe.name}: {error.message}")
            continue
        except StorageError:
            raise
        except Exception as error:  # one odd file is one unknown, whatever a reader of it stumbles over
            problems.append(f"{probe.name}: could not be read: {type(error).__name__}")
            continue
        if found:
            facts.append((probe.name, found))
    return tuple(facts), tuple(problems)
