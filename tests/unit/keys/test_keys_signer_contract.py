"""The guarantees of the `Signer` port, checked on every implementation. A new one is a line in `ADAPTERS`."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from pratique.attest.bundle import parse_bundle, render_bundle
from pratique.attest.dsse import IN_TOTO, pae
from pratique.attest.publickey import PublicKey
from pratique.attest.record import check_record, log_record
from pratique.attest.verify import verify_bundle
from pratique.errors import SignatureInvalid
from pratique.keys.file import generate_key, load_signer
from pratique.keys.signer import sign_statement

PASSPHRASE = b"correct horse"


def file_signer(directory, algorithm, passphrase):
    generate_key(directory / "k", algorithm, passphrase)
    return load_signer(directory / "k", lambda: passphrase)


ADAPTERS = {
    "file-ed25519": lambda directory: file_signer(directory, "ed25519", None),
    "file-ecdsa-p256": lambda directory: file_signer(directory, "ecdsa-p256", None),
    "file-ed25519-encrypted": lambda directory: file_signer(directory, "ed25519", PASSPHRASE),
    "file-ecdsa-p256-encrypted": lambda directory: file_signer(directory, "ecdsa-p256", PASSPHRASE),
}


@pytest.fixture(scope="module", params=list(ADAPTERS))
def signer(request, tmp_path_factory):
    return ADAPTERS[request.param](tmp_path_factory.mktemp("keys"))


@pytest.mark.parametrize("message", [b"", b"m", "é\0".encode() * 1000, b"\xff" * 1_000_000])
def test_what_is_signed_verifies_under_the_public_key(signer, message):
    signer.public_key.verify(signer.sign(message), message)


def test_a_signature_is_over_its_own_message_only(signer):
    with pytest.raises(SignatureInvalid):
        signer.public_key.verify(signer.sign(b"one"), b"two")


def test_signatures_have_the_stated_encoding(signer):
    signature = signer.sign(b"m")
    if signer.public_key.algorithm == "ed25519":
        assert len(signature) == 64
    else:
        assert signature[0] == 0x30
        assert signature[1] == len(signature) - 2


def test_the_public_key_stays_the_same_and_can_be_handed_on(signer):
    assert signer.public_key == signer.public_key
    assert PublicKey.from_pem(signer.public_key.pem) == signer.public_key


def test_several_threads_may_sign(signer):
    messages = [str(number).encode() for number in range(40)]
    with ThreadPoolExecutor(4) as pool:
        signatures = list(pool.map(signer.sign, messages))
    for message, signature in zip(messages, signatures, strict=True):
        signer.public_key.verify(signature, message)


def test_neither_passphrase_nor_private_key_is_in_the_representation(signer):
    text = repr(signer)
    assert PASSPHRASE.decode() not in text
    assert len(text) < 80


def test_a_signed_statement_goes_into_a_bundle_and_a_log_and_verifies(signer):
    from pratique.attest.statement import Subject, render_statement
    from pratique.model.digest import Digest

    payload = render_statement(subjects=[Subject.of("é", Digest.of(b"x"))], predicate_type="t", predicate={})
    envelope = sign_statement(signer, payload)
    assert envelope.pae == pae(IN_TOTO, payload)
    bundle = parse_bundle(render_bundle(envelope, signer.public_key))
    verified = verify_bundle(bundle, {signer.public_key.keyid: signer.public_key})
    assert verified.statement.digests == {Digest.of(b"x")}
    check_record(log_record(envelope, signer.public_key), bundle)
