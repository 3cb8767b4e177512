"""SPDX 3.0.1 is read as the official schema says: what it refuses is refused in one line, what it allows is read."""

import gzip
import importlib.util
import json
from pathlib import Path

import pytest
from official_schemas import SCHEMAS, element_problems, missing_in_spdx3, spdx3_problems
from spdx3_documents import CONTEXT, INFO, PLACE, changes, classes, is_element, members_of, own_members_of, small, thing, whole

from pratique.documents.document import Family
from pratique.documents.names import parse_target
from pratique.documents.read import read_document
from pratique.documents.spdx3.shape import model, spdx3_check
from pratique.documents.write import render_document
from pratique.errors import Malformed

ROOT = Path(__file__).parents[3]


def read(value, *, lenient=False):
    return read_document(json.dumps(value).encode(), lenient=lenient)


def written(document, name):
    return json.loads(render_document(document, parse_target(name), environ={}).data)


def differing(name, value, member, told):
    """Changes on which the official schema and we do not agree."""
    return [
        f"{name}.{member} {what}: {told}"
        for what, changed in changes(value, member).items()
        if bool(element_problems(json.dumps(changed, sort_keys=True))) != bool(model().check(changed))
    ]


@pytest.mark.parametrize("name", [*classes()])
def test_a_member_that_is_dropped_doubled_or_of_another_type_is_refused_where_the_official_schema_refuses_it(name):
    found = []
    for member in own_members_of(name):
        value = small(name, member)
        assert element_problems(json.dumps(value, sort_keys=True)) == [] == model().check(value)
        found += differing(name, value, member, "own")
    assert found == []


@pytest.mark.parametrize("name", ["software_Package", "security_CvssV3VulnAssessmentRelationship", "CreationInfo", "Hash"])
def test_what_a_class_inherits_its_type_and_its_identifier_are_held_to_the_schema_too(name):
    found = []
    for member in [*members_of(name), "type", "spdxId" if is_element(name) else "@id"]:
        value = small(name, member)
        value.setdefault(member, "_:x")
        found += differing(name, value, member, "inherited")
    assert found == []


@pytest.mark.parametrize("name", [name for name in classes() if is_element(name)])
def test_a_member_of_no_class_or_of_another_is_refused_with_its_place(name):
    for member in ("nonsense", "@id", "software_packageVersions", "relationshiptype"):
        value = whole()
        index = next(index for index, one in enumerate(value["@graph"]) if one["type"] == name)
        value["@graph"][index][member] = "x"
        with pytest.raises(Malformed, match=f"/@graph/{index}/{member} is not known here"):
            read(value)


def test_a_document_of_everything_that_spdx_3_has_is_read_and_comes_back_whole():
    value = whole()
    assert spdx3_problems(value) == []
    document = read(value).document
    again = written(document, "spdx-json@3.0.1")
    assert spdx3_problems(again) == []
    assert again["@graph"] and read(again).document == document
    kept = {one["spdxId"]: one for one in again["@graph"] if "spdxId" in one}
    for one in value["@graph"]:
        if one["type"].startswith(("security_", "build_", "ai_", "dataset_", "software_P", "software_F", "software_Sn")):
            # Agents and creation info are named anew; nothing else changes.
            changed = {key for key, said in one.items() if kept[one["spdxId"]].get(key) != said}
            assert changed <= {"creationInfo", "originatedBy", "suppliedBy"}
    assert missing_in_spdx3(json.dumps(again).encode()) == set()


