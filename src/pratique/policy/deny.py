"""What a policy forbids, held against what trusted SBOMs name: tri-state for each component, and never silently "nothing". Pure.

A component is denied where any of its names is meant by a pattern: its package URL, else its name with and without group, else
its CPEs. A licence is denied where no choice that its expression leaves avoids it. What cannot be told (a version without order,
an expression that cannot be read, a package URL that is none) is `UNREADABLE`, unless something else is denied already.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from pratique.errors import InputError, Malformed
from pratique.lexicon.globs import glob
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.plain_names import plain_name
from pratique.lexicon.purl_pattern import (
    NO,
    TYPES,
    YES,
    Judged,
    Match,
    PurlPattern,
    parse_pattern,
    spell,
    split_purl,
    version_doubt,
)
from pratique.lexicon.text import clean
from pratique.model import Cause, Verdict
from pratique.policy.deny_licences import licence_judge, parse_licence_pattern
from pratique.policy.facts import ComponentFacts, SbomFacts

_SHOWN = 3
_NOT_PACKAGES = frozenset({"container", "operating-system", "file", "device", "device-driver", "firmware", "data", "platform"})
_CPE = lazy(r"cpe:(?:2\.3:|/)[aoh*]?:", re.IGNORECASE)
_CPE_PART = lazy(r"((?:\\.|[^:\\])*)(?::|$)")
_CPE_ANY = ("*", "-", "")


@dataclass(frozen=True, slots=True)
class CpePattern:
    """A CPE (NIST IR 7695, 6.1 and 6.2) as pattern: vendor, product and version, `*` for any run of characters."""

    text: str
    vendor: str
    product: str
    version: str


ComponentPattern = PurlPattern | CpePattern


@lru_cache(maxsize=4096)
def parse_component_pattern(text: str) -> ComponentPattern:
    """A pattern of `deny.components`: a package URL or a CPE. Raises Malformed, which says why nothing could match it."""
    if not text.lower().startswith("cpe:"):
        return parse_pattern(text)
    vendor, product, version = _cpe(text)
    if product in _CPE_ANY:
        raise Malformed("a CPE without a product", hint="it is cpe:2.3:a:VENDOR:PRODUCT:VERSION")
    if re.search(r"[<>,|^]", version):
        raise Malformed("a CPE has no ranges of versions", hint="name the package as a package URL")
    return CpePattern(text, vendor, product, "" if version in _CPE_ANY else version)


def denied_components(patterns: Sequence[str], sboms: Sequence[SbomFacts]) -> Verdict:
    """The verdict of `deny.components`. `sboms`: all those that are trusted, read or not."""
    parsed = [parse_component_pattern(text) for text in patterns]
    named: dict[tuple[str, str], list[ComponentPattern]] = {}
    wide: list[ComponentPattern] = []
    for pattern in parsed:
        last = pattern.name.rpartition("/")[2] if isinstance(pattern, PurlPattern) else "*"
        if isinstance(pattern, PurlPattern) and "*" not in pattern.type + last:
            named.setdefault((pattern.type, last), []).append(pattern)
        else:
            wide.append(pattern)

    def judge(_: SbomFacts, component: ComponentFacts) -> Judged:
        key = _key(component)
        candidates = parsed if key is None else (*named.get(key, ()), *wide)
        return _strictest(_judge(pattern, component) for pattern in candidates)

    return _verdict("components", sboms, judge, shown=lambda component, _: component.title)


def _key(component: ComponentFacts) -> tuple[str, str] | None:
    """Type and last name of a component, by which its patterns are found; None for one that any pattern may mean."""
    try:
        parts = split_purl(component.purl)
    except Malformed:
        return None
    if parts.doubt is not None or parts.type == "generic" or parts.type not in TYPES:
        return None
    return (parts.type, spell(parts.type, parts.name).rpartition("/")[2])


def denied_licences(patterns: Sequence[str], sboms: Sequence[SbomFacts]) -> Verdict:
    """The verdict of `deny.licences`."""
    judges = {id(sbom): licence_judge(tuple(patterns), sbom.licence_names) for sbom in sboms}
    hit: dict[ComponentFacts, str] = {}

    def judge(sbom: SbomFacts, component: ComponentFacts) -> Judged:
        found = NO
        for text in component.licences:
            one = judges[id(sbom)](text)
            if one.match is Match.YES:
                hit[component] = text
                return one
            found = one if one.match is Match.UNKNOWN else found
        return found

    def shown(component: ComponentFacts, match: Match) -> str:
        return f"{component.title}: {clean(hit[component], 200)}" if match is Match.YES else component.title

    return _verdict("licences", sboms, judge, shown=shown)


def _verdict(
    rule: str,
    sboms: Sequence[SbomFacts],
    judge: Callable[[SbomFacts, ComponentFacts], Judged],
    shown: Callable[[ComponentFacts, Match], str],
) -> Verdict:
    denied: set[str] = set()
    unknown: dict[str, str] = {}
    for sbom in sboms:
        for component in sbom.components:
            found = judge(sbom, component)
            if found.match is Match.YES:
                denied.add(shown(component, found.match))
            elif found.match is Match.UNKNOWN:
                unknown.setdefault(shown(component, found.match), found.reason)
    if denied:
        return Verdict(rule=rule, cause=Cause.DENIED, detail=_listed(sorted(denied)))
    unread = next((sbom.unread for sbom in sboms if sbom.unread), "")
    if unread or not sboms:
        detail = f"a trusted SBOM cannot be looked into: {unread}" if unread else "no trusted SBOM to look into"
        return Verdict(rule=rule, cause=Cause.UNREADABLE, detail=detail)
    if unknown:
        first, reason = next(iter(sorted(unknown.items())))
        more = f", and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        return Verdict(rule=rule, cause=Cause.UNREADABLE, detail=f"{first}: {reason}{more}")
    return Verdict(rule=rule, cause=Cause.NONE, detail="nothing that is denied")


def _listed(found: list[str]) -> str:
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"{', '.join(found[:_SHOWN])}{more}"


def _judge(pattern: ComponentPattern, component: ComponentFacts) -> Judged:
    if isinstance(pattern, CpePattern):
        return _judge_cpe(pattern, component)
    if not component.purl:
        return _judge_names(pattern, component)
    found = pattern.judge_purl(component.purl, [component.version])
    key = _key(component)
    if key is None:
        # A URL that cannot be read, is not valid or names no ecosystem that is known says no more than the name beside it.
        return _strictest([found, _judge_names(pattern, component)])
    return found


def _judge_names(pattern: PurlPattern, component: ComponentFacts) -> Judged:
    if component.kind in _NOT_PACKAGES and not component.cpes and not component.purl:
        # It is named as what it is, not as a package of any ecosystem: an image `redis` is not the package redis.
        named = component.kind != "container" and re.search(r"[^*/]", pattern.name) is not None
        return pattern.judge_name([component.name], [component.version]) if named else NO
    names, versions = [component.name], [component.version]
    with suppress(Malformed):
        parts = split_purl(component.purl)
        names.append(parts.name)
        versions.append(parts.version)
        if parts.doubt is not None:
            names += parts.doubt.names
            versions += parts.doubt.versions
    for cpe in component.cpes:
        try:
            vendor, product, version = _cpe(cpe)
        except Malformed:
            return Judged(Match.UNKNOWN, f"its CPE {clean(cpe, 80)!r} cannot be read")
        names += [product, f"{vendor}/{product}"]
        versions.append("" if version in _CPE_ANY else version)
    return pattern.judge_name(names, versions)


def _versions(component: ComponentFacts) -> list[str]:
    """All that is said of its version: of two that differ neither hides the other."""
    found = [component.version]
    with suppress(Malformed):
        parts = split_purl(component.purl)
        found += [parts.version, *(parts.doubt.versions if parts.doubt else ())]
    return found


def _judge_cpe(pattern: CpePattern, component: ComponentFacts) -> Judged:
    answers: list[Judged] = []
    for cpe in component.cpes:
        try:
            vendor, product, version = _cpe(cpe)
        except Malformed:
            answers.append(Judged(Match.UNKNOWN, f"its CPE {clean(cpe, 80)!r} cannot be read"))
            continue
        if (vendor in _CPE_ANY or glob(pattern.vendor or "*", vendor)) and glob(pattern.product, product):
            answers.append(_cpe_version(pattern, ["" if version in _CPE_ANY else version, *_versions(component)]))
    if not component.cpes:
        names = [component.name]
        with suppress(Malformed):
            parts = split_purl(component.purl)
            names = [parts.name] if parts.doubt is None else [*names, *parts.doubt.names]
            if parts.doubt is not None:
                answers.append(Judged(Match.UNKNOWN, f"its package URL is not valid, {parts.doubt.reason}"))
        if any(glob(pattern.product, re.split(r"[/:]", plain_name(name).lower())[-1]) for name in names):
            answers.append(_cpe_version(pattern, _versions(component)))
    return _strictest(answers)


def _cpe_version(pattern: CpePattern, versions: Iterable[str]) -> Judged:
    """`versions`: all that are stated, in whatever place; "" for none."""
    if not pattern.version:
        return YES
    stated = [plain_name(version).lower() for version in versions if version]
    if not stated:
        return Judged(Match.UNKNOWN, f"it has no version, so that {pattern.text} cannot be told")
    return _strictest(YES if glob(pattern.version, version) else version_doubt(version) or NO for version in stated)


def _cpe(text: str) -> tuple[str, str, str]:
    """Vendor, product and version, in lower case and without quoting. Raises Malformed."""
    start = _CPE.match(text)
    # The last one is the end of the text. An empty one is a part: what follows it is not moved to its place.
    parts = _CPE_PART.findall(text[start.end() :])[:-1] if start else []
    if len(parts) < 2:
        raise Malformed(f"no CPE: {text[:80]!r}", hint="it is cpe:2.3:a:VENDOR:PRODUCT:VERSION")
    vendor, product, version = (re.sub(r"\\(.)", r"\1", one).lower() for one in [*parts, ""][:3])
    return vendor, product, version


def _strictest(answers: Iterable[Judged]) -> Judged:
    found = NO
    for one in answers:
        if one.match is Match.YES:
            return one
        found = one if one.match is Match.UNKNOWN else found
    return found


def check_patterns(components: Iterable[str], licences: Iterable[str], *, where: str) -> None:
    """Raises Malformed naming the first pattern that can match nothing. `where`: the file of the policy."""
    for text in components:
        _check("deny.components", text, parse_component_pattern, where)
    for text in licences:
        _check("deny.licences", text, parse_licence_pattern, where)


def _check(field: str, text: str, parse: Callable[[str], object], where: str) -> None:
    try:
        parse(text)
    except InputError as error:
        reason = f"field {field} holds {clean(text, 120)!r}, which would match nothing: {error.message}"
        raise Malformed(reason, where=where, hint=error.hint) from error
