"""Reading the ledger."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select, union_all

from pratique.catalog import schema
from pratique.catalog.rows import ArtifactRow, BuildRow, DecisionRow, DocumentRow, ObservationRow, SearchRow
from pratique.catalog.schema import SUPERSEDED
from pratique.catalog.search_pattern import SearchPattern, like
from pratique.errors import InputError, NotFound
from pratique.model import Cause, Digest, Result, Verdict

_PREFIX = re.compile(r"(?:sha256:|sha512:)?[0-9a-f]{6,128}")


def search(connection: Connection, pattern: SearchPattern) -> list[SearchRow]:
    """Components that match, by purl and then the artifact's age."""
    rows = connection.execute(search_query(pattern)).all()
    places = _locations(connection, {row.id for row in rows})
    return [
        SearchRow(
            purl=row.purl,
            artifact=Digest(row.digest),
            name=row.name,
            locations=places[row.id],
            layer=row.layer,
            first_seen=row.first_seen,
            source=row.source,
        )
        for row in rows
    ]


def search_query(pattern: SearchPattern) -> Select[Any]:
    """The query of a pattern. A name is that of the package, or of the source it was built from."""
    artifacts, components, links = schema.artifacts.c, schema.components.c, schema.artifact_components.c
    wanted = {
        components.purl: pattern.purl,
        components.type: pattern.type,
        components.namespace: pattern.namespace,
        components.version: pattern.version,
    }
    conditions = [_matches(column, glob) for column, glob in wanted.items() if glob is not None]
    if pattern.name is not None:
        named, built = _matches(components.name, pattern.name), _matches(components.source, pattern.name)
        is_built = components.source != ""
        # Two queries, so that each has an index of its own: for one with OR, SQLite takes one index for both.
        sides = [select(components.id).where(*conditions, named), select(components.id).where(*conditions, built, is_built)]
        conditions = [components.id.in_(union_all(*sides))]
    return (
        select(components.purl, components.source, links.layer)
        .add_columns(artifacts.id, artifacts.digest, artifacts.name, artifacts.first_seen)
        .select_from(
            schema.components.join(schema.artifact_components, links.component_id == components.id).join(
                schema.artifacts, artifacts.id == links.artifact_id
            )
        )
        .where(and_(*conditions))
        .order_by(components.purl, artifacts.first_seen, artifacts.digest)
    )


def list_artifacts(connection: Connection) -> list[ArtifactRow]:
    """All artifacts, the newest first."""
    table = schema.artifacts
    return _artifacts(connection, select(table).order_by(table.c.first_seen.desc(), table.c.id.desc()))


def find_artifact(connection: Connection, text: str) -> ArtifactRow:
    """By digest, by image ID, or by at least six digits of either. Raises NotFound, InputError when several begin so."""
    if not _PREFIX.fullmatch(text):
        raise NotFound(f"not a digest: {text[:80]!r}", hint="give at least six hexadecimal digits")
    table = schema.artifacts
    begins = like(text if ":" in text else f"sha256:{text}") + "%"
    condition = or_(table.c.digest.like(begins, escape="\\"), table.c.config_digest.like(begins, escape="\\"))
    found = _artifacts(connection, select(table).where(condition).order_by(table.c.first_seen.desc()))
    if not found:
        raise NotFound(f"no artifact {text} in the catalog")
    exact = [row for row in found if row.digest == text]
    if len(found) > 1 and not exact:
        digests = ", ".join(row.digest[:19] for row in found[:4])
        raise InputError(f"{text} could be any of {len(found)} artifacts: {digests}", hint="give more digits")
    return (exact or found)[0]


def count_components(connection: Connection, artifact: Digest) -> int:
    """How many components an artifact is made of."""
    links, artifacts = schema.artifact_components, schema.artifacts
    query = select(func.count()).select_from(links.join(artifacts)).where(artifacts.c.digest == artifact)
    return int(connection.scalar(query) or 0)


def signed_documents(connection: Connection) -> list[Digest]:
    """The digests of all bundles: what was signed, decided and observed."""
    links = schema.artifact_documents
    query = (
        select(links.c.document).where(links.c.role.in_(("bundle", "decision", "report"))).distinct().order_by(links.c.document)
    )
    return [Digest(text) for text in connection.scalars(query)]


