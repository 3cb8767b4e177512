"""`sbom score` on documents of others, and its verdicts beside those of another checker."""

import logging
from pathlib import Path

import pytest
from sbom_documents import READABLE, full_document, full_inventory, rendered
from score_documents import good_document

from pratique.documents.from_inventory import document_of
from pratique.documents.read import read_document
from pratique.documents.score.standards import score_document
from pratique.errors import Malformed
from pratique.model import build_manifest

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "vectors"
ENDINGS = (".json", ".xml", ".spdx")


def vectors(folder):
    found = sorted(one for one in (SHARED / folder).rglob("*") if one.suffix in ENDINGS and not one.name.endswith(".schema.json"))
    return found or [pytest.param(None, marks=pytest.mark.skip(reason="public vectors are not here"))]


def name_of(path):
    return path and "/".join(path.parts[-3:])


def met(document):
    """NTIA's elements → whether all of the document meets them."""
    marks = score_document(document, ["ntia"]).marks[0]
    return {rule.id: answer.met == answer.of for rule, answer in marks.answers}


@pytest.mark.parametrize("path", vectors("spdx/software"), ids=name_of)
def test_every_spdx_example_has_a_score_before_every_standard(path):
    found = score_document(read_document(path.read_bytes()).document)
    assert len(found.marks) == 4 and found.components
    assert 0 < found.overall < 100


def test_every_cyclonedx_example_that_can_be_read_has_a_score():
    paths = vectors("cyclonedx/tools")
    if not isinstance(paths[0], Path):
        pytest.skip("public vectors are not here")
    read = 0
    for path in paths:
        try:
            document = read_document(path.read_bytes(), lenient=True).document
        except Malformed:
            assert "invalid" in path.name
            continue
        found = score_document(document)
        assert all(0 <= one.score <= 100 for one in found.marks), path
        read += 1
    assert read > 250


@pytest.mark.parametrize("name", READABLE)
def test_ntia_thinks_the_same_of_a_document_in_every_format(name):
    for document in (full_document(), good_document()):
        assert met(read_document(rendered(document, name)).document) == met(document)


@pytest.mark.parametrize("name", ["cyclonedx-json@1.6", "cyclonedx-xml@1.7", "spdx-json@3.0.1"])
def test_a_document_can_reach_100_in_the_formats_that_bsi_takes(name):
    found = score_document(read_document(rendered(good_document(), name)).document)
    assert {one.standard.id: one.score for one in found.marks} == {"ntia": 100, "cisa": 100, "bsi": 100, "accuracy": 100}


def test_our_own_document_lacks_only_suppliers_and_versions_that_the_artifact_does_not_state():
    inventory = full_inventory()
    document = document_of(inventory, timestamp=1, manifest_root=build_manifest(inventory).root)
    marks = score_document(document, ["ntia"]).marks[0]
    answers = {rule.id: answer for rule, answer in marks.answers}
    assert [name for name, one in answers.items() if one.met < one.of] == ["supplier", "version"]
    # The image itself has none: its labels may be those of the image that it was built from.
    assert answers["supplier"].of - answers["supplier"].met == 1 + sum(not one.supplier for one in inventory.components)
    assert answers["version"].of - answers["version"].met == sum(not one.version for one in inventory.components)


ELEMENTS = ("name", "version", "identifiers", "supplier", "author", "timestamp", "relationship")
UNCONNECTED = "counts only what relations lead to from the document"
ORIGINATOR = "takes the supplier alone, not the originator"
DESCRIBES = "takes the document's word that it describes a package for a relationship between packages"
REASONS = {
    ("hello-source.spdx.json", "supplier"): ORIGINATOR,
    ("appbomination.spdx.json", "version"): UNCONNECTED,
    ("appbomination.spdx.json", "supplier"): UNCONNECTED,
    ("example7-go-module.spdx.json", "relationship"): DESCRIBES,
    ("example7-third-party-modules.spdx.json", "relationship"): DESCRIBES,
    ("example7-golang.spdx.json", "relationship"): DESCRIBES,
}
"""(document, element) → why the other checker judges it otherwise. Of identifiers, it takes each SPDXID for one."""


def other_verdicts(path):
    from ntia_conformance_checker import SbomChecker

    logging.getLogger().setLevel(logging.CRITICAL)
    checker = SbomChecker(str(path), validate=False, compliance="ntia", sbom_spec="spdx2")
    assert checker.doc is not None, checker.parsing_errors
    return dict(zip(ELEMENTS, (verdict for _, verdict in checker.table_elements), strict=True))


def differences(path):
    theirs, ours = other_verdicts(path), met(read_document(path.read_bytes()).document)
    assert theirs["identifiers"]
    return {name for name in ELEMENTS if theirs[name] != ours[name]} - {"identifiers"}


@pytest.mark.parametrize("path", [one for one in vectors("spdx/software") if "spdx2" in str(one)], ids=name_of)
def test_another_checker_of_ntia_says_the_same_but_for_listed_reasons(path):
    assert differences(path) == {name for file, name in REASONS if file == path.name}


def test_another_checker_of_ntia_says_the_same_of_our_own_documents(tmp_path):
    for index, document in enumerate((good_document(), full_document(), full_document(files=True))):
        for name, suffix in (("spdx-json@2.3", "spdx.json"), ("spdx-tag-value", "spdx")):
            path = tmp_path / f"{index}.{suffix}"
            path.write_bytes(rendered(document, name))
            assert differences(path) == set(), (index, name)


BSI_ELEMENTS = (
    *("creator", "timestamp", "completeness", "name", "version", "component-creator", "filename", "executable", "archive"),
    *("structured", "distribution-licences", "sha512", "source-uri", "deployable-uri", "identifiers", "original-licences"),
    *("effective-licence", "source-hash", "security-txt", "references"),
)
BSI_REASONS = {
    ("executable", True): "silence means no, even of a package that is distributed as no file",
    ("archive", True): "silence means no, even of a package that is distributed as no file",
    ("structured", True): "does not ask it of a package that is distributed as no file",
    ("sha512", True): "does not ask it of a package that is distributed as no file",
    ("deployable-uri", True): "does not ask it of a package that is distributed as no file",
    ("completeness", True): "takes a package of which no relation is stated for complete",
    ("identifiers", False): "does not know software_packageUrl",
}
"""(element, its verdict) → why the other checker of BSI TR-03183-2 judges SPDX 3 otherwise."""


@pytest.mark.parametrize("path", [one for one in vectors("spdx/software") if "spdx3.0" in str(one)], ids=name_of)
def test_another_checker_of_bsi_says_the_same_but_for_listed_reasons(path):
    from ntia_conformance_checker import SbomChecker

    logging.getLogger().setLevel(logging.CRITICAL)
    checker = SbomChecker(str(path), validate=False, compliance="bsi", sbom_spec="spdx3")
    theirs = dict(zip(BSI_ELEMENTS, (verdict for _, verdict in checker.table_elements), strict=True))
    marks = score_document(read_document(path.read_bytes()).document, ["bsi"]).marks[0]
    ours = {rule.id: answer.met == answer.of for rule, answer in marks.answers}
    found = {(name, theirs[name]) for name in BSI_ELEMENTS[:-1] if theirs[name] != ours[name]} - BSI_REASONS.keys()
    # Of what nothing leads to from the document it judges nothing, be it good or bad.
    assert not found or checker.floating_component_ids or not checker.components_evaluated
