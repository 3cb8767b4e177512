import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.attest.notation import parse_certificates, parse_policy
from pratique.attest.notation.names import fits, parse_name
from pratique.attest.notation.policy import Action, CheckKind
from pratique.errors import InputError, LimitExceeded, Malformed, PratiqueError, Untrusted

DATA = Path(__file__).resolve().parents[2] / "data" / "notation"
ONE = {
    "name": "images",
    "registryScopes": ["*"],
    "signatureVerification": {"level": "strict"},
    "trustStores": ["ca:acme"],
    "trustedIdentities": ["x509.subject: C=US, ST=WA, O=acme.example"],
}


def policy(*statements, **members):
    return json.dumps({"version": "1.0", "trustPolicies": [{**ONE, **item} for item in statements], **members}).encode()


# What notation's own tests expect of these files. It reads `skip` for all repositories, which the specification forbids.
REFUSED = """
    empty_registry_scope empty_trusted_identity invalid_format malformed_registry_scope malformed_trust_store
    malformed_trusted_identity missing_country_trusted_identity missing_organization_trusted_identity
    missing_state_trusted_identity multi_statements_with_multi_wildcard_registry_scope multi_statements_with_the_same_name
    multi_statements_with_the_same_registry_scope overlapped_registry_scope overlapped_trusted_identity
    override_integrity_for_permissive skip unset_trust_store unset_trusted_identity wildcard_plus_other_registry_scope
    wildcard_plus_other_trusted_identity wildcard_trust_store
""".split()


@pytest.mark.parametrize("path", sorted((DATA / "policies").iterdir()), ids=lambda path: path.stem)
def test_notations_own_policies_are_read_or_refused_as_notation_does(path):
    if path.stem in REFUSED:
        with pytest.raises(Malformed):
            parse_policy(path.read_bytes())
    else:
        assert parse_policy(path.read_bytes()).statements


def test_a_statement_that_names_the_repository_goes_before_the_one_for_all():
    found = parse_policy(
        policy({"name": "all"}, {"name": "app", "registryScopes": ["registry.example/app", "registry.example:5000/a/b_c"]})
    )
    assert found.statement_for("registry.example/app").name == "app"
    assert found.statement_for("registry.example:5000/a/b_c").name == "app"
    assert found.statement_for("registry.example/app/more").name == "all"
    only = parse_policy(policy({"registryScopes": ["registry.example/app"]}))
    with pytest.raises(Untrusted, match="no statement"):
        only.statement_for("registry.example/apps")


def test_levels_and_overrides_are_the_specifications():
    def actions(**verification):
        (statement,) = parse_policy(policy({"signatureVerification": verification})).statements
        return "".join(action[0] for action in statement.level.actions.values()), str(statement.timestamps)

    assert [str(kind) for kind in CheckKind] == ["integrity", "authenticity", "expiry", "authenticTimestamp", "revocation"]
    assert actions(level="strict") == ("eeeee", "always")
    assert actions(level="permissive") == ("eelll", "always")
    assert actions(level="audit") == ("ellll", "always")
    assert actions(level="audit", override={"expiry": "enforce", "revocation": "skip"}) == ("elels", "always")
    assert actions(level="strict", verifyTimestamp="afterCertExpiry") == ("eeeee", "afterCertExpiry")
    skip = {"signatureVerification": {"level": "skip"}, "trustStores": [], "trustedIdentities": []}
    (statement,) = parse_policy(policy({**skip, "registryScopes": ["registry.example/app"]})).statements
    assert set(statement.level.actions.values()) == {Action.SKIP}


def test_everyone_and_nobody_are_told_apart():
    assert parse_policy(policy({"trustedIdentities": ["*"]})).statements[0].identities is None
    assert parse_policy(policy({})).statements[0].identities == ({"C": "US", "ST": "WA", "O": "acme.example"},)


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"extra": 1},
        {"registryScopes": ["https://registry.example/app"]},
        {"registryScopes": ["registry.example"]},
        {"registryScopes": ["registry.example/app:tag"]},
        {"registryScopes": ["registry.example/*"]},
        {"registryScopes": "registry.example/app"},
        {"trustStores": ["acme"]},
        {"trustStores": ["CA:acme"]},
        {"trustStores": ["ca:../acme"]},
        {"trustedIdentities": ["email: a@b"]},
        {"trustedIdentities": ["x509.subject:"]},
        {"signatureVerification": {"level": "none"}},
        {"signatureVerification": {"level": "strict", "override": {"expiry": "skip"}}},
        {"signatureVerification": {"level": "strict", "override": {"all": "log"}}},
        {"signatureVerification": {"level": "strict", "verifyTimestamp": "never"}},
        {"signatureVerification": {"level": "strict", "verifyTimestamp": "whenPresent"}},
        {"signatureVerification": {"level": "skip", "override": {"expiry": "log"}}},
        {"signatureVerification": {"level": "skip"}},
        {"signatureVerification": "strict"},
    ],
    ids=str,
)
def test_what_a_statement_may_not_say_is_refused(change):
    with pytest.raises(Malformed):
        parse_policy(policy(change))