def documents_of(connection: Connection, artifact: Digest, role: str | None) -> list[DocumentRow]:
    """Documents about an artifact, the newest first; a row that only marks one as superseded is said of that one."""
    links, documents, artifacts = schema.artifact_documents, schema.documents, schema.artifacts
    query = (
        select(links, documents.c.media_type, documents.c.size_bytes)
        .join(documents, documents.c.digest == links.c.document)
        .join(artifacts, artifacts.c.id == links.c.artifact_id)
        .where(artifacts.c.digest == artifact)
        .order_by(links.c.created.desc(), links.c.role, links.c.predicate_type, links.c.document)
    )
    if role is not None:
        query = query.where(links.c.role.in_((role, SUPERSEDED)))
    rows = connection.execute(query).all()
    superseded = {row.document for row in rows if row.role == SUPERSEDED}
    return [
        DocumentRow(
            digest=Digest(row.document),
            artifact=artifact,
            role=row.role,
            media_type=row.media_type,
            size_bytes=row.size_bytes,
            predicate_type=row.predicate_type,
            keyid=row.keyid,
            created=row.created,
            superseded=row.role == "bundle" and row.document in superseded,
        )
        for row in rows
        if row.role != SUPERSEDED
    ]


def builds_of(connection: Connection, artifact: Digest) -> list[BuildRow]:
    """Builds of an artifact, the newest first."""
    return [
        BuildRow(
            artifact=artifact,
            builder_id=row.builder_id,
            build_number=row.build_number,
            release_tag=row.release_tag,
            commit=row.commit,
            repository=row.repository,
            started=row.started,
        )
        for row in _about(connection, schema.builds, artifact, "started")
    ]


def decisions_of(connection: Connection, artifact: Digest) -> list[DecisionRow]:
    """Decisions about an artifact, the newest first."""
    return [
        DecisionRow(
            artifact=artifact,
            policy_name=row.policy_name,
            policy_digest=Digest(row.policy_digest),
            result=Result(row.result),
            verdicts=tuple(
                Verdict(rule=item["rule"], cause=Cause(item["cause"]), detail=item["detail"]) for item in json.loads(row.verdicts)
            ),
            decided_at=row.decided_at,
            bundle=Digest(row.bundle),
        )
        for row in _about(connection, schema.decisions, artifact, "decided_at")
    ]


def observations_of(connection: Connection, artifact: Digest) -> list[ObservationRow]:
    """Where an artifact was seen running, the latest first."""
    return [
        ObservationRow(
            artifact=artifact,
            workload=row.workload,
            node=row.node,
            engine=row.engine,
            first_seen=row.first_seen,
            last_seen=row.last_seen,
            report=_digest(row.report),
        )
        for row in _about(connection, schema.observations, artifact, "last_seen")
    ]


def _about(connection: Connection, table: Any, artifact: Digest, newest: str) -> Iterable[Row[Any]]:
    artifacts = schema.artifacts
    query = select(table).join(artifacts, artifacts.c.id == table.c.artifact_id).where(artifacts.c.digest == artifact)
    return connection.execute(query.order_by(table.c[newest].desc(), table.c.id.desc()))


def _artifacts(connection: Connection, query: Select[Any]) -> list[ArtifactRow]:
    rows = connection.execute(query).all()
    places = _locations(connection, {row.id for row in rows})
    return [
        ArtifactRow(
            digest=Digest(row.digest),
            kind=row.kind,
            name=row.name,
            platform=row.platform,
            config=_digest(row.config_digest),
            manifest_root=_digest(row.manifest_root),
            locations=places[row.id],
            first_seen=row.first_seen,
            last_seen=row.last_seen,
        )
        for row in rows
    ]


def _locations(connection: Connection, artifacts: set[int]) -> defaultdict[int, tuple[str, ...]]:
    table, found = schema.locations, defaultdict[int, tuple[str, ...]](tuple)
    numbers = sorted(artifacts)
    for at in range(0, len(numbers), 500):
        query = select(table.c.artifact_id, table.c.location).where(table.c.artifact_id.in_(numbers[at : at + 500]))
        for number, location in connection.execute(query.order_by(table.c.first_seen, table.c.location)):
            found[number] += (location,)
    return found


def _matches(column: ColumnElement[str], glob: str) -> ColumnElement[bool]:
    return column.like(like(glob), escape="\\") if "*" in glob else column == glob


def _digest(text: str) -> Digest | None:
    return Digest(text) if text else None
