"""Documents as real tools write them, with errors: refused in one line, and with --lenient read without losing a package."""

import json

import pytest
from spdx3_documents import CONTEXT

from pratique.documents.read import read_document
from pratique.errors import Malformed


def read(value, *, lenient=True):
    return read_document(json.dumps(value).encode(), lenient=lenient)


def spdx2(version="2.3", **more):
    value = {
        "spdxVersion": f"SPDX-{version}",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": "d",
        "documentNamespace": "https://example.org/d",
        "creationInfo": {"created": "2026-01-01T00:00:00Z", "creators": ["Tool: t-1"]},
        "packages": [
            {"SPDXID": "SPDXRef-a", "name": "a", "versionInfo": "1", "downloadLocation": "NOASSERTION"},
            {"SPDXID": "SPDXRef-b", "name": "b", "versionInfo": "2", "downloadLocation": "NOASSERTION"},
        ],
        "relationships": [
            {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-a"},
            {"spdxElementId": "SPDXRef-a", "relationshipType": "DEPENDS_ON", "relatedSpdxElement": "SPDXRef-b"},
        ],
    }
    return value | more


def said_by(document):
    needs = {name: targets for name, targets in document.dependencies().items() if targets}
    parts = [*([document.subject] if document.subject else []), *document.walk()]
    names = {part.ref: part.name for part in parts}
    return [(part.name, part.version) for part in parts], {names[ref]: [names[to] for to in rows] for ref, rows in needs.items()}


EXPECTED = ([("a", "1"), ("b", "2")], {"a": ["b"]})


def changed(value, path, new):
    """With a member of another value, or without it where `new` is None."""
    *way, last = path
    place = value
    for step in way:
        place = place[step]
    if new is None:
        del place[last]
    else:
        place[last] = new
    return value


@pytest.mark.parametrize(
    ("path", "new"),
    [
        (["documentNamespace"], "redis-7.4.0"),  # bitnami, docker's hardened images
        (["documentNamespace"], ""),
        (["documentNamespace"], None),
        (["name"], None),
        (["dataLicense"], None),
        (["SPDXID"], "SPDXRef-root"),
        (["creationInfo"], None),
        (["creationInfo", "created"], "2026-01-01 00:00:00"),
        (["creationInfo", "created"], None),
        (["creationInfo", "creators"], "Tool: t-1"),
        (["creationInfo", "creators"], []),
        (["creationInfo", "creators"], ["Trustify"]),
        (["creationInfo", "creators"], [{"Tool": "t"}]),
        (["packages", 1, "downloadLocation"], None),
        (["packages", 1, "supplier"], "Microsoft/GitHub"),
        (["packages", 1, "licenseInfoFromFiles"], "NOASSERTION"),
        (["packages", 1, "filesAnalyzed"], "false"),
        (["packages", 1, "releaseDate"], "2026-01-01"),
        (["packages", 1, "comment"], {"words": 1}),
    ],
)
def test_a_document_of_spdx_2_with_an_error_of_a_real_tool_loses_no_package(path, new):
    value = changed(spdx2(), path, new)
    with pytest.raises(Malformed) as refused:
        read(value, lenient=False)
    assert "\n" not in str(refused.value)
    reading = read(value)
    assert said_by(reading.document) == EXPECTED and reading.repaired
    assert "NOASSERTION" not in [tool.name for tool in reading.document.tools]


@pytest.mark.parametrize("odd", ["SPDXRef-go-module-golang.org/x/text", "SPDXRef-image:1@sha256:ab", "no-prefix"])
def test_an_identifier_with_characters_that_are_none_stands_for_its_package_wherever_it_is_named(odd):
    value = spdx2(documentDescribes=["SPDXRef-a"])
    value["packages"][1]["SPDXID"] = value["relationships"][1]["relatedSpdxElement"] = odd
    reading = read(value)
    assert said_by(reading.document) == EXPECTED
    assert str(reading.repaired[0]).startswith("/packages/1/SPDXID is")


def test_a_document_that_is_called_like_its_package_keeps_it():
    value = spdx2(SPDXID="SPDXRef-a")
    value["relationships"] = value["relationships"][1:]
    assert said_by(read(value).document) == EXPECTED


def test_what_spdx_2_2_demands_and_nobody_knew_is_said_to_be_unknown_instead_of_losing_the_package():
    reading = read(spdx2("2.2"))
    assert said_by(reading.document) == EXPECTED
    assert all(part.licences == () and part.copyright == "" for part in reading.document.parts)
    assert len(reading.repaired) == 6


def cyclonedx(**more):
    rows = [{"type": "library", "bom-ref": name, "name": name, "version": version} for name, version in EXPECTED[0]]
    value = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": rows}
    return value | {"dependencies": [{"ref": "a", "dependsOn": ["b"]}]} | more


@pytest.mark.parametrize(
    ("path", "new"),
    [
        (["serialNumber"], "urn:uuid:short"),
        (["metadata"], {"timestamp": "2026-01-01 10:00:00"}),
        (["metadata"], {"supplier": "Acme"}),
        (["version"], "1"),
        (["components", 0, "type"], "Library"),
        (["components", 0, "type"], "operating_system"),
        (["components", 0, "type"], "package"),
        (["components", 0, "type"], None),
        (["components", 0, "version"], 1),
        (["components", 0, "supplier"], "Acme"),
        (["components", 0, "licenses"], {"license": {"id": "MIT"}}),
        (["components", 0, "hashes"], [{"alg": "SHA-256", "content": "short"}]),
        (["dependencies", 0, "dependsOn"], "b"),
    ],
)
def test_a_document_of_cyclonedx_with_an_error_of_a_real_tool_loses_no_component(path, new):
    value = changed(cyclonedx(), path, new)
    with pytest.raises(Malformed) as refused:
        read(value, lenient=False)
    assert "\n" not in str(refused.value)
    reading = read(value)
    assert said_by(reading.document) == EXPECTED and reading.repaired


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"license": {"id": "LicenseRef-Acme"}}, ["LicenseRef-Acme"]),
        ({"license": {"id": "Apache 2"}}, ["Apache 2"]),
        ({"license": {"id": "MIT", "name": "The MIT licence"}}, ["MIT"]),
        ({"license": "MIT"}, ["MIT"]),
        ("Our own", ["Our own"]),
    ],
)
def test_a_licence_whose_identifier_is_none_is_a_name(stated, expected):
    value = cyclonedx()
    value["components"][0]["licenses"] = [stated]
    assert [one.value for one in read(value).document.parts[0].licences] == expected


