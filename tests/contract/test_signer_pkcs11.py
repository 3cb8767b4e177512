"""What PKCS#11 tokens do beyond the contract of `Signer`. SoftHSM2 is real, its tokens are folders that can be taken out."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pkcs11
import pytest
from signers import second_opinion
from softhsm import PIN, SoftHsm

from pratique.attest.predicates.succession import verify_succession
from pratique.cli.main import run
from pratique.errors import InputError, NotFound, PassphraseWrong, Unavailable
from pratique.keys import pkcs11_session
from pratique.keys.access import parse_reference
from pratique.keys.file import new_private_key, public_half
from pratique.keys.open import create_signer, load_public, open_signer
from pratique.keys.pkcs11 import import_key


@pytest.fixture(scope="module")
def key(pkcs11_place: SoftHsm) -> str:
    reference = "pkcs11:token=first%20token;object=beyond;id=%01%ff"
    create_signer(reference, "ecdsa-p256", pkcs11_place.access()).close()
    return reference


def test_another_reader_of_the_token_sees_a_private_key_that_cannot_be_read_out(pkcs11_place, key):
    shown = pkcs11_place.tool("--login", "--pin", PIN, "--list-objects", "--type", "privkey", "--label", "beyond")
    assert "sensitive, always sensitive, never extractable" in shown
    assert "Usage:      sign\n" in shown


def test_a_wrong_pin_is_tried_once(pkcs11_place, key):
    with pytest.raises(PassphraseWrong, match="tried once") as caught:
        open_signer(key, pkcs11_place.access("00000000"))
    assert "00000000" not in str(caught.value)
    signer = open_signer(key, pkcs11_place.access())
    signer.close()


def test_an_empty_pin_is_not_tried_at_all_and_none_says_where_to_give_one(pkcs11_place, key):
    with pytest.raises(PassphraseWrong, match="not tried"):
        open_signer(key, pkcs11_place.access(""))
    with pytest.raises(InputError, match="PRATIQUE_KEY_PIN"):
        open_signer(key, replace(pkcs11_place.access(), pin=lambda: None))


@pytest.mark.parametrize(
    ("flag", "words"),
    [(pkcs11.TokenFlag.USER_PIN_FINAL_TRY, "one more wrong PIN would lock"), (pkcs11.TokenFlag.USER_PIN_LOCKED, "PIN is locked")],
)
def test_a_token_that_is_about_to_lock_itself_is_left_alone(pkcs11_place, key, flag, words):
    class Token:
        flags = pkcs11.TokenFlag.LOGIN_REQUIRED | flag

    name = pkcs11_session.parse_name(parse_reference(key))
    asked = []
    with pytest.raises(Unavailable, match=words):
        pkcs11_session._pin(Token(), name, replace(pkcs11_place.access(), pin=lambda: asked.append(1) or b"1"))
    assert not asked


def test_the_pin_comes_from_the_file_that_the_reference_names(pkcs11_place, key, tmp_path):
    (tmp_path / "pin").write_text(PIN + "\n")
    signer = open_signer(f"{key}?pin-source=file:{tmp_path}/pin", replace(pkcs11_place.access(), pin=lambda: None))
    signer.public_key.verify(signer.sign(b"m"), b"m")
    signer.close()


def test_signers_of_one_token_share_a_login_and_closing_one_leaves_the_others(pkcs11_place, key):
    first, second = (open_signer(key, pkcs11_place.access()) for _ in range(2))
    first.close()
    second.public_key.verify(second.sign(b"m"), b"m")
    second.close()


def test_a_key_is_found_by_its_id_alone(pkcs11_place, key):
    signer = open_signer("pkcs11:token=first%20token;id=%01%ff;type=private", pkcs11_place.access())
    signer.close()
    with pytest.raises(NotFound, match="no such key"):
        open_signer("pkcs11:token=first%20token;id=%02", pkcs11_place.access())


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("pkcs11:token=first%20token", "names no key"),
        ("pkcs11:object=beyond;colour=red", "not an attribute"),
        ("pkcs11:object=beyond;object=other", "given twice"),
        ("pkcs11:object=beyond;type=public", "names no private key"),
        ("pkcs11:object=beyond?module-path=softhsm.so", "full path"),
        ("pkcs11:object=beyond?module-path=/no/such/module.so", "no such PKCS#11 module"),
    ],
)
def test_what_names_no_key_is_refused_before_any_token_is_touched(pkcs11_place, reference, words):
    with pytest.raises(InputError, match=words):
        open_signer(reference, replace(pkcs11_place.access(), pin=lambda: pytest.fail("asked for a PIN")))


def test_what_is_no_module_is_one_error(pkcs11_place, tmp_path):
    (tmp_path / "module.so").write_bytes(b"\x7fELF nothing")
    with pytest.raises(Unavailable, match="not a PKCS#11 module"):
        open_signer(f"pkcs11:object=k?module-path={tmp_path}/module.so", pkcs11_place.access())


def test_an_unknown_token_is_unavailable_because_it_may_be_plugged_in_later(pkcs11_place):
    with pytest.raises(Unavailable, match="plugged in"):
        open_signer("pkcs11:token=elsewhere;object=k", pkcs11_place.access())


def test_an_existing_key_is_never_overwritten_and_two_of_one_name_are_told_apart_by_id(pkcs11_place, key):
    with pytest.raises(InputError, match="never overwritten"):
        create_signer(key, "ed25519", pkcs11_place.access())
    create_signer("pkcs11:token=first%20token;object=beyond;id=%03", "ecdsa-p256", pkcs11_place.access()).close()
    with pytest.raises(InputError, match="several keys"):
        open_signer("pkcs11:token=first%20token;object=beyond", pkcs11_place.access())


@pytest.mark.parametrize("algorithm", ["ml-dsa-44", "rsa", "dsa"])
def test_algorithms_that_tokens_do_not_make_are_refused(pkcs11_place, algorithm):
    with pytest.raises(InputError, match="not made in tokens"):
        create_signer("pkcs11:token=first%20token;object=new", algorithm, pkcs11_place.access())


@pytest.mark.parametrize("algorithm", ["ed25519", "ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-pss-2048"])
def test_a_key_that_was_made_elsewhere_is_stored_and_signs(pkcs11_place, algorithm, tmp_path):
    private = new_private_key(algorithm)
    reference = f"pkcs11:token=first%20token;object=imported-{algorithm}?algorithm={algorithm}"
    stored = import_key(parse_reference(reference), private, algorithm, pkcs11_place.access())
    assert stored.public_key == public_half(private, algorithm)
    stored.close()
    signer = open_signer(reference, pkcs11_place.access())
    assert signer.public_key == public_half(private, algorithm)
    assert second_opinion(signer.public_key, signer.sign(b"m"), b"m", tmp_path)
    signer.close()
    label = f"imported-{algorithm}"
    shown = pkcs11_place.tool("--login", "--pin", PIN, "--list-objects", "--type", "privkey", "--label", label)
    assert "sensitive" in shown
    assert "sign\n" in shown
    assert "decrypt" not in shown


def test_a_private_key_without_its_public_one_says_what_is_missing(pkcs11_place):
    create_signer("pkcs11:token=first%20token;object=half", "ecdsa-p256", pkcs11_place.access()).close()
    pkcs11_place.tool("--login", "--pin", PIN, "--delete-object", "--type", "pubkey", "--label", "half")
    with pytest.raises(NotFound, match="no public one"):
        open_signer("pkcs11:token=first%20token;object=half", pkcs11_place.access())


def test_a_token_that_signs_with_another_key_than_it_shows_is_found_out(pkcs11_place):
    for label in ("swapped", "other"):
        create_signer(f"pkcs11:token=first%20token;object={label}", "ecdsa-p256", pkcs11_place.access()).close()
    pkcs11_place.tool("--login", "--pin", PIN, "--delete-object", "--type", "pubkey", "--label", "swapped")
    der = pkcs11_place.root / "other.der"
    pkcs11_place.tool("--read-object", "--type", "pubkey", "--label", "other", "--output-file", str(der))
    pkcs11_place.tool("--login", "--pin", PIN, "--write-object", str(der), "--type", "pubkey", "--label", "swapped")
    signer = open_signer("pkcs11:token=first%20token;object=swapped", pkcs11_place.access())
    with pytest.raises(Unavailable, match="not a signature by this key"):
        signer.sign(b"m")
    signer.close()


def test_the_token_is_used_by_a_command_of_its_own_process(pkcs11_place, key, tmp_path):
    environment = os.environ | {"PRATIQUE_PKCS11_MODULE": pkcs11_place.module, "PRATIQUE_KEY_PIN": PIN}
    command = [sys.executable, "-c", "from pratique.cli.main import main; main()", "key", "show", key]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "ecdsa-p256" in done.stdout


def test_a_key_is_rotated_to_another_of_the_same_token_that_is_open_for_signing(pkcs11_place, key, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PRATIQUE_PKCS11_MODULE", pkcs11_place.module)
    monkeypatch.setenv("PRATIQUE_KEY_PIN", PIN)
    successor, document = "pkcs11:token=first%20token;object=successor", tmp_path / "succession.json"
    arguments = ["key", "rotate", key, "--output", successor, "--algorithm", "ecdsa-p384", "--statement", str(document)]
    assert run(arguments) == 0, capsys.readouterr().err
    old, new = (load_public(reference, pkcs11_place.access()) for reference in (key, successor))
    assert verify_succession(document.read_bytes(), old).new == new
    again = open_signer(key, pkcs11_place.access())
    again.public_key.verify(again.sign(b"m"), b"m")
    again.close()


def test_two_sessions_of_a_token_end_in_any_order(pkcs11_place, key):
    for first_to_end in (0, 1):
        signers = [open_signer(key, pkcs11_place.access())]
        reference = f"pkcs11:token=first%20token;object=order-{first_to_end}"
        signers.append(create_signer(reference, "ecdsa-p256", pkcs11_place.access()))
        ended, left = signers[first_to_end], signers[1 - first_to_end]
        ended.close()
        left.public_key.verify(left.sign(b"m"), b"m")
        left.close()
    assert not pkcs11_session._logins


def test_a_key_that_wants_the_pin_for_each_signature_gets_it_until_it_is_refused_once(pkcs11_place):
    make = ["--keypairgen", "--key-type", "EC:prime256v1", "--label", "each-time", "--always-auth"]
    pkcs11_place.tool("--login", "--pin", PIN, *make)
    asked = []
    access = replace(pkcs11_place.access(), pin=lambda: asked.append(1) or PIN.encode())
    signer = open_signer("pkcs11:token=first%20token;object=each-time", access)
    for message in (b"one", b"two"):
        signer.public_key.verify(signer.sign(message), message)
    assert asked == [1]
    signer._login.pin = "00000000"

    def attempt(_: int) -> type[Exception]:
        with pytest.raises((PassphraseWrong, Unavailable)) as caught:
            signer.sign(b"m")
        return caught.type

    with ThreadPoolExecutor(6) as pool:
        assert sorted(kind.__name__ for kind in pool.map(attempt, range(6))) == ["PassphraseWrong"] + ["Unavailable"] * 5
    signer.close()


def test_a_key_that_the_token_cannot_make_leaves_the_others_as_they_were(pkcs11_place, key, monkeypatch):
    def refused(*_):
        raise pkcs11.MechanismInvalid

    signer = open_signer(key, pkcs11_place.access())
    monkeypatch.setattr("pratique.keys.pkcs11.generate_pair", refused)
    with pytest.raises(Unavailable, match="mechanism invalid"):
        create_signer("pkcs11:token=first%20token;object=impossible", "ecdsa-p256", pkcs11_place.access())
    again = open_signer(key, pkcs11_place.access())
    for good in (signer, again):
        good.public_key.verify(good.sign(b"m"), b"m")
        good.close()


def test_a_login_by_another_part_of_the_process_counts(pkcs11_place, key):
    elsewhere = pkcs11.lib(pkcs11_place.module).get_token(token_label="first token").open(user_pin=PIN)
    signer = open_signer(key, pkcs11_place.access())
    signer.public_key.verify(signer.sign(b"m"), b"m")
    signer.close()
    elsewhere.close()
