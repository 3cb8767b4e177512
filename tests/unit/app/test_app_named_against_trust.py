"""Whom `verify --key` and the like name is believed beside no trust, but never against what the followed one ends."""

import sys
from pathlib import Path

sys.path += [str(Path(__file__).parent.parent / folder) for folder in ("evidence", "attest")]

import base64
import json
from types import SimpleNamespace

import pytest
import world
from test_evidence_appraise import CI, KEY, KEYLESS, OWN, WORLD, believing, facts, key_authority
from test_evidence_verify import provenance

from pratique.app.home import Home
from pratique.cli.trust_anchors import chosen_anchors
from pratique.errors import InputError
from pratique.model import Cause, Digest
from pratique.trust import Authority, Lifetime, Revocation, WorkloadIdentity

NOW = world.NOW
ONE = {"identity": world.SUBJECT, "issuer": world.ISSUER}


@pytest.fixture
def named(tmp_path, monkeypatch):
    """The anchors of the options where this trust is followed; asking its place, or whether it has expired, is an error."""
    (tmp_path / "K.pub").write_bytes(KEY.public_key.pem)
    (tmp_path / "root.json").write_bytes(world.dump(WORLD.trusted_root()))

    def asked(*_, **__):
        raise AssertionError("the network was asked")

    monkeypatch.setattr("pratique.tuf.client.current", asked)

    def choose(base, *, key=False, **options):
        if base is not None:
            (tmp_path / "home" / "trust").mkdir(parents=True, exist_ok=True)
            followed = SimpleNamespace(trust=base.trust)
            monkeypatch.setattr("pratique.tuf.cache.load_cached", lambda directory: followed)
        if "identity" in options:
            options["trusted_root"] = str(tmp_path / "root.json")
        keys = (str(tmp_path / "K.pub"),) if key else ()
        return chosen_anchors(Home(tmp_path / "home"), keys=keys, **options)

    return choose


@pytest.mark.parametrize(
    ("lifetime", "cause", "words"),
    [
        (Lifetime(), Cause.NONE, ""),
        (Lifetime(compromised_at=NOW), Cause.REVOKED, "K.pub is compromised since 20"),
        (Lifetime(compromised_at=NOW + 1), Cause.NONE, "K.pub is compromised since 20"),
        (Lifetime(retired_at=NOW - 1), Cause.EXPIRED, "K.pub is retired since 20"),
    ],
)
def test_a_named_key_that_the_followed_trust_ends_is_said_and_refused_without_asking_anybody(
    named, capsys, lifetime, cause, words
):
    anchors = named(believing(key_authority(lifetime)), key=True)
    (found,) = facts(OWN, trust_anchors=anchors).pieces
    assert found.cause is cause
    told = capsys.readouterr().err
    assert told.count("the trust you follow says that") == bool(words) and words in told


def test_a_statement_that_the_followed_trust_takes_back_is_out_for_a_named_key_too(named):
    payload = Digest.of(base64.b64decode(json.loads(OWN)["dsseEnvelope"]["payload"]))
    taken = believing(CI, revocations=(Revocation(statement=payload),))  # of a key that the trust does not know
    (found,) = facts(OWN, trust_anchors=named(taken, key=True)).pieces
    assert found.cause is Cause.REVOKED


def test_a_named_identity_that_the_followed_trust_ends_is_refused(named):
    def followed(lifetime):
        signer = WorkloadIdentity(issuer=world.ISSUER, subject=world.SUBJECT, lifetime=lifetime)
        return believing(Authority(name="ci", signers=(signer,)))

    (found,) = facts(KEYLESS, trust_anchors=named(followed(Lifetime(compromised_at=NOW)), **ONE)).pieces
    assert found.cause is Cause.REVOKED
    (found,) = facts(KEYLESS, trust_anchors=named(followed(Lifetime()), **ONE)).pieces
    assert found.cause is Cause.NONE


def test_the_followed_trust_lets_nobody_in_beside_those_who_are_named(named):
    (found,) = facts(KEYLESS, trust_anchors=named(believing(key_authority(), CI), key=True)).pieces
    assert found.cause is not Cause.NONE
    for base in (None, believing(CI)):  # and takes nothing from whom it does not know
        (found,) = facts(OWN, trust_anchors=named(base, key=True)).pieces
        assert found.cause is Cause.NONE


def test_a_followed_trust_that_cannot_be_read_is_no_reason_to_believe_a_named_key(tmp_path):
    (tmp_path / "K.pub").write_bytes(KEY.public_key.pem)
    (tmp_path / "home" / "trust").mkdir(parents=True)
    (tmp_path / "home" / "trust" / "state.json").write_bytes(b"{}")
    with pytest.raises(InputError, match="damaged"):
        chosen_anchors(Home(tmp_path / "home"), keys=(str(tmp_path / "K.pub"),))


def test_provenance_of_a_chart_still_counts_by_its_keyring_where_a_trust_is_followed(named, tmp_path):
    from dataclasses import replace

    from test_evidence_verify import keyring_of

    from pratique.evidence.appraise import _authority
    from pratique.evidence.collected import Collected

    claim = provenance(keyring_of().keyring)
    ring = tmp_path / "ring"
    ring.write_bytes(keyring_of().keyring)
    anchors = named(believing(CI), keyring=str(ring))
    found = Collected(digest=claim.payload, where="x")
    assert _authority(claim, found, "x", anchors, NOW)[0] == str(claim.signed.signer)
    taken = replace(anchors, bans=believing(CI, revocations=(Revocation(statement=claim.payload),)).trust)
    from pratique.errors import Revoked

    with pytest.raises(Revoked):
        _authority(claim, found, "x", taken, NOW)
