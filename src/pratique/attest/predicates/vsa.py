"""`https://slsa.dev/verification_summary/v1` (SLSA v1.2, verification_summary.md): a decision, for others to rely on. Pure.

SLSA knows PASSED and FAILED. An undecided decision is FAILED, so that nobody who reads only SLSA lets it pass; the extension
member `https://pratique.dev/verdicts/v1` keeps the three answers and their causes apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pratique.attest.members import as_instant, as_list, as_object, as_text, instant_text
from pratique.errors import Malformed
from pratique.model.digest import Digest
from pratique.model.verdict import Cause, Decision, Result, Verdict

EXTENSION = "https://pratique.dev/verdicts/v1"
SLSA_VERSION = "1.2"
MAX_VERDICTS = 10_000
MAX_INPUTS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class InputAttestation:
    """One of the attestations that were looked at. `digest`: of the bundle's bytes."""

    uri: str
    digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationSummary:
    """A VSA as read. `result` is DENIED for a FAILED of another tool; `verdicts` is then empty. Accept one only from a pair
    (signing key, `verifier_id`) that the policy names. `policy_digest` is None when the VSA gives none that can be compared.
    """

    verifier_id: str
    verified_at: int
    resource_uri: str
    policy_uri: str
    policy_digest: Digest | None
    result: Result
    verified_levels: tuple[str, ...]
    inputs: tuple[InputAttestation, ...] = ()
    verdicts: tuple[Verdict, ...] = ()


def vsa_predicate(
    decision: Decision,
    *,
    verifier_id: str,
    verifier_version: Mapping[str, str],
    resource_uri: str,
    policy_uri: str,
    inputs: Sequence[InputAttestation] = (),
    verified_levels: Sequence[str] = ("SLSA_BUILD_LEVEL_0",),
) -> dict[str, Any]:
    """The predicate for a decision. `verified_levels` are stated only when it is ALLOWED. Raises Malformed."""
    passed = decision.result is Result.ALLOWED
    return {
        "verifier": {"id": verifier_id, "version": dict(verifier_version)},
        "timeVerified": instant_text(decision.decided_at),
        "resourceUri": resource_uri,
        "policy": {"uri": policy_uri, "digest": {decision.policy_digest.algorithm: decision.policy_digest.hex}},
        "inputAttestations": [{"uri": item.uri, "digest": {item.digest.algorithm: item.digest.hex}} for item in inputs],
        "verificationResult": "PASSED" if passed else "FAILED",
        "verifiedLevels": list(verified_levels) if passed else ["FAILED"],
        "slsaVersion": SLSA_VERSION,
        EXTENSION: {
            "result": decision.result.value,
            "policy": decision.policy_name,
            "verdicts": [
                {"rule": item.rule, "state": item.state.value, "cause": item.cause.value, "detail": item.detail}
                for item in decision.verdicts
            ],
        },
    }


def parse_vsa(predicate: Mapping[str, Any]) -> VerificationSummary:
    """Read a VSA, ours or another tool's. One whose extension contradicts its result is refused. Raises Malformed."""
    verifier = as_object(predicate.get("verifier"), "verifier")
    policy = as_object(predicate.get("policy"), "policy")
    stated = predicate.get("verificationResult")
    if stated not in ("PASSED", "FAILED"):
        raise Malformed(f"verificationResult is neither PASSED nor FAILED: {str(stated)[:40]!r}")
    levels = as_list(predicate.get("verifiedLevels"), "verifiedLevels", limit=100)
    inputs = as_list(predicate.get("inputAttestations", []), "inputAttestations", limit=MAX_INPUTS)
    result, verdicts = _parse_extension(predicate, passed=stated == "PASSED")
    return VerificationSummary(
        verifier_id=as_text(verifier.get("id"), "verifier.id"),
        verified_at=as_instant(predicate.get("timeVerified"), "timeVerified"),
        resource_uri=as_text(predicate.get("resourceUri"), "resourceUri"),
        policy_uri=as_text(policy.get("uri", ""), "policy.uri"),
        policy_digest=_digest(policy.get("digest", {}), "policy.digest"),
        result=result,
        verified_levels=tuple(as_text(level, "verifiedLevels") for level in levels),
        inputs=tuple(_parse_input(item, f"inputAttestations[{number}]") for number, item in enumerate(inputs)),
        verdicts=verdicts,
    )


def _parse_extension(predicate: Mapping[str, Any], *, passed: bool) -> tuple[Result, tuple[Verdict, ...]]:
    if EXTENSION not in predicate:
        return (Result.ALLOWED if passed else Result.DENIED), ()
    extension = as_object(predicate[EXTENSION], EXTENSION)
    verdicts = []
    for number, item in enumerate(as_list(extension.get("verdicts"), "verdicts", limit=MAX_VERDICTS)):
        where = f"verdicts[{number}]"
        row = as_object(item, where)
        try:
            cause = Cause(as_text(row.get("cause"), f"{where}.cause"))
        except ValueError as error:
            raise Malformed(f"{where} has a cause of another version") from error
        verdict = Verdict(
            rule=as_text(row.get("rule"), f"{where}.rule"), cause=cause, detail=as_text(row.get("detail"), f"{where}.detail")
        )
        if row.get("state") != verdict.state.value:
            raise Malformed(f"{where} has a state that its cause does not lead to")
        verdicts.append(verdict)
    result = Decision(
        subject=_NOBODY, subject_name="", policy_name="", policy_digest=_NOBODY, verdicts=tuple(verdicts), decided_at=0
    ).result
    if result.value != extension.get("result") or (result is Result.ALLOWED) != passed:
        raise Malformed("the verdicts do not lead to the stated result")
    return result, tuple(verdicts)


_NOBODY = Digest("sha256:" + "0" * 64)


def _parse_input(value: Any, where: str) -> InputAttestation:
    item = as_object(value, where)
    digest = _digest(item.get("digest"), f"{where}.digest")
    if digest is None:
        raise Malformed(f"{where} has no digest that can be compared")
    return InputAttestation(uri=as_text(item.get("uri", ""), f"{where}.uri"), digest=digest)


def _digest(value: Any, where: str) -> Digest | None:
    digests = as_object(value, where)
    for algorithm in ("sha256", "sha512"):
        if algorithm in digests:
            return Digest.parse(f"{algorithm}:{digests[algorithm]}")
    return None
