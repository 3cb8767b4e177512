"""Windows, retirement and compromise, and which times are believed."""

import pytest

from pratique.errors import Expired, Malformed, Revoked
from pratique.model.signer import TrustedTime
from pratique.trust import Lifetime, Window, proven_at
from pratique.trust.lifetime import when

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


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_767_225_600, "2026-01-01T00:00:00Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"),
        (253_402_300_800, "253402300800"),
        (-1, "-1"),
    ],
)
def test_a_time_that_the_calendar_does_not_have_is_told_as_a_number(seconds, text):
    assert when(seconds) == text


def test_a_time_of_whoever_signed_is_passed_over_and_hides_none_of_the_others():
    own = TrustedTime(at=1, source="signing authority", operator="itself")
    assert proven_at([own], now=100) == 100
    assert proven_at([own, vouched(50)], now=100) == 50
    assert proven_at([vouched(50), own], now=100, operators=2) == 100


def test_of_one_operator_s_times_the_earliest_counts_in_whatever_order():
    for times in ([vouched(20, "a"), vouched(10, "a")], [vouched(10, "a"), vouched(20, "a")]):
        assert proven_at([*times, vouched(15, "b")], now=100, operators=2) == 15
        assert proven_at(times, now=100) == 10
        assert proven_at(times, now=5) == 5


@pytest.mark.parametrize("window", [{"since": 10}, {"until": 10}, {}])
def test_a_window_without_an_end_is_open_there(window):
    for at in (0, 10, 1 << 40):
        inside = not (at < window.get("since", at) or at > window.get("until", at))
        if inside:
            Window(**window).check(at, "the key")
        else:
            with pytest.raises(Expired):
                Window(**window).check(at, "the key")
