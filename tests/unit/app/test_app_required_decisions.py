"""`verify --require decision` asks for one that lets the artifact pass: a decision that refuses is no yes, whoever signed it."""

import pytest
from test_app_verification import IMAGE, facts, gathered

from pratique.app.verification import answers_of, state_of
from pratique.attest.predicates.vsa import EXTENSION, vsa_predicate
from pratique.model import Cause, Decision, Digest, State, Verdict
from pratique.model.predicates import SLSA_VSA
from pratique.model.signer import KeySigner, Signed
from pratique.policy import Piece


def decided(*causes, **change):
    verdicts = tuple(Verdict(rule=f"rule{number}", cause=cause, detail="why") for number, cause in enumerate(causes))
    decision = Decision(
        subject=IMAGE,
        subject_name="x",
        policy_name="production",
        policy_digest=Digest.of(b"policy"),
        verdicts=verdicts,
        decided_at=1_800_000_000,
    )
    predicate = vsa_predicate(
        decision, verifier_id="https://gate.example", verifier_version={}, resource_uri="x", policy_uri="production"
    )
    return Piece(
        bundle=Digest.of(repr((causes, sorted(change))).encode()),
        predicate_type=SLSA_VSA,
        cause=Cause.NONE,
        authority="gate",
        said=lambda: predicate | change,
        signed=Signed(signer=KeySigner(keyid="ab" * 32)),
    )


def asked(*pieces):
    answers = [answer for answer in answers_of(gathered(facts(*pieces)), (SLSA_VSA,)) if answer.decides]
    return state_of(answers), answers


def test_a_decision_that_lets_it_pass_is_what_is_asked_for():
    assert asked(decided(Cause.NONE))[0] is State.VERIFIED


@pytest.mark.parametrize(
    ("cause", "state", "word"),
    [(Cause.ABSENT, State.VIOLATED, "denied by https://gate.example"), (Cause.UNREACHABLE, State.UNCHECKED, "undecided by")],
)
def test_a_decision_that_refuses_or_could_not_be_made_is_no_yes(cause, state, word):
    found, (answer,) = asked(decided(Cause.NONE, cause))
    assert found is state and word in answer.detail and "policy production" in answer.detail


def test_another_tool_s_failed_decision_is_no_yes_and_its_passed_one_is():
    foreign = {EXTENSION: None}

    def of(result):
        piece = decided(Cause.NONE, verificationResult=result)
        predicate = {name: value for name, value in piece.predicate.items() if name not in foreign}
        return Piece(
            bundle=piece.bundle,
            predicate_type=SLSA_VSA,
            cause=Cause.NONE,
            authority="gate",
            said=lambda: predicate,
            signed=piece.signed,
        )

    assert asked(of("FAILED"))[0] is State.VIOLATED
    assert asked(of("PASSED"))[0] is State.VERIFIED


@pytest.mark.parametrize("change", [{"verificationResult": "PASSED"}, {"verificationResult": "MAYBE"}, {"timeVerified": "never"}])
def test_a_decision_that_contradicts_itself_or_is_none_is_invalid(change):
    found, (answer,) = asked(decided(Cause.ABSENT, **change))
    assert (found, answer.cause) == (State.VIOLATED, Cause.INVALID)


def test_one_that_lets_it_pass_is_enough_beside_one_that_refused():
    state, answers = asked(decided(Cause.ABSENT), decided(Cause.NONE))
    assert state is State.VERIFIED and len(answers) == 1
