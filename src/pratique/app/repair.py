"""Evidence that a registry lost, put back from the catalog."""

from typing import TYPE_CHECKING

from pratique.app.gather import appraise_asking, collect_from_home, joined
from pratique.app.home import Home
from pratique.app.sources import Opened, opened, public_name
from pratique.app.talk import SILENT, Talk
from pratique.errors import InputError, Unavailable
from pratique.model import Cause

if TYPE_CHECKING:
    from pratique.evidence.trust_anchors import TrustAnchors
    from pratique.policy import Piece


def repair_evidence(
    home: Home,
    source: str,
    trust_anchors: "TrustAnchors",
    *,
    evidence: str | None,
    name: str | None,
    platform: str | None,
    talk: Talk = SILENT,
) -> list[str]:
    """Put back beside SOURCE what the catalog has, what verifies, and what is not there; says what that was."""
    from pratique.evidence.collect import collect_from_repository
    from pratique.model.predicates import TITLES
    from pratique.registry.open import open_repository
    from pratique.ship.restore import lost_pieces, restore

    with opened(source, platform, say=talk.say) as found:
        place = evidence or found.home
        if place is None or not place.startswith(("registry:", "oci-dir:")):
            raise InputError(f"nothing can be put back beside {source}", hint="name a registry: or oci-dir: by --evidence")
        repository, _ = open_repository(place)
        lost: list[Piece] = []
        for target in (*(index.descriptor for index in found.indexes), found.target):
            there, kept = collect_from_repository(repository, target.digest), collect_from_home(home, target.digest)
            if there.cause is not Cause.NONE:
                raise Unavailable(there.detail)
            # A threshold may be met by both together. Of the two, only what the catalog keeps is put back.
            appraised, _ = appraise_asking(target, name or public_name(str(found.source)), joined(kept, there), trust_anchors)
            missing = lost_pieces(appraised.pieces, there)
            restore(repository, target, missing, kept, created=_created(found))
            lost += missing
    return [TITLES.get(piece.predicate_type, piece.predicate_type) for piece in lost]


def _created(found: Opened) -> int | None:
    """Unix seconds, as the artifact itself says; None for what does not."""
    return None if found.unreadable else found.artifact.subject.created
