"""JSON (also with comments), TOML, YAML and XML of strangers, with limits, in any encoding of Unicode. Pure.

Each raises Malformed, with the line where the format has lines.
"""

import json
import re
import tomllib
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from pratique.errors import LimitExceeded, Malformed
from pratique.lexicon.encodings import as_utf8
from pratique.lexicon.lazy_regex import lazy

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_DEPTH = 200
MAX_KEY_PARTS = 100
_JSONC = lazy(rb'"(?:[^"\\]|\\.)*+"?|(?P<passed>//[^\n]*|/\*(?:[^*]|\*(?!/))*+(?:\*/)?|\s+)|[\]},]|[^"/,\]}\s]+|/', re.DOTALL)
_TOML_PART = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')"""
_TOML_KEY = lazy(rf"{_TOML_PART}(?:[ \t]*+\.[ \t]*+{_TOML_PART})*+".encode())


def read_json(data: bytes) -> Any:
    """A JSON document (RFC 8259). Of equal keys the last counts; a byte order mark is passed over."""
    try:
        return json.loads(as_utf8(data))
    except RecursionError as error:
        raise LimitExceeded("JSON too deep") from error
    except ValueError as error:
        line = getattr(error, "lineno", None)
        raise Malformed(f"not JSON{f', line {line}' if line else ''}") from error


def read_json_object(data: bytes) -> dict[str, Any]:
    """A JSON object, or Malformed."""
    document = read_json(data)
    if not isinstance(document, dict):
        raise Malformed("not a JSON object")
    return document


def load_jsonc(data: bytes) -> Any:
    """JSON with comments (`//`, `/* */`) and trailing commas, as editors and bun write it. Otherwise as `read_json`."""
    kept: list[bytes] = []
    comma = -1  # where the last piece that counts is a comma
    for match in _JSONC.finditer(as_utf8(data)):
        piece = match[0]
        if match.lastgroup == "passed":
            piece = b"\n" * piece.count(b"\n")  # so that the line of an error stays true
        elif piece in (b"]", b"}") and comma >= 0:
            kept[comma] = b""
        if piece.strip():
            comma = len(kept) if piece == b"," else -1
        kept.append(piece)
    return read_json(b"".join(kept))


def load_toml(data: bytes) -> dict[str, Any]:
    """A TOML document (v1.0). Keys of very many parts are refused: the time they take grows with the square of that."""
    data = as_utf8(data)
    for match in _TOML_KEY.finditer(data):
        if match.end() - match.start() > 2 * MAX_KEY_PARTS and len(re.findall(_TOML_PART.encode(), match[0])) > MAX_KEY_PARTS:
            raise LimitExceeded(f"TOML with a key of more than {MAX_KEY_PARTS} parts")
    try:
        return tomllib.loads(data.decode())
    except RecursionError as error:
        raise LimitExceeded("TOML too deep") from error
    except ValueError as error:
        raise Malformed(f"not TOML: {str(error)[:120]}") from error


def load_tagged_yaml(data: bytes, *, max_nodes: int = 200_000) -> Any:
    """The first document of YAML that names types of a language (`!ruby/object:…`): they are passed over.

    Aliases are read, and counted for what they stand for. None for an empty stream.
    """
    documents = load_yaml_documents(data, max_nodes=max_nodes, tagged=True)
    return documents[0] if documents else None


