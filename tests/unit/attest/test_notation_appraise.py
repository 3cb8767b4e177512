from dataclasses import replace

import pytest
from notary import AT, TARGET, check, signed, team

from pratique.attest.notation.appraise import appraise_signatures
from pratique.attest.notation.policy import AUDIT, SKIP
from pratique.model.digest import Digest
from pratique.model.verdict import Cause


@pytest.fixture(scope="module")
def outcomes():
    """One verification of each kind."""
    acme, stranger = team(), team()
    good = signed(acme)
    return {
        "good": check(good, acme),
        "junk": check(b"junk", acme),
        "stranger": check(signed(stranger), acme),
        "expired": check(signed(acme, expiry=AT + 1), acme, at=AT + 1),
        "other": check(good, acme, target=replace(TARGET, digest=Digest.of(b"other"))),
        "logged": check(signed(stranger), acme, level=AUDIT),
        "skipped": check(good, acme, level=SKIP),
    }


def test_one_accepted_signature_is_enough_and_all_accepted_are_named(outcomes):
    found = appraise_signatures([outcomes["junk"], outcomes["stranger"], outcomes["good"], outcomes["good"]], left_out=9)
    assert (found.cause, len(found.accepted)) == (Cause.NONE, 2)
    assert "builder" in found.detail


def test_nothing_is_absent_and_too_many_is_unreadable(outcomes):
    assert appraise_signatures([]).cause is Cause.ABSENT
    found = appraise_signatures([outcomes["junk"]] * 3, left_out=9_900)
    assert (found.cause, "9900 more" in found.detail) == (Cause.UNREADABLE, True)


def test_a_strangers_junk_does_not_hide_what_is_nearer_to_being_right(outcomes):
    junk = [outcomes["junk"], outcomes["stranger"]]
    assert appraise_signatures([*junk, outcomes["expired"]]).cause is Cause.EXPIRED
    assert appraise_signatures([*junk, outcomes["other"]]).cause is Cause.MISMATCH
    assert appraise_signatures(junk).cause is Cause.UNTRUSTED
    assert appraise_signatures(junk[:1]).cause is Cause.INVALID


def test_what_is_only_logged_or_skipped_proves_nobody(outcomes):
    assert outcomes["logged"].cause is Cause.NONE
    assert appraise_signatures([outcomes["logged"]]).cause is Cause.UNTRUSTED
    assert appraise_signatures([outcomes["skipped"]]).cause is Cause.UNREADABLE