def test_a_component_without_a_name_is_called_what_its_purl_says():
    value = cyclonedx()
    del value["components"][0]["name"]
    value["components"][0]["purl"] = "pkg:npm/a@1"
    assert said_by(read(value).document) == EXPECTED


def test_members_that_are_null_say_nothing_and_lose_nothing():
    value = cyclonedx(serialNumber=None)
    value["components"][0] |= {"licenses": None, "group": None, "hashes": [None]}
    assert said_by(read(value).document) == EXPECTED


def spdx3():
    info = {
        "type": "CreationInfo",
        "@id": "_:c",
        "specVersion": "3.0.1",
        "created": "2026-01-01T00:00:00Z",
        "createdBy": ["u:me"],
    }
    element = {"creationInfo": "_:c"}
    graph = [
        info,
        {"type": "Person", "spdxId": "u:me", "name": "me", **element},
        {"type": "SpdxDocument", "spdxId": "https://example.org/d", "rootElement": ["u:a"], **element},
        {"type": "software_Package", "spdxId": "u:a", "name": "a", "software_packageVersion": "1", **element},
        {"type": "software_Package", "spdxId": "u:b", "name": "b", "software_packageVersion": "2", **element},
        {"type": "Relationship", "spdxId": "u:r", "from": "u:a", "to": ["u:b"], "relationshipType": "dependsOn", **element},
    ]
    return {"@context": CONTEXT, "@graph": graph}


def replaced(value, old, new):
    return json.loads(json.dumps(value).replace(json.dumps(old), json.dumps(new)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (CONTEXT, [CONTEXT]),
        (CONTEXT, "https://spdx.github.io/spdx-3-model/context.json"),
        ("u:b", "SPDXRef-Package-b"),
        ("u:me", "_:author"),
        ("_:c", "creation info"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.123+02:00"),
        ("2026-01-01T00:00:00Z", "yesterday"),
        ("3.0.1", "3.0"),
        (["u:b"], "u:b"),
        ("u:a", ["u:a"]),
        ("dependsOn", "https://spdx.org/rdf/3.0.1/terms/Core/RelationshipType/dependsOn"),
        ("dependsOn", "DEPENDS_ON"),
        ("software_Package", "Package"),
        ("software_Package", "https://spdx.org/rdf/3.0.1/terms/Software/Package"),
        ("software_packageVersion", "packageVersion"),
        ("type", "@type"),
        ("creationInfo", "creationinfo"),
    ],
)
def test_a_document_of_spdx_3_with_an_error_of_a_real_tool_loses_no_element(old, new):
    text = json.dumps(new)
    value = replaced(spdx3(), old, new) if not (old == "u:a" and isinstance(new, list)) else spdx3()
    if old == "u:a":
        value["@graph"][5]["from"] = json.loads(text)
    with pytest.raises(Malformed) as refused:
        read(value, lenient=False)
    assert "\n" not in str(refused.value)
    reading = read(value)
    assert said_by(reading.document) == EXPECTED and reading.repaired
    assert [one.name for one in reading.document.authors] == ["me"]


@pytest.mark.parametrize("missing", ["creationInfo", "created", "createdBy", "spdxId", "specVersion"])
def test_what_every_element_of_spdx_3_must_have_and_lacks_is_put_there(missing):
    value = spdx3()
    for one in value["@graph"]:
        if missing != "spdxId" or one["type"] == "Relationship":
            one.pop(missing, None)
    reading = read(value)
    assert said_by(reading.document) == EXPECTED and reading.repaired


def test_a_document_of_spdx_3_without_any_creation_info_is_read():
    value = spdx3()
    value["@graph"] = [{key: one[key] for key in one if key != "creationInfo"} for one in value["@graph"][1:]]
    assert said_by(read(value).document) == EXPECTED
