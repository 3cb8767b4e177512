"""A log that moved has one key and two names: a trust may list both, and it stays one voice."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pratique.errors import Malformed
from pratique.model import Digest
from pratique.tlog.checkpoint import spki_of
from pratique.tlog.notes import VerifierKey, render_vkey
from pratique.trust.document import Files, parse_source, read_published
from pratique.trust.published import render_published
from pratique.tuf.compile import read_source

A, B = (base64.b64encode(text).decode() for text in (b"key a", b"key b"))
FILES = Files(key=lambda name: name.encode(), digest=lambda name: Digest.of(name.encode()))
HEAD = """\
version: 1
name: acme
authorities:
  release:
    keys: [{spki: a2V5IGM=}]
    says: [{predicates: [signature], about: ["*"]}]
"""


def logs(*rows: str):
    text = HEAD + "logs:\n" + "".join(f"  - {{{row}}}\n" for row in rows)
    return parse_source(text.encode(), files=FILES, where="trust.yaml").trust


def test_both_names_of_one_key_are_listed_with_one_operator():
    trust = logs(f"name: old.example, operator: acme, spki: {A}", f"name: new.example, operator: acme, spki: {A}")
    assert {(log.name, log.operator) for log in trust.logs} == {("old.example", "acme"), ("new.example", "acme")}
    again = read_published(json.loads(render_published(trust)), where="published")
    assert {log.name for log in again.logs} == {"old.example", "new.example"}
    more = logs(
        f"name: old.example, operator: acme, spki: {A}",
        f"name: new.example, operator: acme, spki: {A}",
        f"name: other.example, operator: third, spki: {B}",
    )
    assert len(more.logs) == 3


@pytest.mark.parametrize(
    "rows",
    [
        (f"name: a.example, operator: acme, spki: {A}", f"name: b.example, operator: other, spki: {A}"),
        (f"name: a.example, operator: acme, spki: {A}", f"name: a.example, operator: acme, spki: {A}"),
    ],
)
def test_one_key_is_never_two_voices(rows):
    with pytest.raises(Malformed, match="same key as another"):
        logs(*rows)


def test_a_witness_has_one_name_for_one_key():
    rows = [f"name: {name}.example, operator: acme, spki: {A}" for name in "ab"]
    text = HEAD + "witnesses:\n" + "".join(f"  - {{{row}}}\n" for row in rows)
    with pytest.raises(Malformed, match="same key as another"):
        parse_source(text.encode(), files=FILES, where="trust.yaml")


def test_a_log_is_named_by_its_own_log_vkey(tmp_path):
    raw = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    (tmp_path / "log.vkey").write_text(render_vkey(VerifierKey(name="log.example", algorithm=1, public_key=raw)) + "\n")
    key = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    head = HEAD.replace("a2V5IGM=", base64.b64encode(spki_of(key)).decode())
    (tmp_path / "trust.yaml").write_text(head + "logs: [{name: log.example, operator: acme, file: log.vkey}]\n")
    found = read_source(tmp_path / "trust.yaml", now=1_767_225_600)
    assert [(log.name, log.spki) for log in found.trust.logs] == [("log.example", spki_of(raw))]
