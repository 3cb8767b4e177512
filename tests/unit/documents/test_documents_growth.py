"""What costs time grows with what there is to read, not with its square: ten times as much takes no hundred times as long."""

import json
import time

import pytest
from spdx3_documents import CONTEXT, INFO, PLACE

from pratique.documents.merge.merge import Input, merge_documents
from pratique.documents.names import parse_target
from pratique.documents.read import read_document
from pratique.documents.write import render_document

MANY = 4_000
CPU_S = 8
"""Each takes about one second where nothing grows with the square, and minutes where something does."""


@pytest.fixture(autouse=True)
def within_bounds():
    start = time.process_time()
    yield
    assert time.process_time() - start < CPU_S


def components(**more):
    return [
        {"type": "library", "bom-ref": f"c{index}", "name": f"n{index}", "version": "1", "purl": f"pkg:npm/n{index}@1"}
        | {key: make(index) for key, make in more.items()}
        for index in range(MANY)
    ]


def document(rows, **more):
    value = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": rows}
    return read_document(json.dumps(value | more).encode()).document


def test_one_component_that_is_listed_thousands_of_times_is_merged_in_bounded_time():
    rows = components(
        name=lambda _: "same",
        purl=lambda _: "pkg:npm/same@1",
        properties=lambda index: [{"name": "path", "value": str(index)}],
        hashes=lambda index: [{"alg": "SHA-1", "content": "ab" * 20}, {"alg": "SHA-256", "content": f"{index:064x}"}],
    )
    found = document(rows)
    merged = merge_documents([Input(document=found, sha256=one) for one in "ab"], name="product").document
    assert any(part.purl == "pkg:npm/same@1" and len(part.properties) >= MANY for part in merged.walk())


@pytest.mark.parametrize("name", ["spdx-json@2.3", "spdx-tag-value", "spdx-json@3.0.1"])
def test_a_licence_of_its_own_for_each_of_thousands_of_components_is_written_and_read_in_bounded_time(name):
    found = document(components(licenses=lambda index: [{"license": {"name": f"Own {index}"}}]))
    again = read_document(render_document(found, parse_target(name), environ={}).data).document
    assert len({one.value for part in again.walk() for one in part.licences}) == MANY


def test_thousands_of_vulnerabilities_cross_to_spdx_3_and_back_in_bounded_time():
    rows = [
        {"id": f"CVE-2026-{index:05}", "affects": [{"ref": f"c{index}"}], "analysis": {"state": "in_triage"}}
        for index in range(MANY)
    ]
    found = document(components(), vulnerabilities=rows)
    data = render_document(found, parse_target("spdx-json@3.0.1"), environ={}).data
    again = json.loads(render_document(read_document(data).document, parse_target("cyclonedx-json"), environ={}).data)
    assert again["vulnerabilities"] == rows


@pytest.mark.parametrize("kind", ["contains", "dependsOn"])
def test_a_circle_or_a_chain_of_thousands_in_spdx_3_is_read_and_written_in_bounded_time(kind):
    info = {**INFO, "createdBy": [f"{PLACE}p0"]}
    graph = [info | {"createdBy": [f"{PLACE}me"]}, {"type": "Person", "spdxId": f"{PLACE}me", "creationInfo": "_:c"}]
    graph.append({"type": "SpdxDocument", "spdxId": "https://example.org/d", "creationInfo": "_:c"})
    for index in range(MANY):
        common = {"creationInfo": "_:c"}
        graph.append({"type": "software_Package", "spdxId": f"{PLACE}p{index}", "name": f"n{index}", **common})
        ends = {"from": f"{PLACE}p{index}", "to": [f"{PLACE}p{(index + 1) % MANY}"]}
        graph.append({"type": "Relationship", "spdxId": f"{PLACE}r{index}", "relationshipType": kind, **ends, **common})
    found = read_document(json.dumps({"@context": CONTEXT, "@graph": graph}).encode()).document
    data = render_document(found, parse_target("cyclonedx-json"), environ={}).data
    assert len(list(read_document(data).document.walk())) == MANY


def test_a_document_with_an_error_in_each_of_thousands_of_elements_is_put_right_in_bounded_time():
    rows = [
        {"type": "software_Package", "spdxId": f"SPDXRef-{index}", "name": f"n{index}", "packageVersion": 1}
        for index in range(MANY)
    ]
    value = {"@context": [CONTEXT], "@graph": rows}
    reading = read_document(json.dumps(value).encode(), lenient=True)
    assert len(list(reading.document.walk())) == MANY
