"""Notation's trust policy documents for OCI artifacts, version 1.0 (trust-store-trust-policy.md). Pure.

Which statement applies is decided by the repository alone: the one that names it, else the one for `*`, else none, and then
nothing is trusted.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from pratique.attest.members import as_list, as_object, as_text, refuse_unknown
from pratique.attest.notation.names import fits, parse_name
from pratique.attest.strictjson import load_json
from pratique.errors import Malformed, Untrusted

MAX_POLICY_SIZE = 1 << 20
MAX_STATEMENTS = 1000
MAX_ITEMS = 1000
EVERYONE = "*"
_SUBJECT = "x509.subject"
_STORE = re.compile(r"(ca|signingAuthority|tsa):([A-Za-z0-9_.-]+)")
# distribution-spec, Pulling manifests: a host, and a name of its own spelling.
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_SCOPE = re.compile(rf"{_LABEL}(?:\.{_LABEL})*(?::[0-9]+)?/{_PART}(?:/{_PART})*")


class CheckKind(StrEnum):
    """The five checks of a signature, in the order in which they are made."""

    INTEGRITY = "integrity"
    AUTHENTICITY = "authenticity"
    EXPIRY = "expiry"
    TIMESTAMP = "authenticTimestamp"
    REVOCATION = "revocation"


class Action(StrEnum):
    """What a failed check does."""

    ENFORCE = "enforce"
    LOG = "log"
    SKIP = "skip"


class Timestamps(StrEnum):
    """When the countersignature of a timestamp authority is looked at, if a statement names a store of such authorities."""

    ALWAYS = "always"  # and there must be one
    AFTER_EXPIRY = "afterCertExpiry"  # only once a certificate of the chain has expired; then there must be one
    WHEN_PRESENT = "whenPresent"  # in no document: one of an authority in good standing proves a time, and none is needed


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """`actions`: of every kind of check. `name`: as written, before overrides."""

    name: str
    actions: Mapping[CheckKind, Action]


def _level(name: str, *enforced: CheckKind) -> Level:
    actions = {kind: Action.ENFORCE if kind in enforced else Action.LOG for kind in CheckKind}
    return Level(name=name, actions=MappingProxyType(actions))


STRICT = _level("strict", *CheckKind)
PERMISSIVE = _level("permissive", CheckKind.INTEGRITY, CheckKind.AUTHENTICITY)
AUDIT = _level("audit", CheckKind.INTEGRITY)
SKIP = Level(name="skip", actions=MappingProxyType(dict.fromkeys(CheckKind, Action.SKIP)))
_LEVELS = {level.name: level for level in (STRICT, PERMISSIVE, AUDIT, SKIP)}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustStatement:
    """Who may sign what is in some repositories, and what happens when a check fails.

    `stores`: such as `ca:acme`, in the order written. `identities`: attributes that the signing certificate's subject must
    have, any of them; None for everyone whom a store vouches for.
    """

    name: str
    level: Level = STRICT
    scopes: tuple[str, ...] = (EVERYONE,)
    stores: tuple[str, ...] = ()
    identities: tuple[Mapping[str, str], ...] | None = ()
    timestamps: Timestamps = Timestamps.ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustPolicy:
    """The statements of one document."""

    statements: tuple[TrustStatement, ...]

    def statement_for(self, scope: str) -> TrustStatement:
        """The one that applies to a repository, `registry.example/namespace/name`. Raises Untrusted when none does."""
        for wanted in (scope, EVERYONE):
            for statement in self.statements:
                if wanted in statement.scopes:
                    return statement
        raise Untrusted(f"no statement of the trust policy applies to {scope[:200]}", hint="add its repository to registryScopes")


def parse_policy(data: bytes) -> TrustPolicy:
    """Read a `trustpolicy.oci.json` and hold it to its constraints. Raises Malformed naming the statement."""
    members = as_object(load_json(data, what="trust policy", max_size=MAX_POLICY_SIZE, max_depth=16), "trust policy")
    refuse_unknown(members, ("version", "trustPolicies"), "trust policy")
    if members.get("version") != "1.0":
        raise Malformed(f"trust policy of version {str(members.get('version'))[:40]!r}, which is not 1.0")
    items = as_list(members.get("trustPolicies"), "trustPolicies", limit=MAX_STATEMENTS)
    statements = tuple(_statement(item, f"trustPolicies[{number}]") for number, item in enumerate(items))
    if not statements:
        raise Malformed("trust policy without statements")
    _refuse_twice([statement.name for statement in statements], "the statement")
    _refuse_twice([scope for statement in statements for scope in statement.scopes], "the scope")
    return TrustPolicy(statements=statements)


def _statement(value: Any, where: str) -> TrustStatement:
    members = as_object(value, where)
    known = ("name", "registryScopes", "signatureVerification", "trustStores", "trustedIdentities")
    refuse_unknown(members, known, where)
    name = as_text(members.get("name"), f"{where}.name")
    if not name:
        raise Malformed(f"{where}.name is empty")
    level, timestamps = _verification(members.get("signatureVerification"), where)
    stores = _texts(members.get("trustStores", []), f"{where}.trustStores")
    identities = _texts(members.get("trustedIdentities", []), f"{where}.trustedIdentities")
    if level is SKIP:
        if stores or identities:
            raise Malformed(f"{where} skips verification and names trust stores or identities")
    elif not stores or not identities:
        raise Malformed(f"{where} needs trustStores and trustedIdentities")
    for store in stores:
        if not _STORE.fullmatch(store):
            raise Malformed(
                f"{where} names no trust store: {store[:80]!r}", hint="expected ca:NAME, signingAuthority:NAME or tsa:NAME"
            )
    scopes = _scopes(members.get("registryScopes"), where)
    if level is SKIP and EVERYONE in scopes:
        raise Malformed(f"{where} skips verification for every repository", hint="name the repositories that are not signed")
    return TrustStatement(
        name=name,
        level=level,
        scopes=scopes,
        stores=tuple(dict.fromkeys(stores)),
        identities=_identities(identities, where),
        timestamps=timestamps,
    )


def _verification(value: Any, where: str) -> tuple[Level, Timestamps]:
    where = f"{where}.signatureVerification"
    members = as_object(value, where)
    refuse_unknown(members, ("level", "override", "verifyTimestamp"), where)
    level = _LEVELS.get(as_text(members.get("level"), f"{where}.level"))
    if level is None:
        raise Malformed(f"{where}.level is unknown", hint=f"expected one of {', '.join(_LEVELS)}")
    overrides = as_object(members.get("override", {}), f"{where}.override")
    if overrides:
        if level is SKIP:
            raise Malformed(f"{where} overrides a level that skips everything")
        changed = dict(level.actions)
        for key, action in overrides.items():
            changed[_overridable(key, where)] = _action(key, action, where)
        level = Level(name=level.name, actions=MappingProxyType(changed))
    when = as_text(members.get("verifyTimestamp", "always"), f"{where}.verifyTimestamp")
    if when not in (Timestamps.ALWAYS, Timestamps.AFTER_EXPIRY):
        raise Malformed(f"{where}.verifyTimestamp is unknown", hint="expected always or afterCertExpiry")
    return level, Timestamps(when)


def _overridable(key: str, where: str) -> CheckKind:
    if key == CheckKind.INTEGRITY or key not in list(CheckKind):
        raise Malformed(f"{where}.override names {key[:80]!r}, which cannot be overridden")
    return CheckKind(key)


def _action(key: str, value: Any, where: str) -> Action:
    allowed = list(Action) if key == CheckKind.REVOCATION else [Action.ENFORCE, Action.LOG]
    if value not in allowed:
        raise Malformed(f"{where}.override.{key} is none of {', '.join(allowed)}")
    return Action(value)


def _scopes(value: Any, where: str) -> tuple[str, ...]:
    scopes = _texts(value, f"{where}.registryScopes")
    if not scopes:
        raise Malformed(f"{where}.registryScopes is empty")
    if EVERYONE in scopes and len(scopes) > 1:
        raise Malformed(f"{where}.registryScopes has other scopes beside *")
    for scope in scopes:
        if scope != EVERYONE and not _SCOPE.fullmatch(scope):
            raise Malformed(
                f"{where} has no repository as scope: {scope[:80]!r}", hint="expected registry.example/namespace/name"
            )
    return tuple(scopes)


def _identities(texts: list[str], where: str) -> tuple[Mapping[str, str], ...] | None:
    if texts == [EVERYONE]:
        return None
    found = []
    for text in texts:
        kind, _, name = text.partition(":")
        if kind != _SUBJECT:
            raise Malformed(
                f"{where} trusts no identity that is read here: {text[:80]!r}", hint=f"expected {_SUBJECT}: C=…, ST=…, O=…"
            )
        found.append(parse_name(name))
    for number, one in enumerate(found):
        if any(fits(one, other) for at, other in enumerate(found) if at != number):
            raise Malformed(f"{where}.trustedIdentities overlap: {texts[number][:80]!r} covers another")
    return tuple(found)


def _texts(value: Any, where: str) -> list[str]:
    return [as_text(item, where) for item in as_list(value, where, limit=MAX_ITEMS)]


def _refuse_twice(names: list[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise Malformed(f"trust policy has {what} {name[:80]!r} twice")
        seen.add(name)
