"""Artifacts by what people call them: an image's name with or without registry and tag, a file's, a digest's first digits."""

import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, func, select

from pratique.artifact.source import SCHEMES
from pratique.catalog import schema
from pratique.catalog.queries import artifacts_by
from pratique.catalog.rows import ArtifactRow
from pratique.catalog.search_pattern import like
from pratique.lexicon.globs import glob

EXACT = 1
"""Up to this rank a name is what the catalog calls it, whole; above, a part of that."""

BY_IMPORT = 100
"""Added where only a document that was imported calls it so: a stranger's word goes after all of ours."""
BY_TAG = 8
"""From this rank on only a tag is the same, which says nothing of what the artifact is."""

_PREFIX = re.compile(r"(?:(?:sha256|sha512):)?[0-9a-f]{6,128}")
_SCHEME = re.compile(rf"(?:oci|docker|file|https?)://|(?:oci|{'|'.join(SCHEMES)}):")
_DOCKER_HUB = re.compile(r"(?:index\.)?docker\.io/(?:library/)?")
_ENDING = re.compile(r"(?:\.(?:tar|oci|gz|tgz|zst|zip|json|xml|spdx|cdx|jar|exe|sig))+$", re.IGNORECASE)
_TAG = re.compile(r":[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$")
_VERSION = re.compile(r"(?<=[^/])@[^@/]+$")  # a digest, or the version that a document says of it
_MAX = 10_000


def find_artifacts(connection: Connection, text: str, *, whole: bool) -> list[ArtifactRow]:
    """Those that are meant by a digest, the beginning of one, or a name, the newest first; several where it can mean each.

    `whole`: by no less than a whole name.
    """
    found = artifacts_of_digest(connection, text)
    if found or not text.strip("*"):
        return found
    ranked = [(rank, row) for rank, row in artifacts_called(connection, text) if rank <= EXACT or not whole]
    return [row for rank, row in ranked if rank == ranked[0][0]]


def artifacts_of_digest(connection: Connection, text: str) -> list[ArtifactRow]:
    """Those whose digest or image ID is this, or begins with these six digits or more; the newest first.

    Whole, it is one artifact's digest, even where it is another's image ID as well.
    """
    text = text.lower()
    if not _PREFIX.fullmatch(text):
        return []
    table = schema.artifacts
    begins = [like(one) + "%" for one in ((text,) if ":" in text else (f"sha256:{text}", f"sha512:{text}"))]
    columns = (table.c.digest, table.c.config_digest)
    # One query for each, so that each has an index of its own.
    sides = [select(table.c.id).where(column.like(begin, escape="\\")) for column in columns for begin in begins]
    numbers = {number for side in sides for number in connection.scalars(side)}
    rows = artifacts_by(connection, numbers)
    exact = [row for row in rows if row.digest == text]
    if exact and exact[0].is_named_by_import:  # filed under an image's ID before that image was shipped
        return [row for row in rows if row not in exact] or exact
    return exact or rows


def artifacts_called(connection: Connection, text: str) -> list[tuple[int, ArtifactRow]]:
    """Those that are called so, with how closely: 0 by the whole name, more by less of it. The closest first, then the newest.

    `*` stands for any characters.
    """
    asked = list(_asked(text.strip()))
    needle = max(asked[-1].split("*"), key=len).lower() if asked else ""
    if not needle:
        return []
    ranked = []
    for row in artifacts_by(connection, _holding(connection, needle)):
        own = (*(() if row.is_named_by_import else (row.name,)), *row.locations)
        others = (*((row.name,) if row.is_named_by_import else ()), *row.imported_from)
        ranks = [rank for name in own if (rank := _rank(name, asked)) is not None]
        ranks += [rank + BY_IMPORT for name in others if (rank := _rank(name, asked)) is not None]
        if ranks:
            ranked.append((min(ranks), row))
    return sorted(ranked, key=lambda one: (one[0], -one[1].first_seen, one[1].digest))


def _holding(connection: Connection, needle: str) -> set[int]:
    """Artifacts with this somewhere in their name, their place or the name of a file that is about them; all of them where
    the database cannot tell its case."""
    artifacts, locations, imports = schema.artifacts.c, schema.locations.c, schema.imports.c
    queries: list[Any] = [select(artifacts.id), select(locations.artifact_id)]
    queries += [select(imports.artifact_id), select(imports.artifact_id)]
    if needle.isascii():
        columns = (artifacts.name, locations.location, imports.file, imports.name)
        queries = [
            query.where(func.lower(column).contains(needle, autoescape=True))
            for query, column in zip(queries, columns, strict=True)
        ]
    return {number for query in queries for number in connection.scalars(query.limit(_MAX))}


def _asked(text: str) -> Iterator[str]:
    """What was asked, as it is and without the scheme of a SOURCE and the registry that needs no name; the core of it last."""
    bare = _DOCKER_HUB.sub("", _SCHEME.sub("", text, count=1), count=1)
    if bare:
        yield from dict.fromkeys((text, bare))
        yield _last(_untagged(bare)) or bare


def _rank(name: str, asked: list[str]) -> int | None:
    texts = asked[:-1]
    for rank, spelling in _spellings(name):
        if any(glob(text, spelling) for text in texts):
            return rank
        if any(glob(text.lower(), spelling.lower()) for text in texts):
            return rank + 1
    return None


def _spellings(name: str) -> Iterator[tuple[int, str]]:
    """An artifact's name, and what is left of it when more and more is taken for granted. Ranks are even, and rise."""
    whole = dict.fromkeys((name, _SCHEME.sub("", name, count=1)))  # docker:24 is a name as well
    short = tuple(dict.fromkeys((*whole, *(_DOCKER_HUB.sub("", one, count=1) for one in whole))))
    yield from ((0, one) for one in short)
    yield from ((2, one) for text in short for one in (_repository(text), _untagged(text)))
    yield from ((4, one) for text in short for one in (_untagged(_repository(text)), _last(text)))
    yield from ((6, one) for text in short for one in (_last(_untagged(text)), _ENDING.sub("", _last(text))))
    yield from ((BY_TAG, tag[0][1:]) for text in short if (tag := _TAG.search(_VERSION.sub("", _last(text)))) is not None)


def _repository(name: str) -> str:
    """Without the registry."""
    host, slash, path = name.partition("/")
    return path if slash and ("." in host or ":" in host or host == "localhost") else name


def _untagged(name: str) -> str:
    return _TAG.sub("", _VERSION.sub("", name))


def _last(name: str) -> str:
    return name.rstrip("/").rpartition("/")[2]
