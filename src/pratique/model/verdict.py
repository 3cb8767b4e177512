"""Tri-state verdicts and the decision made of them. Pure values.

What could not be checked is neither a pass nor a violation, and its cause stays distinct up to the last line a user sees.
"""

from dataclasses import dataclass
from enum import StrEnum

from pratique.model.digest import Digest


class State(StrEnum):
    """The three answers."""

    VERIFIED = "verified"
    VIOLATED = "violated"
    UNCHECKED = "unchecked"


class Cause(StrEnum):
    """Why an answer is not `verified`. Which of them violate and which mean "could not be checked" is fixed here."""

    NONE = "none"
    ABSENT = "absent"  # asked, and there is none
    INVALID = "invalid"  # there is one, and it is broken: bad signature, bad proof, malformed
    UNTRUSTED = "untrusted"  # valid, by somebody who is not trusted to say it
    EXPIRED = "expired"  # valid, made outside the time in which its signer was trusted
    REVOKED = "revoked"  # valid once, taken back since: the key, the certificate or this one statement
    MISMATCH = "mismatch"  # valid and trusted, about other bytes
    DENIED = "denied"  # the policy forbids what is there
    UNREACHABLE = "unreachable"  # could not be asked
    UNREADABLE = "unreadable"  # could be asked, not understood within limits

    @property
    def state(self) -> State:
        """The state this cause leads to."""
        if self is Cause.NONE:
            return State.VERIFIED
        if self in (Cause.UNREACHABLE, Cause.UNREADABLE):
            return State.UNCHECKED
        return State.VIOLATED


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One requirement's answer. `rule`: the requirement's name; `detail`: one line a person can act on."""

    rule: str
    cause: Cause
    detail: str

    @property
    def state(self) -> State:
        """Verified, violated or unchecked, as the cause says."""
        return self.cause.state


class Result(StrEnum):
    """What a decision comes to."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A policy applied to one artifact at one time (`decided_at`: Unix seconds)."""

    subject: Digest
    subject_name: str
    policy_name: str
    policy_digest: Digest
    verdicts: tuple[Verdict, ...]
    decided_at: int

    @property
    def result(self) -> Result:
        """Denied if anything is violated; undecided if anything could not be checked, or nothing was; else allowed."""
        states = {verdict.state for verdict in self.verdicts}
        if State.VIOLATED in states:
            return Result.DENIED
        if states != {State.VERIFIED}:
            return Result.UNDECIDED
        return Result.ALLOWED
