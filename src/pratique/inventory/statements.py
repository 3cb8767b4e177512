"""What documents in an artifact state, laid over what was found there. Pure.

Where both agree on a package, it is the one that was found, with the document as further evidence: nothing that it says replaces
what was found. What is stated only stays a component of its own, STATED. Agreement is about type, name and version; qualifiers
that both have, such as the architecture, must not differ.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from pratique.model import STATED_BY, Component, Presence

_DEPENDING = frozenset({"arch", "classifier", "platform", "repository_url", "vcs_url", "download_url", "channel", "uuid"})
_MAX_NAMES = 20
_MAX_ALIKE = 64  # of one name and version, by architecture and the like


def split_stated(components: Iterable[Component]) -> tuple[list[Component], list[Component]]:
    """(found, stated only)."""
    found: list[Component] = []
    stated: list[Component] = []
    for one in components:
        (stated if one.presence is Presence.STATED else found).append(one)
    return found, stated


def with_statements(found: tuple[Component, ...], stated: Iterable[Component]) -> tuple[Component, ...]:
    """`found` with what is stated, sorted by ref, every ref once. `stated`: a ref as often as documents say it."""
    stated = list(stated)
    if not stated:
        return found
    known: dict[str, list[Component]] = {}
    for one in found:
        known.setdefault(_core(one.purl), []).append(one)
    merged: dict[str, Component] = {one.ref: one for one in found}
    meant: dict[str, str] = {}  # ref in a document → ref of what was found
    for one in stated:
        same = next((other for other in known.get(_core(one.purl), ())[:_MAX_ALIKE] if _agree(one.purl, other.purl)), None)
        ref = same.ref if same is not None else one.ref
        meant[one.ref] = ref
        before = merged.get(ref)
        merged[ref] = one if before is None else _also(before, one)
    for ref, one in merged.items():
        if one.presence is Presence.STATED:
            merged[ref] = replace(one, depends=tuple(sorted({meant.get(need, need) for need in one.depends} - {ref})))
    return tuple(merged[ref] for ref in sorted(merged))


def _also(known: Component, stated: Component) -> Component:
    """A component, with one more document that states it; of one that is stated only, with what that one says, too."""
    names = [name for name in known.facts.get(STATED_BY, "").split("; ") if name]
    names += [name for name in stated.facts[STATED_BY].split("; ") if name not in names]
    facts = {**known.facts, STATED_BY: "; ".join(names[:_MAX_NAMES])}
    evidence = tuple(dict.fromkeys((*known.evidence, *stated.evidence)))
    if known.presence is not Presence.STATED:
        return replace(known, facts=facts, evidence=evidence)
    return replace(
        known,
        facts=facts,
        evidence=evidence,
        licences=known.licences or stated.licences,
        hashes=known.hashes or stated.hashes,
        hash_covers=known.hash_covers if known.hashes else stated.hash_covers,
        supplier=known.supplier or stated.supplier,
        depends=tuple(sorted({*known.depends, *stated.depends})),
    )


def _core(purl: str) -> str:
    return purl.partition("#")[0].partition("?")[0]


def _agree(one: str, other: str) -> bool:
    first, second = _qualifiers(one), _qualifiers(other)
    return all(second.get(key, value) == value for key, value in first.items())


def _qualifiers(purl: str) -> Mapping[str, str]:
    def pairs() -> Iterator[tuple[str, str]]:
        for text in purl.partition("#")[0].partition("?")[2].split("&"):
            key, _, value = text.partition("=")
            if key in _DEPENDING:
                yield key, value

    return dict(pairs())
