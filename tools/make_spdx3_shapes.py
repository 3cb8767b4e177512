"""Derive src/pratique/documents/shapes/spdx-3.0.1.json from the published JSON schema of SPDX 3.0.1: `make_spdx3_shapes.py FILE`.

FILE: the schema, also compressed (`tests/data/schemas/spdx-3.0.1.schema.json.gz` is it). The table has two parts, whose shapes
are those of `pratique.documents.shape`: names, types and demands, no prose.

    classes   name → {"of": the class it inherits from, "id": the member that names one (none has abstract ones), "members": its
              own, "needs": which of these it must have}
    shapes    what members share: `to:NAME` is a reference to the class NAME or those that inherit from it, or one in place
"""

import gzip
import json
import sys
from pathlib import Path
from typing import Any

OUT = Path(__file__).parent.parent / "src" / "pratique" / "documents" / "shapes" / "spdx-3.0.1.json"
_PROPS, _DERIVED, _ROOT = "_props", "_derived", "SHACLClass"
_SHARED = {"IRI": "spdxId", "BlankNodeOrIRI": "@id"}


class Schema:
    """The definitions of the schema."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        self.all = definitions
        self.shapes: dict[str, Any] = {}

    def classes(self) -> dict[str, Any]:
        """All classes with what each adds to the one it inherits from."""
        found: dict[str, Any] = {}
        for key in self.all:
            name = key.removesuffix(_PROPS)
            if not key.endswith(_PROPS) or name == "extension_Extension":
                continue
            base, own = self.all[key]["allOf"]
            row: dict[str, Any] = {}
            if not base["$ref"].endswith(_ROOT):
                row["of"] = _named(base).removesuffix(_PROPS)
            if name in self.all:
                row["id"] = next(one for one in self.all[name]["allOf"][0]["properties"] if one != "type")
            row["members"] = {member: self.member(one) for member, one in own.get("properties", {}).items()}
            found[name] = row | ({"needs": own["required"]} if "required" in own else {})
        return found

    def member(self, node: dict[str, Any]) -> Any:
        """What may stand at a member."""
        if "oneOf" in node and node["oneOf"][0].get("type") == "array":
            (one,) = node["oneOf"]
            return {"list": self.member(one["items"])} | ({"least": one["minItems"]} if "minItems" in one else {})
        if "$ref" in node:
            name = _named(node)
            if name.endswith(_DERIVED):
                return self.reference(name)
            if name in _SHARED:
                return {"ref": _SHARED[name]}
            return self.member(self.all[name])
        if "allOf" in node:
            return self.shared("time", {"is": node["type"], "all": node["allOf"]})
        out: dict[str, Any] = {word: node[word] for word in ("enum", "pattern", "minimum", "maximum") if word in node}
        if "oneOf" in node:
            out["any"] = [self.member(one) for one in node["oneOf"]]
        if "type" in node:
            out["is"] = node["type"]
        return node["type"][0] if list(out) == ["is"] else out

    def reference(self, name: str) -> dict[str, str]:
        """What may be referred to, or stand in place; individuals are referred to by their names."""
        inline, *others = self.all[name]["anyOf"]
        classes = sorted({_named(one).removesuffix(_PROPS) for one in inline["anyOf"]} - {"extension_Extension"})
        consts = [one["const"] for one in others if "const" in one]
        return self.shared(f"to:{name.removesuffix(_DERIVED)}", {"node": classes} | ({"names": consts} if consts else {}))

    def shared(self, name: str, shape: Any) -> dict[str, str]:
        """A shape that has a name."""
        if self.shapes.setdefault(name, shape) != shape:
            sys.exit(f"{name} is said in two ways: the schema is another one than this tool knows")
        return {"ref": name}


def _named(node: dict[str, Any]) -> str:
    return str(node["$ref"]).removeprefix("#/$defs/")


def main(path: Path) -> None:
    """The table, one line: nobody edits it."""
    data = path.read_bytes()
    schema = Schema(json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)["$defs"])
    classes = schema.classes()
    for one, name in _SHARED.items():
        node = schema.all[one]
        shape = {"any": [schema.all[_named(kind)] for kind in node["oneOf"]]} if "oneOf" in node else node
        schema.shapes[name] = json.loads(json.dumps(shape).replace('"type"', '"is"'))
    table = {"classes": classes, "shapes": dict(sorted(schema.shapes.items()))}
    OUT.write_text(json.dumps(table, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
