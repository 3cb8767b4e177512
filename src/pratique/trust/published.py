"""A `Trust` in its published form: `trust.document`'s grammar, each list in one order: same trust, same bytes. Pure."""

import base64
import json
from collections.abc import Iterable
from typing import Any

from pratique.errors import Malformed
from pratique.trust.authorities import Authority
from pratique.trust.document import SECTIONS
from pratique.trust.identity import Certified, Identity, Key, WorkloadIdentity, WorkloadRegexp
from pratique.trust.lifetime import Lifetime, Window, when
from pratique.trust.trust import Carried, Revocation, ServiceKey, Threshold, Trust


def render_published(trust: Trust) -> bytes:
    """The document's bytes: compact JSON in UTF-8 with sorted members; `read_published` reads the value they spell."""
    document: dict[str, Any] = {
        "version": 1,
        "name": trust.name,
        "authorities": {authority.name: _authority(authority) for authority in trust.authorities.items},
        "time-operators": trust.time_operators,
        "thresholds": _ordered(_threshold(rule) for rule in trust.thresholds),
        "logs": _ordered(map(_service, trust.logs)),
        "witnesses": _ordered(map(_service, trust.witnesses)),
        **({"witness-quorum": trust.witness_quorum} if trust.witness_quorum else {}),
        "revoked": _ordered(map(_revocation, trust.revocations)),
        **{section: _ordered(map(_carried, trust.files(kind))) for section, kind in SECTIONS.items()},
    }
    return _text({name: value for name, value in document.items() if value != []}).encode("utf-8")


def _authority(authority: Authority) -> dict[str, Any]:
    kinds = (("keys", Key), ("workloads", WorkloadIdentity | WorkloadRegexp), ("certified", Certified))
    signers = {name: _ordered(_identity(item) for item in authority.signers if isinstance(item, kind)) for name, kind in kinds}
    grants = [
        {"predicates": sorted(grant.predicates), "about": sorted(map(str, grant.scopes)), **_window(grant.window)}
        for grant in authority.grants
    ]
    return {name: items for name, items in signers.items() if items} | {"says": _ordered(grants)}


def _identity(identity: Identity) -> dict[str, Any]:
    if isinstance(identity, Key):
        body: dict[str, Any] = _key(identity)
    elif isinstance(identity, WorkloadIdentity):
        body = {"issuer": identity.issuer, "subject-pattern" if identity.pattern else "subject": identity.subject}
        body |= {"claims": dict(identity.claims)} if identity.claims else {}
    elif isinstance(identity, WorkloadRegexp):
        raise Malformed(f"{identity}: an expression is for a command line, and is not published")
    else:
        body = {"store": identity.store, "name": identity.name}
        body |= {"thumbprint": identity.thumbprint} if identity.thumbprint else {}
    return body | _lifetime(identity.lifetime)


def _key(key: Key | ServiceKey) -> dict[str, Any]:
    return {"spki": _base64(key.spki), **({"algorithm": key.algorithm} if key.algorithm else {})}


def _threshold(rule: Threshold) -> dict[str, Any]:
    names = {"of": sorted(rule.names)} if rule.names else {}
    return {"predicates": sorted(rule.predicates), "about": sorted(map(str, rule.scopes)), "count": rule.count, **names}


def _service(key: ServiceKey) -> dict[str, Any]:
    return {"name": key.name, "operator": key.operator, **_key(key), **_lifetime(key.lifetime)}


def _carried(item: Carried) -> dict[str, Any]:
    operator = {"operator": item.operator} if item.operator else {}
    return {"name": item.name, "sha256": item.digest.hex, **operator, **_window(item.window)}


def _revocation(item: Revocation) -> dict[str, Any]:
    what = {"statement": item.statement} if item.statement else {"predicate": item.predicate_type, "subject": item.subject}
    return {**what, **({"reason": item.reason} if item.reason else {})}


def _window(window: Window) -> dict[str, str]:
    ends = {"from": window.since, "until": window.until}
    return {name: when(at) for name, at in ends.items() if at is not None}


def _lifetime(lifetime: Lifetime) -> dict[str, str]:
    events = {"retired": lifetime.retired_at, "compromised": lifetime.compromised_at}
    return _window(lifetime.window) | {name: when(at) for name, at in events.items() if at is not None}


def _ordered(items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(items, key=_text)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
