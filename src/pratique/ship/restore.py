"""Evidence that a place lost and the catalog still has: registries collect garbage, and mirrors leave referrers behind.

Only what verifies is put back: a catalog that somebody wrote into must not become a way to attach things.
"""

from collections.abc import Sequence

from pratique.evidence.collected import Collection
from pratique.model import Cause
from pratique.policy import Piece
from pratique.registry.attach import attach_bundles
from pratique.registry.types import Descriptor, Repository


def lost_pieces(kept: Sequence[Piece], there: Collection) -> list[Piece]:
    """Of the catalog's verified pieces those that the place does not have. `kept`: as appraised."""
    present = {piece.digest for piece in there.pieces if piece.cause is Cause.NONE}
    return [piece for piece in kept if piece.cause is Cause.NONE and piece.bundle not in present]


def restore(
    repository: Repository, subject: Descriptor, lost: Sequence[Piece], kept: Collection, *, created: int | None
) -> list[Descriptor]:
    """Attach these again, byte for byte. Raises as `Repository.push_referrers` does; doing it twice is doing it once."""
    data = {piece.digest: piece.data for piece in kept.pieces}
    return attach_bundles(repository, subject, [(piece.predicate_type, data[piece.bundle]) for piece in lost], created=created)
