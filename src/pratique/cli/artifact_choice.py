"""One artifact of the catalog out of those that a name can mean: the only one, or all of them listed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pratique.cli.output import iso_time
from pratique.cli.tables import Column, print_table
from pratique.errors import InputError

if TYPE_CHECKING:
    from pratique.catalog.rows import ArtifactRow

MOST = 20
UNSIGNED = "signed by nobody"
"""Said of every imported bill of materials, wherever it is shown."""


def the_one(text: str, found: "Sequence[ArtifactRow]") -> "ArtifactRow":
    """The only one of them. Raises InputError when there are several, after listing them on standard error."""
    if len(found) == 1:
        return found[0]
    columns = (Column("ARTIFACT", "name"), Column("DIGEST", "digest"), Column("SINCE", "time"))
    print_table(columns, [[row.name, row.digest, iso_time(row.first_seen)] for row in found[:MOST]], err=True)
    shown = "listed above" if len(found) <= MOST else f"the newest {MOST} are listed above"
    hint = f"{shown}: name one by its digest, or by more of its name"
    raise InputError(f"{text[:200]} can be any of {len(found)} artifacts", hint=hint)


def did_you_mean(names: Sequence[str]) -> str:
    """What is near, as a question; "" where nothing is."""
    if not names:
        return ""
    head, last = names[:-1], names[-1]
    return f"did you mean {', '.join(head)} or {last}?" if head else f"did you mean {last}?"
