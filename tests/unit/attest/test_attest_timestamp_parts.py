"""Each part of a timestamp, by tokens that are right but for that part: no network, no other tool."""

import dataclasses
import datetime as dt
import hashlib
from typing import Annotated

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from pki import STAMP, make
from world import NOW, SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2, stamp, tlv

from pratique.attest import cms
from pratique.attest import timestamp as ts
from pratique.attest.timestamp import (
    MAX_TIMESTAMPS,
    MAX_TOKEN_SIZE,
    Timestamp,
    TimestampAuthority,
    parse_response,
    parse_token,
    token_in,
    verify_timestamp,
    verify_timestamps,
)
from pratique.attest.x509 import CertificateWindow
from pratique.errors import DigestMismatch, Expired, LimitExceeded, Malformed, SignatureInvalid, Untrusted

SIGNATURE = b"the bytes of a signature"
ROOT = make("Stamp Root", ca=True)
PARTY = ROOT.issue("Stamper", extensions=[STAMP])
SHA = {"sha256": "2.16.840.1.101.3.4.2.1", "sha384": "2.16.840.1.101.3.4.2.2", "sha512": "2.16.840.1.101.3.4.2.3"}
BASELINE = x509.ObjectIdentifier("0.4.0.2023.1.1")


def oid(text):
    return cms.AlgorithmIdentifier(oid=x509.ObjectIdentifier(text), parameters=None)


def authority(operator="a", *, root=ROOT, window=(0, None), **more):
    return TimestampAuthority(
        operator=operator,
        anchors=(root.certificate,),
        window=CertificateWindow(start=window[0], end=window[1]),
        **more,
    )


def verify(data, *authorities, signature=SIGNATURE):
    return verify_timestamp(parse_response(data), signature, authorities or (authority(),))


def refused(error, match, *, by=PARTY, at=NOW, authorities=(), **changes):
    with pytest.raises(error, match=match):
        verify(stamp(by, SIGNATURE, at, **changes), *authorities)


def test_a_token_that_is_right_in_each_part_says_when_and_by_whom():
    found = verify(stamp(PARTY, SIGNATURE, NOW))
    assert (found.time, found.accuracy, found.operator, found.at) == (NOW, 0, "a", NOW)
    assert found.chain == (PARTY.certificate, ROOT.certificate)


# --- what was stamped


@pytest.mark.parametrize("name", SHA)
def test_the_bytes_that_were_stamped_are_named_by_any_of_three_hashes(name):
    imprint = ts._Imprint(algorithm=oid(SHA[name]), digest=hashlib.new(name, SIGNATURE).digest())
    assert verify(stamp(PARTY, SIGNATURE, NOW, info={"imprint": imprint})).at == NOW


def test_a_weak_hash_names_no_bytes():
    imprint = ts._Imprint(algorithm=oid("1.3.14.3.2.26"), digest=hashlib.sha1(SIGNATURE).digest())
    refused(Malformed, "hash algorithm 1.3.14.3.2.26 is not supported", info={"imprint": imprint})


def test_other_bytes_are_a_mismatch_before_anybody_is_asked():
    with pytest.raises(DigestMismatch):
        verify(stamp(PARTY, SIGNATURE, NOW), signature=b"other")
    with pytest.raises(DigestMismatch):
        verify_timestamp(parse_response(stamp(PARTY, SIGNATURE, NOW)), b"other", ())


# --- how exact it is


@pytest.mark.parametrize(
    ("parts", "policy", "accuracy", "at"),
    [
        (None, None, 0, NOW),
        ((2, None, None), None, 2, NOW + 2),
        ((None, 500, None), None, 0.5, NOW + 1),
        ((None, None, 250), None, 0.00025, NOW + 1),
        ((1, 500, 500), None, 1.5005, NOW + 2),
        (None, BASELINE, 1, NOW + 1),
        ((3, None, None), BASELINE, 3, NOW + 3),
        ((86400, 86400, 86400), None, 86400 + 86.4 + 0.0864, NOW + 86487),
    ],
)
def test_the_time_by_which_it_existed_is_the_latest_that_the_authority_allows(parts, policy, accuracy, at):
    info = {"accuracy": ts._Accuracy(seconds=parts[0], millis=parts[1], micros=parts[2]) if parts else None}
    info |= {"policy": policy} if policy else {}
    found = verify(stamp(PARTY, SIGNATURE, NOW, info=info))
    assert found.accuracy == pytest.approx(accuracy)
    assert found.at == at


