"""A document of SPDX 3.0.1 with every class and every member that the official schema has, and small changes of documents."""

import json
from copy import deepcopy
from functools import cache

from official_schemas import spdx_schema

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
PLACE = "https://example.org/d#"
INFO = {
    "@id": "_:c",
    "type": "CreationInfo",
    "specVersion": "3.0.1",
    "created": "2026-01-01T00:00:00Z",
    "createdBy": [f"{PLACE}Person"],
}


@cache
def definitions():
    """The definitions of the official schema."""
    return spdx_schema("3.0.1").schema["$defs"]


def classes():
    """The classes whose things stand by themselves or in others, without vocabularies, which are none."""
    names = [name for name in definitions() if f"{name}_props" in definitions()]
    return [name for name in names if members_of(name) or name in ("Agent", "Tool") if name != "extension_Extension"]


@cache
def members_of(name):
    """Member → its node in the schema, with what is inherited."""
    found, waiting = {}, [definitions()[f"{name}_props"]]
    while waiting:
        node = waiting.pop()
        if "$ref" in node:
            node = definitions()[node["$ref"].removeprefix("#/$defs/")]
        waiting += node.get("allOf", [])
        found |= {key: one for key, one in node.get("properties", {}).items() if key != "type"}
    return found


def example(node):
    """A value that a node of the schema allows; references are to what `whole()` has."""
    if "$ref" in node:
        name = node["$ref"].removeprefix("#/$defs/")
        if name.endswith("_derived"):
            fits = [one["$ref"].removeprefix("#/$defs/") for one in definitions()[name]["anyOf"][0]["anyOf"]]
            fit = next(one for one in ("software_Package", "Person", *fits) if one in fits)
            return "_:c" if fit == "CreationInfo" else PLACE + fit if is_element(fit) else thing(fit)
        return example(definitions()[name])
    if node.get("type") == "array":
        return [example(node["items"])] * node.get("minItems", 1)
    if "oneOf" in node:
        return example(node["oneOf"][0])
    if "enum" in node:
        return node["enum"][0]
    if "allOf" in node:
        return "2026-01-01T00:00:00Z"
    text = "text/plain" if "/" in node.get("pattern", "") else "3.0.1" if "pattern" in node else "https://example.org/"
    return {"string": text, "boolean": True, "integer": 1, "number": 1.5}[node["type"]]


def is_element(name):
    """Whether its things are named by an `spdxId`."""
    return "spdxId" in json.dumps(definitions().get(name, ""))


def own_members_of(name):
    """Its members without those that it inherits; of an element also its name and creation info."""
    base = definitions()[f"{name}_props"]["allOf"][0]["$ref"].removeprefix("#/$defs/").removesuffix("_props")
    inherited = members_of(base) if f"{base}_props" in definitions() else {}
    return [member for member in members_of(name) if member not in inherited]


@cache
def needs_of(name):
    """Which members a class must have."""
    found, waiting = ["type"], [definitions().get(name, {}), definitions()[f"{name}_props"]]
    while waiting:
        node = waiting.pop()
        if "$ref" in node:
            node = definitions()[node["$ref"].removeprefix("#/$defs/")]
        waiting += node.get("allOf", [])
        found += node.get("required", [])
    return set(found)


def small(name, *members):
    """One thing of a class with what it must have, and these members."""
    return {key: one for key, one in thing(name).items() if key in needs_of(name) or key in members}


def thing(name):
    """One thing of a class with every member."""
    if name.endswith("extension_Extension_props"):
        return {"type": "https://example.org/extension", "https://example.org/says": 1}
    out = {"type": name, **({"spdxId": PLACE + name} if is_element(name) else {})}
    return out | {member: example(node) for member, node in members_of(name).items()}


def whole():
    """A document with one thing of every class."""
    elements = [thing(name) for name in classes() if is_element(name)]
    for one in elements:
        if one["type"] in ("SpdxDocument", "software_Sbom"):
            one["rootElement"] = [PLACE + ("software_Sbom" if one["type"] == "SpdxDocument" else "software_Package")]
    return {"@context": CONTEXT, "@graph": [deepcopy(INFO), *elements]}


def changes(value, member):
    """`what → changed copy`: the member dropped, doubled, and of every other type."""
    old = value[member]
    out = {"dropped": {key: one for key, one in value.items() if key != member}}
    for what, new in (
        ("in a list", [old]),
        ("doubled", [*old, *old] if isinstance(old, list) else [old, old]),
        ("emptied", [] if isinstance(old, list) else ""),
        ("alone", old[0] if isinstance(old, list) and old else old),
        ("text", "words without a colon"),
        ("address", "https://example.org/elsewhere"),
        ("number", 7),
        ("negative", -1.5),
        ("truth", True),
        ("nothing", None),
        ("object", {}),
        ("other object", {"type": "Hash", "algorithm": "md5", "hashValue": "00"}),
        ("list of numbers", [7]),
        ("list of objects", [{}]),
    ):
        if new != old:
            out[what] = value | {member: new}
    return out
