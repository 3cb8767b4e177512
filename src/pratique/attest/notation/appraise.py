"""What all notation signatures of one artifact come to: one valid one is enough (trust-store-trust-policy.md, FAQ). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from pratique.attest.notation.verify import Verification
from pratique.model.verdict import Cause

# What speaks loudest when no signature is accepted: what could not be checked might have been the right one, so it goes before
# every fault; then those nearest to being right, so that a stranger's junk does not hide that the right one merely expired.
_ORDER = (
    Cause.UNREACHABLE,
    Cause.UNREADABLE,
    Cause.REVOKED,
    Cause.EXPIRED,
    Cause.MISMATCH,
    Cause.UNTRUSTED,
    Cause.INVALID,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppraisedSignatures:
    """`cause`: NONE when one signature is accepted and its signer proven. `accepted`: all of those."""

    cause: Cause
    detail: str
    accepted: tuple[Verification, ...] = ()


def appraise_signatures(verifications: Sequence[Verification], *, left_out: int = 0) -> AppraisedSignatures:
    """The verdict over all signatures that were looked at; `left_out`: how many there are besides.

    Signatures that a statement accepts without a proven signer, because it only logs, do not count as accepted here.
    """
    accepted = tuple(item for item in verifications if item.cause is Cause.NONE and item.signed is not None)
    if accepted:
        return AppraisedSignatures(cause=Cause.NONE, detail=accepted[0].detail, accepted=accepted)
    failed = [_why(item) for item in verifications]
    if left_out:
        failed.append((Cause.UNREADABLE, f"{left_out} more signatures than are looked at, and none of the others is accepted"))
    if not failed:
        return AppraisedSignatures(cause=Cause.ABSENT, detail="it has no notation signature")
    cause, detail = min(failed, key=lambda item: _ORDER.index(item[0]))
    return AppraisedSignatures(cause=cause, detail=detail)


def _why(verification: Verification) -> tuple[Cause, str]:
    failed = [check for check in verification.checks if check.cause is not Cause.NONE]
    decisive = verification.decisive or (failed[0] if failed else None)
    return (decisive.cause, decisive.detail) if decisive else (Cause.UNREADABLE, "its statement skips verification")
