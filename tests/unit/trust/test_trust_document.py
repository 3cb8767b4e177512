"""trust.yaml and its published form: strict, and the same trust in the same bytes."""

import base64
import json
import random

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.errors import LimitExceeded, Malformed
from pratique.model import Digest
from pratique.model.predicates import CYCLONEDX, IMAGE_SIGNATURE
from pratique.trust import Key
from pratique.trust.difference import describe_changes
from pratique.trust.document import EXPIRY, Files, parse_source, read_published
from pratique.trust.published import render_published

A, B = (base64.b64encode(text).decode() for text in (b"key a", b"key b"))
WHOLE = f"""\
version: 1
name: acme
authorities:
  release:
    keys:
      - {{file: release.pub, from: 2026-01-01, until: 2026-12-31}}
      - {{spki: {A}, retired: 2026-03-01, compromised: 2026-04-01}}
    workloads:
      - issuer: https://token.actions.githubusercontent.com
        subject-pattern: https://github.com/acme/app/.github/workflows/release.yml@refs/tags/*
        claims: {{runner_environment: github-hosted}}
    says:
      - {{predicates: [signature, sbom], about: [registry.example.com/acme], until: 2027-01-01T12:00:00Z}}
  security:
    certified:
      - {{store: "ca:acme", name: "CN=security,O=Acme"}}
    says:
      - {{predicates: [signature, "https://example.com/scan/v1"], about: ["*"]}}
thresholds:
  - {{predicates: [signature], about: [registry.example.com/acme/prod], count: 2, of: [release, security]}}
time-operators: 2
logs:
  - {{name: log.example.com/2026, operator: acme, spki: {B}}}
witnesses:
  - {{name: witness.example.org, operator: example, file: witness.pub, until: 2026-12-31}}
sigstore:
  - {{name: public-good, file: root.json}}
timestamp-authorities:
  - {{name: tsa, operator: acme, file: tsa.pem, from: 2026-01-01}}
stores:
  - {{name: "ca:acme", file: one.pem}}
  - {{name: "ca:acme", file: two.pem}}
revoked:
  - {{statement: "{Digest.of(b"x")}", reason: wrong branch}}
  - {{predicate: sbom, subject: "{Digest.of(b"y")}"}}
expiry: {{timestamp: 1}}
"""
FILES = Files(key=lambda name: f"key in {name}".encode(), digest=lambda name: Digest.of(name.encode()))


def parse(text=WHOLE, files=FILES):
    data = text if isinstance(text, bytes) else text.encode()
    return parse_source(data, files=files, where="trust.yaml")


def publish(text=WHOLE):
    return render_published(parse(text).trust)


def test_a_whole_document_is_read():
    source = parse()
    release, security = source.trust.authorities.items
    first, second = (item for item in release.signers if isinstance(item, Key))
    assert first == Key.of(b"key in release.pub", first.lifetime)
    assert (first.lifetime.window.since, first.lifetime.window.until) == (1767225600, 1798761599)
    assert (second.lifetime.retired_at, second.lifetime.compromised_at) == (1772409599, 1775001600)
    assert release.grants[0].predicates == {IMAGE_SIGNATURE, CYCLONEDX}
    assert security.grants[0].covers("https://example.com/scan/v1", "anything")
    assert [item.count for item in source.trust.thresholds] == [2]
    assert source.trust.time_operators == 2
    assert [item.path for item in source.trust.files("store")] == [
        f"store/ca/acme/{Digest.of(n).hex}" for n in (b"one.pem", b"two.pem")
    ]
    assert source.expiry == EXPIRY | {"timestamp": 1}


def test_a_day_ends_late_and_begins_early_and_a_compromise_is_assumed_at_its_beginning():
    key = next(iter(parse().trust.authorities.items[0].signers))
    assert key.lifetime.window.until - key.lifetime.window.since == 365 * 86400 - 1


def test_the_published_form_is_read_back_as_the_same_trust():
    data = publish()
    again = read_published(json.loads(data), where="trust.json")
    assert render_published(again) == data
    assert describe_changes(parse().trust, again) == []
    assert b"expiry" not in data


