"""One large thing that thousands refer to ("billion laughs"): about ten times of what was read, or one clear line."""

import json

import pytest
from spdx3_documents import CONTEXT, INFO, PLACE

from pratique.documents import spread
from pratique.documents.merge.merge import Input, merge_documents
from pratique.documents.names import parse_target
from pratique.documents.read import read_document
from pratique.documents.write import render_document
from pratique.errors import LimitExceeded

MANY = 400
LARGE = 4_000
FORMATS = ("cyclonedx-json", "cyclonedx-xml", "spdx-json@2.3", "spdx-tag-value", "spdx-json@3.0.1", "syft-json", "json")
TEXT = "All of it may be done. " * LARGE
CREATED = "2026-01-01T00:00:00Z"


def spdx3(package, *things, to=()):
    """A document of SPDX 3 in which each of many packages refers to the same things."""
    common = {"creationInfo": "_:c"}
    graph = [INFO | {"createdBy": [f"{PLACE}me"]}, {"type": "Person", "spdxId": f"{PLACE}me", "name": "me", **common}]
    graph += [{"type": "SpdxDocument", "spdxId": "https://example.org/d", **common}, *things]
    for index in range(MANY):
        graph.append({"type": "software_Package", "spdxId": f"{PLACE}p{index}", "name": f"n{index}", **common, **package})
        for kind, target in to:
            ends = {"from": f"{PLACE}p{index}", "to": [target], "relationshipType": kind}
            graph.append({"type": "Relationship", "spdxId": f"{PLACE}r{index}{kind}", **ends, **common})
    return {"@context": CONTEXT, "@graph": graph}


def spdx2(package, **more):
    rows = [
        {"name": f"n{index}", "SPDXID": f"SPDXRef-{index}", "downloadLocation": "NOASSERTION", "filesAnalyzed": False} | package
        for index in range(MANY)
    ]
    head = {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "d"}
    made = {"documentNamespace": "https://example.org/d", "creationInfo": {"created": CREATED, "creators": ["Tool: t-1"]}}
    return head | made | {"packages": rows} | more


def cyclonedx(**more):
    rows = [{"type": "library", "bom-ref": f"c{index}", "name": f"n{index}", "version": "1"} for index in range(MANY)]
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": rows} | more


def properties_that_all_packages_refer_to():
    entry = {"type": "extension_CdxPropertyEntry", "extension_cdxPropValue": "v"}
    rows = [entry | {"extension_cdxPropName": f"n{index}"} for index in range(LARGE)]
    named = {"type": "extension_CdxPropertiesExtension", "@id": "_:x", "extension_cdxProperty": rows}
    return spdx3({"extension": ["_:x"]}, named)


def hashes_that_all_packages_refer_to():
    hashes = [{"type": "Hash", "@id": f"_:h{n}", "algorithm": "sha256", "hashValue": f"{n:064x}" * 200} for n in range(20)]
    return spdx3({"verifiedUsing": [one["@id"] for one in hashes]}, *hashes)


def a_supplier_of_thousands_of_addresses():
    rows = [
        {"type": "ExternalIdentifier", "externalIdentifierType": "urlScheme", "identifier": f"https://example.org/{index}"}
        for index in range(LARGE)
    ]
    agent = {"type": "Organization", "spdxId": f"{PLACE}o", "creationInfo": "_:c", "name": "o", "externalIdentifier": rows}
    return spdx3({"suppliedBy": f"{PLACE}o", "originatedBy": [f"{PLACE}o"]}, agent)


def a_licence_of_its_own_text_in_spdx_3():
    licence = {"type": "simplelicensing_SimpleLicensingText", "spdxId": f"{PLACE}l#LicenseRef-own", "creationInfo": "_:c"}
    licence |= {"name": "own", "simplelicensing_licenseText": TEXT}
    return spdx3({}, licence, to=(("hasDeclaredLicense", licence["spdxId"]), ("hasConcludedLicense", licence["spdxId"])))