@pytest.mark.parametrize(
    "parts", [(86401, None, None), (None, 86401, None), (None, None, 86401), (-1, None, None), (None, -1, None)]
)
def test_an_absurd_accuracy_is_refused(parts):
    accuracy = ts._Accuracy(seconds=parts[0], millis=parts[1], micros=parts[2])
    refused(Malformed, "absurd accuracy", info={"accuracy": accuracy})


# --- what it is


@pytest.mark.parametrize(("info", "match"), [({"version": 2}, "version 2, not 1"), ({"version": 0}, "version 0, not 1")])
def test_another_version_is_refused(info, match):
    refused(Malformed, match, info=info)


@pytest.mark.parametrize("critical", [False, True])
def test_an_extension_that_is_not_known_is_refused_where_it_is_critical(critical):
    item = ts._Extension(kind=x509.ObjectIdentifier("1.2.3"), critical=critical, value=b"x")
    if critical:
        refused(Malformed, "critical extension", info={"extensions": [item]})
    else:
        assert verify(stamp(PARTY, SIGNATURE, NOW, info={"extensions": [item]})).at == NOW


@pytest.mark.parametrize("status", [0, 1, 2, 3, -1])
def test_only_what_was_granted_counts(status):
    response = asn1.decode_der(ts._Response, stamp(PARTY, SIGNATURE, NOW))
    data = asn1.encode_der(ts._Response(status=ts._Status(status=status, text=None, failure=None), token=response.token))
    if status in (0, 1):
        assert verify(data).at == NOW
    else:
        with pytest.raises(Malformed, match="was not granted"):
            verify(data)


@pytest.mark.parametrize("which", ["outer", "inner"])
def test_a_token_that_holds_something_else_is_none(which):
    token = asn1.decode_der(ts._Response, stamp(PARTY, SIGNATURE, NOW)).token
    data, other = token.data, x509.ObjectIdentifier("1.2.840.113549.1.7.1")
    if which == "inner":
        content = cms.EncapsulatedContent(kind=other, content=data.content.content)
        data = cms.SignedData(
            version=data.version,
            digest_algorithms=data.digest_algorithms,
            content=content,
            certificates=data.certificates,
            revocations=None,
            signers=data.signers,
        )
    changed = cms.ContentInfo(kind=other if which == "outer" else token.kind, data=data)
    with pytest.raises(Malformed, match="the token holds something else"):
        parse_token(asn1.encode_der(changed))


def test_an_answer_may_be_as_large_as_the_limit_says_and_no_larger():
    with pytest.raises(Malformed) as caught:
        parse_response(b"\0" * MAX_TOKEN_SIZE)
    assert not isinstance(caught.value, LimitExceeded)
    with pytest.raises(LimitExceeded):
        parse_response(b"\0" * (MAX_TOKEN_SIZE + 1))


# --- which certificate signed


def named_by(kind, value):
    return cms.Attribute(kind=kind, values=asn1.SetOf([tlv(value)]))


def newer(digest, algorithm=None, *, count=1):
    one = ts._CertIdV2(algorithm=algorithm, digest=digest, issuer_serial=None)
    return named_by(SIGNING_CERTIFICATE_V2, ts._SigningCertificateV2(certificates=[one] * count, policies=None))


def older(digest, *, count=1):
    one = ts._CertId(digest=digest, issuer_serial=None)
    return named_by(SIGNING_CERTIFICATE, ts._SigningCertificate(certificates=[one] * count, policies=None))


SHA1 = hashlib.sha1(PARTY.der).digest()
SHA256 = hashlib.sha256(PARTY.der).digest()
SHA384 = hashlib.sha384(PARTY.der).digest()


@pytest.mark.parametrize(
    "names",
    [
        [newer(SHA256)],
        [newer(SHA256, oid(SHA["sha256"]))],
        [newer(SHA384, oid(SHA["sha384"]))],
        [older(SHA1)],
        [newer(SHA256), older(b"x" * 20)],
        [newer(SHA256, count=2)],
    ],
)
def test_the_signer_is_the_certificate_that_the_signed_attributes_name(names):
    assert verify(stamp(PARTY, SIGNATURE, NOW, names=names)).chain[0] == PARTY.certificate


@pytest.mark.parametrize(
    "names",
    [
        [newer(b"x" * 32)],
        [newer(SHA256, oid(SHA["sha384"]))],
        [newer(SHA384)],
        [newer(b"", count=0)],
        [older(b"x" * 20)],
        [older(b"", count=0)],
        [newer(b"x" * 32), older(SHA1)],
    ],
)
def test_a_token_that_names_another_certificate_is_by_nobody(names):
    refused(Untrusted, "by no authority that is trusted", names=names)


def test_a_token_that_names_no_certificate_is_malformed():
    refused(Malformed, "do not name the signer's certificate", names=[])


