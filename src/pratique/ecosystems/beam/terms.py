"""Literals of Elixir and Erlang, as mix.lock and rebar.lock hold them. Pure; nothing is evaluated.

A map and a list become a list, a tuple a tuple; `key: value` and `key => value` become a pair. Strings, binaries and atoms become
text (an atom keeps no colon), numbers stay text. Whatever else the languages have is refused. Reads in one go, without recursion.
"""

import re
from typing import Any

from pratique.errors import LimitExceeded, Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import MAX_DEPTH

_TOKEN = lazy(
    r"""(?P<space>(?:\s|[#%](?!\{)[^\n]*+)++)"""
    r"""|(?P<open>%\{|[\[{])|(?P<close>[\]}])|(?P<comma>,)|(?P<arrow>=>)|(?P<stop>\.(?=\s|\Z))"""
    r"""|(?P<binary><<(?:"(?:[^"\\]|\\.)*+"(?:/utf8)?)?+>>)"""
    r"""|:?"(?P<string>(?:[^"\\]|\\.)*+)"(?P<key>:(?=\s))?|:?'(?P<quoted>(?:[^'\\]|\\.)*+)'"""
    r"""|:?(?P<atom>[A-Za-z_][A-Za-z0-9_@?!.]*+(?<!\.))(?P<keyword>:(?=\s))?|(?P<number>-?[0-9][0-9_.]*+(?<!\.))""",
    re.DOTALL,
)
_ESCAPE = lazy(r"\\(.)", re.DOTALL)


def read_terms(text: str) -> list[Any]:
    """All terms, each ended by a full stop or by the end. Raises Malformed with the line."""
    terms: list[Any] = []
    stack: list[tuple[str, list[Any]]] = []
    here = terms
    key: Any = None  # of a pair whose value is still to come
    has_key = False
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise Malformed(f"not a term, line {text.count(chr(10), 0, at) + 1}")
        at = match.end()
        kind = match.lastgroup
        if kind in ("space", "comma"):
            continue
        if kind == "open":
            if len(stack) >= MAX_DEPTH:
                raise LimitExceeded(f"terms deeper than {MAX_DEPTH} levels")
            stack.append((match[0], here))
            here.append(_Pair(key) if has_key else None)
            here, has_key = [], False
            continue
        if kind == "arrow":
            if not here or has_key:
                raise Malformed(f"a value without a key, line {text.count(chr(10), 0, at) + 1}")
            key, has_key = here.pop(), True
            continue
        if kind == "stop":
            if stack:
                raise Malformed("a term that is not closed")
            continue
        value: Any
        if kind == "close":
            if not stack or has_key or (stack[-1][0] == "[") != (match[0] == "]"):
                raise Malformed(f"brackets that do not match, line {text.count(chr(10), 0, at) + 1}")
            bracket, outer = stack.pop()
            value = tuple(here) if bracket == "{" else here
            here = outer
            waiting = here.pop()
            here.append((waiting.key, value) if isinstance(waiting, _Pair) else value)
            continue
        value = _scalar(match)
        if match["key"] or match["keyword"]:
            key, has_key = value, True
            continue
        here.append((key, value) if has_key else value)
        has_key = False
    if stack or has_key:
        raise Malformed("a term that is not closed")
    return terms


class _Pair:
    """Holds the place of a pair whose value is being read."""

    __slots__ = ("key",)

    def __init__(self, key: Any) -> None:
        self.key = key


def _scalar(match: "re.Match[str]") -> str:
    text = match["atom"] or match["number"]
    if text is not None:
        return text
    binary = match["binary"]
    if binary is not None:
        text = binary[binary.find('"') + 1 : binary.rfind('"')] if '"' in binary else ""
    else:
        text = match["string"] if match["string"] is not None else match["quoted"]
    return _ESCAPE.sub(r"\1", text) if "\\" in text else text
