"""Windows, retirement and compromise, and which times are believed."""

import pytest

from pratique.errors import Expired, Malformed, Revoked
from pratique.model.signer import TrustedTime
from pratique.trust import Lifetime, Window, proven_at

NOW = 2_000_000


def vouched(at, operator="tsa"):
    return TrustedTime(at=at, source="timestamp authority", operator=operator)


@pytest.mark.parametrize("at", [1000, 1500, 2000])
def test_a_window_includes_both_ends(at):
    Window(since=1000, until=2000).check(at, "key")


@pytest.mark.parametrize("at", [999, 2001])
def test_a_key_used_outside_its_window_is_expired_ghsa_wqqc_jjcq_vfxm(at):
    with pytest.raises(Expired):
        Window(since=1000, until=2000).check(at, "key")


def test_a_window_that_ends_before_it_begins_is_refused():
    with pytest.raises(Malformed):
        Window(since=2, until=1)


def test_a_window_of_one_second_is_one():
    Window(since=5, until=5).check(5, "key")


def test_a_retired_key_leaves_what_is_proven_older_valid():
    Lifetime(retired_at=1000).check(1000, "key")
    Lifetime(retired_at=1000).check(1, "key")


def test_a_retired_key_signs_nothing_new():
    with pytest.raises(Expired, match="retired"):
        Lifetime(retired_at=1000).check(1001, "key")


def test_a_compromise_voids_what_is_not_provably_before_it():
    Lifetime(compromised_at=1000).check(999, "key")
    for at in (1000, 1001):
        with pytest.raises(Revoked, match="compromised"):
            Lifetime(compromised_at=1000).check(at, "key")


def test_compromise_is_said_before_retirement():
    with pytest.raises(Revoked):
        Lifetime(retired_at=900, compromised_at=1000).check(1500, "key")


def test_without_any_trusted_time_a_signature_is_as_old_as_now():
    assert proven_at((), now=NOW) == NOW


def test_the_earliest_trusted_time_counts_in_whatever_order():
    times = [vouched(300, "a"), vouched(100, "b"), vouched(200, "c")]
    assert proven_at(times, now=NOW) == proven_at(times[::-1], now=NOW) == 100


def test_a_time_in_the_future_proves_nothing():
    assert proven_at([vouched(NOW + 5)], now=NOW) == NOW


def test_one_timestamp_authority_counted_twice_is_one_voice():
    assert proven_at([vouched(100), vouched(200)], now=NOW, operators=2) == NOW


def test_two_operators_vouch_by_the_later_of_their_times():
    assert proven_at([vouched(100, "a"), vouched(200, "b")], now=NOW, operators=2) == 200
    assert proven_at([vouched(100, "a"), vouched(150, "a"), vouched(200, "b"), vouched(900, "c")], now=NOW, operators=2) == 200
