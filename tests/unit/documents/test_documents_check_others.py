"""`sbom check` and `sbom diff` understand documents of other tools: no finding for a package that is only spelled otherwise."""

import json
from dataclasses import replace

import pytest
from purl_spellings import APART, SPELLINGS
from sbom_trees import SUBJECT, debian

from pratique.documents.check import check_sbom
from pratique.documents.claims import claims_of
from pratique.documents.diff import compare
from pratique.documents.read import read_document
from pratique.inventory.assemble import catalogue_tree
from pratique.lexicon.purl_same import same_package
from pratique.model import Component, Digest

CONFIG = Digest.of(b"config")
OTHER = Digest.of(b"other")


def cyclonedx(components, **subject):
    subject = {"type": "container", "name": "app"} | subject
    value = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "metadata": {"component": subject}}
    return json.dumps(value | {"components": components}).encode()


def findings(data, *purls):
    inventory = catalogue_tree(replace(SUBJECT, config=CONFIG), debian())
    parts = [Component(ref=one, purl=one, type="npm", name="n", version="1", licences=("MIT",)) for one in purls]
    if purls:
        inventory = replace(inventory, components=tuple(parts))
    return check_sbom(inventory, claims_of(data), None)


def of_kind(kind, found):
    return [one for one in found if one.kind.startswith(kind)]


@pytest.mark.parametrize(
    "subject",
    [
        {"version": str(SUBJECT.digest)},
        {"version": "1.2", "purl": f"pkg:oci/app@{str(SUBJECT.digest).replace(':', '%3A')}?repository_url=x.org/app"},
        {"properties": [{"name": "aquasecurity:trivy:RepoDigest", "value": f"x.org/app@{SUBJECT.digest}"}]},
        {"properties": [{"name": "aquasecurity:trivy:ImageID", "value": str(CONFIG)}]},
        {"properties": [{"name": "oci:image:Id", "value": str(CONFIG)}]},
        {"hashes": [{"alg": "SHA-256", "content": SUBJECT.digest.hex}]},
        {"bom-ref": f"pkg:docker/app@{SUBJECT.digest}"},
    ],
)
def test_the_subject_is_known_by_the_digest_that_each_tool_states(subject):
    assert of_kind("subject", findings(cyclonedx([], **subject))) == []


@pytest.mark.parametrize("subject", [{"version": str(OTHER)}, {"purl": f"pkg:oci/app@{OTHER}"}])
def test_another_tools_document_about_another_image_is_told(subject):
    found = of_kind("subject", findings(cyclonedx([], **subject)))
    assert len(found) == 1 and str(OTHER) in found[0].detail


@pytest.mark.parametrize(("ours", "theirs"), SPELLINGS)
def test_a_package_that_is_spelled_otherwise_is_the_same_package(ours, theirs):
    assert same_package(ours) == same_package(theirs)
    other = {"type": "library", "name": "called otherwise", "version": "1", "purl": theirs}
    assert of_kind("component", findings(cyclonedx([other]), ours)) == []


@pytest.mark.parametrize(("one", "other"), APART)
def test_other_packages_stay_apart(one, other):
    assert same_package(one) != same_package(other)


def test_what_another_tool_does_not_name_is_still_told():
    other = {"type": "library", "name": "a", "version": "2", "purl": "pkg:npm/b@1"}
    found = of_kind("component", findings(cyclonedx([other]), "pkg:npm/a@1"))
    assert sorted(one.kind for one in found) == ["component-added", "component-missing"]


def test_lock_files_and_systems_without_a_package_url_are_no_findings():
    rows = [{"type": "file", "name": "/app/package-lock.json"}, {"type": "operating-system", "name": "debian", "version": "12"}]
    assert of_kind("component-missing", findings(cyclonedx(rows))) == []
    library = [{"type": "library", "name": "nameless"}]
    assert len(of_kind("component-missing", findings(cyclonedx(library)))) == 1


def test_a_package_that_is_spelled_otherwise_is_no_difference():
    rows = [{"type": "library", "name": "a", "version": "1"}]
    before = read_document(cyclonedx([rows[0] | {"purl": "pkg:npm/%40scope/a@1?x=y"}])).document
    after = read_document(cyclonedx([rows[0] | {"purl": "pkg:npm/@scope/a@1"}])).document
    assert not compare(before, after, None, None)