def test_an_attribute_that_stands_twice_is_malformed():
    refused(Malformed, "not there exactly once", names=[newer(SHA256), newer(SHA256, count=2)])
    two = cms.Attribute(kind=SIGNING_CERTIFICATE_V2, values=asn1.SetOf([tlv(b"\x30\x00"), tlv(b"\x30\x02\x05\x00")]))
    refused(Malformed, "not there exactly once", names=[two])


@pytest.mark.parametrize("what", ["serial", "issuer"])
def test_the_signer_s_name_and_number_count_beside_the_hash(what):
    right = asn1.decode_der(ts._Response, stamp(PARTY, SIGNATURE, NOW)).token.data.signers.as_list()[0].signer
    other = asn1.decode_der(ts._Response, stamp(make("Other", extensions=[STAMP]), SIGNATURE, NOW)).token.data
    wrong = cms.IssuerAndSerial(
        issuer=other.signers.as_list()[0].signer.issuer if what == "issuer" else right.issuer,
        serial=right.serial + 1 if what == "serial" else right.serial,
    )
    refused(Untrusted, "by no authority that is trusted", signer={"signer": wrong})


def test_a_token_without_its_certificate_is_read_with_a_known_one_alone():
    bare = stamp(PARTY, SIGNATURE, NOW, embed=False)
    with pytest.raises(Untrusted):
        verify(bare)
    assert verify(bare, authority(signer=PARTY.certificate)).at == NOW
    with pytest.raises(Untrusted):
        verify(stamp(PARTY, SIGNATURE, NOW), authority(signer=ROOT.issue("Other", extensions=[STAMP]).certificate))


# --- how it was signed

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SIGNERS = {
    "ecdsa-256": (PARTY, "1.2.840.10045.4.3.2", lambda key, data: key.sign(data, ec.ECDSA(hashes.SHA256()))),
    "ecdsa-384": (PARTY, "1.2.840.10045.4.3.3", lambda key, data: key.sign(data, ec.ECDSA(hashes.SHA384()))),
    "ecdsa-512": (PARTY, "1.2.840.10045.4.3.4", lambda key, data: key.sign(data, ec.ECDSA(hashes.SHA512()))),
    "rsa-256": (None, "1.2.840.113549.1.1.11", lambda key, data: key.sign(data, padding.PKCS1v15(), hashes.SHA256())),
    "rsa-384": (None, "1.2.840.113549.1.1.12", lambda key, data: key.sign(data, padding.PKCS1v15(), hashes.SHA384())),
    "rsa-512": (None, "1.2.840.113549.1.1.13", lambda key, data: key.sign(data, padding.PKCS1v15(), hashes.SHA512())),
    "rsa plain": (None, "1.2.840.113549.1.1.1", lambda key, data: key.sign(data, padding.PKCS1v15(), hashes.SHA256())),
    "ed25519": ("ed25519", "1.3.101.112", lambda key, data: key.sign(data)),
}
BY_KEY = {
    None: ROOT.issue("RSA", key=RSA_KEY, extensions=[STAMP]),
    "ed25519": ROOT.issue("Ed25519", key=ed25519.Ed25519PrivateKey.generate(), extensions=[STAMP]),
}


def signed_as(name, *, stated="", **more):
    party, algorithm, make_signature = SIGNERS[name]
    by = BY_KEY.get(party, party) if not hasattr(party, "der") else party
    changes = {"signature_algorithm": oid(stated or algorithm), **more}
    return stamp(by, SIGNATURE, NOW, signer=changes, attest=lambda message: make_signature(by.key, message))


@pytest.mark.parametrize("name", SIGNERS)
def test_each_kind_of_key_signs_with_its_own_algorithms(name):
    assert verify(signed_as(name)).at == NOW


@pytest.mark.parametrize("name", SIGNERS)
@pytest.mark.parametrize(
    "stated", ["1.2.840.10045.4.3.2", "1.2.840.113549.1.1.11", "1.3.101.112", "1.2.840.113549.1.1.5", "1.2.3"]
)
def test_no_key_signs_with_another_kind_s_algorithm(name, stated):
    if SIGNERS[name][1] == stated or (name == "rsa plain" and stated == "1.2.840.113549.1.1.11"):
        return  # its own
    with pytest.raises((Malformed, SignatureInvalid)):
        verify(signed_as(name, stated=stated))


def test_a_signature_by_another_key_is_invalid():
    other = ec.generate_private_key(ec.SECP256R1())
    refused(SignatureInvalid, "does not verify", attest=lambda data: other.sign(data, ec.ECDSA(hashes.SHA256())))


