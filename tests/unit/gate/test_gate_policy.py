"""A policy with its keys and the trust in force: whom its names mean, and what is refused when it is read."""

import inspect

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pratique.errors import Malformed, NotFound
from pratique.evidence.trust_anchors import OwnLog, TrustAnchors
from pratique.gate.decide import load_policy
from pratique.keys.file import FileSigner
from pratique.model.predicates import IMAGE_SIGNATURE
from pratique.trust import Authorities, Authority, Grant, Key, Scope, Trust

K, L, LOG = (FileSigner(Ed25519PrivateKey.generate()) for _ in range(3))


def trust(**keys):
    grants = (Grant(predicates=frozenset({IMAGE_SIGNATURE}), scopes=(Scope.parse("*"),)),)
    authorities = Authorities(
        tuple(
            Authority(name=name, signers=(Key(keyid=key.public_key.keyid),), grants=grants) for name, key in sorted(keys.items())
        )
    )
    found = {key.public_key.keyid: key.public_key for key in keys.values()}
    return TrustAnchors(keys=found, authorities=authorities, trust=Trust(name="acme", authorities=authorities))


@pytest.fixture
def load(tmp_path):
    for name, key in (("k.pub", K), ("l.pub", L), ("log.pub", LOG)):
        (tmp_path / name).write_bytes(key.public_key.pem)

    def loaded(rule="from: [release]", authorities="", base=None, more=""):
        text = f"version: 1\nname: x\n{authorities}\n{more}\nrequire: {{signature: {{{rule}}}}}\n"
        (tmp_path / "p.yaml").write_text(text)
        return load_policy(tmp_path / "p.yaml", logs=(), base=base)

    return loaded


def test_a_policy_names_authorities_of_the_trust_and_of_its_own(load):
    found = load("threshold: 2, from: [release, mine]", "authorities: {mine: {keys: [l.pub]}}", trust(release=K))
    assert found.policy.named == {"release", "mine"}
    assert found.trust_anchors.names == {"release", "mine"}
    assert set(found.trust_anchors.keys) == {K.public_key.keyid, L.public_key.keyid}
    assert found.trust_anchors.trust is not None


def test_a_name_that_nobody_has_is_refused_with_what_is_known(load):
    with pytest.raises(Malformed, match="known here: other, release"):
        load("from: [relase]", base=trust(release=K, other=L))
    with pytest.raises(Malformed, match="no authority is known here"):
        load("from: [release]")


def test_a_key_by_two_names_that_the_policy_names_both_is_refused(load):
    with pytest.raises(Malformed, match="one voice must not count twice"):
        load("threshold: 2, from: [release, mine]", "authorities: {mine: {keys: [k.pub]}}", trust(release=K))
    assert load("from: [mine]", "authorities: {mine: {keys: [k.pub]}}", trust(release=K)).policy.named == {"mine"}
    assert load("from: [release]", "authorities: {release: {keys: [k.pub]}}", trust(release=K)).policy.named == {"release"}


def test_logs_of_the_policy_count_beside_those_of_the_trust(load, tmp_path):
    base = trust(release=K)
    found = load(base=base, more="logs: [log.pub]")
    assert [log.key.keyid for log in found.trust_anchors.logs] == [LOG.public_key.keyid]
    again = load_policy(tmp_path / "p.yaml", logs=(OwnLog(key=L.public_key),), base=base)
    assert [log.key.keyid for log in again.trust_anchors.logs] == [LOG.public_key.keyid, L.public_key.keyid]


@pytest.mark.parametrize(
    ("rule", "more", "complaint"),
    [
        ("from: [release], no-others: maybe", "", "no-others must be true or false"),
        ("from: [release], no_others: true", "", "no_others is not known"),
        ("from: [release]", "logs: log.pub", "field logs must be a list"),
        ("from: [release]", "logs: [nowhere.pub]", "nowhere.pub"),
    ],
)
def test_a_mistake_in_what_is_new_is_named(load, rule, more, complaint):
    from pratique.errors import InputError

    with pytest.raises(InputError, match=complaint):
        load(rule, base=trust(release=K), more=more)


def test_a_policy_that_is_not_there_is_answered_with_where_one_to_begin_with_is(tmp_path):
    with pytest.raises(NotFound, match="no such file .pratique gate --help"):
        load_policy(tmp_path / "policy.yaml", logs=())


def test_the_policy_that_the_help_begins_with_is_one(tmp_path):
    from pratique.cli.gate import command

    text = command.help.partition("\b\n")[2]
    (tmp_path / "policy.yaml").write_text(inspect.cleandoc(text))
    (tmp_path / "release.pub").write_bytes(K.public_key.pem)
    assert load_policy(tmp_path / "policy.yaml", logs=()).policy.named == {"release"}
