import copy
import json
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec
from pki import STAMP, make
from world import (
    ARTIFACT,
    FULCIO,
    ISSUER,
    NOW,
    SUBJECT,
    Log,
    World,
    verify,
)

from pratique.attest.bundle import parse_bundle
from pratique.attest.sigstore.certificate import MAX_CERTIFICATE_TIMESTAMPS, read_identity, verify_certificate
from pratique.attest.sigstore.trusted_root import parse_trusted_root
from pratique.attest.sigstore.verify import ArtifactDigests, verify_message
from pratique.errors import (
    Expired,
    LimitExceeded,
    Malformed,
    SignatureInvalid,
    Untrusted,
)


@pytest.fixture(scope="module")
def world():
    return World()


# --- identity


def claim(number, text):
    return (x509.UnrecognizedExtension(x509.ObjectIdentifier(f"{FULCIO}.{number}"), asn1.encode_der(text)), False)


def test_the_claims_of_a_certificate_are_named_as_fulcio_names_them(world):
    raw = (x509.UnrecognizedExtension(x509.ObjectIdentifier(f"{FULCIO}.6"), b"refs/heads/main"), False)
    party = world.certificate(extensions=[claim(14, "refs/heads/main"), claim(24, "repo:team/app"), raw])
    signer = verify(world, world.bundle(party=party)).signer
    assert signer.claims == {
        "source_repository_ref": "refs/heads/main",
        "token_subject": "repo:team/app",
        "github_workflow_ref": "refs/heads/main",
    }


@pytest.mark.parametrize("issuers", [(1,), (8,), (1, 8)])
def test_the_issuer_may_stand_in_either_extension_and_must_be_the_same_in_both(world, issuers):
    assert verify(world, world.bundle(party=world.certificate(issuers=issuers))).signer.issuer == ISSUER


@pytest.mark.parametrize(
    "options",
    [
        {"issuers": ()},
        {"issuers": (1,), "extensions": [claim(8, "https://evil.example")]},
        {"extensions": [(x509.UnrecognizedExtension(x509.ObjectIdentifier(f"{FULCIO}.14"), b"refs/heads/main"), False)]},
        {"extensions": [(x509.UnrecognizedExtension(x509.ObjectIdentifier(f"{FULCIO}.6"), b"\xff"), False)]},
        {"names": [x509.UniformResourceIdentifier(SUBJECT), x509.RFC822Name("a@example.com")]},
        {"names": [x509.DNSName("example.com")]},
        {"names": [x509.OtherName(x509.ObjectIdentifier("1.2.3"), asn1.encode_der("x"))]},
    ],
    ids=["no issuer", "two issuers", "claim not in DER", "claim not UTF-8", "two names", "a host", "another other name"],
)
def test_a_certificate_whose_holder_is_ambiguous_is_refused(world, options):
    with pytest.raises(Malformed):
        verify(world, world.bundle(party=world.certificate(**options)))


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        (x509.RFC822Name("person@example.com"), "person@example.com"),
        (x509.OtherName(x509.ObjectIdentifier(f"{FULCIO}.7"), asn1.encode_der("user!example.com")), "user!example.com"),
    ],
)
def test_people_and_user_names_are_subjects_too(world, name, subject):
    assert verify(world, world.bundle(party=world.certificate(names=[name]))).signer.subject == subject


# --- certificates


def test_a_certificate_of_another_authority_is_untrusted(world):
    stranger = make("Root", ca=True).issue("Middle", ca=True)
    with pytest.raises(Untrusted):
        verify(world, world.bundle(party=world.certificate(issuer=stranger)))


def test_a_certificate_not_for_code_signing_is_untrusted(world):
    with pytest.raises(Untrusted, match="code signing"):
        verify(world, world.bundle(party=world.certificate(purpose=STAMP)))


@pytest.mark.parametrize("at", [NOW - 60, NOW + 540])
def test_the_ends_of_a_certificates_life_belong_to_it(world, at):
    assert verify(world, world.bundle(party=world.certificate(at=NOW), at=at))


@pytest.mark.parametrize("at", [NOW - 61, NOW + 541])
def test_a_signature_outside_the_certificates_life_is_expired(world, at):
    for rekor in (1, 2):
        with pytest.raises(Expired):
            verify(world, world.bundle(party=world.certificate(at=NOW), at=at, rekor=rekor))


def test_every_proven_time_must_lie_in_the_certificates_life(world):
    party = world.certificate(at=NOW)
    assert verify(world, world.bundle(party=party, stamps=[NOW + 5]))
    with pytest.raises(Expired):
        verify(world, world.bundle(party=party, stamps=[NOW + 541]))


def test_an_authority_is_trusted_within_its_window_ends_included(world):
    for start, end, holds in ((NOW, NOW, True), (NOW + 1, None, False), (NOW - 9, NOW - 1, False)):
        root = world.trusted_root(
            certificateAuthorities=[world.authority("https://ca.example", world.middle, world.ca, start=start, end=end)]
        )
        if holds:
            assert verify(world, world.bundle(), root=root)
        else:
            with pytest.raises(Expired):
                verify(world, world.bundle(), root=root)