def a_licence_expression_without_end():
    licence = {"type": "simplelicensing_LicenseExpression", "spdxId": f"{PLACE}l", "creationInfo": "_:c"}
    licence |= {"simplelicensing_licenseExpression": " AND ".join(f"LicenseRef-{index}" for index in range(LARGE // 2))}
    return spdx3({}, licence, to=(("hasDeclaredLicense", licence["spdxId"]),))


def a_remark_on_a_relationship_to_thousands():
    value = spdx3({})
    ends = {"from": f"{PLACE}p0", "to": [f"{PLACE}p{index}" for index in range(MANY)], "relationshipType": "contains"}
    row = {"type": "Relationship", "spdxId": f"{PLACE}r", "creationInfo": "_:c", "comment": TEXT, **ends}
    value["@graph"].append(row)
    return value


def an_extracted_licence_of_all_packages():
    own = {"licenseId": "LicenseRef-own", "name": "own", "extractedText": TEXT}
    return spdx2({"licenseDeclared": own["licenseId"], "licenseConcluded": own["licenseId"]}, hasExtractedLicensingInfos=[own])


def an_annotation_of_thousands_of_components():
    remark = {"subjects": [f"c{index}" for index in range(MANY)], "annotator": {"individual": {"name": "me"}}}
    return cyclonedx(annotations=[remark | {"timestamp": CREATED, "text": TEXT}])


def a_vulnerability_of_thousands_of_ratings_that_affects_thousands():
    ratings = [{"method": "CVSSv31", "score": 1, "severity": "low", "vector": f"CVSS:3.1/{index}"} for index in range(LARGE)]
    affects = [{"ref": f"c{index}"} for index in range(MANY)]
    return cyclonedx(vulnerabilities=[{"id": "CVE-2026-0001", "ratings": ratings, "affects": affects}])


def an_advisory_of_a_long_address_that_affects_thousands():
    affects = [{"ref": f"c{index}"} for index in range(MANY)]
    advisories = [{"url": "https://example.org/" + "a" * 60_000}]
    return cyclonedx(vulnerabilities=[{"id": "CVE-2026-0001", "advisories": advisories, "affects": affects}])


def a_vulnerability_that_is_assessed_in_thousands_of_ways():
    value = spdx3({})
    base = {"creationInfo": "_:c"}
    found = {"type": "security_Vulnerability", "spdxId": f"{PLACE}v", "name": "v", "description": TEXT, **base}
    value["@graph"].append(found)
    for index in range(MANY):
        row = {
            "type": "security_VexAffectedVulnAssessmentRelationship",
            "spdxId": f"{PLACE}a{index}",
            "from": f"{PLACE}v",
            **base,
        }
        row |= {"to": [f"{PLACE}p{index}"], "relationshipType": "affects", "security_actionStatement": f"do {index}"}
        value["@graph"].append(row)
    return value


KINDS = (
    properties_that_all_packages_refer_to,
    hashes_that_all_packages_refer_to,
    a_supplier_of_thousands_of_addresses,
    a_licence_of_its_own_text_in_spdx_3,
    a_licence_expression_without_end,
    a_remark_on_a_relationship_to_thousands,
    an_extracted_licence_of_all_packages,
    an_annotation_of_thousands_of_components,
    a_vulnerability_of_thousands_of_ratings_that_affects_thousands,
    an_advisory_of_a_long_address_that_affects_thousands,
    a_vulnerability_that_is_assessed_in_thousands_of_ways,
)


@pytest.fixture(autouse=True)
def without_what_small_documents_may_grow(monkeypatch):
    monkeypatch.setattr(spread, "ALLOWED_CHARS", 1 << 20)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("kind", KINDS)
def test_one_large_thing_that_many_refer_to_grows_ten_times_or_is_refused_in_a_line(kind, name):
    data = json.dumps(kind()).encode()
    try:
        written = render_document(read_document(data).document, parse_target(name), environ={}).data
    except LimitExceeded as error:
        assert "\n" not in str(error) and "more than 10 times" in str(error)
        assert error.exit_code == 2
    else:
        assert len(written) < 12 * len(data) + (2 << 20)


def test_properties_that_all_packages_refer_to_are_refused_while_they_are_read():
    with pytest.raises(LimitExceeded, match="with what it refers to"):
        read_document(json.dumps(properties_that_all_packages_refer_to()).encode())


@pytest.mark.parametrize("name", ["spdx-json@2.3", "spdx-tag-value", "spdx-json@3.0.1"])
def test_a_licence_that_is_written_once_may_be_referred_to_by_all(name):
    document = read_document(json.dumps(an_extracted_licence_of_all_packages()).encode()).document
    assert len(render_document(document, parse_target(name), environ={}).data) < 2 << 20


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_referred_to_as_often_as_in_real_documents_is_written(name, monkeypatch):
    monkeypatch.setattr(spread, "ALLOWED_CHARS", 0)
    targets = [f"c{index}" for index in range(MANY)]
    value = cyclonedx(dependencies=[{"ref": one, "dependsOn": targets[:50]} for one in targets])
    assert render_document(read_document(json.dumps(value).encode()).document, parse_target(name), environ={}).data


@pytest.mark.parametrize("name", FORMATS)
def test_merged_documents_grow_no_more_than_what_they_are_of(name):
    value = cyclonedx(properties=[{"name": f"n{index}", "value": "v" * 50} for index in range(LARGE)])
    data = json.dumps(value).encode()
    inputs = [Input(document=read_document(data).document, sha256=f"{index}") for index in range(5)]
    merged = merge_documents(inputs, name="product").document
    assert len(render_document(merged, parse_target(name), environ={}).data) < 12 * 5 * len(data)
