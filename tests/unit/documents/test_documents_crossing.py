"""What one world of formats says beside packages arrives in the other: vulnerabilities, VEX, scores, builds, models, datasets."""

import json
from dataclasses import replace

import pytest
from official_schemas import missing_in_spdx3, problems_by_schema
from spdx3_documents import CONTEXT, INFO, PLACE, whole

from pratique.documents.document import Document, Family, Part
from pratique.documents.merge.merge import Input, merge_documents
from pratique.documents.names import parse_target
from pratique.documents.read import read_document
from pratique.documents.write import render_document

CVSS = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"


def element(kind, own, /, **members):
    return {"type": kind, "spdxId": PLACE + own, "creationInfo": "_:c", **members}


def assessment(kind, name, relation, to="p", **members):
    row = element(f"security_{kind}VulnAssessmentRelationship", name, relationshipType=relation, to=[PLACE + to])
    return row | {"from": f"{PLACE}cve"} | {f"security_{key}": one for key, one in members.items()}


def document(*elements):
    graph = [
        {**INFO, "createdBy": [f"{PLACE}me"]},
        element("Person", "me", name="me"),
        element("Organization", "nvd", name="NVD"),
        element("SpdxDocument", "d", rootElement=[f"{PLACE}app"], dataLicense="https://spdx.org/licenses/CC0-1.0"),
        element("software_Package", "app", name="app"),
        element("software_Package", "p", name="p", software_packageVersion="1"),
        element("software_Package", "q", name="q", software_packageVersion="2"),
        element(
            "security_Vulnerability",
            "cve",
            name="CVE-2026-1",
            summary="short",
            description="long",
            security_publishedTime="2026-01-02T00:00:00Z",
            externalIdentifier=[
                {
                    "type": "ExternalIdentifier",
                    "externalIdentifierType": "cve",
                    "identifier": "CVE-2026-1",
                    "identifierLocator": ["https://example.org/CVE-2026-1"],
                    "issuingAuthority": "NVD",
                },
                {"type": "ExternalIdentifier", "externalIdentifierType": "securityOther", "identifier": "GHSA-1"},
            ],
            externalRef=[{"type": "ExternalRef", "externalRefType": "securityAdvisory", "locator": ["https://example.org/a"]}],
        ),
        *elements,
    ]
    return read({"@context": CONTEXT, "@graph": graph})


def read(value):
    return read_document(json.dumps(value).encode()).document


def rendered(found, name):
    return render_document(found, parse_target(name), environ={})


def as_cyclonedx(found, version="1.6"):
    out = rendered(found, f"cyclonedx-json@{version}")
    assert problems_by_schema(out.data, f"cyclonedx-json@{version}") == []
    return json.loads(out.data), [str(one) for one in out.left_out]


def test_a_vulnerability_with_its_scores_and_catalogues_arrives_in_cyclonedx():
    value, left_out = as_cyclonedx(
        document(
            element("Relationship", "has", relationshipType="hasAssociatedVulnerability", to=[f"{PLACE}cve"])
            | {"from": f"{PLACE}p"},
            assessment("CvssV3", "a1", "hasAssessmentFor", score="9.8", severity="critical", vectorString=CVSS)
            | {"suppliedBy": f"{PLACE}nvd"},
            assessment("CvssV2", "a2", "hasAssessmentFor", score=7.5, vectorString="AV:N/AC:L/Au:N/C:P/I:P/A:P"),
            assessment("CvssV4", "a3", "hasAssessmentFor", score=9.3, severity="critical", vectorString="CVSS:4.0/AV:N"),
            assessment("Epss", "a4", "hasAssessmentFor", probability="0.97", percentile=0.99),
            assessment(
                "ExploitCatalog", "a5", "hasAssessmentFor", catalogType="kev", exploited=True, locator="https://example.org/kev"
            ),
            assessment("Ssvc", "a6", "hasAssessmentFor", decisionType="act"),
        )
    )
    (row,) = value["vulnerabilities"]
    assert (row["id"], row["description"], row["detail"]) == ("CVE-2026-1", "short", "long")
    assert row["source"] == {"name": "NVD", "url": "https://example.org/CVE-2026-1"}
    assert row["references"] == [{"id": "GHSA-1", "source": {}}]
    assert row["advisories"] == [{"url": "https://example.org/a"}]
    assert row["published"] == "2026-01-02T00:00:00Z"
    assert row["ratings"] == [
        {"source": {"name": "NVD"}, "score": 9.8, "severity": "critical", "method": "CVSSv31", "vector": CVSS},
        {"score": 7.5, "method": "CVSSv2", "vector": "AV:N/AC:L/Au:N/C:P/I:P/A:P"},
        {"score": 9.3, "severity": "critical", "method": "CVSSv4", "vector": "CVSS:4.0/AV:N"},
        {"source": {"name": "EPSS"}, "score": 0.97, "method": "other", "justification": "percentile 0.99"},
        {"method": "SSVC", "vector": "act"},
    ]
    assert row["affects"] == [{"ref": f"{PLACE}p"}]
    assert row["properties"] == [{"name": "pratique:exploit-catalog", "value": "kev https://example.org/kev"}]
    assert value["metadata"]["licenses"] == [{"license": {"id": "CC0-1.0"}}]
    assert left_out == []