@settings(max_examples=30, deadline=None)
@given(st.randoms(use_true_random=False))
def test_compiling_is_the_same_for_every_order_of_the_source(chance):
    def shuffled(value):
        if isinstance(value, dict):
            return {key: shuffled(value[key]) for key in chance.sample(sorted(value), len(value))}
        if isinstance(value, list):
            return [shuffled(item) for item in chance.sample(value, len(value))]
        return value

    class Plain(yaml.SafeLoader):
        pass

    Plain.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node))
    document = yaml.load(WHOLE, Plain)  # noqa: S506
    assert publish(yaml.safe_dump(shuffled(document), sort_keys=False)) == publish()


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("version: 1", "version: 2", "field version must be 1"),
        ("version: 1", "version: true", "field version must be 1"),
        ("name: acme\n", "", "field name must be a text"),
        ("time-operators: 2", "time-operators: 0", "field time-operators must be a number from 1 to 16"),
        ("time-operators: 2", "time-operator: 2", "field time-operator is not known"),
        ("from: 2026-01-01, until: 2026-12-31", "from: 2026-12-31, until: 2026-01-01", "ends before it begins"),
        ("from: 2026-01-01, until: 2026-12-31", "from: 2026-02-31", "is no time"),
        ("from: 2026-01-01, until: 2026-12-31", "from: 2026-01-01T00:00:00+02:00", "is no time"),
        ("from: 2026-01-01, until: 2026-12-31", "from: 1767225600", "must be a text"),
        ("from: 2026-01-01, until: 2026-12-31", "for: 2026-01-01", "is not known"),
        ("file: release.pub", f"file: release.pub, spki: {A}", r"keys\[0\].file has no place beside spki"),
        ("file: release.pub, ", "", r"field authorities.release.keys\[0\].file must be a text"),
        (f"spki: {A}", "spki: =====", "not canonical base64"),
        (f"spki: {A}", "spki: a2V5IGF=", "not canonical base64"),
        (
            "subject-pattern: https://github.com/acme/app/.github/workflows/release.yml@refs/tags/*",
            "subject-pattern: .+",
            "not anchored",
        ),
        ("subject-pattern: https", "subject: a\n        subject-pattern: https", "needs either subject or subject-pattern"),
        ("issuer: https://token", "issuer: https://*.token", "not an issuer"),
        ("claims: {runner_environment: github-hosted}", "claims: {runner_environment: 1}", "must be a text"),
        ("about: [registry.example.com/acme]", "about: []", "must name at least one scope"),
        ("about: [registry.example.com/acme]", 'about: ["registry.example.com/*"]', "a scope with a wildcard"),
        ("predicates: [signature, sbom]", "predicates: []", "at least one predicate type"),
        ("predicates: [signature, sbom]", "predicates: [signatures]", "write a predicate type's URI or one of"),
        ("predicates: [signature, sbom]", 'predicates: ["*"]', "write a predicate type's URI"),
        ("count: 2", "count: 3", "can never be met"),
        ("of: [release, security]", "of: [release, sales]", "no authority"),
        ('  - {name: "ca:acme", file: two.pem}', '  - {name: "ca:acme", file: one.pem}', "twice"),
        ('name: "ca:acme", file: one.pem', 'name: "acme", file: one.pem', "must be TYPE:NAME"),
        ("name: public-good", "name: ../x", "is not a name"),
        ("operator: acme, file: tsa.pem", "file: tsa.pem", "operator must be a text"),
        ("reason: wrong branch", "reason: ''", "must be a text"),
        (f'statement: "{Digest.of(b"x")}"', "statement: sha256:12", "not a digest"),
        ("predicate: sbom, ", "", "names a statement, or a predicate type and a subject"),
        ("expiry: {timestamp: 1}", "expiry: {timestamp: 0}", "from 1 to 3650"),
        ("expiry: {timestamp: 1}", "expiry: {mirror: 1}", "is not known"),
    ],
)
def test_what_the_document_does_not_have_is_refused(old, new, complaint):
    assert old in WHOLE
    with pytest.raises(Malformed, match=complaint) as caught:
        parse(WHOLE.replace(old, new))
    assert caught.value.where == "trust.yaml"


