"""Packs of SWI-Prolog: `pack.pl`, facts about one pack (SWI-Prolog manual, "Packs"). Read by patterns, never run."""

import re
from collections.abc import Iterator

from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url
from pratique.model import Presence

_FACT = lazy(
    r"""^\s*(name|version|title|home|author|requires)\(\s*(?:'((?:[^'\\\n]|\\.)*+)'|"((?:[^"\\\n]|\\.)*+)"|([\w.@<>=/ -]+))""",
    re.M,
)


def _read(file: File) -> Iterator[Found]:
    facts: dict[str, list[str]] = {}
    for match in _FACT.finditer(file.text):
        facts.setdefault(match[1], []).append(next((part for part in match.groups()[1:] if part is not None), "").strip())
    if "name" not in facts or "version" not in facts:
        raise Malformed("a pack without name and version")
    component = file.package(
        "swiplpack",
        facts["name"][0],
        facts["version"][0],
        supplier=clean(", ".join(facts.get("author", [])[:10])),
        description=clean(facts.get("title", [""])[0]),
        homepage=clean_url(facts.get("home", [""])[0]),
    )
    if component is not None:
        yield Found(component, (component.name,), (text.split()[0] for text in facts.get("requires", []) if text))


SWIPL = FileCataloger(
    "swipl",
    1,
    ListSource(
        read=_read, presence=Presence.INSTALLED, names=("pack.pl",), scope=lambda path: path.rpartition("/")[0].rpartition("/")[0]
    ),
)
