"""Writing to the ledger, inside one transaction. All of it may be said again: nothing is added twice, `last_seen` moves on."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Connection, Table, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from pratique.attest.bundle import MEDIA_TYPE
from pratique.catalog import schema
from pratique.catalog.component_names import CPE_PREFIX, IMPORTED_CPE_PREFIX, cpe_key, names_of
from pratique.catalog.component_rows import (
    ImportedComponent,
    ImportOrigin,
    component_key,
    component_row,
    imported_row,
    licences_text,
)
from pratique.catalog.documents import DocumentStore
from pratique.catalog.schema import SUPERSEDED
from pratique.errors import InputError
from pratique.model import Component, Decision, Digest, Subject
from pratique.model.chain import chain_ids

if TYPE_CHECKING:
    from pratique.keys.logged_signer import LoggedBundle

ROLES = frozenset({"sbom", "manifest", "bundle", "decision", "report"})
_CHUNK = 500  # below every database's limit of parameters in a statement


class BuildRecord(Protocol):
    """What is recorded of a build; empty what is not known."""

    @property
    def builder_id(self) -> str: ...
    @property
    def build_number(self) -> str: ...
    @property
    def release_tag(self) -> str: ...
    @property
    def commit(self) -> str: ...
    @property
    def repository(self) -> str: ...


class Transaction:
    """What can be written down. It stands when the transaction's `with` ends without an error, all or nothing."""

    def __init__(self, connection: Connection, documents: DocumentStore) -> None:
        self._connection = connection
        self._documents = documents

    def record_artifact(
        self, subject: Subject, *, manifest_root: Digest, location: str, at: int, diff_ids: Sequence[Digest] = ()
    ) -> None:
        """An artifact, and where it was seen (`location`, as a person would write it). `diff_ids`: an image's layers."""
        row = {
            "digest": subject.digest,
            "kind": subject.kind.value,
            "name": subject.name,
            "platform": subject.platform,
            "config_digest": subject.config or "",
            "manifest_root": manifest_root,
            "chain_id": chain_ids(diff_ids)[-1] if diff_ids else "",
            "first_seen": at,
            "last_seen": at,
        }
        known = {key: row[key] for key in ("kind", "name", "platform", "config_digest", "manifest_root", "chain_id")}
        self._upsert(schema.artifacts, [row], ["digest"], known, seen=True)
        place = {"artifact_id": self._id_of(subject.digest), "location": location, "first_seen": at, "last_seen": at}
        self._upsert(schema.locations, [place], ["artifact_id", "location"], {}, seen=True)

    def record_location(self, artifact: Digest, location: str, *, name: str, at: int) -> None:
        """Where an artifact was seen, of which no more may be known than what it is called."""
        number = self._touch(artifact, at, name=name)
        place = {"artifact_id": number, "location": location, "first_seen": at, "last_seen": at}
        self._upsert(schema.locations, [place], ["artifact_id", "location"], {}, seen=True)

    def record_name(self, artifact: Digest, name: str, *, at: int) -> None:
        """What an artifact is called that was seen in no place, of which no more may be known."""
        self._touch(artifact, at, name=name)

    def record_components(self, artifact: Digest, components: Sequence[Component]) -> None:
        """What a recorded artifact is made of; replaces what was said of it before. Raises InputError for a bad purl."""
        number = self._id_of(artifact)
        by_purl = {component_key(component): component for component in components}
        rows = {purl: component_row(component) for purl, component in by_purl.items()}
        labels = {purl: (component.name, component.cpes) for purl, component in by_purl.items()}
        known = self._know_components(rows, labels)
        self._update_licences(by_purl.values(), known)
        table = schema.artifact_components
        before = set(self._connection.scalars(select(table.c.component_id).where(table.c.artifact_id == number)))
        for gone in _chunks(before - set(known.values())):
            self._connection.execute(delete(table).where(table.c.artifact_id == number, table.c.component_id.in_(gone)))
        links = [
            {"component_id": known[purl], "artifact_id": number, "layer": component.layer or ""}
            for purl, component in by_purl.items()
        ]
        if links:
            insert = self._insert(table)
            insert = insert.on_conflict_do_update(
                index_elements=["component_id", "artifact_id"], set_={"layer": insert.excluded.layer}
            )
            self._connection.execute(insert, links)

    def record_import(
        self, artifact: Digest, data: bytes, components: Sequence[ImportedComponent], *, origin: ImportOrigin, at: int
    ) -> bool:
        """What somebody's bill of materials, `data`, says is in an artifact, of which no more may be known than its digest.

        It stands beside what was found in the artifact and replaces none of it, not even a name that is lacking: names are what
        a trust goes by. Said again, it replaces what it said before.
        Returns whether it is new. Raises InputError for a bad purl.
        """
        number = self._touch(artifact, at)
        document = self._documents.put(data)
        row = {"digest": document, "media_type": origin.media_type, "size_bytes": len(data)}
        self._upsert(schema.documents, [row], ["digest"], {})
        table, links = schema.imports, schema.imported_components
        which = (table.c.artifact_id == number, table.c.document == document)
        is_new = self._connection.scalar(select(table.c.id).where(*which)) is None
        stated = {"name": origin.name, "file": origin.file, "title": origin.title}
        self._upsert(
            table,
            [{"artifact_id": number, "document": document, **stated, "first_seen": at, "last_seen": at}],
            ["artifact_id", "document"],
            stated,
            seen=True,
        )
        number_of_import = self._connection.scalar(select(table.c.id).where(*which))
        rows = {one.purl: imported_row(one) for one in components}
        # A document names things as it likes: of what has a purl, that alone is what others find it by.
        # A CPE name that it gives is its own word: it is filed with the import, and found there alone.
        known = self._know_components(rows, {one.purl: ("" if one.has_purl else one.name, ()) for one in components})
        cpes = {(known[one.purl], key) for one in components for key in map(cpe_key, one.cpes) if key}
        if cpes:
            keys = [(one, IMPORTED_CPE_PREFIX + key.removeprefix(CPE_PREFIX)) for one, key in sorted(cpes)]
            filed = [{"key": key, "component_id": one, "name": str(number_of_import)} for one, key in keys]
            self._upsert(schema.component_names, filed, ["key", "component_id", "name"], {})
        self._connection.execute(delete(links).where(links.c.import_id == number_of_import))
        if known:
            self._connection.execute(
                links.insert(), [{"component_id": known[purl], "import_id": number_of_import} for purl in rows]
            )
        return is_new

    def record_document(
        self,
        artifact: Digest,
        data: bytes,
        *,
        role: str,
        media_type: str,
        at: int,
        predicate_type: str = "",
        keyid: str = "",
    ) -> Digest:
        """Keep a document about an artifact: on disk at once, in the ledger with the transaction. Returns its digest.

        `role`: sbom, manifest, bundle, decision or report.
        """
        if role not in ROLES:
            raise InputError(f"no such role of a document: {role}")
        number = self._touch(artifact, at)
        digest = self._documents.put(data)
        row = {"digest": digest, "media_type": media_type, "size_bytes": len(data)}
        self._upsert(schema.documents, [row], ["digest"], {})
        link = {
            "artifact_id": number,
            "role": role,
            "document": digest,
            "predicate_type": predicate_type,
            "keyid": keyid,
            "created": at,
        }
        self._upsert(schema.artifact_documents, [link], ["artifact_id", "role", "document"], {})
        if role == "bundle":  # what is said again stands again
            table = schema.artifact_documents
            mark = delete(table).where(table.c.artifact_id == number, table.c.role == SUPERSEDED, table.c.document == digest)
            self._connection.execute(mark)
        return digest

    def record_superseded(self, artifact: Digest, bundle: Digest, *, at: int) -> None:
        """That whoever signed this recorded bundle about the artifact took it away for another. It stays, and counts no more."""
        mark = {"artifact_id": self._touch(artifact, at), "role": SUPERSEDED, "document": bundle, "created": at}
        self._upsert(schema.artifact_documents, [mark], ["artifact_id", "role", "document"], {})

    def record_sealed(
        self, artifact: Digest, sealed: "LoggedBundle", *, predicate_type: str, signer: str, at: int, role: str = "bundle"
    ) -> Digest:
        """Keep a signed and logged statement about an artifact, as `record_document` does. `signer`: as records name it."""
        return self.record_document(
            artifact, sealed.data, role=role, media_type=MEDIA_TYPE, predicate_type=predicate_type, keyid=signer, at=at
        )

    def record_build(self, artifact: Digest, build: BuildRecord, *, started: int) -> None:
        """Where an artifact came from. The same build said again keeps its first `started`."""
        names = ("builder_id", "build_number", "release_tag", "commit", "repository")
        row = {name: getattr(build, name) or "" for name in names}
        row |= {"artifact_id": self._touch(artifact, started), "started": started}
        self._upsert(schema.builds, [row], ["artifact_id", *names], {})

    def record_decision(self, decision: Decision, bundle: Digest) -> None:
        """What a policy came to, and the digest of the signed decision. The artifact need not have been shipped here."""
        verdicts = [{"rule": item.rule, "cause": item.cause.value, "detail": item.detail} for item in decision.verdicts]
        row = {
            "artifact_id": self._touch(decision.subject, decision.decided_at, name=decision.subject_name),
            "policy_name": decision.policy_name,
            "policy_digest": decision.policy_digest,
            "result": decision.result.value,
            "verdicts": json.dumps(verdicts, ensure_ascii=False),
            "decided_at": decision.decided_at,
            "bundle": bundle,
        }
        self._upsert(schema.decisions, [row], ["artifact_id", "decided_at", "policy_digest", "bundle"], {})

    def record_observation(
        self, artifact: Digest, *, workload: str, node: str, engine: str, since: int, at: int, report: Digest | None = None
    ) -> None:
        """An artifact seen running from `since` until `at`."""
        row = {
            "artifact_id": self._touch(artifact, at),
            "workload": workload,
            "node": node,
            "engine": engine,
            "first_seen": since,
            "last_seen": at,
            "report": report or "",
        }
        known = {"report": report} if report else {}
        self._upsert(schema.observations, [row], ["artifact_id", "workload", "node", "engine"], known, seen=True)

    def _touch(self, artifact: Digest, at: int, *, name: str = "") -> int:
        """The artifact's number; one never seen before gets a row that says no more than is known."""
        row = {"digest": artifact, "name": name, "first_seen": at, "last_seen": at}
        self._upsert(schema.artifacts, [row], ["digest"], {}, seen=True)
        table = schema.artifacts
        if name:
            nameless = table.update().where(table.c.digest == artifact, table.c.name == "").values(name=name)
            self._connection.execute(nameless)
        return self._id_of(artifact)

    def _id_of(self, artifact: Digest) -> int:
        table = schema.artifacts
        number = self._connection.scalar(select(table.c.id).where(table.c.digest == artifact))
        if number is None:
            raise InputError(f"the artifact {artifact} is not in the catalog")
        return int(number)

    def _know_components(
        self, rows: Mapping[str, Mapping[str, Any]], said: Mapping[str, tuple[str, Sequence[str]]]
    ) -> dict[str, int]:
        """Numbers of components by what names them (`component_row`), each with the names by which it is found. `said`: how
        tables show it, and its CPE names."""
        known = self._component_ids(rows)
        new = [dict(row) for purl, row in rows.items() if purl not in known]
        if new:
            self._upsert(schema.components, new, ["purl"], {})
            known = self._component_ids(rows)
        names = [
            {"key": key, "component_id": known[purl], "name": name}
            for purl, row in rows.items()
            for key, name in names_of(
                purl=purl,
                type_=row["type"],
                namespace=row["namespace"],
                name=row["name"],
                version=row["version"],
                source=row["source"],
                label=said[purl][0],
                cpes=said[purl][1],
            )
        ]
        if names:
            self._upsert(schema.component_names, names, ["key", "component_id", "name"], {})
        return known

    def _component_ids(self, purls: Iterable[str]) -> dict[str, int]:
        table = schema.components
        found: dict[str, int] = {}
        for some in _chunks(purls):
            rows = self._connection.execute(select(table.c.purl, table.c.id).where(table.c.purl.in_(some)))
            found.update((purl, number) for purl, number in rows)
        return found

    def _update_licences(self, components: Iterable[Component], known: dict[str, int]) -> None:
        """A newer reading of a package's licences replaces the older one."""
        table = schema.components
        wanted = {known[component_key(component)]: licences_text(component) for component in components}
        for some in _chunks(wanted):
            rows = self._connection.execute(select(table.c.id, table.c.licences).where(table.c.id.in_(some))).all()
            for number, licences in rows:
                if licences != wanted[number]:
                    change = table.update().where(table.c.id == number).values(licences=wanted[number])
                    self._connection.execute(change)

    def _insert(self, table: Table) -> Any:
        """INSERT … ON CONFLICT is the same in both databases, but each dialect has its own class for it."""
        return (sqlite if self._connection.dialect.name == "sqlite" else postgresql).insert(table)

    def _upsert(
        self, table: Table, rows: list[dict[str, Any]], keys: list[str], change: dict[str, Any], *, seen: bool = False
    ) -> None:
        """Insert rows; of those there already, set `change`. With `seen`, first_seen and last_seen span both."""
        insert = self._insert(table)
        if seen:
            earlier, later = table.c.first_seen, insert.excluded.first_seen
            latest = func.max if self._connection.dialect.name == "sqlite" else func.greatest
            least = func.min if self._connection.dialect.name == "sqlite" else func.least
            change = {
                **change,
                "first_seen": least(earlier, later),
                "last_seen": latest(table.c.last_seen, insert.excluded.last_seen),
            }
        if change:
            insert = insert.on_conflict_do_update(index_elements=keys, set_=change)
        else:
            insert = insert.on_conflict_do_nothing(index_elements=keys)
        self._connection.execute(insert, rows)


def _chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    source = iter(items)
    while some := list(islice(source, _CHUNK)):
        yield some
