"""The ledger's answers. Pure values; times are Unix seconds."""

from dataclasses import dataclass

from pratique.model import Digest, Result, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactRow:
    """One artifact. `kind` is empty for one that was only asked about, never shipped. `config`: the engine's image ID.

    `imported_from`: files whose word about it was imported. `is_named_by_import`: that only one of them calls it so.
    """

    digest: Digest
    kind: str
    name: str
    platform: str
    config: Digest | None
    manifest_root: Digest | None
    locations: tuple[str, ...]
    first_seen: int
    last_seen: int
    imported_from: tuple[str, ...] = ()
    is_named_by_import: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRow:
    """A component in an artifact. `artifact`: its digest; `first_seen`: of the artifact; `layer`: diff_id, or empty.

    `purl`: "" where the artifact itself is meant. `source`: the name of the source package it was built from, where that is
    another than its own. `document`: digest of the imported bill of materials that says so, where nothing else does; `file`: its
    name.
    """

    purl: str
    artifact: Digest
    name: str
    locations: tuple[str, ...]
    layer: str
    first_seen: int
    source: str = ""
    document: Digest | None = None
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRow:
    """A bill of materials that somebody brought; nothing here vouches for it. `title`: its format; `components`: how many."""

    document: Digest
    file: str
    title: str
    components: int
    first_seen: int
    last_seen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRow:
    """A document about an artifact. `role`: sbom, manifest, bundle, decision or report. `keyid`: who signed it, or empty.

    `superseded`: of a bundle, whether its key has stated something else in its place since (`attest --replace`).
    """

    digest: Digest
    artifact: Digest
    role: str
    media_type: str
    size_bytes: int
    predicate_type: str
    keyid: str
    created: int
    superseded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRow:
    """Where an artifact came from, as its provenance says. Empty what it does not say."""

    artifact: Digest
    builder_id: str
    build_number: str
    release_tag: str
    commit: str
    repository: str
    started: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """What a policy came to. `bundle`: digest of the signed decision."""

    artifact: Digest
    policy_name: str
    policy_digest: Digest
    result: Result
    verdicts: tuple[Verdict, ...]
    decided_at: int
    bundle: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationRow:
    """An artifact seen running. `report`: digest of the newest runtime report that says so, or None."""

    artifact: Digest
    workload: str
    node: str
    engine: str
    first_seen: int
    last_seen: int
    report: Digest | None
