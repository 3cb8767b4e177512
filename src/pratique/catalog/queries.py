"""Reading the ledger."""

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, func, select

from pratique.catalog import schema
from pratique.catalog.rows import ArtifactRow, BuildRow, DecisionRow, DocumentRow, ImportRow, ObservationRow
from pratique.catalog.schema import SUPERSEDED
from pratique.model import Cause, Digest, Result, Verdict

_CHUNK = 500  # below every database's limit of parameters in a statement


def list_artifacts(connection: Connection) -> list[ArtifactRow]:
    """All artifacts, the newest first."""
    table = schema.artifacts
    return _artifacts(connection, select(table).order_by(table.c.first_seen.desc(), table.c.id.desc()))


def artifacts_by(connection: Connection, numbers: Iterable[int]) -> list[ArtifactRow]:
    """The artifacts of these numbers, the newest first."""
    table, wanted = schema.artifacts, sorted(numbers)
    found: list[ArtifactRow] = []
    for at in range(0, len(wanted), _CHUNK):
        found += _artifacts(connection, select(table).where(table.c.id.in_(wanted[at : at + _CHUNK])))
    return sorted(found, key=lambda row: (-row.first_seen, row.digest))


def count_components(connection: Connection, artifact: Digest) -> int:
    """How many components an artifact is made of."""
    links, artifacts = schema.artifact_components, schema.artifacts
    query = select(func.count()).select_from(links.join(artifacts)).where(artifacts.c.digest == artifact)
    return int(connection.scalar(query) or 0)


def imports_of(connection: Connection, artifact: Digest) -> list[ImportRow]:
    """Bills of materials about an artifact that were imported, the newest first."""
    table, links = schema.imports, schema.imported_components
    counted = select(func.count()).select_from(links).where(links.c.import_id == table.c.id).scalar_subquery()
    query = (
        select(table, counted.label("components"))
        .join(schema.artifacts, schema.artifacts.c.id == table.c.artifact_id)
        .where(schema.artifacts.c.digest == artifact)
        .order_by(table.c.first_seen.desc(), table.c.id.desc())
    )
    return [
        ImportRow(
            document=Digest(row.document),
            file=row.file,
            title=row.title,
            components=row.components,
            first_seen=row.first_seen,
            last_seen=row.last_seen,
        )
        for row in connection.execute(query)
    ]


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
    numbers = {row.id for row in rows}
    places, files = locations_of(connection, numbers), _files_of(connection, numbers)
    names = imported_names(connection, (row.id for row in rows if not row.name))
    return [
        ArtifactRow(
            digest=Digest(row.digest),
            kind=row.kind,
            name=row.name or names.get(row.id, ""),
            platform=row.platform,
            config=_digest(row.config_digest),
            manifest_root=_digest(row.manifest_root),
            locations=places[row.id],
            first_seen=row.first_seen,
            last_seen=row.last_seen,
            imported_from=files[row.id],
            is_named_by_import=row.id in names,
        )
        for row in rows
    ]


def locations_of(connection: Connection, artifacts: Iterable[int]) -> defaultdict[int, tuple[str, ...]]:
    """Where artifacts are, by their number, the first place first."""
    return _texts_of(connection, schema.locations, "location", artifacts)


def imported_names(connection: Connection, artifacts: Iterable[int]) -> dict[int, str]:
    """What documents that were imported call artifacts, by their number; of several the first."""
    return {number: texts[0] for number, texts in _texts_of(connection, schema.imports, "name", artifacts).items()}


def _files_of(connection: Connection, artifacts: Iterable[int]) -> defaultdict[int, tuple[str, ...]]:
    return _texts_of(connection, schema.imports, "file", artifacts)


def _texts_of(connection: Connection, table: Table, name: str, artifacts: Iterable[int]) -> defaultdict[int, tuple[str, ...]]:
    found = defaultdict[int, tuple[str, ...]](tuple)
    numbers, column = sorted(artifacts), table.c[name]
    for at in range(0, len(numbers), _CHUNK):
        query = select(table.c.artifact_id, column).where(table.c.artifact_id.in_(numbers[at : at + _CHUNK]))
        for number, text in connection.execute(query.order_by(table.c.first_seen, column)):
            found[number] += (text,)
    return found


def _digest(text: str) -> Digest | None:
    return Digest(text) if text else None