def test_the_table_of_classes_is_what_the_tool_makes_of_the_official_schema(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("make_spdx3_shapes", ROOT / "tools" / "make_spdx3_shapes.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    stated = json.loads(tool.OUT.read_bytes())
    monkeypatch.setattr(tool, "OUT", tmp_path / "table.json")
    tool.main(SCHEMAS / "spdx-3.0.1.schema.json.gz")
    assert json.loads((tmp_path / "table.json").read_bytes()) == stated
    (tmp_path / "schema").write_bytes(gzip.decompress((SCHEMAS / "spdx-3.0.1.schema.json.gz").read_bytes()))
    tool.main(tmp_path / "schema")
    assert json.loads((tmp_path / "table.json").read_bytes()) == stated


@pytest.mark.parametrize(
    ("kind", "member", "meant"),
    [
        ("software_Snippet", "software_snippetFromFile", "software_Package"),
        ("SpdxDocument", "dataLicense", "Person"),
        ("security_VexFixedVulnAssessmentRelationship", "security_assessedElement", "Tool"),
        ("expandedlicensing_WithAdditionOperator", "expandedlicensing_subjectAddition", "expandedlicensing_CustomLicense"),
        ("expandedlicensing_ConjunctiveLicenseSet", "expandedlicensing_member", "software_File"),
        ("software_Package", "suppliedBy", "Tool"),
        ("CreationInfo", "createdUsing", "Person"),
        ("Relationship", "to", "CreationInfo"),
    ],
)
def test_a_reference_to_something_of_a_class_that_cannot_be_meant_is_refused_in_every_class(kind, member, meant):
    value = whole()
    index, one = next((index, one) for index, one in enumerate(value["@graph"]) if one["type"] == kind)
    ref = "_:c" if meant == "CreationInfo" else PLACE + meant
    one[member] = [ref, ref] if isinstance(one.get(member), list) or member == "createdUsing" else ref
    with pytest.raises(Malformed, match=f"/@graph/{index}/{member}(/0)? refers to a {meant} of the document"):
        read(value)


# --- layouts -----------------------------------------------------------------------------------------------------------------


def tree():
    """A document laid out as a tree: whatever is referred to stands in place the first time."""
    person = {"type": "Person", "spdxId": f"{PLACE}me", "name": "me", "creationInfo": "_:c"}
    info = {**INFO, "createdBy": [person]}
    package = {
        "type": "software_Package",
        "spdxId": f"{PLACE}p",
        "name": "p",
        "creationInfo": "_:c",
        "software_packageVersion": "1",
        "suppliedBy": {"type": "Organization", "spdxId": f"{PLACE}acme", "name": "Acme", "creationInfo": "_:c"},
        "verifiedUsing": [{"@id": "_:h", "type": "Hash", "algorithm": "sha256", "hashValue": "ab" * 32}],
    }
    licence = {
        "type": "simplelicensing_LicenseExpression",
        "spdxId": f"{PLACE}mit",
        "creationInfo": "_:c",
        "simplelicensing_licenseExpression": "MIT",
    }
    needs = {
        "type": "Relationship",
        "spdxId": f"{PLACE}r",
        "creationInfo": "_:c",
        "relationshipType": "hasDeclaredLicense",
        "from": package,
        "to": [licence],
    }
    sbom = {
        "type": "software_Sbom",
        "spdxId": f"{PLACE}sbom",
        "creationInfo": "_:c",
        "rootElement": [f"{PLACE}p"],
        "element": [needs, package],
    }
    return {"type": "SpdxDocument", "spdxId": f"{PLACE}d", "creationInfo": info, "name": "d", "rootElement": [sbom]}


def said_of(document):
    subject = document.subject
    return (
        document.name,
        document.authors[0].name,
        (subject.name, subject.version, subject.supplier.name, subject.hashes[0].algorithm),
        [one.value for one in subject.licences],
    )


EXPECTED = ("d", "me", ("p", "1", "Acme", "sha256"), ["MIT"])


def test_a_document_laid_out_as_a_tree_is_read_as_the_flat_one():
    reading = read({"@context": CONTEXT, "@graph": [tree()]})
    assert said_of(reading.document) == EXPECTED
    assert "/@graph" not in reading.document.extra
    again = written(reading.document, "spdx-json@3.0.1")
    assert spdx3_problems(again) == [] and said_of(read(again).document) == EXPECTED


def test_a_document_that_is_one_element_without_a_graph_is_read():
    assert said_of(read({"@context": CONTEXT, **tree()}).document) == EXPECTED


def test_hashes_identifiers_and_properties_that_stand_apart_under_blank_nodes_are_read_in_place():
    value = {"@context": CONTEXT, "@graph": [tree()]}
    package = value["@graph"][0]["rootElement"][0]["element"][1]
    package |= {"verifiedUsing": ["_:h"], "externalIdentifier": ["_:i"], "extension": ["_:x"]}
    entry = {"@id": "_:y", "type": "extension_CdxPropertyEntry", "extension_cdxPropName": "n", "extension_cdxPropValue": "v"}
    value["@graph"] += [
        {"@id": "_:h", "type": "Hash", "algorithm": "sha256", "hashValue": "ab" * 32},
        {"@id": "_:i", "type": "ExternalIdentifier", "externalIdentifierType": "packageUrl", "identifier": "pkg:npm/p@1"},
        {"@id": "_:x", "type": "extension_CdxPropertiesExtension", "extension_cdxProperty": ["_:y"]},
        entry,
    ]
    document = read(value).document
    assert said_of(document) == EXPECTED
    assert (document.subject.purl, document.subject.property("n")) == ("pkg:npm/p@1", "v")
    assert "/@graph" not in document.extra


@pytest.mark.parametrize("member", ["verifiedUsing", "externalIdentifier", "externalRef", "extension"])
def test_a_blank_node_that_is_nowhere_is_kept_and_ends_nothing(member):
    value = {"@context": CONTEXT, "@graph": [tree()]}
    value["@graph"][0]["rootElement"][0]["element"][1][member] = ["_:nowhere"]
    document = read(value).document
    assert document.subject.name == "p"
    for name in ("spdx-json@3.0.1", "spdx-json@2.3", "cyclonedx-json"):
        assert written(document, name)


def test_one_element_in_two_places_that_says_two_things_is_refused():
    value = {"@context": CONTEXT, "@graph": [tree()]}
    sbom = value["@graph"][0]["rootElement"][0]
    sbom["element"][1] = {**sbom["element"][1], "name": "another"}
    with pytest.raises(Malformed, match="has an identifier that is taken"):
        read(value)


def test_elements_without_a_document_are_read_as_what_their_bill_of_materials_is_about():
    value = whole()
    value["@graph"] = [
        one
        for one in value["@graph"]
        if one["type"] in ("software_Package", "Person", "CreationInfo", "software_Sbom", "SoftwareAgent")
    ]
    document = read(value).document
    assert (document.family, document.subject.ref) == (Family.SPDX3, f"{PLACE}software_Package")
    again = written(document, "spdx-json@3.0.1")
    assert spdx3_problems(again) == [] and read(again).document.subject == document.subject


def test_two_documents_in_one_file_are_refused():
    value = whole()
    document = next(one for one in value["@graph"] if one["type"] == "SpdxDocument")
    value["@graph"].append(document | {"spdxId": f"{PLACE}another"})
    assert [reason for _, reason in spdx3_check(value)] == ["has 2 elements SpdxDocument, not one"]


def test_things_that_have_no_name_stand_by_themselves_and_are_kept():
    value = {"@context": CONTEXT, "@graph": [tree(), {"type": "Hash", "algorithm": "md5", "hashValue": "00"}]}
    document = read(value).document
    assert said_of(document) == EXPECTED
    assert document.extra["/@graph"] == [{"type": "Hash", "algorithm": "md5", "hashValue": "00"}]


def test_a_thing_of_every_class_may_be_described():
    for name in classes():
        if is_element(name):
            assert model().check(thing(name)) == []
