"""Searching the ledger: components by key and then by the rules of their type, artifacts by name and digest.

The database finds what has the key (`component_names`), by an index unless the pattern begins with a star; what is meant is
decided here, row by row. Then come the artifacts that hold what was found: those it was found in, and those of which only an
imported bill of materials says so.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, literal, or_, select

from pratique.catalog import schema
from pratique.catalog.artifact_names import BY_IMPORT, BY_TAG, artifacts_called, artifacts_of_digest
from pratique.catalog.component_names import CPE_PREFIX, IMPORTED_CPE_PREFIX, is_called, key_of
from pratique.catalog.queries import imported_names, locations_of
from pratique.catalog.rows import SearchRow
from pratique.catalog.search_pattern import CpeMeaning, Meaning, SearchPattern, like
from pratique.model import Digest

_CHUNK = 500
_MAX_GUESSED = 20_000  # components whose CPE name is guessed to answer one question
_OWN = ":"  # no key of a name has it: CPE names and digests do

Found = dict[int, tuple[str, str]]
"""Number of a component → its purl and the name of its source."""
Said = dict[int, set[int]]
"""Number of a component that is meant only by what imports call it → the numbers of those imports."""


def search(connection: Connection, pattern: SearchPattern) -> list[SearchRow]:
    """What matches: artifacts that are meant themselves, then components, by purl and the artifact's age."""
    found = find_components(connection, pattern)
    called, said = _called_by_imports(connection, pattern.cpe, found) if pattern.cpe is not None else ({}, {})
    rows = list(_held(connection, found | called, said))
    rows.sort(key=lambda row: (row.purl, row.first_seen, row.artifact, row.document or ""))
    return [*_artifacts(connection, pattern), *rows]


def find_components(connection: Connection, pattern: SearchPattern) -> Found:
    """The components that are meant, whoever says that they are somewhere."""
    found: Found = {}
    for meaning in pattern.meanings:
        for row in connection.execute(candidates(meaning)):
            if row.id not in found and _is_meant(meaning, row):
                found[row.id] = (row.purl, row.source)
    if pattern.cpe is not None:
        found |= _of_cpe(connection, pattern.cpe)
    if pattern.digest:
        for begin in _digests(pattern.digest):
            for row in connection.execute(_named(_begins(begin))):
                found[row.id] = (row.purl, row.source)
    return found


def candidates(meaning: Meaning) -> Select[Any]:
    """The query of all that could be meant. Each component once for each of its names that has the key."""
    components = schema.components.c
    if meaning.name is None:
        query = select(schema.components, components.name.label("called"))
    else:
        query = _named(_matches(schema.component_names.c.key, key_of(meaning.name)))
    if meaning.types:
        query = query.where(components.type.in_(sorted(meaning.types)))
    return query


def _named(condition: ColumnElement[bool]) -> Select[Any]:
    """Components with one of the names by which they are filed."""
    names, components = schema.component_names, schema.components
    called = names.c.name.label("called")
    return select(components, called, names.c.key).join(names, names.c.component_id == components.c.id).where(condition)


def _is_meant(meaning: Meaning, row: Row[Any]) -> bool:
    if meaning.name is not None:
        called = row.called or row.key
        if _OWN in row.key or not is_called(row.type, called, meaning.name):
            return False
        if meaning.namespace is not None and called not in (row.name, row.source) and not _same(row, called):
            return False  # a purl names the last part alone
    return meaning.is_of(row.type, row.namespace, row.version, row.purl)


def _same(row: Row[Any], called: str) -> bool:
    return is_called(row.type, row.name, called) or (row.source != "" and is_called(row.type, row.source, called))


def _of_cpe(connection: Connection, asked: CpeMeaning) -> Found:
    """By the names that were certain when it was found; and by those that would be guessed for it."""
    found: Found = {}
    for row in connection.execute(_named(_matches(schema.component_names.c.key, f"{CPE_PREFIX}{asked.vendor}:{asked.product}"))):
        if asked.is_version(row.type, row.version):
            found[row.id] = (row.purl, row.source)
    matches = _guesser(asked)
    for row in islice(connection.execute(_named(_could_be_guessed(asked.product))), _MAX_GUESSED):
        if row.id not in found and matches(row):
            found[row.id] = (row.purl, row.source)
    return found


def _called_by_imports(connection: Connection, asked: CpeMeaning, found: Found) -> tuple[Found, Said]:
    """Components that imports give such a CPE name. It counts for those imports: others, and what is shipped, share the row."""
    called: Found = {}
    said: Said = {}
    pattern = _matches(schema.component_names.c.key, f"{IMPORTED_CPE_PREFIX}{asked.vendor}:{asked.product}")
    for row in connection.execute(_named(pattern)):
        if row.id not in found and asked.is_version(row.type, row.version):
            called[row.id] = (row.purl, row.source)
            said.setdefault(row.id, set()).add(int(row.called))
    return called, said


