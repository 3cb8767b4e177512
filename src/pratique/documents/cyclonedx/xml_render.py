"""CycloneDX JSON, as the writer makes it, as CycloneDX XML (ECMA-424). Pure.

Guided by the types of the published XML schema (`shapes/cyclonedx-xml.json`), whose order of elements it keeps. Characters
that XML cannot hold become U+FFFD.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pratique.documents.cyclonedx.xml_vocabulary import MIXED, NAMESPACE, RENAMED, REPEATED, TEXT_MEMBERS, plain_scalar
from pratique.documents.shape import Problem, load_shapes
from pratique.lexicon.lazy_regex import lazy

_INVALID = lazy(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ONLY_JSON = frozenset({"$schema", "bomFormat", "specVersion"})  # the name space says it
_ONCE = {"1.5": frozenset({"component/data"})}
"""Version → elements that stand there once, and often in later ones and in JSON."""
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}


def json_to_xml(value: Mapping[str, Any], version: str) -> tuple[bytes, tuple[Problem, ...]]:
    """The XML document of a JSON value that fits the shape of `version`, and the members that only JSON has.

    Deterministic; UTF-8, without indentation.
    """
    writer = _Writer(load_shapes("cyclonedx-xml"), version)
    attributes = f' xmlns="{NAMESPACE}{version}"'
    text = '<?xml version="1.0" encoding="UTF-8"?>\n' + writer.element("bom", value, ".bom", attributes)
    if writer.unprintable:
        writer.left_out.append(Problem("", f"{writer.unprintable} characters that XML cannot hold: U+FFFD stands there"))
    if writer.laid_out:
        writer.left_out.append(Problem("", f"{writer.laid_out} texts with white space at their ends, which XML lays out with"))
    return text.encode("utf-8", "replace"), tuple(writer.left_out)


@dataclass(slots=True)
class _Writer:
    """One document on its way out."""

    types: Mapping[str, Any]
    version: str
    left_out: list[Problem] = field(default_factory=list)
    unprintable: int = 0
    laid_out: int = 0

    def escaped(self, text: str, *, quote: bool = False) -> str:
        """Text as it stands in an element, or in an attribute (`quote`)."""
        if text.isalnum():
            return text
        text, count = _INVALID.subn("\ufffd", text)
        self.unprintable += count
        for char, entity in _ESCAPED.items():
            if char in text:
                text = text.replace(char, entity)
        return text.replace("\n", "&#10;").replace("\t", "&#9;") if quote else text

    def kept(self, text: str, kind: str) -> str:
        """The text; white space that a reader of that kind of text takes for layout is counted."""
        self.laid_out += kind in "lw" and plain_scalar(text, kind) != text
        return text

    def element(self, name: str, value: Any, type_: str, attributes: str = "") -> str:
        """One element and all within it."""
        if type_.startswith("="):
            return _tag(name, attributes, self.escaped(self.kept(_text(value), type_[1:])))
        if type_ in ("bomReferenceType", "dependencyType.provides"):
            return _tag(name, f' ref="{self.escaped(_text(value), quote=True)}"', "")
        kind = self.types[type_]
        if type_ in MIXED:
            return _tag(name, attributes, "".join(self.mixed(one, type_) for one in value))
        if type_ == "service.data":
            return _tag(name, attributes, "".join(self.service_data(one) for one in value))
        if type_ == "patentAssertionType.asserter":
            word = "ref" if isinstance(value, str) else "contact" if isinstance(value, list) else "organization"
            inner = value[0] if isinstance(value, list) and value else value
            return _tag(name, attributes, self.element(word, inner, kind["e"][word][0]))
        if isinstance(value, list):
            inner_name = "tool" if type_.endswith(".tools") else next(iter(kind["e"]))
            inner_type = kind["e"][inner_name][0]
            return _tag(name, attributes, "".join(self.element(inner_name, one, inner_type) for one in value))
        if not isinstance(value, dict):
            return _tag(name, attributes, self.escaped(_text(value)))
        return self.object(name, value, type_, attributes)

    def object(self, name: str, value: Mapping[str, Any], type_: str, attributes: str) -> str:
        """An element whose attributes and children are the members."""
        kind = self.types[type_]
        for attribute in kind["a"]:
            member = RENAMED.get(f"{type_}/{attribute}", attribute)
            if member in value:
                attributes += f' {attribute}="{self.escaped(_text(value[member]), quote=True)}"'
        if "t" in kind:
            text = self.kept(_text(value.get(TEXT_MEMBERS[type_], "")), kind["t"])
            return _tag(name, attributes, self.escaped(text))
        if type_ == "dependencyType":
            rows = [_tag("dependency", f' ref="{self.escaped(one, quote=True)}"', "") for one in value.get("dependsOn", ())]
            rows += [_tag("provides", f' ref="{self.escaped(one, quote=True)}"', "") for one in value.get("provides", ())]
            return _tag(name, attributes, "".join(rows))
        parts: list[str] = []
        if not value.keys() <= self.members(type_):
            unsayable = [member for member in value if member not in self.members(type_)]
            self.left_out += [Problem(f"{name}/{member}", "has no place in XML") for member in unsayable]
        for child, (inner, _) in kind["e"].items():
            member = RENAMED.get(f"{type_}/{child}", child)
            if member not in value:
                continue
            said = value[member]
            if f"{type_}/{child}" in REPEATED:
                rows = said if isinstance(said, list) else [said]
                if len(rows) > 1 and f"{type_}/{child}" in _ONCE.get(self.version, ()):
                    self.left_out.append(Problem(f"{name}/{member}", f"{len(rows)}, of which XML of {self.version} has one"))
                    rows = rows[:1]
                parts += [self.element(child, one, inner) for one in rows]
            else:
                parts.append(self.element(child, said, inner))
        return _tag(name, attributes, "".join(parts))

    def members(self, type_: str) -> frozenset[str]:
        """What the type has a place for, by the names of JSON."""
        kind = self.types[type_]
        names = [RENAMED.get(f"{type_}/{name}", name) for name in (*kind["a"], *kind["e"])]
        return frozenset(names) | (_ONLY_JSON if type_ == ".bom" else frozenset())

    def mixed(self, value: Any, type_: str) -> str:
        """One item of a list of several elements."""
        elements = self.types[type_]["e"]
        name = _mixed_name(value, type_)
        member = MIXED[type_][name]
        return self.element(name, value[member] if member else value, elements[name][0])

    def service_data(self, value: Mapping[str, Any]) -> str:
        """A bare classification, or a data flow."""
        if value.keys() <= {"flow", "classification"}:
            return self.element("classification", value, "dataClassificationType")
        inner = {key: one for key, one in value.items() if key not in ("flow", "classification")}
        classification = {key: one for key, one in value.items() if key in ("flow", "classification")}
        return self.element("dataflow", inner | {"classification": classification}, "service.data.dataflow")


def _mixed_name(value: Any, type_: str) -> str:
    if type_ == "licenseChoiceType":
        return (
            "license"
            if "license" in value
            else "expression"
            if value.keys() <= {"expression", "acknowledgement", "bom-ref"}
            else "expression-detailed"
        )
    if type_ == "definitionsType.patents":
        return "patentFamily" if "familyId" in value else "patent"
    if type_.endswith("environmentVars"):
        return "environmentVar" if isinstance(value, dict) else "value"
    if type_ == "copyrightsType":
        return "text"
    return "ref" if value.keys() == {"ref"} else "dataset"


def _tag(name: str, attributes: str, inside: str) -> str:
    return f"<{name}{attributes}>{inside}</{name}>" if inside else f"<{name}{attributes}/>"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)
