"""Merging bills of materials: what is one component, and what is kept where documents disagree."""

import json
from dataclasses import replace

import pytest
from sbom_merging import A, B, document, given_as, library, merged, only

from pratique.documents.document import (
    CONTAINS,
    DEPENDS_ON,
    Basis,
    Document,
    DocumentForm,
    ExternalReference,
    Family,
    Hash,
    Licence,
    Part,
    Party,
    Property,
    Relation,
)
from pratique.documents.merge.merge import MERGED, merge_documents


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
    link = ExternalReference(kind="bom", url="urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/4", hashes=(Hash("sha256", digest),))
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
        (Licence(value="Apache 2.0", form=DocumentForm.NAME), [Licence(value="Apache-2.0", form=DocumentForm.ID)]),
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
