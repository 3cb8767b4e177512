"""Whether a requirement names one version. A range is no version: it tells what would do, not what is there. Pure."""

import re

from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.text import clean

_SINGLE = lazy(r"v?\d(?:[\w.+~!-]*\w)?")
_WILD = frozenset({"x", "X", "*"})


def single_version(text: str) -> str:
    """The version, where `text` is nothing but one, else "": `1.2.3`, `v2`, `1.0-rc.1`; not `^1.2`, `1.x`, `1.*`, `latest`."""
    text = clean(text, 200)
    if _SINGLE.fullmatch(text) is None or not _WILD.isdisjoint(re.split(r"[.+-]", text)):
        return ""
    return text
