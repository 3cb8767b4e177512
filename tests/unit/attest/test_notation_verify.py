import contextlib
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from notary import ACME, AT, DIED, KEYS, STAMP, TARGET, causes, check, name, signed, statement, team
from notation_lists import LIST, crl, lists_at, revoked
from pki import CA_USAGE, CODE, Stamper, make

from pratique.attest.notation import (
    COSE,
    JWS,
    MEDIA_TYPES,
    Scheme,
    TrustStores,
    countersign,
    parse_certificates,
    parse_envelope,
    sign,
    verify,
)
from pratique.attest.notation.policy import AUDIT, PERMISSIVE, SKIP, Action, CheckKind, Level, Timestamps
from pratique.attest.notation.sign import render_envelope
from pratique.attest.notation.verify import parse_target
from pratique.attest.timestamp import parse_token, token_in
from pratique.errors import Malformed, PratiqueError, Untrusted
from pratique.model.digest import Digest
from pratique.model.verdict import Cause

DATA = Path(__file__).resolve().parents[2] / "data" / "notation" / "timestamps"
DAY = 86_400


@pytest.fixture(scope="module")
def acme():
    return team()


@pytest.fixture(scope="module")
def stamper(tmp_path_factory):
    return Stamper.start(tmp_path_factory.mktemp("tsa"))


def stamped(stamper, data, media_type, **options):
    """The envelope with a token that openssl made over its signature, now."""
    response = stamper.stamp(parse_envelope(data, media_type).signature, **options)
    return countersign(data, media_type, token_in(response))


def test_who_signed_is_named_with_the_store_that_vouches_for_it(acme):
    verification = check(signed(acme), acme)
    signer = verification.signed.signer
    assert (signer.name, signer.store) == ("CN=builder,O=acme.example,ST=WA,C=US", "ca:acme")
    assert signer.thumbprint == acme.leaf.certificate.fingerprint(hashes.SHA256()).hex()
    assert verification.signed.times == ()
    assert verification.target == TARGET
    assert [str(item.kind) for item in verification.checks] == [
        "integrity",
        "authenticity",
        "expiry",
        "authenticTimestamp",
        "revocation",
    ]
    assert "builder" in verification.detail


def test_a_signature_about_another_artifact_is_a_mismatch(acme):
    data = signed(acme)
    for other in (
        replace(TARGET, digest=Digest.of(b"other")),
        replace(TARGET, size=6),
        replace(TARGET, media_type="application/vnd.oci.image.index.v1+json"),
    ):
        verification = check(data, acme, target=other)
        assert (verification.cause, verification.signed) == ("mismatch", None)
        assert verification.target == TARGET


def test_a_chain_that_leads_to_no_trusted_store_is_untrusted(acme):
    stranger = team()
    for stores, names in [
        (TrustStores(certificates={}), ("ca:acme",)),
        (stranger.stores, ("ca:acme",)),
        (TrustStores(certificates={"ca:acme": ()}), ("ca:acme",)),
        (TrustStores(certificates={"ca:other": (acme.root.der,)}), ("ca:acme",)),
        (TrustStores(certificates={"tsa:acme": (acme.root.der,)}), ("tsa:acme",)),
        (TrustStores(certificates={"signingAuthority:acme": (acme.root.der,)}), ("signingAuthority:acme",)),
    ]:
        verification = check(signed(acme), acme, stores=stores, stores_named=names)
        assert (causes(verification)["authenticity"], verification.signed) == ("untrusted", None)


def test_a_pinned_certificate_anywhere_in_the_chain_is_trust(acme):
    for party in (acme.leaf, acme.middle, acme.root):
        assert check(signed(acme), acme, stores=TrustStores(certificates={"ca:acme": (party.der,)})).cause == "none"


