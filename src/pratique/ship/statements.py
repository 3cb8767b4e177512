"""What is said about a shipped artifact: signature, SBOM, file manifest, provenance, each as an in-toto statement. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pratique.attest.predicates.provenance import provenance_from_environment
from pratique.attest.statement import StatementSubject, parse_statement, render_statement
from pratique.attest.strictjson import load_json
from pratique.model import FileManifest, Inventory, manifest_predicate
from pratique.model.predicates import CYCLONEDX, FILE_MANIFEST, IMAGE_SIGNATURE, SLSA_PROVENANCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A statement that is not signed yet. `payload`: its bytes."""

    predicate_type: str
    payload: bytes


def draft_statements(
    inventory: Inventory, *, manifest: FileManifest, sbom: bytes, environ: Mapping[str, str], started: int, finished: int
) -> list[Draft]:
    """The four statements about an artifact. `started`, `finished`: Unix seconds of the build as far as we know it."""
    predicates: dict[str, Any] = {
        IMAGE_SIGNATURE: {},
        CYCLONEDX: load_json(sbom, what="SBOM"),
        FILE_MANIFEST: manifest_predicate(manifest),
        SLSA_PROVENANCE: build_of(inventory, environ, started, finished),
    }
    subject = StatementSubject.of(inventory.subject.name, inventory.subject.digest)
    return [
        Draft(predicate_type=name, payload=render_statement(subjects=[subject], predicate_type=name, predicate=body))
        for name, body in predicates.items()
    ]


def build_of(inventory: Inventory, environ: Mapping[str, str], started: int, finished: int) -> dict[str, Any]:
    """The SLSA provenance predicate that the environment tells of."""
    return provenance_from_environment(environ, subject_name=inventory.subject.name, started_on=started, finished_on=finished)


def same_claim(draft: Draft, payload: bytes) -> bool:
    """Whether an earlier statement says the same; provenance may differ in its times."""
    if payload == draft.payload:
        return True
    if draft.predicate_type != SLSA_PROVENANCE:
        return False
    return _timeless(payload) == _timeless(draft.payload)


def _timeless(payload: bytes) -> tuple[Any, ...]:
    statement = parse_statement(payload)
    details = statement.predicate.get("runDetails")
    details = dict(details) if isinstance(details, dict) else {}
    metadata = details.get("metadata")
    if isinstance(metadata, dict):
        details["metadata"] = {key: value for key, value in metadata.items() if key not in ("startedOn", "finishedOn")}
    return statement.subjects, {**statement.predicate, "runDetails": details}
