"""One requirement, held against facts: enough good pieces meet it, whatever else is there; nothing is absent that could not be
asked.
"""

from dataclasses import replace

import pytest
from test_policy_evaluate import BUILDER, SUBJECT, facts, piece, policy, sbom

from pratique.errors import Malformed
from pratique.model import Cause, Digest, Result
from pratique.model.predicates import CYCLONEDX, FILE_MANIFEST, IMAGE_SIGNATURE, SLSA_PROVENANCE, SPDX
from pratique.policy import Facts, Piece, SbomFacts, evaluate
from pratique.policy.facts import ManifestFacts
from pratique.policy.requirement import Requirement, answer

SIGNED = Requirement(rule="signature", what="signature", kinds=(IMAGE_SIGNATURE,))
BILL = Requirement(rule="sbom", what="SBOM", kinds=(CYCLONEDX, SPDX))
BAD = [cause for cause in Cause if cause is not Cause.NONE]


def untyped(cause):
    return Piece(bundle=Digest.of(cause.encode()), predicate_type="", cause=cause, detail="why")


def down(*pieces, sboms=(), cause=Cause.UNREACHABLE):
    return Facts(subject=SUBJECT, subject_name="x", pieces=pieces, sboms=tuple(sboms), gathering=cause, gathering_detail="down")


@pytest.mark.parametrize("cause", BAD)
def test_what_nobody_asked_for_decides_nothing_beside_enough_good_pieces(cause):
    """A stranger's signature, garbage, a tag that could not be had: whoever may push must not block everybody."""
    for other in (piece(IMAGE_SIGNATURE, "nobody", cause), untyped(cause)):
        found = answer(SIGNED, facts([other, piece(IMAGE_SIGNATURE)]))
        assert found.verdict.cause is Cause.NONE and [item.authority for item in found.counted] == ["release"]
        assert (
            evaluate(policy("{signature: {from: [release]}}"), facts([other, piece(IMAGE_SIGNATURE)]), now=1).result
            is Result.ALLOWED
        )


def test_a_place_that_is_down_decides_nothing_beside_enough_good_pieces_of_another():
    assert answer(SIGNED, down(piece(IMAGE_SIGNATURE))).verdict.cause is Cause.NONE


@pytest.mark.parametrize("other", [Cause.UNTRUSTED, Cause.INVALID, Cause.REVOKED, Cause.EXPIRED, None])
def test_what_could_not_be_had_and_may_be_what_is_missing_is_unreachable_whatever_else_is_there(other):
    rest = [piece(IMAGE_SIGNATURE, "nobody", other)] if other else []
    lost = piece(IMAGE_SIGNATURE, "nobody", Cause.UNREACHABLE)
    assert answer(SIGNED, facts([*rest, lost])).verdict.cause is Cause.UNREACHABLE
    assert answer(SIGNED, facts([*rest, untyped(Cause.UNREACHABLE)])).verdict.cause is Cause.UNREACHABLE
    assert answer(SIGNED, down(*rest)).verdict.cause is Cause.UNREACHABLE
    assert answer(SIGNED, down(*rest, cause=Cause.INVALID)).verdict.cause is Cause.INVALID


def test_bytes_that_are_others_are_a_violation_although_something_could_not_be_had():
    found = facts([piece(CYCLONEDX), piece(CYCLONEDX, "x", Cause.UNREACHABLE)], [sbom(cause=Cause.MISMATCH)])
    assert answer(BILL, found).verdict.cause is Cause.MISMATCH


def test_a_second_sbom_by_another_tool_takes_nothing_from_the_first():
    for cause in (Cause.UNREADABLE, Cause.MISMATCH, Cause.ABSENT, Cause.NONE):
        pieces = [piece(CYCLONEDX), piece(SPDX, n=1)]
        found = facts(pieces, [sbom(), sbom(cause=cause, bound=False, kind=SPDX, n=1)])
        assert evaluate(policy("{sbom: {from: [release]}}"), found, now=1).result is Result.ALLOWED


@pytest.mark.parametrize(
    ("demand", "result"), [("", Result.UNDECIDED), (", bytes: true", Result.UNDECIDED), (", bytes: false", Result.ALLOWED)]
)
@pytest.mark.parametrize("kind", [CYCLONEDX, SPDX])
def test_an_sbom_that_names_no_file_manifest_is_one_where_bytes_are_not_asked_for(demand, result, kind):
    found = facts([piece(kind)], [sbom(bound=False, kind=kind)])
    assert evaluate(policy(f"{{sbom: {{from: [release]{demand}}}}}"), found, now=1).result is result


