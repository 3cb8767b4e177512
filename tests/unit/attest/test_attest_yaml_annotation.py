import base64
import json
import lzma
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pratique.attest.kubernetes_yaml import MAX_SIZE, read_documents
from pratique.attest.sigstore.trusted_root import TrustedRoot
from pratique.attest.sigstore.verify import Requirements
from pratique.attest.statement import StatementSubject, render_statement
from pratique.attest.strictjson import canonical_json
from pratique.attest.yaml_annotation import (
    ANNOTATION,
    MAX_ANNOTATION_SIZE,
    annotate,
    draft_statement,
    parse_manifests,
    verify_manifests,
)
from pratique.errors import (
    DigestMismatch,
    InputError,
    LimitExceeded,
    Malformed,
    NotFound,
    SignatureInvalid,
    Untrusted,
)
from pratique.model.digest import Digest
from pratique.model.predicates import KUBERNETES_OBJECTS

DATA = Path(__file__).resolve().parents[2] / "data" / "kubernetes-yaml"
KEY_ONLY = Requirements(logs=0)
FILE = """\
# who may do what
apiVersion: apps/v1   # stays
kind: Deployment
metadata:
  name: web
  labels: {tier: "1"}
spec:
  replicas: 2
  template:
    text: |
      several
      lines: "of text"
    volume: {defaultMode: 0644}
---
apiVersion: v1
kind: Service
metadata:
    annotations:
        x: 'ünïcode'
    name: web
    namespace: harbour
---
# nothing here
---
{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "annotations": {}}, "data": {"a": "b"}}
""".encode()


def signed(party, data=FILE):
    return annotate(data, party.bundle(draft_statement(data)))


def verify(data, *parties):
    return verify_manifests(data, TrustedRoot(), keys={party.key.keyid: party.key for party in parties}, needs=KEY_ONLY)


def test_a_signed_file_verifies_and_keeps_every_other_byte(parties):
    made = signed(parties.p256)
    found = verify(made, parties.p256)
    assert [item.name for item in found.objects] == ["apps/v1/Deployment//web", "v1/Service/harbour/web", "v1/ConfigMap//c"]
    assert found.missing == ()
    lines = [line for line in made.decode().splitlines() if ANNOTATION not in line and line != "  annotations:"]
    assert lines == [line for line in FILE.decode().splitlines() if '"ConfigMap"' not in line]
    value = base64.b64encode(found.objects[0].signature).decode()
    assert made.decode().splitlines()[-1].replace(f'"{ANNOTATION}": "{value}"', "") == FILE.decode().splitlines()[-1]


def test_signing_again_replaces_the_annotation_and_nothing_else(parties):
    first = signed(parties.p256)
    bundle = parties.ed25519.bundle(draft_statement(first))
    again = annotate(first, bundle)
    assert again == annotate(FILE, bundle)
    assert verify(again, parties.ed25519).missing == ()


def test_windows_line_breaks_stay(parties):
    made = signed(parties.p256, FILE.replace(b"\n", b"\r\n"))
    assert b"\n" not in made.replace(b"\r\n", b"")
    assert verify(made, parties.p256).missing == ()


def test_another_reader_finds_the_same_objects_with_the_annotation_added(parties):
    before = [document for document in yaml.safe_load_all(FILE) if document]
    after = [document for document in yaml.safe_load_all(signed(parties.p256)) if document]
    for old, new in zip(before, after, strict=True):
        new["metadata"]["annotations"].pop(ANNOTATION)
        old["metadata"].setdefault("annotations", {})
        assert new == old


def test_a_changed_object_is_a_mismatch_wherever_it_changed(parties):
    made = signed(parties.p256)
    for old, new in ((b"replicas: 2", b"replicas: 3"), (b"0644", b"0666"), (b"several", b"many"), (b'"a": "b"', b'"a": "c"')):
        with pytest.raises(DigestMismatch):
            verify(made.replace(old, new), parties.p256)


def test_a_comment_or_another_spelling_of_the_same_object_changes_nothing(parties):
    made = signed(parties.p256)
    for old, new in ((b"# stays", b"# or not"), (b"replicas: 2", b"replicas:    2"), (b"name: web", b'"name": "web"')):
        assert verify(made.replace(old, new), parties.p256).missing == ()


def test_an_object_that_was_taken_out_is_missed_by_name(parties):
    made = signed(parties.p256)
    without = made.replace(made[made.index(b"---\napiVersion: v1\nkind: Service") : made.index(b"---\n# nothing")], b"")
    assert verify(without, parties.p256).missing == ("v1/Service/harbour/web",)


