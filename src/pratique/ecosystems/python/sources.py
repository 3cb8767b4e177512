"""Source trees of Python projects: `pyproject.toml` where no lock file lies beside it, `setup.cfg`, and `setup.py` as far as
literals stand in it. All DECLARED.

A `setup.py` is a program; it is never run: its syntax tree is searched for the call of `setup`, and arguments that are literals
are taken, also under a name that the program gives them (setuptools documentation, "Keywords"). A requirement with `==` names a
version, every other one a range.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.cataloging.pins import single_version
from pratique.ecosystems.python.names import normalised
from pratique.errors import LimitExceeded, Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import is_prose, normalise
from pratique.lexicon.parse import load_toml
from pratique.lexicon.text import clean
from pratique.lexicon.values import list_or_empty, table_or_empty, text_or_empty
from pratique.model import ComponentKind, Presence

_LOCKS = ("poetry.lock", "uv.lock", "pdm.lock", "pylock.toml", "Pipfile.lock")
_MAX_BYTES = 512 << 10
_REQUIREMENT = lazy(r"([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(?:\((.*)\)|([^;@#]*))(.*)")
_SCOPES = {"install_requires": "", "setup_requires": "build", "tests_require": "dev", "extras_require": "optional"}


def _read_config(file: File) -> Iterator[Found]:
    if len(file.data) > _MAX_BYTES:
        raise LimitExceeded(f"more than {_MAX_BYTES} bytes")
    import configparser

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(file.text)
    except configparser.Error as error:
        raise Malformed("not a file of sections and keys") from error
    fields: dict[str, Any] = dict(parser["metadata"]) if parser.has_section("metadata") else {}
    options = parser["options"] if parser.has_section("options") else {}
    extras = parser["options.extras_require"] if parser.has_section("options.extras_require") else {}
    fields["extras_require"] = [line.strip() for text in extras.values() for line in text.split("\n") if line.strip()]
    for key in _SCOPES:
        if key in options:
            fields[key] = [line.strip() for line in options[key].split("\n") if line.strip()]
    if str(fields.get("version", "")).startswith(("attr:", "file:")):
        del fields["version"]
    yield from _project(file, fields)


def _read_program(file: File) -> Iterator[Found]:
    if len(file.data) > _MAX_BYTES:
        raise LimitExceeded(f"a program of more than {_MAX_BYTES} bytes")
    from pratique.ecosystems.python.setup_program import read_setup_program

    yield from _project(file, read_setup_program(file.text))


def _read_pyproject(file: File) -> Iterator[Found]:
    """PEP 621's table, PEP 735's groups, and Poetry's own table (Poetry documentation, "The pyproject.toml file")."""
    base = f"{file.folder}/" if file.folder else ""
    if any(f"{base}{name}" in file.out.tree.entries for name in _LOCKS):
        return  # which tells what was taken
    document = load_toml(file.data)
    project = table_or_empty(document.get("project"))
    poetry = table_or_empty(table_or_empty(document.get("tool")).get("poetry"))
    build = table_or_empty(document.get("build-system")).get("requires")
    found: list[Found] = []
    for texts, scope in [
        (project.get("dependencies"), ""),
        *((group, "optional") for group in table_or_empty(project.get("optional-dependencies")).values()),
        *((group, "dev") for group in table_or_empty(document.get("dependency-groups")).values()),
        (build, "build"),
    ]:
        for text in list_or_empty(texts):
            if isinstance(text, str):
                found += _required(file, text, scope)
    groups = [(poetry.get("dependencies"), ""), (poetry.get("dev-dependencies"), "dev")]
    groups += [(table_or_empty(one).get("dependencies"), "dev") for one in table_or_empty(poetry.get("group")).values()]
    for listed, scope in groups:
        for name, value in table_or_empty(listed).items():
            asked = text_or_empty(value) or text_or_empty(table_or_empty(value).get("version"))
            if name != "python":
                # To Poetry a version alone means a range: `1.2.3` is `>=1.2.3,<2` there.
                found += _required(file, f"{name} {asked}" if asked.startswith("==") else name, scope, asked)
    yield from _project(file, {key: value for key, value in {**poetry, **project}.items() if isinstance(value, str)}, found)


def _project(file: File, fields: dict[str, Any], asked: Iterable[Found] = ()) -> Iterator[Found]:
    """The project and what it asks for. `asked`: beside what stands in its `fields`."""
    found = [*asked]
    for key, scope in _SCOPES.items():
        listed = fields.get(key)
        for text in [listed] if isinstance(listed, str) else listed or []:
            found += _required(file, text, scope)
    yield from found
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
            needs = [key for one in found for key in one.keys if one.component.facts.get("scope", "") in ("", "dev")]
            yield Found(component, (), needs)


def _required(file: File, text: str, scope: str, stated: str = "") -> Iterator[Found]:
    """`stated`: the requirement as it is written, where `text` does not have it."""
    match = _REQUIREMENT.fullmatch(text.strip()[:500])
    if match is None or "://" in text:
        if text.strip() and not text.strip().startswith("#"):
            file.unread(f"not a package at a version: {clean(text, 100)!r}")
        return
    asked = (match[2] or match[3] or "").strip()
    version = single_version(asked.removeprefix("===").removeprefix("==").strip()) if asked.startswith("==") else ""
    facts = {"requirement": "" if version else stated or asked, "scope": scope}
    component = file.package("pypi", normalised(match[1]), version, shown=match[1], facts=facts)
    if component is not None:
        yield Found(component, (normalised(match[1]),))


PYTHON_SOURCE = FileCataloger(
    "python-source",
    1,
    ListSource(read=_read_pyproject, presence=Presence.DECLARED, names=("pyproject.toml",)),
    ListSource(read=_read_config, presence=Presence.DECLARED, names=("setup.cfg",)),
    ListSource(read=_read_program, presence=Presence.DECLARED, names=("setup.py",)),
)
