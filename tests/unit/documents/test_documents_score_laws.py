"""The laws of a score: within its bounds, never lowered by stating more, blind to order."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from score_documents import MAKER, good_document, good_part

from pratique.documents.document import Part, Relation
from pratique.documents.score.standards import score_document

FIELDS = ("name", "version", "purl", "licences", "hashes", "supplier", "references", "properties", "occurrences")
WHOLE = ("serial", "timestamp", "tools", "authors", "phases", "properties", "completeness")


def stripped(one, names):
    return replace(one, **{name: None if name == "supplier" else type(getattr(one, name))() for name in names})


@st.composite
def gaps(draw):
    """How many parts, and which fields are missing of each, of the document, and which parts have no relation."""
    count = draw(st.integers(1, 4))
    of_parts = draw(st.lists(st.sets(st.sampled_from(FIELDS)), min_size=count, max_size=count))
    return of_parts, draw(st.sets(st.sampled_from(WHOLE))), draw(st.sets(st.integers(0, count - 1)))


def built(of_parts, of_whole, unrelated):
    base = good_document()
    full = [good_part(f"p{index}", index + 2) for index in range(len(of_parts))]
    related = [one for index, one in enumerate(full) if index not in unrelated]
    relations = (
        Relation(source=base.subject.ref, kind="depends-on", targets=tuple(one.ref for one in related)),
        *(Relation(source=one.ref, kind="depends-on", targets=()) for one in related),
    )
    parts = tuple(stripped(one, names) for one, names in zip(full, of_parts, strict=True))
    return stripped(replace(base, parts=parts, relations=relations), of_whole)


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["identifier", "hashValue", "x"]), inner, max_size=3)
    ),
    max_leaves=5,
)
ASIDE = (
    *("/externalIdentifier", "/externalRef", "/verifiedUsing", "/software_additionalPurpose", "/suppliedBy", "/originatedBy"),
    *("/swid", "/services", "/metadata/lifecycles", "/software_Sbom/software_sbomType", "/creationInfo/comment"),
)


def scores(document):
    return {one.standard.id: one.exact for one in score_document(document).marks}


@settings(max_examples=60, deadline=None)
@given(gaps())
def test_a_score_is_between_0_and_100(missing):
    found = score_document(built(*missing))
    assert all(0 <= one.score <= 100 for one in found.marks) and 0 <= found.overall <= 100
    assert all(0 <= answer.met <= answer.of for one in found.marks for _, answer in one.answers)


@settings(max_examples=60, deadline=None)
@given(gaps(), st.data())
def test_stating_what_was_missing_never_costs_points(missing, data):
    of_parts, of_whole, unrelated = missing
    places = [(index, name) for index, names in enumerate(of_parts) for name in sorted(names)]
    places += [("whole", name) for name in sorted(of_whole)] + [("related", index) for index in sorted(unrelated)]
    if not places:
        return
    where, what = data.draw(st.sampled_from(places))
    more = [set(names) for names in of_parts]
    if where == "whole":
        after = built(more, of_whole - {what}, unrelated)
    elif where == "related":
        after = built(more, of_whole, unrelated - {what})
    else:
        more[where].discard(what)
        after = built(more, of_whole, unrelated)
    before = scores(built(*missing))
    for name, now in scores(after).items():
        assert now >= before[name], (name, where, what)


@settings(max_examples=60, deadline=None)
@given(gaps(), st.randoms(use_true_random=False))
def test_the_order_of_components_and_relations_does_not_matter(missing, random):
    document = built(*missing)
    parts, relations = list(document.parts), list(document.relations)
    random.shuffle(parts)
    random.shuffle(relations)
    assert scores(replace(document, parts=tuple(parts), relations=tuple(relations))) == scores(document)


@settings(max_examples=60, deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys(ASIDE, ODD)))
def test_what_readers_set_aside_may_have_any_shape(extra):
    document = good_document()
    file = Part(ref="file", name="a.tgz", kind="file", extra=extra)
    maker = replace(MAKER, email="", urls=(), extra=extra)
    parts = tuple(replace(one, extra=extra, hashes=(), properties=(), supplier=maker) for one in document.parts)
    artifact = Relation(source=parts[0].ref, kind="has-distribution-artifact", targets=("file",))
    odd = replace(document, parts=parts, files=(file,), relations=(*document.relations, artifact), extra=extra, phases=())
    assert 0 <= score_document(odd).overall <= 100
