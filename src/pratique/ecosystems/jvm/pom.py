"""`pom.xml` (Maven POM 4.0.0): coordinates, parent, licences, dependencies, properties. Pure.

Profiles are not applied, nothing is fetched: what a parent that is not at hand would say stays unsaid.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.one_version import split_requirement
from pratique.lexicon.parse import load_xml
from pratique.lexicon.text import clean

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_MAX_ROUNDS = 12
_MAX_TEXT = 1_000
_MAX_REFERENCES = 8  # in one text: values may hold references themselves
_REFERENCE = lazy(r"\$\{([^${}]{1,200})\}")


class Coordinates(NamedTuple):
    """What names an artifact; "" for what is not said."""

    group: str = ""
    artifact: str = ""
    version: str = ""


class Dependency(NamedTuple):
    """What a POM asks for. `type`: `jar` by default. `optional`: as written, `true` or not."""

    at: Coordinates
    scope: str = ""
    type: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pom:
    """As written: `${...}` is still there. `own`: what it says of itself, without what it takes from its parent."""

    own: Coordinates
    parent: Coordinates | None = None
    parent_path: str = ""
    packaging: str = "jar"
    title: str = ""
    description: str = ""
    url: str = ""
    organisation: str = ""
    licences: tuple[str, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    managed: tuple[Dependency, ...] = ()
    modules: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)


def parse_pom(data: bytes) -> Pom:
    """Raises Malformed: no XML, or another document."""
    root = load_xml(data)
    if _local(root) != "project":
        raise Malformed("not a Maven project")
    parts: dict[str, Element] = {}
    for child in root:
        parts.setdefault(_local(child), child)
    parent = parts.get("parent")
    management = parts.get("dependencyManagement")
    managed = next((child for child in management if _local(child) == "dependencies"), None) if management is not None else None
    names = (_texts(item) for item in _children(parts, "licenses", "license"))
    return Pom(
        own=_coordinates(root),
        parent=_coordinates(parent) if parent is not None else None,
        parent_path=_texts(parent).get("relativePath", "../pom.xml") if parent is not None else "",
        packaging=_text(parts.get("packaging")) or "jar",
        title=_text(parts.get("name")),
        description=_text(parts.get("description")),
        url=_text(parts.get("url")),
        organisation=_texts(parts["organization"]).get("name", "") if "organization" in parts else "",
        licences=tuple(filter(None, (item.get("name") or item.get("url", "") for item in names))),
        dependencies=tuple(map(_dependency, _children(parts, "dependencies", "dependency"))),
        managed=tuple(map(_dependency, managed)) if managed is not None else (),
        modules=tuple(_text(item) for item in _children(parts, "modules", "module")),
        properties={_local(item): _text(item) for item in parts.get("properties", ())},
    )


def resolved(pom: Pom, *, above: Mapping[str, str] | None = None) -> Pom:
    """The POM with group and version taken from its parent and `${...}` replaced where the value is known.

    `above`: properties of its parents. What stays unknown keeps its `${...}`.
    """
    own, parent = pom.own, pom.parent or Coordinates()
    group, version = own.group or parent.group, own.version or parent.version
    known = {**(above or {}), **pom.properties}
    for prefix in ("project.", "pom.", ""):
        known |= {f"{prefix}groupId": group, f"{prefix}artifactId": own.artifact, f"{prefix}version": version}
        known |= {f"{prefix}parent.groupId": parent.group, f"{prefix}parent.version": parent.version}
    known["project.name"], known["project.url"] = pom.title, pom.url

    def fill(text: str) -> str:
        return interpolate(text, known)

    def at(place: Coordinates) -> Coordinates:
        return Coordinates(fill(place.group), fill(place.artifact), fill(place.version))

    def all_of(dependencies: tuple[Dependency, ...]) -> tuple[Dependency, ...]:
        return tuple(one._replace(at=at(one.at)) for one in dependencies)

    return replace(
        pom,
        own=at(Coordinates(group, own.artifact, version)),
        parent=at(parent) if pom.parent else None,
        title=fill(pom.title),
        description=fill(pom.description),
        url=fill(pom.url),
        dependencies=all_of(pom.dependencies),
        managed=all_of(pom.managed),
        properties=known,
    )


def interpolate(text: str, known: Mapping[str, str]) -> str:
    """`${name}` replaced by its value, again and again up to a limit; stays where there is none."""
    for _ in range(_MAX_ROUNDS):
        if not 0 < text.count("${") <= _MAX_REFERENCES:
            break
        new = _REFERENCE.sub(lambda match: known.get(match[1].strip(), match[0]), text)
        if new == text:
            break
        text = new
    return text[:_MAX_TEXT]


def is_concrete(text: str) -> bool:
    """Whether a version names one release: no range, no property that is unknown."""
    return bool(text) and not split_requirement(text)[1] and "${" not in text and "@" not in text


def _local(element: "Element") -> str:
    # Comments and processing instructions never reach the tree, so that every tag is a text.
    return element.tag.rpartition("}")[2]


def _text(element: "Element | None") -> str:
    return clean(element.text) if element is not None else ""


def _texts(element: "Element") -> dict[str, str]:
    found: dict[str, str] = {}
    for child in element:
        found.setdefault(_local(child), _text(child))
    return found


def _coordinates(element: "Element") -> Coordinates:
    texts = _texts(element)
    return Coordinates(texts.get("groupId", ""), texts.get("artifactId", ""), texts.get("version", ""))


def _children(parts: Mapping[str, "Element"], name: str, child: str) -> Iterator["Element"]:
    for item in parts.get(name, ()):
        if _local(item) == child:
            yield item


def _dependency(element: "Element") -> Dependency:
    texts = _texts(element)
    at = Coordinates(texts.get("groupId", ""), texts.get("artifactId", ""), texts.get("version", ""))
    return Dependency(at, texts.get("scope", ""), texts.get("type", ""), texts.get("optional") == "true")
