"""The policy document: strict, and never a policy that allows everything by mistake."""

import pytest

from pratique.errors import LimitExceeded, Malformed
from pratique.policy import parse_policy

GOOD = """\
version: 1
name: production
authorities:
  release: {keys: [release.pub]}
  security: {keys: [a.pub, b.pub]}
require:
  signature: {threshold: 2, from: [release, security]}
  sbom: {from: [release]}
  provenance: {from: [release], builders: ["https://ci.example/*"]}
  log: true
deny:
  components: ["pkg:npm/event-stream@3.3.6"]
  licences: ["AGPL-*"]
"""


def parse(text: str) -> object:
    return parse_policy(text.encode(), where="policy.yaml")


def test_a_whole_policy_is_read() -> None:
    policy = parse_policy(GOOD.encode(), where="policy.yaml")
    assert policy.signature is not None
    assert policy.signature.threshold == 2
    assert policy.key_files["security"] == ("a.pub", "b.pub")
    assert policy.require_log
    assert policy.denied_licences == ("AGPL-*",)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("version: 1", "version: 2", "version must be 1"),
        ("name: production", "name: production\nnmae: x", "nmae is not known"),
        ("threshold: 2", "treshold: 2", "require.signature.treshold is not known"),
        ("threshold: 2", "threshold: 3", "must be a number from 1 to 2"),
        ("threshold: 2", "threshold: 0", "must be a number from 1 to 2"),
        ("threshold: 2", "threshold: true", "must be a number from 1 to 2"),
        ("from: [release]}", "from: [relase]}", "'relase', which is not among the authorities"),
        ("from: [release]}", "from: []}", "at least one authority"),
        ('builders: ["https://ci.example/*"]', "builders: []", "at least one builder"),
        ("log: true", "log: yes please", "must be true or false"),
        ("keys: [release.pub]", "keys: release.pub", "must be a list"),
        ("name: production", "name: production\nname: other", "stands twice"),
        ("name: production", "name: &a production", ""),
        ("pkg:npm/event-stream@3.3.6", "event-stream", "no package URL"),
        ("deny:", "denied:", "denied is not known"),
    ],
)
def test_a_mistake_is_named_with_its_field(old: str, new: str, complaint: str) -> None:
    if not complaint:
        parse(GOOD.replace(old, new, 1))
        return
    with pytest.raises(Malformed, match=complaint):
        parse(GOOD.replace(old, new, 1))


def test_a_policy_that_requires_nothing_is_refused_for_it_would_allow_everything() -> None:
    with pytest.raises(Malformed, match="everything would pass"):
        parse("version: 1\nname: x\nrequire: {log: true}\n")


def test_denying_without_requiring_an_sbom_is_refused() -> None:
    text = "version: 1\nname: x\nauthorities: {a: {keys: [k]}}\nrequire: {signature: {from: [a]}}\ndeny: {licences: [GPL-*]}\n"
    with pytest.raises(Malformed, match="without a trusted SBOM"):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "a: &x [1]\nb: *x\n",
        "{",
        "\x00",
        "- 1",
        "a: !!python/object/apply:os.system [true]",
        "? [1]\n: 2",
        "[" * 5000,
        "1: 2",
    ],
)
def test_hostile_yaml_is_one_clear_error(text: str) -> None:
    with pytest.raises(Malformed, match=r"policy\.yaml"):
        parse(text)


def test_a_large_policy_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(LimitExceeded):
        parse("a" * ((1 << 20) + 1))
