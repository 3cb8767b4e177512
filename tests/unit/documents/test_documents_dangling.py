"""References to what is not in the document are taken out and told: in every format written, and leniently read."""

import json

import pytest
from official_schemas import WRITTEN, problems_by_schema

from pratique.documents.document import (
    CONTAINS,
    DEPENDS_ON,
    PROVIDES,
    Annotation,
    Completeness,
    Document,
    Family,
    Part,
    Relation,
)
from pratique.documents.names import parse_target
from pratique.documents.read import read_document
from pratique.documents.write import render_document

NOWHERE = "nowhere-to-be-found"
FORMATS = [*dict.fromkeys((*WRITTEN, "spdx-tag-value", "json", "syft-json", "github-json"))]


def part(ref):
    return Part(ref=ref, name=ref, version="1", kind="library", purl=f"pkg:npm/{ref}@1")


def document(family=Family.CYCLONEDX, **members):
    members = {
        "relations": (
            Relation(source="a", kind=DEPENDS_ON, targets=("b", NOWHERE)),
            Relation(source="b", kind=DEPENDS_ON, targets=(NOWHERE,)),
            Relation(source=NOWHERE, kind=DEPENDS_ON, targets=("a",)),
            Relation(source="a", kind=PROVIDES, targets=(NOWHERE,)),
            Relation(source="a", kind="generates", targets=(NOWHERE,)),
            Relation(source="a", kind=CONTAINS, targets=(NOWHERE,), comment="remarked"),
        ),
        "completeness": (Completeness(aggregate="complete", assemblies=(NOWHERE,)),),
        "annotations": (
            Annotation(subjects=(NOWHERE,), text="x", by="y", by_kind="person", timestamp="2026-01-01T00:00:00Z"),
            Annotation(subjects=("a", NOWHERE), text="kept", by="y", by_kind="person", timestamp="2026-01-01T00:00:00Z"),
        ),
    } | members
    return Document(family=family, subject=part("s"), parts=(part("a"), part("b")), timestamp="2026-01-01T00:00:00Z", **members)


def render(value, name):
    return render_document(value, parse_target(name), environ={})


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_names_what_is_not_in_the_document_and_each_tells(name):
    rendered = render(document(), name)
    assert NOWHERE.encode() not in rendered.data
    assert sum(NOWHERE in str(one) for one in rendered.left_out) >= 7
    if name in WRITTEN:
        assert problems_by_schema(rendered.data, name) == []


@pytest.mark.parametrize("name", ["cyclonedx-json", "spdx-json", "spdx-json@3.0.1", "json"])
@pytest.mark.parametrize("family", list(Family))
def test_a_document_of_any_family_is_written_without_them(family, name):
    assert NOWHERE.encode() not in render(document(family), name).data


def test_what_is_there_stays_and_what_needs_only_unknown_things_is_not_said_to_need_nothing():
    value = json.loads(render(document(), "cyclonedx-json").data)
    assert value["dependencies"] == [{"ref": "a", "dependsOn": ["b"]}]
    assert [one["subjects"] for one in value["annotations"]] == [["a"]]
    assert "compositions" not in value


def test_a_document_without_any_is_written_as_it_is():
    whole = document(relations=(Relation(source="a", kind=DEPENDS_ON, targets=()),), completeness=(), annotations=())
    rendered = render(whole, "cyclonedx-json")
    assert rendered.left_out == ()
    assert json.loads(rendered.data)["dependencies"] == [{"ref": "a", "dependsOn": []}]


CYCLONEDX = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.6",
    "components": [{"type": "library", "bom-ref": "a", "name": "a"}],
    "services": [{"bom-ref": "service", "name": "s"}],
    "dependencies": [{"ref": "a", "dependsOn": ["service", NOWHERE]}, {"ref": "service"}],
    "compositions": [{"aggregate": "complete", "assemblies": ["urn:cdx:f08a6ccd-4dce-4759-bd84-c626675d60a7/1#x", "a"]}],
    "vulnerabilities": [{"id": "CVE-1", "affects": [{"ref": "a"}, {"ref": NOWHERE}]}],
}


def test_services_and_links_to_other_documents_are_no_dangling_references_of_cyclonedx():
    rendered = render(read_document(json.dumps(CYCLONEDX).encode()).document, "cyclonedx-json")
    value = json.loads(rendered.data)
    assert value["dependencies"] == [{"ref": "a", "dependsOn": ["service"]}, {"ref": "service"}]
    assert value["compositions"] == CYCLONEDX["compositions"]
    assert value["vulnerabilities"] == [{"id": "CVE-1", "affects": [{"ref": "a"}]}]
    assert [str(one) for one in rendered.left_out if NOWHERE in str(one)] != []


