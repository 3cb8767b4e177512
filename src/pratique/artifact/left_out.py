"""Files that were left out because there are too many of them: a few by name, the rest by number. Pure.

An artifact of half a million manifests would else have as many unknowns, and a document of nothing but them.
"""

from collections.abc import Sequence

from pratique.model import Unknown

NAMED = 20


def left_out(paths: Sequence[str], reason: str) -> list[Unknown]:
    """An unknown for each of the first `NAMED` paths, and one for all that follow. `reason`: what there is too much of."""
    found = [Unknown(path, f"{reason}: this file was left out", unread=True) for path in paths[:NAMED]]
    if len(paths) > NAMED:
        found.append(Unknown("", f"{reason}: {len(paths) - NAMED} more files were left out", unread=True))
    return found