def attributes(*, kind=None, digest=None, leave_out=()):
    data = asn1.decode_der(ts._Response, stamp(PARTY, SIGNATURE, NOW)).token.data
    content = data.content
    own = [
        (cms.CONTENT_TYPE, kind or content.kind),
        (cms.MESSAGE_DIGEST, asn1.encode_der(digest or hashlib.sha256(content.content).digest())),
    ]
    found = [cms.Attribute(kind=name, values=asn1.SetOf([tlv(value)])) for name, value in own if name not in leave_out]
    return asn1.SetOf(sorted([*found, newer(SHA256)], key=asn1.encode_der))


def with_attributes(signed):
    signature = PARTY.key.sign(asn1.encode_der(signed), ec.ECDSA(hashes.SHA256()))
    return stamp(PARTY, SIGNATURE, NOW, signer={"signed_attributes": signed, "signature": signature})


def test_signed_attributes_bind_the_content_and_its_type():
    assert verify(with_attributes(attributes())).at == NOW
    for changes in ({"kind": x509.ObjectIdentifier("1.2.840.113549.1.7.1")}, {"digest": b"x" * 32}):
        with pytest.raises(SignatureInvalid, match="the content is not the one that was signed"):
            verify(with_attributes(attributes(**changes)))


@pytest.mark.parametrize("name", [cms.CONTENT_TYPE, cms.MESSAGE_DIGEST])
def test_signed_attributes_name_both_content_type_and_digest(name):
    with pytest.raises(Malformed, match="neither content type nor digest"):
        verify(with_attributes(attributes(leave_out=[name])))


def test_a_token_without_signed_attributes_is_malformed():
    with pytest.raises(Malformed):
        verify(stamp(PARTY, SIGNATURE, NOW, signer={"signed_attributes": None}))


# --- whether the authority is one, and was then


@pytest.mark.parametrize(
    ("window", "good"),
    [((NOW, NOW), True), ((NOW + 1, None), False), ((0, NOW - 1), False), ((NOW, None), True), ((0, NOW), True)],
)
def test_an_authority_is_trusted_within_both_ends_of_its_window(window, good):
    data = stamp(PARTY, SIGNATURE, NOW)
    if good:
        assert verify(data, authority(window=window)).at == NOW
    else:
        with pytest.raises(Expired, match="was not trusted at the time that it states"):
            verify(data, authority(window=window))


@pytest.mark.parametrize(("at", "good"), [(NOW - 10, True), (NOW + 10, True), (NOW - 11, False), (NOW + 11, False)])
def test_the_signer_s_certificate_counts_within_both_its_ends(at, good):
    brief = ROOT.issue("Brief", extensions=[STAMP], born=NOW - 10, died=NOW + 10)
    if good:
        assert verify(stamp(brief, SIGNATURE, at)).at == at
    else:
        with pytest.raises(Expired, match="was not valid at"):
            verify(stamp(brief, SIGNATURE, at))


def test_a_certificate_that_is_not_for_time_stamping_is_untrusted():
    refused(Untrusted, "is not for time stamping", by=ROOT.issue("Plain"))


def test_that_one_was_an_authority_then_is_said_before_that_others_never_were():
    data = stamp(PARTY, SIGNATURE, NOW)
    late, stranger = authority(window=(NOW + 1, None)), authority("b", root=make("Other", ca=True))
    for order in ((late, stranger), (stranger, late)):
        with pytest.raises(Expired):
            verify(data, *order)
    assert verify(data, late, stranger, authority("c")).operator == "c"


# --- several


def tokens(*times, by=PARTY):
    return [parse_response(stamp(by, SIGNATURE, at)) for at in times]


def test_of_one_operator_the_earliest_time_counts_in_whatever_order():
    for times in ((NOW, NOW + 5), (NOW + 5, NOW)):
        (found,) = verify_timestamps(tokens(*times), SIGNATURE, (authority(),))
        assert found.at == NOW


def test_two_operators_are_two_times():
    root = make("Other", ca=True)
    other = root.issue("Stamper", extensions=[STAMP])
    found = verify_timestamps([*tokens(NOW), *tokens(NOW + 1, by=other)], SIGNATURE, (authority(), authority("b", root=root)))
    assert [(one.operator, one.at) for one in found] == [("a", NOW), ("b", NOW + 1)]


def test_as_many_tokens_as_the_limit_says_are_read_and_more_are_refused():
    (one,) = tokens(NOW)
    assert len(verify_timestamps([one] * MAX_TIMESTAMPS, SIGNATURE, (authority(),))) == 1
    with pytest.raises(LimitExceeded):
        verify_timestamps([one] * (MAX_TIMESTAMPS + 1), SIGNATURE, (authority(),))


