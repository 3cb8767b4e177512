"""Readers of what devices, agents and people say: whatever the bytes, a value or one of our errors."""

import contextlib
import struct

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.errors import InputError, PratiqueError, Unavailable
from pratique.keys import sshagent
from pratique.keys.access import Access, parse_reference
from pratique.keys.encodings import der_of_raw, mldsa_representative
from pratique.keys.file import new_private_key, public_half
from pratique.keys.open import open_signer

KINDS = st.sampled_from([b"ssh-ed25519", b"ecdsa-sha2-nistp256", b"ecdsa-sha2-nistp384", b"ssh-rsa", b"ssh-dss"])
PARTS = st.lists(st.binary(max_size=70).map(lambda data: struct.pack(">I", len(data)) + data), max_size=4).map(b"".join)


@given(st.one_of(st.binary(max_size=200), st.tuples(st.just(b"\x0c\0\0\0\1"), PARTS).map(b"".join)))
def test_an_agents_list_of_keys_is_read_or_refused(answer):
    with contextlib.suppress(struct.error, ValueError):
        assert all(len(pair) == 2 for pair in sshagent._identities(answer))


@given(KINDS, st.one_of(st.binary(max_size=200), PARTS))
def test_an_agents_key_is_read_or_refused(kind, data):
    reference = parse_reference("ssh-agent:k")
    with contextlib.suppress(PratiqueError):
        sshagent._public_key(struct.pack(">I", len(kind)) + kind + data, reference)


@given(st.binary(max_size=200))
def test_a_raw_signature_becomes_the_same_numbers_in_der_or_is_refused(raw):
    middle = len(raw) // 2
    try:
        der = der_of_raw(raw, "here")
    except Unavailable:
        assert not raw or len(raw) % 2 or len(raw) > 132
    else:
        expected = int.from_bytes(raw[:middle], "big"), int.from_bytes(raw[middle:], "big")
        assert decode_dss_signature(der) == expected


@pytest.mark.parametrize(("algorithm", "size"), [("ml-dsa-44", 1312), ("ml-dsa-65", 1952)])
def test_signing_the_representative_is_signing_the_message(algorithm, size):
    private = new_private_key(algorithm)
    key = public_half(private)
    message = "é".encode() * 10_000
    key.verify(private.sign_mu(mldsa_representative(key.spki[-size:], message)), message)


SCHEMES = st.sampled_from(["pkcs11:", "hashivault://", "awskms://", "gcpkms://", "azurekms://", "ssh-agent:", "file:", ""])
TEXT = st.text(alphabet=st.sampled_from("abAB09/:;=?&%.-_ é\0\n#@"), max_size=60)


@settings(deadline=None)  # the first reference to a back end loads it
@given(SCHEMES, TEXT)
def test_a_reference_is_understood_or_refused_before_anything_is_asked(scheme, text):
    access = Access(passphrase=lambda: None, pin=lambda: None, environ={})
    with contextlib.suppress(PratiqueError):
        open_signer(scheme + text, access).close()


@given(TEXT)
def test_a_pin_never_comes_through_a_reference(text):
    with pytest.raises(InputError) as caught:
        parse_reference(f"pkcs11:object=k?pin-value={text}937461")
    assert "937461" not in str(caught.value)
