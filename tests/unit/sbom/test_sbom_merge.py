"""Merging bills of materials: what is one component, what is kept where documents disagree, and the laws of the whole."""

import json
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sbom_documents import rendered

from pratique.errors import LimitExceeded, Malformed
from pratique.sbom import merge as merging
from pratique.sbom.containment import flattened
from pratique.sbom.document import (
    CONTAINS,
    DEPENDS_ON,
    Annotation,
    Basis,
    Completeness,
    CustomLicence,
    Document,
    Family,
    Form,
    Hash,
    Licence,
    Part,
    Party,
    Property,
    Reference,
    Relation,
    Tool,
)
from pratique.sbom.formats.read import read_document
from pratique.sbom.merge import MERGED, Input, merge_documents

A, B = "0f" * 32, "1e" * 32


def given_as(document, text="", label=""):
    """An input whose digest is of `text`, or of all that the document says."""
    return Input(document=document, sha256=sha256((text or repr(document)).encode()).hexdigest(), label=label)


def merged(*documents, **options):
    return merge_documents([given_as(one) for one in documents], **options)


def document(name, *parts, family=Family.CYCLONEDX, **more):
    """A document about an application of that name."""
    subject = Part(ref=f"{name}-itself", name=name, version="1", kind="application")
    return Document(family=family, serial=f"urn:uuid:{name}", subject=subject, parts=parts, **more)


def library(name, ref="", **more):
    purl = more.pop("purl", f"pkg:npm/{name}@1")
    return Part(ref=ref or name, name=name, version="1", kind="library", purl=purl, **more)


def only(found):
    """The one component of the result that is a library."""
    (part,) = [one for one in found.document.walk() if one.kind == "library"]
    return part


def everything(found):
    return [found.subject, *found.walk(), *found.files] if found.subject is not None else [*found.walk(), *found.files]


# What is one component


def test_the_product_contains_what_the_documents_are_about_and_depends_on_it():
    found = merged(document("a"), document("b"), name="harbour", version="2").document
    assert (found.subject.name, found.subject.version, found.subject.kind) == ("harbour", "2", "application")
    assert found.name == "harbour 2"
    relations = {(one.kind, one.targets) for one in found.relations if one.source == found.subject.ref}
    assert relations == {(CONTAINS, ("a-itself", "b-itself")), (DEPENDS_ON, ("a-itself", "b-itself"))}


def test_what_a_document_is_about_keeps_what_the_document_says_as_a_whole():
    one = document(
        "a", properties=(Property("pratique:manifest:root", "sha256:1"),), supplier=Party(name="Us"), comment="a remark"
    )
    one = replace(one, serial="urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79", revision=4)
    found = merged(one, document("b"), name="p").document
    part = next(part for part in found.parts if part.name == "a")
    assert part.property("pratique:manifest:root") == "sha256:1" and part.supplier == Party(name="Us")
    digest = given_as(one).sha256
    link = Reference(kind="bom", url="urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/4", hashes=(Hash("sha256", digest),))
    assert part.references == (link,)
    record = json.loads(found.property(MERGED))
    assert record == {"comment": "a remark", "serial": one.serial, "sha256": digest, "subject": "a-itself"}
    assert found.property("pratique:manifest:root") == ""


def test_package_urls_are_compared_in_their_canonical_spelling_with_their_qualifiers():
    spelled = [library("x", purl="pkg:pypi/My_Lib@1?b=2&a=1"), library("y", purl="pkg:pypi/my-lib@1?a=1&b=2")]
    found = merged(document("a", spelled[0]), document("b", spelled[1])).document
    assert len([one for one in found.walk() if one.purl]) == 1
    other = library("z", purl="pkg:pypi/my-lib@1?a=1&b=3")
    found = merged(document("a", spelled[0]), document("b", other)).document
    assert len([one for one in found.walk() if one.purl]) == 2