def _could_be_guessed(product: str) -> ColumnElement[bool]:
    from pratique.documents.guessed_cpe_table import KNOWN

    key = schema.component_names.c.key
    known = sorted({key_of(name) for name, pair in KNOWN.items() if pair[1] == product})
    last = _matches(key, f"{key_of(product)}*") if product.strip("*") else key.in_([])
    return or_(key.in_(known), last) if known else last


def _guesser(asked: CpeMeaning) -> Callable[[Row[Any]], bool]:
    from pratique.catalog.component_names import cpe_parts
    from pratique.documents.document import Part, Property
    from pratique.documents.guessed_cpes import guessed_cpes
    from pratique.lexicon.globs import glob

    product = key_of(asked.product)

    def matches(row: Row[Any]) -> bool:
        if _OWN in row.key or not row.version:
            return False
        if asked.vendor in ("*", asked.product) and row.key == product:  # what names no vendor names every one
            return asked.is_version(row.type, row.version)
        stated = (Property("pratique:source", f"pkg:{row.type}/{row.source}"),) if row.source else ()
        part = Part(ref="", name=row.name, version=row.version, purl=row.purl, properties=stated)
        for text in guessed_cpes(part):
            parts = cpe_parts(text)
            if parts is not None and glob(asked.vendor, parts[0]) and glob(asked.product, parts[1]):
                return glob(asked.version, parts[2]) or asked.is_version(row.type, row.version)
        return False

    return matches


def _held(connection: Connection, found: Found, said: Said) -> Iterator[SearchRow]:
    """In which artifacts; of one that was inventoried and about which something was imported, what was found in it counts.
    What is among `said` is held by those imports alone."""
    numbers = sorted(found)
    places: dict[int, tuple[str, ...]] = {}
    names: dict[int, str] = {}
    for at in range(0, len(numbers), _CHUNK):
        some = numbers[at : at + _CHUNK]
        links = connection.execute(_links([number for number in some if number not in said]))
        imported = connection.execute(_imported(some))
        rows = [*links, *(row for row in imported if row.import_id in said.get(row.component_id, (row.import_id,)))]
        unknown = {row.artifact_id for row in rows} - places.keys()
        places |= dict.fromkeys(unknown, ()) | locations_of(connection, unknown)
        names |= imported_names(connection, {row.artifact_id for row in rows if not row.name} & unknown)
        seen: set[tuple[int, int]] = set()
        for row in rows:
            pair = (row.component_id, row.artifact_id)
            if pair not in seen:
                seen.add(pair)
                purl, source = found[row.component_id]
                yield SearchRow(
                    purl=purl,
                    artifact=Digest(row.digest),
                    name=row.name or names.get(row.artifact_id, ""),
                    locations=places[row.artifact_id],
                    layer=row.layer,
                    first_seen=row.first_seen,
                    source=source,
                    document=Digest(row.document) if row.document else None,
                    file=row.file,
                )


def _links(components: list[int]) -> Select[Any]:
    links, artifacts = schema.artifact_components, schema.artifacts
    return (
        select(links.c.component_id, links.c.artifact_id, links.c.layer)
        .add_columns(literal("").label("document"), literal("").label("file"))
        .add_columns(artifacts.c.digest, artifacts.c.name, artifacts.c.first_seen)
        .join(artifacts, artifacts.c.id == links.c.artifact_id)
        .where(links.c.component_id.in_(components))
    )


def _imported(components: list[int]) -> Select[Any]:
    links, imports, artifacts = schema.imported_components, schema.imports, schema.artifacts
    return (
        select(links.c.component_id, links.c.import_id, imports.c.artifact_id, literal("").label("layer"))
        .add_columns(imports.c.document, imports.c.file)
        .add_columns(artifacts.c.digest, artifacts.c.name, artifacts.c.first_seen)
        .join(imports, imports.c.id == links.c.import_id)
        .join(artifacts, artifacts.c.id == imports.c.artifact_id)
        .where(links.c.component_id.in_(components))
        .order_by(imports.c.last_seen.desc(), imports.c.document)
    )


def _artifacts(connection: Connection, pattern: SearchPattern) -> list[SearchRow]:
    """Artifacts that are called so, or whose digest begins so."""
    found = artifacts_of_digest(connection, pattern.digest) if pattern.digest else []
    if pattern.artifact.strip("*"):
        found += [row for rank, row in artifacts_called(connection, pattern.artifact) if rank % BY_IMPORT < BY_TAG]
    rows = {row.digest: row for row in found}.values()
    return [
        SearchRow(
            purl="",
            artifact=row.digest,
            name=row.name,
            locations=row.locations,
            layer="",
            first_seen=row.first_seen,
        )
        for row in sorted(rows, key=lambda row: (row.name, row.first_seen, row.digest))
    ]


def _digests(text: str) -> Iterable[str]:
    return (text,) if ":" in text else (f"sha256:{text}", f"sha512:{text}")


def _begins(text: str) -> ColumnElement[bool]:
    return schema.component_names.c.key.like(like(text) + "%", escape="\\")


def _matches(column: ColumnElement[str], pattern: str) -> ColumnElement[bool]:
    return column.like(like(pattern), escape="\\") if "*" in pattern else column == pattern