def test_one_timestamp_authority_or_log_under_two_names_is_refused():
    tsa = "  - {name: tsa, operator: acme, file: tsa.pem, from: 2026-01-01}\n"
    with pytest.raises(Malformed, match="twice"):
        parse(WHOLE.replace(tsa, tsa + tsa.replace("name: tsa, operator: acme", "name: tsa2, operator: other")))
    log = f"  - {{name: log.example.com/2026, operator: acme, spki: {B}}}\n"
    with pytest.raises(Malformed, match="must not count twice"):
        parse(WHOLE.replace(log, log + log.replace("2026, operator: acme", "2027, operator: other")))


def test_an_authority_without_permissions_is_refused():
    with pytest.raises(Malformed, match="says must say what it may say"):
        parse(f"version: 1\nname: a\nauthorities:\n  r: {{keys: [{{spki: {A}}}]}}\n")


def test_a_key_of_two_authorities_is_refused():
    body = f'{{keys: [{{spki: {A}}}], says: [{{predicates: [signature], about: ["*"]}}]}}'
    with pytest.raises(Malformed, match="belongs to both"):
        parse(f"version: 1\nname: a\nauthorities:\n  r: {body}\n  s: {body}\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "version: 1",
        "a: &a 1\nb: *a",
        "version: 1\nversion: 1",
        "!!python/object:os.system {}",
        b"\xff",
        "1: 2",
        "{" * 2000,
        "a: [" * 500,
    ],
)
def test_what_is_no_trust_document_is_one_error(text):
    with pytest.raises(Malformed):
        parse(text)


def test_a_document_of_any_size_is_refused_in_bounded_time():
    with pytest.raises(LimitExceeded):
        parse(b"a: " + b"x" * (1 << 20))
    with pytest.raises(LimitExceeded):
        parse("a: [" + "1," * 100_000 + "]")
    many = "".join(f"  - {{statement: '{Digest.of(bytes([n % 256, n // 256]))}'}}\n" for n in range(1001))
    with pytest.raises(Malformed, match="more than the limit"):
        parse(WHOLE.split("revoked:", maxsplit=1)[0] + "revoked:\n" + many)


def test_the_published_form_names_no_files():
    document = json.loads(publish())
    document["sigstore"] = [{"name": "x", "file": "/etc/passwd"}]
    with pytest.raises(Malformed, match="no place in a published document"):
        read_published(document, where="trust.json")
    document = json.loads(publish())
    document["authorities"]["release"]["keys"][0] = {"file": "x"}
    with pytest.raises(Malformed, match=r"keys\[0\].file has no place beside spki, and none in a published document"):
        read_published(document, where="trust.json")
    document["authorities"]["release"]["keys"][0] = {}
    with pytest.raises(Malformed, match=r"keys\[0\].spki must be a text"):
        read_published(document, where="trust.json")


def test_any_damaged_published_document_is_malformed_or_another_trust():
    chance = random.Random(4)
    data = publish()
    for _ in range(400):
        at = chance.randrange(len(data))
        damaged = data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]
        try:
            trust = read_published(json.loads(damaged), where="trust.json")
        except (Malformed, ValueError):
            continue
        assert render_published(trust) != data


def test_changes_are_told_by_who_gains_and_who_loses():
    old = parse().trust
    new = parse(
        WHOLE.replace("file: release.pub, from: 2026-01-01, until: 2026-12-31", "file: new.pub")
        .replace("retired: 2026-03-01, compromised: 2026-04-01", "retired: 2026-03-01")
        .replace("[signature, sbom]", "[signature]")
        .replace("count: 2", "count: 1")
    ).trust
    lines = describe_changes(old, new)
    gone, came = (Key.of(f"key in {name}.pub".encode()) for name in ("release", "new"))
    assert f"release gains {came}" in lines
    assert f"release loses {gone} (from 2026-01-01T00:00:00Z until 2026-12-31T23:59:59Z)" in lines
    assert "release loses the right to say SBOM about registry.example.com/acme (until 2027-01-01T12:00:00Z)" in lines
    assert any("is now retired 2026-03-01T23:59:59Z (was retired 2026-03-01T23:59:59Z, compromised" in line for line in lines)
    assert any("several authorities" in line and "is now 1 (was 2)" in line for line in lines)
    assert len(lines) == 5


