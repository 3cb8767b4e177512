"""What changes between two trusts, in words: every fact that a trust has is told when it comes, goes or changes."""

import json

import pytest
from test_trust_document import WHOLE, B, parse, publish

from pratique.errors import Malformed
from pratique.model import Digest
from pratique.trust import Authorities, Authority, Key, Trust
from pratique.trust.difference import describe_changes
from pratique.trust.document import read_published
from pratique.trust.published import render_published

RSA = f"release gains {Key.of(b'key in release.pub')} for rsa-pss (from 2026-01-01T00:00:00Z until 2026-12-31T23:59:59Z)"
TSA = Digest.of(b"tsa.pem").short
WITNESS = Key.of(b"key in witness.pub")


def changes(old, new, text=WHOLE):
    assert old in text
    return describe_changes(parse(text).trust, parse(text.replace(old, new)).trust)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("name: acme\n", "name: other\n", "the trust: its name is now other (was acme)"),
        (
            ", until: 2027-01-01T12:00:00Z",
            "",
            "release: the right to say SBOM about registry.example.com/acme is now without limit "
            "(was until 2027-01-01T12:00:00Z)",
        ),
        (
            'about: ["*"]}',
            'about: ["*"], from: 2026-01-01}',
            "security: the right to say signature about everything is now from 2026-01-01T00:00:00Z (was without limit)",
        ),
        (
            "time-operators: 2",
            "time-operators: 1",
            "the trust: the number of operators that must vouch for a time is now 1 (was 2)",
        ),
        (
            "witnesses:",
            "witness-quorum: 1\nwitnesses:",
            "the trust: the number of witnesses that must have cosigned a log is now 1 (was all)",
        ),
        (
            ", reason: wrong branch",
            "",
            f"the list of revocations: statement {Digest.of(b'x').short}… is now without limit (was wrong branch)",
        ),
        (
            "from: 2026-01-01}\nstores",
            "until: 2026-12-31}\nstores",
            f"tsa tsa of acme: file {TSA}… is now until 2026-12-31T23:59:59Z (was from 2026-01-01T00:00:00Z)",
        ),
        (
            "says:\n      - {predicates: [signature, sbom]",
            "says:\n      - {predicates: [sbom], about: [registry.example.com/acme]}\n      - {predicates: [signature, sbom]",
            "release: the right to say SBOM about registry.example.com/acme is now "
            "until 2027-01-01T12:00:00Z and without limit (was until 2027-01-01T12:00:00Z)",
        ),
        (
            "[signature, sbom]",
            "[signature, sbom, spdx]",
            "release gains the right to say SBOM (https://spdx.dev/Document) about registry.example.com/acme "
            "(until 2027-01-01T12:00:00Z)",
        ),
        (
            "subject-pattern: https://github.com/acme/app/.github/workflows/release.yml@refs/tags/*",
            "subject: https://github.com/acme/app/.github/workflows/release.yml@refs/tags/*",
            "release loses the pattern https://github.com/acme/app/.github/workflows/release.yml@refs/tags/* "
            "(by https://token.actions.githubusercontent.com, runner_environment=github-hosted)",
        ),
        (
            f"spki: {B}",
            f"spki: {B}, algorithm: rsa-pss",
            f"log log.example.com/2026 of acme gains {Key.of(b'key b')} for rsa-pss",
        ),
        ("file: release.pub", "file: release.pub, algorithm: rsa-pss", RSA),
        ("operator: acme, file: tsa", "operator: b, file: tsa", f"tsa tsa of b gains file {TSA}… (from 2026-01-01T00:00:00Z)"),
        (f"operator: acme, spki: {B}", f"operator: b, spki: {B}", f"log log.example.com/2026 of acme loses {Key.of(b'key b')}"),
        ("operator: example,", "operator: b,", f"witness witness.example.org of b gains {WITNESS} (until 2026-12-31T23:59:59Z)"),
    ],
)
def test_each_change_is_told_with_what_it_was(old, new, told):
    assert told in changes(old, new)


