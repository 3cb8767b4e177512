"""Whom the agent's options name stays within the bounds of the followed trust, whether a key or an identity is named."""

import sys
from dataclasses import replace
from pathlib import Path

sys.path += [str(Path(__file__).parent.parent / "evidence"), str(Path(__file__).parent.parent / "attest")]

import pytest
import world
from test_evidence_appraise import CI, CLAIM, KEY, KEYLESS, OWN, WORLD, believing, facts, key_authority, may

from pratique.app.home import Home
from pratique.cli import trust_anchors as under_test
from pratique.model import Cause
from pratique.trust import Authority, Key, Lifetime, WorkloadIdentity


@pytest.fixture
def named(tmp_path, monkeypatch):
    root = tmp_path / "root.json"
    root.write_bytes(world.dump(WORLD.trusted_root()))
    key = tmp_path / "K.pub"
    key.write_bytes(KEY.public_key.pem)

    def choose(base, **options):
        monkeypatch.setattr(under_test, "trust_in_force", lambda home, trust=None: base)
        options = {name: str(root) if text == "ROOT" else text for name, text in options.items()}
        options["keys"] = (str(key),) if options.pop("key", False) else ()
        return under_test.chosen_anchors(Home(tmp_path / "home"), beside_trust=True, **options)

    return choose


ONE = {"identity": world.SUBJECT, "issuer": world.ISSUER, "trusted_root": "ROOT"}


def workload(**options):
    signer = WorkloadIdentity(issuer=world.ISSUER, subject=world.SUBJECT, **options)
    return believing(Authority(name="ci", signers=(signer,), grants=may(CLAIM)))


@pytest.mark.parametrize(
    ("lifetime", "cause"),
    [
        (Lifetime(), Cause.NONE),
        (Lifetime(retired_at=world.NOW - 1), Cause.EXPIRED),
        (Lifetime(compromised_at=world.NOW), Cause.REVOKED),
    ],
)
def test_what_the_trust_ends_is_out_for_an_identity_that_is_named_in_place(named, lifetime, cause):
    anchors = named(workload(lifetime=lifetime), **ONE)
    (found,) = facts(KEYLESS, trust_anchors=anchors).pieces
    assert found.cause is cause


def test_what_the_trust_ends_is_out_for_a_key_that_is_named_beside_a_trusted_root(named):
    base = believing(key_authority(Lifetime(compromised_at=world.NOW)))
    (found,) = facts(OWN, trust_anchors=named(base, key=True, trusted_root="ROOT")).pieces
    assert found.cause is Cause.REVOKED
    (found,) = facts(OWN, trust_anchors=named(believing(key_authority()), key=True, trusted_root="ROOT")).pieces
    assert (found.cause, found.in_place) == (Cause.NONE, True)


def test_a_trusted_root_that_is_named_vouches_for_nobody_in_the_trust(named):
    """Whoever runs its certificate authority could make out the trust's identities to himself."""
    base = replace(workload(), root=None)
    (found,) = facts(KEYLESS, trust_anchors=named(base, **{**ONE, "identity": "https://example.org/other"})).pieces
    assert found.cause is Cause.UNTRUSTED
    (found,) = facts(KEYLESS, trust_anchors=named(base, key=True, trusted_root="ROOT")).pieces
    assert found.cause is Cause.UNTRUSTED


def test_without_a_trust_the_options_alone_say_who_is_believed(named):
    (found,) = facts(KEYLESS, trust_anchors=named(None, **ONE)).pieces
    assert found.cause is Cause.NONE and not found.in_place
    stranger = believing(Authority(name="x", signers=(Key(keyid="0" * 64),), grants=may(CLAIM)), CI)
    (found,) = facts(KEYLESS, trust_anchors=named(stranger, **ONE)).pieces
    assert found.cause is Cause.NONE and found.in_place
