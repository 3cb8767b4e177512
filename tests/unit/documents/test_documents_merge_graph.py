"""Merging bills of materials: edges, words on completeness, and remarks in the names of the result."""

import pytest
from sbom_merging import depends, document, everything, library, merged, targets_of

from pratique.documents.document import (
    DEPENDS_ON,
    Annotation,
    Completeness,
    Family,
)


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
