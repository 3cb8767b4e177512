"""The packages that a Java archive has classes in: whose it is, where nothing in it says so (JLS §6.1 on unique names). Pure.

Companies and projects name packages by their own domain. It is a hint, and called a guess: a fork keeps the packages of what it
was forked from, and an archive may hold those of others.
"""

from collections.abc import Iterable, Mapping, Sequence

from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.text import clean

MAX_PACKAGES = 5_000
_KEPT = 24
_STEPS = 4
_RELEASES = lazy(rb"META-INF/versions/\d+/")
_STEP = lazy(r"[A-Za-z_$][\w$]*")
_PLACES = (b"BOOT-INF/classes/", b"WEB-INF/classes/", b"classes/")
_MOST = 2 / 3


def summed(folders: Mapping[bytes, int]) -> list[list[str | int]]:
    """[package, classes] of the 24 with the most of them, the most first. `folders`: of an archive → classes directly in each.

    Packages are cut after four steps: no group is told by more.
    """
    counts: dict[str, int] = {}
    for folder, number in folders.items():
        name = _RELEASES.sub(b"", folder + b"/", count=1)
        name = next((name[len(place) :] for place in _PLACES if name.startswith(place)), name)
        steps = name.decode("utf-8", "replace").split("/")[:-1]
        if steps and all(_STEP.fullmatch(step) for step in steps):
            package = clean(".".join(steps[:_STEPS]), 200)
            counts[package] = counts.get(package, 0) + number
    kept = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:_KEPT]
    return [[package, number] for package, number in kept]


def lies_below(packages: Sequence[Sequence[str | int]], group: str) -> bool:
    """Whether any class lies in the package named `group`, as far as the packages tell, or below it."""
    wanted = ".".join(group.split(".")[:_STEPS])
    return any(name == wanted or str(name).startswith(f"{wanted}.") for name, _ in packages)


def main_package(packages: Sequence[Sequence[str | int]], others: Iterable[str]) -> str:
    """The package of at least two steps that holds most classes, as deep as they stay together; "" for none.

    `others`: groups of what was merged into the archive: theirs do not count.
    """
    foreign = tuple(others)
    own = {str(name): int(number) for name, number in packages if not any(lies_below([[name, 1]], one) for one in foreign)}
    at, there = "", own
    total = sum(own.values())
    while there:
        below: dict[str, dict[str, int]] = {}
        for name, number in there.items():
            step = name.removeprefix(f"{at}.") if at else name
            if name != at:
                below.setdefault(f"{at}.{step.partition('.')[0]}".lstrip("."), {})[name] = number
        best = max(below, key=lambda name: (sum(below[name].values()), name), default="")
        if not best or at in there or sum(below[best].values()) < total * _MOST:
            break
        at, there = best, below[best]
    return at if "." in at else ""