@pytest.mark.parametrize(
    ("kind", "relation", "members", "expected"),
    [
        (
            "VexAffected",
            "affects",
            {"actionStatement": "update", "statusNotes": "seen"},
            {"analysis": {"state": "exploitable", "detail": "seen"}, "recommendation": "update"},
        ),
        ("VexFixed", "fixedIn", {"publishedTime": "2026-01-03T00:00:00Z"}, None),
        (
            "VexNotAffected",
            "doesNotAffect",
            {"justificationType": "vulnerableCodeNotInExecutePath", "impactStatement": "never called"},
            {
                "analysis": {"state": "not_affected", "justification": "code_not_reachable", "detail": "never called"},
                "properties": [{"name": "pratique:vex:justification", "value": "vulnerableCodeNotInExecutePath"}],
            },
        ),
        ("VexUnderInvestigation", "underInvestigationFor", {}, {"analysis": {"state": "in_triage"}}),
    ],
)
def test_each_vex_state_of_spdx_3_arrives_in_cyclonedx(kind, relation, members, expected):
    value, left_out = as_cyclonedx(document(assessment(kind, "v", relation, **members)))
    (row,) = value["vulnerabilities"]
    expected = expected or {"analysis": {"state": "resolved", "firstIssued": "2026-01-03T00:00:00Z"}}
    assert {name: row[name] for name in expected} == expected
    assert row["affects"] == [{"ref": f"{PLACE}p"}] and left_out == []


def test_a_vulnerability_that_is_fixed_in_one_package_and_open_in_another_becomes_two_rows():
    value, _ = as_cyclonedx(
        document(
            assessment("VexFixed", "v1", "fixedIn"),
            assessment("VexUnderInvestigation", "v2", "underInvestigationFor", to="q"),
            assessment("CvssV3", "a", "hasAssessmentFor", score=1, severity="low", vectorString="CVSS:3.0/AV:L"),
        )
    )
    found = [(row["analysis"]["state"], row["affects"], len(row["ratings"])) for row in value["vulnerabilities"]]
    assert found == [("resolved", [{"ref": f"{PLACE}p"}], 1), ("in_triage", [{"ref": f"{PLACE}q"}], 1)]
    assert len({row["bom-ref"] for row in value["vulnerabilities"]}) == 2


