import copy

import pytest

from pratique.attest.strictjson import dump_json
from pratique.errors import InputError, LimitExceeded, Malformed
from pratique.keys.keyless.services import MEDIA_TYPE, Rekor, Services, parse_signing_config

NOW = 1_750_000_000  # 2025-06-15


def service(url, version=1, start="2024-01-01T00:00:00Z", end=None, operator="a.example"):
    window = {"start": start} | ({"end": end} if end else {})
    return {"url": url, "majorApiVersion": version, "validFor": window, "operator": operator}


CONFIG = {
    "mediaType": MEDIA_TYPE,
    "caUrls": [service("https://ca.example/")],
    "oidcUrls": [],
    "rekorTlogUrls": [service("https://rekor.example")],
    "tsaUrls": [service("https://stamps.example/api/v1/timestamp")],
    "rekorTlogConfig": {"selector": "ANY"},
    "tsaConfig": {"selector": "ANY"},
}


def parse(**changes):
    return parse_signing_config(dump_json(copy.deepcopy(CONFIG) | changes), now=NOW)


def test_a_configuration_says_whose_services_to_use():
    assert parse() == Services(
        fulcio="https://ca.example",
        rekors=(Rekor(url="https://rekor.example", version=1),),
        stampers=("https://stamps.example/api/v1/timestamp",),
    )


def test_the_highest_version_known_here_is_taken_and_higher_ones_are_passed_over():
    logs = [service("https://one.example", 1), service("https://two.example", 2), service("https://three.example", 3)]
    assert parse(rekorTlogUrls=logs).rekors == (Rekor(url="https://two.example", version=2),)


def test_what_is_not_valid_now_is_passed_over_and_the_newest_wins():
    logs = [
        service("https://old.example", start="2023-01-01T00:00:00Z"),
        service("https://over.example", start="2025-01-01T00:00:00Z", end="2025-02-01T00:00:00Z"),
        service("https://new.example", start="2025-01-01T00:00:00Z"),
        service("https://future.example", start="2026-01-01T00:00:00Z"),
    ]
    assert parse(rekorTlogUrls=logs).rekors[0].url == "https://new.example"


def test_both_ends_of_a_window_belong_to_it():
    for window in ({"start": "2025-06-15T15:06:40Z"}, {"end": "2025-06-15T15:06:40Z"}):
        assert parse(caUrls=[service("https://ca.example", **window)])


def test_one_service_of_each_operator_as_many_as_are_wanted():
    logs = [service(f"https://{name}.example", operator=name[0]) for name in ("a1", "a2", "b1", "c1")]
    assert [rekor.url for rekor in parse(rekorTlogUrls=logs, rekorTlogConfig={"selector": "ALL"}).rekors] == [
        "https://a1.example",
        "https://b1.example",
        "https://c1.example",
    ]
    assert len(parse(rekorTlogUrls=logs, rekorTlogConfig={"selector": "EXACT", "count": 2}).rekors) == 2
    with pytest.raises(InputError, match="wants 4 services of different operators"):
        parse(rekorTlogUrls=logs, rekorTlogConfig={"selector": "EXACT", "count": 4})


def test_rekor_v2_states_no_times_so_a_timestamp_authority_is_needed_before_anything_is_asked():
    logs = [service("https://two.example", 2)]
    with pytest.raises(InputError, match="states no times"):
        parse(rekorTlogUrls=logs, tsaUrls=[])
    assert parse(tsaUrls=[]).stampers == ()


@pytest.mark.parametrize("name", ["caUrls", "rekorTlogUrls"])
def test_without_an_authority_or_a_log_there_is_no_signing(name):
    with pytest.raises(InputError):
        parse(**{name: []})


@pytest.mark.parametrize(
    "changes",
    [
        {"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.1+json"},
        {"rekorTlogConfig": {"selector": "SERVICE_SELECTOR_UNDEFINED"}},
        {"rekorTlogConfig": {"selector": "EXACT"}},
        {"rekorTlogConfig": {"selector": "EXACT", "count": 0}},
        {"rekorTlogConfig": None},
        {"caUrls": [{"url": "https://ca.example"}]},
        {"caUrls": {}},
    ],
)
def test_what_is_no_configuration_is_malformed(changes):
    with pytest.raises(Malformed):
        parse(**changes)


def test_a_flood_of_services_is_refused():
    with pytest.raises(LimitExceeded):
        parse(caUrls=[service("https://ca.example")] * 65)