def test_an_object_that_was_added_is_refused(parties):
    made = signed(parties.p256)
    with pytest.raises(NotFound, match=r"rbac/Role//all has no annotation"):
        verify(made + b"---\napiVersion: rbac\nkind: Role\nmetadata: {name: all}\n", parties.p256)
    stolen = base64.b64encode(parse_manifests(made)[0].signature).decode()
    extra = f'---\napiVersion: rbac\nkind: Role\nmetadata: {{name: all, annotations: {{{ANNOTATION}: "{stolen}"}}}}\n'
    with pytest.raises(DigestMismatch):
        verify(made + extra.encode(), parties.p256)


def test_objects_of_two_signings_are_not_one_file(parties):
    one, two = signed(parties.p256), signed(parties.ed25519, FILE.replace(b"name: web", b"name: other"))
    with pytest.raises(Malformed, match="together"):
        verify(one + b"---\n" + two, parties.p256, parties.ed25519)


def test_a_statement_of_another_type_about_the_same_objects_is_refused(parties):
    subjects = [StatementSubject.of(item.name, item.digest) for item in parse_manifests(FILE)]
    for kind, predicate in (("https://example.org/claim/v1", {}), (KUBERNETES_OBJECTS, {"canonicalForm": "other"})):
        payload = render_statement(subjects=subjects, predicate_type=kind, predicate=predicate)
        with pytest.raises(Malformed):
            verify(annotate(FILE, parties.p256.bundle(payload)), parties.p256)


def test_a_signature_of_nobody_we_trust_is_untrusted(parties):
    with pytest.raises(Untrusted):
        verify(signed(parties.p256), parties.ed25519, parties.other)


@given(at=st.integers(0, 100_000), bit=st.integers(0, 7))
def test_any_flipped_bit_of_a_signed_file_fails_or_changes_no_object(parties, at, bit):
    made = signed(parties.ed25519)
    before = verify(made, parties.ed25519)
    changed = bytearray(made)
    changed[at % len(made)] ^= 1 << bit
    try:
        after = verify(bytes(changed), parties.ed25519)
    except (InputError, DigestMismatch, SignatureInvalid, Untrusted):
        return
    # a comment, white space, or a word of the bundle that nobody signed, such as its log's
    assert [(item.name, item.digest) for item in after.objects] == [(item.name, item.digest) for item in before.objects]
    assert after.statement == before.statement


# --- one meaning


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\na: 2",
        "a: {b: 1, b: 2}",
        '"a": 1\na: 2',
        "a: &x 1\nb: *x",
        "a: &x 1",
        "<<: {a: 1}",
        "=: 1",
        "a: !!str 1",
        "a: !binary aGk=",
        "%YAML 1.1\n---\na: 1",
        "%TAG ! tag:example.org,2000:\n---\na: 1",
        "1: a",
        "true: a",
        "null: a",
        "on: a",
        "? [a]\n: b",
        "? {a: b}\n: c",
        "a: yes",
        "a: No",
        "a: on",
        "a: OFF",
        "a: y",
        "a: tRue",
        "a: nULL",
        "a: 1e3",
        "a: 1.5e3",
        "a: 0x1F",
        "a: 0o644",
        "a: 0b11",
        "a: 089",
        "a: 1_000",
        "a: +1",
        "a: .5",
        "a: 5.",
        "a: 1:30",
        "a: 190:20:30.15",
        "a: .inf",
        "a: -.Inf",
        "a: .NaN",
        "a: 00.5",
        "a: b\u2028c",
        "a: b\u0085c",
        "\ufeffa: 1",
        "a: 1\rb: 2",
        "a: [1",
        "a: \x07",
        "- a: 1\n b",
        "a: 1\n\tb: 2",
    ],
)
def test_what_readers_read_differently_is_refused(text):
    with pytest.raises(Malformed):
        read_documents(text.encode())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 0644", {"a": 420}),
        ("a: -5", {"a": -5}),
        ("a: 1.5", {"a": 1.5}),
        ("a: 2024-01-31T00:00:00Z", {"a": "2024-01-31T00:00:00Z"}),
        ("a: 2024-01-31", {"a": "2024-01-31"}),
        ("a: 1.2.3", {"a": "1.2.3"}),
        ("a: 10.0.0.1", {"a": "10.0.0.1"}),
        ("a: 8080:80/TCP", {"a": "8080:80/TCP"}),
        ("a: 100m", {"a": "100m"}),
        ("a: 0.5Gi", {"a": "0.5Gi"}),
        ("a: -", None),
        ("a:", {"a": None}),
        ("a: ~", {"a": None}),
        ("a: 'yes'", {"a": "yes"}),
        ('"on": "1e3"', {"on": "1e3"}),
        ("a: >-\n  b\n  c\n", {"a": "b c"}),
        ("a: sha256:12", {"a": "sha256:12"}),
    ],
)
def test_what_all_read_alike_is_read(text, value):
    if value is None:
        with pytest.raises(Malformed):
            read_documents(text.encode())
    else:
        assert [node.plain() for node in read_documents(text.encode())] == [value]


