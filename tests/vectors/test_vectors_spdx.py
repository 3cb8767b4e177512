"""Every document of the SPDX project's examples (2.2, 2.3, 3.0; JSON and tag-value) is read and comes back request the same."""

from dataclasses import replace

import pytest
from vector_files import files

from pratique.documents.document import Family
from pratique.documents.names import OutputTarget
from pratique.documents.read import read_document
from pratique.documents.write import render_document

SPDX2 = [*files("spdx", "spdx2.*/*.spdx"), *files("spdx", "spdx2.*/*.json")]
SPDX3 = [*files("spdx", "spdx3.0/*.json"), *files("spdx", "content/*.spdx3.json")]


def same(one, other):
    """Written as 2.3 and 3.0.1, whatever the version was."""
    return replace(one, spec_version="") == replace(other, spec_version="")


@pytest.mark.parametrize("format_", ["spdx-json", "spdx-tag-value"])
@pytest.mark.parametrize("path", SPDX2)
def test_a_document_of_spdx_2_comes_back_as_it_was(path, format_):
    document = read_document(path.read_bytes()).document
    rendered = render_document(document, OutputTarget(format_, "2.3"), environ={})
    assert document.family is Family.SPDX2 and rendered.left_out == ()
    assert same(read_document(rendered.data).document, document)


@pytest.mark.parametrize("path", SPDX3)
def test_a_document_of_spdx_3_comes_back_as_it_was(path):
    document = read_document(path.read_bytes()).document
    rendered = render_document(document, OutputTarget("spdx-json", "3.0.1"), environ={})
    assert document.family is Family.SPDX3 and rendered.left_out == ()
    assert same(read_document(rendered.data).document, document)


@pytest.mark.parametrize("path", [*SPDX2, *SPDX3])
def test_a_document_of_spdx_keeps_its_packages_in_cyclonedx(path):
    document = read_document(path.read_bytes()).document
    again = read_document(render_document(document, OutputTarget("cyclonedx-json", "1.6"), environ={}).data).document

    def packages(one):
        rows = [*one.walk(), *one.files, *([one.subject] if one.subject else [])]
        return sorted((part.name, part.version, part.purl, part.hashes) for part in rows)

    assert packages(again) == packages(document)


@pytest.mark.parametrize("path", SPDX2)
def test_a_document_of_spdx_2_keeps_its_packages_in_spdx_3(path):
    document = read_document(path.read_bytes()).document
    again = read_document(render_document(document, OutputTarget("spdx-json", "3.0.1"), environ={}).data).document
    assert (again.subject is None) == (document.subject is None)
    assert [part.purl for part in again.parts] == [part.purl for part in document.parts]
    assert [replace(one, extra={}) for one in again.files] == [replace(one, extra={}) for one in document.files]
