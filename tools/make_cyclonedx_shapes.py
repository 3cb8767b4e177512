"""Derive the tables in src/pratique/documents/shapes from the published CycloneDX schemas: `make_cyclonedx_shapes.py FOLDER`.

`cyclonedx-1.N.json`: name → shape, as `pratique.documents.shape` reads them: names, types and demands, no prose.
`cyclonedx-xml.json`: type → {"a": attributes, "e": {element: [type, may repeat]}, "t": the scalar its text is}, of the newest
XML schema; `=s`, `=l`, `=w`, `=i`, `=n`, `=b` are scalars: text, a line, a word, numbers, truth. Elements stand in the order
the schema demands.
"""

import json
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

OUT = Path(__file__).parent.parent / "src" / "pratique" / "documents" / "shapes"
JSON_VERSIONS = {"1.2": "1.2-strict", "1.3": "1.3-strict", "1.4": "1.4", "1.5": "1.5", "1.6": "1.6", "1.7": "1.7"}
XML_VERSION = "1.7"
_XS = "{http://www.w3.org/2001/XMLSchema}"
_KEYWORDS = ("pattern", "format", "minimum", "maximum", "minLength", "maxLength")
_ANYTHING = ("string", "^(.*)$")
_OTHERS = {"jsf-0.82.schema.json": "jsf", "cryptography-defs.schema.json": "cryptography"}
"""Schema that the others refer to → what stands before the names of its shapes."""
_SCALARS = {
    "boolean": "b",
    **dict.fromkeys(("integer", "positiveInteger", "nonNegativeInteger"), "i"),
    **dict.fromkeys(("decimal", "float"), "n"),
    "string": "s",
    "normalizedString": "l",
    **dict.fromkeys(("token", "anyURI", "dateTime", "date"), "w"),
}
"""Type of XML Schema → scalar, by how it takes white space: as it is, as spaces, or as nothing at the ends (part 2, 4.3.6)."""


def shape(node: Any, within: str = "") -> Any:
    """One JSON schema node as a shape. `within`: stands before the names of the schema that it is in."""
    if "$ref" in node:
        name = node["$ref"]
        if name == "#":
            return {"ref": "bom"}
        if name.startswith("spdx.schema"):
            return {"licence": 1}
        file, _, local = name.partition("#/definitions/")
        return {"ref": f"{_OTHERS[file] + ':' if file else within}{local}"}
    out: dict[str, Any] = {}
    for keyword, word in (("oneOf", "one"), ("anyOf", "any"), ("allOf", "all")):
        if keyword in node:
            out[word] = [shape(one, within) for one in node[keyword]]
    for keyword in ("not", "if", "then"):
        if keyword in node:
            out[keyword] = shape(node[keyword], within)
    kind = node.get("type")
    if "properties" in node or kind == "object":
        if "properties" in node or not (out or node.get("additionalProperties") is False):
            out["members"] = {name: shape(one, within) for name, one in node.get("properties", {}).items()}
        if node.get("additionalProperties") is not False:
            out["open"] = 1
    if node.get("required"):
        out["needs"] = node["required"]
    if kind == "array" or "items" in node:
        items = node.get("items", {})
        out["list"] = shape({"anyOf": items} if isinstance(items, list) else items, within)
        out |= {word: node[keyword] for keyword, word in (("minItems", "least"), ("maxItems", "most")) if keyword in node}
        if node.get("uniqueItems"):
            out["unique"] = 1
    if "enum" in node or "const" in node:
        out["enum"] = node.get("enum", [node.get("const")])
    out |= {keyword: node[keyword] for keyword in _KEYWORDS if keyword in node and node[keyword] not in _ANYTHING}
    if isinstance(kind, list) or kind in ("string", "boolean", "integer", "number"):
        out["is"] = kind
    return kind[0] if list(out) == ["is"] and isinstance(kind, str) else out or "*"


def json_shapes(schema: dict[str, Any]) -> dict[str, Any]:
    """All definitions of a schema, and the document itself as `bom`."""
    schema["properties"]["$schema"] = {"type": "string"}  # tools name it by more addresses than the schema lists
    top = {key: schema[key] for key in ("type", "required", "additionalProperties", "properties") if key in schema}
    return {name: shape(node) for name, node in schema["definitions"].items()} | {"bom": shape(top)}


