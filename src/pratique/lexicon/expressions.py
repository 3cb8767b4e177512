"""Licence expressions as a tree: operators first, each operand the words between them (SPDX 2.3, Annex D). Pure; linear time.

    MIT or (GNU GPL v3 or later with Classpath exception and Some Odd Licence)
    └ OR ┬ MIT                └ one operand: "or later" is part of a name
         └ AND ┬ WITH ─ "GNU GPL v3 or later", "Classpath exception"
               └ "Some Odd Licence"

Operators are read in any case, and as `&`, `|`, `&&`, `||` and `and/or`. Parentheses behind a name belong to it: `GPL (v2)`. An
operator that lacks an operand is passed over: nothing is lost with it. What operands mean is not asked here.

Refuses as a whole what is larger than `MAX_CHARS`, `MAX_OPERANDS` or `MAX_DEPTH`, or whose parentheses do not match: a tree of a
part of it would mean something else.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pratique.errors import LimitExceeded, Malformed
from pratique.lexicon.lazy_regex import lazy

MAX_CHARS = 262_144
MAX_OPERANDS = 10_000
MAX_DEPTH = 64

AND, OR, WITH = "AND", "OR", "WITH"
_OPEN, _CLOSE = "(", ")"
_OPERATORS = {"and": AND, "&": AND, "&&": AND, "or": OR, "|": OR, "||": OR, "and/or": OR, "with": WITH}
_TOKEN = lazy(r"[()]|\|\|?|[^\s()|]+")
_LATER = lazy(
    r"(?:and|or)\s+(?:\(?at\s+your\s+option\)?,?\s+)?(?:any\s+)?(?:later|newer|above|higher|greater)(?:\s+versions?)?(?![^\s(),;|])",
    2,  # re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Operand:
    """The words of one licence, as they are written, without blanks, commas and semicolons around them."""

    text: str


@dataclass(frozen=True, slots=True)
class WithException:
    """One licence, and the words after each WITH that follows it."""

    licence: str
    exceptions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """Two or more nodes joined by one operator, `AND` or `OR`. A part is never joined by the same one."""

    operator: str
    parts: tuple["Node", ...]


Node = Operand | WithException | Joined


def parse_expression(text: str) -> Node | None:
    """The tree of an expression; None where there is no operand. Raises Malformed, LimitExceeded."""
    if len(text) > MAX_CHARS:
        raise LimitExceeded(f"a licence expression of more than {MAX_CHARS} characters")
    levels: list[_Level] = [_Level()]
    operands = 0
    for token in _tokens(text):
        level = levels[-1]
        if token == _OPEN:
            level.before_operand()
            levels.append(_Level())
            if len(levels) > MAX_DEPTH:
                raise LimitExceeded(f"a licence expression nested deeper than {MAX_DEPTH} levels")
        elif token == _CLOSE:
            if len(levels) == 1:
                raise Malformed("a licence expression that closes a parenthesis which it does not open")
            node = levels.pop().node()
            if node is not None:
                levels[-1].operand(node)
        elif isinstance(token, Operand):
            operands += 1
            if operands > MAX_OPERANDS:
                raise LimitExceeded(f"a licence expression of more than {MAX_OPERANDS} operands")
            level.operand(token)
        else:
            level.operator(token)
    if len(levels) > 1:
        raise Malformed("a licence expression that opens a parenthesis which it does not close")
    return levels[0].node()


def render_expression(node: Node) -> str:
    """An expression as text, with the operands as they stand there. Parentheses around each group within another."""
    if isinstance(node, Operand):
        return node.text
    if isinstance(node, WithException):
        return f" {WITH} ".join((node.licence, *node.exceptions))
    texts = [(render_expression(part), isinstance(part, Joined)) for part in node.parts]
    parts = dict.fromkeys(f"({text})" if nested else text for text, nested in texts)
    return f" {node.operator} ".join(parts)


def joined(operator: str, parts: list[Node]) -> Node:
    """The parts under one operator, each once, those that it joins already taken apart. `parts`: not empty."""
    flat: dict[Node, None] = {}
    for part in parts:
        flat.update(dict.fromkeys(part.parts if isinstance(part, Joined) and part.operator == operator else (part,)))
    return next(iter(flat)) if len(flat) == 1 else Joined(operator, tuple(flat))


def map_operands(node: Node, change: Callable[[Operand | WithException], Node]) -> Node:
    """The tree with each of its leaves changed."""
    if not isinstance(node, Joined):
        return change(node)
    return joined(node.operator, [map_operands(part, change) for part in node.parts])


class _Level:
    """What stands between two parentheses: alternatives of conjunctions, as far as read."""

    __slots__ = ("_alternatives", "_pending")

    def __init__(self) -> None:
        self._alternatives: list[list[Node]] = [[]]
        self._pending = OR  # the operator since the last operand, "" for none

    def before_operand(self) -> None:
        if not self._pending:
            raise Malformed("a licence expression with no operator before a parenthesis, or after one")

    def operand(self, node: Node) -> None:
        self.before_operand()
        group = self._alternatives[-1]
        if self._pending == WITH and group:
            base = group[-1]
            if isinstance(base, Joined) or not isinstance(node, Operand):
                raise Malformed("a licence expression with an exception of several licences")
            before = (base.text, ()) if isinstance(base, Operand) else (base.licence, base.exceptions)
            group[-1] = WithException(before[0], (*before[1], node.text))
        elif self._pending == OR and group:
            self._alternatives.append([node])
        else:
            group.append(node)
        self._pending = ""

    def operator(self, name: str) -> None:
        # Of different ones in a row the strictest counts: which of them is meant is not known.
        self._pending = name if self._pending in ("", name) else AND

    def node(self) -> Node | None:
        groups = [joined(AND, group) for group in self._alternatives if group]
        return joined(OR, groups) if groups else None


def _tokens(text: str) -> Iterator["str | Operand"]:
    """`(`, `)`, operators by their names, and operands."""
    start = end = -1  # of the operand that is being read
    at, closed = 0, False
    while (found := _TOKEN.search(text, at)) is not None:
        word, at = found[0], found.end()
        if start >= 0 and word == "(":
            end = at = _closing(text, found.start())
            continue
        later = _LATER.match(text, found.start()) if start >= 0 and word[0] in "aAoO" else None
        if later:
            end = at = later.end()
            continue
        operator = _OPERATORS.get(word.lower(), "")
        if word not in "()" and not operator:
            if closed:
                raise Malformed("a licence expression with no operator after a parenthesis")
            start, end = (found.start() if start < 0 else start), at
            continue
        if start >= 0:
            yield from _operand(text[start:end])
            start = -1
        yield operator or word
        closed = word == ")"
    if start >= 0:
        yield from _operand(text[start:end])


def _operand(text: str) -> Iterator[Operand]:
    words = " ".join(text.split()).strip(" ,;")
    if words:
        yield Operand(words)


def _closing(text: str, opened: int) -> int:
    """The place behind the parenthesis that closes the one at `opened`."""
    depth = 0
    for place in range(opened, len(text)):
        depth += (text[place] == "(") - (text[place] == ")")
        if depth == 0:
            return place + 1
    raise Malformed("a licence expression that opens a parenthesis which it does not close")
