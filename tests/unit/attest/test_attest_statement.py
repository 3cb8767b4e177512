import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.attest.statement import STATEMENT_TYPE, StatementSubject, parse_head, parse_statement, render_statement
from pratique.errors import LimitExceeded, Malformed
from pratique.model.digest import Digest

D = Digest.of(b"x")
GOOD = {
    "_type": STATEMENT_TYPE,
    "subject": [{"name": "app", "digest": {"sha256": D.hex}}],
    "predicateType": "https://example.org/v1",
    "predicate": {},
}
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def parse(document):
    return parse_statement(json.dumps(document).encode())


@settings(max_examples=50)
@given(st.lists(TEXT, min_size=1, max_size=3), TEXT.filter(bool), st.dictionaries(TEXT, TEXT | st.integers() | st.none()))
def test_a_statement_survives_rendering(names, predicate_type, predicate):
    subjects = tuple(StatementSubject.of(name, D) for name in names)
    payload = render_statement(subjects=subjects, predicate_type=predicate_type, predicate=predicate)
    statement = parse_statement(payload)
    assert (statement.subjects, statement.predicate_type, statement.predicate) == (subjects, predicate_type, predicate)
    assert statement.digests == {D}
    reordered = dict(reversed(predicate.items()))
    assert render_statement(subjects=subjects, predicate_type=predicate_type, predicate=reordered) == payload


@pytest.mark.parametrize(
    "change",
    [
        {"_type": "https://in-toto.io/Statement/v2"},
        {"_type": None},
        {"subject": []},
        {"subject": None},
        {"subject": [{"name": "app"}]},
        {"subject": [{"name": "app", "digest": {}}]},
        {"subject": [{"name": "app", "digest": {"sha256": D.hex.upper()}}]},
        {"subject": [{"name": "app", "digest": {"sha256": D.hex[:-2]}}]},
        {"subject": [{"name": "app", "digest": {"sha256": 5}}]},
        {"subject": [{"name": "app", "digest": {"sha256": str(D)}}]},
        {"subject": [{"name": 5, "digest": {"sha256": D.hex}}]},
        {"subject": [GOOD["subject"][0], {"name": "no digest"}]},
        {"predicateType": ""},
        {"predicateType": None},
        {"predicate": []},
        {"predicate": None},
    ],
)
def test_a_statement_with_a_wrong_member_is_refused(change):
    with pytest.raises(Malformed):
        parse(GOOD | change)


def test_a_second_subject_list_does_not_hide_behind_the_first():
    good = json.dumps(GOOD)
    forged = good[:-1] + ', "subject": [{"name": "other", "digest": {"sha256": "' + "0" * 64 + '"}}]}'
    with pytest.raises(Malformed, match="'subject' twice"):
        parse_statement(forged.encode())


def test_a_subject_without_a_name_and_a_statement_without_a_predicate_are_read_as_the_format_allows():
    document = GOOD | {"subject": [{"digest": {"sha256": D.hex, "gitCommit": "ab" * 20}, "uri": "x"}]}
    del document["predicate"]
    statement = parse(document)
    assert statement.predicate == {}
    assert statement.subjects[0].name == ""
    assert statement.digests == {D}


def test_a_flood_of_subjects_is_refused():
    with pytest.raises(LimitExceeded):
        parse(GOOD | {"subject": GOOD["subject"] * 10_001})


def test_a_statement_about_nothing_is_not_written():
    with pytest.raises(Malformed):
        render_statement(subjects=[], predicate_type="t", predicate={})
    with pytest.raises(Malformed):
        render_statement(subjects=[StatementSubject(name="a", digest={})], predicate_type="t", predicate={})
    with pytest.raises(Malformed):
        render_statement(subjects=[StatementSubject.of("a", D)], predicate_type="", predicate={})


def test_the_older_statement_type_of_the_same_form_is_read_and_never_written(parties):
    payload = b'{"_type":"https://in-toto.io/Statement/v0.1","subject":[{"name":"a","digest":{"sha1":"00"}}],"predicateType":"x"}'
    assert parse_statement(payload).predicate_type == "x"
    assert b"Statement/v1" in render_statement(
        subjects=[StatementSubject(digest={"sha1": "00"})], predicate_type="x", predicate={}
    )


LARGE = {"text": "é" * 40_000, "deep": [[{"a": 1}]]}


def large(**changes):
    members = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": "app", "digest": {"sha256": "0" * 64}}],
        "predicateType": "https://example.org/x",
        "predicate": LARGE,
    }
    return json.dumps(members | changes)


@pytest.mark.parametrize("indent", [None, 2])
def test_the_head_of_a_large_statement_is_that_of_the_whole(indent):
    payload = json.dumps(json.loads(large()), indent=indent).encode()
    whole, head = parse_statement(payload), parse_head(payload)
    assert (head.subjects, head.predicate_type, head.digests) == (whole.subjects, whole.predicate_type, whole.digests)
    assert whole.predicate == LARGE


@pytest.mark.parametrize(
    "payload",
    [
        large()[:-1] + ', "predicate": {}}',
        large()[:-1] + ', "predicateType": "https://example.org/y"}',
        large()[:-1] + ', "subject": []}',
        large()[:-1],
        large() + "x",
        large(subject=[]),
        large(_type="x"),
        large(subject=[{"name": "app", "digest": {}}]),
        "[" + large() + "]",
        large()[:-1] + ', "name": "\\ud800"}',
    ],
)
def test_a_large_statement_that_two_readers_could_see_differently_has_no_head(payload):
    with pytest.raises(Malformed):
        parse_head(payload.encode())
