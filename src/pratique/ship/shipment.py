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
from pratique.attest.statement import parse_statement
from pratique.documents.cyclonedx.of_inventory import render_cyclonedx
from pratique.documents.epoch import sbom_time
from pratique.errors import DigestMismatch, InputError
from pratique.inventory.scan import take_inventory
from pratique.keys.logged_signer import LoggedBundle, LoggedSigner, in_present_log, prove_in_present_log
from pratique.lexicon.text import clean, shown_path
from pratique.model import Digest, FileManifest, Inventory, build_manifest
from pratique.model.chain import Bases
from pratique.model.predicates import SLSA_PROVENANCE
from pratique.registry.attach import attach_bundles
from pratique.ship.journal import open_journal
from pratique.ship.sealed_once import SealedOnce
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
    allow_empty: bool = False,
) -> Shipment:
    """Inventory, prove, sign, log, attach, catalogue. Raises what its parts raise.

    `name`: what the documents call the artifact, "" for its own; `clock`: Unix seconds; `bases`: as `take_inventory` has them.
    `allow_empty`: sign also what nothing was found in because something could not be read; else that is an InputError.
    """
    started = clock()
    if destination is not None:
        _check_destination(artifact, destination, tag)
    steps.begin("inventory")
    inventory = take_inventory(artifact, cache=cache, progress=steps.progress, bases=bases)
    if not allow_empty:
        check_not_unread(inventory)
    if name:
        inventory = replace(inventory, subject=replace(inventory.subject, name=name))
    manifest = build_manifest(inventory)
    sbom = render_cyclonedx(inventory, timestamp=sbom_time(inventory, environ), manifest_root=manifest.root)
    place = f"{destination.name}{f':{tag}' if tag else ''}" if destination else ""
    work = journal_name(inventory.subject.digest, logged_signer.signer.public_key.keyid, place)
    with open_journal(journals, work) as journal:
        drafts = draft_statements(inventory, manifest=manifest, sbom=sbom, environ=environ, started=started, finished=clock())
        unfinished = SealedOnce(journal=journal, logged_signer=logged_signer)
        finished = unfinished.finished(drafts)
        finished |= _earlier_bundles(catalog, inventory.subject.digest, logged_signer, drafts, beside=finished)
        if destination is not None:
            steps.begin(f"push to {place}")
            subject = _image_of(artifact).push_to(destination)
        steps.begin("sign and log")
        new = [draft for draft in drafts if draft.predicate_type not in finished]
        bundles = {**unfinished.seal(new), **finished}
        if destination is not None:
            steps.begin("attach the evidence")
            signed = ((kind, sealed.data) for kind, sealed in sorted(bundles.items()))
            attach_bundles(destination, subject, signed, created=inventory.subject.created)
            if tag is not None:
                image = _image_of(artifact)
                destination.push_manifest(image.manifest, image.media_type, tag)
        steps.begin("catalogue")
        _record(catalog, inventory, manifest, sbom, bundles, logged_signer, place, clock())
        journal.close()
    return Shipment(
        inventory=inventory,
        manifest=manifest,
        sbom=sbom,
        bundles=bundles,
        destination=place,
        reused=not new and not journal.resumed,
    )


def check_not_unread(inventory: Inventory) -> None:
    """That the inventory is not empty for want of reading. Raises InputError: signed, it would pass for one of nothing."""
    if inventory.components:
        return
    reasons = [f"{shown_path(one.path) or '/'}: {one.reason}" for one in inventory.unknowns if one.unread]
    if reasons:
        raise InputError(
            f"no component was found, and not everything could be read: {clean(reasons[0])}"
            + (f", and {len(reasons) - 1} more" if len(reasons) > 1 else ""),
            where=inventory.subject.name,
            hint="--allow-empty signs it all the same",
        )


def journal_name(subject: Digest, keyid: str, place: str) -> str:
    """One journal for each artifact, key and destination."""
    return f"{subject.hex[:24]}-{keyid[:12]}-{Digest.of(place.encode()).hex[:12]}"


def _earlier_bundles(
    catalog: "Catalog",
    subject: Digest,
    logged_signer: LoggedSigner,
    drafts: list[Draft],
    *,
    beside: Mapping[str, LoggedBundle],
) -> dict[str, LoggedBundle]:
    """Bundles of an earlier, complete shipment that say the same as the drafts, but for those `beside`.

    Shipping twice must not say everything twice. When the log has another name by now, they are proven in it anew.
    """
    out: dict[str, LoggedBundle] = {}
    elsewhere: dict[str, bytes] = {}
    for row in catalog.documents_of(subject, role="bundle"):
        if row.keyid != logged_signer.signer.public_key.keyid or row.predicate_type in beside or row.predicate_type in out:
            continue
        try:
            data = without_keyid(catalog.documents.get(row.digest))
            bundle = parse_bundle(data)
        except (DigestMismatch, InputError):
            continue  # a damaged one is no reason to say nothing: it is said anew
        if logged_signer.stamp is not None and not bundle.timestamps:
            continue  # this time somebody vouches for the time as well
        for draft in drafts:
            if draft.predicate_type == row.predicate_type and same_claim(draft, bundle.envelope.payload):
                if in_present_log(logged_signer, data):
                    index = bundle.log_entries[0].log_index
                    out[draft.predicate_type] = LoggedBundle(data=data, digest=bundle.digest, log_index=index)
                else:
                    elsewhere.setdefault(draft.predicate_type, data)
    for kind, data in elsewhere.items():
        if kind not in out:
            out[kind] = prove_in_present_log(logged_signer, data)
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
    check_tag(_image_of(artifact).digest, tag, destination)


def check_tag(image: Digest, tag: str | None, destination: "Repository") -> None:
    """That the image can be named so there: by a tag, or by its own digest. Raises InputError."""
    from pratique.model import is_digest
    from pratique.registry.types import is_tag

    if tag is not None and is_digest(tag) and tag != image:
        raise InputError(f"the image is {image}, it cannot be pushed as {tag}", where=destination.name)
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
    now: int,
) -> None:
    """Everything about the shipment in one transaction; the documents before it, for they are found by their digest.

    The build is recorded as the signed provenance says it, not as this run, which may be the second, would say it.
    """
    from pratique.attest.predicates.provenance import build_facts, build_started

    provenance = parse_statement(parse_bundle(bundles[SLSA_PROVENANCE].data).envelope.payload).predicate
    started, subject = build_started(provenance), inventory.subject
    with catalog.transaction() as ledger:
        ledger.record_artifact(
            subject, manifest_root=manifest.root, location=place or subject.name, at=now, diff_ids=inventory.tree.layers
        )
        ledger.record_components(subject.digest, inventory.components)
        ledger.record_document(subject.digest, sbom, role="sbom", media_type="application/vnd.cyclonedx+json", at=now)
        for predicate_type, sealed in bundles.items():
            ledger.record_sealed(subject.digest, sealed, predicate_type=predicate_type, signer=logged_signer.name, at=now)
        ledger.record_build(subject.digest, build_facts(provenance), started=now if started is None else started)
