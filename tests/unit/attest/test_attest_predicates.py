import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.attest.members import as_instant, instant_text
from pratique.attest.predicates.image_signature import parse_image_signature
from pratique.attest.predicates.sbom import parse_sbom
from pratique.attest.predicates.vsa import EXTENSION, InputAttestation, parse_vsa, vsa_predicate
from pratique.errors import Malformed
from pratique.model.digest import Digest
from pratique.model.verdict import Cause, Decision, Result, Verdict

D = Digest.of(b"x")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
INSTANT = st.integers(0, 253_402_300_799)
DIGEST = st.binary(min_size=32, max_size=32).map(lambda raw: Digest("sha256:" + raw.hex()))


def again(predicate):
    return json.loads(json.dumps(predicate))


@settings(max_examples=50)
@given(INSTANT)
def test_an_instant_survives_rendering(seconds):
    assert as_instant(instant_text(seconds), "time") == seconds


@pytest.mark.parametrize(
    "text", ["2026-01-31", "2026-13-31T00:00:00Z", "2026-01-31T00:00:00", "2026-01-31 00:00:00Z", "now", 5, None]
)
def test_a_time_of_another_form_is_refused(text):
    with pytest.raises(Malformed):
        as_instant(text, "time")


def test_offsets_and_fractions_of_other_tools_are_read():
    assert as_instant("2026-01-31T01:00:00.999999999+01:00", "time") == as_instant("2026-01-31T00:00:00Z", "time")
    with pytest.raises(Malformed):
        instant_text(-1)


def test_an_image_signature_says_nothing_but_its_subject():
    parse_image_signature({})
    with pytest.raises(Malformed):
        parse_image_signature({"approved": True})


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"bomFormat": "CycloneDX"},
        {"bomFormat": "SPDX", "specVersion": "1.6"},
        {"bomFormat": "CycloneDX", "specVersion": "2.0"},
    ],
)
def test_an_sbom_of_another_format_is_refused(document):
    with pytest.raises(Malformed):
        parse_sbom(document)


def decision(*causes):
    verdicts = tuple(Verdict(rule=f"rule-{number}", cause=cause, detail="d") for number, cause in enumerate(causes))
    return Decision(
        subject=D, subject_name="app", policy_name="prod", policy_digest=D, verdicts=verdicts, decided_at=1_700_000_000
    )


def vsa(*causes):
    return again(
        vsa_predicate(
            decision(*causes),
            verifier_id="https://pratique.dev/gate",
            verifier_version={"pratique": "0.1.0"},
            resource_uri="registry.example.org/app:1",
            policy_uri="prod.yaml",
            inputs=[InputAttestation(uri="", digest=D)],
        )
    )


@pytest.mark.parametrize(
    ("causes", "stated", "result"),
    [
        ([Cause.NONE], "PASSED", Result.ALLOWED),
        ([Cause.NONE, Cause.DENIED], "FAILED", Result.DENIED),
        ([Cause.NONE, Cause.UNREACHABLE], "FAILED", Result.UNDECIDED),
        ([Cause.UNREACHABLE, Cause.ABSENT], "FAILED", Result.DENIED),
        ([], "FAILED", Result.UNDECIDED),
    ],
)
def test_a_decision_survives_rendering_and_only_an_allowed_one_passes(causes, stated, result):
    predicate = vsa(*causes)
    assert predicate["verificationResult"] == stated
    assert predicate["verifiedLevels"] == (["SLSA_BUILD_LEVEL_0"] if stated == "PASSED" else ["FAILED"])
    summary = parse_vsa(predicate)
    assert summary.result is result
    assert summary.verdicts == decision(*causes).verdicts
    assert summary.verified_at == 1_700_000_000
    assert (summary.policy_digest, summary.inputs) == (D, (InputAttestation(uri="", digest=D),))


def test_a_summary_of_another_tool_has_no_verdicts_and_two_answers():
    predicate = vsa(Cause.NONE)
    del predicate[EXTENSION]
    assert parse_vsa(predicate).result is Result.ALLOWED
    assert parse_vsa(predicate | {"verificationResult": "FAILED"}).result is Result.DENIED


def test_a_summary_that_passes_against_its_own_verdicts_is_refused():
    denied = vsa(Cause.DENIED)
    with pytest.raises(Malformed, match="do not lead to"):
        parse_vsa(denied | {"verificationResult": "PASSED"})
    with pytest.raises(Malformed, match="do not lead to"):
        parse_vsa(denied | {"verificationResult": "PASSED", EXTENSION: denied[EXTENSION] | {"result": "allowed"}})
    with pytest.raises(Malformed, match="do not lead to"):
        parse_vsa(vsa() | {"verificationResult": "PASSED"})
    row = denied[EXTENSION]["verdicts"][0] | {"state": "verified"}
    with pytest.raises(Malformed, match="its cause does not lead to"):
        parse_vsa(denied | {EXTENSION: denied[EXTENSION] | {"verdicts": [row]}})


@pytest.mark.parametrize(
    "change",
    [
        {"verificationResult": "passed"},
        {"verifier": {}},
        {"timeVerified": "yesterday"},
        {"resourceUri": None},
        {"policy": None},
        {"policy": {"digest": {"sha256": "xyz"}}},
        {"verifiedLevels": "SLSA_BUILD_LEVEL_3"},
        {"inputAttestations": [{"uri": "x"}]},
        {EXTENSION: None},
        {EXTENSION: {"result": "allowed", "verdicts": [{"rule": "r", "cause": "hearsay", "state": "verified", "detail": ""}]}},
    ],
)
def test_a_summary_of_another_form_is_refused(change):
    with pytest.raises(Malformed):
        parse_vsa(vsa(Cause.NONE) | change)
