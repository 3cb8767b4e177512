"""What is near to what was not found: the same name in other versions and types, names that differ by a letter or two."""

from collections.abc import Callable
from difflib import SequenceMatcher
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select

from pratique.catalog import schema
from pratique.catalog.component_names import key_of
from pratique.catalog.search import find_components
from pratique.catalog.search_pattern import Meaning, SearchPattern, like
from pratique.lexicon.version_order import order_key

SHOWN = 5
_MAX_READ = 20_000
_ALIKE = 0.75  # of difflib's ratio; "requets" and "requests" have 0.93, "flask" and "task" 0.67
_MAX_SLIPS = 200  # letters: of longer words two letters are not thought of
_MIN_CHARS = 3
"""Below, everything is near to everything."""


def near_things(connection: Connection, pattern: SearchPattern) -> list[str]:
    """At most `SHOWN` components and artifacts that may be meant, components first; the likeliest first."""
    found = near_components(connection, pattern)
    if pattern.artifact and len(found) < SHOWN:
        found += near_artifacts(connection, pattern.artifact)
    return found[:SHOWN]


def near_components(connection: Connection, pattern: SearchPattern) -> list[str]:
    """Package URLs, or names, of at most `SHOWN` things that may be meant; the likeliest first."""
    for wider in (_any_version(pattern), _any_type(pattern)):
        found = find_components(connection, wider) if wider.meanings else {}
        if found:
            return _shown([purl for purl, _ in found.values()])
    word = _word(pattern)
    if word is None or len(word) < _MIN_CHARS:
        return []
    return _alike(connection, word)


def near_artifacts(connection: Connection, text: str) -> list[str]:
    """Names of at most `SHOWN` artifacts that may be meant by what is none's name."""
    word = text.rpartition("/")[2].lower()
    columns = (schema.artifacts.c.name, schema.imports.c.name)
    queries = (select(column).where(column != "").distinct().limit(_MAX_READ) for column in columns)
    names = dict.fromkeys(name for query in queries for name in connection.scalars(query))
    ranked = []
    ratio = _alike_to(word)
    for name in names:
        last = name.rpartition("/")[2].lower()
        parts = {last, last.partition(":")[0], last.partition(".")[0]}
        best = max((ratio(part) for part in parts), default=0.0)
        if best or (len(word) >= _MIN_CHARS and word in name.lower()):
            ranked.append((-best, name))
    return [name for _, name in sorted(ranked)[:SHOWN]]


def _any_version(pattern: SearchPattern) -> SearchPattern:
    meanings = [
        Meaning(name=one.name, types=one.types, namespace=one.namespace)
        for one in pattern.meanings
        if one.name is not None and (one.version is not None or one.qualifiers)
    ]
    return SearchPattern(text=pattern.text, meanings=tuple(meanings))


def _any_type(pattern: SearchPattern) -> SearchPattern:
    meanings = [Meaning(name=one.name) for one in pattern.meanings if one.name is not None and one.types]
    if pattern.cpe is not None and pattern.cpe.product.strip("*"):
        meanings = [Meaning(name=pattern.cpe.product)]
    return SearchPattern(text=pattern.text, meanings=tuple(meanings))


def _word(pattern: SearchPattern) -> str | None:
    """The key of what is a name at least."""
    if pattern.cpe is not None:
        return key_of(pattern.cpe.product.replace("*", ""))
    names = [one.name for one in pattern.meanings if one.name]
    return key_of(min(names, key=len).replace("*", "")) if names else None


def _alike(connection: Connection, word: str) -> list[str]:
    """Of names with the same key, the same beginning, with this in them, or with other letters at their beginning."""
    names, components = schema.component_names.c, schema.components.c
    length = func.length(names.key)
    about = length.between(len(word) - 2, len(word) + 2)
    queries = [
        names.key == word,
        and_(names.key.like(like(word[:2]) + "%", escape="\\"), about),
        names.key.in_(_slips(word)),
        or_(*(names.key.like(one, escape="\\") for one in _first_letters(word))),
        and_(names.key.contains(word, autoescape=True), length <= 3 * len(word)),
    ]
    ranked: dict[str, float] = {}
    ratio = _alike_to(word)
    for condition in queries:
        for row in _rows(connection, condition):
            alike = ratio(row.key)
            if alike or word in row.key:
                ranked[row.key] = alike
        if len(ranked) >= SHOWN:
            break
    best = sorted(ranked, key=lambda key: (-ranked[key], key))[:SHOWN]
    joined = schema.component_names.join(schema.components, names.component_id == components.id)
    query = select(names.key, func.min(components.purl).label("purl"), func.count().label("many")).select_from(joined)
    rows = connection.execute(query.where(names.key.in_(best)).group_by(names.key)).all()
    by_key = {row.key: _unversioned(row.purl) if row.many > 1 else row.purl for row in rows}
    return list(dict.fromkeys(by_key[key] for key in best if key in by_key))


def _rows(connection: Connection, condition: ColumnElement[bool]) -> list[Row[Any]]:
    key = schema.component_names.c.key
    query = select(key).where(condition, ~key.contains(":", autoescape=True)).distinct().limit(_MAX_READ)
    return list(connection.execute(query).all())


def _first_letters(word: str) -> list[str]:
    """Patterns for another first or second letter, and for one too few there."""
    second = like(word[0]) + "_"
    return [f"{second}{like(word[2:])}", f"{second}{like(word[1:])}", f"_{like(word[1:])}", f"_{like(word)}"]


def _slips(word: str) -> list[str]:
    """The word with two letters the wrong way round, or without one of its letters."""
    if len(word) > _MAX_SLIPS:
        return []
    places = range(len(word))
    swapped = [word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in places[:-1]]
    return [*swapped, *(word[:at] + word[at + 1 :] for at in places)]


def _alike_to(word: str) -> Callable[[str], float]:
    """How alike another word is: difflib's ratio, or 0 below `_ALIKE`."""
    matcher = SequenceMatcher(None, "", word, autojunk=False)

    def ratio(other: str) -> float:
        if abs(len(word) - len(other)) > max(len(word), len(other)) // 2:
            return 0.0
        matcher.set_seq1(other)
        if matcher.real_quick_ratio() < _ALIKE or matcher.quick_ratio() < _ALIKE:
            return 0.0
        found = matcher.ratio()
        return found if found >= _ALIKE else 0.0

    return ratio


def _unversioned(purl: str) -> str:
    head = purl.partition("?")[0]
    return head.rpartition("@")[0] or head


def _shown(purls: list[str]) -> list[str]:
    """Of one name in many versions the newest ones."""
    heads = {purl.partition("?")[0] for purl in purls}
    return sorted(heads, key=lambda head: (order_key(head.rpartition("@")[2]), head), reverse=True)[:SHOWN]
