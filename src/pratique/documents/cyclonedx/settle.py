"""A CycloneDX value made what its schema allows: each identifier once, nothing that the version does not know. Pure but for
its argument (ECMA-424; the XML schema demands that no two elements of a document have one `bom-ref`).
"""

from collections.abc import Iterator
from itertools import count
from typing import Any

from pratique.documents.repair import repair
from pratique.documents.shape import Problem, cyclonedx_check, escape_pointer
from pratique.lexicon.text import clean


def settle_value(value: dict[str, Any], version: str, *, xml: bool) -> tuple[Problem, ...]:
    """What was changed or taken out. `xml`: the value is to become XML."""
    changed = tuple(_name_apart(value, xml=xml))
    return (*changed, *repair(value, cyclonedx_check(version, xml=xml, exact=True)))


def _name_apart(value: dict[str, Any], *, xml: bool) -> Iterator[Problem]:
    """Components keep their names; what else has one that is taken gets another. The steps of a formulation may repeat
    themselves in JSON: the specification's own examples do."""
    holders = list(_holders(value))
    everything = {str(one["bom-ref"]) for _, one in holders}
    if len(everything) == len(holders):
        return
    components = {id(one) for one in _components(value)}
    taken: set[str] = set()
    for pointer, holder in sorted(holders, key=lambda row: id(row[1]) not in components):
        ref = str(holder["bom-ref"])
        if ref not in taken:
            taken.add(ref)
        elif xml or not pointer.startswith("/formulation"):
            number = next(number for number in count(2) if f"{ref}-{number}" not in everything)
            holder["bom-ref"] = f"{ref}-{number}"
            everything.add(holder["bom-ref"])
            yield Problem(f"{pointer}/bom-ref", f"is {clean(ref, 60)!r}, which is taken: it gets a number")


def _components(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    waiting = [(value.get("metadata") or {}).get("component"), *value.get("components", ())]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting += one.get("components", ())


def _holders(value: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object that has a `bom-ref`, in the order of the document, with its pointer."""
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        pointer, one = waiting.pop()
        if isinstance(one, dict):
            if "bom-ref" in one:
                yield pointer, one
            inner = [(f"{pointer}/{escape_pointer(name)}", said) for name, said in one.items() if isinstance(said, dict | list)]
            waiting += reversed(inner)
        else:
            inner = [(f"{pointer}/{index}", said) for index, said in enumerate(one) if isinstance(said, dict | list)]
            waiting += reversed(inner)