ROWS = [
    {
        "bom-ref": "v1",
        "id": "CVE-2026-2",
        "source": {"name": "NVD", "url": "https://example.org/"},
        "ratings": [
            {"source": {"name": "NVD"}, "score": 0, "severity": "none", "method": "CVSSv31", "vector": CVSS},
            {"source": {"name": "EPSS"}, "score": 0.1, "method": "other", "justification": "percentile 0.5"},
            {"severity": "low"},
        ],
        "cwes": [79],
        "description": "words",
        "recommendation": "update",
        "analysis": {"state": "exploitable", "response": ["update"], "detail": "why"},
        "affects": [{"ref": "p", "versions": [{"version": "1", "status": "affected"}]}],
    },
    {"id": "GHSA-2", "analysis": {"state": "not_affected", "justification": "code_not_present"}, "affects": [{"ref": "p"}]},
    {"id": "X-3", "analysis": {"state": "resolved_with_pedigree"}, "affects": [{"ref": "p"}]},
    {"id": "X-4", "affects": [{"ref": "p"}]},
    {"id": "X-5"},
    {},
]


def cyclonedx(rows):
    component = {"type": "library", "bom-ref": "p", "name": "p", "version": "1"}
    return read(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "version": 1,
            "components": [component],
            "vulnerabilities": rows,
            "metadata": {"timestamp": "2026-01-01T00:00:00Z"},
        }
    )


def test_vulnerabilities_of_cyclonedx_become_elements_of_spdx_3_and_come_back_word_for_word():
    out = rendered(cyclonedx(ROWS), "spdx-json@3.0.1")
    assert problems_by_schema(out.data, "spdx-json@3.0.1") == [] == list(out.left_out)
    assert missing_in_spdx3(out.data) == set()
    graph = json.loads(out.data)["@graph"]
    kinds = [one["type"].removeprefix("security_").removesuffix("VulnAssessmentRelationship") for one in graph]
    for kind in ("CvssV3", "Epss", "VexAffected", "VexNotAffected", "VexFixed"):
        assert kinds.count(kind) == 1
    assert kinds.count("Vulnerability") == len(ROWS)
    assert [one["relationshipType"] for one in graph if one["type"] == "Relationship"] == ["hasAssociatedVulnerability"]
    assert next(one for one in graph if one["type"] == "SpdxDocument")["profileConformance"][-1] == "security"
    again = json.loads(rendered(read_document(out.data).document, "cyclonedx-json").data)
    assert again["vulnerabilities"] == ROWS


@pytest.mark.parametrize("form", ["spdx-json@2.3", "spdx-tag-value"])
def test_spdx_2_has_the_addresses_of_what_affects_a_package_and_tells_that_it_has_no_more(form):
    rows = [
        {"id": "CVE-2026-0002", "analysis": {"state": "exploitable"}, "affects": [{"ref": "p"}]},
        {"id": "CVE-2026-3", "analysis": {"state": "not_affected"}, "affects": [{"ref": "p"}]},
        {
            "id": "CVE-2026-4",
            "analysis": {"state": "resolved"},
            "affects": [{"ref": "p"}],
            "advisories": [{"url": "https://a/4"}],
        },
    ]
    out = rendered(cyclonedx(rows), form)
    text = out.data.decode()
    assert "https://nvd.nist.gov/vuln/detail/CVE-2026-0002" in text and "https://a/4" in text
    assert "CVE-2026-3" not in text
    assert any("vulnerabilities" in str(one) for one in out.left_out)
    again = read_document(out.data).document
    parts = [*([again.subject] if again.subject else []), *again.walk()]
    found = [one.kind for part in parts for one in part.references]
    assert found == ["security/advisory", "security/fix"]


def test_a_vulnerability_of_spdx_3_reaches_spdx_2_by_its_address_too():
    out = rendered(document(assessment("VexAffected", "v", "affects", actionStatement="update")), "spdx-json@2.3")
    (package,) = [one for one in json.loads(out.data)["packages"] if one["name"] == "p"]
    assert [one["referenceLocator"] for one in package["externalRefs"]] == ["https://example.org/CVE-2026-1"]
    assert problems_by_schema(out.data, "spdx-json@2.3") == []


