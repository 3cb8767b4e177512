"""Whether a text names one version, or asks for any of several: a range is no version, in no ecosystem. Pure; linear time.

Knows the comparators of npm, Composer, Cargo, RubyGems, PEP 440 and Conan, the intervals of Maven and NuGet, wildcards
(`1.x`, `1.*`, Gradle's `1.+`), alternatives, and names that move (`latest`, `latest.release`, `RELEASE`).
"""

import re

from pratique.lexicon.lazy_regex import lazy

_MOVING = lazy(r"(?:latest(?:[.-][a-z]+)?|release|newest|any|x|\*|\+)", re.IGNORECASE)
_OPEN = lazy(r"[\^~<>=|,*\[\](){}]|!=|\s")
_WILDCARD = lazy(r"[vV=]?\d+(?:\.\d+)*\.(?:[xX]|\+)(?:\.(?:[xX]|\+))*|\d+\+")


def split_requirement(text: str) -> tuple[str, str]:
    """(version, "") for one version, ("", requirement) for a range. `==1.0`, `=1.0` and `[1.0]` name one: 1.0.

    A tilde inside is part of Debian's and opam's versions; at the beginning it compares.
    """
    given = text.strip()
    exact = given
    if given.startswith("[") and given.endswith("]") and "," not in given:
        exact = given[1:-1].strip()
    elif given.startswith("="):
        exact = given.lstrip("=").strip()
    if not exact:
        return "", given
    if _MOVING.fullmatch(exact) or _WILDCARD.fullmatch(exact):
        return "", given
    return ("", given) if _OPEN.search(exact[:1] + exact[1:].replace("~", "")) else (exact, "")
