"""The small parts of the formats: nesting, snapshots, shapes, repairs, words."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pratique.documents.claims import licence_words, stated_by
from pratique.documents.containment import MAX_NESTING, flattened, nested
from pratique.documents.document import CONTAINS, DEPENDS_ON, Document, Family, Hash, Part, Property, Relation, Tool
from pratique.documents.github import document_to_github
from pratique.documents.names import FORMATS, parse_target
from pratique.documents.repair import repair
from pratique.documents.shape import compile_shape, cyclonedx_check
from pratique.documents.spdx2.ids import spdx2_id
from pratique.documents.spdx_common import namespace_of, spdx_time, tool_from, tool_text
from pratique.errors import InputError, Malformed


def document(**changes):
    return Document(family=Family.SPDX2, **changes)


def test_what_one_part_contains_is_nested_and_flat_again():
    parts = tuple(Part(ref=name, name=name) for name in "abcd")
    relations = (Relation(source="a", kind=CONTAINS, targets=("b",)), Relation(source="b", kind=CONTAINS, targets=("c",)))
    before = document(parts=parts, relations=relations)
    inside = nested(before)
    assert [part.ref for part in inside.parts] == ["a", "d"] and inside.relations == ()
    assert [part.ref for part in inside.walk()] == ["a", "b", "c", "d"]
    again = flattened(inside)
    assert sorted(part.ref for part in again.parts) == list("abcd")
    assert {(one.source, one.targets) for one in again.relations} == {("a", ("b",)), ("b", ("c",))}


def test_what_two_parts_contain_or_a_circle_stays_a_relation():
    parts = tuple(Part(ref=name, name=name) for name in "abc")
    two = (Relation(source="a", kind=CONTAINS, targets=("c",)), Relation(source="b", kind=CONTAINS, targets=("c",)))
    circle = (Relation(source="a", kind=CONTAINS, targets=("b",)), Relation(source="b", kind=CONTAINS, targets=("a",)))
    for relations in (two, circle):
        assert nested(document(parts=parts, relations=relations)) == document(parts=parts, relations=relations)


def test_containment_too_deep_to_nest_stays_a_relation():
    names = [f"p{number}" for number in range(MAX_NESTING * 3)]
    parts = tuple(Part(ref=name, name=name) for name in names)
    relations = tuple(Relation(source=one, kind=CONTAINS, targets=(other,)) for one, other in pairwise(names))
    found = nested(document(parts=parts, relations=relations))
    assert sorted(part.ref for part in found.walk()) == sorted(names)
    assert found.relations


def test_a_github_snapshot_names_the_direct_the_indirect_and_what_it_cannot_submit():
    parts = (
        Part(ref="a", name="a", purl="pkg:npm/a@1", occurrences=("package-lock.json",)),
        Part(ref="b", name="b", purl="pkg:npm/b@1", scope="excluded"),
        Part(ref="c", name="c"),
    )
    relations = (
        Relation(source="root", kind=DEPENDS_ON, targets=("a",)),
        Relation(source="a", kind=DEPENDS_ON, targets=("b", "c")),
    )
    source = document(
        parts=parts, relations=relations, subject=Part(ref="root", name="app"), tools=(Tool(name="t", version="1"),)
    )
    environ = {"GITHUB_SHA": "1" * 40, "GITHUB_REF": "refs/heads/main", "GITHUB_RUN_ID": "7", "GITHUB_JOB": "build"}
    value, left_out = document_to_github(source, environ)
    assert value["sha"] == "1" * 40 and value["job"] == {"id": "7", "correlator": "build"}
    lock = value["manifests"]["package-lock.json"]
    assert lock["file"] == {"source_location": "package-lock.json"}
    assert lock["resolved"]["pkg:npm/a@1"]["relationship"] == "direct"
    assert lock["resolved"]["pkg:npm/a@1"]["dependencies"] == ["pkg:npm/b@1"]
    assert value["manifests"]["app"]["resolved"]["pkg:npm/b@1"] == {
        "package_url": "pkg:npm/b@1",
        "relationship": "indirect",
        "scope": "development",
    }
    assert [one.pointer for one in left_out] == ["c"]
    assert len(document_to_github(source, {})[1]) == 4


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_a_default_among_its_versions(name):
    found = FORMATS[name]
    assert str(parse_target(name)) == (f"{name}@{found.default}" if found.default else name)
    for version in found.versions:
        assert parse_target(f"{name}@{version}").version == version


@pytest.mark.parametrize("text", ["", "x", "spdx-json@9", "json@1", "@1"])
def test_an_unknown_format_is_refused(text):
    with pytest.raises(InputError):
        parse_target(text)


def test_a_shape_names_each_thing_that_is_wrong():
    shape = {
        "members": {"a": {"list": "s", "unique": 1, "least": 1}, "b": {"enum": ["x"]}, "c": {"one": ["s", "i"]}},
        "needs": ["a"],
    }
    check = compile_shape(shape, {})
    assert check({"a": ["1"], "b": "x", "c": 5}) == []
    assert check({}) == [("", "lacks a")]
    assert [pointer for pointer, _ in check({"a": ["1", "1", 2], "b": "y", "c": None, "d/~": 1})] == [
        "/a/2",
        "/a/1",
        "/b",
        "/c",
        "/d~1~0",
    ]
    assert check([]) == [("", "is not an object")]


def test_a_repair_takes_out_the_least_that_makes_the_rest_fit():
    value = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "components": [{"type": "library", "name": "a", "scope": 5}, {"type": "library"}, {"type": "library", "name": "c"}],
        "surprise": 1,
    }
    removed = repair(value, cyclonedx_check("1.6"))
    assert [one["name"] for one in value["components"]] == ["a", "c"] and "surprise" not in value
    assert sorted(one.pointer for one in removed) == ["/components/0/scope", "/components/1", "/surprise"]
    with pytest.raises(Malformed):
        repair({"bomFormat": "CycloneDX"}, cyclonedx_check("1.6"))


@given(st.text(max_size=30), st.text(max_size=30))
def test_spdx_identifiers_are_valid_and_tell_refs_apart(one, other):
    import re

    first, second = spdx2_id(one), spdx2_id(other)
    assert re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", first)
    assert (first == second) == (one == other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05Z"),
        ("2024-01-02T03:04:05.678+02:00", "2024-01-02T01:04:05Z"),
        ("2024-01-02T03:04:05", "2024-01-02T03:04:05Z"),
        ("", "1970-01-01T00:00:00Z"),
        ("nonsense", "1970-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59-23:00", "1970-01-01T00:00:00Z"),
    ],
)
def test_times_are_in_utc_and_whole_seconds(text, expected):
    assert spdx_time(text) == expected


def test_tools_are_written_as_name_and_version():
    for tool in (Tool(name="syft", version="1.18.1"), Tool(name="github.com/x/tools-golang"), Tool(name="a-b", version="v2")):
        assert tool_from(tool_text(tool)) == tool


def test_a_document_without_a_name_of_its_own_gets_one_that_follows_from_what_it_says():
    one, other = document(parts=(Part(ref="a", name="a"),)), document(parts=(Part(ref="b", name="b"),))
    assert namespace_of(one) == namespace_of(one) != namespace_of(other)
    assert namespace_of(replace(one, serial="https://example.org/x")) == "https://example.org/x"
    assert namespace_of(replace(one, serial="https://example.org/x#y")).startswith("urn:uuid:")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["MIT"], ("MIT",)),
        (["MIT AND ISC", "MIT"], ("ISC", "MIT")),
        (["(MIT OR ISC) AND Zlib"], ("MIT OR ISC", "Zlib")),
        (["MIT OR ISC AND Zlib"], ("MIT OR ISC AND Zlib",)),
        (["GPL-2.0-only WITH Classpath-exception-2.0"], ("GPL-2.0-only WITH Classpath-exception-2.0",)),
        (["((MIT))"], ("MIT",)),
        ([""], ()),
    ],
)
def test_licences_are_compared_as_a_set(texts, expected):
    assert licence_words(texts) == expected


def test_a_document_that_states_its_root_twice_or_two_digests_is_refused():
    root = Property("pratique:manifest:root", f"sha256:{'0' * 64}")
    with pytest.raises(Malformed):
        stated_by(document(properties=(root, root)))
    subject = Part(ref="x", name="x", hashes=(Hash("sha256", "1" * 64),))
    with pytest.raises(Malformed):
        stated_by(document(properties=(Property("pratique:subject:digest", f"sha256:{'0' * 64}"),), subject=subject))
