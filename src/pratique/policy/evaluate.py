"""Apply a policy to facts. Every requirement gives exactly one verdict; nothing is skipped silently. Pure."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from pratique.lexicon.globs import glob
from pratique.model import Cause, Decision, Verdict
from pratique.model.predicates import IMAGE_SIGNATURE, SBOM_TYPES, SLSA_PROVENANCE
from pratique.policy.deny import denied_components, denied_licences
from pratique.policy.document import Policy
from pratique.policy.facts import Facts, Piece
from pratique.policy.requirement import Objection, Requirement, answer


def evaluate(policy: Policy, facts: Facts, *, now: int) -> Decision:
    """The decision about the facts' subject. `now`: Unix seconds, stamped on the decision."""
    verdicts = [*(answer(item, facts).verdict for item in requirements_of(policy)), *_denied(policy, facts)]
    return Decision(
        subject=facts.subject,
        subject_name=facts.subject_name,
        policy_name=policy.name,
        policy_digest=policy.digest,
        verdicts=tuple(verdicts),
        decided_at=now,
    )


def requirements_of(policy: Policy) -> tuple[Requirement, ...]:
    """What a policy requires, each as one question to the facts."""
    found = []
    if policy.signature:
        found.append(
            Requirement(
                rule="signature",
                what="signature",
                kinds=(IMAGE_SIGNATURE,),
                allowed=policy.signature.allowed,
                threshold=policy.signature.threshold,
                logged=policy.require_log,
                no_others=policy.signature.no_others,
            )
        )
    if policy.sbom:
        found.append(
            Requirement(
                rule="sbom",
                what="SBOM",
                kinds=SBOM_TYPES,
                allowed=policy.sbom.allowed,
                logged=policy.require_log,
                bound=policy.sbom.about_bytes,
            )
        )
    if policy.provenance:
        found.append(
            Requirement(
                rule="provenance",
                what="provenance",
                kinds=(SLSA_PROVENANCE,),
                allowed=policy.provenance.allowed,
                logged=policy.require_log,
                accepts=partial(_built_by, policy.provenance.builders),
            )
        )
    return tuple(found)


def _built_by(builders: tuple[str, ...], piece: Piece) -> Objection:
    builder = _builder(piece)
    if any(glob(pattern, builder) for pattern in builders):
        return Cause.NONE, f"built by {builder}"
    return Cause.DENIED, f"built by {builder or 'nobody that it names'}, allowed are {', '.join(builders)}"


def _denied(policy: Policy, facts: Facts) -> Iterable[Verdict]:
    allowed = policy.sbom.allowed if policy.sbom else frozenset()
    # A forbidden component is denied wherever any trusted SBOM names it: a second, cleaner SBOM does not undo the first.
    sboms = [sbom for sbom in facts.sboms if sbom.authority in allowed]
    if policy.denied_components:
        yield _unless_hidden(denied_components(policy.denied_components, sboms), facts)
    if policy.denied_licences:
        yield _unless_hidden(denied_licences(policy.denied_licences, sboms), facts)


def _unless_hidden(verdict: Verdict, facts: Facts) -> Verdict:
    hidden = _hidden(facts) if verdict.cause is Cause.NONE else None
    if hidden is None:
        return verdict
    return replace(verdict, cause=hidden[0], detail=f"an SBOM may be there that could not be looked into: {hidden[1]}")


def _hidden(facts: Facts) -> Objection | None:
    """Why a trusted SBOM may be there that nobody could look into; None when there is none such.

    A place or a piece that could not be had may be the one SBOM that names what is denied, and whoever is between here and there
    can make any one answer fail, though not forge another; who may push can push more than is read. What was read and is
    broken or a stranger's is no trusted SBOM, and hides none.
    """
    if facts.gathering is not Cause.NONE:
        return facts.gathering, facts.gathering_detail
    for piece in facts.of_type(*SBOM_TYPES):
        if piece.cause is Cause.UNREACHABLE:
            return piece.cause, piece.detail
        if piece.unread:
            return Cause.UNREADABLE, piece.detail
    return None


def _builder(piece: Piece) -> str:
    run = piece.predicate.get("runDetails")
    builder = run.get("builder") if isinstance(run, dict) else None
    identity = builder.get("id") if isinstance(builder, dict) else None
    return identity if isinstance(identity, str) else ""
