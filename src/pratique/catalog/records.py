"""Writing to the ledger, inside one transaction. All of it may be said again: nothing is added twice, `last_seen` moves on."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

from sqlalchemy import Connection, Table, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from pratique.attest.bundle import MEDIA_TYPE
from pratique.catalog import schema
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

    def record_components(self, artifact: Digest, components: Sequence[Component]) -> None:
        """What a recorded artifact is made of; replaces what was said of it before. Raises InputError for a bad purl."""
        number = self._id_of(artifact)
        by_purl = {_purl(component): component for component in components}
        known = self._component_ids(by_purl)
        rows = [_component_row(component) for purl, component in by_purl.items() if purl not in known]
        if rows:
            self._upsert(schema.components, rows, ["purl"], {})
            known = self._component_ids(by_purl)
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
        wanted = {known[_purl(component)]: _licences(component) for component in components}
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


def _purl(component: Component) -> str:
    """What names it in the catalog: its purl, or, of a folder that has none, what names it in its inventory."""
    return component.purl or component.ref


def _component_row(component: Component) -> dict[str, Any]:
    from packageurl import PackageURL

    if not component.purl:
        return {
            "purl": component.ref,
            "type": component.type,
            "namespace": "",
            "name": component.name,
            "version": component.version,
            "licences": _licences(component),
            "source": "",
        }
    try:
        purl = PackageURL.from_string(component.purl)
    except ValueError as error:
        raise InputError(f"not a purl: {component.purl[:200]}") from error
    return {
        "purl": component.purl,
        "type": purl.type,
        "namespace": purl.namespace or "",
        "name": purl.name,
        "version": purl.version or component.version,
        "licences": _licences(component),
        "source": _source_name(component.source, purl.name),
    }


def _source_name(source: str, name: str) -> str:
    """The name in the purl of a source package; empty where it is the package's own."""
    found = unquote(source.partition("?")[0].rpartition("/")[2].partition("@")[0])
    return "" if found == name else found


def _licences(component: Component) -> str:
    return json.dumps(component.licences, ensure_ascii=False)


def _chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    source = iter(items)
    while some := list(islice(source, _CHUNK)):
        yield some