def test_against_nothing_everything_is_a_gain():
    assert all(" gains " in line for line in describe_changes(None, parse().trust))


def everywhere(value, replacement):
    """The value with one node replaced, once for each node."""
    yield replacement
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        for changed in everywhere(inner, replacement):
            copy = value.copy()
            copy[key] = changed
            yield copy


ODD = [
    None,
    True,
    0,
    -1,
    1.5,
    10**400,
    "",
    "x",
    "\0",
    "*",
    "é" * 3000,
    [],
    {},
    [[]],
    {"a": 1},
    ["x"],
    [None],
    "9999-12-31",
    "0001-01-01",
]


@pytest.mark.parametrize("odd", ODD, ids=lambda value: repr(value)[:12])
def test_whatever_stands_anywhere_in_a_published_document_is_read_or_malformed(odd):
    for document in everywhere(json.loads(publish()), odd):
        try:
            trust = read_published(document, where="trust.json")
        except Malformed:
            continue
        assert render_published(read_published(json.loads(render_published(trust)), where="again")) == render_published(trust)


def test_any_damaged_source_is_malformed_or_another_trust():
    chance = random.Random(11)
    data = WHOLE.encode()
    for _ in range(600):
        at, end = sorted(chance.randrange(len(data)) for _ in range(2))
        cut = chance.choice(
            (data[:at] + data[end:], data[:end] + data[at:], data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :])
        )
        try:
            parse(cut)
        except Malformed as error:
            assert error.where == "trust.yaml"


@pytest.mark.parametrize(("quorum", "good"), [("1", True), ("2", False), ("0", False), ("yes", False), ("1.5", False)])
def test_a_quorum_of_witnesses_is_one_that_can_be_met_and_is_published(quorum, good):
    text = WHOLE.replace("sigstore:", f"witness-quorum: {quorum}\nsigstore:")
    if not good:
        with pytest.raises(Malformed):
            parse(text)
        return
    trust = parse(text).trust
    assert trust.witness_quorum == 1
    assert read_published(json.loads(render_published(trust)), where="x").witness_quorum == 1
    assert any("witnesses" in line for line in describe_changes(parse().trust, trust))
    assert b"witness-quorum" not in publish()


# --- what else is told apart


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_a_trust_that_says_nothing_is_called_empty(text):
    with pytest.raises(Malformed, match="the trust document is empty"):
        parse(text)


def test_an_error_about_a_file_names_that_file_and_not_the_document():
    def missing(name):
        raise Malformed("no key", where=f"keys/{name}")

    with pytest.raises(Malformed) as caught:
        parse(files=Files(key=missing, digest=FILES.digest))
    assert caught.value.where == "keys/release.pub"


def test_a_list_may_have_as_many_items_as_the_limit_says_and_no_more():
    def revoked(count):
        rows = "".join(f'  - {{statement: "{Digest.of(bytes([n % 256, n // 256]))}"}}\n' for n in range(count))
        return WHOLE.partition("revoked:\n")[0] + "revoked:\n" + rows

    assert len(parse(revoked(1000)).trust.revocations) == 1000
    with pytest.raises(Malformed, match="has 1001 items, more than the limit of 1000"):
        parse(revoked(1001))


PATTERN = "subject-pattern: https://github.com/acme/app/.github/workflows/release.yml@refs/tags/*"


def test_a_subject_is_exact_and_only_a_pattern_is_one():
    exact = parse(WHOLE.replace(PATTERN, "subject: https://example.org/*")).trust.authorities.items[0].signers[2]
    assert (exact.subject, exact.pattern) == ("https://example.org/*", False)
    pattern = parse().trust.authorities.items[0].signers[2]
    assert pattern.pattern and pattern.subject.endswith("/*")
    for name in ("subject", "subject-pattern"):
        with pytest.raises(Malformed, match=rf"workloads\[0\]\.{name} must be a text"):
            parse(WHOLE.replace(PATTERN, f"{name}: 5"))