def test_a_store_of_signing_authorities_never_vouches_for_a_signer_nor_the_other_way_round(acme):
    both = TrustStores(certificates={"ca:acme": (acme.root.der,), "signingAuthority:acme": (acme.root.der,)})
    for scheme, right, wrong in [
        (Scheme.X509, "ca:acme", "signingAuthority:acme"),
        (Scheme.AUTHORITY, "signingAuthority:acme", "ca:acme"),
    ]:
        data = signed(acme, scheme=scheme)
        assert check(data, acme, stores=both, stores_named=(right,)).signed.signer.store == right
        assert check(data, acme, stores=both, stores_named=(wrong,)).cause == "untrusted"


def test_identities_are_attributes_of_the_subject_and_not_text(acme):
    for identity, wanted in [
        ({"C": "US", "ST": "WA", "O": "acme.example"}, "none"),
        ({"O": "acme.example", "CN": "builder", "ST": "WA", "C": "US"}, "none"),
        ({"C": "US", "ST": "WA", "O": "acme"}, "untrusted"),
        ({"C": "US", "ST": "WA", "O": "acme.example", "CN": "build"}, "untrusted"),
        ({"C": "US", "ST": "WA", "O": "acme.example", "L": "Seattle"}, "untrusted"),
    ]:
        verification = check(signed(acme), acme, identities=(identity,))
        assert (verification.cause, verification.signed is None) == (wanted, wanted != "none")
    assert check(signed(acme), acme, identities=()).cause == "untrusted"


@pytest.mark.parametrize(
    "subject",
    [
        name(("C", "US"), ("ST", "WA"), ("O", "evil.example"), ("CN", "x, O=acme.example")),
        name(("C", "US"), ("ST", "WA"), ("O", "evil.example"), ("O", "acme.example")),
        x509.Name(
            [
                x509.RelativeDistinguishedName([x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "US")]),
                x509.RelativeDistinguishedName([x509.NameAttribute(x509.NameOID.STATE_OR_PROVINCE_NAME, "WA")]),
                x509.RelativeDistinguishedName(
                    [
                        x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "acme.example"),
                        x509.NameAttribute(x509.NameOID.COMMON_NAME, "x"),
                    ]
                ),
            ]
        ),
    ],
    ids=["text that looks like it", "twice", "joined"],
)
def test_a_subject_that_only_looks_like_a_trusted_identity_is_none(subject):
    evil = team(subject=subject)
    identity = {"C": "US", "ST": "WA", "O": "acme.example"}
    assert check(signed(evil), evil, identities=(identity,)).cause == "untrusted"
    assert check(signed(evil), evil).cause == "none"


def test_a_signature_expires_in_the_second_that_its_signer_said(acme):
    data = signed(acme, expiry=AT + 60)
    assert check(data, acme, at=AT + 59).cause == "none"
    verification = check(data, acme, at=AT + 60)
    assert (verification.cause, causes(verification)) == ("expired", {"expiry": "expired"})


def test_certificates_must_be_valid_when_no_time_is_proven_both_ends_included():
    acme = team(born=AT - 10, died=AT + 10)
    data = signed(acme)
    for at, wanted in [(AT - 11, "expired"), (AT - 10, "none"), (AT + 10, "none"), (AT + 11, "expired")]:
        assert check(data, acme, at=at).cause == wanted


