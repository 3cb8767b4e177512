"""Whether any certificate of a chain was revoked (trust-store-trust-policy.md, Certificate Revocation Evaluation). Pure."""

import itertools
from collections.abc import Sequence

from cryptography.x509 import Certificate

from pratique.attest.notation.certificates import named
from pratique.attest.notation.crl import check_lists, names_lists
from pratique.attest.notation.ocsp import check_responders, names_responder
from pratique.attest.notation.revocation_status import GOOD, Answers, RevocationStatus
from pratique.model.verdict import Cause


def check_revocation(chain: Sequence[Certificate], answers: Answers, *, at: int, signed_at: int | None) -> RevocationStatus:
    """Hold every certificate but the root, which nobody can revoke, against what its authority publishes.

    One that names neither responders nor lists cannot be revoked. OCSP goes first; where it does not answer, lists do. `at`:
    now, Unix seconds; `signed_at`: when the signature is proven to have existed, or None. A revoked certificate outweighs any
    that could not be asked about.
    """
    worst = GOOD
    wanted: tuple[str, ...] = ()
    for certificate, issuer in itertools.pairwise(chain):
        found = _check(certificate, issuer, answers, at=at, signed_at=signed_at)
        wanted += found.wanted
        if found.cause is Cause.REVOKED or worst.cause is Cause.NONE:
            worst = _named(certificate, found)
        if found.cause is Cause.REVOKED:
            break
    return RevocationStatus(cause=worst.cause, detail=worst.detail, wanted=tuple(dict.fromkeys(wanted)))


def _check(
    certificate: Certificate, issuer: Certificate, answers: Answers, *, at: int, signed_at: int | None
) -> RevocationStatus:
    found = GOOD
    if names_responder(certificate):
        found = check_responders(certificate, issuer, answers, at=at, signed_at=signed_at)
        if found.cause is not Cause.UNREACHABLE or found.wanted:
            return found
    if names_lists(certificate):
        return check_lists(certificate, issuer, answers, at=at, signed_at=signed_at)
    return found


def _named(certificate: Certificate, found: RevocationStatus) -> RevocationStatus:
    if found.cause is Cause.NONE:
        return found
    return RevocationStatus(cause=found.cause, detail=f"{named(certificate)}: {found.detail}", wanted=found.wanted)
