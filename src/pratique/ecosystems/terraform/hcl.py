"""The part of HCL that lock files and module blocks are written in (HCL Native Syntax Specification): blocks, and attributes
whose value is a string or a list of strings. Pure.

Any other expression is passed over by its brackets, quotes, comments and heredocs; nothing is evaluated. A string that holds a
template (`${…}`) has no value here. What is never closed, or nests too deep, is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pratique.errors import LimitExceeded, Malformed
from pratique.lexicon.encodings import as_utf8
from pratique.lexicon.lazy_regex import lazy

MAX_BYTES = 1 << 20
MAX_DEPTH = 100
_MAX_BLOCKS = 50_000

_TOKEN = lazy(
    r"""(?P<space>[ \t\r]+|\#[^\n]*|//[^\n]*)|(?P<comment>/\*)"""
    r"""|(?P<line>\n)"""
    r"""|<<-?(?P<heredoc>[A-Za-z_][\w-]*)[ \t\r]*\n"""
    r"""|(?P<word>[A-Za-z_][\w-]*)"""
    r"""|(?P<quote>")"""
    r"""|(?P<open>[\[({])|(?P<close>[\])}])"""
    r"""|(?P<other>.)""",
    re.DOTALL,
)
_PLAIN = lazy(r'[^"\\$%\n]*')
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


@dataclass(frozen=True, slots=True)
class Block:
    """`type "label" … { … }`. `line`: from 1. `values`: attributes that are strings or lists of strings."""

    type: str
    labels: tuple[str, ...]
    line: int
    values: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


def read_hcl(data: bytes) -> list[Block]:
    """All blocks at any depth, in the order they begin. Raises Malformed, LimitExceeded."""
    if len(data) > MAX_BYTES:
        raise LimitExceeded(f"more than {MAX_BYTES} bytes of HCL")
    try:
        text = as_utf8(data).decode()
    except UnicodeDecodeError as error:
        raise Malformed("not UTF-8") from error
    return _Reader(text).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._blocks: list[Block] = []

    def read(self) -> list[Block]:
        open_: list[dict[str, str | tuple[str, ...]]] = [{}]
        while True:
            kind, value = self._next()
            if kind == "end":
                break
            if kind == "close":
                if value != "}" or len(open_) == 1:
                    raise self._bad(f"{value!r} closes nothing")
                open_.pop()
            elif kind == "word":
                self._statement(value, open_)
            elif kind != "line":
                raise self._bad(f"{value[:20]!r} where a name belongs")
        if len(open_) > 1:
            raise self._bad("a block is never closed")
        return self._blocks

    def _statement(self, name: str, open_: list[dict[str, str | tuple[str, ...]]]) -> None:
        labels: list[str] = []
        line = self._line
        while True:
            kind, value = self._next()
            if kind == "other" and value == "=" and not labels:
                found = self._value()
                if found is not None:
                    open_[-1][name] = found
                return
            if kind == "open" and value == "{":
                if len(open_) > MAX_DEPTH:
                    raise LimitExceeded(f"HCL deeper than {MAX_DEPTH} levels")
                if len(self._blocks) >= _MAX_BLOCKS:
                    raise LimitExceeded(f"more than {_MAX_BLOCKS} HCL blocks")
                values: dict[str, str | tuple[str, ...]] = {}
                self._blocks.append(Block(name, tuple(labels), line, values))
                open_.append(values)
                return
            if kind in {"string", "word"}:
                labels.append(value)
                continue
            raise self._bad(f"neither an attribute nor a block: {name[:40]!r}")

    def _value(self) -> str | tuple[str, ...] | None:
        """The expression up to the end of its line; None for one that is no literal."""
        parts: list[tuple[str, str]] = []
        depth = 0
        while True:
            before = self._at, self._line
            kind, value = self._next()
            if kind == "end" or (kind == "line" and not depth):
                break
            if kind == "open":
                depth += 1
            elif kind == "close":
                if not depth:
                    self._at, self._line = before  # of the block: `a { b = "c" }`
                    break
                depth -= 1
            if kind != "line" and len(parts) < 20_000:
                parts.append((kind, value))
        if depth:
            raise self._bad("a bracket is never closed")
        if len(parts) == 1 and parts[0][0] == "string":
            return parts[0][1]
        if len(parts) >= 2 and parts[0] == ("open", "[") and parts[-1] == ("close", "]"):
            inner = [(kind, value) for kind, value in parts[1:-1] if (kind, value) != ("other", ",")]
            if all(kind == "string" for kind, _ in inner):
                return tuple(value for _, value in inner)
        return None

    def _next(self) -> tuple[str, str]:
        """(kind, text) of the next token: word, string, template, line, open, close, other, end."""
        while self._at < len(self._text):
            match = _TOKEN.match(self._text, self._at)
            if match is None:
                raise self._bad("unreadable")
            self._at = match.end()
            self._line += match.group().count("\n")
            kind = match.lastgroup or "other"
            if kind == "space":
                continue
            if kind == "comment":
                self._skip_comment()
                continue
            if kind == "quote":
                return self._string()
            if kind == "heredoc":
                return self._heredoc(match.group("heredoc"))
            return kind, match.group()
        return "end", ""

    def _skip_comment(self) -> None:
        end = self._text.find("*/", self._at)
        if end < 0:
            raise self._bad("a comment is never closed")
        self._line += self._text.count("\n", self._at, end)
        self._at = end + 2

    def _string(self) -> tuple[str, str]:
        out: list[str] = []
        template = False
        text = self._text
        while True:
            match = _PLAIN.match(text, self._at)
            assert match is not None  # noqa: S101 - the pattern matches nothing, too
            out.append(match.group())
            self._at = match.end()
            char = text[self._at : self._at + 1]
            self._at += 1
            if char == '"':
                return ("template" if template else "string"), "".join(out)
            if char == "\\":
                out.append(_ESCAPES.get(text[self._at : self._at + 1], ""))
                self._at += 1
            elif char in ("$", "%"):
                if text[self._at : self._at + 1] == "{" and text[self._at - 2 : self._at - 1] != char:
                    template = True
                    self._skip_template()
                else:
                    out.append(char)
            else:
                raise self._bad("a string is never closed")

    def _skip_template(self) -> None:
        """From the brace after `$` to the one that closes it: strings inside may hold braces, and templates again."""
        text, stack = self._text, ["{"]
        self._at += 1
        while self._at < len(text):
            char = text[self._at]
            self._at += 1
            if char == "\n":
                self._line += 1
            if stack[-1] == "{":
                if char in '{"':
                    stack.append(char)
                elif char == "}":
                    stack.pop()
            elif char == "\\":
                self._at += 1
            elif char == '"':
                stack.pop()
            elif char in "$%" and text[self._at : self._at + 1] == "{":
                self._at += 1
                stack.append("{")
            if not stack:
                return
            if len(stack) > MAX_DEPTH:
                raise LimitExceeded(f"HCL deeper than {MAX_DEPTH} levels")
        raise self._bad("a template is never closed")

    def _heredoc(self, mark: str) -> tuple[str, str]:
        end = re.compile(rf"^[ \t]*{re.escape(mark)}[ \t\r]*$", re.MULTILINE).search(self._text, self._at)
        if end is None:
            raise self._bad("a heredoc is never closed")
        self._line += self._text.count("\n", self._at, end.end())
        self._at = end.end()
        return "template", ""

    def _bad(self, what: str) -> Malformed:
        return Malformed(f"not HCL, line {self._line}: {what}")