def test_a_package_url_without_a_version_is_one_component_only_with_the_version_beside_it():
    rows = [replace(library("x", purl="pkg:npm/x"), version=version) for version in ("1", "2", "1")]
    found = merged(*(document(name, row) for name, row in zip("abc", rows, strict=True))).document
    assert sorted(one.version for one in found.walk() if one.purl) == ["1", "2"]


@pytest.mark.parametrize(
    ("other", "count"),
    [
        ({}, 1),
        ({"version": "2"}, 2),
        ({"kind": "framework"}, 2),
        ({"group": "g"}, 2),
        ({"hashes": (Hash("sha256", B),)}, 2),
        ({"hashes": ()}, 2),
        ({"hashes": (Hash("sha256", A), Hash("sha1", "0" * 40))}, 2),
    ],
)
def test_without_a_package_url_kind_name_version_and_hashes_make_one_component(other, count):
    first = Part(ref="x", name="thing", kind="library", version="1", hashes=(Hash("sha256", A),))
    found = merged(document("a", first), document("b", replace(first, ref="y", **other))).document
    assert len([one for one in found.walk() if one.name == "thing"]) == count


def test_a_name_alone_is_no_identity_two_folders_called_dot_are_two():
    rows = [Document(family=Family.CYCLONEDX, subject=Part(ref="r", name=".", kind="file"), serial=name) for name in "ab"]
    found = merged(*rows, name="p").document
    assert [one.name for one in found.parts] == [".", "."] and len({one.ref for one in found.parts}) == 2


def test_files_of_the_same_path_are_one_only_where_their_hashes_are_the_same():
    def with_file(name, *hashes):
        path = Part(ref="f", name="etc/motd", kind="file", hashes=tuple(hashes))
        return document(name, files=(path,), family=Family.SPDX2)

    assert len(merged(with_file("a", Hash("sha1", "0")), with_file("b", Hash("sha1", "0"))).document.files) == 1
    assert len(merged(with_file("a", Hash("sha1", "0")), with_file("b", Hash("sha1", "1"))).document.files) == 2
    assert len(merged(with_file("a"), with_file("b")).document.files) == 2


def test_packages_of_spdx_whose_verification_codes_differ_are_two():
    def with_code(name, code):
        return replace(
            library("x", purl=""), extra={"/packageVerificationCode": {"packageVerificationCodeValue": code}}, ref=name
        )

    rows = [document(name, with_code(name, name), family=Family.SPDX2) for name in "ab"]
    for family in (Family.SPDX2, Family.CYCLONEDX):
        assert len([one for one in merged(*rows, family=family).document.walk() if one.kind == "library"]) == 2


def test_documents_about_one_thing_become_one_about_that_thing_unless_a_name_is_given():
    one = document("a", library("x"), properties=(Property("said", "1"),))
    other = replace(one, parts=(library("y"),), serial="urn:uuid:2")
    found = merged(one, other).document
    assert found.subject.name == "a" and {part.name for part in found.walk()} == {"x", "y"}
    assert found.property("said") == "1" and found.subject.property("said") == ""
    assert merged(one, other, name="p").document.parts[0].name == "a"


def test_a_name_that_is_not_given_is_made_of_those_of_the_parts_in_any_order():
    names = ["d", "b", "a", "c", "e"]
    assert merged(*map(document, names[:2])).document.subject.name == "b + d"
    assert merged(*map(document, names)).document.subject.name == "a + b + c + 2 more"
    assert merged(*map(document, reversed(names))).document.subject.name == "a + b + c + 2 more"


def test_a_document_that_is_about_nothing_in_particular_gives_what_it_lists():
    bare = Document(family=Family.CYCLONEDX, parts=(library("x", parts=(library("y"),)),))
    found = merged(bare, document("a"), name="p").document
    targets = {one.kind: set(one.targets) for one in found.relations if one.source == found.subject.ref}
    assert targets == {CONTAINS: {"a-itself", "x"}, DEPENDS_ON: {"a-itself"}}