@pytest.mark.parametrize("cause", [Cause.MISMATCH, Cause.ABSENT, Cause.INVALID, Cause.UNREACHABLE])
def test_an_sbom_that_names_a_file_manifest_is_held_to_it_although_bytes_are_not_asked_for(cause):
    found = facts([piece(CYCLONEDX)], [sbom(cause=cause, bound=False)])
    assert evaluate(policy("{sbom: {from: [release], bytes: false}}"), found, now=1).verdicts[0].cause is cause


def test_the_facts_of_another_sbom_of_the_same_authority_are_not_this_one_s():
    """One is logged and does not fit, the other fits and is not logged: none is both."""
    found = facts([piece(CYCLONEDX), piece(CYCLONEDX, index=None, n=1)], [sbom(cause=Cause.MISMATCH), sbom(n=1)])
    assert evaluate(policy("{sbom: {from: [release]}, log: true}"), found, now=1).result is Result.DENIED
    found = facts([piece(CYCLONEDX), piece(CYCLONEDX, index=None, n=1)], [sbom(), sbom(cause=Cause.MISMATCH, n=1)])
    assert evaluate(policy("{sbom: {from: [release]}, log: true}"), found, now=1).result is Result.ALLOWED


def test_a_verified_sbom_without_facts_could_not_be_compared():
    assert answer(BILL, facts([piece(CYCLONEDX)])).verdict.cause is Cause.UNREADABLE


def test_a_file_manifest_that_is_not_of_the_bytes_is_none():
    asked = Requirement(rule="file manifest", what="file manifest", kinds=(FILE_MANIFEST,))
    one = piece(FILE_MANIFEST)
    for cause in (Cause.NONE, Cause.MISMATCH, Cause.INVALID):
        held = ManifestFacts(bundle=one.bundle, authority="release", cause=cause, detail="why")
        found = Facts(subject=SUBJECT, subject_name="x", pieces=(one,), manifests=(held,))
        assert answer(asked, found).verdict.cause is cause


NO_OTHERS = "{signature: {from: [release], no-others: true}}"


@pytest.mark.parametrize("cause", BAD)
def test_no_others_makes_any_other_signature_a_refusal_or_an_open_question(cause):
    found = facts([piece(IMAGE_SIGNATURE), piece(IMAGE_SIGNATURE, "nobody", cause)])
    (verdict,) = evaluate(policy(NO_OTHERS), found, now=1).verdicts
    assert verdict.cause is cause and "no others" in verdict.detail
    assert evaluate(policy(NO_OTHERS), facts([piece(IMAGE_SIGNATURE), untyped(cause)]), now=1).result is not Result.ALLOWED


def test_no_others_counts_an_authority_that_the_rule_does_not_name_as_another():
    found = facts([piece(IMAGE_SIGNATURE), piece(IMAGE_SIGNATURE, "security")])
    assert evaluate(policy(NO_OTHERS), found, now=1).verdicts[0].cause is Cause.UNTRUSTED
    assert evaluate(policy(NO_OTHERS), facts([piece(IMAGE_SIGNATURE), piece(CYCLONEDX, "guest")]), now=1).result is Result.ALLOWED
    assert evaluate(policy(NO_OTHERS), down(piece(IMAGE_SIGNATURE)), now=1).result is Result.UNDECIDED


def test_a_refusal_for_want_of_a_log_names_the_log_as_the_reason():
    lone = piece(IMAGE_SIGNATURE, index=None)
    named = Piece(
        bundle=lone.bundle,
        predicate_type=lone.predicate_type,
        cause=Cause.NONE,
        authority="release",
        signed=lone.signed,
        unproven=("entry 3 of log log.example (log ID ab…) is of a log that nobody named",),
    )
    rule = policy("{signature: {from: [release]}, log: true}")
    (verdict,) = evaluate(rule, facts([named]), now=1).verdicts
    assert verdict.cause is Cause.INVALID
    assert (
        "not proven to be in the log" in verdict.detail and "log.example" in verdict.detail and "nobody named" in verdict.detail
    )
    assert "no entry of any log" in evaluate(rule, facts([lone]), now=1).verdicts[0].detail


def test_a_builder_that_is_not_allowed_takes_nothing_from_one_that_is():
    def built(builder, n):
        body = {"runDetails": {"builder": {"id": builder}}}
        return Piece(
            bundle=Digest.of(bytes([n])), predicate_type=SLSA_PROVENANCE, cause=Cause.NONE, authority="release", said=lambda: body
        )

    rule = policy(f'{{provenance: {{from: [release], builders: ["{BUILDER}"]}}}}')
    laptop, ours = built("https://laptop.example", 1), built(BUILDER, 2)
    assert evaluate(rule, facts([laptop, ours]), now=1).result is Result.ALLOWED
    (verdict,) = evaluate(rule, facts([laptop]), now=1).verdicts
    assert verdict.cause is Cause.DENIED and "laptop.example" in verdict.detail
    lost = piece(SLSA_PROVENANCE, "x", Cause.UNREACHABLE)
    assert evaluate(rule, facts([laptop, lost]), now=1).verdicts[0].cause is Cause.UNREACHABLE


