"""Each member of a statement, and whether it is about an artifact: of several digests none may be another's."""

import json

import pytest

from pratique.attest import statement as statement_module
from pratique.attest.statement import (
    MAX_SUBJECTS,
    StatementHead,
    StatementSubject,
    parse_head,
    parse_statement,
    render_statement,
)
from pratique.errors import LimitExceeded, Malformed
from pratique.model.digest import Digest

A, B = "ab" * 32, "cd" * 32
WHOLE = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "app", "digest": {"sha256": A}}],
    "predicateType": "https://example.org/claim/v1",
    "predicate": {"x": 1},
}


def read(**changes):
    members = {name: value for name, value in (WHOLE | changes).items() if value is not ...}
    return parse_statement(json.dumps(members).encode())


def head(*digests):
    return StatementHead(subjects=tuple(StatementSubject(digest=one) for one in digests), predicate_type="x")


def known(**digests):
    return lambda name, size: bytes.fromhex(digests[name]) if name in digests else None


@pytest.mark.parametrize(
    ("subjects", "own", "about"),
    [
        ([{"sha256": A}], {"sha256": A}, True),
        ([{"sha256": B}], {"sha256": A}, False),
        ([{"sha256": A, "sha512": B * 2}], {"sha256": A}, True),
        ([{"sha256": A, "sha512": B * 2}], {"sha256": A, "sha512": A * 2}, False),
        ([{"sha256": A, "sha512": A * 2}], {"sha256": A, "sha512": A * 2}, True),
        ([{"sha512": A * 2}], {"sha256": A}, False),
        ([{"gitCommit": "ab" * 20}], {"sha256": A}, False),
        ([{"sha256": B}, {"sha256": A}], {"sha256": A}, True),
        ([{"sha256": B}, {"sha256": B}], {"sha256": A}, False),
        ([], {"sha256": A}, False),
    ],
)
def test_a_statement_is_about_an_artifact_of_which_one_digest_is_equal_and_none_differs(subjects, own, about):
    assert head(*subjects).is_about(known(**own)) is about


def test_a_digest_is_asked_for_with_its_size():
    asked = []
    head({"sha256": A, "gitBlob": "ab" * 20}).is_about(lambda name, size: asked.append((name, size)))
    assert asked == [("sha256", 32), ("gitBlob", 20)]


def test_the_digests_of_a_statement_are_those_by_which_artifacts_are_named():
    found = head({"sha256": A, "gitCommit": "ab" * 20}, {"sha512": B * 2}).digests
    assert found == {Digest(f"sha256:{A}"), Digest(f"sha512:{B * 2}")}


def test_annotations_are_those_of_the_subject_with_that_digest():
    subjects = (
        StatementSubject(digest={"sha256": A, "gitCommit": "ab" * 20}, annotations={"a": "1"}),
        StatementSubject(digest={"sha256": A}, annotations={"b": "2"}),
        StatementSubject(digest={"sha256": B}),
    )
    notes = StatementHead(subjects=subjects, predicate_type="x").annotations
    assert notes == {Digest(f"sha256:{A}"): {"a": "1", "b": "2"}}


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"_type": "https://in-toto.io/Statement/v2"}, "not an in-toto statement v1"),
        ({"_type": ...}, "not an in-toto statement v1: _type is 'None'"),
        ({"subject": []}, "without a subject"),
        ({"subject": ...}, "subject is not a list"),
        ({"subject": ["x"]}, r"subject\[0\] is not an object"),
        ({"subject": [{"digest": {"sha256": A}, "name": 5}]}, r"subject\[0\]\.name is not a string"),
        ({"subject": [{"digest": {"sha256": A}, "annotations": ["x"]}]}, r"subject\[0\]\.annotations is not an object"),
        ({"subject": [{"name": "x"}]}, r"subject\[0\] has no digest"),
        ({"subject": [{"digest": {}}]}, "has no digest"),
        ({"subject": [{"digest": [A]}]}, "has no digest"),
        ({"subject": [{"digest": {"": A}}]}, "a digest that is no text"),
        ({"subject": [{"digest": {"sha256": ""}}]}, "a digest that is no text"),
        ({"subject": [{"digest": {"sha256": 5}}]}, "a digest that is no text"),
        ({"subject": [{"digest": {"sha256": A.upper()}}]}, "not lower-case hex"),
        ({"subject": [{"digest": {"sha1": "abc"}}]}, "not lower-case hex"),
        ({"subject": [{"digest": {"sha256": "ab"}}]}, "a sha256 digest of the wrong length"),
        ({"subject": [{"digest": {"sha512": A}}]}, "a sha512 digest of the wrong length"),
        ({"predicateType": ""}, "without a predicate type"),
        ({"predicateType": 5}, "predicateType is not a string"),
        ({"predicate": []}, "predicate is not an object"),
    ],
)
def test_a_statement_that_lacks_something_is_told_what(changes, match):
    with pytest.raises(Malformed, match=match):
        read(**changes)