def test_the_time_of_a_signing_authority_is_believed_after_its_certificate_expired():
    acme = team(born=AT - 10, died=AT + 10)
    stores = TrustStores(certificates={"signingAuthority:acme": (acme.root.der,)})
    data = signed(acme, scheme=Scheme.AUTHORITY)
    verification = check(data, acme, at=AT + DAY, stores=stores, stores_named=("signingAuthority:acme",))
    assert verification.cause == "none"
    assert [(time.at, time.operator) for time in verification.signed.times] == [(AT, "signingAuthority:acme")]
    verification = check(data, acme, at=AT + DAY, stores=stores, stores_named=("ca:acme",))
    assert (verification.cause, verification.signed) == ("untrusted", None)


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_a_countersigned_signature_outlives_its_certificate(stamper, media_type):
    import time

    now = int(time.time())
    acme = team(born=now - 600, died=now + 600)
    data = stamped(stamper, signed(acme, at=now, media_type=media_type), media_type)
    stores = TrustStores(certificates={"ca:acme": (acme.root.der,), "tsa:stamp": (stamper.root.der,)})
    later = now + 30 * DAY
    with_tsa = {"media_type": media_type, "stores": stores, "stores_named": ("ca:acme", "tsa:stamp")}
    verification = check(data, acme, at=later, **with_tsa)
    assert verification.cause == "none", verification.detail
    (proven,) = verification.signed.times
    assert (proven.source, proven.operator) == ("timestamp authority", "tsa:stamp")
    assert proven.at >= now
    assert check(data, acme, at=later, timestamps=Timestamps.AFTER_EXPIRY, **with_tsa).cause == "none"
    # Without a store of timestamp authorities the token proves nothing.
    assert check(data, acme, at=later, media_type=media_type, stores=stores).cause == "expired"
    # Another authority's root, and none at all.
    for roots in ((make("Other", ca=True).der,), ()):
        other = TrustStores(certificates={"ca:acme": (acme.root.der,), "tsa:stamp": roots})
        assert (
            check(data, acme, at=now, media_type=media_type, stores=other, stores_named=("ca:acme", "tsa:stamp")).cause
            == "untrusted"
        )
    # A token over another signature.
    token = parse_envelope(data, media_type).timestamp
    other = parse_envelope(signed(acme, at=now, media_type=media_type, expiry=now + DAY), media_type)
    assert check(render_envelope(replace(other, timestamp=token)), acme, at=now, **with_tsa).cause == "invalid"


def test_a_timestamp_store_demands_a_timestamp_unless_only_after_expiry(acme, stamper):
    stores = TrustStores(certificates={"ca:acme": (acme.root.der,), "tsa:stamp": (stamper.root.der,)})
    named = {"stores": stores, "stores_named": ("ca:acme", "tsa:stamp")}
    assert check(signed(acme), acme, **named).cause == "expired"
    assert check(signed(acme), acme, timestamps=Timestamps.AFTER_EXPIRY, **named).cause == "none"
    assert check(signed(acme), acme, at=DIED + 1, timestamps=Timestamps.AFTER_EXPIRY, **named).cause == "expired"


def test_a_timestamp_that_is_not_demanded_proves_a_time_when_it_is_there_and_trusted(stamper):
    import time

    now = int(time.time())
    acme = team(born=now - 600, died=now + 600)
    plain = signed(acme, at=now)
    data = stamped(stamper, plain, JWS)
    stores = TrustStores(certificates={"ca:acme": (acme.root.der,), "tsa:stamp": (stamper.root.der,)})
    strangers = TrustStores(certificates={"ca:acme": (acme.root.der,), "tsa:stamp": (make("Other", ca=True).der,)})
    options = {"stores_named": ("ca:acme", "tsa:stamp"), "timestamps": Timestamps.WHEN_PRESENT}
    for envelope, known, at, cause, times in [
        (plain, stores, now, "none", 0),
        (plain, stores, now + DAY, "expired", 0),
        (data, stores, now, "none", 1),
        (data, stores, now + DAY, "none", 1),
        (data, strangers, now, "none", 0),
        (data, strangers, now + DAY, "expired", 0),
    ]:
        verification = check(envelope, acme, at=at, stores=known, **options)
        assert (verification.cause, len(verification.signed.times)) == (cause, times), verification.detail
    token = parse_envelope(data, JWS).timestamp
    broken = render_envelope(replace(parse_envelope(plain, JWS), timestamp=token[:-1] + bytes([token[-1] ^ 1])))
    assert check(broken, acme, at=now, stores=stores, **options).cause == "invalid"


