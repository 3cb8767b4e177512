"""Source trees of OCaml projects: `NAME.opam` and `NAME.opam.locked` (opam manual, "Package definitions"). All DECLARED.

A dependency in braces with `= "1.2"` names a version, as lock files have it; all others are ranges.
"""

import re
from collections.abc import Iterator

from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import normalise
from pratique.lexicon.text import clean
from pratique.model import ComponentKind, Presence

_FIELD = lazy(r'^([a-z-]+):\s*+"([^"\n]*)"', re.MULTILINE)
_COMMENT = lazy(r"^[ \t]*#[^\n]*", re.MULTILINE)
_DEPENDS = lazy(r"^depends:\s*+\[([^\]]*+)", re.MULTILINE)
_NEED = lazy(r'"([A-Za-z0-9_+-]+)"(?:\s*+\{([^}]*+)\})?')
_PINNED = lazy(r'(?:^|&|\|)\s*=\s*"([^"\n]+)"')
_RANGE = lazy(r'[<>!]=?\s*"[^"\n]*"|=\s*"[^"\n]*"')


def _read(file: File) -> Iterator[Found]:
    text = _COMMENT.sub("", file.text)
    fields: dict[str, str] = {}
    for match in _FIELD.finditer(text):
        fields.setdefault(match[1], match[2])
    listed = _DEPENDS.search(text)
    if not fields and listed is None:
        return  # other things end in .opam, too
    asked: list[str] = []
    for need in _NEED.finditer(listed[1]) if listed else ():
        condition = need[2] or ""
        pinned = _PINNED.search(condition)
        words = re.findall(r"[a-z-]+", re.sub(r'"[^"]*"', "", condition))
        scope = "dev" if {"with-test", "with-doc", "with-dev-setup"}.intersection(words) else "build" if "build" in words else ""
        wanted = " ".join(_RANGE.findall(condition))
        component = file.package(
            "opam",
            need[1],
            pinned[1] if pinned else "",
            facts={"scope": scope, "requirement": "" if pinned else clean(wanted, 200)},
        )
        if component is not None:
            asked.append(need[1])
            yield Found(component, (need[1],))
    licence = normalise(fields.get("license", ""))
    name = fields.get("name") or file.name.removesuffix(".locked").removesuffix(".opam")
    own = file.package(
        "opam",
        name,
        fields.get("version", ""),
        kind=ComponentKind.APPLICATION,
        licences=(licence,) if licence else (),
        description=clean(fields.get("synopsis", "")),
        homepage=clean(fields.get("homepage", "")),
    )
    if own is not None:
        yield Found(own, (), asked)


OPAM_SOURCE = FileCataloger(
    "opam-source",
    1,
    ListSource(
        read=_read,
        presence=Presence.DECLARED,
        endings=(".opam", ".opam.locked"),
        accepts=lambda path: "/.opam-switch/" not in f"/{path}" and "/.opam/" not in f"/{path}",
    ),
)