def test_what_an_spdx_document_describes_is_what_the_product_contains():
    rows = (library("x"), library("y"))
    described = Relation(source="", kind="describes", targets=("x", "y"))
    found = merged(Document(family=Family.SPDX2, parts=rows, relations=(described,)), document("a"), name="p").document
    assert set(found.dependencies()[found.subject.ref]) == {"x", "y", "a-itself"}


def test_the_same_document_given_twice_counts_once_and_is_told():
    one = given_as(document("a", library("x")))
    found = merge_documents([one, given_as(document("b")), one], name="p")
    assert found.repeated == (2,) and len([row for row in found.document.properties if row.name == MERGED]) == 2


# Where documents disagree


@pytest.mark.parametrize(
    ("field", "first", "second", "kept", "other"),
    [
        ("supplier", Party(name="One"), Party(name="Two", email="t@x"), "One", "Two (t@x)"),
        ("description", "says this", "says that", "says this", "says that"),
        ("licences", (Licence(value="MIT"),), (Licence(value="ISC"),), "MIT", "ISC"),
        ("hashes", (Hash("sha256", A),), (Hash("sha256", B), Hash("md5", "0")), f"sha256:{A}", f"sha256:{B}, md5:0"),
        ("kind", "library", "framework", "library", "framework"),
        ("group", "g", "h", "g/x", "h/x"),
    ],
)
def test_what_documents_say_differently_is_kept_beside_the_first_ones_word_and_listed(field, first, second, kept, other):
    rows = [
        document(name, library("x", **{field: value}) if field != "kind" else replace(library("x"), kind=value))
        for name, value in (("a", first), ("b", second))
    ]
    found = merged(*rows)
    (conflict,) = found.conflicts
    name = "name" if field == "group" else field
    assert (conflict.component, conflict.field) == ("pkg:npm/x@1", name)
    assert (conflict.kept.value, conflict.kept.by) == (kept, (0,))
    assert [(one.value, one.by) for one in conflict.others] == [(other, (1,))]
    part = next(one for one in found.document.walk() if one.purl)
    assert getattr(part, field) == first
    said = json.loads(part.property(f"pratique:conflict:{name}"))
    assert said == {"in": ["urn:uuid:b"], "value": other}


def test_what_only_one_document_says_is_no_conflict_and_lists_are_united():
    one = library("x", description="d", cpes=("c1",), occurrences=("p", "q"), hashes=(Hash("sha1", "0"),))
    other = library("x", copyright="c", cpes=("c2", "c1"), occurrences=("q", "r"), hashes=(Hash("sha1", "0"), Hash("md5", "1")))
    found = merged(document("a", one), document("b", other))
    part = only(found)
    assert found.conflicts == ()
    assert (part.description, part.copyright, part.cpes, part.occurrences) == ("d", "c", ("c1", "c2"), ("p", "q", "r"))
    assert part.hashes == (Hash("sha1", "0"), Hash("md5", "1"))


@pytest.mark.parametrize(
    "pair",
    [
        (Licence(value="MIT AND ISC", basis=Basis.DECLARED), [Licence(value="ISC"), Licence(value="MIT", text="Permission")]),
        (Licence(value="MIT"), [Licence(value="MIT"), Licence(value="ISC", basis=Basis.FOUND)]),
        (Licence(value="Apache 2.0", form=Form.NAME), [Licence(value="Apache-2.0", form=Form.ID)]),
        (Licence(value="MIT"), [Licence(value="MIT"), Licence(value="ISC", basis=Basis.CONCLUDED)]),
    ],
)
def test_licences_that_mean_the_same_or_are_said_by_others_are_no_conflict(pair):
    one, others = pair
    found = merged(document("a", library("x", licences=(one,))), document("b", library("x", licences=tuple(others))))
    assert found.conflicts == ()
    assert [row.value for row in only(found).licences if row.basis is not one.basis] == [
        row.value for row in others if row.basis in (Basis.FOUND, Basis.CONCLUDED)
    ]


