"""The guarantees of the `Signer` port, checked on every implementation. A new one is a line in `ADAPTERS`."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from signers import PASSPHRASE, Adapter, file_adapter, second_opinion

from pratique.attest.bundle import parse_bundle, render_bundle
from pratique.attest.der import check_der
from pratique.attest.dsse import IN_TOTO, pae
from pratique.attest.publickey import ALGORITHMS, PublicKey, rsa_bits
from pratique.attest.record import check_record, log_record
from pratique.attest.statement import StatementSubject, render_statement
from pratique.attest.verify import verify_bundle
from pratique.errors import InputError, PratiqueError, SignatureInvalid, Unavailable
from pratique.keys.open import load_public, open_signer
from pratique.keys.signer import sign_statement
from pratique.model.digest import Digest

# Back end → the algorithms it is tried with. `adapter` below makes the key.
ADAPTERS = {
    "file": [name for name in ALGORITHMS if "3072" not in name and "4096" not in name],
    "encrypted-file": ["ed25519", "ecdsa-p256"],
    "vault": ["ed25519", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048", "rsa-pss-3072", "rsa-pss-3072-sha384"],
    "aws": [
        "ed25519",
        "ecdsa-p256",
        "ecdsa-p384",
        "ecdsa-p521",
        "rsa-pss-2048-sha512",
        "rsa-2048",
        "rsa-pss-3072",
        "ml-dsa-44",
        "ml-dsa-65",
    ],
    "gcp": ["ed25519", "ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-pss-3072"],
    "azure": ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048", "rsa-pss-3072", "rsa-pss-2048-sha384"],
    "ssh_agent": ["ed25519", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048", "rsa-3072"],
    "pkcs11": ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519", "rsa-2048", "rsa-pss-3072", "rsa-pss-2048-sha512"],
}


@pytest.fixture(scope="module", params=[f"{place}:{name}" for place, names in ADAPTERS.items() for name in names])
def adapter(request, tmp_path_factory):
    place, _, algorithm = request.param.partition(":")
    folder = tmp_path_factory.mktemp("keys")
    if place.endswith("file"):
        made = file_adapter(folder, algorithm, PASSPHRASE if place == "encrypted-file" else None)
    else:
        made = request.getfixturevalue(f"{place}_place").adapter(algorithm, folder)
    yield made
    for signer in made.signers:
        signer.close()


@pytest.fixture(scope="module")
def signer(adapter: Adapter):
    return adapter.open()


@pytest.mark.parametrize("message", [b"", b"m", "é\0".encode() * 1000, b"\xff" * 1_000_000], ids=["0", "1", "3000", "1000000"])
def test_what_is_signed_verifies_under_the_public_key_here_and_elsewhere(adapter, signer, message, tmp_path):
    if len(message) < adapter.floor or (adapter.cap is not None and len(message) > adapter.cap):
        with pytest.raises(InputError, match="at most"):
            signer.sign(message)
        return
    signature = signer.sign(message)
    signer.public_key.verify(signature, message)
    if message or signer.public_key.algorithm != "ed25519":  # openssl's pkeyutl reads no empty file
        assert second_opinion(signer.public_key, signature, message, tmp_path)


def test_a_signature_is_over_its_own_message_only(signer, tmp_path):
    signature = signer.sign(b"one")
    with pytest.raises(SignatureInvalid):
        signer.public_key.verify(signature, b"two")
    assert not second_opinion(signer.public_key, signature, b"two", tmp_path)


def test_signatures_have_the_stated_encoding(signer):
    signature = signer.sign(b"m")
    name = signer.public_key.algorithm
    if name.startswith("ecdsa"):
        assert signature[0] == 0x30
        check_der(signature, "signature")
    else:
        sizes = {"ed25519": 64, "ml-dsa-44": 2420, "ml-dsa-65": 3309}
        assert len(signature) == (sizes.get(name) or rsa_bits(name) // 8)


def test_the_public_key_is_of_the_stated_algorithm_stays_the_same_and_can_be_handed_on(adapter, signer):
    assert signer.public_key.algorithm == adapter.algorithm
    assert signer.public_key == signer.public_key
    assert PublicKey.from_pem(signer.public_key.pem, adapter.algorithm) == signer.public_key
    if not adapter.reference.startswith("file:"):
        assert load_public(adapter.reference, adapter.access) == signer.public_key


def test_several_threads_may_sign(signer):
    messages = [str(number).encode() for number in range(24)]
    with ThreadPoolExecutor(4) as pool:
        signatures = list(pool.map(signer.sign, messages))
    for message, signature in zip(messages, signatures, strict=True):
        signer.public_key.verify(signature, message)


def test_no_secret_is_in_the_representation(adapter, signer):
    for text in (repr(signer), repr(adapter.access)):
        assert not [secret for secret in adapter.secrets if secret in text]
    assert len(repr(signer)) < 120


def test_a_key_is_not_opened_for_an_algorithm_it_does_not_have(adapter):
    other = "ecdsa-p384" if adapter.algorithm != "ecdsa-p384" else "ecdsa-p256"
    base = adapter.reference.partition("algorithm=")[0].rstrip("?&")
    with pytest.raises(InputError, match=f"for {adapter.algorithm.partition('-sha')[0].replace('-pss', '(-pss)?')}"):
        open_signer(f"{base}{'&' if '?' in base else '?'}algorithm={other}", adapter.access)


def test_a_misspelt_option_of_a_reference_is_not_passed_over(adapter):
    wrong = f"{adapter.reference}{'&' if '?' in adapter.reference else '?'}algoritm=x"
    with pytest.raises(InputError, match="unknown option"):
        open_signer(wrong, adapter.access)


def test_a_closed_signer_signs_no_more_and_is_closed_twice_without_harm(adapter):
    signer = adapter.open()
    signer.close()
    signer.close()
    with pytest.raises(Unavailable, match="closed"):
        signer.sign(b"m")


def test_a_signed_statement_goes_into_a_bundle_and_a_log_and_verifies(signer):
    payload = render_statement(subjects=[StatementSubject.of("é", Digest.of(b"x"))], predicate_type="t", predicate={})
    envelope = sign_statement(signer, payload)
    assert envelope.pae == pae(IN_TOTO, payload)
    bundle = parse_bundle(render_bundle(envelope, signer.public_key))
    verified = verify_bundle(bundle, {signer.public_key.keyid: signer.public_key})
    assert verified.statement().digests == {Digest.of(b"x")}
    if not signer.public_key.key_details:  # notation's, which Sigstore has no name for
        with pytest.raises(InputError, match="no entry in a transparency log"):
            log_record(envelope, signer.public_key)
        return
    record = log_record(envelope, signer.public_key)
    check_record(record, bundle)
    assert signer.public_key.key_details.encode() in record


def test_any_flipped_bit_of_a_signature_is_refused(signer):
    signature = signer.sign(b"m")
    for position in range(0, len(signature) * 8, max(1, len(signature) // 8)):
        changed = bytearray(signature)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(SignatureInvalid):
            signer.public_key.verify(bytes(changed), b"m")


def test_a_wrong_secret_is_asked_for_once_and_never_repeated(adapter):
    asked = []

    def wrong() -> bytes:
        asked.append(1)
        return b"wrong-guess-91"

    access = replace(adapter.access, passphrase=wrong, pin=wrong)
    try:
        open_signer(adapter.reference, access).close()
    except PratiqueError as error:
        assert type(error).__name__ == "PassphraseWrong"
        assert "wrong-guess" not in str(error)
        assert asked == [1]
    else:
        assert not asked  # a back end that wants neither


def test_a_back_end_that_goes_away_is_unavailable_in_the_middle_and_says_no_secret(adapter, caplog):
    if adapter.cut is None:
        return  # a file is in memory; other algorithms of an agent
    caplog.set_level(logging.DEBUG)
    signer = adapter.open()
    signer.sign(b"before")
    restore = adapter.cut()
    try:
        for attempt in (lambda: signer.sign(b"m"), adapter.open):
            with pytest.raises(Unavailable) as caught:
                attempt()
            assert caught.value.where
            told = str(caught.value) + caplog.text
            assert not [secret for secret in adapter.secrets if secret in told]
    finally:
        restore()
    again = adapter.open()
    again.public_key.verify(again.sign(b"after"), b"after")