def test_a_timestamp_from_outside_the_certificates_validity_proves_that_it_was_invalid(stamper):
    future = team(born=AT - 10, died=AT + 10)
    data = stamped(stamper, signed(future), JWS)
    stores = TrustStores(certificates={"ca:acme": (future.root.der,), "tsa:stamp": (stamper.root.der,)})
    verification = check(data, future, stores=stores, stores_named=("ca:acme", "tsa:stamp"))
    assert (verification.cause, "not valid yet" in verification.detail) == ("expired", True)


def test_an_authority_whose_certificate_is_for_other_things_too_stamps_nothing(tmp_path):
    import time

    now = int(time.time())
    root = make("Stamp Root", ca=True)
    acme = team()
    for options in (
        {"usage": False},
        {"key": ec.generate_private_key(ec.SECP256K1())},
    ):
        signer = root.issue("Stamp Signer", **{"extensions": [STAMP], **options})
        stamper = Stamper.start(tmp_path / str(len(list(tmp_path.iterdir()))), root, signer)
        data = stamped(stamper, signed(acme, at=now), JWS)
        stores = TrustStores(certificates={"ca:acme": (acme.root.der,), "tsa:stamp": (root.der,)})
        assert check(data, acme, at=now, stores=stores, stores_named=("ca:acme", "tsa:stamp")).cause == "untrusted"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"usage": False}, "does not say"),
        ({"usage": CA_USAGE}, "not for digital signatures"),
        ({"usage": x509.KeyUsage(True, False, True, False, False, False, False, False, False)}, "more than digital"),
        ({"usage": x509.KeyUsage(True, False, False, False, False, True, False, False, False)}, "more than digital"),
        ({"extensions": [(x509.BasicConstraints(True, None), True)]}, "is a CA's"),
        ({"extensions": [STAMP]}, "other things"),
        ({"extensions": [(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH]), False)]}, "other things"),
        ({"extensions": [(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]), False)]}, "other things"),
    ],
)
def test_certificates_that_are_not_for_signing_code_sign_none(acme, options, words):
    leaf = acme.middle.issue("leaf", subject=ACME, **options)
    with pytest.raises(Untrusted, match=words):
        sign(TARGET, sign=acme.sign, chain=(leaf.der, *acme.chain[1:]), at=AT)


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 1024),
        rsa.generate_private_key(65537, 2056),
        ec.generate_private_key(ec.SECP224R1()),
        ec.generate_private_key(ec.SECP256K1()),
        ec.generate_private_key(ec.BrainpoolP256R1()),
        ed25519.Ed25519PrivateKey.generate(),
    ],
    ids=lambda key: type(key).__name__,
)
def test_keys_that_the_specification_does_not_list_sign_nothing(acme, key):
    leaf = acme.middle.issue("leaf", subject=ACME, key=key)
    with pytest.raises(Untrusted, match="key"):
        sign(TARGET, sign=acme.sign, chain=(leaf.der, *acme.chain[1:]), at=AT)


def test_code_signing_as_purpose_and_a_self_signed_certificate_are_accepted():
    acme = team(extensions=[CODE])
    assert check(signed(acme), acme).cause == "none"
    key = KEYS["ES256"]()
    alone = make("alone", subject=ACME, key=key)
    from notary import signing_function

    data = sign(TARGET, sign=signing_function(key), chain=(alone.der,), at=AT)
    assert check(data, acme, stores=TrustStores(certificates={"ca:acme": (alone.der,)})).cause == "none"


def test_a_chain_must_be_complete_in_order_and_of_authorities(acme):
    root, middle, leaf = acme.root, acme.middle, acme.leaf
    stranger = make("Root", ca=True)
    shallow = make("Root", ca=True, path_length=0)
    deep = shallow.issue("Middle", ca=True)
    soft = make("Root", ca=True, extensions=()).issue(
        "Middle", usage=CA_USAGE, extensions=[(x509.BasicConstraints(True, None), False)]
    )
    uncritical = make("Root", usage=False, extensions=[(x509.BasicConstraints(True, None), True), (CA_USAGE, False)])
    weak = make("Root", ca=True, key=rsa.generate_private_key(65537, 1024))

    def under(issuer):
        return issuer.issue("leaf", subject=ACME, key=leaf.key)

    for chain in (
        (leaf, middle),
        (leaf, root),
        (leaf, root, middle),
        (middle, leaf, root),
        (leaf, middle, root, stranger),
        (leaf, middle, root, root),
        (leaf, leaf, middle, root),
        (leaf, middle, stranger),
        (leaf,),
        (root,),
        (under(deep), deep, shallow),
        (under(leaf), leaf, middle, root),
        (under(soft), soft, root),
        (under(uncritical), uncritical),
        (under(weak), weak),
    ):
        with pytest.raises(PratiqueError):
            sign(TARGET, sign=acme.sign, chain=[party.der for party in chain], at=AT)


