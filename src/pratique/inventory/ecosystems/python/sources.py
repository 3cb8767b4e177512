"""Source trees of Python projects: `setup.cfg`, and `setup.py` as far as literals stand in it. All DECLARED.

A `setup.py` is a program; it is never run: its syntax tree is searched for the call of `setup`, and arguments that are literals
are taken (setuptools documentation, "Keywords"). A requirement with `==` names a version, every other one a range.
"""

import ast
import configparser
import warnings
from collections.abc import Iterator
from typing import Any

from pratique.errors import LimitExceeded, Malformed
from pratique.inventory.common.package_lists import File, FileCataloger, Found, ListSource
from pratique.inventory.common.pins import single_version
from pratique.inventory.ecosystems.python.names import normalised
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import is_prose, normalise
from pratique.lexicon.text import clean
from pratique.model import ComponentKind, Presence

_MAX_BYTES = 512 << 10
_REQUIREMENT = lazy(r"([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(?:\((.*)\)|([^;@#]*))(.*)")
_SCOPES = {"install_requires": "", "setup_requires": "build", "tests_require": "dev"}


def _read_config(file: File) -> Iterator[Found]:
    if len(file.data) > _MAX_BYTES:
        raise LimitExceeded(f"more than {_MAX_BYTES} bytes")
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(file.text)
    except configparser.Error as error:
        raise Malformed("not a file of sections and keys") from error
    fields: dict[str, Any] = dict(parser["metadata"]) if parser.has_section("metadata") else {}
    options = parser["options"] if parser.has_section("options") else {}
    for key in _SCOPES:
        if key in options:
            fields[key] = [line.strip() for line in options[key].split("\n") if line.strip()]
    if str(fields.get("version", "")).startswith(("attr:", "file:")):
        del fields["version"]
    yield from _project(file, fields)


def _read_program(file: File) -> Iterator[Found]:
    if len(file.data) > _MAX_BYTES:
        raise LimitExceeded(f"a program of more than {_MAX_BYTES} bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a stranger's program is warned of is no affair of ours
            tree = ast.parse(file.text)
        call = next((node for node in ast.walk(tree) if isinstance(node, ast.Call) and _called(node) == "setup"), None)
    except (SyntaxError, ValueError) as error:
        raise Malformed("not a program of Python 3") from error
    except (RecursionError, MemoryError) as error:
        raise LimitExceeded("a program that is nested too deeply") from error
    fields: dict[str, Any] = {}
    for keyword in call.keywords if call is not None else ():
        value = _literal(keyword.value)
        if keyword.arg and value is not None:
            fields[keyword.arg] = value
    yield from _project(file, fields)


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""


def _literal(node: ast.expr) -> Any:
    """A text, or a list of the texts in it; None for what a run would make."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.List | ast.Tuple):
        return [one.value for one in node.elts if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return None


def _project(file: File, fields: dict[str, Any]) -> Iterator[Found]:
    for key, scope in _SCOPES.items():
        listed = fields.get(key)
        for text in [listed] if isinstance(listed, str) else listed or []:
            yield from _required(file, text, scope)
    name = clean(fields.get("name"), 200)
    licence = clean(fields.get("license"))
    known = normalise(licence) if licence and not is_prose(licence) else ""
    if name:
        component = file.package(
            "pypi",
            normalised(name),
            clean(fields.get("version"), 200),
            shown=name,
            kind=ComponentKind.APPLICATION,
            licences=(known,) if known else (),
            supplier=clean(fields.get("author")),
            description=clean(fields.get("description")),
            homepage=clean(fields.get("url")),
        )
        if component is not None:
            yield Found(component)


def _required(file: File, text: str, scope: str) -> Iterator[Found]:
    match = _REQUIREMENT.fullmatch(text.strip()[:500])
    if match is None or "://" in text:
        if text.strip() and not text.strip().startswith("#"):
            file.unknown(f"not a package at a version: {clean(text, 100)!r}")
        return
    asked = (match[2] or match[3] or "").strip()
    version = single_version(asked.removeprefix("===").removeprefix("==").strip()) if asked.startswith("==") else ""
    facts = {"requirement": "" if version else asked, "scope": scope}
    component = file.package("pypi", normalised(match[1]), version, shown=match[1], facts=facts)
    if component is not None:
        yield Found(component)


PYTHON_SOURCE = FileCataloger(
    "python-source",
    1,
    ListSource(read=_read_config, presence=Presence.DECLARED, names=("setup.cfg",)),
    ListSource(read=_read_program, presence=Presence.DECLARED, names=("setup.py",)),
)
