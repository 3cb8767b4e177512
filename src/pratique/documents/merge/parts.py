"""What is said of a component that several documents state (`identity`). Pure.

Lists are united. Of texts and the like the first document's word stands; what others say differently is a conflict, which is
kept as a property of the component, `pratique:conflict:FIELD`, with the documents that say it.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from typing import Any

from pratique.documents.claims import licence_words
from pratique.documents.cyclonedx.vocabulary import OWN_PREFIX
from pratique.documents.document import Basis, DocumentForm, Hash, Licence, Part, Party, Property
from pratique.documents.for_others import system_id
from pratique.documents.parties import party_text
from pratique.documents.same import OPERATING_SYSTEM, part_version
from pratique.lexicon.licences import normalise
from pratique.lexicon.purl_pattern import spell
from pratique.lexicon.purl_same import finer_distro, united_purl

CONFLICT = f"{OWN_PREFIX}conflict:"
_INFO = "/creationInfo"  # of SPDX 3: who wrote the element down, which is not said of the component
_TEXTS = (
    "kind author publisher description summary comment copyright scope mime_type file_name download built released"
    " valid_until".split()
)
_PARTIES = ("supplier", "manufacturer")
_LISTS = ("cpes", "references", "properties", "occurrences", "copyrights", "attributions", "authors")


@dataclass(frozen=True, slots=True)
class StatedValue:
    """A value as text, and the numbers of the inputs that state it."""

    value: str
    by: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Inputs that say different things of one component. `component`: its purl, or name and version. `field`: of `Part`, or
    the pointer of an extra. `kept`: what stands in the field; `others`: what stands beside it, in the order of the inputs."""

    component: str
    field: str
    kept: StatedValue
    others: tuple[StatedValue, ...]


def title(part: Part) -> str:
    """A component for people: its package URL, or name and version."""
    return part.purl or f"{part.full_name} {part.version}".rstrip()


def unite(members: Sequence[tuple[int, Part]]) -> tuple[Part, list[Conflict]]:
    """One component of all, each with the number of its input, in their order; and where they disagree. None has parts."""
    first = members[0][1]
    if len(members) == 1:
        return first, []
    found: dict[str, Any] = {"purl": united_purl(one.purl for _, one in members)}
    conflicts: list[Conflict] = []

    def choose(field: str, get: Callable[[Part], Any], key: Callable[[Any], Any], show: Callable[[Any], str]) -> Any:
        """The first that is said; a conflict where another differs in `key`."""
        rows = [(by, value) for by, part in members if (value := get(part))]
        if not rows:
            return get(first)
        said: dict[Any, tuple[str, dict[int, None]]] = {}
        for by, value in rows:
            said.setdefault(key(value), (show(value), {}))[1][by] = None
        kept, *others = (StatedValue(text, tuple(by)) for text, by in said.values())
        if others:
            conflicts.append(Conflict(component=title(first), field=field, kept=kept, others=tuple(others)))
        return rows[0][1]

    named = choose("name", lambda part: part, _name_key, attrgetter("full_name"))
    found["group"], found["name"] = named.group, named.name
    found["version"] = _version(members, choose)
    for name in _TEXTS:
        found[name] = choose(name, attrgetter(name), str, str)
    for name in _PARTIES:
        kept = choose(name, attrgetter(name), _party_key, party_text)
        found[name] = _filled(kept, [getattr(part, name) for _, part in members])
    found["originators"] = choose("originators", attrgetter("originators"), _party_keys, _party_texts)
    licences: list[Licence] = []
    for field, bases in (("licences", (Basis.STATED, Basis.DECLARED)), ("concluded-licences", (Basis.CONCLUDED,))):
        get = partial(_of, bases=bases)
        kept = choose(field, get, _licence_key, lambda rows: ", ".join(licence_words(one.value for one in rows)))
        licences += _explained(kept, [get(part) for _, part in members])
    found["licences"] = (*licences, *_joined(_of(part, bases=(Basis.FOUND,)) for _, part in members))
    for name in _LISTS:
        found[name] = _joined(getattr(part, name) for _, part in members)
    found["source_info"] = "\n".join(_joined([part.source_info] for _, part in members if part.source_info))
    found["hashes"], contradicted = _hashes(members)
    found["extra"] = _extras(members, choose)
    conflicts += contradicted
    return replace(first, **found), conflicts


def remembered(part: Part, conflicts: Iterable[Conflict], names: Sequence[str]) -> Part:
    """The component with its conflicts as properties. `names`: what each input is called in a document."""
    rows = [row for one in conflicts for row in as_properties(one, names)]
    return replace(part, properties=_joined((part.properties, rows))) if rows else part


def as_properties(one: Conflict, names: Sequence[str]) -> list[Property]:
    """What stands beside the field: `{"in": [documents], "value": …}` for each that says something else."""
    rows = [{"in": [names[by] for by in said.by], "value": said.value} for said in one.others]
    return [Property(CONFLICT + one.field, json.dumps(row, ensure_ascii=False, sort_keys=True)) for row in rows]


def _version(members: Sequence[tuple[int, Part]], choose: Callable[..., Any]) -> str:
    """The first that is said; of an operating system the one that says most."""
    if members[0][1].kind == OPERATING_SYSTEM:
        releases = [f"-{part.version}" for _, part in members if part.version]
        finest = ""
        for one in releases:
            finest = finer_distro(finest, one) if finest else one
        if finest:
            return finest[1:]
    found: Part = choose("version", lambda part: part if part.version else None, part_version, attrgetter("version"))
    return found.version if found is not None else ""


def _of(part: Part, *, bases: tuple[Basis, ...]) -> tuple[Licence, ...]:
    return tuple(one for one in part.licences if one.basis in bases) if part.licences else ()


