"""How much of an artifact is accounted for: every entry by its state and by what it is. Pure; computed once, printed anywhere."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pratique.model import FileForm, FileKind, Inventory, Ownership


@dataclass(frozen=True, slots=True)
class Count:
    """`files`: entries of any kind but folders. `size_bytes`: of regular files. `executables`: those whose form runs."""

    files: int = 0
    size_bytes: int = 0
    executables: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.files + other.files, self.size_bytes + other.size_bytes, self.executables + other.executables)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """All states and, in `forms`, all pairs of state and form that occur. What is missing has no form and no bytes.

    `configuration`: of the modified, those that their package declares to be edited; `links`: symbolic links and devices, by
    state: most package managers state no digest for them.
    """

    states: Mapping[Ownership, Count]
    forms: Mapping[tuple[Ownership, FileForm], Count]
    links: Mapping[Ownership, int]
    configuration: int = 0

    @property
    def total(self) -> Count:
        """Everything that is there."""
        return sum((count for state, count in self.states.items() if state is not Ownership.MISSING), Count())

    @property
    def owned(self) -> Count:
        """What some component lists and is there."""
        there = (Ownership.MATCHING, Ownership.MODIFIED, Ownership.UNCHECKED)
        return sum((self.states[state] for state in there), Count())

    def facts(self) -> Iterator[tuple[str, str]]:
        """Name → number, for the properties of a document: `coverage:matching`, `coverage:matching:bytes`, `…:elf`."""
        for state, count in self.states.items():
            name = f"coverage:{state.value}"
            yield name, str(count.files)
            if state is Ownership.MISSING:
                continue
            yield f"{name}:bytes", str(count.size_bytes)
            yield f"{name}:executables", str(count.executables)
            for form in FileForm:
                if form.runs and (state, form) in self.forms:
                    yield f"{name}:{form.value}", str(self.forms[state, form].files)
        yield "coverage:modified:configuration", str(self.configuration)

    def lines(self) -> Iterator[str]:
        """The same for people, a line each."""
        total, owned = self.total, self.owned
        yield (
            f"accounted for: {_share(owned.files, total.files)} of {total.files:,} files, "
            f"{_share(owned.executables, total.executables)} of {total.executables:,} executables, "
            f"{_share(owned.size_bytes, total.size_bytes)} of the bytes"
        )
        parts = [f"{count.files:,} {state.value}" for state, count in self.states.items() if count.files]
        if self.configuration:
            modified = f"{self.states[Ownership.MODIFIED].files:,} {Ownership.MODIFIED.value}"
            parts = [f"{part} ({self.configuration:,} configuration)" if part == modified else part for part in parts]
        if parts:
            yield ", ".join(parts)


def cover(inventory: Inventory) -> Coverage:
    """Count every entry of the inventory's tree, and what is missing from it."""
    states = dict.fromkeys(Ownership, Count())
    forms: dict[tuple[Ownership, FileForm], Count] = {}
    links = dict.fromkeys(Ownership, 0)
    totals: dict[tuple[Ownership, FileForm], list[int]] = {}
    configuration = 0
    ownership = inventory.ownership
    for path, entry in inventory.tree.entries.items():
        owned = ownership.get(path)
        state = Ownership.ORPHAN if owned is None else owned.state
        if owned is not None and owned.configuration and state is Ownership.MODIFIED:
            configuration += 1
        if entry.kind is not FileKind.FILE:
            links[state] += 1
            continue
        total = totals.setdefault((state, entry.form), [0, 0])
        total[0] += 1
        total[1] += entry.size
    for (state, form), (files, size) in totals.items():
        count = forms[state, form] = Count(files, size, files if form.runs else 0)
        states[state] += count
    for state, number in links.items():
        states[state] += Count(number)
    missing = sum(1 for owned in ownership.values() if owned.state is Ownership.MISSING)
    states[Ownership.MISSING] = Count(missing)
    return Coverage(states=states, forms=forms, links=links, configuration=configuration)


def _share(part: int, whole: int) -> str:
    """Per cent, never 100 where anything is left out."""
    if not whole:
        return "all"
    share = part * 1000 // whole
    return f"{share // 10}.{share % 10} %"