def test_a_name_with_its_group_written_otherwise_is_the_same_name():
    one = replace(library("x", purl="pkg:maven/g/x@1"), group="g")
    other = replace(library("y", purl="pkg:maven/g/x@1"), name="g:x")
    assert merged(document("a", one), document("b", other)).conflicts == ()
    names = [replace(library("x", purl="pkg:pypi/a-b@1"), name=name) for name in ("a_b", "A.b")]
    assert merged(document("a", names[0]), document("b", names[1])).conflicts == ()
    names = [replace(library("x", purl="pkg:npm/a-b@1"), name=name) for name in ("a_b", "A.b")]
    assert len(merged(document("a", names[0]), document("b", names[1])).conflicts) == 1


def test_a_supplier_with_and_without_a_mail_address_is_one_and_the_address_stays():
    rows = [
        Party(name="Ann <a@example.org>", kind="organization"),
        Party(name='"Ann" (Ann <a@example.org>)', email="a@example.org", phone="1"),
    ]
    found = merged(*(document(name, library("x", supplier=party)) for name, party in zip("ab", rows, strict=True)))
    assert found.conflicts == ()
    assert only(found).supplier == replace(rows[0], email="a@example.org", phone="1")


def test_suppliers_that_differ_in_parentheses_are_two():
    rows = [document(name, library("x", supplier=Party(name=f"Acme ({name})"))) for name in "ab"]
    assert len(merged(*rows).conflicts) == 1


def test_where_several_documents_found_a_component_is_all_said():
    rows = [document(name, library("x", source_info=text)) for name, text in (("a", "here"), ("b", "there"), ("c", "here"))]
    assert only(merged(*rows)).source_info == "here\nthere"


def test_a_supplier_that_the_document_names_otherwise_than_its_subject_is_a_conflict():
    one = document("a", supplier=Party(name="Two"), manufacturer=Party(name="Maker"))
    found = merged(replace(one, subject=replace(one.subject, supplier=Party(name="One"))), name="p")
    (conflict,) = found.conflicts
    assert (conflict.field, conflict.kept.value, conflict.others[0].value) == ("supplier", "One", "Two")
    assert found.document.parts[0].manufacturer == Party(name="Maker")


def test_conflicts_of_earlier_mergers_stay():
    rows = [document(name, library("x", description=name)) for name in "abc"]
    inner = merged(*rows[:2], name="p", version="1").document
    found = merged(inner, rows[2], name="p", version="1")
    said = [json.loads(one.value)["value"] for one in only(found).properties if one.name == "pratique:conflict:description"]
    assert sorted(said) == ["b", "c"]


# The graph


def targets_of(found, ref, kind=DEPENDS_ON):
    return [one.targets for one in found.document.relations if (one.source, one.kind) == (ref, kind)]


def depends(*targets, source="x", **more):
    return (Relation(source=source, kind=DEPENDS_ON, targets=targets, **more),)


def test_no_relation_and_a_relation_without_targets_stay_apart():
    assert targets_of(merged(document("a", library("x")), document("b")), "x") == []
    assert targets_of(merged(document("a", library("x"), relations=depends()), document("b", library("x"))), "x") == [()]


def test_that_there_are_none_beside_some_is_told_and_the_some_stay():
    rows = (library("x"), library("y"))
    found = merged(document("a", *rows, relations=depends()), document("b", *rows, relations=depends("y")))
    assert targets_of(found, "x") == [("y",)]
    (conflict,) = found.conflicts
    assert (conflict.field, conflict.kept.value, conflict.others[0].value) == (DEPENDS_ON, "pkg:npm/y@1", "none")
    assert (conflict.kept.by, conflict.others[0].by) == ((1,), (0,))


def test_circles_stay_circles_and_what_two_equal_parts_say_of_each_other_is_gone():
    rows = (library("x"), library("y"), library("z", purl="pkg:npm/x@1"))
    relations = (*depends("y", "z"), *depends("x", source="y"), *depends("y", source="z"))
    found = merged(document("a", *rows, relations=relations))
    assert targets_of(found, "x") == [("y",)] and targets_of(found, "y") == [("x",)]