def test_documents_that_are_no_policies_are_refused():
    for data in (b"", b"[]", b"{}", policy({}, version="2.0"), policy(), b'{"version":"1.0","version":"1.0"}', b"[" * 9000):
        with pytest.raises(Malformed):
            parse_policy(data)
    with pytest.raises(LimitExceeded):
        parse_policy(b" " * (2 << 20))


@settings(max_examples=200)
@given(st.text(alphabet="registry.example/*:-_@ \u00e9A1", max_size=40))
def test_any_scope_is_a_repository_or_refused(scope):
    try:
        (statement,) = parse_policy(policy({"registryScopes": [scope]})).statements
    except PratiqueError:
        return
    assert scope == "*" or re.fullmatch(r"[A-Za-z0-9.:-]+(/[a-z0-9._-]+)+", scope)
    assert statement.scopes == (scope,)


# Names -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ("C=US,ST=WA,O=acme", {}),
        (" O = acme , ST=WA,  C=US ", {}),
        ("C=US, S=WA, O=acme", {}),
        ("c=US, st=WA, o=acme", {}),
        ("2.5.4.6=US, 2.5.4.8=WA, 2.5.4.10=acme", {}),
        (r"C=US, ST=WA, O=acme, CN=a\, b\; c\\", {"CN": r"a, b; c" + "\\"}),
        (r"C=US, ST=WA, O=acme, CN=\ padded\ ", {"CN": " padded "}),
        (r"C=US, ST=WA, O=acme, CN=\C3\A9", {"CN": "é"}),
        ("C=US, ST=WA, O=acme, CN=é=1", {"CN": "é=1"}),
        ("C=US, ST=WA, O=acme, 1.2.3=x", {"1.2.3": "x"}),
    ],
)
def test_names_are_read_as_rfc_4514_writes_them(text, more):
    assert parse_name(text) == {"C": "US", "ST": "WA", "O": "acme", **more}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "C=US",
        "C=US, ST=WA",
        "C=US, ST=WA, O=",
        "C=US, ST=WA, O=a, O=b",
        "C=US, ST=WA, S=WA, O=a",
        "C=US, ST=WA, O=a,",
        "C=US, ST=WA, O=a+CN=b",
        "C=US, ST=WA, O=#0401",
        'C=US, ST=WA, O="a"',
        "C=US; ST=WA; O=a",
        r"C=US, ST=WA, O=a\x",
        r"C=US, ST=WA, O=\FF",
        "C=US, ST=WA, O=a\\",
        "C=US, ST=WA, O=a\0",
        "C=US, ST=WA, O=\ud800",
        "C=US, ST=WA, O=a, é=b",
        "C=US, ST=WA, O=" + "a" * 5000,
    ],
)
def test_names_that_could_be_read_in_two_ways_are_refused(text):
    with pytest.raises(Malformed):
        parse_name(text)


@settings(max_examples=200)
@given(st.text(min_size=1, max_size=20))
def test_an_escaped_value_is_read_back(value):
    from cryptography import x509

    try:
        text = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, value)]).rfc4514_string()
        name = parse_name(f"C=US, ST=WA, O=acme, {text}")
    except (ValueError, PratiqueError):
        return
    assert name["CN"] == value


@settings(max_examples=300)
@given(st.text(alphabet='CSTO=, \\+;"#é1', max_size=30))
def test_any_text_is_a_name_or_malformed(text):
    try:
        name = parse_name(text)
    except InputError:
        return
    assert fits(name, name)


# Trust stores ------------------------------------------------------------------------------------------------------------------


def test_files_of_a_trust_store_hold_certificates_in_pem_or_der():
    pem = (DATA / "lists" / "certchain_with_crl.pem").read_bytes()
    chain = parse_certificates(pem, "chain.pem")
    assert len(chain) == 3
    assert parse_certificates(b"text\r\n" + pem.replace(b"\n", b"\r\n"), "chain.pem") == chain
    assert parse_certificates(chain[0], "leaf.der") == chain[:1]
    assert len(parse_certificates((DATA / "timestamps" / "globalsignRoot.cer").read_bytes(), "root.cer")) == 1


@pytest.mark.parametrize(
    "data", [b"", b"text", b"\x30", b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----", b"0" * 2**21]
)
def test_files_without_certificates_are_refused(data):
    with pytest.raises(Malformed):
        parse_certificates(data, "file")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"trustedIdentities": []}, "skips verification and names trust stores or identities"),
        ({"trustStores": []}, "skips verification and names trust stores or identities"),
        ({}, "skips verification and names trust stores or identities"),
    ],
)
def test_who_skips_verification_names_neither_stores_nor_identities(change, match):
    skips = {"signatureVerification": {"level": "skip"}, "registryScopes": ["registry.example/app"]}
    assert parse_policy(policy({**skips, "trustedIdentities": [], "trustStores": []})).statements
    with pytest.raises(Malformed, match=match):
        parse_policy(policy({**skips, **change}))


def test_an_identity_is_a_subject_and_of_no_other_kind():
    with pytest.raises(Malformed, match="trusts no identity that is read here: 'x509.issuer: C=US, ST=WA, O=acme.example'"):
        parse_policy(policy({"trustedIdentities": ["x509.issuer: C=US, ST=WA, O=acme.example"]}))
