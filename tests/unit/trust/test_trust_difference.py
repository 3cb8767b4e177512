"""What changes between two trusts, in words: every fact that a trust has is told when it comes, goes or changes."""

import pytest
from test_trust_document import WHOLE, parse

from pratique.model import Digest
from pratique.trust.difference import describe_changes


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
            f"tsa tsa: file {Digest.of(b'tsa.pem').short}… is now until 2026-12-31T23:59:59Z (was from 2026-01-01T00:00:00Z)",
        ),
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


def test_a_trust_without_witnesses_says_nothing_of_their_number():
    row = "witnesses:\n  - {name: witness.example.org, operator: example, file: witness.pub, until: 2026-12-31}\n"
    assert not any("witnesses" in line for line in describe_changes(None, parse(WHOLE.replace(row, "")).trust))


def test_the_same_trust_has_no_changes():
    assert describe_changes(parse().trust, parse().trust) == []
