"""YAML with one meaning, in bounded size, and typed members that name their field."""

import pytest

from pratique.errors import LimitExceeded, Malformed
from pratique.trust.strictyaml import MAX_BYTES, MAX_DEPTH, Reader, load_yaml

READER = Reader("x.yaml")


def load(text, **more):
    return load_yaml(text.encode() if isinstance(text, str) else text, what="list", where="x.yaml", **more)


def test_a_document_may_be_as_large_as_the_limit_says_and_no_larger():
    assert load("a" * MAX_BYTES) == "a" * MAX_BYTES
    with pytest.raises(LimitExceeded, match=f"a list may have {MAX_BYTES} bytes, this has {MAX_BYTES + 1}"):
        load("a" * (MAX_BYTES + 1))


def test_a_document_may_have_as_many_tokens_as_the_limit_says_and_no_more():
    import yaml

    text = "[a, b, c]"
    count = len(list(yaml.scan(text)))
    assert load(text, max_tokens=count - 1) == ["a", "b", "c"]
    with pytest.raises(LimitExceeded, match="YAML tokens"):
        load(text, max_tokens=count - 2)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: &x 1\nb: *x\n", "line 2: aliases and tags are not allowed in a list"),
        ("a: 1\nb: 2\na: 3\n", "line 1: the key 'a' stands twice"),
        ("x:\n  a: 1\n  a: 3\n", "line 2: the key 'a' stands twice"),
        ("1: 2", "the key 1 is not a text"),
        ("true: 2", "the key True is not a text"),
        ("a: 1\nb: !!python/name:os.system x", "line 2: aliases and tags are not allowed in a list"),
        ("a: !!map [1]", "line 1: aliases and tags are not allowed in a list"),
        ("a: !!int ''", "line 1: aliases and tags are not allowed in a list"),
        ("a: !!bool x", "line 1: aliases and tags are not allowed in a list"),
        ("a: !!set {b, c}", "line 1: aliases and tags are not allowed in a list"),
        ("! a: 1", "line 1: aliases and tags are not allowed in a list"),
        ("<<: {a: 1}", "line 1: not YAML: "),
        ("a: [", "line 1: not YAML: "),
        (b"\xff", "not YAML: not a text in UTF-8"),
        ("\x00", "not YAML: "),
        ("a: 1\n---\nb: 2\n", "not YAML: "),
        ("a: " + "9" * 5000, "not YAML: "),
    ],
)
def test_what_has_two_meanings_or_none_is_one_error_that_names_the_file(text, reason):
    with pytest.raises(Malformed) as caught:
        load(text)
    assert reason in caught.value.message
    assert caught.value.where == "x.yaml"


LONG = "1" + ":1" * 10_000  # the time that YAML 1.1 takes for such a number grows with the square of its length


@pytest.mark.parametrize("text", ["2026-01-31", "2026-02-31", "2001-12-14 21:59:43.10 -5", "1:30", "1:30.5", LONG, LONG + ".5"])
def test_a_time_or_a_number_to_base_60_is_text_as_it_is_written(text):
    assert load(f"a: {text}") == {"a": text}


@pytest.mark.parametrize(("start", "end"), [("[", "]"), ("{a: ", "}"), ("- ", ""), ("[{a: ", "}]")])
def test_a_document_may_be_as_deep_as_the_limit_says_and_no_deeper(start, end):
    levels = MAX_DEPTH // (2 if start == "[{a: " else 1)
    load(start * levels + "1" + end * levels)
    load("x:\n- " + ("\n- ".join([start + "1" + end] * 2 * MAX_DEPTH)))
    for extra in (1, 20_000):
        with pytest.raises(LimitExceeded, match=f"line 1: a list may be {MAX_DEPTH} levels deep"):
            load(start * (levels + extra))


def test_a_member_that_is_not_known_is_named_with_its_place_and_what_is_known():
    assert READER.mapping({"a": 1}, "x", {"a", "b"}) == {"a": 1}
    assert READER.mapping({"z": 1}, "x", None) == {"z": 1}
    with pytest.raises(Malformed, match=r"field x\.y is not known") as caught:
        READER.mapping({"z": 1, "y": 1}, "x", {"b", "a"})
    assert caught.value.hint == "known here: a, b"
    with pytest.raises(Malformed, match=r"field y is not known"):
        READER.mapping({"y": 1}, "", {"a"})
    # At the top it may be another program's document; a member of the same name further down is none.
    for field, hint in (("", "pratique sbom check"), ("x", "known here: a")):
        with pytest.raises(Malformed) as caught:
            READER.mapping({"bomFormat": 1}, field, {"a"})
        assert hint in caught.value.hint
    for value in ([], "a", None, 1):
        with pytest.raises(Malformed, match=r"field \(document\) must be a mapping"):
            READER.mapping(value, "", set())


def test_a_tab_is_told_with_what_to_type_in_its_place_and_nothing_else_is():
    for text, hint in (("a:\n\tb: 1", "indent with spaces, never with tabs"), ("a: [", None)):
        with pytest.raises(Malformed, match="not YAML") as caught:
            load(text)
        assert caught.value.hint == hint


@pytest.mark.parametrize("version", [2, 0, 1.0, True, "1", None, [1]])
def test_a_version_is_the_number_1_and_nothing_else(version):
    READER.check_version({"version": 1})
    for document in ({"version": version}, {}):
        with pytest.raises(Malformed, match="field version must be 1"):
            READER.check_version(document)


def test_a_list_that_is_left_out_is_empty_and_anything_else_is_none():
    assert READER.items(None, "x") == []
    assert READER.items([1], "x") == [1]
    for value in ({}, "a", 0, False):
        with pytest.raises(Malformed, match="field x must be a list"):
            READER.items(value, "x")
    for value in ({}, "a", None):
        with pytest.raises(Malformed, match="field x must be a list of texts"):
            READER.strings(value, "x")
    assert READER.strings(["a", "b"], "x") == ("a", "b")


@pytest.mark.parametrize("value", ["", 1, None, [], b"a", True])
def test_a_text_is_not_empty_and_nothing_else(value):
    assert READER.string("a", "x") == "a"
    with pytest.raises(Malformed, match="field x must be a text"):
        READER.string(value, "x")
    with pytest.raises(Malformed, match="field x must be a text"):
        READER.strings(["a", value], "x")


@pytest.mark.parametrize("value", ["true", 1, 0, None])
def test_a_truth_is_true_or_false_and_nothing_else(value):
    assert [READER.boolean(one, "x") for one in (True, False)] == [True, False]
    with pytest.raises(Malformed, match="field x must be true or false"):
        READER.boolean(value, "x")


@pytest.mark.parametrize("value", [0, 6, -1, 1.0, "1", True, None])
def test_a_count_is_a_whole_number_within_its_bounds(value):
    assert [READER.count(one, "x", 5) for one in (1, 5)] == [1, 5]
    with pytest.raises(Malformed, match="field x must be a number from 1 to 5"):
        READER.count(value, "x", 5)
