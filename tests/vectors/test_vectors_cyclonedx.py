"""Every document of the CycloneDX project's own test data: valid ones are read and come back as they were, others are refused.

The data: CycloneDX/specification, `tools/src/test/resources/1.5` and `1.6`, JSON and XML. Protocol buffers are not read.
"""

import json
import random
from dataclasses import replace

import pytest
from sbom_documents import differences
from vector_files import files
from xml_rewriting import Rewriter

from pratique.documents.names import OutputTarget
from pratique.documents.read import read_document
from pratique.documents.write import render_document
from pratique.errors import Malformed

FOLDER = "cyclonedx/tools/src/test/resources"
REASONS = {
    "tools": "tools that 1.5 made a list of components are written as components, not as the list it calls deprecated",
    "value": "a property without a value is written with an empty one",
}
"""Why a document that comes back is not the same to the last member."""
DIFFERENT = {
    "1.5/valid-bom-1.5.json": "tools",
    "1.5/valid-metadata-tool-deprecated-1.5.json": "tools",
    "1.6/valid-bom-1.6.json": "tools",
    "1.6/valid-metadata-tool-deprecated-1.6.json": "tools",
    "1.6/valid-properties-1.6.json": "value",
}
PASSED_OVER = {
    "valid-attestation-1.6.xml": "XML signatures are in a name space of their own",
    "valid-external-elements-1.5.xml": "extensions in foreign name spaces",
    "valid-external-elements-1.6.xml": "extensions in foreign name spaces",
    "valid-random-attributes-1.5.xml": "attributes of no known meaning",
    "valid-random-attributes-1.6.xml": "attributes of no known meaning",
    "valid-standard-1.6.xml": "XML signatures are in a name space of their own",
    "valid-xml-signature-1.5.xml": "XML signatures are in a name space of their own",
    "valid-xml-signature-1.6.xml": "XML signatures are in a name space of their own",
}
"""XML documents with parts that no reader has to understand; every other document is understood to the last."""

UNSIGNED = {"valid-attestation-1.6.xml"}
"""JSON demands a signature, or an address and an organization, of whoever affirms; those of XML are passed over."""


def name_of(path):
    return f"{path.parent.name}/{path.name}"


@pytest.mark.parametrize("path", files(FOLDER, "valid-*.json"))
def test_a_valid_json_document_is_read_and_comes_back_as_it_was(path):
    reading = read_document(path.read_bytes())
    version = reading.document.spec_version
    rendered = render_document(reading.document, OutputTarget("cyclonedx-json", version), environ={})
    assert rendered.left_out == ()
    assert read_document(rendered.data).document == reading.document
    before, after = json.loads(path.read_bytes()), json.loads(rendered.data)
    for one in (before, after):
        one.pop("$schema", None)
        one.setdefault("version", 1)
    assert (before != after) == (name_of(path) in DIFFERENT)
    assert set(DIFFERENT.values()) <= REASONS.keys()


@pytest.mark.parametrize("path", files(FOLDER, "valid-*.xml"))
def test_a_valid_xml_document_is_read_and_comes_back_as_it_was(path):
    reading = read_document(path.read_bytes())
    version = reading.document.spec_version
    rendered = render_document(reading.document, OutputTarget("cyclonedx-xml", version), environ={})
    assert rendered.left_out == ()
    again = read_document(rendered.data).document
    assert again == reading.document
    assert bool(reading.passed_over) == (path.name in PASSED_OVER)


@pytest.mark.parametrize("path", files(FOLDER, "valid-*.xml"))
def test_an_xml_document_that_is_written_otherwise_is_read_as_the_same(path):
    data = path.read_bytes()
    document = read_document(data).document
    for prefix in ("", "bom"):
        for seed in range(3):
            other = Rewriter(random.Random(seed).choice, prefix).document(data)
            assert differences(read_document(other).document, document) == []


@pytest.mark.parametrize("path", [*files(FOLDER, "invalid-*.json"), *files(FOLDER, "invalid-*.xml")])
def test_an_invalid_document_is_refused_with_the_place_of_its_error(path):
    with pytest.raises(Malformed) as caught:
        read_document(path.read_bytes())
    said = str(caught.value)
    assert "with errors: /" in said or "not CycloneDX" in said or "is not known" in said


@pytest.mark.parametrize("path", [*files(FOLDER, "invalid-*.json"), *files(FOLDER, "invalid-*.xml")])
def test_an_invalid_document_is_read_leniently_with_a_list_of_repairs_or_refused(path):
    try:
        reading = read_document(path.read_bytes(), lenient=True)
    except Malformed:
        return
    rendered = render_document(reading.document, OutputTarget("cyclonedx-json", "1.6"), environ={})
    assert reading.repaired
    if rendered.left_out:  # two components that were told apart by what was taken out of them
        assert {one.reason for one in rendered.left_out} == {"is listed twice: left out"}
        return
    assert replace(read_document(rendered.data).document, spec_version="") == replace(reading.document, spec_version="")


@pytest.mark.parametrize("version", ["1.4", "1.5", "1.6", "1.7"])
@pytest.mark.parametrize("path", files(FOLDER, "valid-*.json"))
def test_in_every_version_a_document_is_valid_and_names_what_it_lost(path, version):
    document = read_document(path.read_bytes()).document
    rendered = render_document(document, OutputTarget("cyclonedx-json", version), environ={})
    again = read_document(rendered.data).document
    if version >= document.spec_version:
        assert rendered.left_out == ()
    if not rendered.left_out:
        assert len(list(again.walk())) == len(list(document.walk()))


@pytest.mark.parametrize("path", files(FOLDER, "valid-*.xml"))
def test_an_xml_document_says_the_same_in_json(path):
    document = read_document(path.read_bytes()).document
    rendered = render_document(document, OutputTarget("cyclonedx-json", document.spec_version), environ={})
    if path.name in UNSIGNED:
        assert [one.reason for one in rendered.left_out] == ["lacks signature: left out"]
    else:
        assert read_document(rendered.data).document == document
