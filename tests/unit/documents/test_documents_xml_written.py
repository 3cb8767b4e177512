"""CycloneDX XML is read as the JSON of the same document, whoever wrote it and however it is laid out."""

import json
import random
import re
import warnings
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from official_schemas import problems_by_schema
from sbom_documents import differences, full_document, rendered
from xml_rewriting import Rewriter

from pratique.documents.names import parse_target
from pratique.documents.read import read_document
from pratique.documents.write import render_document
from pratique.errors import Malformed
from pratique.model import ArtifactKind

VERSIONS = ["1.4", "1.5", "1.6", "1.7"]
WRITTEN = {
    (version, kind): rendered(full_document(kind, files=True), f"cyclonedx-xml@{version}")
    for version in VERSIONS
    for kind in (ArtifactKind.IMAGE, ArtifactKind.DIRECTORY)
}


@pytest.mark.parametrize("prefix", ["", "bom", "x-y.z"])
@pytest.mark.parametrize("version", VERSIONS)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 1 << 32), kind=st.sampled_from([ArtifactKind.IMAGE, ArtifactKind.DIRECTORY]))
def test_prefixes_white_space_comments_and_cdata_change_nothing(version, prefix, seed, kind):
    data = WRITTEN[version, kind]
    other = Rewriter(random.Random(seed).choice, prefix).document(data)
    assert problems_by_schema(other, f"cyclonedx-xml@{version}") == []
    reading = read_document(other)
    assert differences(reading.document, read_document(data).document) == []
    assert reading.passed_over == ()


@pytest.mark.parametrize("version", VERSIONS)
def test_what_the_cyclonedx_library_writes_in_xml_is_read_like_its_json(version):
    from cyclonedx.model.bom import Bom
    from cyclonedx.output import make_outputter
    from cyclonedx.schema import OutputFormat, SchemaVersion

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        bom = Bom.from_json(json.loads(rendered(full_document(), f"cyclonedx-json@{version}")))
        known = SchemaVersion.from_version(version)
        texts = [make_outputter(bom, form, known).output_as_string(indent=2) for form in (OutputFormat.JSON, OutputFormat.XML)]
    of_json, of_xml = (read_document(one.encode()).document for one in texts)
    # In JSON the library leaves an empty list of needs out; a tab is a space in its XML.
    bare = replace(of_json, relations=tuple(replace(one, extra={}) for one in of_json.relations))
    assert [one for one in differences(bare, of_xml) if "tabs" not in one] == []
    assert len(list(of_xml.walk())) > 5


@pytest.mark.parametrize("version", VERSIONS)
def test_our_own_xml_is_read_like_our_own_json(version):
    document = full_document()
    of_json, of_xml = (read_document(rendered(document, f"cyclonedx-{form}@{version}")).document for form in ("json", "xml"))
    assert differences(of_json, of_xml) == []


def bom(inner, version="1.6", attributes=""):
    return f'<bom xmlns="http://cyclonedx.org/schema/bom/{version}" version="1"{attributes}>{inner}</bom>'.encode()


def component(inner, attributes=""):
    return bom(f'<components><component type="library" bom-ref="a"{attributes}><name>a</name>{inner}</component></components>')


def only(data, **options):
    return read_document(data, **options).document.parts[0]


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.3", *VERSIONS])
def test_every_version_has_a_name_space_of_its_own_under_any_prefix(version):
    inner = '<x:components><x:component type="library"><x:name>a</x:name><x:version>1</x:version></x:component></x:components>'
    data = f'<x:bom xmlns:x="http://cyclonedx.org/schema/bom/{version}" version="1">{inner}</x:bom>'.encode()
    assert (only(data).name, read_document(data).document.spec_version) == ("a", version)
    with pytest.raises(Malformed, match="is not in the document's name space"):
        read_document(
            data.replace(b"<x:bom", b'<x:bom xmlns="http://cyclonedx.org/schema/bom/0.9"', 1).replace(b"x:name>", b"name>")
        )


LAID_OUT = [
    ("<purl>\n  pkg:npm/a@1\n</purl>", "purl", "pkg:npm/a@1"),
    ("<description>\n  One line,\n  and more \n </description>", "description", "One line,\n  and more"),
    ("<description> a <!-- b -->c </description>", "description", " a c "),
    ("<group><![CDATA[\n]]>g<![CDATA[&amp;]]></group>", "group", "g&amp;"),
]


@pytest.mark.parametrize(("inner", "member", "value"), LAID_OUT)
def test_white_space_that_only_lays_a_text_out_is_none_of_it(inner, member, value):
    assert getattr(only(component(inner)), member) == value


def test_words_have_no_white_space_at_their_ends():
    hashes = f'<hashes><hash alg="SHA-256">\n    {"ab" * 32}\n  </hash></hashes>'
    references = '<externalReferences><reference type="vcs"><url> https://example.org/a </url></reference></externalReferences>'
    found = only(component(f"{hashes}<modified> false\n</modified>{references}"))
    assert (found.hash("sha256"), found.references[0].url) == ("ab" * 32, "https://example.org/a")
    timestamp = "<metadata><timestamp>\n2026-01-01T00:00:00Z\n</timestamp></metadata>"
    assert read_document(bom(timestamp)).document.timestamp == "2026-01-01T00:00:00Z"


def test_base64_is_not_laid_out_in_lines():
    text = '<licenses><license><name>n</name><text encoding="base64">\n  TWFu\n  TWFu\n</text></license></licenses>'
    (licence,) = only(component(text)).licences
    assert licence.extra == {"/license/text": {"content": "TWFuTWFu", "encoding": "base64"}}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (component("words"), "has text between its elements"),
        (component("<version>1<b/></version>"), "has elements where a text is meant"),
        (component('<version lang="en">1</version>'), "is an attribute where none is allowed"),
        (component('<hashes><hash alg="MD5"><a/></hash></hashes>'), "has elements where a text is meant"),
        (bom("<components>words</components>"), "has text between its elements"),
        (bom('<dependencies><dependency ref="a">words</dependency></dependencies>'), "has text between its elements"),
    ],
)
def test_what_would_be_passed_over_in_silence_is_an_error(data, reason):
    assert problems_by_schema(data, "cyclonedx-xml@1.6") != []
    with pytest.raises(Malformed, match=re.escape(reason)):
        read_document(data)
    assert any(reason in one.reason for one in read_document(data, lenient=True).repaired)


def test_needs_within_needs_are_needs_of_what_they_stand_in():
    inner = '<dependency ref="a"><dependency ref="b"><dependency ref="c"/></dependency><dependency ref="c"/></dependency>'
    parts = "".join(f'<component type="library" bom-ref="{name}"><name>{name}</name></component>' for name in "abc")
    data = bom(f"<components>{parts}</components><dependencies>{inner}</dependencies>")
    assert problems_by_schema(data, "cyclonedx-xml@1.6") == []
    assert read_document(data).document.dependencies() == {"a": ("b", "c"), "b": ("c",)}


def test_white_space_that_xml_does_not_keep_is_told():
    value = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1}
    value["components"] = [
        {"type": "library", "name": "a", "description": "\n a"},
        {"type": "library", "name": "b", "group": "x "},
    ]
    document = read_document(json.dumps(value).encode()).document
    found = render_document(document, parse_target("cyclonedx-xml"), environ={})
    assert [one.reason for one in found.left_out] == ["1 texts with white space at their ends, which XML lays out with"]
    assert [one.description for one in read_document(found.data).document.parts] == ["a", ""]
