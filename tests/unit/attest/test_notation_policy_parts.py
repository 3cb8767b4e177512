"""Trust policies part by part: each thing that a statement may not say, with the reason, and each limit at its bound."""

import json
import re

import pytest

from pratique.attest.notation import parse_policy, policy
from pratique.attest.notation.policy import MAX_ITEMS, MAX_POLICY_SIZE, MAX_STATEMENTS, Action, CheckKind, Timestamps
from pratique.errors import LimitExceeded, Malformed, Untrusted

HEAD = "C=US, ST=WA, O=acme"
ONE = {
    "name": "images",
    "registryScopes": ["registry.example/app"],
    "signatureVerification": {"level": "strict"},
    "trustStores": ["ca:acme"],
    "trustedIdentities": [f"x509.subject: {HEAD}"],
}
SKIPS = {"signatureVerification": {"level": "skip"}, "trustStores": [], "trustedIdentities": []}
WHERE = r"^trustPolicies\[0\]"


def document(*statements, **members):
    return json.dumps({"version": "1.0", "trustPolicies": list(statements), **members}).encode()


def read(**change):
    (statement,) = parse_policy(document({**ONE, **change})).statements
    return statement


def test_a_statement_is_read_as_it_is_written():
    found = read(trustStores=["tsa:b", "ca:acme", "tsa:b"], registryScopes=["a.example/x", "b.example:5000/y_z/w"])
    assert (found.name, found.stores) == ("images", ("tsa:b", "ca:acme"))
    assert found.scopes == ("a.example/x", "b.example:5000/y_z/w")
    assert found.timestamps is Timestamps.ALWAYS
    assert read(**SKIPS).identities == ()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": ""}, r"\.name is empty$"),
        ({"name": None}, r"\.name is not a string$"),
        ({"extra": 1}, " has the unknown member 'extra'$"),
        ({"trustStores": []}, " needs trustStores and trustedIdentities$"),
        ({"trustedIdentities": []}, " needs trustStores and trustedIdentities$"),
        ({**SKIPS, "trustStores": ["ca:acme"]}, " skips verification and names trust stores or identities$"),
        ({**SKIPS, "trustedIdentities": ["*"]}, " skips verification and names trust stores or identities$"),
        ({**SKIPS, "registryScopes": ["*"]}, " skips verification for every repository"),
        ({"trustStores": ["ca:acme", "acme"]}, " names no trust store: 'acme'"),
        ({"trustStores": ["ca:"]}, " names no trust store: 'ca:'"),
        ({"trustStores": ["ca:a/b"]}, " names no trust store: 'ca:a/b'"),
        ({"registryScopes": []}, r"\.registryScopes is empty$"),
        ({"registryScopes": ["*", "a.example/x"]}, r"\.registryScopes has other scopes beside \*$"),
        ({"registryScopes": ["a.example/x", "*"]}, r"\.registryScopes has other scopes beside \*$"),
        ({"registryScopes": ["a.example/x", "a.example"]}, " has no repository as scope: 'a.example'"),
        ({"registryScopes": [1]}, r"\.registryScopes is not a string$"),
        ({"trustedIdentities": ["*", f"x509.subject: {HEAD}"]}, r" trusts no identity that is read here: '\*'"),
        ({"trustedIdentities": ["*", "*"]}, r" trusts no identity that is read here: '\*'"),
        ({"trustedIdentities": [HEAD]}, " trusts no identity that is read here: 'C=US, ST=WA, O=acme'"),
        ({"signatureVerification": None}, r"\.signatureVerification is not an object$"),
        ({"signatureVerification": {"level": "strict", "x": 1}}, r"\.signatureVerification has the unknown member 'x'$"),
        ({"signatureVerification": {}}, r"\.signatureVerification\.level is not a string$"),
        ({"signatureVerification": {"level": "Strict"}}, r"\.signatureVerification\.level is unknown$"),
        ({**SKIPS, "signatureVerification": {"level": "skip", "override": {"expiry": "log"}}}, ".* overrides a level that skips"),
    ],
)
def test_what_a_statement_may_not_say_is_named(change, why):
    with pytest.raises(Malformed) as caught:
        read(**change)
    assert re.search(WHERE + why, caught.value.message), caught.value.message


@pytest.mark.parametrize(
    ("key", "action", "good"),
    [
        *((key, action, True) for key in ("authenticity", "expiry", "authenticTimestamp") for action in ("enforce", "log")),
        *((key, "skip", False) for key in ("authenticity", "expiry", "authenticTimestamp")),
        *(("revocation", action, True) for action in ("enforce", "log", "skip")),
        *((key, action, False) for key in ("revocation", "expiry") for action in ("", "Log", None, 1, [])),
    ],
)
def test_a_check_is_overridden_by_the_actions_that_it_may_have(key, action, good):
    verification = {"level": "audit", "override": {key: action}}
    if good:
        level = read(signatureVerification=verification).level
        assert level.name == "audit"
        usual = {"integrity": "enforce", "authenticity": "log", "expiry": "log", "authenticTimestamp": "log", "revocation": "log"}
        assert {str(kind): str(done) for kind, done in level.actions.items()} == {**usual, key: action}
    else:
        allowed = "enforce, log, skip" if key == "revocation" else "enforce, log"
        with pytest.raises(Malformed, match=rf"\.override\.{key} is none of {allowed}$"):
            read(signatureVerification=verification)


@pytest.mark.parametrize("key", ["integrity", "Expiry", "timestamp", ""])
@pytest.mark.parametrize("action", ["enforce", "log"])
def test_integrity_and_what_is_no_check_cannot_be_overridden(key, action):
    with pytest.raises(Malformed, match=rf"\.override names '{key}', which cannot be overridden$"):
        read(signatureVerification={"level": "strict", "override": {key: action}})


