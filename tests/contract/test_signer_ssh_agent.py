"""What SSH agents do beyond the contract of `Signer`: a real one, and one that speaks nonsense."""

import contextlib
import os
import socket
import struct
import threading

import pytest
from signers import never
from ssh_agent import SshAgent

from pratique.errors import AuthenticationRequired, InputError, Malformed, NotFound, PratiqueError, Unavailable
from pratique.keys.access import Access
from pratique.keys.open import open_signer


@pytest.fixture
def access(ssh_agent_place: SshAgent):
    return Access(passphrase=never, pin=never, environ=ssh_agent_place.environ)


def test_a_key_is_found_by_its_comment(ssh_agent_place, access):
    ssh_agent_place.key("ed25519", "release@example")
    signer = open_signer("ssh-agent:release@example", access)
    signer.public_key.verify(signer.sign(b"m"), b"m")


def test_two_keys_of_one_comment_are_told_apart_by_fingerprint(ssh_agent_place, access, tmp_path):
    first = ssh_agent_place.key("ed25519", "twin")
    (ssh_agent_place.folder / "id-twin").rename(tmp_path / "old")
    (ssh_agent_place.folder / "id-twin.pub").unlink()
    second = ssh_agent_place.key("ed25519", "twin")
    with pytest.raises(InputError, match="by its fingerprint"):
        open_signer("ssh-agent:twin", access)
    assert open_signer(f"ssh-agent:{first}", access).public_key != open_signer(f"ssh-agent:{second}", access).public_key


def test_a_key_that_is_removed_in_the_middle_signs_no_more(ssh_agent_place, access):
    fingerprint = ssh_agent_place.key("ecdsa-p256", "removed")
    signer = open_signer(f"ssh-agent:{fingerprint}", access)
    signer.sign(b"m")
    ssh_agent_place.remove("removed")
    with pytest.raises(AuthenticationRequired, match="does not sign"):
        signer.sign(b"m")
    with pytest.raises(NotFound, match="ssh-add -l"):
        open_signer(f"ssh-agent:{fingerprint}", access)


def test_kinds_and_paddings_that_are_not_served_are_named(ssh_agent_place, access):
    ssh_agent_place.key("rsa-2048", "padded")
    with pytest.raises(InputError, match="not for rsa-pss"):
        open_signer("ssh-agent:padded?algorithm=rsa-pss-2048", access)


def test_no_agent_says_which_variable(tmp_path):
    with pytest.raises(InputError, match="SSH_AUTH_SOCK"):
        open_signer("ssh-agent:k", Access(passphrase=never, pin=never, environ={}))
    with pytest.raises(Unavailable, match="no such file"):
        open_signer("ssh-agent:k", Access(passphrase=never, pin=never, environ={"SSH_AUTH_SOCK": str(tmp_path / "none")}))


def string(data):
    return struct.pack(">I", len(data)) + data


BLOB = string(b"ssh-ed25519") + string(bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"))


def framed(body):
    return string(body)


NONSENSE = {
    "nothing": b"",
    "half a length": b"\0\0",
    "length zero": b"\0\0\0\0",
    "length of 4 GiB": b"\xff\xff\xff\xff",
    "ends early": b"\0\0\1\0\14",
    "another kind": framed(b"\6"),
    "no count": framed(b"\14"),
    "a million keys": framed(b"\14" + struct.pack(">I", 1_000_000)),
    "key cut off": framed(b"\14" + struct.pack(">I", 1) + b"\0\0\0\xff"),
    "key of junk": framed(b"\14" + struct.pack(">I", 1) + string(b"junk") + string(b"k")),
    "key with more after it": framed(b"\14" + struct.pack(">I", 1) + string(BLOB + b"x") + string(b"k")),
    "key off the curve": framed(
        b"\14" + struct.pack(">I", 1) + string(string(b"ssh-ed25519") + string(b"\2" * 31)) + string(b"k")
    ),
    "control characters": framed(b"\14" + struct.pack(">I", 1) + string(string(b"\x1b[2J") + string(b"")) + string(b"k")),
    "huge answer": framed(b"\14" + b"\0" * 300_000),
}


@pytest.fixture
def lying(tmp_path):
    """An agent that says the given bytes, one answer a request."""

    def start(*answers):
        server = socket.socket(socket.AF_UNIX)
        server.bind(os.fsencode(tmp_path / "lies"))
        server.listen()

        def serve():
            connection, _ = server.accept()
            with connection, contextlib.suppress(OSError):
                for answer in answers:
                    if not connection.recv(300_000):
                        return
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return Access(passphrase=never, pin=never, environ={"SSH_AUTH_SOCK": str(tmp_path / "lies")}, patience_s=1.0)

    return start


@pytest.mark.parametrize("name", NONSENSE)
def test_an_agent_that_speaks_nonsense_is_one_clear_error(lying, name):
    with pytest.raises(PratiqueError) as caught:
        open_signer("ssh-agent:k", lying(NONSENSE[name]))
    assert isinstance(caught.value, Unavailable | Malformed)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "answer",
    [
        framed(b"\16" + string(string(b"ssh-ed25519") + string(b"\1" * 64))),
        framed(b"\16" + string(string(b"ssh-rsa") + string(b"\1" * 64))),
        framed(b"\16" + string(string(b"ssh-ed25519") + string(b"\1" * 64)) + b"x"),
        framed(b"\16" + string(b"")),
        framed(b"\16"),
        framed(b"\5"),
        framed(b"\14\0\0\0\0"),
        b"",
    ],
)
def test_an_answer_that_is_no_signature_by_this_key_is_refused(lying, answer):
    identities = framed(b"\14" + struct.pack(">I", 1) + string(BLOB) + string(b"k"))
    signer = open_signer("ssh-agent:k", lying(identities, answer))
    with pytest.raises(Unavailable):
        signer.sign(b"m")
