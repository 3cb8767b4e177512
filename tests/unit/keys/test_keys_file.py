import fcntl
import os
import stat
import subprocess

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from pratique.errors import InputError, Locked, Malformed, NotFound, PassphraseWrong, StorageError
from pratique.keys import file as keyfile
from pratique.keys.file import generate_key, load_public_key, load_signer

PASSPHRASE = b"correct horse"


def never():
    raise AssertionError("nobody should be asked for a passphrase")


def write_private(path, text, mode=0o600):
    path.write_bytes(text)
    path.chmod(mode)
    return path


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory):
    path = tmp_path_factory.mktemp("encrypted") / "k"
    generate_key(path, "ed25519", PASSPHRASE)
    return path


@pytest.mark.parametrize("algorithm", ["ed25519", "ecdsa-p256"])
def test_a_generated_pair_belongs_together_and_only_its_owner_reads_the_private_half(tmp_path, algorithm):
    public = generate_key(tmp_path / "k", algorithm, None)
    assert public.algorithm == algorithm
    assert load_public_key(tmp_path / "k.pub") == public
    assert load_signer(tmp_path / "k", never).public_key == public
    assert stat.S_IMODE((tmp_path / "k").stat().st_mode) == 0o600
    assert sorted(item.name for item in tmp_path.iterdir()) == ["k", "k.pub"]


@pytest.mark.parametrize("algorithm", ["ed25519", "ecdsa-p256"])
def test_openssl_opens_an_encrypted_key_and_finds_the_same_public_half(tmp_path, algorithm):
    generate_key(tmp_path / "k", algorithm, PASSPHRASE)
    command = ["openssl", "pkey", "-in", str(tmp_path / "k"), "-passin", "env:SECRET", "-pubout"]
    out = subprocess.run(command, check=True, capture_output=True, env=os.environ | {"SECRET": PASSPHRASE.decode()})
    assert out.stdout == (tmp_path / "k.pub").read_bytes()


def test_the_passphrase_is_stretched_by_scrypt_and_every_file_has_its_own_salt(encrypted, tmp_path):
    generate_key(tmp_path / "other", "ed25519", PASSPHRASE)
    shown = []
    for path in (encrypted, tmp_path / "other"):
        out = subprocess.run(["openssl", "asn1parse", "-in", str(path)], check=True, capture_output=True, text=True).stdout
        assert "scrypt" in out
        assert "aes-256-cbc" in out
        shown.append([line for line in out.splitlines() if "OCTET STRING" in line])
    assert not set(shown[0]) & set(shown[1])


def test_a_wrong_passphrase_is_said_once_and_not_repeated(encrypted):
    asked = []

    def wrong():
        asked.append(1)
        return b"wrong-guess"

    with pytest.raises(PassphraseWrong) as caught:
        load_signer(encrypted, wrong)
    assert asked == [1]
    assert "wrong-guess" not in str(caught.value)


def test_an_encrypted_key_without_a_passphrase_says_what_to_do(encrypted):
    with pytest.raises(InputError, match="PRATIQUE_KEY_PASSPHRASE"):
        load_signer(encrypted, lambda: None)
    with pytest.raises(PassphraseWrong):
        load_signer(encrypted, lambda: b"")


def test_an_empty_passphrase_does_not_make_a_key_that_only_looks_encrypted(tmp_path):
    with pytest.raises(InputError, match="empty"):
        generate_key(tmp_path / "k", "ed25519", b"")
    assert not list(tmp_path.iterdir())


def test_an_unknown_algorithm_is_refused(tmp_path):
    with pytest.raises(InputError, match="unknown key algorithm"):
        generate_key(tmp_path / "k", "rsa", None)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o666, 0o610])
def test_a_private_key_that_others_can_touch_is_refused_with_the_remedy(tmp_path, mode):
    generate_key(tmp_path / "k", "ed25519", None)
    (tmp_path / "k").chmod(mode)
    with pytest.raises(InputError, match="chmod 600"):
        load_signer(tmp_path / "k", never)


def test_an_existing_key_is_never_overwritten(tmp_path):
    generate_key(tmp_path / "k", "ed25519", None)
    before = (tmp_path / "k").read_bytes(), (tmp_path / "k.pub").read_bytes()
    with pytest.raises(InputError, match="never overwritten"):
        generate_key(tmp_path / "k", "ed25519", None)
    assert ((tmp_path / "k").read_bytes(), (tmp_path / "k.pub").read_bytes()) == before


