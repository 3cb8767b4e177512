"""One installed distribution of Python, as its metadata describes it. Pure."""

from dataclasses import dataclass

from pratique.model import Component


@dataclass(frozen=True, slots=True)
class Distribution:
    """`key`: the normalised name (PEP 503). `folder`: the site directory. `path`: of its metadata file. `requires`: names, and
    whether they are needed but on some platforms."""

    key: str
    folder: str
    path: str
    component: Component
    requires: tuple[tuple[str, bool], ...]


def beside_of(path: str, name: str) -> str:
    """The path of a file of that name in the same folder."""
    return path.rpartition("/")[0] + "/" + name