def test_a_build_becomes_a_workflow_with_inputs_outputs_parameters_and_times():
    build = element(
        "build_Build",
        "b",
        build_buildType="https://example.org/make",
        build_buildId="42",
        build_buildStartTime="2026-01-01T00:00:00Z",
        build_buildEndTime="2026-01-01T00:01:00Z",
        build_configSourceUri=["git+https://example.org/r"],
        build_configSourceDigest=[{"type": "Hash", "algorithm": "sha1", "hashValue": "ab" * 20}],
        build_configSourceEntrypoint=["Makefile"],
        build_parameter=[{"type": "DictionaryEntry", "key": "CFLAGS", "value": "-O2"}],
        build_environment=[{"type": "DictionaryEntry", "key": "LANG", "value": "C"}],
    )
    value, left_out = as_cyclonedx(
        document(
            build,
            element("Relationship", "r1", relationshipType="hasInput", to=[f"{PLACE}q"]) | {"from": f"{PLACE}b"},
            element("Relationship", "r2", relationshipType="hasOutput", to=[f"{PLACE}p"]) | {"from": f"{PLACE}b"},
        )
    )
    (workflow,) = value["formulation"][0]["workflows"]
    assert (workflow["uid"], workflow["taskTypes"], workflow["timeEnd"]) == ("42", ["build"], "2026-01-01T00:01:00Z")
    source = {
        "type": "build-meta",
        "url": "git+https://example.org/r",
        "hashes": [{"alg": "SHA-1", "content": "ab" * 20}],
    }
    assert workflow["inputs"] == [
        {"resource": {"externalReference": source}},
        {"parameters": [{"name": "CFLAGS", "value": "-O2"}]},
        {"environmentVars": [{"name": "LANG", "value": "C"}]},
        {"resource": {"ref": f"{PLACE}q"}},
    ]
    assert workflow["outputs"] == [{"type": "artifact", "resource": {"ref": f"{PLACE}p"}}]
    names = {one["name"]: one["value"] for one in workflow["properties"]}
    assert names == {"pratique:build-type": "https://example.org/make", "pratique:build-config-source-entrypoint": "Makefile"}
    assert left_out == []


def test_a_model_gets_its_card_and_a_dataset_its_data():
    value, left_out = as_cyclonedx(read(whole()))
    card = next(one["modelCard"] for one in value["components"] if "modelCard" in one)
    assert card["considerations"]["technicalLimitations"] == ["https://example.org/"]
    assert card["quantitativeAnalysis"]["performanceMetrics"][0]["type"] == "https://example.org/"
    assert any(one["name"] == "pratique:ai:hyperparameter:https://example.org/" for one in card["properties"])
    data = next(one["data"][0] for one in value["components"] if "data" in one)
    assert (data["type"], data["classification"]) == ("dataset", "amber")
    assert not [one for one in left_out if "/ai_" in one or "/dataset_" in one or "security_" in one or "build_" in one]


@pytest.mark.parametrize("version", ["1.4", "1.5", "1.6", "1.7"])
def test_a_document_of_everything_in_spdx_3_is_valid_in_every_version_of_cyclonedx(version):
    as_cyclonedx(read(whole()), version)


def test_a_document_that_is_imported_is_a_reference_to_a_bill_of_materials():
    found = document()
    graph = json.loads(rendered(found, "spdx-json@3.0.1").data)["@graph"]
    root = next(one for one in graph if one["type"] == "SpdxDocument")
    imported = {"type": "ExternalMap", "externalSpdxId": "https://example.org/e#x", "locationHint": "https://example.org/e.json"}
    digest = {"type": "Hash", "algorithm": "sha256", "hashValue": "ab" * 32}
    root["import"] = [imported | {"verifiedUsing": [digest]}, imported | {"externalSpdxId": "https://example.org/e#y"}]
    value, left_out = as_cyclonedx(read({"@context": CONTEXT, "@graph": graph}))
    (reference,) = value["externalReferences"]
    assert (reference["type"], reference["url"]) == ("bom", "https://example.org/e.json")
    assert reference["hashes"] == [{"alg": "SHA-256", "content": "ab" * 32}] and left_out == []