def _licence_key(licences: Iterable[Licence]) -> tuple[str, ...]:
    """As a set, each by its SPDX identifier where its name has one."""
    return licence_words((normalise(one.value) or one.value) if one.form is DocumentForm.NAME else one.value for one in licences)


def _name_key(part: Part) -> str:
    """In the one spelling in which names of the type are compared; `g/x` and `g:x` are one name, and so is what a system is
    called by its os-release and by others."""
    if part.kind == OPERATING_SYSTEM:
        return system_id(part.name.lower())
    type_ = part.purl.partition(":")[2].partition("/")[0].lower() if part.purl.startswith("pkg:") else ""
    return spell(type_, part.full_name.replace(":", "/")) if type_ else part.full_name.replace(":", "/")


def _party_key(party: Party) -> str:
    """The name without a mail address after it, and without quotation marks around it."""
    head, at, _ = party.name.partition("@")
    name = re.split("[<(]", head, maxsplit=1)[0] if at else head
    return name.strip("\"' ") or party.name


def _party_keys(parties: Iterable[Party]) -> frozenset[str]:
    return frozenset(map(_party_key, parties))


def _party_texts(parties: Iterable[Party]) -> str:
    return ", ".join(map(party_text, parties))


def _explained(licences: Iterable[Licence], others: Iterable[Iterable[Licence]]) -> list[Licence]:
    """With the text and the address that another document has of the same licence."""
    known: dict[str, tuple[str, str]] = {}
    for rows in others:
        for one in rows:
            if one.text or one.url:
                text, url = known.get(one.value, ("", ""))
                known[one.value] = (text or one.text, url or one.url)
    found: list[Licence] = []
    for one in licences:
        text, url = known.get(one.value, ("", ""))
        same = (one.text or text, one.url or url) == (one.text, one.url)
        found.append(one if same else replace(one, text=one.text or text, url=one.url or url))
    return found


def _filled(kept: Party | None, others: Iterable[Party | None]) -> Party | None:
    """With what other documents know of the same party."""
    if kept is None:
        return None
    for one in others:
        if one is not None and one is not kept and _party_key(one) == _party_key(kept):
            kept = replace(
                kept,
                kind=kept.kind or one.kind,
                email=kept.email or one.email,
                phone=kept.phone or one.phone,
                urls=_joined((kept.urls, one.urls)),
                contacts=_joined((kept.contacts, one.contacts)),
                extra={**one.extra, **kept.extra},
            )
    return kept


def _joined(lists: Iterable[Iterable[Any]]) -> tuple[Any, ...]:
    """All items in order, without those of a later list that an earlier one has. What it repeats itself stays."""
    found: list[Any] = []
    seen: set[Any] = set()
    for rows in lists:
        keys = [(_hashable(one), one) for one in rows]
        found += [one for key, one in keys if key not in seen]
        seen.update(key for key, _ in keys)
    return tuple(found)


def distinct(rows: Iterable[Any]) -> tuple[Any, ...]:
    """Each value once, in the order of the first."""
    found: dict[Any, Any] = {}
    for one in rows:
        found.setdefault(_hashable(one), one)
    return tuple(found.values())


def _hashable(one: Any) -> Any:
    """What stands for a value in a set: itself, or its words."""
    try:
        hash(one)
    except TypeError:
        return _json(one) if isinstance(one, dict | list) else repr(one)
    return one


def _by_algorithm(hashes: Iterable[Hash]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in hashes:
        found.setdefault(one.algorithm, set()).add(one.value)
    return found


def _hashes(members: Sequence[tuple[int, Part]]) -> tuple[tuple[Hash, ...], list[Conflict]]:
    """United, but of an input whose hashes contradict those before it none at all: they are of other bytes, where both have an
    algorithm and nothing of it in common."""
    united: dict[Hash, None] = {}
    values: dict[str, set[str]] = {}
    keepers: dict[int, None] = {}
    others: dict[str, dict[int, None]] = {}
    for by, part in members:
        if not part.hashes:
            continue
        mine = _by_algorithm(part.hashes)
        if any(name in values and values[name].isdisjoint(digests) for name, digests in mine.items()):
            others.setdefault(_hash_words(part.hashes), {})[by] = None
        else:
            united |= dict.fromkeys(part.hashes)
            for name, digests in mine.items():
                values.setdefault(name, set()).update(digests)
            keepers[by] = None
    if not others:
        return tuple(united), []
    said = tuple(StatedValue(text, tuple(by)) for text, by in others.items())
    kept = StatedValue(_hash_words(united), tuple(keepers))
    return tuple(united), [Conflict(component=title(members[0][1]), field="hashes", kept=kept, others=said)]


def _hash_words(hashes: Iterable[Hash]) -> str:
    return ", ".join(f"{one.algorithm}:{one.value}" for one in hashes)


def _extras(members: Sequence[tuple[int, Part]], choose: Callable[..., Any]) -> Mapping[str, Any]:
    pointers = dict.fromkeys(pointer for _, part in members for pointer in part.extra)
    found: dict[str, Any] = {}
    for pointer in pointers:
        rows = [part.extra[pointer] for _, part in members if pointer in part.extra]
        if pointer == _INFO or all(one == rows[0] for one in rows):
            found[pointer] = rows[0]
        elif all(isinstance(one, list) for one in rows):
            found[pointer] = list(_joined(rows))
        else:
            found[pointer] = choose(pointer.lstrip("/"), partial(_extra, pointer=pointer), _json, _json)
    return found


def _extra(part: Part, *, pointer: str) -> Any:
    return part.extra.get(pointer)


def _json(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
