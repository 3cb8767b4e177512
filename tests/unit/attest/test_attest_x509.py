import math

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given
from hypothesis import strategies as st
from pki import BORN, CA_USAGE, CODE, DIED, SIGN_USAGE, STAMP, UNKNOWN_CRITICAL, make

from pratique.attest.x509 import (
    CODE_SIGNING,
    MAX_CERTIFICATE_SIZE,
    MAX_INTERMEDIATES,
    TIME_STAMPING,
    CertificateWindow,
    build_chain,
    parse_certificate,
    require_purpose,
    validity,
)
from pratique.errors import Expired, LimitExceeded, Malformed, Untrusted

NOW = 1_750_000_000


@pytest.fixture(scope="module")
def root():
    return make("Root", ca=True)


@pytest.fixture(scope="module")
def middle(root):
    return root.issue("Middle", ca=True, path_length=0)


@pytest.fixture(scope="module")
def leaf(middle):
    return middle.issue("Leaf", extensions=[CODE], born=NOW - 10, died=NOW + 10)


def chain(leaf, *others, anchors, at=NOW):
    return build_chain(
        leaf.certificate,
        at=at,
        anchors=[item.certificate for item in anchors],
        intermediates=[item.certificate for item in others],
    )


def test_a_chain_goes_from_the_signer_to_the_anchor(root, middle, leaf):
    assert chain(leaf, middle, anchors=[root]) == (leaf.certificate, middle.certificate, root.certificate)


def test_an_anchor_need_not_be_self_signed(middle, leaf):
    assert chain(leaf, anchors=[middle]) == (leaf.certificate, middle.certificate)


@pytest.mark.parametrize("at", [NOW - 10, NOW + 10])
def test_both_ends_of_a_certificates_validity_belong_to_it(root, middle, leaf, at):
    assert chain(leaf, middle, anchors=[root], at=at)


@pytest.mark.parametrize("at", [NOW - 11, NOW - 10.25, NOW + 10.000001, NOW + 11, 0, -1, 2**62, float(10**30)])
def test_outside_its_validity_a_certificate_is_expired(root, middle, leaf, at):
    with pytest.raises(Expired, match="Leaf"):
        chain(leaf, middle, anchors=[root], at=at)


def test_an_authority_that_was_not_valid_then_is_expired_even_by_a_fraction_of_a_second(root):
    middle = root.issue("Old Middle", ca=True, died=NOW)
    leaf = middle.issue("Leaf", extensions=[CODE])
    assert chain(leaf, middle, anchors=[root], at=NOW)
    for at in (NOW + 0.5, NOW + 1, NOW + 1000):
        with pytest.raises(Expired, match="Old Middle"):
            chain(leaf, middle, anchors=[root], at=at)


def test_an_expired_anchor_is_expired_too():
    old = make("Old Root", ca=True, died=NOW - 5)
    with pytest.raises(Expired, match="Old Root"):
        chain(old.issue("Leaf"), anchors=[old])


def test_a_forged_chain_is_untrusted_also_when_it_is_expired(root):
    forged = make("Root", ca=True, died=NOW - 5)
    with pytest.raises(Untrusted):
        chain(forged.issue("Leaf"), anchors=[root])


def test_a_certificate_that_comes_along_is_never_an_anchor(root, middle, leaf):
    stranger = make("Stranger", ca=True)
    with pytest.raises(Untrusted):
        chain(stranger.issue("Leaf"), stranger, anchors=[root])
    with pytest.raises(Untrusted, match="no certificate authority"):
        chain(leaf, middle, anchors=[])


def test_an_authority_signs_nothing_itself(root):
    with pytest.raises(Untrusted, match="itself"):
        chain(root, anchors=[root])


def test_path_length_binds(root, middle):
    below = middle.issue("Below", ca=True)
    with pytest.raises(Untrusted, match="path length"):
        chain(below.issue("Leaf"), below, middle, anchors=[root])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"extensions": [(x509.BasicConstraints(False, None), True)]},
        {"ca": True, "usage": SIGN_USAGE},
        {"ca": True, "extensions": [UNKNOWN_CRITICAL]},
    ],
    ids=["no constraints", "not an authority", "may not sign certificates", "unknown critical extension"],
)
def test_an_intermediate_that_is_no_proper_authority_is_refused(root, options):
    middle = root.issue("Middle", **options)
    with pytest.raises(Untrusted):
        chain(middle.issue("Leaf"), middle, anchors=[root])