def test_an_authority_rotated_by_another_with_the_same_name_leaves_old_certificates_valid(world):
    new = World()
    authorities = [
        world.authority("https://ca.example", new.middle, new.ca),
        world.authority("https://ca.example", world.middle, world.ca, end=NOW),
    ]
    assert verify(world, world.bundle(), root=world.trusted_root(certificateAuthorities=authorities))
    assert verify(world, world.bundle(), root=world.trusted_root(certificateAuthorities=authorities[::-1]))


# --- certificate logs


def test_a_certificate_that_no_known_log_has_seen_is_untrusted(world):
    stranger = Log("ct.example", ec.generate_private_key(ec.SECP256R1()))
    for logs in ([], [stranger]):
        document = world.bundle(party=world.certificate(logs=logs))
        with pytest.raises(Untrusted, match="0 of the 1 certificate logs"):
            verify(world, document)
        assert verify(world, document, certificate_logs=0)


def test_a_forged_certificate_timestamp_is_invalid(world):
    forger = Log("ct.example", ec.generate_private_key(ec.SECP256R1()))
    forged = world.certificate(logs=[_Impostor(world.certificate_log, forger.key)])
    with pytest.raises(SignatureInvalid, match="certificate timestamp"):
        verify(world, world.bundle(party=forged))


class _Impostor:
    """Signs with its own key under the name of another log."""

    def __init__(self, log, key):
        self.id, self.key = log.id, key


def test_a_certificate_timestamp_of_another_certificate_is_invalid(world):
    first, second = world.certificate(), world.certificate()
    oid = x509.PrecertificateSignedCertificateTimestamps.oid
    listed = first.certificate.extensions.get_extension_for_oid(oid).value.public_bytes()
    options = [extension for extension in second.certificate.extensions if extension.oid != oid]
    swapped = make(
        "",
        issuer=world.middle,
        key=second.key,
        usage=False,
        subject=x509.Name([]),
        born=NOW - 60,
        died=NOW + 540,
        extensions=[*((item.value, item.critical) for item in options), (x509.UnrecognizedExtension(oid, listed), False)],
    )
    with pytest.raises(SignatureInvalid, match="certificate timestamp"):
        verify(world, world.bundle(party=swapped))


def test_a_certificate_log_counts_only_within_its_window(world):
    log = copy.copy(world.certificate_log)
    log.end = NOW - 1
    with pytest.raises(Expired, match="certificate log"):
        verify(world, world.bundle(), root=world.trusted_root(ctlogs=[log.instance()]))


def test_certificate_logs_are_counted_by_operator(world):
    def extra(name):
        return Log(name, ec.generate_private_key(ec.SECP256R1()))

    same, other = extra("ct2.example"), extra("ct.elsewhere")
    for log, enough in ((same, False), (other, True)):
        document = world.bundle(party=world.certificate(logs=[world.certificate_log, log]))
        instances = [
            dict(item.instance(), operator=name) for item, name in ((world.certificate_log, "a"), (log, "b" if enough else "a"))
        ]
        root = world.trusted_root(ctlogs=instances)
        if enough:
            assert verify(world, document, root=root, certificate_logs=2)
        else:
            with pytest.raises(Untrusted, match="1 of the 2 certificate logs"):
                verify(world, document, root=root, certificate_logs=2)


# --- an authority without a certificate log


def test_a_companys_own_authority_without_a_certificate_log_is_believed_and_says_what_is_not_proven(world):
    party = world.certificate()
    root = world.trusted_root(ctlogs=[])
    signed = verify(world, world.bundle(party=party), root=root)
    assert signed.signer.subject == SUBJECT
    assert "names no certificate log" in " ".join(signed.unproven)
    assert verify(world, world.bundle(party=party)).unproven == ()


def test_a_root_that_names_a_certificate_log_of_another_kind_still_wants_the_certificate_logged(world):
    """Or whoever could make our reader skip a log would be spared it."""
    instance = copy.deepcopy(world.certificate_log.instance())
    instance["publicKey"]["rawBytes"] = "MCowBQYDK2VuAyEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="  # X25519: not read here
    root = world.trusted_root(ctlogs=[instance])
    assert parse_trusted_root(json.dumps(root).encode()).certificate_logs == ()
    with pytest.raises(Untrusted, match="certificate logs"):
        verify(world, world.bundle(), root=root)


def test_an_unlogged_authority_beside_others_takes_nothing_from_them(world):
    """Two roots believed at once: each authority is held to what its own root says."""
    own = parse_trusted_root(json.dumps(World().trusted_root(ctlogs=[])).encode())
    logged = parse_trusted_root(json.dumps(world.trusted_root()).encode())
    both = replace(logged, authorities=(*own.authorities, *logged.authorities))
    bundle = parse_bundle(json.dumps(world.bundle(party=world.certificate(logs=[]))).encode())
    with pytest.raises(Untrusted, match="certificate logs"):
        verify_message(bundle, ArtifactDigests.of(ARTIFACT), both, keys={})
    good = parse_bundle(json.dumps(world.bundle()).encode())
    assert verify_message(good, ArtifactDigests.of(ARTIFACT), both, keys={}).unproven == ()


