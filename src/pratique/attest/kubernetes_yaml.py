"""Kubernetes manifests in YAML or JSON, read so that every parser reads the same objects, with places to write into. Pure.

A cluster's tools read YAML by go-yaml, others by other rules. What they could read differently is refused, with its line: keys
twice, keys that are no text, anchors and aliases, tags, merge keys, directives, and unquoted words that are a number or truth
value to some and text to others (`on`, `1e3`, `0o644`, `1:30`, `1_000`). An unquoted date is text, as a cluster has it; a
leading zero means octal, as in `defaultMode: 0644`. Numbers that no double holds exactly are refused by the canonical form.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pratique.errors import LimitExceeded, Malformed

MAX_SIZE = 8 << 20
MAX_EVENTS = 500_000
MAX_DEPTH = 64
MAX_DOCUMENTS = 500

_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_TRUTH = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_MAYBE_TRUTH = frozenset(("y", "n", "yes", "no", "on", "off"))
_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_OCTAL = re.compile(r"0[0-7]+")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?")
_MAYBE_NUMBER = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?0[xXoObB][0-9a-fA-F]+"
    r"|[-+]?[0-9]+(?::[0-9]{1,2})+(?:\.[0-9]*)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_OTHER_BREAKS = re.compile("\r(?!\n)|[\x85\u2028\u2029\ufeff]")


@dataclass(frozen=True, slots=True)
class ValuePlace:
    """A point in the text: line and column, both from 0, in characters."""

    line: int
    column: int


@dataclass(slots=True, kw_only=True)
class Node:
    """A value and where it stands. `value`: what it spells; members of a mapping and items of a list are nodes themselves."""

    value: Any
    start: ValuePlace
    end: ValuePlace
    flow: bool
    keys: dict[str, ValuePlace] = field(default_factory=dict)

    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.value, dict):
            return {name: member.plain() for name, member in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value


def read_documents(data: bytes) -> list[Node]:
    """All documents that are not empty, in order. Raises Malformed naming the line, LimitExceeded."""
    import yaml

    if len(data) > MAX_SIZE:
        raise LimitExceeded(f"manifests of {len(data)} bytes, more than the limit of {MAX_SIZE}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("manifests are not text in UTF-8") from error
    if match := _OTHER_BREAKS.search(text):
        raise Malformed(f"line {text.count(chr(10), 0, match.start()) + 1}: a line break that not every reader takes for one")
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # libyaml's parser, which go-yaml is a translation of
    try:
        return _build(yaml, yaml.parse(text, Loader=loader))
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise Malformed(f"{line}not YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Malformed(f"not YAML: {(str(error) or type(error).__name__).splitlines()[0][:120]}") from error


def _build(yaml: Any, events: Iterator[Any]) -> list[Node]:
    """Nodes out of parsing events, without recursion."""
    documents: list[Node] = []
    stack: list[tuple[Node, str | None]] = []  # an open container, and the key that waits for its value
    for count, event in enumerate(events):
        if count > MAX_EVENTS:
            raise LimitExceeded(f"manifests of more than {MAX_EVENTS} values")
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise Malformed(f"line {line}: an alias, which readers expand differently", hint="write out what it stands for")
        if isinstance(event, yaml.DocumentStartEvent) and (event.version or event.tags):
            raise Malformed(f"line {line}: a YAML directive, which may change how the rest is read")
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            raise Malformed(f"line {line}: an anchor, which is of use with aliases only")
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag is not None:
            raise Malformed(f"line {line}: the tag {str(event.tag)[:40]!r}; manifests have none")
        start, end = _place(event.start_mark), _place(event.end_mark)
        if isinstance(event, yaml.CollectionStartEvent):
            if len(stack) >= MAX_DEPTH:
                raise LimitExceeded(f"line {line}: nested deeper than {MAX_DEPTH}")
            empty: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
            node = Node(value=empty, start=start, end=end, flow=bool(event.flow_style))
            if stack and isinstance(stack[-1][0].value, dict) and stack[-1][1] is None:
                raise Malformed(f"line {line}: a key that is no text")
            stack.append((node, None))
        elif isinstance(event, yaml.CollectionEndEvent):
            node, _ = stack.pop()
            node.end = end
            _put(stack, node, documents)
        elif isinstance(event, yaml.ScalarEvent):
            if stack and isinstance(stack[-1][0].value, dict) and stack[-1][1] is None:
                _open_key(stack, event, start, line)
            else:
                value = _scalar(event.value, line) if not event.style else event.value
                _put(stack, Node(value=value, start=start, end=end, flow=True), documents)
        if len(documents) > MAX_DOCUMENTS:
            raise LimitExceeded(f"more than {MAX_DOCUMENTS} documents")
    return documents


def _open_key(stack: list[tuple[Node, str | None]], event: Any, start: ValuePlace, line: int) -> None:
    container, _ = stack[-1]
    key = event.value if event.style else _scalar(event.value, line)
    if not isinstance(key, str) or (not event.style and key in ("<<", "=")):
        raise Malformed(f"line {line}: the key {str(event.value)[:40]!r} is no text", hint="write it in quotes if it is meant so")
    if key in container.keys:
        raise Malformed(f"line {line}: the key {key[:80]!r} stands twice in one mapping")
    container.keys[key] = start
    stack[-1] = (container, key)


def _put(stack: list[tuple[Node, str | None]], node: Node, documents: list[Node]) -> None:
    if not stack:
        if node.value is not None:
            documents.append(node)
        return
    container, key = stack[-1]
    if isinstance(container.value, list):
        container.value.append(node)
    else:
        container.value[key] = node
        stack[-1] = (container, None)


def _scalar(text: str, line: int) -> Any:
    """What an unquoted word means. Raises Malformed where readers differ."""
    if text in _NULL:
        return None
    if text in _TRUTH:
        return _TRUTH[text]
    if _INTEGER.fullmatch(text) and len(text) < 20:
        return int(text)
    if _DECIMAL.fullmatch(text) and len(text) < 40:
        return float(text)
    if _OCTAL.fullmatch(text) and len(text) < 20:
        return int(text, 8)
    if _DATE.fullmatch(text):
        return text
    if text.lower() in (*_MAYBE_TRUTH, "true", "false", "null") or _MAYBE_NUMBER.fullmatch(text.replace("_", "")):
        raise Malformed(f"line {line}: {text[:40]!r} is read differently by different readers", hint="write it in quotes")
    return text


def _place(mark: Any) -> ValuePlace:
    return ValuePlace(mark.line, mark.column)
