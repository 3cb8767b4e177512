"""A verification summary at each of its members: what it must say, what it may leave out, and what contradicts itself."""

import copy

import pytest

from pratique.attest.predicates.vsa import EXTENSION, MAX_INPUTS, MAX_VERDICTS, InputAttestation, parse_vsa, vsa_predicate
from pratique.errors import LimitExceeded, Malformed
from pratique.model import Cause, Decision, Digest, Result, Verdict

A = Digest.of(b"a")


def decision(*causes):
    verdicts = tuple(Verdict(rule=f"rule {number}", cause=cause, detail="why") for number, cause in enumerate(causes))
    return Decision(
        subject=A,
        subject_name="app",
        policy_name="production",
        policy_digest=Digest.of(b"policy"),
        verdicts=verdicts,
        decided_at=0,
    )


def written(*causes, **more):
    fields = {"verifier_id": "https://v.example", "verifier_version": {"pratique": "1"}, "resource_uri": "r", "policy_uri": "p"}
    return vsa_predicate(decision(*causes), **{**fields, **more})


def changed(*path, value, base=None):
    document = copy.deepcopy(base or written(Cause.NONE))
    place = document
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return document


@pytest.mark.parametrize(
    ("causes", "result", "stated", "levels"),
    [
        ((Cause.NONE,), Result.ALLOWED, "PASSED", ["L"]),
        ((Cause.NONE, Cause.DENIED), Result.DENIED, "FAILED", ["FAILED"]),
        ((Cause.UNREACHABLE,), Result.UNDECIDED, "FAILED", ["FAILED"]),
        ((), Result.UNDECIDED, "FAILED", ["FAILED"]),
    ],
)
def test_only_what_is_allowed_passes_and_has_levels(causes, result, stated, levels):
    document = written(*causes, verified_levels=["L"], inputs=[InputAttestation(uri="u", digest=A)])
    assert (document["verificationResult"], document["verifiedLevels"]) == (stated, levels)
    found = parse_vsa(document)
    assert (found.result, found.verdicts) == (result, decision(*causes).verdicts)
    assert (found.verified_levels, found.inputs) == (tuple(levels), (InputAttestation(uri="u", digest=A),))
    assert (found.policy_digest, found.policy_uri, found.resource_uri) == (Digest.of(b"policy"), "p", "r")


@pytest.mark.parametrize(("stated", "result"), [("PASSED", Result.ALLOWED), ("FAILED", Result.DENIED)])
def test_another_tool_s_has_no_verdicts(stated, result):
    document = changed("verificationResult", value=stated)
    del document[EXTENSION]
    found = parse_vsa(document)
    assert (found.result, found.verdicts) == (result, ())


def test_what_may_be_left_out_is():
    document = written(Cause.NONE)
    for path in (("policy", "uri"), ("policy", "digest"), ("inputAttestations",)):
        document = changed(*path, value=..., base=document)
    found = parse_vsa(document)
    assert (found.policy_uri, found.policy_digest, found.inputs) == ("", None, ())
    assert parse_vsa(changed("policy", "digest", value={"sha1": "x"})).policy_digest is None
    assert parse_vsa(changed("policy", "digest", value={"sha512": "ab" * 64})).policy_digest == Digest(f"sha512:{'ab' * 64}")
    assert parse_vsa(changed("inputAttestations", value=[{"digest": {"sha256": A.hex}}])).inputs[0].uri == ""


@pytest.mark.parametrize(
    ("path", "value", "match"),
    [
        (("verifier",), ..., "verifier is not an object"),
        (("verifier", "id"), 5, "verifier.id is not a string"),
        (("policy",), [], "policy is not an object"),
        (("verificationResult",), "passed", "neither PASSED nor FAILED"),
        (("verificationResult",), ..., "neither PASSED nor FAILED: 'None'"),
        (("verifiedLevels",), ..., "verifiedLevels is not a list"),
        (("verifiedLevels",), [5], "verifiedLevels is not a string"),
        (("timeVerified",), "now", "timeVerified is not an RFC 3339 time"),
        (("resourceUri",), ..., "resourceUri is not a string"),
        (("policy", "digest"), {"sha256": "x"}, "not a digest"),
        (("inputAttestations",), [5], r"inputAttestations\[0\] is not an object"),
        (("inputAttestations",), [{"uri": "u"}], r"inputAttestations\[0\].digest is not an object"),
        (("inputAttestations",), [{"digest": {"sha1": "x"}}], r"inputAttestations\[0\] has no digest that can be compared"),
        ((EXTENSION,), [], "is not an object"),
        ((EXTENSION, "verdicts"), ..., "verdicts is not a list"),
        ((EXTENSION, "verdicts", 0), 5, r"verdicts\[0\] is not an object"),
        ((EXTENSION, "verdicts", 0, "cause"), "other", r"verdicts\[0\] has a cause of another version"),
        ((EXTENSION, "verdicts", 0, "state"), "violated", r"verdicts\[0\] has a state that its cause does not lead to"),
        ((EXTENSION, "verdicts", 0, "state"), ..., r"verdicts\[0\] has a state that its cause does not lead to"),
        ((EXTENSION, "verdicts", 0, "rule"), 5, r"verdicts\[0\].rule is not a string"),
        ((EXTENSION, "result"), "denied", "do not lead to the stated result"),
        (("verificationResult",), "FAILED", "do not lead to the stated result"),
    ],
)
def test_a_summary_that_lacks_or_contradicts_something_is_refused_with_its_member(path, value, match):
    with pytest.raises(Malformed, match=match):
        parse_vsa(changed(*path, value=value))


def test_a_refusal_that_says_it_passed_is_refused():
    for causes in ((Cause.DENIED,), (Cause.UNREACHABLE,), ()):
        with pytest.raises(Malformed, match="do not lead to the stated result"):
            parse_vsa(changed("verificationResult", value="PASSED", base=written(*causes)))


def test_a_summary_has_as_many_rows_as_the_limit_says_and_no_more():
    one = {"digest": {"sha256": A.hex}}
    assert len(parse_vsa(changed("inputAttestations", value=[one] * MAX_INPUTS)).inputs) == MAX_INPUTS
    with pytest.raises(LimitExceeded):
        parse_vsa(changed("inputAttestations", value=[one] * (MAX_INPUTS + 1)))
    rows = written(Cause.NONE)[EXTENSION]["verdicts"]
    assert len(parse_vsa(changed(EXTENSION, "verdicts", value=rows * MAX_VERDICTS)).verdicts) == MAX_VERDICTS
    with pytest.raises(LimitExceeded):
        parse_vsa(changed(EXTENSION, "verdicts", value=rows * (MAX_VERDICTS + 1)))