def test_an_unknown_critical_extension_of_the_signer_is_refused(root):
    with pytest.raises(Untrusted, match="critical"):
        chain(root.issue("Leaf", extensions=[UNKNOWN_CRITICAL]), anchors=[root])


def test_name_constraints_bind(root):
    limits = x509.NameConstraints([x509.DNSName("example.com")], None)
    middle = root.issue("Middle", ca=True, extensions=[(limits, True)])
    other = x509.SubjectAlternativeName([x509.DNSName("other.org")])
    with pytest.raises(Untrusted, match="name constraints"):
        chain(middle.issue("Leaf", extensions=[(other, False)]), middle, anchors=[root])


def test_a_flood_of_intermediates_is_refused(root, middle, leaf):
    with pytest.raises(LimitExceeded):
        chain(leaf, *[middle] * 17, anchors=[root])


def test_a_maze_of_certificates_that_issue_each_other_is_left_in_bounded_time(root):
    """Sixteen authorities with one name and one key: without a bound, as many paths as 16 to the depth."""
    key = ec.generate_private_key(ec.SECP256R1())
    maze = [make("Maze", ca=True, key=key) for _ in range(16)]
    with pytest.raises(Untrusted) as caught:
        chain(maze[0].issue("Leaf"), *maze, anchors=[root])
    assert "signature check limit" in str(caught.value.__cause__)


def test_an_ed25519_signers_certificate_is_read(root):
    assert chain(root.issue("Leaf", key=ed25519.Ed25519PrivateKey.generate()), anchors=[root])


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_no_changed_bit_of_a_certificate_goes_unnoticed(root):
    good = root.issue("Leaf", extensions=[CODE])
    for bit in range(len(good.der) * 8):
        der = bytearray(good.der)
        der[bit // 8] ^= 1 << bit % 8
        with pytest.raises((Malformed, Untrusted, Expired)):
            build_chain(parse_certificate(bytes(der)), at=NOW, anchors=[root.certificate])


@given(st.binary(max_size=200))
def test_what_is_no_certificate_is_malformed(data):
    with pytest.raises(Malformed):
        parse_certificate(data)


def test_a_certificate_of_absurd_size_or_with_a_tail_is_refused(leaf):
    with pytest.raises(LimitExceeded):
        parse_certificate(leaf.der + b"\0" * 65536)
    with pytest.raises(Malformed):
        parse_certificate(leaf.der + b"\0")


def test_absurd_dates_are_read_and_judged(root):
    forever = root.issue("Forever", born=-600_000_000, died=253_402_300_799)
    assert validity(forever.certificate) == CertificateWindow(start=-600_000_000, end=253_402_300_799)
    with pytest.raises(Expired):
        chain(forever, anchors=[root], at=BORN - 1)
    with pytest.raises(Expired):
        chain(forever, anchors=[root], at=DIED + 1)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({}, "not for code signing"),
        ({"extensions": [STAMP]}, "not for code signing"),
        ({"extensions": [(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), False)]}, "not for code"),
        ({"extensions": [CODE], "usage": CA_USAGE}, "digital signatures"),
        ({"extensions": [CODE], "ca": True}, "authority's"),
    ],
)
def test_a_signer_has_to_be_one_for_code(root, options, match):
    with pytest.raises(Untrusted, match=match):
        require_purpose(root.issue("Leaf", **options).certificate, CODE_SIGNING)


def test_a_purpose_that_must_be_alone_is_critical_and_alone(root):
    require_purpose(root.issue("Leaf", extensions=[STAMP]).certificate, TIME_STAMPING, alone=True)
    both = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.TIME_STAMPING, x509.ExtendedKeyUsageOID.CODE_SIGNING])
    for extension in ((STAMP[0], False), (both, True)):
        with pytest.raises(Untrusted, match="alone"):
            require_purpose(root.issue("Leaf", extensions=[extension]).certificate, TIME_STAMPING, alone=True)


def test_a_window_has_both_its_ends():
    window = CertificateWindow(start=5, end=9)
    assert [at in window for at in (4.999, 5, 9, 9.001, math.inf)] == [False, True, True, False, False]
    assert math.inf in CertificateWindow(start=5)


# --- each bound, and each half of each answer