def test_a_service_that_another_format_has_no_place_for_is_dangling_there():
    rendered = render(read_document(json.dumps(CYCLONEDX).encode()).document, "spdx-json")
    assert b'"service"' not in rendered.data
    assert any("'service'" in str(one) for one in rendered.left_out)


def test_an_element_of_another_document_stays_in_spdx_2_and_is_no_dependency_of_cyclonedx():
    there = "DocumentRef-x:SPDXRef-y"
    relations = (
        Relation(source="a", kind=DEPENDS_ON, targets=(there,)),
        Relation(source="a", kind="generates", targets=(there,)),
    )
    value = document(Family.SPDX2, relations=relations, completeness=(), annotations=())
    rows = json.loads(render(value, "spdx-json").data)["relationships"]
    assert [row["relationshipType"] for row in rows if row["relatedSpdxElement"] == there] == ["DEPENDS_ON", "GENERATES"]
    written = json.loads(render(value, "cyclonedx-json").data)
    assert "dependencies" not in written or all(there not in row.get("dependsOn", ()) for row in written["dependencies"])


SPDX = {
    "spdxVersion": "SPDX-2.3",
    "dataLicense": "CC0-1.0",
    "SPDXID": "SPDXRef-DOCUMENT",
    "name": "x",
    "documentNamespace": "https://x.org/y",
    "creationInfo": {"created": "2026-01-01T00:00:00Z", "creators": ["Tool: x"]},
    "packages": [{"name": "a", "SPDXID": "SPDXRef-a", "downloadLocation": "NOASSERTION", "filesAnalyzed": False}],
    "relationships": [
        {"spdxElementId": "SPDXRef-a", "relationshipType": "DEPENDS_ON", "relatedSpdxElement": f"SPDXRef-{NOWHERE}"},
        {"spdxElementId": "SPDXRef-a", "relationshipType": "CONTAINS", "relatedSpdxElement": "NONE"},
    ],
}
GITHUB = {
    "version": 0,
    "detector": {"name": "x", "version": "1", "url": "https://x.org"},
    "manifests": {"m": {"name": "m", "resolved": {"a": {"package_url": "pkg:npm/a@1", "dependencies": [NOWHERE]}}}},
}
TRIVY = {"SchemaVersion": 2, "ArtifactName": "x", "Results": [{"Packages": [{"ID": "a", "Name": "a", "DependsOn": [NOWHERE]}]}]}
SYFT = {
    "artifacts": [{"id": "a", "name": "a"}],
    "artifactRelationships": [{"parent": NOWHERE, "child": "a", "type": "dependency-of"}],
    "descriptor": {"name": "syft"},
}


@pytest.mark.parametrize("value", [CYCLONEDX, SPDX, GITHUB, TRIVY, SYFT], ids=["cyclonedx", "spdx", "github", "trivy", "syft"])
def test_leniently_they_are_taken_out_on_reading_and_told(value):
    data = json.dumps(value).encode()
    reading = read_document(data, lenient=True)
    assert any(NOWHERE in str(one) for one in reading.repaired)
    assert not any(NOWHERE in ref for one in reading.document.relations for ref in (one.source, *one.targets))
    if value is SPDX:
        return  # read strictly, it is refused: the specification demands it
    strictly = read_document(data)
    assert strictly.repaired == ()
    assert any(NOWHERE in str(one) for one in render(strictly.document, "cyclonedx-json").left_out)


def test_an_spdx_3_document_is_held_to_its_own_elements_and_imports():
    value = json.loads(
        render(document(relations=(Relation(source="a", kind=DEPENDS_ON, targets=("b",)),)), "spdx-json@3.0.1").data
    )
    row = next(one for one in value["@graph"] if one.get("relationshipType") == "dependsOn")
    row["to"] = [*row["to"], "https://elsewhere.org/imported", f"https://elsewhere.org/{NOWHERE}"]
    root = next(one for one in value["@graph"] if one["type"] == "SpdxDocument")
    root["import"] = [{"type": "ExternalMap", "externalSpdxId": "https://elsewhere.org/imported"}]
    reading = read_document(json.dumps(value).encode(), lenient=True)
    assert any(NOWHERE in str(one) for one in reading.repaired)
    written = render(reading.document, "spdx-json@3.0.1").data
    assert NOWHERE.encode() not in written and b"https://elsewhere.org/imported" in written
