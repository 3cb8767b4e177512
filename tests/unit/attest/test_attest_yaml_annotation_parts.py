"""Manifests, part by part: what each word means, what is refused with which line, and each limit at its bound."""

import base64

import pytest
import world

from pratique.attest import kubernetes_yaml
from pratique.attest.kubernetes_yaml import MAX_DEPTH, MAX_DOCUMENTS, MAX_SIZE, read_documents
from pratique.attest.sigstore.trusted_root import TrustedRoot, parse_trusted_root
from pratique.attest.sigstore.verify import Requirements
from pratique.attest.statement import StatementSubject, render_statement
from pratique.attest.yaml_annotation import (
    ANNOTATION,
    MAX_ANNOTATION_SIZE,
    annotate,
    draft_statement,
    mentions_signature,
    parse_manifests,
    verify_manifests,
)
from pratique.errors import LimitExceeded, Malformed, NotFound, Untrusted
from pratique.model.predicates import KUBERNETES_OBJECTS

POD = b"apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n"


def plain(text):
    return [node.plain() for node in read_documents(text.encode())]


# --- words


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("", None),
        ("Null", None),
        ("NULL", None),
        ("True", True),
        ("TRUE", True),
        ("False", False),
        ("FALSE", False),
        ("0", 0),
        ("-1", -1),
        ("9" * 19, int("9" * 19)),
        ("-0.5", -0.5),
        ("0." + "5" * 37, float("0." + "5" * 37)),
        ("0" + "7" * 18, int("7" * 18, 8)),
        ("00", 0),
        ("2024-1-2", "2024-1-2"),
        ("2024-01-31 12:00:00", "2024-01-31 12:00:00"),
        ("yesterday", "yesterday"),
        ("0x", "0x"),
        ("e3", "e3"),
    ],
)
def test_a_word_means_what_every_reader_takes_it_for(word, value):
    (document,) = plain(f"a: {word}")
    assert document == {"a": value} and type(document["a"]) is type(value)


@pytest.mark.parametrize("word", ["9" * 20, "0." + "5" * 38, "0" + "7" * 19, "Y", "ON", "tRUE", "1_0.5", "_1", "0XfF"])
def test_a_word_that_is_a_number_to_some_is_refused_with_its_line(word):
    with pytest.raises(Malformed, match="line 2: .* is read differently by different readers"):
        plain(f"b: c\na: {word}")


@pytest.mark.parametrize("word", ["yes", "1e3", "null", "0644", "~", "true", "123"])
@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_word_in_quotes_is_text_as_a_value_and_as_a_key(word, quote):
    assert plain(f"{quote}{word}{quote}: {quote}{word}{quote}") == [{word: word}]


# --- keys


@pytest.mark.parametrize("key", ["<<", "="])
def test_a_key_that_merges_is_refused_unless_it_is_in_quotes(key):
    with pytest.raises(Malformed, match=f"line 2: the key '{key}' is no text"):
        plain(f"b: c\n{key}: a")
    assert plain(f"'{key}': a") == [{key: "a"}]


def test_a_key_that_is_no_text_or_stands_twice_is_told_with_its_line():
    with pytest.raises(Malformed, match="line 2: the key '1' is no text"):
        plain("a: b\n1: c")
    with pytest.raises(Malformed, match="line 3: the key 'a' stands twice"):
        plain("a: b\nc: d\n'a': e")
    for key in ("[x]", "{x: z}"):
        with pytest.raises(Malformed, match="line 2: a key that is no text"):
            plain(f"a: b\n? {key}\n: c")
    assert plain("a: [[x], {w: z}]\nb: {c: {d: [e]}}") == [{"a": [["x"], {"w": "z"}], "b": {"c": {"d": ["e"]}}}]