def test_no_override_is_no_override():
    assert read(signatureVerification={"level": "permissive", "override": {}}).level.name == "permissive"
    assert read(**{**SKIPS, "signatureVerification": {"level": "skip", "override": {}}}).level.name == "skip"


def test_a_level_enforces_what_it_names_and_logs_the_rest():
    made = policy._level("x", CheckKind.EXPIRY, CheckKind.REVOCATION)
    enforced = {CheckKind.EXPIRY, CheckKind.REVOCATION}
    assert made.name == "x"
    assert made.actions == {kind: Action.ENFORCE if kind in enforced else Action.LOG for kind in CheckKind}
    assert {kind: policy.STRICT.actions[kind] for kind in CheckKind} == dict.fromkeys(CheckKind, Action.ENFORCE)


@pytest.mark.parametrize(("when", "good"), [("always", True), ("afterCertExpiry", True), ("whenPresent", False), ("", False)])
def test_when_a_timestamp_is_looked_at_is_one_of_two(when, good):
    verification = {"level": "strict", "verifyTimestamp": when}
    if good:
        assert read(signatureVerification=verification).timestamps == when
    else:
        with pytest.raises(Malformed, match="verifyTimestamp is unknown"):
            read(signatureVerification=verification)


@pytest.mark.parametrize(
    ("identities", "covers"),
    [
        ([f"{HEAD}", f"{HEAD}, CN=a"], f"x509.subject:{HEAD}"),
        ([f"{HEAD}, CN=a", f"{HEAD}"], f"x509.subject:{HEAD}"),
        ([f"{HEAD}, CN=a", f"{HEAD}, CN=a"], f"x509.subject:{HEAD}, CN=a"),
        ([f"{HEAD}, CN=b", f"{HEAD}, CN=a", "O=acme, ST=WA, CN=a, OU=x, C=US"], f"x509.subject:{HEAD}, CN=a"),
        ([f"{HEAD}, CN=a", f"{HEAD}, CN=b"], None),
        ([f"{HEAD}, CN=a"], None),
    ],
)
def test_no_identity_covers_another(identities, covers):
    texts = [f"x509.subject:{one}" for one in identities]
    if covers is None:
        assert len(read(trustedIdentities=texts).identities) == len(texts)
    else:
        with pytest.raises(Malformed) as caught:
            read(trustedIdentities=texts)
        assert caught.value.message == f"trustPolicies[0].trustedIdentities overlap: {covers!r} covers another"


def test_what_is_behind_the_first_colon_is_the_name():
    assert read(trustedIdentities=[f"x509.subject:{HEAD}, CN=a:b"]).identities[0]["CN"] == "a:b"
    assert read(trustedIdentities=["*"]).identities is None


def test_names_and_scopes_stand_in_one_statement_alone():
    other = {**ONE, "name": "others", "registryScopes": ["registry.example/other"]}
    assert len(parse_policy(document(ONE, other)).statements) == 2
    with pytest.raises(Malformed, match="^trust policy has the statement 'images' twice$"):
        parse_policy(document(ONE, {**other, "name": "images"}))
    with pytest.raises(Malformed, match="^trust policy has the scope 'registry.example/app' twice$"):
        parse_policy(document(ONE, {**other, "registryScopes": ["registry.example/other", "registry.example/app"]}))
    with pytest.raises(Malformed, match="^trust policy has the scope 'registry.example/app' twice$"):
        read(registryScopes=["registry.example/app", "registry.example/app"])


def test_a_document_is_of_its_one_version_and_says_nothing_else():
    for version in ("1.1", 1.0, None):
        with pytest.raises(Malformed, match="^trust policy of version '.*', which is not 1.0$"):
            parse_policy(document(ONE, version=version))
    with pytest.raises(Malformed, match="^trust policy has the unknown member 'x'$"):
        parse_policy(document(ONE, x=1))
    with pytest.raises(Malformed, match="^trust policy without statements$"):
        parse_policy(document())
    with pytest.raises(Malformed, match="^trustPolicies is not a list$"):
        parse_policy(document(trustPolicies={}))


def test_documents_are_as_large_as_the_limits_say_and_no_larger():
    data = document(ONE)
    assert parse_policy(data + b" " * (MAX_POLICY_SIZE - len(data)))
    with pytest.raises(LimitExceeded):
        parse_policy(data + b" " * (MAX_POLICY_SIZE - len(data) + 1))
    many = [{**ONE, "name": str(number), "registryScopes": [f"a.example/{number}"]} for number in range(MAX_STATEMENTS + 1)]
    assert len(parse_policy(document(*many[:-1])).statements) == MAX_STATEMENTS
    with pytest.raises(LimitExceeded):
        parse_policy(document(*many))
    scopes = [f"a.example/{number}" for number in range(MAX_ITEMS + 1)]
    assert len(read(registryScopes=scopes[:-1]).scopes) == MAX_ITEMS
    with pytest.raises(LimitExceeded):
        read(registryScopes=scopes)


def test_which_statement_applies_is_said_by_the_repository_alone():
    everyone = {**ONE, "name": "all", "registryScopes": ["*"]}
    for statements in ((ONE, everyone), (everyone, ONE)):
        found = parse_policy(document(*statements))
        assert found.statement_for("registry.example/app").name == "images"
        assert found.statement_for("registry.example/other").name == "all"
    with pytest.raises(Untrusted, match="no statement of the trust policy applies to registry.example/other"):
        parse_policy(document(ONE)).statement_for("registry.example/other")
