"""The bundles that the catalog keeps about a digest, as evidence to be appraised like any other place's."""

from pratique.catalog.ledger import Catalog
from pratique.catalog.rows import DocumentRow
from pratique.errors import DigestMismatch, InputError, PratiqueError
from pratique.evidence.collect import MAX_PIECES
from pratique.evidence.collected import Collected, Collection
from pratique.model import Cause, Digest


def collect_from_catalog(catalog: Catalog, subject: Digest) -> Collection:
    """Every bundle that was shipped with `subject`, but for those that their keys took away for others.

    One whose file is gone or changed is kept with its cause.
    """
    try:
        rows = [row for row in catalog.documents_of(subject, role="bundle") if not row.superseded]
    except PratiqueError as error:
        return Collection(cause=Cause.UNREACHABLE, detail=str(error))
    pieces = [load_bundle(catalog, row) for row in rows[:MAX_PIECES]]
    if len(rows) > MAX_PIECES:
        where = f"the catalog: bundles about {subject}"
        detail = f"{len(rows)} bundles are in the catalog, and the newest {MAX_PIECES} of them were read"
        unread = Collected(digest=Digest.of(where.encode()), where=where, cause=Cause.UNREADABLE, detail=detail, unread=True)
        return Collection(pieces=(*pieces, unread))
    return Collection(pieces=tuple(pieces))


def load_bundle(catalog: Catalog, row: DocumentRow) -> Collected:
    """One bundle of the catalog, as evidence; with its cause where its file is gone or changed."""
    where = str(catalog.documents.path_of(row.digest))
    try:
        data = catalog.documents.get(row.digest)
        return Collected(digest=row.digest, where=where, media_type=row.media_type, claimed_type=row.predicate_type, data=data)
    except (DigestMismatch, InputError) as error:
        detail = str(error)
        return Collected(
            digest=row.digest, where=where, claimed_type=row.predicate_type, cause=Cause.INVALID, detail=detail, lost=True
        )