def test_levels_decide_which_failures_count_and_never_who_signed(acme):
    stranger = team()
    old = signed(stranger, expiry=AT + 1)
    for level, wanted in [(PERMISSIVE, "untrusted"), (AUDIT, "none")]:
        verification = check(old, acme, at=AT + 2, level=level)
        assert (verification.cause, verification.signed) == (wanted, None)
        assert causes(verification) == {"authenticity": "untrusted", "expiry": "expired", "revocation": "unreachable"}
    late = signed(acme, expiry=AT + 1)
    verification = check(late, acme, at=AT + 2, level=PERMISSIVE)
    assert (verification.cause, verification.signed.signer.store) == ("none", "ca:acme")
    assert check(late.replace(b'"payload":"', b'"payload":"AAAA'), acme, level=AUDIT).cause == "invalid"
    assert check(late, acme, target=replace(TARGET, size=6), level=AUDIT).cause == "mismatch"
    skipped = check(b"anything", acme, level=SKIP)
    assert (skipped.cause, skipped.signed, skipped.detail) == ("none", None, "accepted without a proven signer")


# Flipping bits -----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def everything(stamper):
    """Envelopes in both encodings with all that an envelope may hold, and who verifies them."""
    import time

    now = int(time.time())
    acme = team(born=now - 600, died=now + 600)
    stores = TrustStores(certificates={"ca:acme": (acme.root.der,), "tsa:stamp": (stamper.root.der,)})
    envelopes = {kind: stamped(stamper, signed(acme, at=now, media_type=kind, expiry=now + DAY), kind) for kind in MEDIA_TYPES}
    return acme, stores, envelopes, now


