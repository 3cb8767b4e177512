"""What to do when nothing is said about an artifact where it is: most often a tool copied it that leaves all of that behind."""

from typing import TYPE_CHECKING

from pratique.app.gather import collect_from_home
from pratique.app.home import Home
from pratique.errors import PratiqueError
from pratique.lexicon.text import how_many
from pratique.model import Cause

if TYPE_CHECKING:
    from pratique.policy import Facts


def advice_without_evidence(home: Home, facts: "Facts", place: str) -> str:
    """One line, or "" where there is something, or where nobody could ask. `place`: where evidence was looked for.

    crane and skopeo copy an image alone, cosign only tags of its older form: what brings the rest along is said.
    """
    if facts.pieces or facts.gathering is not Cause.NONE:
        return ""
    place = place.removesuffix(", and catalog")
    scheme = place.partition(":")[0]
    if scheme not in ("registry", "oci-dir", "oci-archive"):
        return ""
    if scheme != "oci-archive" and (kept := collect_from_home(home, facts.subject).pieces):
        return f"the catalog has {how_many(len(kept), 'piece')} about it: pratique verify {place} --repair attaches what verifies"
    if scheme != "registry" and (lying := _lying(place, facts)):
        return f"{lying} manifests refer to it and are not listed in index.json: pratique copy --unlisted take carries them along"
    return (
        "nothing is attached to it there. If it was copied, as by crane copy, cosign copy or skopeo copy, this brings along what "
        f"is attached where it came from: pratique copy registry:ORIGIN {place if scheme == 'registry' else 'oci-dir:PATH'}"
    )


def advice_without_log(facts: "Facts") -> str:
    """One line for a refusal for want of a log, where what is said is good and its log is not known here; "" otherwise."""
    good = [piece for piece in facts.pieces if piece.cause is Cause.NONE]
    if not good or any(piece.log_index is not None for piece in good) or not any(piece.unproven for piece in good):
        return ""
    return (
        "nobody named the log that it is in. Its key is log/log.vkey in the PRATIQUE_HOME of whoever signed: name that file by "
        "--log-key, or under logs: in the policy"
    )


def _lying(place: str, facts: "Facts") -> int:
    from pratique.registry.layoutread import LayoutReader
    from pratique.registry.open import open_repository

    try:
        repository, _ = open_repository(place)
        return len(repository.list_unlisted(facts.subject)) if isinstance(repository, LayoutReader) else 0
    except PratiqueError:
        return 0  # what is wrong with the layout was said already
