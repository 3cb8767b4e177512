"""Facts in, decision out: each way an answer can fail to be yes, and each way around it."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from pratique.model import Cause, Digest, Result, State
from pratique.model.predicates import CYCLONEDX, IMAGE_SIGNATURE, SLSA_PROVENANCE
from pratique.model.signer import KeySigner, LogPlace, Signed
from pratique.policy import ComponentFacts, Facts, Piece, Policy, SbomFacts, evaluate, parse_policy

SUBJECT = Digest.of(b"image")
BUILDER = "https://ci.example/runner"


def policy(require: str, deny: str = "{}") -> Policy:
    text = (
        "version: 1\nname: test\nauthorities: {release: {keys: [a]}, security: {keys: [b]}, guest: {keys: [c]}}\n"
        f"require: {require}\ndeny: {deny}\n"
    )
    return parse_policy(text.encode(), where="policy.yaml")


def piece(kind: str, authority: str = "release", cause: Cause = Cause.NONE, *, index: int | None = 0, n: int = 0) -> Piece:
    predicate = {"runDetails": {"builder": {"id": BUILDER}}} if kind == SLSA_PROVENANCE else {}
    places = () if index is None else (LogPlace(log="log", operator="us", index=index),)
    keyid = Digest.of(f"{authority}-{n}".encode()).hex
    return Piece(
        bundle=Digest.of(f"{kind}{authority}{cause}{n}".encode()),
        predicate_type=kind,
        cause=cause,
        detail="why" if cause is not Cause.NONE else "",
        authority=authority if cause is Cause.NONE else "",
        said=lambda: predicate,
        signed=Signed(signer=KeySigner(keyid=keyid), places=places),
    )


def sbom(
    *components: tuple[str, tuple[str, ...]],
    cause: Cause = Cause.NONE,
    authority: str = "release",
    bound: bool = True,
    n: int = 0,
    kind: str = CYCLONEDX,
    unread: str = "",
) -> SbomFacts:
    """Facts about the SBOM that `piece(kind, authority, n=n)` is."""
    found = tuple(ComponentFacts(purl=purl, licences=licences) for purl, licences in components)
    bundle = piece(kind, authority, n=n).bundle
    return SbomFacts(
        bundle=bundle,
        authority=authority,
        cause=cause,
        detail="about these bytes",
        bound=bound,
        components=found,
        unread=unread,
    )


def facts(pieces: Sequence[Piece], sboms: Sequence[SbomFacts] = ()) -> Facts:
    return Facts(subject=SUBJECT, subject_name="x", pieces=tuple(pieces), sboms=tuple(sboms))


TWO = "{signature: {threshold: 2, from: [release, security]}}"
ONE = "{signature: {from: [release, security]}}"


def test_enough_distinct_authorities_are_allowed() -> None:
    found = facts([piece(IMAGE_SIGNATURE), piece(IMAGE_SIGNATURE, "security")])
    assert evaluate(policy(TWO), found, now=1).result is Result.ALLOWED


def test_two_keys_of_one_authority_are_one_voice_ghsa_9vcr_p3rj_q5q6() -> None:
    found = facts([piece(IMAGE_SIGNATURE, n=1), piece(IMAGE_SIGNATURE, n=2)])
    decision = evaluate(policy(TWO), found, now=1)
    assert decision.result is Result.DENIED
    assert "1 of 2" in decision.verdicts[0].detail


def test_a_signature_from_an_authority_that_the_rule_does_not_name_does_not_count() -> None:
    decision = evaluate(policy(ONE), facts([piece(IMAGE_SIGNATURE, "guest")]), now=1)
    assert decision.verdicts[0].cause is Cause.UNTRUSTED


@pytest.mark.parametrize(
    ("cause", "result"),
    [
        (Cause.INVALID, Result.DENIED),
        (Cause.UNTRUSTED, Result.DENIED),
        (Cause.MISMATCH, Result.DENIED),
        (Cause.UNREACHABLE, Result.UNDECIDED),
        (Cause.UNREADABLE, Result.UNDECIDED),
    ],
)
def test_why_a_piece_does_not_count_reaches_the_verdict(cause: Cause, result: Result) -> None:
    decision = evaluate(policy(ONE), facts([piece(IMAGE_SIGNATURE, cause=cause)]), now=1)
    assert decision.verdicts[0].cause is cause
    assert decision.result is result


def test_nothing_there_is_absent_and_denied() -> None:
    assert evaluate(policy(ONE), facts([]), now=1).verdicts[0].cause is Cause.ABSENT


def test_evidence_that_could_not_be_asked_for_is_undecided_and_never_absent() -> None:
    found = Facts(subject=SUBJECT, subject_name="x", pieces=(), gathering=Cause.UNREACHABLE, gathering_detail="down")
    decision = evaluate(policy(ONE), found, now=1)
    assert decision.result is Result.UNDECIDED
    assert [verdict.state for verdict in decision.verdicts] == [State.UNCHECKED]


def test_junk_beside_good_evidence_does_not_deny() -> None:
    found = facts([piece(IMAGE_SIGNATURE), piece(IMAGE_SIGNATURE, "nobody", Cause.INVALID)])
    assert evaluate(policy(ONE), found, now=1).result is Result.ALLOWED


def test_a_signature_without_log_proof_does_not_count_where_the_log_is_required() -> None:
    rule = "{signature: {from: [release]}, log: true}"
    assert evaluate(policy(rule), facts([piece(IMAGE_SIGNATURE)]), now=1).result is Result.ALLOWED
    assert evaluate(policy(rule), facts([piece(IMAGE_SIGNATURE, index=None)]), now=1).result is Result.DENIED


SBOM = "{sbom: {from: [release]}}"


def test_an_sbom_that_does_not_match_the_bytes_is_denied() -> None:
    found = facts([piece(CYCLONEDX)], [sbom(cause=Cause.MISMATCH)])
    assert evaluate(policy(SBOM), found, now=1).verdicts[0].cause is Cause.MISMATCH


def test_a_matching_sbom_by_somebody_else_does_not_stand_in_for_the_trusted_one() -> None:
    found = facts([piece(CYCLONEDX), piece(CYCLONEDX, "guest")], [sbom(authority="guest")])
    assert evaluate(policy(SBOM), found, now=1).result is Result.UNDECIDED


@pytest.mark.parametrize(
    ("builders", "result"),
    [
        ('["https://ci.example/*"]', Result.ALLOWED),
        ('["https://ci.example/runner"]', Result.ALLOWED),
        ('["https://ci.example"]', Result.DENIED),
        ('["ci.example/runner"]', Result.DENIED),
        ('["https://ci.example/runne."]', Result.DENIED),
    ],
)
def test_builder_patterns_are_anchored_at_both_ends(builders: str, result: Result) -> None:
    rule = f"{{provenance: {{from: [release], builders: {builders}}}}}"
    assert evaluate(policy(rule), facts([piece(SLSA_PROVENANCE)]), now=1).result is result


def test_a_denied_component_is_named() -> None:
    found = facts([piece(CYCLONEDX)], [sbom(("pkg:npm/event-stream@3.3.6", ()), ("pkg:npm/left-pad@1.0.0", ()))])
    decision = evaluate(policy(SBOM, '{components: ["pkg:npm/event-stream@3.3.6"]}'), found, now=1)
    assert decision.result is Result.DENIED
    assert decision.verdicts[1].detail == "pkg:npm/event-stream@3.3.6"


def test_a_cleaner_second_sbom_does_not_hide_a_denied_component() -> None:
    found = facts([piece(CYCLONEDX)], [sbom(("pkg:npm/event-stream@3.3.6", ())), sbom(("pkg:npm/left-pad@1.0.0", ()))])
    assert evaluate(policy(SBOM, '{components: ["pkg:npm/event-stream"]}'), found, now=1).result is Result.DENIED


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("AGPL-3.0-only", Result.DENIED),
        ("MIT AND AGPL-3.0-only", Result.DENIED),
        ("MIT OR AGPL-3.0-only", Result.ALLOWED),
        ("AGPL-3.0-only OR AGPL-3.0-or-later", Result.DENIED),
        ("(MIT OR AGPL-3.0-only) AND AGPL-3.0-only", Result.DENIED),
        ("MIT", Result.ALLOWED),
        ("not ( an expression AGPL-3.0-only", Result.DENIED),
    ],
)
def test_a_licence_is_denied_when_no_choice_avoids_it(expression: str, result: Result) -> None:
    found = facts([piece(CYCLONEDX)], [sbom(("pkg:pypi/x@1", (expression,)))])
    assert evaluate(policy(SBOM, '{licences: ["AGPL-*"]}'), found, now=1).result is result


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"runDetails": "x"},
        {"runDetails": {"builder": BUILDER}},
        {"runDetails": {"builder": {"id": 5}}},
        {"runDetails": {"builder": {"id": [BUILDER]}}},
        {"runDetails": [{"builder": {"id": BUILDER}}]},
    ],
)
def test_provenance_that_names_no_builder_in_its_place_is_by_nobody(body: dict[str, object]) -> None:
    built = piece(SLSA_PROVENANCE)
    found = Piece(bundle=built.bundle, predicate_type=SLSA_PROVENANCE, cause=Cause.NONE, authority="release", said=lambda: body)
    (verdict,) = evaluate(policy(f'{{provenance: {{from: [release], builders: ["{BUILDER}"]}}}}'), facts([found]), now=1).verdicts
    assert verdict.cause is Cause.DENIED
    assert f"built by nobody that it names, allowed are {BUILDER}" in verdict.detail


@pytest.mark.parametrize("deny", ['{components: ["pkg:npm/evil"]}', '{licences: ["AGPL-*"]}'])
def test_what_is_denied_stays_denied_although_another_sbom_may_be_hidden(deny: str) -> None:
    bill = sbom(("pkg:npm/evil@1.0.0", ("AGPL-3.0-only",)))
    found = Facts(
        subject=SUBJECT,
        subject_name="x",
        pieces=(piece(CYCLONEDX),),
        sboms=(bill,),
        gathering=Cause.UNREACHABLE,
        gathering_detail="down",
    )
    decision = evaluate(policy(SBOM, deny), found, now=1)
    assert decision.verdicts[1].cause is Cause.DENIED
    assert decision.result is Result.DENIED


@pytest.mark.parametrize("deny", ['{components: ["pkg:npm/evil"]}', '{licences: ["AGPL-*"]}'])
@pytest.mark.parametrize("kind", [CYCLONEDX, ""])
@pytest.mark.parametrize(
    ("cause", "unread", "expected"),
    [
        (Cause.UNREACHABLE, False, Cause.UNREACHABLE),
        (Cause.UNREADABLE, True, Cause.UNREADABLE),
        (Cause.UNREADABLE, False, Cause.NONE),
        (Cause.INVALID, False, Cause.NONE),
        (Cause.UNTRUSTED, False, Cause.NONE),
    ],
)
def test_an_sbom_that_nobody_could_look_into_may_name_what_is_denied_and_a_broken_one_does_not_count(
    cause: Cause, unread: bool, expected: Cause, kind: str, deny: str
) -> None:
    other = replace(piece(kind, cause=cause, n=1), unread=unread)
    verdict = evaluate(policy(SBOM, deny), facts([piece(CYCLONEDX), other], [sbom()]), now=1).verdicts[1]
    assert verdict.cause is expected
    assert ("could not be looked into: why" in verdict.detail) == (expected is not Cause.NONE)


def test_a_signature_that_nobody_could_look_into_hides_no_sbom() -> None:
    other = replace(piece(IMAGE_SIGNATURE, cause=Cause.UNREADABLE), unread=True)
    found = facts([piece(CYCLONEDX), other], [sbom()])
    assert evaluate(policy(SBOM, '{components: ["pkg:npm/evil"]}'), found, now=1).result is Result.ALLOWED


def test_only_sboms_of_those_whom_the_rule_names_are_looked_into() -> None:
    """A stranger's SBOM neither denies what he names nor stands in for one that is missing."""
    theirs = sbom(("pkg:npm/evil@1.0.0", ()), authority="guest")
    found = facts([piece(CYCLONEDX), piece(CYCLONEDX, "guest")], [sbom(), theirs])
    assert evaluate(policy(SBOM, '{components: ["pkg:npm/evil"]}'), found, now=1).result is Result.ALLOWED
    assert evaluate(policy(SBOM, '{components: ["pkg:npm/evil"]}'), facts([], [theirs]), now=1).verdicts[1].detail == (
        "no trusted SBOM to look into"
    )