@settings(max_examples=600, deadline=None)
@given(media_type=st.sampled_from(MEDIA_TYPES), where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_flipping_any_bit_of_an_envelope_fails_with_the_right_cause(everything, media_type, where, bit):
    acme, stores, envelopes, now = everything
    data = bytearray(envelopes[media_type])
    data[int(where * len(data))] ^= 1 << bit
    options = {"media_type": media_type, "at": now, "stores": stores, "stores_named": ("ca:acme", "tsa:stamp")}
    verification, untouched = check(bytes(data), acme, **options), check(envelopes[media_type], acme, **options)
    if verification.cause is Cause.NONE:
        # In the token beside the signature: certificates that come with it and that nothing is verified under.
        good, flipped = parse_envelope(envelopes[media_type], media_type), parse_envelope(bytes(data), media_type)
        assert replace(flipped, timestamp=good.timestamp) == good
        assert verification == untouched
        return
    if verification.cause is Cause.EXPIRED:  # the name of the header that holds the token became another
        assert not parse_envelope(bytes(data), media_type).timestamp
        return
    # Broken bytes are invalid. A certificate is beyond the signature's reach: it may become one that is not fit to sign, and a
    # length may pass its limit.
    assert verification.cause in (Cause.INVALID, Cause.UNTRUSTED, Cause.UNREADABLE), verification.detail
    if verification.signed is not None:  # then the token is what broke
        assert set(causes(verification)) == {"authenticTimestamp"}


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_flipping_any_bit_of_message_or_signature_is_invalid(everything, media_type):
    acme, _stores, envelopes, _now = everything
    envelope = parse_envelope(envelopes[media_type], media_type)
    from pratique.attest.notation.algorithms import verify_signature

    key = acme.leaf.certificate.public_key()
    verify_signature(key, envelope.signature, envelope.message)
    for message, signature in (
        *((flip(envelope.message, at), envelope.signature) for at in range(0, 8 * len(envelope.message), 7)),
        *((envelope.message, flip(envelope.signature, at)) for at in range(8 * len(envelope.signature))),
    ):
        with pytest.raises(PratiqueError) as refusal:
            verify_signature(key, signature, message)
        assert type(refusal.value).__name__ == "SignatureInvalid"


def flip(data, bit):
    out = bytearray(data)
    out[bit // 8] ^= 1 << bit % 8
    return bytes(out)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_a_payload_of_any_bytes_is_a_target_or_malformed(data):
    for payload in (data, b'{"targetArtifact":' + data + b"}"):
        with contextlib.suppress(Malformed):
            parse_target(payload)


# What notation itself made -----------------------------------------------------------------------------------------------------


def from_notation(file, *, at, tsa="globalsignRoot.cer", answers=None):
    data = (DATA / file).read_bytes()
    media_type = JWS if data[:1] == b"{" else COSE
    target = parse_target(parse_envelope(data, media_type).payload)
    chain = parse_envelope(data, media_type).chain
    stores = {"ca:notation": chain[-1:]}
    if tsa:
        stores["tsa:stamp"] = parse_certificates((DATA / tsa).read_bytes(), tsa)
    return verify(
        data,
        media_type,
        digest=target.digest,
        size=target.size,
        artifact_type=target.media_type,
        statement=statement(stores=tuple(stores)),
        stores=TrustStores(certificates=stores),
        at=at,
        answers=answers or {},
    )


@pytest.mark.parametrize("file", ["jwsExpiredWithTimestamp.sig", "coseExpiredWithTimestamp.sig"])
def test_signatures_by_notation_countersigned_by_globalsign_outlive_their_ten_minute_certificate(file):
    verification = from_notation(file, at=AT)
    # All holds but what GlobalSign's revocation servers would have to be asked, and they are named.
    assert causes(verification) == {"authenticTimestamp": "unreachable"}
    assert verification.signed.signer.name == "CN=testTSA,O=Notary,L=Seattle,ST=WA,C=US"
    assert all("globalsign" in url for url in verification.wanted)
    assert verification.wanted
    assert causes(from_notation(file, at=AT, tsa=None)) == {"authenticTimestamp": "expired"}


@pytest.mark.parametrize(
    ("file", "tsa", "wanted"),
    [
        ("jwsWithTimestamp.sig", "globalsignRoot.cer", "unreachable"),
        ("coseWithTimestamp.sig", "globalsignRoot.cer", "unreachable"),
        ("jwsWithTimestamp.sig", "DigiCertTSARootSHA384.cer", "untrusted"),
        ("jwsWithTimestamp.sig", None, "none"),
        ("withoutTimestamp.sig", "globalsignRoot.cer", "expired"),
        ("withoutTimestamp.sig", None, "none"),
        ("timestampBeforeNotBefore.sig", "globalsignRoot.cer", "expired"),
        ("timestampAfterNotAfter.sig", "globalsignRoot.cer", "expired"),
    ],
)
def test_other_signatures_by_notation_come_to_what_notation_says_of_them(file, tsa, wanted):
    verification = from_notation(file, at=AT, tsa=tsa)
    assert verification.cause == wanted, verification.detail
    assert verification.signed is not None


def test_absurd_dates_are_a_verdict():
    for born, died in [(0, 1), (AT, 253_402_300_799), (-600_000_000, -500_000_000)]:
        acme = team()
        odd = acme.middle.issue("leaf", subject=ACME, key=acme.leaf.key, born=born, died=died)
        acme.chain = (odd.der, *acme.chain[1:])
        from pratique.attest.notation.algorithms import BY_NAME, raw_signature
        from pratique.attest.notation.envelope import PAYLOAD_TYPE, Attributes, UnverifiedEnvelope
        from pratique.attest.notation.jws import jws_message
        from pratique.attest.notation.sign import render_envelope, render_target

        attributes = Attributes(content_type=PAYLOAD_TYPE, scheme=Scheme.X509, signing_time=AT)
        message = jws_message(BY_NAME["ES256"], attributes, render_target(TARGET))
        envelope = UnverifiedEnvelope(
            media_type=JWS,
            algorithm=BY_NAME["ES256"],
            attributes=attributes,
            payload=b"",
            message=message,
            signature=raw_signature(acme.sign(message), BY_NAME["ES256"]),
            chain=acme.chain,
        )
        for at in (0, AT, AT + 100 * 365 * DAY):
            assert check(render_envelope(envelope), acme, at=at).cause in ("expired", "none")


def test_a_timestamp_by_the_baseline_policy_is_accurate_to_a_second_without_saying_so(tmp_path):
    import time

    now = int(time.time())
    stamper = Stamper.start(tmp_path)
    config = (tmp_path / "ts.cnf").read_text()
    acme = team(born=now - 600, died=now + 600)
    stores = TrustStores(certificates={"ca:acme": (acme.root.der,), "tsa:stamp": (stamper.root.der,)})
    for policy, accuracy in (("0.4.0.2023.1.1", 1), ("1.2.3.4.1", 0)):
        (tmp_path / "ts.cnf").write_text(config.replace("1.2.3.4.1", policy).replace("accuracy = secs:1\n", ""))
        data = stamped(stamper, signed(acme, at=now), JWS)
        assert parse_token(parse_envelope(data, JWS).timestamp).accuracy == accuracy
        assert check(data, acme, at=now, stores=stores, stores_named=("ca:acme", "tsa:stamp")).cause == "none"


def test_a_revoked_timestamp_authority_proves_no_time_also_where_signers_are_not_asked_about(tmp_path):
    """As notation once did not ask (CVE-2024-56138)."""
    import time

    now = int(time.time())
    root = make("Stamp Root", ca=True)
    signer = root.issue("Stamp Signer", extensions=[STAMP, lists_at(LIST)])
    stamper = Stamper.start(tmp_path, root, signer)
    acme = team(born=now - 600, died=now + 600)
    data = stamped(stamper, signed(acme, at=now), JWS)
    stores = TrustStores(certificates={"ca:acme": (acme.root.der,), "tsa:stamp": (root.der,)})
    actions = {**dict.fromkeys(CheckKind, Action.ENFORCE), CheckKind.REVOCATION: Action.SKIP}
    lost = revoked(signer.certificate.serial_number, at=now - 500)
    for answers, cause, wanted in [
        ({}, "unreachable", (LIST,)),
        ({LIST: None}, "unreachable", ()),
        ({LIST: crl(root, begin=now - 1000, until=now + 1000)}, "none", ()),
        (
            {LIST: crl(root, lost, begin=now - 1000, until=now + 1000)},
            "revoked",
            (),
        ),
    ]:
        verification = check(
            data,
            acme,
            at=now,
            stores=stores,
            stores_named=("ca:acme", "tsa:stamp"),
            answers=answers,
            level=Level(name="strict", actions=actions),
        )
        assert (verification.cause, verification.wanted) == (cause, wanted), verification.detail
        assert bool(verification.signed.times) is (cause == "none")
        # Where no timestamp is demanded it proves nothing then, and the signature stands as long as its certificate does.
        relaxed = {"stores": stores, "stores_named": ("ca:acme", "tsa:stamp"), "timestamps": Timestamps.WHEN_PRESENT}
        again = check(data, acme, at=now, answers=answers, **relaxed)
        assert (again.cause, again.wanted, len(again.signed.times)) == ("none", wanted, cause == "none")
        later = check(data, acme, at=now + 900, answers=answers, **relaxed)
        assert later.cause == cause
