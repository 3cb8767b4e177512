"""All standards by name, and a document's score before them. Pure."""

from collections.abc import Iterable

from pratique.documents.document import Document
from pratique.documents.score.accuracy import ACCURACY
from pratique.documents.score.bsi import BSI
from pratique.documents.score.cisa import CISA
from pratique.documents.score.ntia import NTIA
from pratique.documents.score.rules import Score, weigh
from pratique.documents.score.view import View
from pratique.errors import InputError

STANDARDS = {one.id: one for one in (NTIA, CISA, BSI, ACCURACY)}


def score_document(document: Document, names: Iterable[str] = ()) -> Score:
    """Before these standards, each once, in their order; before all, if none is named. Raises InputError for an unknown one."""
    wanted = dict.fromkeys(names)
    unknown = next((name for name in wanted if name not in STANDARDS), None)
    if unknown is not None:
        raise InputError(f"no standard is called {unknown[:40]!r}", hint=f"there are {', '.join(STANDARDS)}")
    return weigh([one for name, one in STANDARDS.items() if not wanted or name in wanted], View(document))
