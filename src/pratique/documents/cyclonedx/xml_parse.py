"""CycloneDX XML (ECMA-424) to the layout of CycloneDX JSON, which is what the reader takes. Pure.

Guided by the types of the published XML schema (`shapes/cyclonedx-xml.json`), whose scalars are told apart by how they take
white space: a word has none at its ends, and a line loses what only lays it out: at an end, with a break in it. Elements that the
schema allows once and that stand twice, elements it does not know, and text between elements are problems; what stands in foreign
name spaces is passed over and named. How a document is written (comments, CDATA, prefixes, order of attributes) does not count.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pratique.documents.cyclonedx.xml_vocabulary import MIXED, NAMESPACE, RENAMED, REPEATED, SPACE, TEXT_MEMBERS, plain_scalar
from pratique.documents.shape import Problem, load_shapes
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import load_xml

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
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
            return self.scalar(self.text(element, place), type_[1:], place)
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
        if type_ == "dependenciesType":
            return list(self.dependencies(element, place))
        if _is_wrapper(kind) or (type_.endswith(".tools") and any(one.tag == f"{{{self.namespace}}}tool" for one in element)):
            self.attributes(element, {}, type_, place)
            inner = kind["e"]
            known = [(one, name) for one, name in self.children(element, place) if self.is_known(name, inner, place)]
            return [self.value(one, inner[name][0], f"{place}/{index}") for index, (one, name) in enumerate(known)]
        return self.object(element, type_, place)

    def object(self, element: "Element", type_: str, place: str) -> Any:
        """Attributes, text and child elements as members."""
        kind = self.types[type_]
        out: dict[str, Any] = {}
        self.attributes(element, out, type_, place)
        if "t" in kind:
            text = self.scalar(self.children_text(element, place), kind["t"], place)
            out[TEXT_MEMBERS[type_]] = "".join(text.split()) if out.get("encoding") == "base64" else text
            return out
        if not len(element) and element.text and element.text.strip(SPACE):
            return element.text.strip(SPACE)  # what is structured in 1.7 was a plain reference in 1.6
        for one, name in self.children(element, place):
            if not self.is_known(name, kind["e"], place):
                continue
            inner = kind["e"][name][0]
            member = RENAMED.get(f"{type_}/{name}", name)
            if f"{type_}/{name}" in REPEATED:
                items = out.setdefault(member, [])
                items.append(self.value(one, inner, f"{place}/{member}/{len(items)}"))
            elif member in out:
                self.problems.append(Problem(f"{place}/{member}", "is said twice"))
            else:
                out[member] = self.value(one, inner, f"{place}/{member}")
        return out

    def attributes(self, element: "Element", out: dict[str, Any], type_: str, place: str) -> None:
        """Attributes as members of `out`."""
        known = self.types[type_]["a"]
        for name, text in element.attrib.items():
            if name in known:
                out[RENAMED.get(f"{type_}/{name}", name)] = self.scalar(text, known[name], f"{place}/{name}")
            elif not name.startswith(_XSI):
                self.foreign.append(Problem(f"{place}/{name.rpartition('}')[2]}", "is an attribute of no known meaning"))

    def dependencies(self, element: "Element", place: str) -> Iterator[dict[str, Any]]:
        """Who needs what. An element within one says what that one needs, and what it holds itself, what it needs in turn."""
        waiting = [one for one, name in self.children(element, place) if self.is_known(name, {"dependency": 1}, place)]
        for number, one in enumerate(waiting):
            here = f"{place}/{number}"
            row: dict[str, Any] = {}
            self.attributes(one, row, "dependencyType", here)
            for inner, name in self.children(one, here):
                if self.is_known(name, self.types["dependencyType"]["e"], here):
                    row.setdefault("dependsOn" if name == "dependency" else name, []).append(inner.get("ref", ""))
                    if len(inner):
                        waiting.append(inner)
            yield row if row.keys() & {"dependsOn", "provides"} else row | {"dependsOn": []}  # empty: it needs nothing

    def text(self, element: "Element", place: str) -> str:
        """What an element of plain text says."""
        for name in element.attrib:
            if not name.startswith(_XSI):
                self.problems.append(Problem(f"{place}/{name.rpartition('}')[2]}", "is an attribute where none is allowed"))
        return self.children_text(element, place)

    def children_text(self, element: "Element", place: str) -> str:
        """The text of an element that has no others within."""
        if len(element):
            self.problems.append(Problem(place, "has elements where a text is meant"))
        return element.text or ""

    def children(self, element: "Element", place: str) -> Iterable[tuple["Element", str]]:
        """Child elements of CycloneDX with their local names."""
        if any(text and text.strip(SPACE) for text in (element.text, *(one.tail for one in element))):
            self.problems.append(Problem(place, "has text between its elements"))
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
        if kind in "slw":
            return plain_scalar(text, kind)
        word = text.strip(SPACE)
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
