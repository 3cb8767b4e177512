"""What only tests use is no program: every public function, class and method of src has a user in src, tools or bench.

Names are followed from where they are defined through imports and packages that hand them on; methods are looked for by their
name alone, so that one which shares its name with another's is not found out.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
ANNOTATION = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*(?: *[\[|,][\w\[\]|,. ]*)?")
Defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

CALLED_BY_OTHERS = {
    "main": "the entry point in pyproject.toml",
    "upgrade": "alembic, of each migration",
    "list_commands": "click",
    "get_command": "click",
    "format_commands": "click",
    "shell_complete": "click",
    "readinto": "io.RawIOBase",
    "seekable": "io.RawIOBase",
}
FOUND_BY_NAME = "pratique.keys."  # modules that are loaded when a reference to a key asks for one


def trees() -> Iterator[tuple[str, bool, ast.Module]]:
    """Name, whether it is a package, and syntax of every module; scripts have no name."""
    for path in sorted(SRC.rglob("*.py")):
        parts = path.relative_to(SRC).with_suffix("").parts
        package = parts[-1] == "__init__"
        yield ".".join(parts[:-1] if package else parts), package, ast.parse(path.read_bytes())
    for folder in ("tools", "bench"):
        for path in sorted((ROOT / folder).iterdir()):
            if path.is_file() and (path.suffix == ".py" or path.read_bytes()[:40].startswith(b"#!/usr/bin/env python")):
                yield "", False, ast.parse(path.read_bytes())


class Users:
    """Who uses what: `names` by module, `attributes` by themselves."""

    def __init__(self) -> None:
        self.modules = list(trees())
        self.known = {name for name, _, _ in self.modules if name}
        self.names: set[tuple[str, str]] = set()
        self.attributes: set[str] = set()
        self.handed_on: dict[tuple[str, str], tuple[str, str]] = {}
        for name, package, tree in self.modules:
            self._read(name, package, tree)
        before = -1
        while before != len(self.names):  # what is used where it was handed on is used where it was defined
            before = len(self.names)
            self.names |= {source for place, source in self.handed_on.items() if place in self.names}

    def _read(self, name: str, package: bool, tree: ast.Module) -> None:
        loaded = set()
        nodes = list(expanded(tree))
        for node in nodes:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                loaded.add(node.id)
            elif isinstance(node, ast.Attribute):
                self.attributes.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
                self.attributes.add(node.value)  # for getattr
        self.names |= {(name, node.name) for node in tree.body if isinstance(node, Defined) and node.name in loaded}
        called = {}
        for node in nodes:
            if isinstance(node, ast.ImportFrom) and node.module:
                for item in node.names:
                    place, own = (node.module, item.name), item.asname or item.name
                    if package:
                        self.handed_on[name, own] = place
                    if not package or own in loaded:
                        self.names.add(place)
                    called[own] = f"{node.module}.{item.name}"
            elif isinstance(node, ast.Import):
                called |= {item.asname or item.name: item.name for item in node.names}
        self.names |= {
            (called[node.value.id], node.attr)
            for node in nodes
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in called
        }

    def unused(self) -> Iterator[str]:
        """Whatever nobody uses, by its full name."""
        for name, _, tree in self.modules:
            for node in tree.body if name else ():
                if not isinstance(node, Defined):
                    continue
                used = (name, node.name) in self.names or node.decorator_list
                by_name = name.startswith(FOUND_BY_NAME) and node.name in self.attributes
                if not (node.name.startswith("_") or used or by_name):
                    yield f"{name}.{node.name}"
                for inner in node.body if isinstance(node, ast.ClassDef) else ():
                    if isinstance(inner, Defined) and not inner.name.startswith("_") and inner.name not in self.attributes:
                        yield f"{name}.{node.name}.{inner.name}"


def expanded(tree: ast.Module) -> Iterator[ast.AST]:
    """All nodes, and those of annotations that are written as text."""
    for node in ast.walk(tree):
        yield node
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and ANNOTATION.fullmatch(node.value):
            try:
                yield from ast.walk(ast.parse(node.value.strip(), mode="eval"))
            except (SyntaxError, ValueError):
                continue


def test_no_public_name_of_the_program_is_used_by_tests_alone():
    unused = set(Users().unused())
    assert {name for name in unused if name.rpartition(".")[2] not in CALLED_BY_OTHERS} == set()
