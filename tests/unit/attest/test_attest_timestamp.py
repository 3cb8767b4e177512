import dataclasses
import hashlib
import math
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from pki import CODE, STAMP, UNKNOWN_CRITICAL, Stamper, make
from rfc3161_client import VerifierBuilder, decode_timestamp_response
from world import Issued, tlv

from pratique.attest import cms
from pratique.attest.bundle import parse_bundle
from pratique.attest.timestamp import (
    TimestampAuthority,
    parse_response,
    parse_token,
    token_in,
    verify_timestamp,
    verify_timestamps,
)
from pratique.attest.timestamp import _CertIdV2 as CertIdV2
from pratique.attest.timestamp import _Response as Response
from pratique.attest.timestamp import _SigningCertificateV2 as SigningCertificateV2
from pratique.attest.x509 import CertificateWindow, parse_certificate
from pratique.errors import DigestMismatch, Expired, LimitExceeded, Malformed, PratiqueError, SignatureInvalid, Untrusted

SIGNATURE = b"the bytes of a signature"
ALWAYS = CertificateWindow(start=0)
VECTORS = Path(__file__).resolve().parents[3].parent / "shared" / "vectors" / "sigstore" / "test" / "assets" / "bundle-verify"
SIGNING_CERTIFICATE_V2 = x509.ObjectIdentifier("1.2.840.113549.1.9.16.2.47")


