"""The published form: what it says of each thing, and what has no place in it."""

import json

import pytest
from test_trust_document import WHOLE, parse, publish

from pratique.errors import Malformed
from pratique.trust import Authorities, Authority, Grant, Scope, Trust, WorkloadIdentity, WorkloadRegexp
from pratique.trust.document import read_published
from pratique.trust.published import render_published


def published(text=WHOLE):
    return json.loads(publish(text))


def test_what_a_trust_does_not_have_is_left_out():
    lone = (
        "version: 1\nname: acme\nauthorities:\n  a:\n    keys: [{file: a.pub}]\n    says: [{predicates: [sbom], about: ['*']}]\n"
    )
    found = published(lone)
    assert set(found) == {"version", "name", "authorities", "time-operators"}
    assert set(found["authorities"]["a"]) == {"keys", "says"}
    assert set(found["authorities"]["a"]["keys"][0]) == {"spki"}
    assert set(found["authorities"]["a"]["says"][0]) == {"predicates", "about"}


def test_each_signer_has_what_it_needs_and_no_more():
    release, security = (published()["authorities"][name] for name in ("release", "security"))
    assert [set(key) for key in release["keys"]] in (
        [{"spki", "from", "until"}, {"spki", "retired", "compromised"}],
        [{"spki", "retired", "compromised"}, {"spki", "from", "until"}],
    )
    (workload,) = release["workloads"]
    assert set(workload) == {"issuer", "subject-pattern", "claims"}
    assert security["certified"] == [{"store": "ca:acme", "name": "CN=security,O=Acme"}]


def test_a_subject_is_published_as_what_it_is():
    def identity(**more):
        one = WorkloadIdentity(issuer="https://token.example", subject="https://example.org/acme/*", **more)
        grants = (Grant(predicates=frozenset({"x:y"}), scopes=(Scope(()),)),)
        trust = Trust(name="x", authorities=Authorities((Authority(name="a", signers=(one,), grants=grants),)))
        return json.loads(render_published(trust))["authorities"]["a"]["workloads"][0]

    assert set(identity()) == {"issuer", "subject"}
    assert set(identity(pattern=True)) == {"issuer", "subject-pattern"}
    assert identity(claims={"ref": "main"})["claims"] == {"ref": "main"}


def test_demands_services_files_and_revocations_have_what_they_say():
    found = published()
    assert found["thresholds"][0]["of"] == ["release", "security"]
    assert "of" not in published(WHOLE.replace(", of: [release, security]", ""))["thresholds"][0]
    assert "witness-quorum" not in found
    assert published(WHOLE.replace("witnesses:", "witness-quorum: 1\nwitnesses:"))["witness-quorum"] == 1
    assert [set(item) for item in found["sigstore"]] == [{"name", "sha256"}]
    assert [set(item) for item in found["timestamp-authorities"]] == [{"name", "sha256", "operator", "from"}]
    assert sorted(map(sorted, found["revoked"])) == [["predicate", "subject"], ["reason", "statement"]]
    log = published(WHOLE.replace("operator: acme, spki", "operator: acme, algorithm: ed25519, spki"))["logs"][0]
    assert set(log) == {"name", "operator", "spki", "algorithm"} and log["algorithm"] == "ed25519"


def test_a_trust_with_everything_is_read_back_as_the_same():
    text = WHOLE.replace("witnesses:", "witness-quorum: 1\nwitnesses:").replace(
        'name: "CN=security,O=Acme"', f'name: "CN=security,O=Acme", thumbprint: "{"ab" * 32}"'
    )
    trust = parse(text).trust
    again = read_published(json.loads(render_published(trust)), where="x")
    assert render_published(again) == render_published(trust)
    assert again.witness_quorum == 1 and again.authorities.items[1].signers == trust.authorities.items[1].signers


def test_an_expression_is_not_published():
    signer = WorkloadRegexp(issuer="https://token.example", regexp="https://example.org/acme/.+")
    grants = (Grant(predicates=frozenset({"x:y"}), scopes=(Scope(()),)),)
    trust = Trust(name="x", authorities=Authorities((Authority(name="a", signers=(signer,), grants=grants),)))
    with pytest.raises(Malformed, match="is for a command line, and is not published"):
        render_published(trust)
