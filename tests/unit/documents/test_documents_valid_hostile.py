"""Whatever we can read, what we write of it is valid by the official schema of that version; what could not be said is told."""

import copy
import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from official_schemas import WRITTEN, missing_in_spdx3, problems_by_schema
from sbom_documents import full_document, full_inventory, rendered

from pratique.documents.from_inventory import document_of
from pratique.documents.names import parse_target
from pratique.documents.read import read_document
from pratique.documents.write import render_document
from pratique.errors import Malformed
from pratique.model import ArtifactKind, Component, build_manifest

JSON = {
    name: json.loads(rendered(full_document(files=True), name))
    for name in ("cyclonedx-json@1.4", "cyclonedx-json@1.7", "spdx-json@2.3", "spdx-json@3.0.1")
}
JSON["json"] = json.loads(rendered(full_document(), "json"))
ADDRESSES = ["http://[::1", "https://x.org/%zz", "git@host:x", "a b", "http://x/\x01", "https://x.org/a#b#c", "x:y z", "//["]
HOSTILE = [
    *ADDRESSES,
    *("", " ", "\x00", "\x01\x1f", "\ud800", "a\udfffb", "\ufffe", "\u202e", "]]>", "</text>", "\r\n", "x" * 5000),
    *("UNLICENSED", "SEE LICENSE IN x", "MIT OR", "(" * 40, "LicenseRef-a b", "NONE", "NOASSERTION", "MIT"),
    *("cpe:/a:b:c", "cpe:2.3:a:b", "cpe:2.3:a:b:c:1:*:*:*:*:*:*:*", "pkg:", "pkg:npm/a b", "a@b", "@", "someone"),
    *("2020-02-30T00:00:00Z", "2020-01-01", "2020-01-01T00:00:00", "9999-12-31T23:59:59-14:00", "2020-01-01t00:00:00z"),
    *("urn:uuid:x", "SPDXRef-DOCUMENT", "DocumentRef-x", "_:b", "a/b", "Person: x", "deadbeef", "zz" * 32, "ab" * 20, "MD5"),
    *("operating-system", "file", "vcs", "other", "depends-on", "javascript:alert(1)", "1" * 40),
]


def strings(value, way=()):
    if isinstance(value, str):
        yield way
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in rows:
        yield from strings(one, (*way, key))


PLACES = {name: list(strings(value)) for name, value in JSON.items()}


def read_if_it_can_be(data):
    for lenient in (False, True):
        try:
            return read_document(data, lenient=lenient).document
        except Malformed:
            continue
    return None


def written(document, target):
    return render_document(document, parse_target(target), environ={})


@pytest.mark.parametrize("name", JSON)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_is_written_of_hostile_texts_is_valid_by_the_official_schema(name, data):
    value = copy.deepcopy(JSON[name])
    for _ in range(data.draw(st.integers(1, 4))):
        way = data.draw(st.sampled_from(PLACES[name]))
        place = value
        for key in way[:-1]:
            place = place[key]
        place[way[-1]] = data.draw(st.sampled_from(HOSTILE))
    document = read_if_it_can_be(json.dumps(value).encode())
    if document is not None:
        target = data.draw(st.sampled_from(WRITTEN))
        assert problems_by_schema(written(document, target).data, target) == []


@pytest.mark.parametrize("kind", list(ArtifactKind))
@pytest.mark.parametrize("target", WRITTEN)
def test_what_is_written_of_an_inventory_is_valid_by_the_official_schema(target, kind):
    document = full_document(kind, files=True)
    found = render_document(document, parse_target(target), environ={}, of_inventory=True)
    assert problems_by_schema(found.data, target) == []