@pytest.fixture(scope="module")
def stamper(tmp_path_factory):
    return Stamper.start(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """Another authority whose certificates bear the same names."""
    return Stamper.start(tmp_path_factory.mktemp("other"))


@pytest.fixture(scope="module")
def stamped(stamper):
    return stamper.stamp(SIGNATURE)


def authority(stamper, operator="stamps.example", **changes):
    """One whose signer the token brings."""
    base = TimestampAuthority(operator=operator, anchors=(stamper.root.certificate,), window=ALWAYS)
    return dataclasses.replace(base, **changes)


def known(stamper, **changes):
    """One whose signer is known beforehand."""
    return authority(stamper, signer=stamper.signer.certificate, **changes)


def verify(data, *authorities, signature=SIGNATURE):
    return verify_timestamp(parse_response(data), signature, authorities)


def rebuild(data, *, certificates=None, edit=None):
    """The response with another bag of certificates, or edited; what is signed stays."""
    response = asn1.decode_der(Response, data)
    signed = response.token.data
    if certificates is not None:
        signed.certificates = [tlv(party.der) for party in certificates]
    if edit is not None:
        edit(signed)
    return asn1.encode_der(response)


def test_a_timestamp_says_when_by_whom_and_under_which_certificates(stamper, stamped):
    found = verify(stamped, authority(stamper))
    assert found.operator == "stamps.example"
    assert found.chain == (stamper.signer.certificate, stamper.root.certificate)
    assert found.accuracy == 1
    assert found.at == math.ceil(found.time) + 1


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_a_token_without_certificates_is_verified_when_the_signer_is_known(stamper, digest):
    bare = stamper.stamp(SIGNATURE, embed=False, digest=digest)
    assert verify(bare, known(stamper)).operator == "stamps.example"
    with pytest.raises(Untrusted):
        verify(bare, authority(stamper))


def test_a_bare_token_is_read_as_notation_keeps_it(stamper, stamped):
    token = asn1.encode_der(asn1.decode_der(Response, stamped).token)
    assert verify_timestamp(parse_token(token), SIGNATURE, [authority(stamper)]).operator == "stamps.example"


def test_a_second_opinion_agrees(stamper):
    stamped = stamper.stamp(SIGNATURE, embed=False)
    verifier = (
        VerifierBuilder().tsa_certificate(stamper.signer.certificate).add_root_certificate(stamper.root.certificate).build()
    )
    answer = decode_timestamp_response(stamped)
    assert verifier.verify_message(answer, SIGNATURE)
    assert answer.tst_info.gen_time.timestamp() == verify(stamped, known(stamper)).time


def test_a_timestamp_of_another_signature_is_refused(stamper, stamped):
    with pytest.raises(DigestMismatch):
        verify(stamped, known(stamper), signature=SIGNATURE + b"!")


def test_an_authority_that_is_not_known_is_untrusted_with_and_without_its_certificates(stamper, stamped, other):
    for data in (stamped, stamper.stamp(SIGNATURE, embed=False)):
        for unknown in (known(other), authority(other)):
            with pytest.raises(Untrusted):
                verify(data, unknown)
        with pytest.raises(Untrusted):
            verify(data)


def test_certificates_swapped_in_the_bag_do_not_change_who_is_checked(stamper, stamped, other):
    """GHSA-xm5m-wgh2-rrg3: a forged certificate put first was the one whose purpose and name were checked."""
    forged = make("Stamp Signer", issuer=other.root, extensions=[STAMP], serial=stamper.signer.certificate.serial_number)
    assert forged.certificate.issuer == stamper.signer.certificate.issuer
    for bag in ([forged, stamper.signer], [stamper.signer, forged], [other.root, forged, stamper.signer, stamper.root]):
        swapped = rebuild(stamped, certificates=bag)
        assert verify(swapped, authority(stamper)).chain[0] == stamper.signer.certificate
        with pytest.raises(Untrusted):
            verify(swapped, authority(other))
    with pytest.raises(Untrusted):
        verify(rebuild(stamped, certificates=[forged]), authority(stamper), authority(other))


def resigned(data, party):
    """The same token, signed by `party` and naming its certificate."""

    def edit(signed):
        signer = signed.signers.as_list()[0]
        digest = hashlib.sha256(party.der).digest()
        named = SigningCertificateV2(certificates=[CertIdV2(algorithm=None, digest=digest, issuer_serial=None)], policies=None)
        content = cms.attribute(signer, cms.MESSAGE_DIGEST)
        attributes = [
            cms.Attribute(kind=cms.CONTENT_TYPE, values=asn1.SetOf([tlv(signed.content.kind)])),
            cms.Attribute(kind=cms.MESSAGE_DIGEST, values=asn1.SetOf([content])),
            cms.Attribute(kind=SIGNING_CERTIFICATE_V2, values=asn1.SetOf([tlv(named)])),
        ]
        signer.signer.issuer = tlv(party.certificate.tbs_certificate_bytes).parse(Issued).issuer
        signer.signer.serial = party.certificate.serial_number
        signer.signed_attributes = asn1.SetOf(sorted(attributes, key=asn1.encode_der))
        signer.signature = party.key.sign(asn1.encode_der(signer.signed_attributes), ec.ECDSA(hashes.SHA256()))

    return rebuild(data, certificates=[party], edit=edit)


def test_a_token_of_another_key_of_the_authority_is_as_good_as_its_certificate(stamper, stamped):
    second = stamper.root.issue("Second", extensions=[STAMP])
    assert verify(resigned(stamped, second), authority(stamper)).chain[0] == second.certificate
    with pytest.raises(Untrusted):
        verify(resigned(stamped, second), known(stamper))


BOTH = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.TIME_STAMPING, x509.ExtendedKeyUsageOID.CODE_SIGNING])


@pytest.mark.parametrize(
    "extensions",
    [[], [CODE], [(STAMP[0], False)], [(BOTH, True)], [STAMP, UNKNOWN_CRITICAL]],
    ids=["none", "code signing", "not critical", "a second purpose", "unknown critical extension"],
)
def test_a_certificate_of_the_authority_that_is_not_for_time_stamping_alone_is_refused(stamper, stamped, extensions):
    """The other half of GHSA-xm5m-wgh2-rrg3: it is of the signer that the purpose is asked, whatever lies beside it."""
    wrong = stamper.root.issue("Wrong", extensions=extensions)
    token = resigned(stamped, wrong)
    for bag in ([wrong], [stamper.signer, wrong], [wrong, stamper.signer]):
        with pytest.raises(Untrusted):
            verify(rebuild(token, certificates=bag), authority(stamper))


