"""Authorities, what they may say, and the counting of their voices. Pure.

An authority is a party: a person, a team, a CI pipeline. It may have many signers; however many of them sign, it is one voice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pratique.errors import Malformed
from pratique.model.signer import CertifiedSigner, KeySigner, OpenPgpSigner, Signer, WorkloadSigner
from pratique.trust.identity import Certified, Identity, Key, Named, WorkloadIdentity, WorkloadRegexp
from pratique.trust.lifetime import ANY_TIME, Window
from pratique.trust.scope import Scope

_MAX_ALIKE = 1000  # identities of one issuer and owner: each is compared with each


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What an authority may say: predicate types, and which artifacts about. `window`: when it may have said so."""

    predicates: frozenset[str]
    scopes: tuple[Scope, ...]
    window: Window = ANY_TIME

    def __post_init__(self) -> None:
        if not self.predicates or not self.scopes:
            raise Malformed("a permission without predicate types or scopes")

    def covers(self, predicate_type: str, artifact_name: str) -> bool:
        """Whether it is about this kind of statement on this artifact, at whatever time."""
        return predicate_type in self.predicates and any(scope.covers(artifact_name) for scope in self.scopes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A party that signs. Raises Malformed when its name could be mistaken, it has no signer, or one of its keys twice."""

    name: str
    signers: tuple[Identity, ...]
    grants: tuple[Grant, ...] = ()

    def __post_init__(self) -> None:
        if not self.name or self.name != self.name.strip() or not self.name.isprintable():
            raise Malformed(f"not a name for an authority: {self.name[:80]!r}")
        if not self.signers:
            raise Malformed(f"authority {self.name!r} has no key and no other signer")
        keys = [signer for signer in self.signers if isinstance(signer, Key)]
        if len({key.keyid for key in keys}) != len(keys):
            raise Malformed(f"authority {self.name!r} has the same key twice")

    @classmethod
    def of_keys(cls, name: str, keyids: Iterable[str]) -> "Authority":
        """A party with bare keys and no windows; what it may say is for others to decide."""
        return cls(name=name, signers=tuple(Key(keyid=keyid) for keyid in sorted(keyids)))

    @property
    def keyids(self) -> frozenset[str]:
        """Its keys."""
        return frozenset(signer.keyid for signer in self.signers if isinstance(signer, Key))


@dataclass(frozen=True, slots=True)
class Authorities:
    """All known authorities. A name that stands twice, and a signer that could speak for two of them, is refused (Malformed)."""

    items: tuple[Authority, ...] = ()
    _by_keyid: Mapping[str, Authority] = field(init=False, repr=False, compare=False)
    _shelves: Mapping[tuple[str, ...], tuple[tuple[Authority, Named], ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names: set[str] = set()
        by_keyid: dict[str, Authority] = {}
        others: dict[tuple[str, ...], list[tuple[Authority, Named]]] = {}
        for authority in self.items:
            if authority.name in names:
                raise Malformed(f"authority {authority.name!r} is named twice")
            names.add(authority.name)
            for identity in authority.signers:
                if isinstance(identity, Key):
                    owner = by_keyid.setdefault(identity.keyid, authority)
                    if owner is not authority:
                        raise Malformed(f"{identity} belongs to both {owner.name!r} and {authority.name!r}")
                else:
                    self._place(others.setdefault(_shelf(identity), []), authority, identity)
        object.__setattr__(self, "_by_keyid", MappingProxyType(by_keyid))
        object.__setattr__(self, "_shelves", MappingProxyType({name: tuple(found) for name, found in others.items()}))

    def _place(self, alike: list[tuple[Authority, Named]], authority: Authority, identity: Named) -> None:
        """Put an identity beside those that are alike. Raises Malformed when a signer could be it and another's."""
        if isinstance(identity, WorkloadRegexp):
            if len(self.items) > 1:
                raise Malformed(f"{identity} is an expression, which nobody can tell from the other authorities' signers")
        else:
            for owner, other in alike:
                if owner is not authority and identity.overlaps(other):
                    hint = "one voice must not count twice: tell them apart by subject or by a claim"
                    raise Malformed(f"{identity} could speak for both {owner.name!r} and {authority.name!r}", hint=hint)
        alike.append((authority, identity))
        if len(alike) > _MAX_ALIKE:
            raise Malformed(f"more than {_MAX_ALIKE} identities like {identity}", hint="use subject-pattern")

    @property
    def names(self) -> frozenset[str]:
        """The authorities' names."""
        return frozenset(authority.name for authority in self.items)

    @property
    def keyids(self) -> frozenset[str]:
        """Every key that speaks for somebody."""
        return frozenset(self._by_keyid)

    def name_of(self, keyid: str) -> str | None:
        """Whose key this is, None for nobody's."""
        owner = self._by_keyid.get(keyid)
        return owner.name if owner else None

    def find(self, signer: Signer) -> tuple[Authority, tuple[Identity, ...]] | None:
        """Whom this signer speaks for, and as which of its identities; None for nobody. There is never a second authority."""
        if isinstance(signer, KeySigner):
            owner = self._by_keyid.get(signer.keyid)
            return (owner, tuple(item for item in owner.signers if item.speaks_as(signer))) if owner else None
        shelf = self._shelves.get(_shelf(signer), ())
        if isinstance(signer, WorkloadSigner):
            shelf = (*shelf, *self._shelves.get(_expressions(signer.issuer), ()))
        found = [(owner, identity) for owner, identity in shelf if identity.speaks_as(signer)]
        return (found[0][0], tuple(identity for _, identity in found)) if found else None


def _shelf(item: Named | Signer) -> tuple[str, ...]:
    """Where those lie together that could be the same, so that a signer is compared with few.

    A pattern's subject is spelled out up to its first path segment, so that much of a subject tells shelves apart.
    """
    match item:
        case KeySigner():
            return ("key", item.keyid)
        case WorkloadIdentity() | WorkloadSigner():
            return ("workload", item.issuer, *item.subject.split("/")[:4])
        case WorkloadRegexp():
            return _expressions(item.issuer)
        case Certified() | CertifiedSigner():
            return ("certified", item.store, item.name)
        case OpenPgpSigner():
            return ("openpgp", item.fingerprint)  # of no authority: who is believed is whoever is in the keyring


def _expressions(issuer: str) -> tuple[str, ...]:
    """Where those lie that are compared with every subject of an issuer."""
    return ("expression", issuer)