def test_whatever_is_read_here_is_what_a_clusters_own_parser_reads():
    rows = json.loads(lzma.decompress((DATA / "go-yaml.json.xz").read_bytes()))
    accepted = 0
    for text, expected in rows:
        try:
            found = [canonical_json(node.plain()) for node in read_documents(text.encode())]
        except Malformed:
            continue
        accepted += 1
        if expected is not None and found:
            assert found == [canonical_json(json.loads(expected))], text
    assert accepted > 7_000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8"), max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(value=st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=6), JSON, max_size=5))
def test_json_is_read_as_json_has_it_or_refused(value):
    try:
        found = read_documents(json.dumps(value).encode())
    except Malformed:
        return
    assert [node.plain() for node in found] == ([value] if value is not None else [])


@given(spec=st.dictionaries(st.text("abyno01.:-_ #'\"\n", max_size=5), JSON, max_size=4))
def test_any_object_that_can_be_signed_is_the_same_with_and_without_its_annotation(spec):
    document = {"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "x"}, "spec": spec}
    for text in (json.dumps(document), yaml.safe_dump(document, allow_unicode=True)):
        try:
            before = parse_manifests(text.encode())
            after = annotate(text.encode(), b"{}")
        except Malformed:
            continue
        assert [item.digest for item in parse_manifests(after)] == [item.digest for item in before]
        assert yaml.safe_load(after)["spec"] == yaml.safe_load(text)["spec"]


# --- hostile


def test_deep_wide_and_huge_files_are_refused():
    for text in ("[" * 5000, "- " * 5000, "a: {" * 3000, "\n---\na: 1" * 600, "[" + "1," * 600_000 + "]"):
        with pytest.raises(Malformed):
            read_documents(text.encode())
    with pytest.raises(LimitExceeded):
        read_documents(b" " * (MAX_SIZE + 1))
    with pytest.raises(Malformed):
        read_documents(b"\xff\xfe")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only this",
        "- a",
        "a: 1",
        "apiVersion: v1\nkind: Pod",
        "apiVersion: v1\nkind: Pod\nmetadata: {}",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: 5}",
        "apiVersion: v1\nkind: List\nmetadata: {name: x}\nitems: []",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: x, annotations: []}",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: 123456789012345678",
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: x, annotations: {{{ANNOTATION}: '?'}}}}",
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: x, annotations: {{{ANNOTATION}: 5}}}}",
    ],
)
def test_what_is_no_object_is_malformed(text):
    with pytest.raises(Malformed):
        parse_manifests(text.encode())


def test_an_annotation_larger_than_a_cluster_takes_is_refused():
    with pytest.raises(LimitExceeded):
        annotate(FILE, b"x" * MAX_ANNOTATION_SIZE)
    value = "A" * (MAX_ANNOTATION_SIZE + 4)
    with pytest.raises(LimitExceeded):
        parse_manifests(f"apiVersion: v1\nkind: Pod\nmetadata: {{name: x, annotations: {{{ANNOTATION}: {value}}}}}".encode())


def test_yaml_into_which_nothing_can_be_put_is_refused_and_not_broken():
    odd = b"apiVersion: v1\nkind: Pod\nmetadata:\n  ? name\n  : x\n"
    assert parse_manifests(odd)[0].name == "v1/Pod//x"
    with pytest.raises(Malformed, match="the annotation cannot be put into this file"):
        annotate(odd, b"{}")
    with pytest.raises(Malformed, match="annotations is empty"):
        annotate(b"apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\n  annotations:\n", b"{}")


def test_the_same_object_twice_is_refused():
    one = b"apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n"
    with pytest.raises(Malformed, match="twice"):
        draft_statement(one + b"---\n" + one)


def test_the_digest_is_that_of_the_canonical_json():
    item = parse_manifests(b"kind: Pod\napiVersion: v1\nmetadata: {name: x, annotations: {}}\n")[0]
    assert item.digest == Digest.of(b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"}}')