def test_a_window_includes_both_its_ends(stamper):
    whole = stamper.stamp(SIGNATURE)
    second = int(parse_response(whole).time)
    assert verify(whole, known(stamper, window=CertificateWindow(start=second, end=second))).time == second
    for window in (CertificateWindow(start=second + 1), CertificateWindow(start=0, end=second - 1)):
        with pytest.raises(Expired):
            verify(whole, known(stamper, window=window))


def test_a_signer_whose_certificate_had_run_out_is_expired(tmp_path, stamper):
    late = Stamper.start(tmp_path, stamper.root, stamper.root.issue("Late", extensions=[STAMP], died=1_750_000_000))
    with pytest.raises(Expired):
        verify(late.stamp(SIGNATURE, embed=False), known(late))


def test_the_same_authority_twice_is_trusted_in_either_of_its_windows(stamper, stamped):
    past = known(stamper, window=CertificateWindow(start=0, end=1))
    for order in ((past, known(stamper)), (known(stamper), past)):
        assert verify(stamped, *order)
    with pytest.raises(Expired):
        verify(stamped, past, authority(stamper, window=CertificateWindow(start=0, end=1)))


def test_one_authority_counts_once_however_many_tokens_it_gives(stamper, stamped, other):
    tokens = [parse_response(data) for data in (stamped, stamper.stamp(SIGNATURE), other.stamp(SIGNATURE), stamped)]
    found = verify_timestamps(tokens, SIGNATURE, [known(stamper), known(other, operator="other.example")])
    assert sorted(item.operator for item in found) == ["other.example", "stamps.example"]
    rotated = [known(stamper), known(other)]  # one operator with two keys
    assert len(verify_timestamps(tokens, SIGNATURE, rotated)) == 1


def test_an_unknown_token_beside_a_known_one_takes_nothing_away_and_alone_it_is_named(stamper, stamped, other):
    tokens = [parse_response(other.stamp(SIGNATURE)), parse_response(stamped)]
    assert len(verify_timestamps(tokens, SIGNATURE, [known(stamper)])) == 1
    with pytest.raises(Untrusted):
        verify_timestamps(tokens[:1], SIGNATURE, [known(stamper)])
    assert verify_timestamps([], SIGNATURE, [known(stamper)]) == ()


def test_a_broken_token_beside_a_good_one_refuses_both(stamper, stamped):
    signature = asn1.decode_der(Response, stamped).token.data.signers.as_list()[0].signature
    broken = stamped.replace(signature, signature[:-1] + bytes([signature[-1] ^ 1]))
    for bad, error in ((broken, SignatureInvalid), (stamper.stamp(b"other"), DigestMismatch)):
        with pytest.raises(error):
            verify_timestamps([parse_response(stamped), parse_response(bad)], SIGNATURE, [known(stamper)])


def test_a_flood_of_tokens_is_refused(stamper, stamped):
    with pytest.raises(LimitExceeded):
        verify_timestamps([parse_response(stamped)] * 33, SIGNATURE, [known(stamper)])


