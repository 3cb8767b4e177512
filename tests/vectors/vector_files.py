"""Where others' public test data lies: beside the checkout, in `shared/vectors`. Absent, its tests skip and say so."""

from pathlib import Path

import pytest

VECTORS = Path(__file__).resolve().parents[2].parent / "shared" / "vectors"


def files(folder: str, pattern: str) -> list:
    """The files of a set, as parameters; or one that skips."""
    found = sorted((VECTORS / folder).rglob(pattern))
    if not found:
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"the public vectors {folder} are not here"))]
    return [pytest.param(path, id=str(path.relative_to(VECTORS / folder))) for path in found]