def test_what_nobody_vouches_for_is_raised_only_where_nobody_else_does():
    stranger = make("Strange", extensions=[STAMP])
    assert [one.at for one in verify_timestamps([*tokens(NOW, by=stranger), *tokens(NOW)], SIGNATURE, (authority(),))] == [NOW]
    with pytest.raises(Untrusted):
        verify_timestamps(tokens(NOW, by=stranger), SIGNATURE, (authority(),))
    assert verify_timestamps([], SIGNATURE, (authority(),)) == ()


def test_the_first_whole_second_is_never_before_the_time():
    base = Timestamp(time=NOW + 0.25, accuracy=0.5, operator="a", chain=())
    assert base.at == NOW + 1
    assert dataclasses.replace(base, accuracy=0.75).at == NOW + 1
    assert dataclasses.replace(base, accuracy=0.76).at == NOW + 2


# --- what is only seen from outside


@asn1.sequence
class _Bare:
    """An extension as it is written when it is not critical: the member is left out (X.690 §11.5)."""

    kind: x509.ObjectIdentifier
    value: bytes


@asn1.sequence
class _BareInfo:
    version: int
    policy: x509.ObjectIdentifier
    imprint: ts._Imprint
    serial: int
    time: asn1.GeneralizedTime
    extensions: Annotated[list[_Bare], asn1.Implicit(1)]


def test_an_extension_that_does_not_say_that_it_is_critical_is_not():
    time = asn1.GeneralizedTime(dt.datetime.fromtimestamp(NOW, dt.UTC))
    imprint = ts._Imprint(algorithm=oid(SHA["sha256"]), digest=hashlib.sha256(SIGNATURE).digest())
    bare = _BareInfo(
        version=1,
        policy=x509.ObjectIdentifier("1.2.3.4"),
        imprint=imprint,
        serial=7,
        time=time,
        extensions=[_Bare(kind=x509.ObjectIdentifier("1.2.3"), value=b"x")],
    )
    written = asn1.encode_der(bare)
    assert asn1.decode_der(ts._Info, written).extensions[0].critical is False


def test_an_intermediate_that_the_token_brings_leads_to_the_anchor():
    middle = ROOT.issue("Stamp Middle", ca=True)
    party = middle.issue("Stamper", extensions=[STAMP])
    found = verify(stamp(party, SIGNATURE, NOW, embed=[party, middle]))
    assert found.chain == (party.certificate, middle.certificate, ROOT.certificate)
    with pytest.raises(Untrusted):
        verify(stamp(party, SIGNATURE, NOW))
    assert verify(stamp(party, SIGNATURE, NOW), authority(intermediates=(middle.certificate,))).at == NOW


def test_of_two_tokens_that_prove_the_same_second_the_first_is_kept():
    (found,) = verify_timestamps(tokens(NOW + 0.25, NOW + 0.5), SIGNATURE, (authority(),))
    assert found.time == NOW + 0.25


def test_the_bare_token_is_the_end_of_the_answer():
    data = stamp(PARTY, SIGNATURE, NOW)
    token = token_in(data)
    assert data.endswith(token) and parse_token(token).time == NOW


def test_signed_data_without_signed_attributes_is_nobody_s():
    data = asn1.decode_der(ts._Response, stamp(PARTY, SIGNATURE, NOW, signer={"signed_attributes": None})).token.data
    with pytest.raises(Malformed, match="signed data without signed attributes"):
        cms.verify_signer(data, PARTY.certificate)


@pytest.mark.parametrize("name", [cms.CONTENT_TYPE, cms.MESSAGE_DIGEST])
def test_an_attribute_of_another_type_than_its_kind_has_cannot_be_read(name):
    good = attributes(leave_out=[name]).as_list()
    odd = cms.Attribute(kind=name, values=asn1.SetOf([tlv(asn1.encode_der(5))]))
    with pytest.raises(Malformed, match="whose content type or digest cannot be read"):
        verify(with_attributes(asn1.SetOf(sorted([*good, odd], key=asn1.encode_der))))


def test_an_attribute_that_names_the_certificate_in_no_way_that_is_read_is_malformed():
    for kind in (SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2):
        refused(Malformed, "signed attributes cannot be read", names=[named_by(kind, asn1.encode_der(5))])


def test_what_is_no_timestamp_says_what_the_reader_says_of_it():
    with pytest.raises(
        Malformed, match=r"not a timestamp in DER: error parsing asn1 value|not a timestamp in DER: (?!unreadable)\w"
    ):
        parse_response(b"\x30\x00")
