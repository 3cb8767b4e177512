"""The laws of mergers: nothing lost, nothing dangling, in any order, step by step or at once, written and read again."""

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from sbom_documents import rendered
from sbom_merging import A, B, components, edges, everything, given_as, named

from pratique.documents.document import (
    CONTAINS,
    DEPENDS_ON,
    Annotation,
    Completeness,
    Document,
    Family,
    Hash,
    Licence,
    Part,
    Party,
    Relation,
)
from pratique.documents.merge.merge import merge_documents
from pratique.documents.read import read_document

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
