"""Versions of Python packages (PEP 440, with the spellings that its normalisation allows). Pure.

What PEP 440 does not know is older than all it knows, and ordered as setuptools did before: pieces by turns, words before
numbers, and what announces a release before the release.
"""

import re
from typing import Any

from pratique.errors import Malformed
from pratique.lexicon.versions.numbers import Number, number

_VERSION = re.compile(
    r"v?(?:(?P<epoch>[0-9]+)!)?(?P<release>[0-9]+(?:\.[0-9]+)*)"
    r"(?:[-_.]?(?P<phase>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?P<pre>[0-9]*))?"
    r"(?P<after>-(?P<bare>[0-9]+)|[-_.]?(?:post|rev|r)[-_.]?(?P<post>[0-9]*))?"
    r"(?P<dev>[-_.]?dev[-_.]?(?P<dev_number>[0-9]*))?"
    r"(?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?",
    re.ASCII,
)
_PHASES = {"alpha": 1, "a": 1, "beta": 2, "b": 2, "preview": 3, "pre": 3, "c": 3, "rc": 3}
_DEV_ONLY, _FINAL = 0, 4
_LEGACY, _KNOWN = 0, 1
_PIECE = re.compile(r"[0-9]+|[a-z]+|\.|-|[^0-9a-z.-]+")
_SYNONYMS = {"pre": "c", "preview": "c", "rc": "c", "-": "final-", "dev": "@"}
_ZERO = (1, *number(""), "")
_DASH = (0, 0, "", "final-")


def pypi_key(version: str) -> tuple[Any, ...]:
    """Epoch, release, pre-release, post-release, development release, local version. Raises Malformed."""
    found = _VERSION.fullmatch(version.strip().lower())
    if not version.strip():
        raise Malformed("an empty version")
    if found is None:
        return (_LEGACY, _legacy(version.strip().lower()))
    release = [number(one) for one in found["release"].split(".")]
    while len(release) > 1 and not release[-1][0]:
        release.pop()
    post: tuple[int, Number] = (1, number(found["bare"] or found["post"] or "")) if found["after"] else (0, number(""))
    dev: tuple[int, Number] = (0, number(found["dev_number"])) if found["dev"] else (1, number(""))
    if found["phase"]:
        phase = _PHASES[found["phase"]]
    else:
        # 1.0.dev1 comes before 1.0a1, but 1.0.post1.dev1 after 1.0.
        phase = _DEV_ONLY if found["dev"] and not found["after"] else _FINAL
    local = tuple([_local(one) for one in re.split(r"[-_.]", found["local"])]) if found["local"] else ()
    return (_KNOWN, number(found["epoch"] or ""), tuple(release), phase, number(found["pre"] or ""), post, dev, local)


def _legacy(text: str) -> tuple[Any, ...]:
    found: list[tuple[int, int, str, str]] = []
    for piece in [*_PIECE.findall(text), "final"]:
        if piece == ".":
            continue
        if "0" <= piece[0] <= "9":
            found.append((1, *number(piece), ""))
            continue
        word = _SYNONYMS.get(piece, piece)
        if word < "final":
            while found and found[-1] == _DASH:
                found.pop()
        while found and found[-1] == _ZERO:
            found.pop()
        found.append((0, 0, "", word))
    return tuple(found)


def _local(text: str) -> tuple[int, int, str]:
    """Numbers come after words."""
    return (1, *number(text)) if text.isdigit() else (0, 0, text)