# --- what could be read in two ways


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("b: c\nd: &x e", "line 2: an anchor"),
        ("b: c\nd: &x [e]", "line 2: an anchor"),
        ("b: c\nd: *x", "line 2: an alias"),
        ("b: c\nd: !!str e", "line 2: "),
        ("b: c\nd: !x [e]", "line 2: "),
        ("%YAML 1.1\n---\na: b", "line 1: "),
        ("a: b\nc: d\u2028e", "line 2: a line break that not every reader takes for one"),
        ("a: b\n\rc: d", "line 2: a line break that not every reader takes for one"),
        ("a: b\nc: [d", "line 3: not YAML"),
        ("a: b\n\x07", "not YAML: .*control characters are not allowed"),
    ],
)
def test_what_could_be_read_in_two_ways_is_told_with_its_line(text, reason):
    with pytest.raises(Malformed, match=reason):
        plain(text)


# --- limits


def test_a_file_is_as_large_as_the_limit_says_and_no_larger():
    text = b"a: b\n#"
    assert [node.plain() for node in read_documents(text.ljust(MAX_SIZE, b"x"))] == [{"a": "b"}]
    with pytest.raises(LimitExceeded, match="more than the limit"):
        read_documents(text.ljust(MAX_SIZE + 1, b"x"))


@pytest.mark.parametrize(("open_", "close"), [("[", "]"), ("{a: ", "}")])
def test_a_file_is_as_deep_as_the_limit_says_and_no_deeper(open_, close):
    assert plain(open_ * MAX_DEPTH + "b" + close * MAX_DEPTH)
    with pytest.raises(LimitExceeded, match=f"line 1: nested deeper than {MAX_DEPTH}"):
        plain(open_ * (MAX_DEPTH + 1) + "b" + close * (MAX_DEPTH + 1))


def test_a_file_holds_as_many_documents_as_the_limit_says_and_no_more_and_empty_ones_are_none():
    assert len(read_documents(b"---\na\n---\n" * MAX_DOCUMENTS)) == MAX_DOCUMENTS
    with pytest.raises(LimitExceeded, match="documents"):
        read_documents(b"---\na\n" * (MAX_DOCUMENTS + 1))


def test_a_file_holds_as_many_values_as_the_limit_says_and_no_more(monkeypatch):
    # Begin and end of the stream, of the document and of the list stand beside the items.
    monkeypatch.setattr(kubernetes_yaml, "MAX_EVENTS", 6 + 10 - 1)
    assert plain(f"[{'a,' * 10}]") == [["a"] * 10]
    with pytest.raises(LimitExceeded, match="values"):
        plain(f"[{'a,' * 11}]")


# --- objects


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("- a", "line 1: no Kubernetes object"),
        ("a", "line 1: no Kubernetes object"),
        ("kind: Pod\nmetadata: {name: x}", "line 1: apiVersion is no text"),
        ("apiVersion: ''\nkind: Pod\nmetadata: {name: x}", "line 1: apiVersion is no text"),
        ("apiVersion: v1\nkind: 5\nmetadata: {name: x}", "line 1: kind is no text"),
        ("apiVersion: v1\nkind: Pod", "line 1: an object without metadata"),
        ("apiVersion: v1\nkind: Pod\nmetadata: x", "line 1: an object without metadata"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: ''}", "line 1: metadata.name is no text"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: 5}", "line 1: metadata.name is no text"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: x, annotations: x}", "line 1: metadata.annotations is no mapping"),
        ("apiVersion: v1\nkind: PodList\nmetadata: {name: x}\nitems: []", "line 1: a list of objects cannot be signed"),
        ("---\n\n---\na: b", "line 4: "),
    ],
)
def test_what_is_no_object_is_told_with_its_line_and_reason(text, reason):
    with pytest.raises(Malformed, match=reason):
        parse_manifests(text.encode())


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: x}", "v1/Pod//x"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: m}", "v1/Pod/m/x"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: ~}", "v1/Pod//x"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {generateName: x-}", "v1/Pod//x-"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: x, generateName: y-}", "v1/Pod//x"),
        ("apiVersion: v1\nkind: AllowList\nmetadata: {name: x}", "v1/AllowList//x"),
        ("apiVersion: v1\nkind: AllowList\nmetadata: {name: x}\nitems: {}", "v1/AllowList//x"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nitems: []", "v1/Pod//x"),
    ],
)
def test_an_object_is_called_by_what_clusters_call_it(text, name):
    (found,) = parse_manifests(text.encode())
    assert (found.name, found.signature) == (name, b"")


