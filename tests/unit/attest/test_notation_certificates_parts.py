"""Chains of certificates, each right but for one thing: which are fit to sign artifacts or timestamps, and why others are not.

The rules are those of signature-specification.md, Certificate Requirements.
"""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509 import BasicConstraints, ExtendedKeyUsage, KeyUsage
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage
from pki import CA_USAGE, CODE, SIGN_USAGE, STAMP, make

from pratique.attest.notation.certificates import check_signing_chain, check_timestamping_chain, issued_by
from pratique.attest.x509 import parse_certificate
from pratique.errors import Malformed, SignatureInvalid, Untrusted

NAMES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
ROOT = make("Root", ca=True)
MIDDLE = ROOT.issue("Middle", ca=True)
BOTH = pytest.mark.parametrize("check", [check_signing_chain, check_timestamping_chain])


def usage(*names):
    return KeyUsage(*(name in names for name in NAMES))


def chain(*parties):
    return [party.certificate for party in parties]


def refused(parties, why, error=Untrusted, *, check=check_signing_chain):
    with pytest.raises(error) as caught:
        check(chain(*parties))
    assert caught.value.message == why


def below(issuer, **options):
    """A signer's certificate."""
    return issuer.issue("leaf", **options)


# --- who issued whom


@BOTH
def test_a_chain_is_in_order_from_the_signer_to_a_root_that_signed_itself(check):
    leaf, other = below(MIDDLE), make("Root", ca=True)
    for right in ((make("alone"),), (below(ROOT), ROOT), (leaf, MIDDLE, ROOT)):
        check(chain(*right))
    names = {party: f"the certificate 'CN={name}'" for party, name in ((1, "leaf"), (2, "Middle"), (3, "Root"))}
    not_signed = "{} is not signed by {}, the next of its chain"
    for wrong, why in (
        ((leaf, ROOT), not_signed.format(names[1], names[3])),
        ((leaf, ROOT, MIDDLE), not_signed.format(names[1], names[3])),
        ((MIDDLE, leaf, ROOT), not_signed.format(names[2], names[1])),
        ((leaf, MIDDLE, other), not_signed.format(names[2], names[3])),
        ((leaf, leaf, MIDDLE, ROOT), not_signed.format(names[1], names[1])),
        ((leaf,), f"the chain ends with {names[1]}, which is not self-signed"),
        ((leaf, MIDDLE), f"the chain ends with {names[2]}, which is not self-signed"),
    ):
        refused(wrong, why, SignatureInvalid, check=check)


@BOTH
def test_only_the_last_of_a_chain_has_signed_itself(check):
    alone, leaf = make("alone"), below(ROOT)
    said = "the certificate 'CN={}' is self-signed and not the last of its chain"
    refused((leaf, ROOT, ROOT), said.format("Root"), check=check)
    refused((leaf, ROOT, make("Other", ca=True)), said.format("Root"), check=check)
    refused((alone, ROOT), said.format("alone"), check=check)


@BOTH
def test_an_authority_that_has_its_issuer_s_name_and_another_key_has_not_signed_itself(check):
    renewed = ROOT.issue("Root", ca=True)
    check(chain(below(renewed), renewed, ROOT))


@pytest.mark.parametrize("key", [ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048)])
def test_authorities_sign_with_keys_that_signers_may_not_have(key):
    root = make("Root", ca=True, key=key)
    check_signing_chain(chain(below(root), root))


def by_hash(algorithm, *, pss=False):
    """A certificate that ROOT, or an authority with an RSA key, signed with this hash."""
    key = rsa.generate_private_key(65537, 2048) if pss else ROOT.key
    issuer = make("Root", ca=True, key=key)
    now = ROOT.certificate.not_valid_before_utc
    builder = x509.CertificateBuilder(
        issuer.certificate.subject, x509.Name([]), key.public_key(), 7, now, ROOT.certificate.not_valid_after_utc
    )
    scheme = {"rsa_padding": padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)} if pss else {}
    return builder.sign(key, algorithm, **scheme), issuer.certificate


@pytest.mark.parametrize("pss", [False, True])
def test_a_certificate_is_signed_over_a_hash_that_still_means_something(pss):
    for algorithm, good in ((hashes.SHA256(), True), (hashes.SHA384(), True), (hashes.SHA512(), True), (hashes.SHA224(), False)):
        assert issued_by(*by_hash(algorithm, pss=pss)) is good


# --- the signer


@BOTH
@pytest.mark.parametrize("critical", [True, False])
def test_a_signer_is_no_authority_whether_it_says_so_or_says_nothing(check, critical):
    check(chain(below(MIDDLE, extensions=[(BasicConstraints(False, None), critical)]), MIDDLE, ROOT))
    wrong = below(MIDDLE, extensions=[(BasicConstraints(True, None), critical)])
    refused((wrong, MIDDLE, ROOT), "the certificate 'CN=leaf' is a CA's and signs other things than certificates", check=check)


@BOTH
def test_a_signer_s_key_is_for_digital_signatures_and_nothing_else(check):
    for fine in (("digital_signature",), ("digital_signature", "content_commitment")):
        check(chain(below(MIDDLE, usage=usage(*fine)), MIDDLE, ROOT))
    refused(
        (below(MIDDLE, usage=usage("content_commitment")), MIDDLE, ROOT),
        "the certificate 'CN=leaf' is not for digital signatures",
        check=check,
    )
    for more in ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"):
        wrong = below(MIDDLE, usage=usage("digital_signature", more))
        refused((wrong, MIDDLE, ROOT), "the certificate 'CN=leaf' is for more than digital signatures", check=check)