def test_what_the_format_allows_to_be_left_out_is():
    found = read(subject=[{"digest": {"sha1": "ab" * 20}}], predicate=...)
    assert (found.subjects[0].name, found.subjects[0].annotations, found.predicate) == ("", {}, {})
    found = read(subject=[{"digest": {"dirHash": "h1:X=", "goModuleH1": "h1:Y="}, "annotations": {"a": "1", "b": 2}}])
    assert found.subjects[0].annotations == {"a": "1"}
    assert read(subject=[{"digest": {"sha256": A}, "annotations": None}]).subjects[0].annotations == {}


def test_a_statement_has_as_many_subjects_as_the_limit_says_and_no_more():
    rows = [{"digest": {"sha256": A}}]
    assert len(read(subject=rows * MAX_SUBJECTS).subjects) == MAX_SUBJECTS
    with pytest.raises(LimitExceeded):
        read(subject=rows * (MAX_SUBJECTS + 1))


@pytest.mark.parametrize(
    ("subject", "row"),
    [
        (StatementSubject(digest={"sha256": A}), {"digest": {"sha256": A}}),
        (StatementSubject(name="x", digest={"sha256": A}), {"digest": {"sha256": A}, "name": "x"}),
        (StatementSubject(digest={"sha256": A}, annotations={"a": "1"}), {"digest": {"sha256": A}, "annotations": {"a": "1"}}),
    ],
)
def test_a_subject_is_written_with_what_it_has(subject, row):
    assert json.loads(render_statement(subjects=[subject], predicate_type="x", predicate={}))["subject"] == [row]


def test_what_could_not_be_read_is_not_written():
    good = StatementSubject(digest={"sha256": A})
    for subjects, kind, match in (
        ([], "x", "without a subject"),
        ([good], "", "without a predicate type"),
        ([StatementSubject(name="n", digest={"sha256": "AB"})], "x", "subject 'n' has a digest that is not lower-case hex"),
    ):
        with pytest.raises(Malformed, match=match):
            render_statement(subjects=subjects, predicate_type=kind, predicate={})


@pytest.mark.parametrize("predicate", [{"x": 1}, ..., {}])
def test_the_head_is_the_same_whether_the_predicate_is_read_or_passed_over(monkeypatch, predicate):
    members = {name: value for name, value in (WHOLE | {"predicate": predicate}).items() if value is not ...}
    payload = json.dumps(members).encode()
    calls = []
    whole = statement_module.parse_statement
    monkeypatch.setattr(statement_module, "parse_statement", lambda data: calls.append(data) or whole(data))
    for size, reads in ((len(payload) + 1, 1), (len(payload), 0)):
        monkeypatch.setattr(statement_module, "_LARGE", size)
        calls.clear()
        found = parse_head(payload)
        assert (found.predicate_type, found.digests) == (WHOLE["predicateType"], {Digest(f"sha256:{A}")})
        assert len(calls) == reads


def test_a_subject_of_a_digest_has_its_annotations_or_none():
    digest = Digest.of(b"x")
    assert StatementSubject.of("x", digest, {"a": "1"}).annotations == {"a": "1"}
    assert StatementSubject.of("x", digest).annotations == {}
    assert StatementSubject.of("x", digest).digest == {"sha256": digest.hex}


def test_the_predicate_of_a_large_statement_is_passed_over_before_anything_is_read():
    payload = json.dumps(WHOLE).encode()
    short = statement_module._without_predicate(payload)
    assert json.loads(short) == WHOLE | {"predicate": {}} and len(short) < len(payload)
    bare = json.dumps({"a": 1}).encode()
    assert statement_module._without_predicate(bare) == bare
    for odd in (b"[]", b"{", b"\xff", b"[" * 200_000):
        with pytest.raises(Malformed, match="statement is not JSON"):
            statement_module._without_predicate(odd)


def test_the_name_of_a_digest_is_a_text_in_what_is_written_too():
    with pytest.raises(Malformed, match="a digest that is no text"):
        render_statement(subjects=[StatementSubject(digest={5: "ab"})], predicate_type="x", predicate={})
