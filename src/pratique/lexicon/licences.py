"""Licence texts as packagers write them, to SPDX licence expressions (SPDX 2.3, Annex D). Pure; never raises.

Operators are read first (`expressions`), then each operand (`licence_spellings`). What is no SPDX licence becomes `LicenseRef-…`
of its own words: nothing is dropped, nothing is guessed beyond spelling. What is too large to be read stays one reference, which
says that it was not read: it is never cut.
"""

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache

from pratique.errors import LimitExceeded, Malformed
from pratique.lexicon.expressions import (
    AND,
    MAX_CHARS,
    OR,
    WITH,
    Joined,
    Node,
    Operand,
    WithException,
    joined,
    map_operands,
    parse_expression,
    render_expression,
)
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licence_spellings import identify, identify_exception, key_of, mentioned
from pratique.lexicon.spdx_ids import LICENCES
from pratique.lexicon.text import clean

UNREAD = "LicenseRef-unread-expression-"
"""How a reference to something begins that was not read, for it is too large."""
_MAX_REFERENCE = 1000
_MAX_WORDS = 8  # more is prose, not a name
_GNU = ("GPL-", "LGPL-", "AGPL-", "GFDL-")
_REFERENCE = lazy(r"LicenseRef-[A-Za-z0-9.-]+")
_NOTHING = frozenset({"", "unknown", "none", "noassertion", "n-a", "tbd", "license", "other"})

_PROSE = (
    ("permission is hereby granted, free of charge, to any person obtaining", "MIT"),
    ("permission to use, copy, modify, and distribute this software for any purpose", "ISC"),
    ("permission to use, copy, modify, and/or distribute this software for any", "ISC"),
    ("this software is provided 'as-is', without any express or implied", "Zlib"),
)


@lru_cache(maxsize=32_768)
def normalise(text: str) -> str:
    """The SPDX expression that `text` means, `LicenseRef-…` for what SPDX does not know, "" for what says nothing."""
    text = clean(text, len(text))
    if (text in LICENCES and not text.startswith(_GNU)) or (len(text) <= _MAX_REFERENCE and _REFERENCE.fullmatch(text)):
        return text
    if key_of(text) in _NOTHING:
        return ""
    known = identify(text) or _known_prose(text)
    if known:
        return known
    try:
        node = parse_expression(text)
    except LimitExceeded:
        return unread(text)
    except Malformed:
        return reference(text)
    if node is None:
        return reference(text)
    found = map_operands(node, identified)
    if isinstance(found, Joined) and _is_story(node) and not any(is_known(name) for name in _names(found)):
        return reference(text)
    return render_expression(found)


def choice(texts: Iterable[str]) -> tuple[str, ...]:
    """One expression of several licences that may be chosen between, as npm, RubyGems and Composer list them; () for none."""
    names = list(dict.fromkeys(filter(None, (normalise(text) for text in texts))))
    if len(names) < 2:
        return tuple(names)
    return (" OR ".join(f"({name})" if " " in name else name for name in names),)


def is_prose(text: str) -> bool:
    """Whether a licence field holds a text rather than names: it is long, and no licence that SPDX knows is an operand of it."""
    if len(text.split(maxsplit=_MAX_WORDS)) <= _MAX_WORDS:
        return False
    found = normalise(text)
    return found.startswith("LicenseRef-") and not any(map(is_known, re.split(r"[ ()]+", found)))


def is_known(text: str) -> bool:
    """Whether `text` is one identifier of the SPDX licence list."""
    return text in LICENCES


def valid_expression(text: str) -> str:
    """`text` where it is an SPDX expression already, with operators in upper case; else the one that it means."""
    try:
        node = parse_expression(text)
    except Malformed:
        return normalise(text) or reference(text)
    words = re.findall(r"[^\s()]+", text)
    conjunctions, choices, exceptions = (words.count(name) for name in (AND, OR, WITH))
    names = len(words) - conjunctions - choices - exceptions
    whole = names - exceptions == conjunctions + choices + 1  # no operator lacks an operand
    valid = node is not None and whole and all(map(_is_valid, _leaves(node)))
    return text if valid else normalise(text) or reference(text)


