"""CycloneDX XML (ECMA-424) to the layout of CycloneDX JSON, which is what the reader takes. Pure.

Guided by the types of the published XML schema (`shapes/cyclonedx-xml.json`). Elements that the schema allows once and that
stand twice, and elements it does not know, are problems; what stands in foreign name spaces is passed over and named.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pratique.documents.cyclonedx.xml_vocabulary import MIXED, NAMESPACE, RENAMED, REPEATED, TEXT_MEMBERS
from pratique.documents.shape import Problem, load_shapes
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import load_xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_NUMBER = lazy(r"[+-]?[0-9]{1,30}(?:\.[0-9]{0,30})?(?:[eE][+-]?[0-9]{1,2})?|[+-]?\.[0-9]{1,30}")


def xml_to_json(data: bytes) -> tuple[dict[str, Any], tuple[Problem, ...], tuple[Problem, ...]]:
    """The JSON layout; what is wrong; and what was passed over because it is in a foreign name space.

    Raises Malformed for what is no CycloneDX XML, LimitExceeded past 200 levels.
    """
    root = load_xml(data)
    namespace, _, name = root.tag[1:].partition("}")
    version = namespace.removeprefix(NAMESPACE)
    if name != "bom" or version == namespace:
        raise Malformed("not CycloneDX XML", hint=f"its root is <bom xmlns={NAMESPACE + '1.6'!r}>")
    reader = _Reader(namespace)
    value = {"bomFormat": "CycloneDX", "specVersion": version} | reader.object(root, ".bom", "")
    if version == "1.5":
        _identity_is_one(value)
    return value, tuple(reader.problems), tuple(reader.foreign)


def _identity_is_one(value: Any) -> None:
    """In 1.5 JSON an identity is one object; in XML it never was a list."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            identity = one.get("identity")
            if isinstance(identity, list) and len(identity) == 1:
                one["identity"] = identity[0]
            waiting += one.values()


@dataclass(slots=True)
class _Reader:
    """One document on its way in."""

    namespace: str
    problems: list[Problem] = field(default_factory=list)
    foreign: list[Problem] = field(default_factory=list)
    types: Mapping[str, Any] = field(default_factory=lambda: load_shapes("cyclonedx-xml"))

    def value(self, element: "Element", type_: str, place: str) -> Any:
        """What an element of that type says."""
        if type_.startswith("="):
            return self.scalar(element.text or "", type_[1:], place)
        kind = self.types[type_]
        if type_ in MIXED:
            return [
                self.mixed(one, name, type_, f"{place}/{index}")
                for index, (one, name) in enumerate(self.children(element, place))
            ]
        if type_ in ("bomReferenceType", "dependencyType.provides"):
            return element.get("ref", "")
        if type_ == "patentAssertionType.asserter":
            return next(
                (self.value(one, kind["e"][name][0], place) for one, name in self.children(element, place) if name in kind["e"]),
                "",
            )
        if type_ == "service.data":
            return self.service_data(element, place)
        rows = list(self.children(element, place))
        if _is_wrapper(kind) or (type_.endswith(".tools") and any(name == "tool" for _, name in rows)):
            inner = kind["e"]
            known = [(one, name) for one, name in rows if self.is_known(name, inner, place)]
            return [self.value(one, inner[name][0], f"{place}/{index}") for index, (one, name) in enumerate(known)]
        return self.object(element, type_, place)

    def object(self, element: "Element", type_: str, place: str) -> Any:
        """Attributes, text and child elements as members."""
        kind = self.types[type_]
        out: dict[str, Any] = {}
        for name, text in element.attrib.items():
            if name in kind["a"]:
                out[RENAMED.get(f"{type_}/{name}", name)] = self.scalar(text, kind["a"][name], f"{place}/{name}")
            elif not name.startswith("{http://www.w3.org/2001/XMLSchema-instance}"):
                self.foreign.append(Problem(f"{place}/{name.rpartition('}')[2]}", "is an attribute of no known meaning"))
        if "t" in kind:
            out[TEXT_MEMBERS[type_]] = element.text or ""
            return out
        if not len(element) and element.text and not element.text.isspace():
            return element.text  # what is structured in 1.7 was a plain reference in 1.6
        for one, name in self.children(element, place):
            if not self.is_known(name, kind["e"], place):
                continue
            inner = kind["e"][name][0]
            member = RENAMED.get(f"{type_}/{name}", name)
            if type_ == "dependencyType":
                out.setdefault("dependsOn" if name == "dependency" else name, []).append(one.get("ref", ""))
            elif f"{type_}/{name}" in REPEATED:
                items = out.setdefault(member, [])
                items.append(self.value(one, inner, f"{place}/{member}/{len(items)}"))
            elif member in out:
                self.problems.append(Problem(f"{place}/{member}", "is said twice"))
            else:
                out[member] = self.value(one, inner, f"{place}/{member}")
        if type_ == "dependencyType" and not out.keys() & {"dependsOn", "provides"}:
            out["dependsOn"] = []  # an empty element says that nothing is needed
        return out

    def children(self, element: "Element", place: str) -> Iterable[tuple["Element", str]]:
        """Child elements of CycloneDX with their local names."""
        for one in element:
            namespace, _, name = one.tag.rpartition("}")
            if namespace[1:] == self.namespace:
                yield one, name
            elif namespace[1:].startswith(NAMESPACE) or not namespace:
                self.problems.append(Problem(f"{place}/{name}", "is not in the document's name space"))
            else:
                self.foreign.append(Problem(f"{place}/{name}", f"is in the foreign name space {namespace[1:80]}"))

    def is_known(self, name: str, elements: Mapping[str, Any], place: str) -> bool:
        """Whether the type has that element; if not, a problem."""
        if name not in elements:
            self.problems.append(Problem(f"{place}/{name}", "is not known here"))
        return name in elements

    def mixed(self, element: "Element", name: str, type_: str, place: str) -> Any:
        """One item of a list of several elements."""
        if not self.is_known(name, MIXED[type_], place):
            return {}
        found = self.value(element, self.types[type_]["e"][name][0], place)
        member = MIXED[type_][name]
        return {member: found} if member else found

    def service_data(self, element: "Element", place: str) -> list[Any]:
        """Classifications, and data flows whose classification carries the direction."""
        out: list[Any] = []
        for one, name in self.children(element, place):
            if name == "classification":
                out.append(self.object(one, "dataClassificationType", place))
            elif name == "dataflow":
                found = self.object(one, "service.data.dataflow", place)
                inner = found.pop("classification", {})
                out.append(found | (inner if isinstance(inner, dict) else {}))
            else:
                self.problems.append(Problem(f"{place}/{name}", "is not known here"))
        return out

    def scalar(self, text: str, kind: str, place: str) -> Any:
        """Text, boolean or number (XML Schema part 2)."""
        if kind == "s":
            return text
        word = text.strip()
        found = {"true": True, "1": True, "false": False, "0": False}.get(word) if kind == "b" else _number(word)
        if found is None:
            self.problems.append(Problem(place, "is no boolean" if kind == "b" else "is no number"))
            return text
        return found


def _number(word: str) -> int | float | None:
    if not _NUMBER.fullmatch(word):
        return None
    return int(word) if word.lstrip("+-").isdigit() else float(word)


def _is_wrapper(kind: Mapping[str, Any]) -> bool:
    """A type that is nothing but a list of one element."""
    return not kind["a"] and "t" not in kind and len(kind["e"]) == 1 and next(iter(kind["e"].values()))[1]
