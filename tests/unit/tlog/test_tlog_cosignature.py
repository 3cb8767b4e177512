"""Cosignatures of witnesses (C2SP tlog-cosignature): those that hold, and nothing else."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pratique.errors import Malformed
from pratique.tlog.cosignature import WitnessKey, verify_cosignatures
from pratique.tlog.notes import NoteSignature, SignedNote, key_id, parse_note, render_note

KEY, OTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
RAW = KEY.public_key().public_bytes_raw()
WITNESS = WitnessKey(name="witness.example", public_key=RAW)
TEXT = "log.example\n7\n" + base64.b64encode(b"r" * 32).decode() + "\nan extension\n"


def note(*signatures, text=TEXT):
    return render_note(SignedNote(text=text, signatures=signatures))


def cosignature(at=1_700_000_000, *, text=TEXT, key=KEY, name="witness.example", kind=4):
    message = f"cosignature/v1\ntime {at}\n{text}".encode()
    identifier = key_id(name, kind, key.public_key().public_bytes_raw())
    return NoteSignature(name, identifier, at.to_bytes(8) + key.sign(message))


def test_a_cosignature_holds_with_the_time_it_states_and_the_whole_text():
    (found,) = verify_cosignatures(note(cosignature()), [WITNESS])
    assert (found.witness, found.at) == (WITNESS, 1_700_000_000)


def test_the_message_is_that_of_the_specification():
    """Written out here, so that a change of both sides at once is seen."""
    line = cosignature()
    KEY.public_key().verify(line.signature[8:], b"cosignature/v1\ntime 1700000000\n" + TEXT.encode())
    assert line.key_id == __import__("hashlib").sha256(b"witness.example\n\x04" + RAW).digest()[:4]


@pytest.mark.parametrize(
    "line",
    [
        cosignature(key=OTHER),
        cosignature(name="other.example"),
        cosignature(kind=1),
        cosignature(text=TEXT.replace("7", "8")),
        cosignature(text=TEXT.replace("an extension\n", "")),
        NoteSignature("witness.example", key_id("witness.example", 4, RAW), bytes(8) + cosignature().signature[8:]),
        NoteSignature("witness.example", key_id("witness.example", 4, RAW), cosignature().signature + b"x"),
        NoteSignature("witness.example", key_id("witness.example", 4, RAW), b"x"),
        NoteSignature("witness.example", key_id("witness.example", 4, RAW), b"\xff" * 72),
    ],
    ids=["key", "name", "type", "size", "extension", "time", "long", "short", "no time"],
)
def test_a_line_that_the_witness_did_not_make_is_passed_over(line):
    assert verify_cosignatures(note(line), [WITNESS]) == ()
    assert len(verify_cosignatures(note(line, cosignature()), [WITNESS])) == 1


def test_lines_of_several_witnesses_and_times_are_told_apart():
    second = WitnessKey(name="other.example", public_key=OTHER.public_key().public_bytes_raw())
    lines = [cosignature(5), cosignature(9), cosignature(7, key=OTHER, name="other.example")]
    found = verify_cosignatures(note(*lines), [WITNESS, second])
    assert [(item.witness.name, item.at) for item in found] == [
        ("witness.example", 5),
        ("witness.example", 9),
        ("other.example", 7),
    ]


def test_what_is_no_note_is_malformed():
    with pytest.raises(Malformed):
        verify_cosignatures("log.example\n7\n", [WITNESS])
    assert parse_note(note(cosignature())).text == TEXT
