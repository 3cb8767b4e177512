"""Ship a multi-platform index: all of it is pushed, each image in it is shipped as any other, and the index is signed.

What is signed: about each image its signature, SBOM, file manifest and provenance; about the index its signature, which covers
what it lists. Indexes in the index are pushed, and covered by the signature of the one that names them. The order is that of one
image: pushed, then said, and the tag last.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pratique.attest.statement import StatementSubject, render_statement
from pratique.errors import InputError
from pratique.model.predicates import IMAGE_SIGNATURE
from pratique.registry.copy import copy_image
from pratique.ship.shipment import Shipment, Steps, check_tag
from pratique.ship.sign import Publication, Published, SigningRequest, SigningTarget, sign_and_publish

if TYPE_CHECKING:
    from pratique.artifact.types import Artifact
    from pratique.catalog.ledger import Catalog
    from pratique.keys.logged_signer import LoggedSigner
    from pratique.registry.types import Manifest, Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedImage:
    """One image that the index leads to. `platform`: what the index says that it is for; `unreadable`: why no files can be read
    out of it, "" when they can. `load`: opens it, once."""

    platform: str
    digest: str
    unreadable: str
    load: "Callable[[], Artifact]"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexShipment:
    """What was shipped: the index with its signature, and each image by its platform."""

    index: "Manifest"
    signature: Published
    images: tuple[tuple[str, Shipment], ...]
    destination: str


def ship_index(
    index: "Manifest",
    images: Sequence[IndexedImage],
    *,
    source: "Repository",
    ship_one: "Callable[[Artifact], Shipment]",
    logged_signer: "LoggedSigner",
    catalog: "Catalog",
    destination: "Repository | None",
    tag: str | None,
    name: str,
    clock: Callable[[], int],
    journals: Path,
    steps: Steps,
) -> IndexShipment:
    """Push, ship each image, sign the index, and name it. `ship_one`: ships one image, without a tag; `clock`: Unix seconds;
    `journals`: as `ship` has them.

    Raises InputError, before anything is pushed, for an index with something in it that is no container image; and what its
    parts raise. A second run finds each step done or does it.
    """
    for image in images:
        if image.unreadable:
            what = f"{image.platform or image.digest} in the index is {image.unreadable}"
            hint = "choose an image with --platform, or sign it all with: pratique sign --recursive"
            raise InputError(what, where=name, hint=hint)
    if destination is not None:
        check_tag(index.digest, tag, destination)
        if destination.name != source.name:
            steps.begin(f"push to {destination.name}")
            copy_image(source, index.digest, destination)
    shipped = tuple((image.platform, ship_one(image.load())) for image in images)
    steps.begin("sign the index")
    subject = StatementSubject.of(name, index.digest)
    request = SigningRequest(
        targets=(
            SigningTarget(
                digest=index.digest,
                name=name,
                repository=destination,
                descriptor=index.descriptor,
                reference=destination.name if destination is not None else "",
            ),
        ),
        predicate_type=IMAGE_SIGNATURE,
        message=render_statement(subjects=[subject], predicate_type=IMAGE_SIGNATURE, predicate={}),
    )
    (signature,) = sign_and_publish(
        [request], Publication(), logged_signer=logged_signer, catalog=catalog, clock=clock, journals=journals
    )
    if destination is not None and tag is not None:
        destination.push_manifest(index.data, index.media_type, tag)
    place = f"{destination.name}{f':{tag}' if tag else ''}" if destination else ""
    return IndexShipment(index=index, signature=signature, images=shipped, destination=place)