@pytest.mark.parametrize("target", WRITTEN)
@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_what_is_written_of_hostile_components_is_valid_by_the_official_schema(target, data):
    texts = st.sampled_from([one for one in HOSTILE if one])
    draw = data.draw
    part = Component(
        ref="pkg:npm/a@1",
        purl="pkg:npm/a@1",
        type="npm",
        name=draw(texts),
        version=draw(texts),
        licences=(draw(texts), draw(texts)),
        licences_found=(draw(texts),),
        supplier=draw(texts),
        source=draw(texts),
        description=draw(texts),
        homepage=draw(texts | st.sampled_from(["http://[::1", "https://x.org/%zz", "https://x.org/a b"])),
        evidence=(draw(texts),),
        hashes={draw(st.sampled_from(["md5", "sha256", "crc32", "blake9"])): draw(texts)},
        cpes=(draw(texts), draw(texts)),
        facts={"x": draw(texts)},
    )
    inventory = replace(full_inventory(), components=(part,))
    document = document_of(inventory, timestamp=1, manifest_root=build_manifest(inventory).root)
    found = render_document(document, parse_target(target), environ={}, of_inventory=True)
    assert problems_by_schema(found.data, target) == []


def cyclonedx(**members):
    component = {"type": "library", "bom-ref": "a", "name": "a"} | members
    return {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": [component]}


@pytest.mark.parametrize("target", [one for one in WRITTEN if one != "spdx-json@2.3"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_is_none_is_left_out_and_told(address, target):
    references = [{"type": "vcs", "url": address}, {"type": "website", "url": "https://example.org/ü"}]
    document = read_document(json.dumps(cyclonedx(externalReferences=references)).encode()).document
    found = written(document, target)
    assert problems_by_schema(found.data, target) == []
    assert any("is no address" in one.reason for one in found.left_out)
    back = read_document(found.data).document.parts[0].references
    if "\x01" not in address or "json" in target:
        assert {one.url for one in back} == {address, "https://example.org/ü"}


@pytest.mark.parametrize("target", [one for one in WRITTEN if "1.4" not in one])
@pytest.mark.parametrize("cpe", ["cpe:2.3:a:b", "cpe:/a:b:<>", "cpe", "cpe:2.3:a:b:c:1:*:*:*:*:*:*:x y"])
def test_a_cpe_that_is_none_is_left_out_and_told_and_comes_back(cpe, target):
    found = written(read_document(json.dumps(cyclonedx(cpe=cpe)).encode()).document, target)
    assert problems_by_schema(found.data, target) == []
    assert any("is no CPE name" in one.reason for one in found.left_out)
    back = read_document(found.data).document
    assert [one.cpes for one in back.walk()] == [(cpe,)] or (back.subject and back.subject.cpes == (cpe,))


def test_two_things_with_one_identifier_are_told_apart_in_xml():
    value = cyclonedx()
    value["metadata"] = {
        "tools": {"components": [{"type": "application", "bom-ref": "tool", "name": "cdxgen"}]},
        "component": {"type": "application", "bom-ref": "subject", "name": "s"},
    }
    maker = {"component": {"type": "application", "bom-ref": "tool", "name": "cdxgen"}}
    value["annotations"] = [{"subjects": ["a"], "annotator": maker, "timestamp": "2026-01-01T00:00:00Z", "text": "x"}]
    document = read_document(json.dumps(value).encode()).document
    for target in ("cyclonedx-xml@1.6", "cyclonedx-json@1.6"):
        found = written(document, target)
        assert problems_by_schema(found.data, target) == []
        assert any("which is taken" in one.reason for one in found.left_out)


@pytest.mark.parametrize("text", ["a\x00b", "a\x1fb", "a\ufffeb"])
def test_characters_that_xml_cannot_hold_are_told(text):
    found = written(read_document(json.dumps(cyclonedx(description=text)).encode()).document, "cyclonedx-xml@1.6")
    assert any("XML cannot hold" in one.reason for one in found.left_out)


def test_half_a_surrogate_pair_is_told():
    reading = read_document(json.dumps(cyclonedx(description="a\ud800b")).encode(), lenient=True)
    assert any("surrogates" in one.reason for one in reading.repaired)
    found = written(reading.document, "cyclonedx-json")
    assert b"a?b" in found.data and found.left_out == ()


def test_relations_to_what_is_not_there_are_left_out_of_spdx_3_and_told():
    value = cyclonedx()
    value["dependencies"] = [{"ref": "a", "dependsOn": ["nowhere"]}]
    found = written(read_document(json.dumps(value).encode()).document, "spdx-json@3.0.1")
    assert problems_by_schema(found.data, "spdx-json@3.0.1") == []
    assert missing_in_spdx3(found.data) == set()
    assert any("nowhere" in one.reason for one in found.left_out)


MIXED = [
    {"license": {"id": "MIT", "acknowledgement": "declared"}},
    {"license": {"name": "House", "text": {"content": "words"}}},
    {"expression": "Apache-2.0 OR ISC", "acknowledgement": "declared"},
    {"expression": "Zlib AND 0BSD", "acknowledgement": "concluded"},
]


def test_licences_of_every_kind_stand_beside_each_other_in_cyclonedx_1_7():
    value = cyclonedx(licenses=MIXED) | {"specVersion": "1.7"}
    document = read_document(json.dumps(value).encode()).document
    assert json.loads(written(document, "cyclonedx-json@1.7").data)["components"][0]["licenses"] == MIXED
    for target in WRITTEN:
        found = written(document, target)
        assert problems_by_schema(found.data, target) == []
        again = read_document(found.data).document
        part = again.subject if target.startswith("spdx") and again.subject is not None else next(again.walk())
        words = " ".join(one.value for one in part.licences)
        assert all(name in words for name in ("MIT", "House", "Apache-2.0 OR ISC", "Zlib", "0BSD")), target


@pytest.mark.parametrize("prefix", ["", "http://spdx.org/rdf/references/", "https://spdx.org/rdf/references/"])
@pytest.mark.parametrize("category", ["PACKAGE-MANAGER", "PACKAGE_MANAGER"])
def test_purls_and_cpes_are_read_however_spdx_2_spells_them(prefix, category):
    value = json.loads(rendered(full_document(), "spdx-json@2.3"))
    rows = [
        (category, "purl", "pkg:npm/a@1"),
        ("SECURITY", "cpe22Type", "cpe:/a:b:c"),
        ("SECURITY", "cpe23Type", "cpe:2.3:a:b:c"),
    ]
    package = {"name": "a", "SPDXID": "SPDXRef-a", "downloadLocation": "NOASSERTION", "filesAnalyzed": False}
    package["externalRefs"] = [
        {"referenceCategory": one, "referenceType": prefix + kind, "referenceLocator": text} for one, kind, text in rows
    ]
    document = read_document(json.dumps(value | {"packages": [package], "relationships": []}).encode()).document
    part = next(iter(document.walk()), document.subject)
    assert part is not None
    assert (part.purl, part.cpes) == ("pkg:npm/a@1", ("cpe:/a:b:c", "cpe:2.3:a:b:c"))


def test_spdx_2_1_is_read():
    value = json.loads(rendered(full_document(), "spdx-json@2.3"))
    package = {"name": "a", "SPDXID": "SPDXRef-a", "downloadLocation": "NOASSERTION", "filesAnalyzed": False}
    package |= {"licenseConcluded": "NOASSERTION", "licenseDeclared": "MIT", "copyrightText": "NONE"}
    value |= {"spdxVersion": "SPDX-2.1", "packages": [package], "relationships": []}
    value.pop("annotations", None)
    value.pop("hasExtractedLicensingInfos", None)
    reading = read_document(json.dumps(value).encode())
    assert reading.title == "SPDX 2.1 JSON"


@pytest.mark.parametrize(("short", "long"), [("cyclonedx", "cyclonedx-json"), ("spdx@3.0", "spdx-json@3.0.1")])
def test_formats_have_short_names(short, long):
    assert parse_target(short) == parse_target(long)


@pytest.mark.parametrize("target", WRITTEN)
def test_a_version_longer_than_cyclonedx_allows_is_told_and_comes_back(target):
    document = read_document(json.dumps(cyclonedx() | {"specVersion": "1.4"}).encode()).document
    document = replace(document, parts=(replace(document.parts[0], version="1" * 2000),))
    found = written(document, target)
    assert problems_by_schema(found.data, target) == []
    again = read_document(found.data).document
    part = next(iter(again.walk()), again.subject)
    assert part is not None and part.version == "1" * 2000
    assert any("characters, of which" in one.reason for one in found.left_out) == target.startswith("cyclonedx")