def test_a_predicate_that_cannot_be_read_is_invalid_and_takes_nothing_from_another():
    def broken():
        raise Malformed("not a statement")

    bad = Piece(bundle=Digest.of(b"b"), predicate_type=SLSA_PROVENANCE, cause=Cause.NONE, authority="release", said=broken)
    rule = policy(f'{{provenance: {{from: [release], builders: ["{BUILDER}"]}}}}')
    assert evaluate(rule, facts([bad]), now=1).verdicts[0].cause is Cause.INVALID
    assert evaluate(rule, facts([bad, piece(SLSA_PROVENANCE)]), now=1).result is Result.ALLOWED


DENY = '{components: ["pkg:npm/event-stream"]}'


@pytest.mark.parametrize("kind", [CYCLONEDX, SPDX, ""])
def test_a_deny_list_says_so_when_an_sbom_may_be_there_that_could_not_be_had(kind):
    """Whoever is between can make one answer fail: that must not hide the SBOM that names what is denied."""
    lost = Piece(bundle=Digest.of(b"l"), predicate_type=kind, cause=Cause.UNREACHABLE, detail="gone")
    decision = evaluate(policy("{sbom: {from: [release]}}", DENY), facts([piece(CYCLONEDX), lost], [sbom()]), now=1)
    assert [verdict.cause for verdict in decision.verdicts] == [Cause.NONE, Cause.UNREACHABLE]
    assert (
        evaluate(policy("{sbom: {from: [release]}}"), facts([piece(CYCLONEDX), lost], [sbom()]), now=1).result is Result.ALLOWED
    )


def test_a_deny_list_says_so_when_a_place_is_down_or_a_trusted_sbom_cannot_be_read():
    rule = policy("{sbom: {from: [release]}}", DENY)
    assert evaluate(rule, down(piece(CYCLONEDX), sboms=[sbom()]), now=1).verdicts[1].cause is Cause.UNREACHABLE
    pieces, bills = (
        [piece(CYCLONEDX), piece(SPDX, n=1)],
        [sbom(), sbom(cause=Cause.UNREADABLE, bound=False, kind=SPDX, n=1, unread="no JSON")],
    )
    assert evaluate(rule, facts(pieces, bills), now=1).verdicts[1].cause is Cause.UNREADABLE
    pieces, bills = (
        [piece(CYCLONEDX), piece(SPDX, "guest")],
        [sbom(), sbom(cause=Cause.UNREADABLE, kind=SPDX, authority="guest", unread="no JSON")],
    )
    assert evaluate(rule, facts(pieces, bills), now=1).result is Result.ALLOWED


@pytest.mark.parametrize("cause", [Cause.INVALID, Cause.UNTRUSTED, Cause.REVOKED, Cause.EXPIRED])
def test_a_deny_list_is_not_stopped_by_what_is_nobody_s(cause):
    found = facts([piece(CYCLONEDX), piece(CYCLONEDX, "x", cause)], [sbom()])
    assert evaluate(policy("{sbom: {from: [release]}}", DENY), found, now=1).result is Result.ALLOWED


def test_a_denied_component_in_a_second_trusted_sbom_is_denied_although_the_first_meets_the_requirement():
    named = sbom(("pkg:npm/event-stream@3.3.6", ()), cause=Cause.MISMATCH, bound=False, n=1)
    found = facts([piece(CYCLONEDX), piece(CYCLONEDX, n=1)], [sbom(), named])
    decision = evaluate(policy("{sbom: {from: [release]}}", DENY), found, now=1)
    assert [verdict.cause for verdict in decision.verdicts] == [Cause.NONE, Cause.DENIED]


# --- one fact must not be taken for another's


def test_an_sbom_that_is_bound_to_the_bytes_lends_that_to_no_other():
    """The second SBOM, of somebody whom the rule does not name, is bound; the one that the rule asks for is not."""
    found = facts([piece(CYCLONEDX), piece(CYCLONEDX, "guest")], [sbom(bound=False), sbom(authority="guest")])
    (verdict,) = evaluate(policy("{sbom: {from: [release]}}"), found, now=1).verdicts
    assert verdict.cause is Cause.UNREADABLE


def test_an_sbom_of_which_nobody_says_that_it_is_bound_proves_nothing_about_bytes():
    one = piece(CYCLONEDX)
    held = SbomFacts(bundle=one.bundle, authority="release", cause=Cause.NONE, detail="nothing compared")
    assert evaluate(policy("{sbom: {from: [release]}}"), facts([one], [held]), now=1).result is Result.UNDECIDED
    assert answer(BILL, facts([one], [held])).verdict.cause is Cause.NONE