def test_a_dangling_link_in_the_keys_place_is_not_followed(tmp_path):
    (tmp_path / "k").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError):
        generate_key(tmp_path / "k", "ed25519", None)
    assert not (tmp_path / "elsewhere").exists()


def test_a_run_stopped_between_the_halves_leaves_no_private_key_and_says_how_to_go_on(tmp_path, monkeypatch):
    real = keyfile.write_atomic

    def stopped(path, data, *, mode=0o644):
        if path.name == "k":
            raise StorageError("cannot write: no space left on device")
        real(path, data, mode=mode)

    monkeypatch.setattr(keyfile, "write_atomic", stopped)
    with pytest.raises(StorageError):
        generate_key(tmp_path / "k", "ed25519", None)
    assert [item.name for item in tmp_path.iterdir()] == ["k.pub"]
    monkeypatch.undo()
    with pytest.raises(InputError, match="remove it and run the same command again"):
        generate_key(tmp_path / "k", "ed25519", None)
    (tmp_path / "k.pub").unlink()
    generate_key(tmp_path / "k", "ed25519", None)
    assert load_signer(tmp_path / "k", never).public_key == load_public_key(tmp_path / "k.pub")


def test_two_runs_at_once_do_not_mix_their_halves(tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(Locked):
        generate_key(tmp_path / "k", "ed25519", None)
    os.close(descriptor)
    generate_key(tmp_path / "k", "ed25519", None)


def test_a_directory_that_is_a_file_is_one_error(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError):
        generate_key(tmp_path / "file" / "k", "ed25519", None)


def test_missing_keys_and_other_files_are_named(tmp_path):
    with pytest.raises(NotFound):
        load_signer(tmp_path / "k", never)
    with pytest.raises(NotFound):
        load_public_key(tmp_path / "k.pub")
    with pytest.raises(InputError):
        load_signer(tmp_path, never)


def test_the_two_halves_in_each_others_place_are_told_apart(tmp_path):
    generate_key(tmp_path / "k", "ed25519", None)
    (tmp_path / "k.pub").chmod(0o600)
    with pytest.raises(Malformed, match="this is a public key"):
        load_signer(tmp_path / "k.pub", never)
    with pytest.raises(Malformed, match="this is a private key") as caught:
        load_public_key(tmp_path / "k")
    assert caught.value.where == str(tmp_path / "k")


def test_a_file_with_two_private_keys_or_none_is_refused(tmp_path):
    private = ec.generate_private_key(ec.SECP256R1())
    pkcs8 = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for text in (
        pkcs8 + pkcs8,
        b"",
        b"\0" * 100_000,
        pkcs8[:-20],
        pkcs8.replace(b"PRIVATE KEY", b"ENCRYPTED SIGSTORE PRIVATE KEY"),
    ):
        with pytest.raises(Malformed):
            load_signer(write_private(tmp_path / "b", text), never)


def test_a_key_that_openssl_made_is_loaded(tmp_path):
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE))
    signer = load_signer(write_private(tmp_path / "k", pem, 0o400), lambda: PASSPHRASE)
    assert signer.public_key.algorithm == "ecdsa-p256"


@pytest.mark.parametrize("make", [lambda: rsa.generate_private_key(65537, 1024), lambda: ec.generate_private_key(ec.SECP256K1())])
def test_a_key_that_cannot_sign_here_is_refused(tmp_path, make):
    pem = make().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(Malformed, match="unsupported kind"):
        load_signer(write_private(tmp_path / "k", pem), never)


def test_a_damaged_key_is_one_error_that_shows_nothing_of_it(tmp_path):
    generate_key(tmp_path / "k", "ed25519", None)
    lines = (tmp_path / "k").read_bytes().split(b"\n")
    lines[1] = b"AAAA" + lines[1][4:]
    with pytest.raises(Malformed) as caught:
        load_signer(write_private(tmp_path / "k", b"\n".join(lines)), never)
    assert lines[1][8:20].decode() not in str(caught.value)


def test_half_a_pair_that_a_killed_run_left_is_replaced_only_where_that_was_asked_for(tmp_path):
    (tmp_path / "K.pub").write_text("half")
    with pytest.raises(InputError, match="no private key beside it"):
        generate_key(tmp_path / "K", "ed25519", None)
    made = generate_key(tmp_path / "K", "ed25519", None, replace_half=True)
    assert load_public_key(tmp_path / "K.pub").keyid == made.keyid == load_signer(tmp_path / "K", lambda: None).public_key.keyid