def test_a_merger_into_cyclonedx_keeps_the_vulnerabilities_builds_and_models_of_spdx_3():
    first = document(assessment("VexFixed", "v", "fixedIn"))
    second = cyclonedx([{"id": "X-1", "affects": [{"ref": "p"}]}])
    inputs = [Input(document=one, label=str(index), sha256=str(index)) for index, one in enumerate((first, second))]
    result = merge_documents(inputs, family=Family.CYCLONEDX, name="product")
    value = json.loads(rendered(result.document, "cyclonedx-json").data)
    found = {row["id"]: [one["ref"] for one in row["affects"]] for row in value["vulnerabilities"]}
    refs = {one["bom-ref"] for one in value["components"]}
    assert found.keys() == {"CVE-2026-1", "X-1"} and all(set(one) <= refs for one in found.values())


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("securityOther", ("SECURITY", "url")),
        ("securityFix", ("SECURITY", "fix")),
        ("mavenCentral", ("PACKAGE-MANAGER", "maven-central")),
        ("npm", ("PACKAGE-MANAGER", "npm")),
        ("eolNotice", ("OTHER", "eolNotice")),
        ("altWebPage", ("OTHER", "altWebPage")),
    ],
)
def test_a_type_of_reference_that_only_spdx_3_has_gets_a_category_of_spdx_2(kind, expected):
    graph = json.loads(rendered(document(), "spdx-json@3.0.1").data)["@graph"]
    package = next(one for one in graph if one.get("name") == "q")
    package["externalRef"] = [{"type": "ExternalRef", "externalRefType": kind, "locator": ["https://example.org/x"]}]
    out = rendered(read({"@context": CONTEXT, "@graph": graph}), "spdx-json@2.3")
    assert problems_by_schema(out.data, "spdx-json@2.3") == []
    (row,) = next(one["externalRefs"] for one in json.loads(out.data)["packages"] if one["name"] == "q")
    assert (row["referenceCategory"], row["referenceType"]) == expected


def test_a_licence_of_ones_own_that_says_more_than_its_text_stays_of_its_class():
    licence = element(
        "expandedlicensing_CustomLicense",
        "own",
        name="Our own",
        simplelicensing_licenseText="words",
        expandedlicensing_isFsfLibre=False,
    )
    declared = element("Relationship", "r", relationshipType="hasDeclaredLicense", to=[f"{PLACE}own"]) | {"from": f"{PLACE}p"}
    out = rendered(document(licence, declared), "spdx-json@3.0.1")
    assert problems_by_schema(out.data, "spdx-json@3.0.1") == []
    assert b"isFsfLibre" in out.data


def test_two_datasets_of_one_component_are_one_in_the_xml_of_cyclonedx_1_5_and_that_is_told():
    component = {"type": "data", "name": "d", "data": [{"type": "dataset", "name": "a"}, {"type": "dataset", "name": "b"}]}
    found = read({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": [component]})
    out = rendered(found, "cyclonedx-xml@1.5")
    assert problems_by_schema(out.data, "cyclonedx-xml@1.5") == []
    assert any("of which XML of 1.5 has one" in str(one) for one in out.left_out)
    assert list(rendered(found, "cyclonedx-xml@1.6").left_out) == []


@pytest.mark.parametrize(
    "graph", [None, 7, "x", {}, [None], ["x"], [{}], [{"type": 1}], [{"type": "security_Vulnerability"}], [[]]]
)
@pytest.mark.parametrize(
    "form", ["cyclonedx-json", "cyclonedx-xml", "spdx-json@2.3", "spdx-tag-value", "spdx-json@3.0.1", "json"]
)
def test_what_a_stranger_calls_elements_of_spdx_3_in_our_own_json_ends_no_format(graph, form):
    extra = {"/@graph": graph, "/SpdxDocument/import": graph, "/SpdxDocument/dataLicense": graph}
    part = Part(ref="p", name="p", extra={"/type": "ai_AIPackage", "/ai_metric": graph, "/ai_domain": graph})
    affects = ({"id": 1, "affects": graph, "ratings": graph, "references": graph, "analysis": graph}, graph)
    found = Document(family=Family.SPDX3, parts=(part,), extra=extra, vulnerabilities=affects)
    assert rendered(found, form).data
    assert rendered(replace(found, family=Family.CYCLONEDX, extra={}), form).data
