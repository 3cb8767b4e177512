"""What we write is valid for others: the official schemas, and the libraries of the CycloneDX, SPDX and NTIA projects."""

import json
import logging

import pytest
from sbom_documents import full_document, rendered

from pratique.model import ArtifactKind

KINDS = [ArtifactKind.IMAGE, ArtifactKind.DIRECTORY, ArtifactKind.FILE]
VERSIONS = ["1.4", "1.5", "1.6", "1.7"]


def cyclonedx_version(text):
    from cyclonedx.schema import SchemaVersion

    return SchemaVersion.from_version(text)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", VERSIONS)
def test_cyclonedx_json_is_valid_by_its_schema(version, kind):
    from cyclonedx.validation.json import JsonStrictValidator

    data = rendered(full_document(kind, files=True), f"cyclonedx-json@{version}")
    assert JsonStrictValidator(cyclonedx_version(version)).validate_str(data.decode()) is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", VERSIONS)
def test_cyclonedx_xml_is_valid_by_its_schema(version, kind):
    from cyclonedx.validation.xml import XmlValidator

    data = rendered(full_document(kind, files=True), f"cyclonedx-xml@{version}")
    assert XmlValidator(cyclonedx_version(version)).validate_str(data.decode()) is None


@pytest.mark.parametrize("version", VERSIONS)
def test_the_cyclonedx_library_reads_our_json(version):
    from cyclonedx.model.bom import Bom

    document = full_document()
    bom = Bom.from_json(json.loads(rendered(document, f"cyclonedx-json@{version}")))
    assert len(bom.components) == len(document.parts)
    assert {str(one.purl) for one in bom.components if one.purl} >= {"pkg:generic/os"}


@pytest.mark.parametrize("files", [False, True])
@pytest.mark.parametrize(("format_", "ending"), [("spdx-json@2.3", "json"), ("spdx-tag-value", "spdx")])
def test_spdx_2_is_valid_by_the_spdx_tools(tmp_path, format_, ending, files):
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    path = tmp_path / f"ours.{ending}"
    path.write_bytes(rendered(full_document(files=files), format_))
    document = parse_file(str(path))
    messages = [one.validation_message for one in validate_full_spdx_document(document)]
    # SHA-1 of every file is asked for by SPDX 2.3 only; we take SHA-256, and say so when a document with files is made.
    assert [one for one in messages if "SHA1" not in one] == []
    assert bool(messages) == files
    assert len(document.packages) == len(full_document().parts) + 1


def test_spdx_3_is_valid_by_the_model_of_the_spdx_project():
    from io import BytesIO

    from spdx_python_model import v3_0_1

    document = full_document(files=True)
    objects = v3_0_1.SHACLObjectSet()
    v3_0_1.JSONLDDeserializer().read(BytesIO(rendered(document, "spdx-json@3.0.1")), objects)
    assert not objects.missing_ids
    packages = list(objects.foreach_type(v3_0_1.software_Package))
    assert len(packages) == len(document.parts) + 1
    assert all(one.creationInfo.created is not None for one in packages)
    v3_0_1.JSONLDSerializer().write(objects, BytesIO())  # raises where a class lacks what it must have
    files = list(objects.foreach_type(v3_0_1.software_File))
    assert len(files) == len(document.files)


@pytest.mark.parametrize("format_", ["spdx-json@2.3", "spdx-tag-value"])
def test_the_ntia_minimum_elements_are_all_there(tmp_path, format_):
    from ntia_conformance_checker import SbomChecker

    logging.getLogger("root").setLevel(logging.CRITICAL)
    path = tmp_path / ("ours.json" if "json" in format_ else "ours.spdx")
    path.write_bytes(rendered(full_document(), format_))
    checker = SbomChecker(str(path))
    assert checker.doc_author and checker.doc_timestamp and checker.dependency_relationships
    assert checker.components_without_names == []
    assert checker.components_without_identifiers == []


def test_every_format_is_the_same_to_the_last_byte_each_time():
    from sbom_documents import READABLE

    for name in [*READABLE, "github-json", "table"]:
        assert rendered(full_document(), name) == rendered(full_document(), name)
