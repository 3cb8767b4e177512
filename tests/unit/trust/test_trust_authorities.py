import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.errors import Malformed
from pratique.model.signer import CertifiedSigner, KeySigner, OpenPgpSigner, WorkloadSigner
from pratique.trust import Authorities, Authority, Certified, WorkloadIdentity, WorkloadRegexp

A1, A2, B1, C1 = ("a1" * 32, "a2" * 32, "b1" * 32, "c1" * 32)


def signers(*keyids):
    return [KeySigner(keyid=keyid) for keyid in keyids]


KNOWN = Authorities(
    (
        Authority.of_keys("release", [A1, A2]),
        Authority.of_keys("security", [B1]),
        Authority.of_keys("vendor", [C1]),
    )
)


def voices_of(keyids):
    """Whose voices these signers are."""
    found = (KNOWN.find(signer) for signer in signers(*keyids))
    return {match[0].name for match in found if match is not None}


def test_two_signatures_of_one_authority_do_not_meet_a_threshold_of_two_ghsa_9vcr_p3rj_q5q6():
    assert voices_of([A1, A2]) == {"release"}
    assert voices_of([A1, A1, A1]) == {"release"}


def test_two_authorities_are_two_voices():
    assert voices_of([A1, B1]) == {"release", "security"}


def test_an_unknown_key_has_no_voice():
    assert voices_of(["ff" * 32]) == set()
    assert KNOWN.name_of("ff" * 32) is None


def test_a_key_in_two_authorities_is_refused():
    with pytest.raises(Malformed, match="belongs to both 'one' and 'two'"):
        Authorities((Authority.of_keys("one", [A1]), Authority.of_keys("two", [A1])))


def test_an_authority_named_twice_is_refused():
    with pytest.raises(Malformed, match="named twice"):
        Authorities((Authority.of_keys("one", [A1]), Authority.of_keys("one", [B1])))


@pytest.mark.parametrize("keyid", ["", "A1" * 32, "a1" * 31, "a1" * 32 + "\n", "sha256:" + "a1" * 32])
def test_a_key_id_in_another_spelling_is_refused_so_that_no_key_has_two_ids(keyid):
    with pytest.raises(Malformed):
        Authority.of_keys("one", [keyid])


@pytest.mark.parametrize("name", ["", " release", "release\n", "re\x00lease"])
def test_a_name_that_only_looks_like_another_is_refused(name):
    with pytest.raises(Malformed):
        Authority.of_keys(name, [A1])


def test_an_authority_without_keys_is_refused():
    with pytest.raises(Malformed, match="has no key"):
        Authority.of_keys("one", [])


def test_keys_and_names_are_listed():
    assert KNOWN.keyids == {A1, A2, B1, C1}
    assert KNOWN.names == {"release", "security", "vendor"}
    assert Authorities().keyids == frozenset()


@settings(max_examples=50)
@given(st.lists(st.sampled_from([A1, A2, B1, C1, "0f" * 32])))
def test_voices_never_outnumber_distinct_keys_and_do_not_depend_on_order(keyids):
    voices = voices_of(keyids)
    assert len(voices) <= len(set(keyids))
    assert voices == voices_of(list(reversed(keyids)))


def test_a_key_is_known_by_whose_it_is():
    assert [KNOWN.name_of(keyid) for keyid in (A1, A2, B1, C1)] == ["release", "release", "security", "vendor"]


def test_an_authority_with_one_key_twice_is_refused():
    with pytest.raises(Malformed, match="the same key twice"):
        Authority.of_keys("one", [A1, A2, A1])


def test_many_keys_are_not_identities_alike():
    """Keys are found by their ID: the limit on what has to be compared with each other is not about them."""
    many = [f"{number:064x}" for number in range(1200)]
    assert Authorities((Authority.of_keys("one", many),)).name_of(many[-1]) == "one"


def test_a_signer_of_each_kind_is_found_as_each_of_its_identities_and_in_no_other_place():
    issuer, subject = "https://token.example", "https://example.org/acme/app/x"
    exact = WorkloadIdentity(issuer=issuer, subject=subject)
    claimed = WorkloadIdentity(issuer=issuer, subject=subject, claims={"ref": "main"})
    named = Certified(store="ca:acme", name="CN=r")
    pinned = Certified(store="ca:acme", name="CN=r", thumbprint="a1" * 32)
    expression = WorkloadRegexp(issuer="https://other.example", regexp="https://example.org/acme/.+")
    release = Authority(name="release", signers=(exact, claimed, named, pinned, expression))
    everybody = Authorities((release,))
    asked = [
        (WorkloadSigner(issuer=issuer, subject=subject), (exact,)),
        (CertifiedSigner(name="CN=r", store="ca:acme", thumbprint="a1" * 32), (named, pinned)),
        (CertifiedSigner(name="CN=r", store="ca:acme", thumbprint="b1" * 32), (named,)),
        (WorkloadSigner(issuer="https://other.example", subject=subject), (expression,)),
    ]
    for signer, identities in asked:
        assert everybody.find(signer) == (release, identities)
    for stranger in (
        WorkloadSigner(issuer=issuer, subject=subject + "y"),
        CertifiedSigner(name="CN=s", store="ca:acme", thumbprint="a1" * 32),
        CertifiedSigner(name="CN=r", store="ca:other", thumbprint="a1" * 32),
        OpenPgpSigner(fingerprint="a1" * 20, user_ids=("CN=r",)),
    ):
        assert everybody.find(stranger) is None