# --- each refusal by its words, and what lies near it


def refused(world, error, match, party, *, times=(NOW,), root=None):
    trusted = parse_trusted_root(json.dumps(root or world.trusted_root()).encode())
    with pytest.raises(error, match=match):
        verify_certificate([party.der], times, trusted)


def test_a_certificate_without_any_proven_time_proves_nothing(world):
    refused(world, Untrusted, "nobody who is trusted vouches for the time of signing", world.certificate(), times=())


def test_a_certificate_that_chains_to_another_authority_at_another_time_is_untrusted():
    ca, key = make("Root", ca=True), ec.generate_private_key(ec.SECP256R1())
    early = ca.issue("Middle", ca=True, key=key, died=NOW)
    late = ca.issue("Middle", ca=True, key=key, born=NOW + 1)
    world = World(ca=ca, middle=early)
    root = world.trusted_root(
        certificateAuthorities=[world.authority("https://ca.example", middle, ca) for middle in (early, late)]
    )
    party = world.certificate()
    trusted = parse_trusted_root(json.dumps(root).encode())
    for times in ((NOW,), (NOW + 5,), (NOW - 5, NOW)):
        assert verify_certificate([party.der], times, trusted)[0].subject == SUBJECT
    refused(world, Untrusted, "chains to different authorities at different times", party, times=(NOW, NOW + 5), root=root)


def test_an_issuer_or_a_subject_that_is_empty_is_none(world):
    empty = (x509.UnrecognizedExtension(x509.ObjectIdentifier(f"{FULCIO}.1"), b""), False)
    refused(world, Malformed, "names no issuer", world.certificate(issuers=(), extensions=[empty]))
    refused(world, Malformed, "names no issuer", world.certificate(issuers=(8,), extensions=[empty]))
    nameless = world.certificate(names=[x509.UniformResourceIdentifier("")])
    refused(world, Malformed, "neither an e-mail address nor a URI", nameless)


def test_a_certificate_without_alternative_names_names_nobody():
    issuer = (x509.UnrecognizedExtension(x509.ObjectIdentifier(f"{FULCIO}.1"), ISSUER.encode()), False)
    with pytest.raises(Malformed, match="has 0 alternative names, not exactly one"):
        read_identity(make("x", extensions=[issuer]).certificate)


def test_that_an_authority_had_ended_is_said_before_that_others_never_were(world):
    stranger = World()
    ended = world.authority("https://ca.example", world.middle, world.ca, end=NOW - 1)
    other = stranger.authority("https://other.example", stranger.middle, stranger.ca)
    for authorities in ([ended, other], [other, ended]):
        root = world.trusted_root(certificateAuthorities=authorities)
        refused(world, Expired, "certificate authority .* was not trusted when this was signed", world.certificate(), root=root)
    old = make("Old Root", ca=True, died=NOW - 1)
    old_middle = old.issue("Old Middle", ca=True)
    party = World(ca=old, middle=old_middle, certificate_log=world.certificate_log).certificate()
    for authorities in (
        [world.authority("https://old.example", old_middle, old), other],
        [other, world.authority("https://old.example", old_middle, old)],
    ):
        refused(world, Expired, "was not valid at", party, root=world.trusted_root(certificateAuthorities=authorities))
    refused(world, Untrusted, "no certificate authority is trusted", party, root=world.trusted_root(certificateAuthorities=[]))


def test_a_certificate_has_as_many_timestamps_as_the_limit_says_and_no_more(world):
    most = world.certificate(logs=[world.certificate_log] * MAX_CERTIFICATE_TIMESTAMPS)
    trusted = parse_trusted_root(json.dumps(world.trusted_root()).encode())
    assert verify_certificate([most.der], [NOW], trusted)[2]
    more = world.certificate(logs=[world.certificate_log] * (MAX_CERTIFICATE_TIMESTAMPS + 1))
    refused(world, LimitExceeded, "certificate timestamps", more)


def test_a_certificate_timestamp_with_another_hash_is_not_read():
    class Other(World):
        @staticmethod
        def _timestamp(log, bare, issuer, at):
            return World._timestamp(log, bare, issuer, at).replace(b"\x00\x00\x04\x03", b"\x00\x00\x05\x03", 1)

    world = Other()
    refused(world, Malformed, "certificate timestamp of a kind that is not supported", world.certificate())


def test_a_bundle_brings_intermediates_and_never_a_root(world):
    party, trusted = world.certificate(), parse_trusted_root(json.dumps(world.trusted_root()).encode())
    assert verify_certificate([party.der, world.middle.der], [NOW], trusted)[0].subject == SUBJECT
    with pytest.raises(Malformed, match="brings a root certificate along"):
        verify_certificate([party.der, world.middle.der, world.ca.der], [NOW], trusted)


def test_a_stranger_s_certificate_is_told_as_one_that_leads_nowhere(world):
    stranger = World()
    root = world.trusted_root(certificateAuthorities=[stranger.authority("https://x.example", stranger.middle, stranger.ca)])
    refused(world, Untrusted, "chains to no trusted authority", world.certificate(), root=root)