def test_a_ref_that_two_documents_use_for_different_things_names_one_of_them_only():
    one = document("a", library("x", ref="1"), library("y", ref="2"), relations=depends("2", source="1"))
    other = document("b", library("z", ref="1"), library("x", ref="2"), relations=depends("2", source="1"))
    found = merged(one, other, name="p").document
    by_ref = {part.ref: part.name for part in everything(found)}
    edges = {(by_ref[row.source], by_ref[to]) for row in found.relations if row.kind == DEPENDS_ON for to in row.targets}
    assert edges == {("x", "y"), ("z", "x"), ("p", "a"), ("p", "b")}


def test_a_ref_that_its_document_does_not_define_finds_nothing_in_another():
    one = document("a", library("x"), relations=depends("y"), annotations=(Annotation(subjects=("y",), text="t"),))
    found = merged(one, document("b", library("y")), name="p")
    assert targets_of(found, "x") == [] and found.document.annotations == ()
    assert any("names y, which is not in the document" in str(row) for row in found.left_out)
    assert any("is about y, which is not in the document" in str(row) for row in found.left_out)


@pytest.mark.parametrize(
    ("first", "second", "edges", "word"),
    [
        ("complete", "incomplete", ("y", "y"), "incomplete"),
        ("incomplete", "complete", ("y", "y"), "incomplete"),
        ("complete", "complete", ("y", "y"), "complete"),
        ("complete", "unknown", ("y", "y"), "unknown"),
        ("unknown", "incomplete_first_party_only", ("y", "y"), "incomplete_first_party_only"),
        ("incomplete_third_party_only", "incomplete_first_party_only", ("y", "y"), "incomplete"),
        ("complete", "complete", ("y", "z"), "unknown"),
        ("complete", "", ("y", "y"), "complete"),
        ("complete", "", ("y", "z"), "unknown"),
    ],
)
def test_of_two_words_on_completeness_the_weaker_counts(first, second, edges, word):
    def one(name, said, target):
        stated = (Completeness(aggregate=said, dependencies=("x",)),) if said else ()
        return document(name, library("x"), library("y"), library("z"), relations=depends(target), completeness=stated)

    found = merged(one("a", first, edges[0]), one("b", second, edges[1])).document
    assert found.completeness == (Completeness(aggregate=word, dependencies=("x",)),)


def test_completeness_of_a_whole_document_is_that_of_what_it_is_about():
    one = document("a", completeness=(Completeness(aggregate="complete"),))
    found = merged(one, document("b"), name="p").document
    assert found.completeness == (Completeness(aggregate="complete", assemblies=("a-itself",)),)


@pytest.mark.parametrize(("first", "second", "word"), [("complete", "incomplete", "incomplete"), ("complete", "", "")])
def test_of_two_words_on_a_relation_of_spdx_the_weaker_counts(first, second, word):
    rows = [
        document(name, library("x"), library("y"), relations=depends("y", complete=said), family=Family.SPDX3)
        for name, said in (("a", first), ("b", second))
    ]
    (relation,) = [one for one in merged(*rows).document.relations if one.source.endswith("x")]
    assert relation.complete == word


def test_what_is_remarked_about_a_document_is_remarked_about_what_it_is_about():
    one = document("a", library("x"), annotations=(Annotation(subjects=("", "x"), text="t"),))
    assert merged(one, document("b"), name="p").document.annotations == (Annotation(subjects=("a-itself", "x"), text="t"),)


# What belongs to a format


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
        document(one, library(one, licences=(Licence(value="Ours", form=Form.NAME, text=text),)))
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


# The laws

