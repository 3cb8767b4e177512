"""Ship one artifact: the whole way from bytes to ledger, in the order of the picture.

Order matters for crashes: the artifact is pushed before anything is said about it, so that a place that cannot be reached
costs no log entry; what is signed is journalled before it is logged, logged before it is attached; the tag comes when all
evidence is there, so that nobody meets it bare; then the catalog, and the journal goes last. A second run finds each step done
or does it; it adds nothing twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pratique.attest.bundle import parse_bundle, without_keyid
from pratique.attest.dsse import Envelope, parse_envelope, render_envelope
from pratique.documents.cyclonedx.of_inventory import render_cyclonedx
from pratique.documents.epoch import sbom_time
from pratique.errors import DigestMismatch, InputError
from pratique.inventory.scan import take_inventory
from pratique.keys.logged_signer import LoggedBundle, LoggedSigner, log_envelopes, sign_payload
from pratique.model import Digest, FileManifest, Inventory, build_manifest
from pratique.model.chain import Bases
from pratique.model.predicates import TITLES
from pratique.registry.attach import attach_bundles
from pratique.ship.journal import Journal, open_journal
from pratique.ship.statements import Draft, draft_statements, same_claim

if TYPE_CHECKING:
    from pratique.artifact.types import Artifact, ImageContents
    from pratique.catalog.ledger import Catalog
    from pratique.registry.types import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """What was shipped. `bundles`: predicate type → the bundle. `destination`: where artifact and evidence went, or ""."""

    inventory: Inventory
    manifest: FileManifest
    sbom: bytes
    bundles: Mapping[str, LoggedBundle]
    destination: str
    reused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """What the caller is told on the way: a step begins, and how far a long one is (bytes done, bytes in all)."""

    begin: Callable[[str], None]
    progress: Callable[[int, int], None]


def ship(
    artifact: "Artifact",
    *,
    logged_signer: LoggedSigner,
    catalog: "Catalog",
    destination: "Repository | None",
    tag: str | None,
    name: str,
    environ: Mapping[str, str],
    cache: Path | None,
    journals: Path,
    clock: Callable[[], int],
    steps: Steps,
    bases: Bases,
) -> Shipment:
    """Inventory, prove, sign, log, attach, catalogue. Raises what its parts raise.

    `name`: what the documents call the artifact, "" for its own; `clock`: Unix seconds; `bases`: as `take_inventory` has them.
    """
    started = clock()
    if destination is not None:
        _check_destination(artifact, destination, tag)
    steps.begin("inventory")
    inventory = take_inventory(artifact, cache=cache, progress=steps.progress, bases=bases)
    if name:
        inventory = replace(inventory, subject=replace(inventory.subject, name=name))
    manifest = build_manifest(inventory)
    sbom = render_cyclonedx(inventory, timestamp=sbom_time(inventory, environ), manifest_root=manifest.root)
    place = f"{destination.name}{f':{tag}' if tag else ''}" if destination else ""
    work = journal_name(inventory.subject.digest, logged_signer.signer.public_key.keyid, place)
    with open_journal(journals, work) as journal:
        drafts = draft_statements(inventory, manifest=manifest, sbom=sbom, environ=environ, started=started, finished=clock())
        earlier = _earlier_bundles(catalog, inventory.subject.digest, logged_signer, drafts)
        if destination is not None:
            steps.begin(f"push to {place}")
            subject = _image_of(artifact).push_to(destination)
        steps.begin("sign and log")
        bundles = {
            **_sign_and_log(logged_signer, journal, [draft for draft in drafts if draft.predicate_type not in earlier]),
            **earlier,
        }
        if destination is not None:
            steps.begin("attach the evidence")
            signed = ((kind, sealed.data) for kind, sealed in sorted(bundles.items()))
            attach_bundles(destination, subject, signed, created=inventory.subject.created)
            if tag is not None:
                image = _image_of(artifact)
                destination.push_manifest(image.manifest, image.media_type, tag)
        steps.begin("catalogue")
        _record(catalog, inventory, manifest, sbom, bundles, logged_signer, place, environ, clock())
        journal.close()
    return Shipment(
        inventory=inventory,
        manifest=manifest,
        sbom=sbom,
        bundles=bundles,
        destination=place,
        reused=len(earlier) == len(drafts),
    )


def journal_name(subject: Digest, keyid: str, place: str) -> str:
    """One journal for each artifact, key and destination."""
    return f"{subject.hex[:24]}-{keyid[:12]}-{Digest.of(place.encode()).hex[:12]}"


def _sign_and_log(logged_signer: LoggedSigner, journal: Journal, drafts: list[Draft]) -> dict[str, LoggedBundle]:
    """Each statement signed once and logged once, however often this is begun."""
    from pratique.attest.strictjson import dump_json, load_json

    def envelope_of(draft: Draft) -> Envelope:
        stem = TITLES[draft.predicate_type].replace(" ", "-")
        name = f"{stem}.envelope.json"

        def made() -> Envelope:
            data = journal.once(name, lambda: dump_json(render_envelope(sign_payload(logged_signer, draft.payload))))
            return parse_envelope(load_json(data, what="journalled envelope"))

        # Provenance holds times: a second run keeps what the first one signed. But a build killed last week is not this one.
        envelope = made()
        if not same_claim(draft, envelope.payload):
            journal.forget(name)
            envelope = made()
        return envelope

    envelopes = [envelope_of(draft) for draft in drafts]
    sealed = log_envelopes(logged_signer, envelopes, resumed=journal.resumed)
    return {draft.predicate_type: item for draft, item in zip(drafts, sealed, strict=True)}


def _earlier_bundles(
    catalog: "Catalog", subject: Digest, logged_signer: LoggedSigner, drafts: list[Draft]
) -> dict[str, LoggedBundle]:
    """Bundles of an earlier, complete shipment that say the same: shipping twice must not say everything twice."""
    out: dict[str, LoggedBundle] = {}
    for row in catalog.documents_of(subject, role="bundle"):
        if row.keyid != logged_signer.signer.public_key.keyid:
            continue
        try:
            data = without_keyid(catalog.documents.get(row.digest))
            bundle = parse_bundle(data)
        except (DigestMismatch, InputError):
            continue  # a damaged one is no reason to say nothing: it is said anew
        for draft in drafts:
            if draft.predicate_type == row.predicate_type and same_claim(draft, bundle.envelope.payload):
                out[draft.predicate_type] = LoggedBundle(
                    data=data, digest=bundle.digest, log_index=bundle.log_entries[0].log_index
                )
    return out


def cannot_push(artifact: "Artifact") -> InputError:
    """The error for what no registry or layout holds."""
    kind = artifact.subject.kind.value
    return InputError(f"a {kind} cannot be pushed", hint="ship it without --to: the evidence goes into the catalog")


def _image_of(artifact: "Artifact") -> "ImageContents":
    if artifact.image is None:
        raise cannot_push(artifact)
    return artifact.image


def _check_destination(artifact: "Artifact", destination: "Repository", tag: str | None) -> None:
    """What would fail at the end fails now, before anything is signed."""
    from pratique.model import is_digest
    from pratique.registry.types import is_tag

    image = _image_of(artifact)
    if tag is not None and is_digest(tag) and tag != image.digest:
        raise InputError(f"the image is {image.digest}, it cannot be pushed as {tag}", where=destination.name)
    if tag is not None and not is_digest(tag) and not is_tag(tag):
        raise InputError(f"not a tag: {tag[:80]!r}", where=destination.name)


def _record(
    catalog: "Catalog",
    inventory: Inventory,
    manifest: FileManifest,
    sbom: bytes,
    bundles: Mapping[str, LoggedBundle],
    logged_signer: LoggedSigner,
    place: str,
    environ: Mapping[str, str],
    now: int,
) -> None:
    """Everything about the shipment in one transaction; the documents before it, for they are found by their digest."""
    from pratique.attest.predicates.provenance import build_facts
    from pratique.ship.statements import build_of

    subject = inventory.subject
    with catalog.transaction() as ledger:
        ledger.record_artifact(
            subject, manifest_root=manifest.root, location=place or subject.name, at=now, diff_ids=inventory.tree.layers
        )
        ledger.record_components(subject.digest, inventory.components)
        ledger.record_document(subject.digest, sbom, role="sbom", media_type="application/vnd.cyclonedx+json", at=now)
        for predicate_type, sealed in bundles.items():
            ledger.record_document(
                subject.digest,
                sealed.data,
                role="bundle",
                media_type="application/vnd.dev.sigstore.bundle.v0.3+json",
                predicate_type=predicate_type,
                keyid=logged_signer.signer.public_key.keyid,
                at=now,
            )
        ledger.record_build(subject.digest, build_facts(build_of(inventory, environ, now, now)), started=now)
