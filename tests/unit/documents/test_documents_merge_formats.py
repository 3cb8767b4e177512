"""Merging bills of materials: what only one family of formats knows, and what is said of the document."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from sbom_documents import rendered
from sbom_merging import depends, document, edges, everything, given_as, library, merged, named, only, targets_of

from pratique.documents.document import (
    CONTAINS,
    Annotation,
    CustomLicence,
    Document,
    DocumentForm,
    Family,
    Hash,
    Licence,
    Part,
    Party,
    Relation,
    Tool,
)
from pratique.documents.merge import merge as merging
from pratique.documents.merge.merge import merge_documents
from pratique.documents.read import read_document
from pratique.errors import LimitExceeded, Malformed


def test_services_and_vulnerabilities_are_united_and_their_names_kept_apart():
    def one(name):
        service = {"bom-ref": "s", "name": name}
        flaw = {"bom-ref": "v", "id": "CVE-1", "affects": [{"ref": "x"}], "analysis": {"detail": name}}
        same = {"bom-ref": f"same-{name}", "id": "CVE-2", "affects": [{"ref": "x"}]}
        part = library(name, ref="x")
        relations = depends("s")
        remarks = (Annotation(subjects=("s", f"same-{name}"), text=name),)
        return document(
            name, part, relations=relations, vulnerabilities=(flaw, same), annotations=remarks, extra={"/services": [service]}
        )

    found = merged(one("a"), one("b"), name="p").document
    assert found.extra["/services"] == [{"bom-ref": "s", "name": "a"}, {"bom-ref": "s-2", "name": "b"}]
    refs = {part.name: part.ref for part in found.walk()}
    assert refs["a"] != refs["b"]
    assert [(row["id"], row["affects"][0]["ref"]) for row in found.vulnerabilities] == [
        ("CVE-1", "x"),
        ("CVE-2", "x"),
        ("CVE-1", "x-2"),
        ("CVE-2", "x-2"),
    ]
    assert {one.subjects for one in found.annotations} == {("s", "same-a"), ("s-2", "same-b")}


def test_a_vulnerability_that_two_documents_state_alike_stands_there_once_under_one_name():
    def one(name):
        flaw = {"bom-ref": f"v-{name}", "id": "CVE-1", "affects": [{"ref": f"x-{name}"}]}
        remarks = (Annotation(subjects=(f"v-{name}",), text=name),)
        return document(name, library("x", ref=f"x-{name}"), vulnerabilities=(flaw,), annotations=remarks)

    found = merged(one("a"), one("b")).document
    assert found.vulnerabilities == ({"bom-ref": "v-a", "id": "CVE-1", "affects": [{"ref": "x-a"}]},)
    assert [row.subjects for row in found.annotations] == [("v-a",), ("v-a",)]


def test_a_bom_link_into_another_input_leads_to_its_component():
    serial = "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79"
    one = replace(document("a", library("x", ref="x y")), serial=serial)
    link = "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#x%20y"
    flaw = {"id": "CVE-1", "affects": [{"ref": link}]}
    other = document("b", relations=depends(link, source="b-itself"), vulnerabilities=(flaw,))
    found = merged(one, other, name="p")
    assert targets_of(found, "b-itself") == [("x y",)] and found.left_out == ()
    assert found.document.vulnerabilities == ({"id": "CVE-1", "affects": [{"ref": "x y"}]},)


def test_an_address_that_two_documents_of_one_name_use_for_different_things_leads_to_neither():
    serial = "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79"
    link = "urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#x"
    rows = [replace(document(name, library(name, ref="x")), serial=serial) for name in "ab"]
    found = merged(*rows, document("c", relations=depends(link, source="c-itself")), name="p")
    assert targets_of(found, "c-itself") == [(link,)]


@pytest.mark.parametrize(("stated", "count"), [("0" * 40, 0), ("0" * 39 + "A", 1), ("", 0)])
def test_a_document_that_is_not_the_version_another_speaks_of_is_told(stated, count):
    row = {"externalDocumentId": "DocumentRef-b", "spdxDocument": "urn:uuid:b"}
    row |= {"checksum": {"algorithm": "SHA1", "checksumValue": stated}}
    one = document("a", family=Family.SPDX2, extra={"/externalDocumentRefs": [row]})
    other = replace(given_as(document("b", family=Family.SPDX2)), sha1="0" * 40)
    found = merge_documents([given_as(one), other], name="p")
    assert [(each.component, each.field) for each in found.conflicts] == [("urn:uuid:b", "document")] * count
    assert [json.loads(each.value) for each in found.document.properties if each.name == "pratique:conflict:document"] == [
        {"in": ["urn:uuid:a"], "value": f"sha1:{stated.lower()}"}
    ] * count


def test_what_spdx_3_names_alike_is_one_although_it_states_neither_version_nor_hash():
    def one(serial, ref):
        part = Part(ref=ref, name="x", kind="library")
        return Document(family=Family.SPDX3, serial=serial, parts=(part,), name=serial)

    named = [one("https://a.example", "https://x.example/x"), one("https://b.example", "https://x.example/x")]
    assert len(merged(*named, name="p").document.parts) == 1
    own = [one("https://a.example", "x"), one("https://b.example", "x")]
    assert [part.ref for part in merged(*own, name="p").document.parts] == ["https://a.example#x", "https://b.example#x"]


def test_snippets_of_spdx_follow_the_names_of_their_files():
    def one(name):
        snippet = {
            "SPDXID": "SPDXRef-s",
            "snippetFromFile": "SPDXRef-f",
            "ranges": [{"startPointer": {"offset": 1, "reference": "SPDXRef-f"}}],
        }
        path = Part(ref="SPDXRef-f", name=f"{name}.c", kind="file", hashes=(Hash("sha1", "0" * 40),))
        return document(name, files=(path,), family=Family.SPDX2, extra={"/snippets": [snippet]})

    found = merged(one("a"), one("b"), name="p").document
    first, second = found.extra["/snippets"]
    assert (first["SPDXID"], first["snippetFromFile"]) == ("SPDXRef-s", "SPDXRef-f")
    assert (second["SPDXID"], second["snippetFromFile"]) == ("SPDXRef-s-2", "SPDXRef-f-2")
    assert second["ranges"][0]["startPointer"]["reference"] == "SPDXRef-f-2"


def test_what_is_of_another_family_is_left_out_and_named():
    one = document("a", library("x", extra={"/pedigree": {"notes": "n"}}), vulnerabilities=({"id": "CVE-1"},))
    found = merge_documents([given_as(one, label="a.json")], family=Family.SPDX2, name="p")
    assert [str(row) for row in found.left_out] == [
        "a.json: / 1 vulnerabilities in the words of cyclonedx",
        "a.json: x /pedigree has no place outside of cyclonedx",
    ]
    assert only(found).extra == {} and found.document.vulnerabilities == ()


def test_a_signature_over_an_input_is_not_carried_to_the_result():
    found = merged(document("a", extra={"/signature": {"value": "s"}}), document("b"), name="p")
    assert found.document.extra == {} and any("/signature" in str(row) for row in found.left_out)


def test_no_merged_document_claims_to_be_an_inventory_of_ours():
    rows = [replace(document(name), family=Family.OWN) for name in "ab"]
    assert merged(*rows).document.family is Family.CYCLONEDX
    assert merged(*rows, family=Family.SPDX3).document.family is Family.SPDX3


def test_licence_references_that_stand_for_different_texts_are_told_apart():
    def one(name, text):
        part = library(name, licences=(Licence(value="MIT OR LicenseRef-1"),))
        return document(name, part, family=Family.SPDX2, custom_licences=(CustomLicence(id="LicenseRef-1", text=text),))

    found = merged(one("a", "Do."), one("b", "Do not."), one("c", "Do.")).document
    texts = {row.id: row.text for row in found.custom_licences}
    assert sorted(texts.values()) == ["Do not.", "Do."]
    said = {part.name: texts[part.licences[0].value.removeprefix("MIT OR ")] for part in found.walk() if part.kind == "library"}
    assert said == {"a": "Do.", "b": "Do not.", "c": "Do."}


@pytest.mark.parametrize("name", ["spdx-json@2.3", "spdx-tag-value", "spdx-json@3.0.1"])
def test_licences_of_one_name_and_different_texts_keep_both_texts_in_spdx(name):
    rows = [
        document(one, library(one, licences=(Licence(value="Ours", form=DocumentForm.NAME, text=text),)))
        for one, text in (("a", "Do."), ("b", "Do not."))
    ]
    family = Family.SPDX3 if "3.0" in name else Family.SPDX2
    again = read_document(rendered(merged(*rows, name="p", family=family).document, name)).document
    texts = {one.id: one.text for one in again.custom_licences}
    said = {part.name: part.licences[0] for part in again.walk() if part.licences}
    assert {name: one.text or texts[one.value] for name, one in said.items()} == {"a": "Do.", "b": "Do not."}


def test_containment_deeper_than_formats_nest_is_read_again():
    refs = [f"r{number}" for number in range(60)]
    inside = tuple(Relation(source=one, kind=CONTAINS, targets=(other,)) for one, other in pairwise(refs))
    one = document("a", *(library(ref) for ref in refs), family=Family.SPDX2, relations=inside)
    found = merged(one, name="p", family=Family.CYCLONEDX).document
    again = read_document(rendered(found, "cyclonedx-json@1.6")).document
    assert edges(again) >= {(named(library(one)), CONTAINS, named(library(other))) for one, other in pairwise(refs)}


def test_the_strictest_word_on_passing_the_document_on_counts():
    rows = [
        document(name, extra={"/metadata/distributionConstraints": {"tlp": tlp}}) for name, tlp in (("a", "GREEN"), ("b", "RED"))
    ]
    assert merged(*rows).document.extra["/metadata/distributionConstraints"] == {"tlp": "RED"}


# The document


def test_the_time_is_that_of_the_newest_document_or_the_one_given():
    rows = [
        replace(document(name), timestamp=text)
        for name, text in (("a", "2024-01-02T03:04:05+02:00"), ("b", "2024-01-02T02:00:00Z"))
    ]
    assert merged(*rows).document.timestamp == "2024-01-02T02:00:00Z"
    assert merged(*rows, epoch=0).document.timestamp == "1970-01-01T00:00:00Z"
    assert merged(document("a"), replace(document("b"), timestamp="soon")).document.timestamp == ""


def test_the_serial_number_follows_from_the_inputs_and_what_the_whole_is_called():
    rows = [document("a"), document("b")]
    serials = [
        merged(*rows, name="p").document.serial,
        merged(*rows, name="p", version="1").document.serial,
        merged(*reversed(rows), name="p").document.serial,
        merged(*rows, name="q").document.serial,
    ]
    assert len(set(serials)) == 4 and serials[0] == merged(*rows, name="p").document.serial
    assert all(one.startswith("urn:uuid:") for one in serials)


def test_tools_and_authors_of_the_data_stay_named():
    one = replace(document("a"), tools=(Tool(name="syft", version="1"),), authors=(Party(name="Ann", kind="person"),))
    found = merge_documents([given_as(one)], name="p", tool_version="9").document
    assert found.tools == (Tool(name="pratique", version="9"), Tool(name="syft", version="1"))
    assert found.authors == one.authors


def test_two_components_of_one_ref_are_refused_with_the_document_that_has_them():
    one = document("a", library("x", ref="1"), library("y", ref="1"))
    with pytest.raises(Malformed, match="a.json: two components are called '1'"):
        merge_documents([given_as(one, label="a.json")])


def test_what_has_no_ref_gets_one_that_is_not_taken():
    rows = (library("x", ref="part-1"), replace(library("y"), ref=""), library("z", ref="subject"))
    one = document("a", *rows, relations=depends("subject", source="part-1"))
    found = merged(replace(one, subject=replace(one.subject, ref=""))).document
    names = {part.ref: part.name for part in everything(found)}
    assert sorted(names.values()) == ["a", "x", "y", "z"] and "" not in names
    assert [(names[source], [names[to] for to in targets]) for source, targets in found.dependencies().items()] == [("x", ["z"])]


def test_too_many_components_in_all_are_refused(monkeypatch):
    monkeypatch.setattr(merging, "MAX_PARTS", 3)
    rows = [document(name, library("x"), library("y")) for name in "ab"]
    with pytest.raises(LimitExceeded, match="more than 3 components in all"):
        merged(*rows)