def load_yaml_documents(data: bytes, *, max_nodes: int = 0, tagged: bool = False) -> list[Any]:
    """All documents of a YAML stream, safe types only. Aliases are refused: a few of them can stand for gigabytes.

    `max_nodes`: where people write aliases, how many nodes a walk over everything may meet, what aliases stand for counted
    each time; then aliases are read, and share what they name. Scalars are text, booleans, numbers or None; timestamps stay text.
    `tagged`: tags that are not YAML's own are passed over, where they are refused otherwise.
    """
    import yaml

    loader = _tagged_loader() if tagged else _loader()
    data = as_utf8(data)
    try:
        events = yaml.parse(data, Loader=loader)
        if max_nodes:
            _check_expanded(events, max_nodes)
        else:
            _check_events(events)
        return list(yaml.load_all(data, Loader=loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise Malformed(f"not YAML{f', line {mark.line + 1}' if mark else ''}: {error.problem or 'unreadable'}") from error
    except (yaml.YAMLError, ValueError, OverflowError, TypeError, LookupError) as error:
        raise Malformed("not YAML") from error
    except RecursionError as error:
        raise LimitExceeded("YAML too deep") from error


def load_yaml(data: bytes) -> Any:
    """The first document of a YAML stream; None for an empty one."""
    documents = load_yaml_documents(data)
    return documents[0] if documents else None


def load_xml(data: bytes) -> "Element":
    """The root element of an XML document (1.0), names as `{namespace}local`. Entities of its own are refused: they multiply."""
    from xml.etree.ElementTree import TreeBuilder
    from xml.parsers import expat

    builder = TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise LimitExceeded(f"XML deeper than {MAX_DEPTH} levels")
        builder.start(_qualified(name), {_qualified(key): value for key, value in attributes.items()})

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_qualified(name))

    def entity(*_: object) -> None:
        raise Malformed("XML with entities of its own, which are refused")

    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, builder.data
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(data, True)
        return builder.close()
    except expat.ExpatError as error:
        raise Malformed(f"not XML, line {error.lineno}: {expat.ErrorString(error.code)}") from error
    except (ValueError, LookupError, AssertionError) as error:
        raise Malformed("not XML") from error


def _qualified(name: str) -> str:
    return "{" + name if "}" in name else name


def _check_events(events: Iterable[Any]) -> None:
    """Before anything is composed: the composer in C goes down a level of its stack for each of the document, and crashes."""
    import yaml

    depth = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            raise Malformed("YAML with an alias, which is refused")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise LimitExceeded(f"YAML deeper than {MAX_DEPTH} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _check_expanded(events: Iterable[Any], max_nodes: int) -> None:
    """Like `_check_events`, with aliases counted for what they stand for: nodes and levels. No anchor may contain itself."""
    import yaml

    sizes: dict[str, tuple[int, int]] = {}  # anchor → nodes, levels
    stack: list[tuple[str | None, int, int]] = []  # of open collections: anchor, nodes before, deepest level inside
    nodes = 0

    def seen(levels: int) -> None:
        if nodes > max_nodes:
            raise LimitExceeded(f"YAML of more than {max_nodes} nodes, aliases counted for what they stand for")
        if len(stack) + levels > MAX_DEPTH:
            raise LimitExceeded(f"YAML deeper than {MAX_DEPTH} levels")
        if stack and levels > stack[-1][2]:
            stack[-1] = (*stack[-1][:2], levels)

    for event in events:
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in sizes:
                raise Malformed("YAML with an alias inside what it names, or of nothing")
            size, levels = sizes[event.anchor]
            nodes += size
            seen(levels)
        elif isinstance(event, yaml.ScalarEvent):
            nodes += 1
            if event.anchor:
                sizes[event.anchor] = (1, 0)
            seen(0)
        elif isinstance(event, yaml.CollectionStartEvent):
            nodes += 1
            sizes.pop(event.anchor or "", None)
            stack.append((event.anchor, nodes - 1, 0))
            seen(0)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before, levels = stack.pop()
            if anchor:
                sizes[anchor] = (nodes - before, levels + 1)
            seen(levels + 1)
        elif isinstance(event, yaml.DocumentStartEvent):
            sizes.clear()


@cache
def _loader() -> Any:
    """PyYAML's safe loader, in C where it was built with it, without times."""
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loader = type("Loader", (base,), {})
    leave_times_as_text(loader)
    return loader


def leave_times_as_text(loader: Any) -> None:
    """Have a loader that is derived from PyYAML's safe one read dates, times and numbers to base 60 (`1:30`) as text.

    YAML 1.2 has none of them, and what PyYAML takes for a long number to base 60 grows with the square of its length.
    """

    def number(name: str) -> Any:
        construct = getattr(loader, f"construct_yaml_{name}")

        def constructed(self: Any, node: Any) -> Any:
            text = self.construct_scalar(node)
            return text if ":" in text else construct(self, node)

        return constructed

    loader.add_constructor("tag:yaml.org,2002:timestamp", loader.construct_scalar)
    for name in ("int", "float"):
        loader.add_constructor(f"tag:yaml.org,2002:{name}", number(name))


@cache
def _tagged_loader() -> Any:
    """The same, for which every foreign tag is as good as none."""
    import yaml

    loader: Any = type("TaggedLoader", (_loader(),), {})

    def untagged(self: Any, _suffix: str, node: Any) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self.construct_mapping(node, deep=True)
        return self.construct_sequence(node, deep=True) if isinstance(node, yaml.SequenceNode) else self.construct_scalar(node)

    loader.add_multi_constructor("!", untagged)
    return loader
