"""Conan: conan.lock (the graph of version 1, the lists of version 2), conanfile.txt and conaninfo.txt. References are
`name/version@user/channel#revision:package#revision`.
"""

import re
from collections.abc import Iterator

from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import read_json_object
from pratique.lexicon.text import clean, how_many
from pratique.lexicon.values import list_or_empty, table_or_empty, text_or_empty
from pratique.model import Component, Presence

_REFERENCE = lazy(
    r"([^/\s@#:\[\]]+)/([^/\s@#:\[\]]+)(?:@(?:([^/\s@#:]+)/([^/\s@#:]+))?)?(?:#([0-9A-Za-z]+))?(?:%[0-9.]+)?(?::.*)?"
)
_LISTS = (("requires", ""), ("build_requires", "build"), ("python_requires", "build"), ("config_requires", "build"))
_SECTIONS = {"requires": "", "build_requires": "build", "tool_requires": "build", "test_requires": "test", "full_requires": ""}


def _read_lock(file: File) -> Iterator[Found]:
    document = read_json_object(file.data)
    nodes = table_or_empty(table_or_empty(document.get("graph_lock")).get("nodes"))
    if not nodes and not any(name in document for name, _ in _LISTS):
        raise Malformed("a lock file of Conan that holds no references")
    for number, value in nodes.items():
        node = table_or_empty(value)
        component = _component(
            file, text_or_empty(node.get("ref")) or text_or_empty(node.get("pref")), "", text_or_empty(node.get("prev"))
        )
        if component is not None:
            needs = [*list_or_empty(node.get("requires")), *list_or_empty(node.get("build_requires"))]
            yield Found(component, (number,), map(text_or_empty, needs))
    for name, scope in _LISTS:
        for reference in list_or_empty(document.get(name)):
            component = _component(file, text_or_empty(reference), scope)
            if component is not None:
                yield Found(component)


def _read_text(file: File) -> Iterator[Found]:
    """conanfile.txt and conaninfo.txt: sections of lines. A range `[>1.0]` is no version."""
    section = ""
    loose = 0
    for line in file.text.split("\n"):
        text = re.split(r"\s#|^#", line, maxsplit=1)[0].strip()
        if text.startswith("[") and text.endswith("]"):
            section = text[1:-1]
        elif text and section in _SECTIONS:
            if "[" in text or "/" not in text:
                loose += 1
                continue
            component = _component(file, text, _SECTIONS[section])
            if component is not None:
                yield Found(component)
    if loose:
        file.unread(f"{how_many(loose, 'requirement that names', 'requirements that name')} no one version")


def _component(file: File, reference: str, scope: str, revision: str = "") -> Component | None:
    match = _REFERENCE.fullmatch(reference[:500])
    if match is None:
        if reference:
            file.unread(f"not a reference of Conan: {clean(reference, 100)}")
        return None  # the project itself has none
    name, version, user, channel, recipe = match.groups()
    user, channel = ("" if text in (None, "_") else text for text in (user, channel))
    return file.package(
        "conan",
        name,
        version,
        namespace=user,
        qualifiers={
            "channel": channel,
            "rrev": "" if recipe in (None, "0") else recipe,
            "prev": "" if revision == "0" else revision,
        },
        facts={"scope": scope},
    )


CONAN = FileCataloger(
    "conan",
    1,
    ListSource(read=_read_lock, presence=Presence.DECLARED, names=("conan.lock",)),
    ListSource(read=_read_text, presence=Presence.DECLARED, names=("conanfile.txt", "conaninfo.txt")),
)