def with_annotation(value, more=""):
    return f"apiVersion: v1\nkind: Pod\nmetadata: {{name: x, annotations: {{{ANNOTATION}: {value}{more}}}}}\n".encode()


def test_an_object_s_digest_is_the_same_with_and_without_its_annotation():
    signature = base64.b64encode(b"bundle").decode()
    bare, empty, null, signed = (
        parse_manifests(data)[0]
        for data in (POD, POD.replace(b"x}", b"x, annotations: {}}"), with_annotation("~"), with_annotation(signature))
    )
    assert (signed.signature, null.signature) == (b"bundle", b"")
    assert bare.digest == empty.digest == null.digest == signed.digest
    assert parse_manifests(with_annotation(signature, ", a: b"))[0].digest != bare.digest
    nothing = parse_manifests(POD.replace(b"x}", b"x, annotations: ~}"))[0]
    assert nothing.signature == b"" and nothing.digest != bare.digest


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("more", ["", "    b: c\n", "  labels: {}\n", "---\n" + POD.decode().replace("x", "z")])
@pytest.mark.parametrize(
    "old", [" >-\n      AAAA\n", " |-\n      AAAA\n", "\n      AAAA\n", "\n", " # none\n", " ~ # none\n", ' ""\n']
)
def test_an_old_signature_is_replaced_however_it_is_written(old, more, end):
    text = f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\n  annotations:\n    a: b\n    {ANNOTATION}:{old}{more}"
    data = text.replace("\n", end).encode()
    written = annotate(data, b"new")
    assert {item.signature for item in parse_manifests(written)} == {b"new"}
    assert [item.digest for item in parse_manifests(written)] == [item.digest for item in parse_manifests(data)]
    assert written.count(b"\n") == written.count(end.encode())


@pytest.mark.parametrize(
    "text",
    [
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: x, annotations: {{{ANNOTATION}}}}}\n",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  ? name\n  : x\n",
    ],
)
def test_of_yaml_into_which_nothing_can_be_put_it_is_said_what_to_write_instead(text):
    parse_manifests(text.encode())
    with pytest.raises(Malformed, match="^the annotation cannot be put into this file") as caught:
        annotate(text.encode(), b"new")
    assert caught.value.hint == "write its metadata as plain lines of NAME: VALUE"


def test_a_file_that_would_be_larger_with_its_signature_than_the_limit_says_so(monkeypatch):
    monkeypatch.setattr("pratique.attest.kubernetes_yaml.MAX_SIZE", len(POD))
    assert parse_manifests(POD)
    with pytest.raises(LimitExceeded, match="more than the limit"):
        annotate(POD, b"new")


