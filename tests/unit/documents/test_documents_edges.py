"""What one world says in its own way arrives in the other: kinds of dependencies, where a package is to be had."""

import json

import pytest
from sbom_documents import rendered

from pratique.documents.document import Document, ExternalReference, Family, Part, Relation
from pratique.documents.read import read_document

KINDS = {
    "DEV_DEPENDENCY_OF": "development-depends-on",
    "TEST_DEPENDENCY_OF": "test-depends-on",
    "BUILD_DEPENDENCY_OF": "build-depends-on",
    "RUNTIME_DEPENDENCY_OF": "runtime-depends-on",
    "OPTIONAL_DEPENDENCY_OF": "has-optional-dependency",
    "PROVIDED_DEPENDENCY_OF": "has-provided-dependency",
}
ADDRESS = "https://example.org/a-1.tgz"


def spdx(type_, **package):
    plain = {"downloadLocation": "NOASSERTION", "filesAnalyzed": False} | package
    packages = [{"name": name, "SPDXID": f"SPDXRef-{name}"} | plain for name in ("root", "a", "b")]
    value = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": "d",
        "documentNamespace": "https://example.org/d",
        "creationInfo": {"created": "2026-01-01T00:00:00Z", "creators": ["Tool: t-1"]},
        "packages": packages,
        "relationships": [
            {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-root"},
            {"spdxElementId": "SPDXRef-a", "relationshipType": "DEPENDENCY_OF", "relatedSpdxElement": "SPDXRef-root"},
            {"spdxElementId": "SPDXRef-b", "relationshipType": type_, "relatedSpdxElement": "SPDXRef-a"},
        ],
    }
    return read_document(json.dumps(value).encode()).document


@pytest.mark.parametrize("type_", KINDS)
def test_a_dependency_of_any_kind_is_one_and_keeps_its_kind(type_):
    document = spdx(type_)
    for one in (document, read_document(rendered(document, "cyclonedx-json@1.6")).document):
        assert one.dependencies() == {"SPDXRef-root": ("SPDXRef-a",), "SPDXRef-a": ("SPDXRef-b",)}
        assert ("SPDXRef-a", KINDS[type_], ("SPDXRef-b",)) in [(row.source, row.kind, row.targets) for row in one.relations]


def test_where_a_package_is_to_be_had_arrives_in_cyclonedx_and_comes_back_once():
    document = spdx("DEPENDENCY_OF", downloadLocation=ADDRESS)
    data = rendered(document, "cyclonedx-json@1.6")
    component = json.loads(data)["components"][0]
    assert component["externalReferences"] == [{"type": "distribution", "url": ADDRESS}]
    part = read_document(data).document.parts[0]
    assert (part.download, part.references) == (ADDRESS, ())


def test_a_distribution_arrives_in_spdx_as_its_download_location_and_comes_back_once():
    part = Part(ref="a", name="a", kind="library", references=(ExternalReference(kind="distribution", url=ADDRESS),))
    document = Document(family=Family.CYCLONEDX, parts=(part,), relations=(Relation(source="a", kind="depends-on", targets=()),))
    data = rendered(document, "spdx-json@2.3")
    assert json.loads(data)["packages"][0]["downloadLocation"] == ADDRESS
    again = read_document(data).document
    found = again.subject or again.parts[0]
    assert (found.download, found.references) == ("", part.references)