def test_a_requirement_that_says_nothing_of_logs_and_others_asks_for_neither():
    found = facts([piece(IMAGE_SIGNATURE, index=None), piece(IMAGE_SIGNATURE, "nobody", Cause.INVALID)])
    assert answer(SIGNED, found).verdict.cause is Cause.NONE


def test_a_piece_without_a_signer_has_no_place_in_a_log():
    bare = Piece(bundle=Digest.of(b"b"), predicate_type=IMAGE_SIGNATURE, cause=Cause.NONE, authority="release")
    assert bare.log_index is None and not bare.in_place
    assert evaluate(policy("{signature: {from: [release]}, log: true}"), facts([bare]), now=1).result is Result.DENIED


# --- how it is told


@pytest.mark.parametrize(
    ("requirement", "told"),
    [
        (SIGNED, "0 of 1 needed signatures"),
        (replace(SIGNED, allowed=frozenset({"b", "a"})), "0 of 1 needed signatures from a, b"),
        (BILL, "no SBOM"),
        (replace(BILL, allowed=frozenset({"a"})), "no SBOM from a"),
        (replace(BILL, threshold=2), "0 of 2 needed SBOMs"),
        (replace(BILL, threshold=3), "0 of 3 needed SBOMs"),
    ],
)
def test_what_is_missing_is_told_with_its_number_where_several_or_signatures_are_asked_for(requirement, told):
    assert answer(requirement, facts([])).verdict.detail == told


@pytest.mark.parametrize(("count", "more"), [(1, ""), (2, ""), (3, ""), (4, " and 1 more"), (5, " and 2 more")])
def test_the_first_three_reasons_are_told_and_the_others_counted(count, more):
    said = [
        Piece(bundle=Digest.of(bytes([n])), predicate_type=IMAGE_SIGNATURE, cause=Cause.INVALID, detail=f"d{n}") for n in range(5)
    ]
    first = "; ".join(f"d{n}" for n in range(min(count, 3)))
    assert answer(SIGNED, facts(said[:count])).verdict.detail == f"0 of 1 needed signatures: {first}{more}"


def test_the_gravest_reason_is_told_and_not_the_first():
    said = [
        Piece(bundle=Digest.of(cause.encode()), predicate_type=IMAGE_SIGNATURE, cause=cause, detail=f"it is {cause}")
        for cause in (Cause.UNTRUSTED, Cause.EXPIRED, Cause.INVALID, Cause.REVOKED)
    ]
    verdict = answer(SIGNED, facts(said)).verdict
    assert (verdict.cause, verdict.detail) == (Cause.INVALID, "0 of 1 needed signatures: it is invalid")


def test_what_could_not_be_read_is_told_as_that_and_not_as_what_stands_before_it():
    one, other = piece(CYCLONEDX, "x", Cause.UNTRUSTED), piece(CYCLONEDX, "y", Cause.UNREADABLE)
    assert answer(BILL, facts([one, other])).verdict.cause is Cause.UNREADABLE


def test_a_file_manifest_that_is_missing_beside_an_sbom_is_told():
    found = facts([piece(CYCLONEDX)], [sbom(cause=Cause.ABSENT, bound=False)])
    verdict = answer(BILL, found).verdict
    assert (verdict.cause, verdict.detail) == (Cause.ABSENT, "no SBOM: about these bytes")


def test_where_nobody_else_may_have_signed_the_gravest_of_the_others_is_told():
    rest = [piece(IMAGE_SIGNATURE, "x", cause) for cause in (Cause.UNREADABLE, Cause.INVALID, Cause.UNTRUSTED)]
    found = facts([*rest, piece(IMAGE_SIGNATURE)])
    assert evaluate(policy(NO_OTHERS), found, now=1).verdicts[0].cause is Cause.UNTRUSTED
    found = facts([*rest[:2], piece(IMAGE_SIGNATURE)])
    assert evaluate(policy(NO_OTHERS), found, now=1).verdicts[0].cause is Cause.INVALID


def test_another_signature_is_told_by_why_it_does_not_count_or_by_its_digest():
    silent = Piece(bundle=Digest.of(b"s"), predicate_type=IMAGE_SIGNATURE, cause=Cause.INVALID)
    for other, told in ((silent, str(silent.bundle)), (piece(IMAGE_SIGNATURE, "x", Cause.INVALID), "why")):
        (verdict,) = evaluate(policy(NO_OTHERS), facts([piece(IMAGE_SIGNATURE), other]), now=1).verdicts
        assert verdict.detail == f"there is another signature, and policy says no others: {told}"


def test_a_piece_was_read_and_handed_out_unless_somebody_says_otherwise():
    found = Piece(bundle=SUBJECT, predicate_type=CYCLONEDX, cause=Cause.NONE)
    assert not found.unread and not found.lost and not found.in_place