def test_no_changed_bit_of_what_is_signed_goes_unnoticed(stamper, stamped):
    """The token's content, its signed attributes and its signature; the rest of the response is nobody's word."""
    data = asn1.decode_der(Response, stamped).token.data
    signer = data.signers.as_list()[0]
    attributes = b"\xa0" + asn1.encode_der(signer.signed_attributes)[1:]
    for part in (data.content.content, attributes, signer.signature):
        begin = stamped.index(part)
        for bit in range(begin * 8, (begin + len(part)) * 8):
            changed = bytearray(stamped)
            changed[bit // 8] ^= 1 << bit % 8
            with pytest.raises((SignatureInvalid, Malformed, DigestMismatch, Untrusted)):
                verify(bytes(changed), known(stamper))


def test_a_changed_signature_is_invalid_and_not_merely_untrusted(stamper, stamped):
    signature = asn1.decode_der(Response, stamped).token.data.signers.as_list()[0].signature
    changed = stamped.replace(signature, signature[:-1] + bytes([signature[-1] ^ 1]))
    with pytest.raises(SignatureInvalid):
        verify(changed, known(stamper))


def test_two_signers_no_signed_attributes_and_refusals_are_malformed(stamped):
    def edit_unsigned(signed):
        signed.signers.as_list()[0].signed_attributes = None

    bare = rebuild(stamped, edit=edit_unsigned)
    party = make("Anybody", ca=True)
    unknown = TimestampAuthority(operator="x", anchors=(party.certificate,), signer=party.certificate, window=ALWAYS)
    with pytest.raises(Malformed, match="attributes"):
        verify(bare, unknown)
    refused = bytearray(stamped)
    at = stamped.index(b"\x02\x01\x00")
    refused[at + 2] = 2
    with pytest.raises(Malformed, match="not granted"):
        parse_response(bytes(refused))


def test_a_response_that_only_says_no_is_malformed():
    with pytest.raises(Malformed):
        parse_response(bytes.fromhex("3005 3003 020102".replace(" ", "")))


@given(data=st.binary(max_size=300))
def test_what_is_no_timestamp_is_malformed(data):
    for parse in (parse_response, parse_token):
        with pytest.raises(Malformed):
            parse(data)


def test_a_timestamp_of_absurd_size_is_refused(stamped):
    with pytest.raises(LimitExceeded):
        parse_response(stamped + b"\0" * 70_000)


@settings(max_examples=200)
@given(at=st.integers(0, 10**6), bit=st.integers(0, 7), cut=st.booleans())
def test_a_damaged_response_never_raises_another_error_than_ours(stamper, stamped, at, bit, cut):
    changed = bytearray(stamped)
    place = at % len(changed)
    changed[place] ^= 1 << bit
    if cut:
        del changed[place:]
    try:
        verify(bytes(changed), authority(stamper))
    except PratiqueError:
        return


def test_signed_data_says_its_algorithms():
    assert cms.hash_of(SimpleNamespace(oid=x509.ObjectIdentifier("2.16.840.1.101.3.4.2.2"))).name == "sha384"
    with pytest.raises(Malformed):
        cms.hash_of(SimpleNamespace(oid=x509.ObjectIdentifier("1.3.14.3.2.26")))


def test_the_token_in_an_answer_is_taken_out_byte_for_byte(stamper):
    answer = stamper.stamp(SIGNATURE)
    token = token_in(answer)
    assert answer.endswith(token)
    assert parse_token(token).imprint == parse_response(answer).imprint
    for bad in (token, answer[:-1], answer + b"\0", b""):
        with pytest.raises(Malformed):
            token_in(bad)


@pytest.mark.parametrize(
    "key",
    [rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())],
    ids=["rsa", "p384"],
)
def test_authorities_with_other_keys_are_verified(tmp_path, stamper, key):
    other = Stamper.start(tmp_path, stamper.root, stamper.root.issue("Other Key", extensions=[STAMP], key=key))
    assert verify(other.stamp(SIGNATURE), authority(stamper)).chain[0] == other.signer.certificate


def test_a_token_of_a_public_authority_that_binds_its_signer_in_the_older_way_is_verified():
    """FreeTSA: RSA with SHA-512, ESSCertID of RFC 2634, certificates unsorted."""
    folder = VECTORS / "rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail"
    if not folder.exists():
        pytest.skip(f"public vectors are not here: {folder}")
    bundle = parse_bundle((folder / "bundle.sigstore.json").read_bytes())
    token = parse_response(bundle.timestamps[0])
    offered = [parse_certificate(bytes(asn1.encode_der(item))) for item in token.data.certificates]
    anchors = tuple(item for item in offered if item.issuer == item.subject)
    free = TimestampAuthority(operator="freetsa.org", anchors=anchors, window=ALWAYS)
    assert verify_timestamp(token, bundle.signature, [free]).chain[-1] in anchors
    with pytest.raises(DigestMismatch):
        verify_timestamp(token, bundle.signature + b"x", [free])
