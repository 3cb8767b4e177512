"""Names of the Common Platform Enumeration, told apart by how they are bound (NISTIR 7695 §6.1: URI, version 2.2; §6.2: formatted
string, version 2.3). Pure; never raises."""

from pratique.lexicon.lazy_regex import lazy

_VALUE = r"(?:[*-]|(?:\*|\?{0,127})(?:[A-Za-z0-9._-]|\\[!-,/:-@\[-^`{-~])+(?:\*|\?{0,127}))"
_LANGUAGE = r"(?:[A-Za-z]{2,3}(?:-(?:[A-Za-z]{2}|[0-9]{3}))?|[*-])"
_FORMATTED = lazy(rf"cpe:2\.3:[aho*-](?::{_VALUE}){{5}}:{_LANGUAGE}(?::{_VALUE}){{4}}")
_URI = lazy(r"[cC][pP][eE]:/[AHOaho]?(?::[A-Za-z0-9._~%-]*){0,6}")
_MAX = 2000


def cpe_version(text: str) -> str:
    """`2.3`, `2.2`, or "" for what is no CPE name."""
    if len(text) > _MAX:
        return ""
    return "2.3" if _FORMATTED.fullmatch(text) else "2.2" if _URI.fullmatch(text) else ""