@pytest.mark.parametrize(
    ("old", "told"),
    [
        (
            "  - {predicates: [signature], about: [registry.example.com/acme/prod], count: 2, of: [release, security]}\n",
            "the demand for several authorities of release, security for signature about registry.example.com/acme/prod (2)",
        ),
        (
            "  - {name: witness.example.org, operator: example, file: witness.pub, until: 2026-12-31}\n",
            "the number of witnesses that must have cosigned a log (all)",
        ),
        (f'  - {{statement: "{Digest.of(b"x")}", reason: wrong branch}}\n', f"statement {Digest.of(b'x').short}… (wrong branch)"),
        (f'  - {{predicate: sbom, subject: "{Digest.of(b"y")}"}}\n', f"every SBOM about {Digest.of(b'y')}"),
    ],
)
def test_what_goes_is_lost_and_what_comes_is_gained_in_the_same_words(old, told):
    assert old in WHOLE
    with_it, without = parse(WHOLE).trust, parse(WHOLE.replace(old, "")).trust
    assert [line for line in describe_changes(with_it, without) if line.endswith(f" loses {told}")]
    assert [line for line in describe_changes(without, with_it) if line.endswith(f" gains {told}")]


def test_a_demand_that_names_nobody_is_told_without_names():
    old = "count: 2, of: [release, security]"
    lines = changes(old, "count: 2")
    assert "the trust gains the demand for several authorities for signature about registry.example.com/acme/prod (2)" in lines


def test_an_identity_by_its_name_is_no_pattern():
    name = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/"
    (line,) = [line for line in changes(f"subject-pattern: {name}*", f"subject: {name}v1") if " gains " in line]
    assert line.startswith(f"release gains {name}v1 ")


def test_a_trust_without_witnesses_says_nothing_of_their_number():
    row = "witnesses:\n  - {name: witness.example.org, operator: example, file: witness.pub, until: 2026-12-31}\n"
    assert not any("witnesses" in line for line in describe_changes(None, parse(WHOLE.replace(row, "")).trust))


def test_a_key_in_the_place_of_one_that_looks_like_it_is_told():
    """Twelve digits of a key's ID are what is shown of it, and few enough to make a key for."""
    old, new = ("ab" * 6 + rest * 52 for rest in "cd")
    before, after = (Trust(name="x", authorities=Authorities((Authority.of_keys("release", [one]),))) for one in (old, new))
    assert describe_changes(before, after) == ["release gains key abababababab…", "release loses key abababababab…"]


def test_changes_are_told_in_one_order():
    lines = describe_changes(None, parse().trust)
    assert lines == sorted(lines) and len(lines) > 10


def test_the_same_trust_has_no_changes():
    assert describe_changes(parse().trust, parse().trust) == []


POOL = [
    *(0, 1, 2, "*", "registry.example.com/acme/x", "ca:x", "CN=security,O=Acme,C=DE", "rsa-pss", "https://spdx.dev/Document"),
    *("https://github.com/acme/other/*", "release", "security", "2020-01-01T00:00:00Z", "2029-01-01T00:00:00Z"),
    *(Digest.of(b"z"), Digest.of(b"z").hex, "a2V5IHo="),
]
"""What may stand in some place of a trust document or another."""


def changed(value):
    """The value with another leaf in the place of one, with a member left out or added, with a changed item beside it."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield {other: value[other] for other in value if other != name}
            for one in changed(member):
                yield {**value, name: one}
        for name in ("from", "until", "retired", "compromised", "algorithm", "thumbprint", "reason", "operator", "of"):
            for one in [] if name in value else POOL:
                yield {**value, name: [one] if name == "of" else one}
        if "subject-pattern" in value:
            yield {"subject" if name == "subject-pattern" else name: member for name, member in value.items()}
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield value[:index] + value[index + 1 :]
            for one in changed(item):
                yield [*value[:index], one, *value[index + 1 :]]
                if isinstance(one, dict):
                    yield [*value, one]
    else:
        yield from (one for one in POOL if one != value)


def meant(trust):
    """What is published, each permission by itself, without what is said twice."""
    document = json.loads(render_published(trust))
    for authority in document["authorities"].values():
        authority["says"] = [
            {**grant, "predicates": predicate, "about": scope}
            for grant in authority["says"]
            for predicate in grant["predicates"]
            for scope in grant["about"]
        ]

    def once(value):
        if isinstance(value, dict):
            return {name: once(member) for name, member in value.items()}
        return sorted({json.dumps(once(item), sort_keys=True) for item in value}) if isinstance(value, list) else value

    return once(document)


def test_whatever_is_published_otherwise_is_told():
    """Who signs a draft signs what these lines say: a change that they leave out is one that nobody saw."""
    before, document = parse().trust, json.loads(publish())
    was, told = meant(before), 0
    for one in changed(document):
        try:
            after = read_published(one, where="x")
        except Malformed:
            continue
        if meant(after) != was:
            told += 1
            assert describe_changes(before, after), one
    assert told > 300
