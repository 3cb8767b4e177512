"""Whether a verified signature counts: whose it is, whether that one may say this, and whether it was in time. Pure.

The questions are asked in this order, and the first no is the answer: whose signer is it (Untrusted); is the statement taken
back (Revoked); was the signer compromised by then (Revoked); may this authority say such a thing about this artifact
(Untrusted); and within which time (Expired). Nothing here looks at a clock or believes a time that nobody vouched for.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from pratique.errors import Expired, Revoked, Untrusted
from pratique.model.digest import Digest
from pratique.model.predicates import IMAGE_SIGNATURE, TITLES
from pratique.model.signer import Signed
from pratique.trust.authorities import Authority
from pratique.trust.identity import Identity
from pratique.trust.lifetime import proven_at
from pratique.trust.trust import Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """What was signed. `artifact_name`: the name that the *user* asked for, never one that the statement or a store brings along.

    `subjects`: every digest the statement is about. `statement`: SHA-256 of the signed payload; `bundle`: of the file it came in,
    which whoever keeps the file can change at will. `also`: other digests that name the same signed bytes, or their wrapping.
    """

    predicate_type: str
    artifact_name: str
    subjects: Collection[Digest]
    statement: Digest
    bundle: Digest
    also: Collection[Digest] = ()


def authorise(trust: Trust, signed: Signed, claim: Utterance, *, now: int) -> Authority:
    """The authority that made this claim. `signed`: what verification yielded; `now`: Unix seconds.

    Raises Untrusted, Revoked, Expired.
    """
    found = trust.authorities.find(signed.signer)
    if found is None:
        raise Untrusted(f"signed by {signed.signer}, who is no authority in {trust.name}")
    authority, identities = found
    _refuse_revoked(trust, claim)
    at = proven_at(signed.times, now=now, operators=trust.time_operators)
    # Where several of its identities fit the signer, one that was compromised spoils all: it is the same signer.
    for identity in identities:
        identity.lifetime.check_compromise(at, f"{identity} of {authority.name}")
    grants = [grant for grant in authority.grants if grant.covers(claim.predicate_type, claim.artifact_name)]
    if not grants:
        title = TITLES.get(claim.predicate_type, claim.predicate_type)
        raise Untrusted(f"{authority.name} may not say {title} about {claim.artifact_name or 'an artifact without a name'}")
    _check_any_identity(identities, at, authority.name)
    failures = []
    for grant in grants:
        try:
            grant.window.check(at, f"the permission of {authority.name}")
        except Expired as error:
            failures.append(error)
        else:
            return authority
    raise failures[0]


def check_quorum(trust: Trust, voices: Iterable[Authority], *, predicate_type: str, artifact_name: str) -> frozenset[str]:
    """The names of `voices` if they are enough; several signatures of one authority are one voice.

    `voices`: authorities that `authorise` returned for claims of this type about one and the same artifact. Every threshold
    that covers it must be met, and without any there must be one voice. Raises Untrusted.
    """
    names = frozenset(voice.name for voice in voices)
    title = TITLES.get(predicate_type, predicate_type)
    if not names:
        raise Untrusted(f"nobody who may has said {title} about {artifact_name}")
    for rule in trust.thresholds:
        if not rule.covers(predicate_type, artifact_name):
            continue
        counted = names & rule.names if rule.names else names
        if len(counted) < rule.count:
            among = f" of {', '.join(sorted(rule.names))}" if rule.names else ""
            raise Untrusted(f"{title}: {len(counted)} of {rule.count} needed authorities{among}")
    return names


def check_bans(trust: Trust, signed: Signed, claim: Utterance, *, now: int) -> None:
    """What a trust forbids of signers that somebody else named, such as the keys in a policy: a statement that was taken back,
    and a signer of the trust outside of its time. Whom the trust does not know it does not speak of. Raises Revoked, Expired.
    """
    _refuse_revoked(trust, claim)
    found = trust.authorities.find(signed.signer)
    if found is None:
        return
    authority, identities = found
    at = proven_at(signed.times, now=now, operators=trust.time_operators)
    for identity in identities:
        identity.lifetime.check_compromise(at, f"{identity} of {authority.name}")
    _check_any_identity(identities, at, authority.name)


def _refuse_revoked(trust: Trust, claim: Utterance) -> None:
    title = TITLES.get(claim.predicate_type, claim.predicate_type)
    # A signature that says no more than "this one" is about nothing but its subjects' bytes: naming them names what was signed.
    meant = claim.subjects if claim.predicate_type == IMAGE_SIGNATURE else ()
    for digest in (claim.statement, claim.bundle, *claim.also, *meant):
        taken_back = trust.revocation_of_statement(digest)
        if taken_back:
            raise Revoked(f"this {title} was taken back{_because(taken_back.reason)}")
    for subject in claim.subjects:
        taken_back = trust.revocation_about(claim.predicate_type, subject)
        if taken_back:
            raise Revoked(f"every {title} about {subject.short} was taken back{_because(taken_back.reason)}")


def _check_any_identity(identities: Iterable[Identity], at: int, name: str) -> None:
    """One identity in whose time this lies is enough."""
    failures = []
    for identity in identities:
        try:
            identity.lifetime.check(at, f"{identity} of {name}")
        except Expired as error:
            failures.append(error)
        else:
            return
    raise failures[0]


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""
