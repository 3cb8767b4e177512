"""What changes between two trusts, in words: who gains, who loses. Pure."""

from pratique.model.predicates import TITLES
from pratique.trust.authorities import Grant
from pratique.trust.lifetime import Lifetime, Window, when
from pratique.trust.trust import Threshold, Trust

_Facts = dict[tuple[str, str], str]


def describe_changes(old: Trust | None, new: Trust) -> list[str]:
    """One line for each change, sorted; empty when they say the same. Without `old`, everything is a gain."""
    before, after = _facts(old) if old else {}, _facts(new)
    lines = [f"{who} gains {what}{_in_brackets(after[who, what])}" for who, what in after.keys() - before.keys()]
    lines += [f"{who} loses {what}{_in_brackets(before[who, what])}" for who, what in before.keys() - after.keys()]
    for who, what in before.keys() & after.keys():
        was, is_now = before[who, what], after[who, what]
        if was != is_now:
            lines.append(f"{who}: {what} is now {is_now or 'without limit'} (was {was or 'without limit'})")
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
    titles = sorted(TITLES.get(predicate, predicate) for predicate in grant.predicates)
    scopes = ["everything" if not scope.segments else str(scope) for scope in grant.scopes]
    return f"{', '.join(titles)} about {', '.join(sorted(scopes))}"


def _facts(trust: Trust) -> _Facts:
    facts: _Facts = {("the trust", "its name"): trust.name}
    for authority in trust.authorities.items:
        for identity in authority.signers:
            facts[authority.name, str(identity)] = lifetime_text(identity.lifetime)
        for grant in authority.grants:
            for predicate in grant.predicates:
                for scope in grant.scopes:
                    one = Grant(predicates=frozenset({predicate}), scopes=(scope,))
                    facts[authority.name, f"the right to say {grant_text(one)}"] = window_text(grant.window)
    for rule in trust.thresholds:
        among = f" of {', '.join(sorted(rule.names))}" if rule.names else ""
        facts["the trust", f"the demand for several authorities{among} for {grant_text(rule)}"] = str(rule.count)
    facts["the trust", "the number of operators that must vouch for a time"] = str(trust.time_operators)
    if trust.witnesses:
        facts["the trust", "the number of witnesses that must have cosigned a log"] = str(trust.witness_quorum or "all")
    for kind, keys in (("log", trust.logs), ("witness", trust.witnesses)):
        for key in keys:
            facts[f"{kind} {key.name} of {key.operator}", f"key {key.keyid[:12]}…"] = lifetime_text(key.lifetime)
    for item in trust.carried:
        facts[f"{item.kind} {item.name}", f"file {item.digest.short}…"] = window_text(item.window)
    for taken in trust.revocations:
        title = TITLES.get(taken.predicate_type, taken.predicate_type)
        what = f"statement {taken.statement.short}…" if taken.statement else f"every {title} about {taken.subject}"
        facts["the list of revocations", what] = taken.reason
    return facts


def _in_brackets(text: str) -> str:
    return f" ({text})" if text else ""