def test_a_certificate_s_thumbprint_is_read_and_published():
    text = WHOLE.replace('name: "CN=security,O=Acme"', f'name: "CN=security,O=Acme", thumbprint: "{"ab" * 32}"')
    (signer,) = parse(text).trust.authorities.items[1].signers
    assert signer.thumbprint == "ab" * 32
    assert read_published(json.loads(publish(text)), where="x").authorities.items[1].signers == (signer,)
    assert parse().trust.authorities.items[1].signers[0].thumbprint == ""


@pytest.mark.parametrize("row", ["{name: public-good, file: root.json", '{name: "ca:acme", file: one.pem'])
def test_only_a_timestamp_authority_has_an_operator_beside_its_file(row):
    assert row in WHOLE
    with pytest.raises(Malformed, match="operator is not known"):
        parse(WHOLE.replace(row, f"{row}, operator: acme"))


def test_what_a_key_is_registered_for_is_what_its_file_or_the_document_says():
    files = Files(key=FILES.key, digest=FILES.digest, algorithm=lambda name: f"as {name} says")
    release, _ = parse(files=files).trust.authorities.items
    assert [one.algorithm for one in release.signers[:2]] == ["as release.pub says", ""]
    text = WHOLE.replace("{file: release.pub", "{file: release.pub, algorithm: rsa-pss").replace(
        "retired: 2026-03-01", "algorithm: rsa, retired: 2026-03-01"
    )
    release, _ = parse(text, files=files).trust.authorities.items
    assert [one.algorithm for one in release.signers[:2]] == ["rsa-pss", "rsa"]
    assert [one.algorithm for one in parse(text).trust.witnesses] == [""]


@pytest.mark.parametrize("text", ["====", "a2V5IGE", "a2V5 IGE=", "a2V5IGF=", "é", ""])
def test_a_key_s_bytes_have_one_spelling(text):
    with pytest.raises(Malformed, match="spki"):
        parse(WHOLE.replace(f"spki: {A}", f'spki: "{text}"'))


def test_a_file_is_named_in_the_source_and_its_digest_in_the_published_form():
    digest = "ab" * 32
    with pytest.raises(Malformed, match="sha256 is for the published document"):
        parse(WHOLE.replace("file: root.json", f'file: root.json, sha256: "{digest}"'))
    with pytest.raises(Malformed, match="sha256 is for the published document"):
        parse(WHOLE.replace("file: root.json", f'sha256: "{digest}"'))
    document = json.loads(publish())
    document["sigstore"][0]["file"] = "root.json"
    with pytest.raises(Malformed, match="file has no place in a published document"):
        read_published(document, where="x")


def test_a_refusal_is_told_with_its_field_and_only_once():
    with pytest.raises(Malformed) as caught:
        parse(WHOLE.replace("issuer: https://token.actions.githubusercontent.com", "issuer: 5"))
    assert caught.value.message == "field authorities.release.workloads[0].issuer must be a text"
    with pytest.raises(Malformed) as caught:
        parse(WHOLE.replace("about: [registry.example.com/acme]", 'about: ["registry.example.com/*"]'))
    assert caught.value.message.startswith("field authorities.release.says[0].about is refused: a scope with a wildcard")


def test_the_first_second_of_1970_is_a_time():
    text = WHOLE.replace("{file: release.pub, from: 2026-01-01", "{file: release.pub, from: 1970-01-01")
    assert parse(text).trust.authorities.items[0].signers[0].lifetime.window.since == 0
    with pytest.raises(Malformed, match="is no time"):
        parse(WHOLE.replace("{file: release.pub, from: 2026-01-01", '{file: release.pub, from: "1969-12-31T23:59:59Z"'))


@pytest.mark.parametrize("name", ["a..b", "a//b", "../x", "-a", "a b", "a*", "a/", "x" * 129])
def test_what_is_no_name_of_a_carried_file_is_refused(name):
    with pytest.raises(Malformed, match="is not a name"):
        parse(WHOLE.replace("name: public-good", f'name: "{name}"'))


@pytest.mark.parametrize("name", ["a.b", "a/b", "x" * 128, "a", "log.example.com/2026"])
def test_a_name_of_a_carried_file_may_have_parts(name):
    assert parse(WHOLE.replace("name: public-good", f'name: "{name}"')).trust.files("sigstore")[0].name == name