PRODUCT = ("p", "1", ())
POOL = [
    Part(ref="", name="one", version="1", kind="library", purl="pkg:npm/one@1"),
    Part(ref="", name="two", version="2", kind="library", purl="pkg:pypi/Two@2"),
    Part(ref="", name="two", version="2", kind="library", purl="pkg:pypi/two@2?arch=x"),
    Part(ref="", name="three", version="3", kind="framework"),
    Part(ref="", name="four", kind="library", hashes=(Hash("sha256", A),)),
    Part(ref="", name="four", kind="library", hashes=(Hash("sha256", B),)),
    Part(ref="", name="five", version="5", kind="library", hashes=(Hash("sha1", "0" * 40),)),
    Part(ref="", name="alone", kind="library"),
]
WORDS = ["complete", "incomplete", "unknown", "incomplete_first_party_only"]


@st.composite
def documents(draw, name):
    """A document of any family about an application, with some of the pool, nested, related and remarked at will."""
    family = draw(st.sampled_from([Family.CYCLONEDX, Family.SPDX2, Family.SPDX3, Family.OWN]))
    chosen = draw(st.lists(st.sampled_from(range(len(POOL))), unique=True, max_size=5))
    refs = draw(st.permutations([f"r{number}" for number in range(len(chosen))]))
    parts = [
        replace(
            POOL[number],
            ref=ref,
            name=f"alone in {name}" if POOL[number].name == "alone" else POOL[number].name,
            description=draw(st.sampled_from(["", "this", "that"])),
            supplier=draw(st.none() | st.sampled_from(["One", "Two"]).map(lambda text: Party(name=text))),
            licences=draw(st.sampled_from([(), (Licence(value="MIT"),), (Licence(value="ISC"),)])),
        )
        for number, ref in zip(chosen, refs, strict=True)
    ]
    ends = [*refs, "subject"]
    relations = [
        Relation(source=source, kind=kind, targets=tuple(draw(st.lists(st.sampled_from(ends), unique=True, max_size=2))))
        for source in draw(st.lists(st.sampled_from(ends), unique=True, max_size=3))
        for kind in draw(st.lists(st.sampled_from([DEPENDS_ON, "generates"]), unique=True, max_size=2))
    ]
    if family is Family.CYCLONEDX and len(parts) > 2 and draw(st.booleans()):
        parts = [replace(parts[0], parts=(replace(parts[1], parts=(parts[2],)),)), *parts[3:]]
    said = draw(st.lists(st.sampled_from(ends), unique=True, max_size=2))
    subject = Part(ref="subject", name=name, version="1", kind="application")
    return Document(
        family=family,
        serial=f"urn:uuid:{name}",
        subject=draw(st.sampled_from([subject, subject, None]))
        if family is Family.CYCLONEDX and not relations and not said
        else subject,
        parts=tuple(parts),
        relations=tuple(relations),
        completeness=(Completeness(aggregate=draw(st.sampled_from(WORDS)), dependencies=tuple(said)),) if said else (),
        annotations=tuple(Annotation(subjects=(ref,), text="t") for ref in said),
    )


def named(part):
    return (part.purl.lower() or part.name, part.version, part.hashes)


def components(document):
    return Counter(named(one) for one in everything(document))


def edges(document):
    flat = flattened(document)
    names = {part.ref: named(part) for part in everything(flat)}
    found = {(names[one.source], one.kind, names[to]) for one in flat.relations if one.source for to in one.targets}
    return found | {(names[one.source], one.kind, None) for one in flat.relations if one.source and not one.targets}


def without_nothing(found):
    """Edges but for what the product contains, which it contains through its parts, too; that there are none of a kind is only
    said where nobody names some."""
    found = {row for row in found if row[:2] != (PRODUCT, CONTAINS)}
    named_some = {(source, kind) for source, kind, to in found if to is not None}
    return {row for row in found if row[2] is not None or row[:2] not in named_some}


def dangling(document):
    defined = {part.ref for part in everything(document)} | {""}
    used = {ref for one in document.relations for ref in (one.source, *one.targets)}
    used |= {ref for one in document.completeness for ref in (*one.assemblies, *one.dependencies)}
    used |= {ref for one in document.annotations for ref in one.subjects}
    return used - defined