@pytest.mark.parametrize("bits", ["03020081", "0303078080"])  # digitalSignature with encipherOnly, with decipherOnly
def test_a_key_that_only_enciphers_or_deciphers_without_agreeing_on_keys_is_read_by_nobody(bits):
    only = x509.UnrecognizedExtension(x509.ExtensionOID.KEY_USAGE, bytes.fromhex(bits))
    with pytest.raises(Malformed, match="encipher_only and decipher_only"):
        parse_certificate(below(MIDDLE, usage=False, extensions=[(only, True)]).der)


def test_what_a_key_is_for_is_said_and_critically_where_artifacts_are_signed():
    silent, mild = below(MIDDLE, usage=False), below(MIDDLE, usage=False, extensions=[(SIGN_USAGE, False)])
    for check in (check_signing_chain, check_timestamping_chain):
        refused((silent, MIDDLE, ROOT), "the certificate 'CN=leaf' does not say what its key is for", check=check)
    refused((mild, MIDDLE, ROOT), "the certificate 'CN=leaf' has a key usage that is not critical")
    check_timestamping_chain(chain(mild, MIDDLE, ROOT))


@pytest.mark.parametrize(
    "purpose",
    [
        Usage.ANY_EXTENDED_KEY_USAGE,
        Usage.SERVER_AUTH,
        Usage.CLIENT_AUTH,
        Usage.EMAIL_PROTECTION,
        Usage.TIME_STAMPING,
        Usage.OCSP_SIGNING,
    ],
)
def test_a_certificate_for_another_purpose_signs_no_artifacts(purpose):
    for purposes in ([purpose], [Usage.CODE_SIGNING, purpose]):
        wrong = below(MIDDLE, extensions=[(ExtendedKeyUsage(purposes), False)])
        refused((wrong, MIDDLE, ROOT), "the certificate 'CN=leaf' is meant for other things than signing code")


def test_a_certificate_for_code_signing_or_for_a_purpose_of_one_s_own_signs_artifacts():
    for purposes in (CODE, (ExtendedKeyUsage([x509.ObjectIdentifier("1.2.3")]), True)):
        check_signing_chain(chain(below(MIDDLE, extensions=[purposes]), MIDDLE, ROOT))


@BOTH
def test_a_signer_s_key_is_one_that_there_is_an_algorithm_for(check):
    for key, said in (
        (rsa.generate_private_key(65537, 1024), "RSA of 1024 bits"),
        (ed25519.Ed25519PrivateKey.generate(), "Ed25519"),
    ):
        wrong = below(MIDDLE, key=key, extensions=[STAMP] if check is check_timestamping_chain else ())
        refused((wrong, MIDDLE, ROOT), f"a signing key that notation does not allow: {said}", check=check)


# --- authorities


@BOTH
@pytest.mark.parametrize("extensions", [[], [(BasicConstraints(False, None), True)], [(BasicConstraints(True, None), False)]])
def test_who_issues_certificates_says_critically_that_it_is_an_authority(check, extensions):
    why = "the certificate 'CN=Own' issued a certificate and is no CA's"
    root = make("Own", usage=CA_USAGE, extensions=extensions)
    refused((below(root), root), why, check=check)
    middle = ROOT.issue("Own", usage=CA_USAGE, extensions=extensions)
    refused((below(middle), middle, ROOT), why, check=check)


@BOTH
def test_an_authority_has_as_many_authorities_below_it_as_it_may(check):
    for depth in range(3):
        root = make("Root", ca=True, path_length=depth)
        parties = [root]
        for level in range(3):
            if level <= depth:
                check(chain(below(parties[0]), *parties))
            else:
                why = f"the certificate 'CN=Root' may have {depth} CAs below it and has {level}"
                refused((below(parties[0]), *parties), why, check=check)
            parties = [parties[0].issue(f"Middle {level}", ca=True), *parties]


def test_an_authority_s_key_is_for_signing_certificates_and_says_so_critically_where_artifacts_are_signed():
    def under(*, extensions=(), **options):
        root = make("Own", extensions=[(BasicConstraints(True, None), True), *extensions], **options)
        return below(root), root

    for check in (check_signing_chain, check_timestamping_chain):
        refused(under(usage=False), "the certificate 'CN=Own' does not say what its key is for", check=check)
        refused(under(usage=usage("crl_sign")), "the certificate 'CN=Own' is not for signing certificates", check=check)
    mild = under(usage=False, extensions=[(CA_USAGE, False)])
    refused(mild, "the certificate 'CN=Own' has a key usage that is not critical")
    check_timestamping_chain(chain(*mild))


@BOTH
def test_an_authority_s_rsa_key_has_two_thousand_and_forty_eight_bits_or_more(check):
    for bits, good in ((2048, True), (1024, False)):
        root = make("Root", ca=True, key=rsa.generate_private_key(65537, bits))
        if good:
            check(chain(below(root), root))
        else:
            refused((below(root), root), "the certificate 'CN=Root' has an RSA key of 1024 bits only", check=check)


def test_an_authority_s_key_on_a_small_curve_is_its_own_business():
    root = make("Root", ca=True, key=ec.generate_private_key(ec.SECP224R1()))
    check_signing_chain(chain(below(root), root))