def with_others(shapes: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The shapes, and those of other schemas that they refer to."""
    for file, prefix in _OTHERS.items():
        definitions = json.loads((folder / file).read_bytes())["definitions"]
        others = {f"{prefix}:{name}": shape(node, f"{prefix}:") for name, node in definitions.items()}
        waiting = [one for one in refs_in(shapes) if one in others]
        while waiting:
            name = waiting.pop()
            if name not in shapes:
                shapes[name] = others[name]
                waiting += [one for one in refs_in(others[name]) if one in others]
    return shapes


def refs_in(value: Any) -> list[str]:
    """The names that shapes refer to, each as often as it is met."""
    if isinstance(value, list):
        return [name for one in value for name in refs_in(one)]
    if isinstance(value, dict):
        own = [value["ref"]] if isinstance(value.get("ref"), str) else []
        return own + [name for one in value.values() for name in refs_in(one)]
    return []


class XmlTypes:
    """The types of one XML schema."""

    def __init__(self, path: Path) -> None:
        self.root = ElementTree.parse(path).getroot()
        self.groups = {one.get("name"): one for one in self.root.findall(f"{_XS}attributeGroup")}
        self.complex = {one.get("name") for one in self.root.findall(f"{_XS}complexType")}
        self.nodes = {one.get("name"): one for one in self.root.findall(f"{_XS}simpleType")}
        self.types: dict[str, Any] = {}
        for one in self.root.findall(f"{_XS}complexType"):
            self.add(one, one.get("name") or "")
        for one in self.root.findall(f"{_XS}element"):
            self.types[f"/{one.get('name')}"] = {"e": {}, "a": {}, "is": self.type_of(one, "")}

    def base(self, node: ElementTree.Element) -> str:
        """The scalar that a simple type restricts."""
        restriction, union = node.find(f"{_XS}restriction"), node.find(f"{_XS}union")
        if restriction is not None:
            return self.scalar(restriction.get("base") or "")
        members = (union.get("memberTypes") or "").split() if union is not None else []
        kinds = {self.scalar(one) for one in members}
        return kinds.pop() if len(kinds) == 1 else "s"

    def scalar(self, name: str) -> str:
        """The scalar of a named simple type."""
        local = name.rpartition(":")[2]
        if not name.startswith("xs:") and local in self.nodes:
            return self.base(self.nodes[local])
        return _SCALARS.get(local, "s")

    def type_of(self, element: ElementTree.Element, context: str) -> str:
        """The name of an element's type; one of its own is entered under the path to the element."""
        name = element.get("type")
        if name:
            local = name.rpartition(":")[2]
            return local if local in self.complex and not name.startswith("xs:") else f"={self.scalar(name)}"
        inner = element.find(f"{_XS}complexType")
        if inner is not None:
            self.add(inner, f"{context}.{element.get('name')}")
            return f"{context}.{element.get('name')}"
        simple = element.find(f"{_XS}simpleType")
        return "=s" if simple is None else f"={self.base(simple)}"

    def add(self, node: ElementTree.Element, name: str) -> None:
        """Enter one complex type."""
        out: dict[str, Any] = {"a": {}, "e": {}}
        self.types[name] = out
        content = node.find(f"{_XS}simpleContent")
        if content is not None:
            node = content.find(f"{_XS}extension")  # type: ignore[assignment]
            out["t"] = self.scalar(node.get("base") or "")
        self.elements(node, out["e"], name, False)
        self.attributes(node, out["a"])

    def attributes(self, node: ElementTree.Element, out: dict[str, str]) -> None:
        """Enter the attributes of a type, those of its groups too."""
        for one in node.findall(f"{_XS}attribute"):
            out[one.get("name") or ""] = self.scalar(one.get("type") or "")
        for one in node.findall(f"{_XS}attributeGroup"):
            self.attributes(self.groups[(one.get("ref") or "").rpartition(":")[2]], out)

    def elements(self, node: ElementTree.Element, out: dict[str, Any], context: str, many: bool) -> None:
        """Enter the child elements of a type, through sequences and choices."""
        for one in node:
            repeated = many or one.get("maxOccurs", "1") != "1"
            if one.tag == f"{_XS}element" and one.get("name"):
                name = one.get("name") or ""
                out[name] = [self.type_of(one, context), repeated or (name in out and out[name][1])]
            elif one.tag in (f"{_XS}sequence", f"{_XS}choice"):
                self.elements(one, out, context, repeated)


def write(name: str, value: Any) -> None:
    """One table, one line: nobody edits it."""
    (OUT / name).write_text(json.dumps(value, separators=(",", ":")) + "\n")


def main(folder: Path) -> None:
    """All tables."""
    for version, name in JSON_VERSIONS.items():
        shapes = json_shapes(json.loads((folder / f"bom-{name}.schema.json").read_bytes()))
        write(f"cyclonedx-{version}.json", with_others(shapes, folder))
    write("cyclonedx-xml.json", XmlTypes(folder / f"bom-{XML_VERSION}.xsd").types)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
