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


@pytest.mark.parametrize("text", ["", "# only a remark\n", "---\n", "null\n"])
def test_a_policy_that_says_nothing_is_called_empty(text: str) -> None:
    with pytest.raises(Malformed, match="the policy is empty"):
        parse(text)


@pytest.mark.parametrize("deny", ["{licences: [GPL-*]}", '{components: ["pkg:npm/evil"]}'])
def test_denying_either_without_requiring_an_sbom_is_refused(deny: str) -> None:
    text = f"version: 1\nname: x\nauthorities: {{a: {{keys: [k]}}}}\nrequire: {{signature: {{from: [a]}}}}\ndeny: {deny}\n"
    with pytest.raises(Malformed, match="without a trusted SBOM"):
        parse(text)


@pytest.mark.parametrize("threshold", ["two", "1.0", "[1]", "false", "-1", "null"])
def test_a_threshold_that_is_no_number_is_a_mistake_with_its_field(threshold: str) -> None:
    with pytest.raises(Malformed, match=r"require\.signature\.threshold must be a number from 1 to 2"):
        parse(GOOD.replace("threshold: 2", f"threshold: {threshold}"))


def test_the_bounds_of_a_threshold_are_one_and_the_number_of_names() -> None:
    for threshold in (1, 2):
        rule = parse_policy(GOOD.replace("threshold: 2", f"threshold: {threshold}").encode(), where="x").signature
        assert rule is not None and rule.threshold == threshold


def test_what_a_policy_leaves_out_is_the_stricter_reading() -> None:
    text = "version: 1\nname: x\nauthorities: {a: {keys: [k]}}\nrequire: {signature: {from: [a]}, sbom: {from: [a]}}\n"
    policy = parse_policy(text.encode(), where="x")
    assert policy.signature is not None and policy.sbom is not None
    assert (policy.signature.threshold, policy.signature.no_others) == (1, False)
    assert policy.sbom.about_bytes
    assert not policy.require_log


def test_every_authority_that_a_rule_names_is_named_and_no_other() -> None:
    whole = parse_policy(GOOD.encode(), where="x")
    assert whole.named == {"release", "security"}
    lone = GOOD.replace("  signature: {threshold: 2, from: [release, security]}\n", "")
    assert parse_policy(lone.encode(), where="x").named == {"release"}


def test_the_hint_about_an_unknown_authority_lists_those_that_are_known() -> None:
    with pytest.raises(Malformed) as caught:
        parse(GOOD.replace("sbom: {from: [release]}", "sbom: {from: [relase]}"))
    assert str(caught.value.hint).startswith("known here: release, security; ")
    with pytest.raises(Malformed) as caught:
        parse("version: 1\nname: x\nrequire: {signature: {from: [a]}}\n")
    assert str(caught.value.hint).startswith("no authority is known here; ")