def test_an_annotation_is_as_large_as_the_limit_says_and_no_larger():
    (found,) = parse_manifests(with_annotation("A" * MAX_ANNOTATION_SIZE))
    assert len(found.signature) == MAX_ANNOTATION_SIZE // 4 * 3
    with pytest.raises(LimitExceeded, match=f"line 1: annotation {ANNOTATION} of more than"):
        parse_manifests(with_annotation("A" * (MAX_ANNOTATION_SIZE + 4)))
    largest = b"x" * (MAX_ANNOTATION_SIZE // 4 * 3)
    assert parse_manifests(annotate(POD, largest))[0].signature == largest
    with pytest.raises(LimitExceeded, match="more than a cluster takes"):
        annotate(POD, largest + b"x")


def test_the_annotation_s_name_anywhere_in_a_file_is_a_mention_of_a_signature():
    assert mentions_signature(b"\xff" + ANNOTATION.encode())
    assert not mentions_signature(POD)


# --- where it is written


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("metadata: {name: x}", 'metadata: {"annotations": {"ANNOTATION": "e30="}, name: x}'),
        ("metadata: {name: x, annotations: {}}", 'metadata: {name: x, annotations: {"ANNOTATION": "e30="}}'),
        ("metadata: {name: x, annotations: {a: b}}", 'metadata: {name: x, annotations: {"ANNOTATION": "e30=", a: b}}'),
        ("metadata:\n  name: x", 'metadata:\n  annotations:\n    ANNOTATION: "e30="\n  name: x'),
        (
            "metadata:\n    name: x\n    annotations:\n        a: b",
            'metadata:\n    name: x\n    annotations:\n        ANNOTATION: "e30="\n        a: b',
        ),
        ("metadata: {name: x, annotations: {ANNOTATION: 'AAAA'}}", 'metadata: {name: x, annotations: {ANNOTATION: "e30="}}'),
    ],
)
def test_an_annotation_is_written_in_the_manner_of_what_is_there(before, after):
    before, after = (f"apiVersion: v1\nkind: Pod\n{text}\n".replace("ANNOTATION", ANNOTATION) for text in (before, after))
    assert annotate(before.encode(), b"{}").decode() == after


# --- whose it is


def signed(parties, data, payload=None):
    return annotate(data, parties.p256.bundle(payload or draft_statement(data)))


def verify(parties, data):
    return verify_manifests(data, TrustedRoot(), keys={parties.p256.key.keyid: parties.p256.key})


def test_a_bare_key_s_signature_needs_no_log_and_a_file_of_which_one_object_has_none_is_not_signed(parties):
    other = POD.replace(b"name: x", b"name: w")
    made = signed(parties, POD + b"---\n" + other)
    assert verify(parties, made).missing == ()
    with pytest.raises(NotFound, match="v1/Pod//z has no annotation"):
        verify(parties, made + b"---\n" + POD.replace(b"name: x", b"name: z"))


@pytest.mark.parametrize(
    ("kind", "predicate", "reason"),
    [
        ("https://example.org/claim/v1", {"canonicalForm": "RFC 8785", "without": ANNOTATION}, "a statement of another type"),
        (KUBERNETES_OBJECTS, {"canonicalForm": "RFC 8785", "without": "other"}, "in another canonical form"),
        (KUBERNETES_OBJECTS, {"canonicalForm": "RFC 8785", "without": ANNOTATION, "more": 1}, "in another canonical form"),
    ],
)
def test_a_statement_that_says_something_else_of_the_same_objects_is_told_apart(parties, kind, predicate, reason):
    subjects = [StatementSubject.of(item.name, item.digest) for item in parse_manifests(POD)]
    payload = render_statement(subjects=subjects, predicate_type=kind, predicate=predicate)
    with pytest.raises(Malformed, match=reason):
        verify(parties, signed(parties, POD, payload))


def test_a_certificate_s_signature_needs_a_log_and_a_bare_key_s_one_where_somebody_asks_for_it(parties, monkeypatch):
    with pytest.raises(Untrusted, match="proven by 0 of the 1 transparency logs"):
        verify_manifests(
            signed(parties, POD), TrustedRoot(), keys={parties.p256.key.keyid: parties.p256.key}, needs=Requirements(logs=1)
        )
    own = world.World()
    root = parse_trusted_root(world.dump(own.trusted_root()))
    monkeypatch.setattr(world, "statement", lambda: draft_statement(POD))
    stamped = annotate(POD, world.dump(own.bundle(content="dsse", entries=[], stamps=[world.NOW])))
    with pytest.raises(Untrusted, match="proven by 0 of the 1 transparency logs"):
        verify_manifests(stamped, root, keys={})
    assert verify_manifests(stamped, root, keys={}, needs=Requirements(logs=0)).missing == ()
