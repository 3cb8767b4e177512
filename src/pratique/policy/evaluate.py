"""Apply a policy to facts. Every requirement gives exactly one verdict; nothing is skipped silently. Pure."""

from collections.abc import Iterable

from pratique.lexicon.globs import glob
from pratique.model import Cause, Decision, Verdict
from pratique.model.predicates import IMAGE_SIGNATURE, SBOM_TYPES, SLSA_PROVENANCE
from pratique.policy.deny import denied_components, denied_licences
from pratique.policy.document import Policy, ProvenanceRule, SbomRule, SignatureRule
from pratique.policy.facts import Facts, Piece

# When several things went wrong, the one a person should hear of first.
_GRAVEST = (Cause.MISMATCH, Cause.INVALID, Cause.REVOKED, Cause.EXPIRED, Cause.UNREADABLE, Cause.UNTRUSTED)


def evaluate(policy: Policy, facts: Facts, *, now: int) -> Decision:
    """The decision about the facts' subject. `now`: Unix seconds, stamped on the decision."""
    if facts.gathering is not Cause.NONE:
        verdicts = [Verdict(rule="evidence", cause=facts.gathering, detail=facts.gathering_detail)]
    else:
        verdicts = [*_required(policy, facts), *_denied(policy, facts)]
    return Decision(
        subject=facts.subject,
        subject_name=facts.subject_name,
        policy_name=policy.name,
        policy_digest=policy.digest,
        verdicts=tuple(verdicts),
        decided_at=now,
    )


def _required(policy: Policy, facts: Facts) -> Iterable[Verdict]:
    if policy.signature:
        yield _signature(policy.signature, policy, facts)
    if policy.sbom:
        yield _sbom(policy.sbom, policy, facts)
    if policy.provenance:
        yield _provenance(policy.provenance, policy, facts)


def _signature(rule: SignatureRule, policy: Policy, facts: Facts) -> Verdict:
    pieces = facts.of_type(IMAGE_SIGNATURE)
    good = [piece for piece in pieces if _counts(piece, rule.allowed, policy)]
    # Authorities are counted, not signatures: two keys of one authority are one voice.
    names = sorted({piece.authority for piece in good})
    if len(names) >= rule.threshold:
        return Verdict(rule="signature", cause=Cause.NONE, detail=f"signed by {', '.join(names)}")
    short = f"{len(names)} of {rule.threshold} needed signatures from {', '.join(sorted(rule.allowed))}"
    return _failed("signature", short, pieces, good, policy)


def _sbom(rule: SbomRule, policy: Policy, facts: Facts) -> Verdict:
    pieces = facts.of_type(*SBOM_TYPES)
    good = {piece.authority for piece in pieces if _counts(piece, rule.allowed, policy)}
    if not good:
        return _failed("sbom", f"no SBOM from {', '.join(sorted(rule.allowed))}", pieces, (), policy)
    trusted = [sbom for sbom in facts.sboms if sbom.authority in good]
    if not trusted:
        return Verdict(rule="sbom", cause=Cause.UNREADABLE, detail="the SBOM was verified but could not be compared")
    for sbom in trusted:
        if sbom.cause is not Cause.NONE:
            return Verdict(rule="sbom", cause=sbom.cause, detail=sbom.detail)
    return Verdict(rule="sbom", cause=Cause.NONE, detail=trusted[0].detail)


def _provenance(rule: ProvenanceRule, policy: Policy, facts: Facts) -> Verdict:
    pieces = facts.of_type(SLSA_PROVENANCE)
    good = [piece for piece in pieces if _counts(piece, rule.allowed, policy)]
    if not good:
        return _failed("provenance", f"no provenance from {', '.join(sorted(rule.allowed))}", pieces, (), policy)
    builders = sorted({_builder(piece) for piece in good})
    for builder in builders:
        if any(glob(pattern, builder) for pattern in rule.builders):
            return Verdict(rule="provenance", cause=Cause.NONE, detail=f"built by {builder}")
    wanted = ", ".join(rule.builders)
    return Verdict(rule="provenance", cause=Cause.DENIED, detail=f"built by {', '.join(builders)}, allowed are {wanted}")


def _denied(policy: Policy, facts: Facts) -> Iterable[Verdict]:
    allowed = policy.sbom.allowed if policy.sbom else frozenset()
    # A forbidden component is denied wherever any trusted SBOM names it: a second, cleaner SBOM does not undo the first.
    sboms = [sbom for sbom in facts.sboms if sbom.authority in allowed]
    if policy.denied_components:
        yield denied_components(policy.denied_components, sboms)
    if policy.denied_licences:
        yield denied_licences(policy.denied_licences, sboms)


def _counts(piece: Piece, allowed: frozenset[str], policy: Policy) -> bool:
    logged = piece.log_index is not None or not policy.require_log
    return piece.cause is Cause.NONE and piece.authority in allowed and logged


def _failed(rule: str, short: str, pieces: Iterable[Piece], good: Iterable[Piece], policy: Policy) -> Verdict:
    """Say why what is there does not count; `absent` only when nothing is there."""
    rest = [piece for piece in pieces if piece not in tuple(good)]
    for cause in _GRAVEST:
        for piece in rest:
            if piece.cause is cause:
                return Verdict(rule=rule, cause=cause, detail=f"{short}: {piece.detail}")
    unproven = [piece for piece in rest if piece.cause is Cause.NONE and piece.log_index is None and policy.require_log]
    if unproven:
        return Verdict(rule=rule, cause=Cause.INVALID, detail=f"{short}: not proven to be in the log")
    if any(piece.cause is Cause.NONE for piece in rest):
        others = ", ".join(sorted({piece.authority for piece in rest if piece.authority}))
        return Verdict(rule=rule, cause=Cause.UNTRUSTED, detail=f"{short}, only from {others}")
    for piece in rest:
        if piece.cause is Cause.UNREACHABLE:
            return Verdict(rule=rule, cause=Cause.UNREACHABLE, detail=f"{short}: {piece.detail}")
    return Verdict(rule=rule, cause=Cause.ABSENT, detail=short)


def _builder(piece: Piece) -> str:
    run = piece.predicate.get("runDetails")
    builder = run.get("builder") if isinstance(run, dict) else None
    identity = builder.get("id") if isinstance(builder, dict) else None
    return identity if isinstance(identity, str) else ""
