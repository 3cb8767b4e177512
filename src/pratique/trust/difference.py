"""What changes between two trusts, in words: who gains, who loses. Pure."""

from collections.abc import Iterator
from dataclasses import replace

from pratique.model.predicates import TITLES
from pratique.trust.authorities import Grant
from pratique.trust.identity import Identity, Key, WorkloadIdentity
from pratique.trust.lifetime import ALWAYS, ANY_TIME, Lifetime, Window, when
from pratique.trust.trust import ServiceKey, Threshold, Trust

_Fact = tuple[str, str, str]
"""Who, what, and the whole of it: words leave out most of a key's ID, and may be chosen so that two things are called alike."""

_NO_LIMIT = "without limit"
_FIRST = {title: predicate for predicate, title in reversed(TITLES.items())}


def describe_changes(old: Trust | None, new: Trust) -> list[str]:
    """One line for each change, sorted; empty when they say the same. Without `old`, everything is a gain."""
    before, after = _facts(old) if old else {}, _facts(new)
    lines = [f"{fact[0]} gains {fact[1]}{_in_brackets(after[fact])}" for fact in after.keys() - before.keys()]
    lines += [f"{fact[0]} loses {fact[1]}{_in_brackets(before[fact])}" for fact in before.keys() - after.keys()]
    for fact in before.keys() & after.keys():
        was, is_now = before[fact], after[fact]
        if was != is_now:
            lines.append(f"{fact[0]}: {fact[1]} is now {is_now or _NO_LIMIT} (was {was or _NO_LIMIT})")
    return sorted(lines)


def lifetime_text(lifetime: Lifetime) -> str:
    """When a signer counts, in a few words; empty for always."""
    events = (("retired", lifetime.retired_at), ("compromised", lifetime.compromised_at))
    return ", ".join(
        filter(None, (window_text(lifetime.window), *(f"{name} {when(at)}" for name, at in events if at is not None)))
    )


def window_text(window: Window) -> str:
    """A window in a few words; empty for an open one."""
    ends = (("from", window.since), ("until", window.until))
    return " ".join(f"{name} {when(at)}" for name, at in ends if at is not None)


def grant_text(grant: Grant | Threshold) -> str:
    """What may be said about what."""
    titles = sorted(map(title_text, grant.predicates))
    scopes = ["everything" if not scope.segments else str(scope) for scope in grant.scopes]
    return f"{', '.join(titles)} about {', '.join(sorted(scopes))}"


def title_text(predicate: str) -> str:
    """What to call a kind of statement; of those that are called alike, all but one with their type."""
    title = TITLES.get(predicate, predicate)
    return title if _FIRST.get(title, predicate) == predicate else f"{title} ({predicate})"


def _facts(trust: Trust) -> dict[_Fact, str]:
    """Each fact with its limit, "" for none. What stands twice with different limits holds within each of them."""
    found: dict[_Fact, set[str]] = {}
    for who, what, whole, limit in _each(trust):
        found.setdefault((who, what, repr(whole)), set()).add(limit)
    return {
        fact: min(limits) if len(limits) == 1 else " and ".join(sorted(limit or _NO_LIMIT for limit in limits))
        for fact, limits in found.items()
    }


def _each(trust: Trust) -> Iterator[tuple[str, str, object, str]]:
    """Who, what, the whole of it, and its limit."""
    yield "the trust", "its name", None, trust.name
    for authority in trust.authorities.items:
        for identity in authority.signers:
            what = _identity_text(identity)
            yield authority.name, what, replace(identity, lifetime=ALWAYS), lifetime_text(identity.lifetime)
        for grant in authority.grants:
            for predicate in grant.predicates:
                for scope in grant.scopes:
                    one = Grant(predicates=frozenset({predicate}), scopes=(scope,))
                    what = f"the right to say {grant_text(one)}"
                    yield authority.name, what, (predicate, scope), window_text(grant.window)
    for rule in trust.thresholds:
        among = f" of {', '.join(sorted(rule.names))}" if rule.names else ""
        what = f"the demand for several authorities{among} for {grant_text(rule)}"
        whole = (sorted(rule.predicates), sorted(rule.scopes), sorted(rule.names))
        yield "the trust", what, whole, str(rule.count)
    yield "the trust", "the number of operators that must vouch for a time", None, str(trust.time_operators)
    if trust.witnesses:
        number = str(trust.witness_quorum or "all")
        yield "the trust", "the number of witnesses that must have cosigned a log", None, number
    for kind, keys in (("log", trust.logs), ("witness", trust.witnesses)):
        for key in keys:
            what = f"key {key.keyid[:12]}…{_purpose(key)}"
            yield f"{kind} {key.name} of {key.operator}", what, replace(key, lifetime=ALWAYS), lifetime_text(key.lifetime)
    for item in trust.carried:
        who = f"{item.kind} {item.name}{f' of {item.operator}' if item.operator else ''}"
        yield who, f"file {item.digest.short}…", replace(item, window=ANY_TIME), window_text(item.window)
    for taken in trust.revocations:
        about = f"every {title_text(taken.predicate_type)} about {taken.subject}"
        what = f"statement {taken.statement.short}…" if taken.statement else about
        yield "the list of revocations", what, replace(taken, reason=""), taken.reason


def _identity_text(identity: Identity) -> str:
    if isinstance(identity, Key):
        return f"{identity}{_purpose(identity)}"
    return f"the pattern {identity}" if isinstance(identity, WorkloadIdentity) and identity.pattern else str(identity)


def _purpose(key: Key | ServiceKey) -> str:
    return f" for {key.algorithm}" if key.algorithm else ""


def _in_brackets(text: str) -> str:
    return f" ({text})" if text else ""
