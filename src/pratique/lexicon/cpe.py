"""Names of the Common Platform Enumeration, told apart by how they are bound (NISTIR 7695 §6.1: URI, version 2.2; §6.2: formatted
string, version 2.3); and bound as the latter. Pure; never raises."""

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


_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-")
_WHITE = lazy(r"\s+")


def bind_cpe(part: str, vendor: str, product: str, version: str, update: str = "") -> str:
    """The name of version 2.3 (NISTIR 7695 §6.2.2.1: what is no letter, digit, `_`, `.` or `-` is quoted), in lower case as the
    dictionary has it; "" update for any. `part`: `a`, `o` or `h`. "" where a value has no spelling: empty, only a hyphen (which
    would say "not applicable"), or with characters that are no printable ASCII (§5.3.2)."""
    values = [_bound(one) for one in (vendor, product, version)]
    updated = _bound(update) if update else "*"
    name = f"cpe:2.3:{part}:{':'.join(values)}:{updated}:*:*:*:*:*:*"
    return name if all(values) and cpe_version(name) == "2.3" else ""


def _bound(value: str) -> str:
    text = _WHITE.sub("_", value.strip()).lower()
    if text == "-" or not all("!" <= char <= "~" for char in text):
        return ""
    return "".join(char if char in _PLAIN else f"\\{char}" for char in text)