def whole(*rows, family=None):
    return merge_documents([given_as(one) for one in rows], family=family, name="p", version="1").document


THREE = st.tuples(documents("a"), documents("b"), documents("c"))
FAMILIES = st.sampled_from([Family.CYCLONEDX, Family.SPDX2, Family.SPDX3])


@settings(deadline=None, max_examples=80)
@given(THREE, FAMILIES)
def test_every_component_and_edge_is_in_the_result_and_nothing_else_but_the_product(rows, family):
    found = whole(*rows, family=family)
    expected = {name for one in rows for name in components(one)}
    assert components(found) == Counter([*expected, PRODUCT])
    stated = without_nothing({edge for one in rows for edge in edges(one)})
    assert stated <= without_nothing(edges(found))
    assert {edge for edge in without_nothing(edges(found)) - stated if edge[0] != PRODUCT} == set()


@settings(deadline=None, max_examples=80)
@given(THREE, FAMILIES)
def test_no_ref_leads_nowhere_and_none_is_used_twice(rows, family):
    found = whole(*rows, family=family)
    assert dangling(found) == set()
    refs = [one.ref for one in everything(found)]
    assert len(set(refs)) == len(refs) and all(refs)


@settings(deadline=None, max_examples=60)
@given(THREE)
def test_in_another_order_there_are_the_same_components_edges_and_words_on_completeness(rows):
    def words(found):
        names = {part.ref: named(part) for part in everything(found)}
        return {(one.aggregate, names[ref]) for one in found.completeness for ref in one.dependencies}

    one, other = whole(*rows), whole(*reversed(rows))
    assert components(one) == components(other)
    assert edges(one) == edges(other)
    assert words(one) == words(other)


@settings(deadline=None, max_examples=60)
@given(THREE)
def test_merging_step_by_step_is_merging_at_once(rows):
    a, b, c = rows
    at_once = whole(a, b, c, family=Family.CYCLONEDX)
    for found in (whole(whole(a, b), c, family=Family.CYCLONEDX), whole(a, whole(b, c), family=Family.CYCLONEDX)):
        assert components(found) == components(at_once)
        assert without_nothing(edges(found)) == without_nothing(edges(at_once))


@settings(deadline=None, max_examples=60)
@given(documents("a"))
def test_a_document_merged_with_itself_says_what_it_said(one):
    once = merge_documents([given_as(one)]).document
    twice = merge_documents([given_as(one, "first"), given_as(one, "second")]).document
    by_name = {name: count for name, count in components(one).items() if not name[1] and not name[2]}
    alone = {} if one.family is Family.SPDX3 else by_name  # SPDX 3 names everything for the world
    if one.subject is not None:
        assert components(once) == components(one) and edges(once) == edges(one)
        # What states neither version nor hash could be anything in the second document.
        assert components(twice) == components(one) + Counter(alone)
    assert edges(one) <= edges(twice)


@settings(deadline=None, max_examples=40)
@given(
    THREE,
    st.sampled_from(
        [
            "cyclonedx-json@1.4",
            "cyclonedx-json@1.7",
            "cyclonedx-xml@1.6",
            "spdx-json@2.3",
            "spdx-tag-value",
            "spdx-json@3.0.1",
            "json",
        ]
    ),
)
def test_what_is_written_is_read_again_with_the_same_components_and_edges(rows, name):
    families = {"cyclonedx": Family.CYCLONEDX, "spdx": Family.SPDX3 if "3.0" in name else Family.SPDX2}
    found = whole(*rows, family=families.get(name.partition("-")[0]))
    again = read_document(rendered(found, name)).document
    assert components(again) == components(found)
    assert without_nothing(edges(again)) == without_nothing(edges(found))
    assert rendered(found, name) == rendered(whole(*rows, family=found.family), name)