def test_a_chain_has_as_many_intermediates_beside_it_as_the_limit_says_and_no_more(root, middle, leaf):
    assert chain(leaf, middle, *[root.issue("x", ca=True)] * (MAX_INTERMEDIATES - 1), anchors=[root])
    with pytest.raises(LimitExceeded):
        chain(leaf, middle, *[root.issue("x", ca=True)] * MAX_INTERMEDIATES, anchors=[root])


def test_a_certificate_is_as_large_as_the_limit_says_and_no_larger():
    with pytest.raises(Malformed) as caught:
        parse_certificate(b"\x30" * MAX_CERTIFICATE_SIZE)
    assert not isinstance(caught.value, LimitExceeded)
    with pytest.raises(LimitExceeded):
        parse_certificate(b"\x30" * (MAX_CERTIFICATE_SIZE + 1))


def test_without_any_authority_nobody_is_trusted(leaf):
    with pytest.raises(Untrusted, match="no certificate authority is trusted"):
        chain(leaf, anchors=[])


@pytest.mark.parametrize(("at", "good"), [(NOW - 10, True), (NOW + 10, True), (NOW - 11, False), (NOW + 11, False)])
@pytest.mark.parametrize("which", ["leaf", "middle", "root"])
def test_each_certificate_of_a_chain_counts_within_both_its_ends(which, at, good):
    brief = {"born": NOW - 10, "died": NOW + 10}
    top = make("Root", ca=True, **(brief if which == "root" else {}))
    between = top.issue("Middle", ca=True, **(brief if which == "middle" else {}))
    end = between.issue("Leaf", extensions=[CODE], **(brief if which == "leaf" else {}))
    if good:
        assert len(chain(end, between, anchors=[top], at=at)) == 3
    else:
        with pytest.raises(Expired, match="was not valid at 20"):
            chain(end, between, anchors=[top], at=at)


@pytest.mark.parametrize("fraction", [-0.5, 0.5])
@pytest.mark.parametrize("which", ["middle", "root"])
def test_an_authority_counts_to_the_fraction_of_a_second(which, fraction):
    brief = {"born": NOW, "died": NOW}
    top = make("Root", ca=True, **(brief if which == "root" else {}))
    between = top.issue("Middle", ca=True, **(brief if which == "middle" else {}))
    end = between.issue("Leaf", extensions=[CODE])
    assert chain(end, between, anchors=[top], at=NOW)
    with pytest.raises(Expired):
        chain(end, between, anchors=[top], at=NOW + fraction)


def test_what_expired_is_named_and_what_is_merely_a_stranger_s_is_not_called_expired():
    top = make("Root", ca=True, born=NOW - 10, died=NOW + 10)
    end = top.issue("Leaf", extensions=[CODE])
    with pytest.raises(
        Expired, match=r"'CN=Root' was not valid at .* it is valid from 2025-06-15 15:06:30 UTC to 2025-06-15 15:06:50 UTC"
    ):
        chain(end, anchors=[top], at=NOW + 11)
    with pytest.raises(Untrusted, match="chains to no trusted authority"):
        chain(end, anchors=[make("Root", ca=True)], at=NOW + 11)


def test_an_authority_that_is_younger_than_what_it_issued_is_blamed_too():
    top = make("Root", ca=True, born=NOW, died=NOW + 10)
    end = top.issue("Leaf", extensions=[CODE])
    with pytest.raises(Expired):
        chain(end, anchors=[top], at=NOW - 1)


@pytest.mark.parametrize(
    ("at", "error", "match"),
    [
        (-1, Untrusted, "a time that no certificate can name"),
        (0, Expired, "'CN=Root' was not valid at 1970-01-01"),
        (253_402_300_799, Expired, "'CN=Root' was not valid at 9999-12-31"),
        (253_402_300_800, Expired, "'CN=Forever' was not valid"),
        (1e20, Expired, "'CN=Forever' was not valid"),
    ],
)
def test_a_time_that_no_certificate_can_name_is_never_valid(root, at, error, match):
    forever = root.issue("Forever", born=-600_000_000, died=253_402_300_799)
    with pytest.raises(error, match=match):
        chain(forever, anchors=[root], at=at)