def reference(text: str) -> str:
    """`LicenseRef-` and the words of `text` (Annex D: letters, digits, `-` and `.`).

    Of a very long text only its beginning, and what tells it from others; where licences are named in the rest, see `unread`.
    """
    if _REFERENCE.fullmatch(text) and len(text) <= _MAX_REFERENCE:
        return text
    slug = re.sub(r"[^A-Za-z0-9.-]+", "-", text).strip("-.")
    if len(slug) <= _MAX_REFERENCE:
        return f"LicenseRef-{slug or 'unnamed'}"
    if len(text) > MAX_CHARS or next(mentioned(text), ""):
        return unread(text)
    return f"LicenseRef-{slug[:60].rstrip('-.')}-{_short(text)}"


def unread(text: str) -> str:
    """The reference to what is too large to be read: a policy must not take it for a licence that it may pass over."""
    return f"{UNREAD}{_short(text)}"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _known_prose(text: str) -> str:
    lowered = text[:100].lower()
    name = next((name for beginning, name in _PROSE if lowered.startswith(beginning)), "")
    # A text that goes on to name other licences is not only that one.
    return name if name and (len(text) > MAX_CHARS or set(mentioned(text)) <= {name, "X11"}) else ""


def identified(leaf: Operand | WithException) -> Node:
    """What the words of one operand mean: identifiers, references, or several of them."""
    return _with(leaf) if isinstance(leaf, WithException) else _operand(leaf.text)


def _operand(text: str) -> Node:
    if _REFERENCE.fullmatch(text):
        return Operand(reference(text))
    found = identify(text)
    if found:
        return _as_node(found)
    return _slashed(text) or _listed(text) or Operand(reference(text))


def _with(leaf: WithException) -> Node:
    """An exception is one only after WITH: anywhere else it is a name that SPDX does not know as a licence."""
    whole = identify(" with ".join((leaf.licence, *leaf.exceptions)))
    if whole:
        return _as_node(whole)
    base = _operand(leaf.licence)
    if not isinstance(base, Operand) or not is_known(base.text.removesuffix("+")):
        # `BSD with advertising`: a name of several words.
        return Operand(reference(" with ".join((leaf.licence, *leaf.exceptions))))
    licences = [_as_node(name) for name in map(identify, leaf.exceptions) if name]
    exceptions = [identify_exception(text) for text in leaf.exceptions if not identify(text)]
    if len(exceptions) == 1 and exceptions[0]:
        base = WithException(base.text, (exceptions[0],))
    elif exceptions and not base.text.startswith(_GNU):
        base = Operand(reference(" with ".join((leaf.licence, *leaf.exceptions))))
    # Else: an exception that SPDX does not know only permits more, and without it stands the stricter reading.
    return joined(AND, [base, *licences])


def _as_node(found: str) -> Node:
    licence, with_, exception = found.partition(" WITH ")
    return WithException(licence, (exception,)) if with_ else Operand(found)


def _slashed(text: str) -> Node | None:
    """`MIT/Apache-2.0`, as older Rust and npm packages write a choice."""
    if "/" not in text or "//" in text:
        return None
    names = [identify(part) for part in text.split("/")]
    return joined(OR, [_as_node(name) for name in names]) if all(names) else None


def _listed(text: str) -> Node | None:
    """`Apache License, Version 2.0, MIT; Foo`: all of these, if any of them is known. Names may have commas themselves."""
    parts = re.split(r"\s*[,;]\s+", text)
    if len(parts) < 2:
        return None
    found: list[Node] = []
    at, known = 0, False
    while at < len(parts):
        for end in range(min(len(parts), at + 3), at, -1):
            name = identify(", ".join(parts[at:end]))
            if name or end == at + 1:
                known = known or bool(name)
                found.append(_as_node(name) if name else Operand(reference(parts[at])))
                at = end
                break
    return joined(AND, found) if known else None


def _is_story(node: Node) -> bool:
    return any(isinstance(leaf, Operand) and len(leaf.text.split()) > _MAX_WORDS for leaf in _leaves(node))


def _is_valid(leaf: Operand | WithException) -> bool:
    if isinstance(leaf, WithException):
        exceptions = leaf.exceptions
        return _is_valid(Operand(leaf.licence)) and len(exceptions) == 1 and exceptions[0] == identify_exception(exceptions[0])
    name = leaf.text.removesuffix("+")
    return name in LICENCES or re.fullmatch(r"(?:DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+", leaf.text) is not None


def _leaves(node: Node) -> list[Operand | WithException]:
    if not isinstance(node, Joined):
        return [node]
    return [leaf for part in node.parts for leaf in _leaves(part)]


def _names(node: Node) -> list[str]:
    return [leaf.text if isinstance(leaf, Operand) else leaf.licence for leaf in _leaves(node)]
