"""All standards by name, and a document's score before them. Pure."""

from collections.abc import Iterable

from pratique.errors import InputError
from pratique.sbom.document import Document
from pratique.sbom.score.accuracy import ACCURACY
from pratique.sbom.score.bsi import BSI
from pratique.sbom.score.cisa import CISA
from pratique.sbom.score.ntia import NTIA
from pratique.sbom.score.rules import Score, weigh
from pratique.sbom.score.view import View

STANDARDS = {one.id: one for one in (NTIA, CISA, BSI, ACCURACY)}


def score_document(document: Document, names: Iterable[str] = ()) -> Score:
    """Before these standards, each once, in their order; before all, if none is named. Raises InputError for an unknown one."""
    wanted = dict.fromkeys(names)
    unknown = next((name for name in wanted if name not in STANDARDS), None)
    if unknown is not None:
        raise InputError(f"no standard is called {unknown[:40]!r}", hint=f"there are {', '.join(STANDARDS)}")
    return weigh([one for name, one in STANDARDS.items() if not wanted or name in wanted], View(document))