@pytest.mark.parametrize(
    ("options", "good"),
    [
        ({}, True),
        ({"usage": False}, True),
        ({"ca": False}, False),
        ({"usage": SIGN_USAGE}, False),
        ({"ca": False, "usage": CA_USAGE, "extensions": [(x509.BasicConstraints(False, None), True)]}, False),
    ],
)
def test_an_authority_is_one_by_its_constraints_and_may_sign_certificates_unless_it_says_otherwise(root, options, good):
    between = root.issue("Middle", **{"ca": True, **options})
    end = between.issue("Leaf", extensions=[CODE])
    if good:
        assert chain(end, between, anchors=[root])
    else:
        with pytest.raises(Untrusted):
            chain(end, between, anchors=[root])


USAGES = "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign".split()


def usage_of(*names):
    return x509.KeyUsage(**{name: name in names for name in USAGES}, encipher_only=False, decipher_only=False)


@pytest.mark.parametrize(
    ("usage", "alone", "good"),
    [
        (False, False, True),
        (False, True, True),
        (usage_of("digital_signature"), False, True),
        (usage_of("digital_signature"), True, True),
        (usage_of("content_commitment"), False, False),
        (usage_of("content_commitment"), True, True),
        (usage_of("key_encipherment"), False, False),
        (usage_of("key_encipherment"), True, False),
    ],
)
def test_a_signer_s_key_is_for_signatures_and_a_stamper_s_for_commitments_too(root, usage, alone, good):
    certificate = root.issue("Leaf", extensions=[STAMP], usage=usage).certificate
    if good:
        require_purpose(certificate, TIME_STAMPING, alone=alone)
    else:
        with pytest.raises(Untrusted, match="is not for digital signatures"):
            require_purpose(certificate, TIME_STAMPING, alone=alone)


def test_constraints_that_say_it_is_no_authority_are_those_of_a_signer(root):
    plain = (x509.BasicConstraints(False, None), True)
    require_purpose(root.issue("Leaf", extensions=[plain, CODE]).certificate, CODE_SIGNING)


def test_several_purposes_will_do_where_one_need_not_be_alone(root):
    both = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.TIME_STAMPING, x509.ExtendedKeyUsageOID.CODE_SIGNING])
    require_purpose(root.issue("Leaf", extensions=[(both, False)]).certificate, CODE_SIGNING)


def test_a_certificate_is_called_by_its_name_or_else_its_number(root):
    named = root.issue("Leaf", extensions=[CODE], died=NOW - 1)
    with pytest.raises(Expired, match="certificate 'CN=Leaf' was not valid"):
        chain(named, anchors=[root])
    bare = make("", issuer=root, subject=x509.Name([]), serial=0xABC, died=NOW - 1)
    with pytest.raises(Expired, match="certificate 'serial number abc' was not valid"):
        chain(bare, anchors=[root])


V1 = (
    "MIIBFzCBvQIUIVE+dOYlF9xlk+w5LIFC2NT/l1swCgYIKoZIzj0EAwIwDTELMAkGA1UEAwwCdjEwIBcNMjYxMTMwMDUxNjU1WhgPMjEyNjExMDYwNTE2NTVaMA0x"
    "CzAJBgNVBAMMAnYxMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEH0XVY7+lOpIh37hPZ2zC6cxDhqweA3gAvXFUyiTfk5lbj0tCafuHXquYZx0f20yjb5GDihpY"
    "sBWYzsU4Q+KvoDAKBggqhkjOPQQDAgNJADBGAiEAqPSv+xTjRhsq2HHVgGR2YYLOGN7Q7s57T9CRSaLd8j0CIQCXge0JRgOe6U/ThzDZim6iV7UQFMhsrvQVQ2UH"
    "WMnLUw=="
)


def test_a_certificate_is_read_as_it_is_and_one_of_version_one_is_refused(leaf):
    import base64

    assert parse_certificate(leaf.der) == leaf.certificate
    with pytest.raises(Malformed, match="is not of version 3"):
        parse_certificate(base64.b64decode(V1))


@pytest.mark.parametrize(
    ("at", "told"),
    [
        (0, "1970-01-01 00:00:00 UTC"),
        (253_402_300_799, "9999-12-31 23:59:59 UTC"),
        (253_402_300_800, "second 253402300800"),
        (-1, "second -1"),
    ],
)
def test_a_time_is_told_as_a_date_where_the_calendar_has_it(root, leaf, at, told):
    with pytest.raises(Expired, match=f"was not valid at {told}: it is valid from"):
        chain(leaf, anchors=[root], at=at)
