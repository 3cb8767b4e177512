"""What the schemas of the CycloneDX and SPDX projects say of a document that we wrote: the problems, none for a valid one."""

import gzip
import json
from functools import cache
from io import BytesIO
from pathlib import Path

SCHEMAS = Path(__file__).parents[2] / "data" / "schemas"
WRITTEN = [
    *(f"cyclonedx-{form}@{version}" for form in ("json", "xml") for version in ("1.4", "1.5", "1.6", "1.7")),
    "spdx-json@2.3",
    "spdx-json@3.0.1",
]
"""The formats of which there is a schema."""


def problems_by_schema(data: bytes, target: str) -> list[str]:
    """At most five problems, with their places."""
    name, _, version = target.partition("@")
    if name == "cyclonedx-xml":
        return _xml_problems(data, version)
    value = json.loads(data)
    if version == "3.0.1":
        return [*spdx3_problems(value), *_model_problems(data)]
    return _json_problems(cyclonedx_schema(version) if name == "cyclonedx-json" else spdx_schema(version), value)


def _json_problems(check, value):
    from jsonschema.exceptions import best_match

    found = []
    for error in check.iter_errors(value):
        inner = best_match([error]) or error
        found.append(f"/{'/'.join(map(str, inner.absolute_path))}: {inner.message[:200]}")
        if len(found) == 5:
            break
    return found


def spdx3_problems(value):
    """Each element against the definition of its class: asking the schema which of all classes fits takes a minute."""
    check = spdx_schema("3.0.1")
    assert value.keys() == {"@context", "@graph"}
    assert value["@context"] == check.schema["properties"]["@context"]["const"]
    found = []
    for one in value["@graph"]:
        found += element_problems(json.dumps(one, sort_keys=True))
    return found


@cache
def element_problems(text):
    """What the definition of its class says of one element, as JSON."""
    check, one = spdx_schema("3.0.1"), json.loads(text)
    if not isinstance(one.get("type"), str) or one["type"] not in check.schema["$defs"]:
        return [f"{one.get('type')} is no class"]
    definition = {"$ref": f"#/$defs/{one['type']}", "$defs": check.schema["$defs"]}
    return _json_problems(check.evolve(schema=definition), one)


def _xml_problems(data, version):
    from lxml import etree

    schema = _xsd(version)
    tree = etree.fromstring(data, etree.XMLParser(huge_tree=True))
    return [] if schema.validate(tree) else [f"line {one.line}: {one.message}" for one in schema.error_log][:5]


def _model_problems(data):
    """By the classes that are generated from the SHACL shapes of SPDX 3.0.1."""
    from spdx_python_model import v3_0_1

    objects = v3_0_1.SHACLObjectSet()
    try:
        v3_0_1.JSONLDDeserializer().read(BytesIO(data), objects)
        v3_0_1.JSONLDSerializer().write(objects, BytesIO())
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return [f"{type(error).__name__}: {error}"]
    return []


def missing_in_spdx3(data: bytes) -> set[str]:
    """Identifiers that a document of SPDX 3.0.1 names and does not define."""
    from spdx_python_model import v3_0_1

    objects = v3_0_1.SHACLObjectSet()
    v3_0_1.JSONLDDeserializer().read(BytesIO(data), objects)
    return {name for name in objects.missing_ids if "spdx.org/rdf" not in name}


@cache
def cyclonedx_schema(version):
    """The JSON schema of one version, formats included."""
    from cyclonedx.schema import _res
    from jsonschema.validators import Draft7Validator
    from referencing import Registry
    from referencing.jsonschema import DRAFT7

    folder = Path(_res.__file__).parent
    names = {"spdx", "jsf-0.82", "cryptography-defs"}
    rows = [
        (
            f"http://cyclonedx.org/schema/{name}.SNAPSHOT.schema.json",
            DRAFT7.create_resource(_load(folder / f"{name}.SNAPSHOT.schema.json")),
        )
        for name in names
    ]
    schema = _load(folder / f"bom-{version}.SNAPSHOT.schema.json")
    return Draft7Validator(schema, registry=Registry().with_resources(rows), format_checker=Draft7Validator.FORMAT_CHECKER)


@cache
def _xsd(version):
    from cyclonedx.schema import _res
    from lxml import etree

    return etree.XMLSchema(etree.parse(str(Path(_res.__file__).parent / f"bom-{version}.SNAPSHOT.xsd")))


@cache
def spdx_schema(version):
    """The JSON schema of one version of SPDX."""
    from jsonschema.validators import Draft7Validator, Draft202012Validator

    schema = json.loads(gzip.decompress((SCHEMAS / f"spdx-{version}.schema.json.gz").read_bytes()))
    return Draft202012Validator(schema) if version == "3.0.1" else Draft7Validator(schema)


def _load(path):
    return json.loads(path.read_bytes())
