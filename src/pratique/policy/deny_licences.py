"""Licences that a policy forbids, held against licence expressions as any tool writes them. Pure; tri-state.

    AGPL-3.0-only       this one, however it is spelled: `agpl-3.0-only`, `GNU AGPL v3 only`
    AGPL-3.0            of a GNU licence without "only" or "or later": both
    AGPL, SSPL          a family by its name: every version
    AGPL-*              `*` for any run of characters
    Acme Proprietary    a name that SPDX does not know, as name or as LicenseRef

An expression is denied where no choice that it leaves avoids what is forbidden: `A OR B` if both are, `A AND B` if one is; an
exception takes nothing away. A name that is no identifier, such as a `LicenseRef-…`, is judged by all that is known of it: its
words, and what its document explains it by; it is denied where these name a forbidden licence. An expression that cannot be
read, or that refers to another document, is denied for what it names, and is not known otherwise.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from pratique.errors import LimitExceeded, Malformed
from pratique.lexicon.expressions import AND, Joined, Node, Operand, WithException, parse_expression
from pratique.lexicon.globs import glob
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licence_spellings import identify, identify_exception, key_of, mentioned
from pratique.lexicon.licences import UNREAD, identified, normalise, reference
from pratique.lexicon.purl_pattern import NO, YES, Judged, Match
from pratique.lexicon.spdx_ids import EXCEPTIONS, LICENCES
from pratique.lexicon.text import clean

Names = Mapping[str, tuple[str, ...]]
"""What a document says of a name that is no identifier: further names, addresses, the beginning of its text."""

_GNU_FAMILIES = ("agpl-*", "lgpl-*", "gpl-*", "gfdl-*")
_GNU = lazy(r"(AGPL|LGPL|GPL|GFDL)-[0-9.]+")
_SUFFIXED = lazy(r"\+$|\b(?:only|later|newer|above|higher|greater)\b", re.IGNORECASE)
_OTHER_WORDS = frozenset({"unlicensed", "proprietary", "commercial", "custom", "nonfree", "restricted"})
_FAR = Judged(Match.UNKNOWN, "its licence is explained in another document")


@dataclass(frozen=True, slots=True)
class LicencePattern:
    """`globs`: in lower case; one of them meets an identifier, a name, or an exception."""

    text: str
    globs: tuple[str, ...]

    def meets(self, name: str) -> bool:
        """Whether an identifier or a name is meant."""
        lowered = name.casefold()
        return any(glob(one, lowered) for one in self.globs)


@lru_cache(maxsize=4096)
def parse_licence_pattern(text: str) -> LicencePattern:
    """Raises Malformed, which says why nothing could match the pattern."""
    text = " ".join(text.split())
    if not text:
        raise Malformed("it is empty", hint="name a licence")
    if "*" in text:
        _check_spelling(text.partition("*")[0])
        return LicencePattern(text, (text.casefold(),))
    node = parse_expression(text)
    if node is None or isinstance(node, Joined):
        raise Malformed("it is an expression of several licences", hint="list each of them alone")
    if isinstance(node, WithException):
        whole = normalise(text)
        if " WITH " not in whole:
            raise Malformed("it has an exception that SPDX does not know")
        return LicencePattern(text, (whole.casefold(),))
    if key_of(text) == "gnu":
        return LicencePattern(text, (text.casefold(), *_GNU_FAMILIES))
    found = identify(text) or identify_exception(text)
    family = text.casefold() + "-"
    if not found and any(re.match(re.escape(family) + r"\d", one) for one in _known()):
        return LicencePattern(text, (text.casefold(), f"{family}*"))
    gnu = _GNU.match(found)
    if gnu and not re.search(r"\d", text):
        return LicencePattern(text, (f"{gnu[1].lower()}-*",))
    if gnu and not _SUFFIXED.search(text):
        base = gnu[0].lower()
        return LicencePattern(text, (base, f"{base}-only", f"{base}-or-later", f"{base}+", f"{base}-with-*"))
    if found:
        return LicencePattern(text, tuple(dict.fromkeys((found.casefold(), text.casefold()))))
    _check_spelling(text)
    return LicencePattern(text, tuple(dict.fromkeys((text.casefold(), reference(text).casefold()))))


def licence_judge(patterns: Iterable[str], names: Names) -> Callable[[str], Judged]:
    """A function from a licence, as a document writes it, to whether it is denied."""
    return cache(_Judge(tuple(parse_licence_pattern(text) for text in patterns), names).text)


@dataclass(frozen=True, slots=True)
class _Judge:
    patterns: tuple[LicencePattern, ...]
    names: Names

    def text(self, text: str) -> Judged:
        if not text.strip():
            return NO
        try:
            node = parse_expression(text)
        except LimitExceeded:
            return self._unread(text, "its licence is larger than what is read")
        except Malformed:
            return self._unread(text, f"its licence {clean(text, 80)!r} is no expression")
        if node is None or UNREAD in text:
            return self._unread(
                text, "its licence is larger than what is read" if node else f"its licence is {clean(text, 40)!r}"
            )
        return self._node(node)

    def _unread(self, text: str, reason: str) -> Judged:
        return YES if self._named_in(text) else Judged(Match.UNKNOWN, reason)

    def _node(self, node: Node) -> Judged:
        if not isinstance(node, Joined):
            return self._leaf(node)
        found = [self._node(part) for part in node.parts]
        strict, mild = (Match.YES, Match.NO) if node.operator == AND else (Match.NO, Match.YES)
        for wanted in (strict, Match.UNKNOWN):
            for one in found:
                if one.match is wanted:
                    return one
        return YES if mild is Match.YES else NO

    def _leaf(self, leaf: Operand | WithException) -> Judged:
        """By the words, and by what they spell."""
        words = [leaf.text] if isinstance(leaf, Operand) else [leaf.licence, *leaf.exceptions]
        if any(self._meets(word) for word in (*words, " WITH ".join(words))):
            return YES
        answers = [self._explained(word) for word in words]
        spelled = identified(leaf)
        answers.append(self._node(spelled) if isinstance(spelled, Joined) else self._spelled(spelled))
        return min(answers, key=lambda one: (Match.YES, Match.UNKNOWN, Match.NO).index(one.match))

    def _spelled(self, leaf: Operand | WithException) -> Judged:
        if isinstance(leaf, WithException):
            names = [leaf.licence, *leaf.exceptions, " WITH ".join((leaf.licence, *leaf.exceptions))]
        else:
            names = [leaf.text]
        # `MPL-1.1+` leaves a choice among versions of one licence; `GPL-2.0-with-…` is an old name of a licence with an
        # exception.
        names += [name.removesuffix("+") for name in names]
        names += [normalise(name.partition("-with-")[0]) for name in names if "-with-" in name]
        if any(self._meets(name) for name in names):
            return YES
        unknown = [name for name in names if name.startswith("LicenseRef-")]
        return YES if any(self._named_in(name) for name in unknown) else NO

    def _explained(self, word: str) -> Judged:
        if word.startswith("DocumentRef-"):
            return YES if self._named_in(word) else _FAR
        texts = self.names.get(word, ())
        return YES if any(self._meets(text) or self._named_in(text) for text in texts) else NO

    def _named_in(self, text: str) -> bool:
        return any(self._meets(name) for name in mentioned(text)) or any(self._meets(word) for word in text.split())

    def _meets(self, name: str) -> bool:
        return any(pattern.meets(name) for pattern in self.patterns)


def _check_spelling(text: str) -> None:
    """A typing mistake must not loosen a gate: what is nearly an identifier, and is none, is refused."""
    word = key_of(text).removesuffix("-")
    if word.startswith("licenseref-") or word in _OTHER_WORDS:
        return
    if any(name.startswith(text.casefold()) for name in _known()):
        return
    if " " in text:
        # Of several words the first is no family, and much is nearly `Unlicense`: `Open License`, `Sun License`.
        near = difflib.get_close_matches(word, _known(), n=1, cutoff=0.91)
    else:
        families = {re.split(r"-(?=[0-9])", name)[0] for name in _known()}
        near = difflib.get_close_matches(word, _known(), n=1, cutoff=0.84)
        near = near or difflib.get_close_matches(re.split(r"-(?=[0-9])", word)[0], families, n=1, cutoff=0.74)
    if near:
        raise Malformed(
            "it is no SPDX licence", hint=f"is {_known()[near[0]] if near[0] in _known() else near[0].upper()} meant?"
        )


@cache
def _known() -> dict[str, str]:
    return {name.lower(): name for name in (*LICENCES, *EXCEPTIONS)}
