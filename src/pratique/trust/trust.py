"""`Trust`: everything that a team has agreed to believe, as one value. Pure.

Who may say what (authorities), how many must agree (thresholds), who vouches for times and for logs, which foreign trust roots
and certificate stores are taken over, and which single statements are taken back.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pratique.errors import Malformed
from pratique.model.digest import Digest
from pratique.trust.authorities import Authorities
from pratique.trust.lifetime import ALWAYS, ANY_TIME, Lifetime, Window
from pratique.trust.scope import EVERYTHING, Scope

STORE_TYPES = ("ca", "signingAuthority", "tsa")  # notaryproject/specifications, trust-store-trust-policy.md


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """For these statements on these artifacts, `count` different authorities must agree; with `names`, of these only."""

    predicates: frozenset[str]
    scopes: tuple[Scope, ...]
    count: int
    names: frozenset[str] = frozenset()

    def covers(self, predicate_type: str, artifact_name: str) -> bool:
        """Whether it applies."""
        return predicate_type in self.predicates and any(scope.covers(artifact_name) for scope in self.scopes)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceKey:
    """The key of a log or a witness. `name`: the log's origin or the witness's name; `spki`: DER; `operator`: who runs it.

    `algorithm`: as in `Key`.
    """

    name: str
    operator: str
    spki: bytes
    algorithm: str = ""
    lifetime: Lifetime = ALWAYS

    @property
    def keyid(self) -> str:
        """Hex SHA-256 of `spki`."""
        return hashlib.sha256(self.spki).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A file that travels with the document. `kind`: `sigstore` (a TrustedRoot, JSON), `tsa` (certificates, PEM) or `store`.

    `name`: unique in its kind; a store's is `TYPE:NAME` and may stand several times. `operator`: who runs a timestamp authority.
    """

    kind: str
    name: str
    digest: Digest
    operator: str = ""
    window: Window = ANY_TIME

    @property
    def path(self) -> str:
        """The target's path in the repository: kind, name, and the hex digest."""
        return f"{self.kind}/{self.name.replace(':', '/')}/{self.digest.hex}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """What is taken back: one statement by its digest, or everything of a predicate type about one subject. One of the two."""

    statement: Digest | None = None
    predicate_type: str = ""
    subject: Digest | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        pair = bool(self.predicate_type), self.subject is not None
        if pair not in ((True, True), (False, False)) or pair[0] == (self.statement is not None):
            raise Malformed("a revocation names a statement, or a predicate type and a subject")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """The whole. `time_operators`: how many different operators must vouch for a time before it counts.

    `witness_quorum`: how many operators of `witnesses` must have cosigned a log's checkpoint before its entries count; 0 for all
    of those whose witnesses have not ended.
    """

    name: str
    authorities: Authorities
    thresholds: tuple[Threshold, ...] = ()
    time_operators: int = 1
    logs: tuple[ServiceKey, ...] = ()
    witnesses: tuple[ServiceKey, ...] = ()
    witness_quorum: int = 0
    carried: tuple[Carried, ...] = ()
    revocations: tuple[Revocation, ...] = ()
    _revoked: Mapping[Digest, Revocation] = field(init=False, repr=False, compare=False)
    _revoked_pairs: Mapping[tuple[str, Digest], Revocation] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for rule in self.thresholds:
            able = {
                authority.name
                for authority in self.authorities.items
                if any(grant.predicates & rule.predicates for grant in authority.grants)
            }
            able = able & rule.names if rule.names else able
            if rule.names - self.authorities.names:
                raise Malformed(f"a threshold names {min(rule.names - self.authorities.names)!r}, which is no authority")
            if not 1 <= rule.count <= len(able):
                raise Malformed(f"a threshold of {rule.count} where {len(able)} authorities may say so: it can never be met")
        operators = {item.operator for item in self.witnesses}
        if self.witness_quorum > len(operators):
            raise Malformed(f"a quorum of {self.witness_quorum} witnesses, and {len(operators)} operators run any: never met")
        object.__setattr__(self, "_revoked", {item.statement: item for item in self.revocations if item.statement})
        pairs = {(item.predicate_type, item.subject): item for item in self.revocations if item.subject}
        object.__setattr__(self, "_revoked_pairs", pairs)

    def whatever_its_name(self) -> "Trust":
        """The same for an artifact whose name nobody said: every permission is about every artifact.

        Who may say which kind of statement, and within which time, who must agree about which names, and what is retired,
        compromised or taken back stays: none of that needs a name.
        """
        items = tuple(
            replace(authority, grants=tuple(replace(grant, scopes=(EVERYTHING,)) for grant in authority.grants))
            for authority in self.authorities.items
        )
        return replace(self, authorities=Authorities(items))

    def without_voices(self) -> "Trust":
        """Only what it ends, marks as compromised and takes back: nobody in it may say anything.

        For those who are named beside it with certificate authorities of their own, which must not vouch for anybody in here.
        """
        items = tuple(replace(authority, grants=()) for authority in self.authorities.items)
        return replace(self, authorities=Authorities(items), thresholds=())

    def files(self, kind: str) -> tuple[Carried, ...]:
        """The carried files of a kind."""
        return tuple(item for item in self.carried if item.kind == kind)

    def revocation_of_statement(self, digest: Digest) -> Revocation | None:
        """What takes this one statement back, if anything does."""
        return self._revoked.get(digest)

    def revocation_about(self, predicate_type: str, subject: Digest) -> Revocation | None:
        """What takes back all statements of this type about this subject, if anything does."""
        return self._revoked_pairs.get((predicate_type, subject))
