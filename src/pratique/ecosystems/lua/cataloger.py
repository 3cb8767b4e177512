"""Lua rocks: `NAME-VERSION.rockspec`, installed in a rocks tree (`rocks-5.4/NAME/VERSION/`), or in a source tree.

A rockspec is a Lua program of assignments; it is never run: its literals are read by patterns.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import normalise
from pratique.lexicon.text import clean
from pratique.model import Presence

_COMMENT = lazy(r"^[ \t]*--[^\n]*", re.MULTILINE)
_FIELD = lazy(r"""\b(package|version|license|summary|homepage|maintainer)\s*+=\s*+(?:"([^"\n]*)"|'([^'\n]*)')""")
_DEPENDENCIES = lazy(r"\bdependencies\s*+=\s*+\{([^{}]*+)\}?")
_LITERAL = lazy(r""""([^"\n]*)"|'([^'\n]*)'""")
_ROCKS = lazy(r"(?:^|/)rocks(?:-\d\.\d)?/[^/]+/[^/]+/[^/]+$")


def _read(file: File) -> Iterator[Found]:
    text = _COMMENT.sub("", file.text)
    fields: dict[str, str] = {}
    for match in _FIELD.finditer(text):
        fields.setdefault(match[1], match[2] or match[3] or "")
    licence = normalise(fields.get("license", ""))
    component = file.package(
        "luarocks",
        fields.get("package", ""),
        fields.get("version", ""),
        licences=(licence,) if licence else (),
        supplier=clean(fields.get("maintainer", "")),
        description=clean(fields.get("summary", "")),
        homepage=clean(fields.get("homepage", "")),
    )
    if component is None:
        return
    listed = _DEPENDENCIES.search(text)
    needs = [(one[1] or one[2] or "").split(maxsplit=1)[:1] for one in _LITERAL.finditer(listed[1])] if listed else []
    installed = _is_installed(file.path)
    yield Found(
        component if installed else replace(component, presence=Presence.DECLARED),
        (component.name,),
        (name[0] for name in needs if name),
        folders=(file.folder,) if installed else (),
    )


def _is_installed(path: str) -> bool:
    return _ROCKS.search(path) is not None


def _tree(path: str) -> str:
    """The rocks tree that a rock is installed in; a rockspec elsewhere stands alone."""
    return path.rsplit("/", 3)[0] if _is_installed(path) else path


LUA = FileCataloger("lua", 1, ListSource(read=_read, presence=Presence.INSTALLED, endings=(".rockspec",), scope=_tree))
