import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from pratique.errors import InputError, LimitExceeded, Malformed, ProofInvalid, SignatureInvalid
from pratique.model.merkle import EMPTY_ROOT
from pratique.tlog.checkpoint import (
    Checkpoint,
    log_id,
    older_log_id,
    parse_checkpoint,
    render_checkpoint,
    sign_checkpoint,
    verify_checkpoint,
)
from pratique.tlog.notes import ED25519, NoteSignature, SignedNote, VerifierKey, parse_note, parse_vkey, render_note, render_vkey

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
ROOT = bytes(range(32))
# The example of the reference implementation (golang.org/x/mod/sumdb/note, package documentation).
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def signed(size: int = 3, origin: str = "example.org/log") -> str:
    return sign_checkpoint(Checkpoint(origin=origin, size=size, root=ROOT), public_key=PUBLIC, sign=KEY.sign)


def test_the_reference_note_and_key_read_and_render_byte_for_byte():
    key, note = parse_vkey(PETER), parse_note(PETER_NOTE)
    assert render_vkey(key) == PETER
    assert render_note(note) == PETER_NOTE
    assert (note.signatures[0].name, note.signatures[0].key_id) == (key.name, key.key_id)
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    Ed25519PublicKey.from_public_bytes(key.public_key).verify(note.signatures[0].signature, note.text.encode())


@settings(max_examples=50)
@given(
    text=st.text(st.characters(min_codepoint=32, exclude_characters="\x7f", exclude_categories=["Cs"])),
    signature=st.binary(min_size=1, max_size=80),
)
def test_every_note_reads_back_as_it_was_rendered(text, signature):
    note = SignedNote(text=f"{text}\n", signatures=(NoteSignature("a.example", b"abcd", signature),))
    if text:
        assert parse_note(render_note(note)) == note
    else:
        with pytest.raises(Malformed):
            render_note(note)


@pytest.mark.parametrize(
    "data",
    [
        "",
        "text\n",
        "text\n\n",
        "\n\n— a AAAAAAA=\n",
        "text\n— a AAAAAAA=\n",
        "text\n\n— a AAAAAAA=",
        "text\n\n— a AAAAAA==\n",
        "text\n\n— a AAAAAAB=\n",
        "text\n\n— a AAAAAAA= \n",
        "text\n\n—  AAAAAAA=\n",
        "text\n\n— a+b AAAAAAA=\n",
        "text\n\n- a AAAAAAA=\n",
        "te\rxt\n\n— a AAAAAAA=\n",
        "te\0xt\n\n— a AAAAAAA=\n",
        b"te\xffxt\n\n\xe2\x80\x94 a AAAAAAA=\n",
    ],
)
def test_a_note_that_is_not_canonical_is_refused(data):
    with pytest.raises(Malformed):
        parse_note(data)


def test_a_note_over_the_limits_is_refused():
    with pytest.raises(LimitExceeded):
        parse_note("x" * 1_000_001)
    with pytest.raises(LimitExceeded):
        parse_note("text\n\n" + "— a AAAAAAA=\n" * 101)


def test_a_verifier_key_whose_id_is_not_its_own_is_refused():
    with pytest.raises(Malformed, match="come to"):
        parse_vkey(PETER.replace("c74f20a3", "c74f20a4"))
    with pytest.raises(Malformed):
        parse_vkey(PETER.replace("c74f20a3", "C74F20A3"))
    short = VerifierKey(name="a", algorithm=ED25519, public_key=b"x" * 31)
    with pytest.raises(Malformed, match="31 bytes"):
        parse_vkey(render_vkey(short))


@settings(max_examples=50)
@given(size=st.integers(1, 2**63 - 1), root=st.binary(min_size=32, max_size=32))
def test_every_checkpoint_reads_back_as_it_was_rendered(size, root):
    checkpoint = Checkpoint(origin="example.org/log", size=size, root=root, extensions=("more",))
    assert parse_checkpoint(render_checkpoint(checkpoint)) == checkpoint


@pytest.mark.parametrize("size", ["03", "-1", "+3", "3 ", "", "0x3", "٣", str(2**63), "1" * 400])
def test_a_size_in_any_other_spelling_is_refused(size):
    text = render_checkpoint(Checkpoint(origin="a", size=3, root=ROOT)).replace("\n3\n", f"\n{size}\n")
    with pytest.raises(Malformed):
        parse_checkpoint(text)


def test_an_empty_log_has_only_one_root():
    parse_checkpoint(render_checkpoint(Checkpoint(origin="a", size=0, root=EMPTY_ROOT)))
    with pytest.raises(Malformed, match="empty log"):
        render_checkpoint(Checkpoint(origin="a", size=0, root=ROOT))


def test_a_line_break_cannot_be_smuggled_into_a_checkpoint():
    with pytest.raises(Malformed):
        render_checkpoint(Checkpoint(origin="a\n9", size=3, root=ROOT))


def test_a_signed_checkpoint_verifies_and_any_altered_byte_does_not():
    note = signed()
    assert verify_checkpoint(note, public_key=PUBLIC, origin="example.org/log").size == 3
    data = note.encode()
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises((Malformed, SignatureInvalid, ProofInvalid)):
            verify_checkpoint(changed, public_key=PUBLIC, origin="example.org/log")


def test_a_witness_may_add_its_signature_but_not_stand_in_for_the_log():
    note = signed()
    verify_checkpoint(note + "— witness.example AAAAAAA=\n", public_key=PUBLIC)
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    with pytest.raises(SignatureInvalid, match="no signature"):
        verify_checkpoint(note, public_key=other.public_key().public_bytes_raw())


def test_a_repeated_signature_of_the_log_is_refused():
    note = signed()
    with pytest.raises(SignatureInvalid, match="2 signatures"):
        verify_checkpoint(note + note.split("\n\n")[1], public_key=PUBLIC)


def test_a_checkpoint_of_another_log_under_the_same_key_is_refused():
    with pytest.raises(ProofInvalid, match="not of"):
        verify_checkpoint(signed(origin="example.org/other"), public_key=PUBLIC, origin="example.org/log")


def test_a_signer_that_gives_something_else_is_caught_before_it_is_published():
    with pytest.raises(SignatureInvalid):
        sign_checkpoint(Checkpoint(origin="a", size=3, root=ROOT), public_key=PUBLIC, sign=lambda data: KEY.sign(data + b"x"))


def test_an_older_log_id_is_the_hash_of_the_der_key():
    import hashlib

    der = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert older_log_id(PUBLIC) == hashlib.sha256(der).digest()
    with pytest.raises(InputError):
        log_id("log.example", der)
