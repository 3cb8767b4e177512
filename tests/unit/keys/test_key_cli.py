import json
import stat
from pathlib import Path

import pytest
from nacl.secret import SecretBox  # noqa: F401  the extra that `key import` names

from pratique.attest.predicates.succession import verify_succession
from pratique.attest.publickey import ALGORITHMS, PublicKey
from pratique.cli import key as command
from pratique.cli.main import run
from pratique.keys.file import generate_key, load_public_key, load_signer


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("PRATIQUE_KEY_PASSPHRASE", "PRATIQUE_KEY_PIN", "COSIGN_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def say(capsys, *arguments):
    code = run(["key", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_help_names_all_algorithms_without_loading_the_library():
    assert list(ALGORITHMS) == command._ALGORITHMS


@pytest.mark.parametrize("algorithm", ["ed25519", "ecdsa-p384", "rsa-pss-2048", "ml-dsa-65"])
def test_a_generated_key_is_shown_by_its_public_half(capsys, algorithm):
    code, out, _ = say(capsys, "generate", "-o", "K", "--algorithm", algorithm, "--no-passphrase", "--format", "json")
    made = json.loads(out)
    assert (code, made["algorithm"]) == (0, algorithm)
    code, out, _ = say(capsys, "show", f"file:K.pub?algorithm={algorithm}", "--format", "json", "--public", "copy.pem")
    shown = json.loads(out)
    assert (shown["keyid"], shown["algorithm"]) == (made["keyid"], algorithm)
    assert PublicKey.from_pem(Path("copy.pem").read_bytes(), algorithm).keyid == made["keyid"]


def test_showing_a_private_key_asks_for_the_public_one(capsys):
    say(capsys, "generate", "-o", "K", "--no-passphrase")
    code, _, err = say(capsys, "show", "K")
    assert code == 2
    assert "this is a private key" in err


def test_importing_makes_an_encrypted_file_of_a_plain_one(capsys, here, monkeypatch):
    generate_key(here / "old", "rsa-2048", None)
    monkeypatch.setenv("PRATIQUE_KEY_PASSPHRASE", "horse")
    code, out, err = say(capsys, "import", "old", "-o", "new", "--algorithm", "rsa-pss-2048", "--format", "json")
    assert code == 0, err
    assert json.loads(out)["algorithm"] == "rsa-pss-2048"
    assert stat.S_IMODE((here / "new").stat().st_mode) == 0o600
    signer = load_signer(here / "new", lambda: b"horse", "rsa-pss-2048")
    assert signer.public_key.keyid == load_public_key(here / "old.pub").keyid
    code, _, err = say(capsys, "import", "old", "-o", "new")
    assert code == 2
    assert "never overwritten" in err


def test_the_old_passphrase_comes_from_cosigns_variable(capsys, here, monkeypatch):
    generate_key(here / "old", "ecdsa-p256", b"cosigns")
    monkeypatch.setenv("COSIGN_PASSWORD", "cosigns")
    code, _, err = say(capsys, "import", "old", "-o", "new", "--no-passphrase")
    assert code == 0, err
    monkeypatch.setenv("COSIGN_PASSWORD", "wrong-guess")
    code, _, err = say(capsys, "import", "old", "-o", "newer", "--no-passphrase")
    assert code == 2
    assert "wrong-guess" not in err
    assert not (here / "newer").exists()


def test_an_empty_passphrase_of_cosigns_is_said_by_an_empty_variable(capsys, here, monkeypatch):
    from test_keys_foreign import cosign

    from pratique.keys.file import new_private_key

    monkeypatch.setattr("test_keys_foreign.PASSPHRASE", b"")
    (here / "old").write_bytes(cosign(new_private_key("ecdsa-p256")))
    assert say(capsys, "import", "old", "-o", "new", "--no-passphrase")[0] == 2
    monkeypatch.setenv("COSIGN_PASSWORD", "")
    code, _, err = say(capsys, "import", "old", "-o", "new", "--no-passphrase")
    assert code == 0, err
    code, _, err = say(capsys, "import", "old", "-o", "file:newer?algorithm=ed25519", "--algorithm", "ecdsa-p256")
    assert code == 2
    assert "the reference says ed25519" in err


def test_rotating_makes_a_successor_and_a_statement_by_both(capsys, here):
    generate_key(here / "old", "ecdsa-p256", None)
    code, out, err = say(capsys, "rotate", "old", "-o", "new", "--no-passphrase", "--format", "json")
    assert code == 0, err
    told = json.loads(out)
    old, new = load_public_key(here / "old.pub"), load_public_key(here / "new.pub")
    succession = verify_succession((here / "new.succession.json").read_bytes(), old)
    assert (succession.new, told["old"], told["keyid"]) == (new, old.keyid, new.keyid)
    assert new.algorithm == "ecdsa-p256"
    assert (here / "old").exists()


def test_rotating_refuses_what_it_could_not_finish_before_anything_is_made(capsys, here):
    generate_key(here / "old", "ed25519", None)
    (here / "new.succession.json").write_text("mine")
    for arguments in (["old", "-o", "new"], ["absent", "-o", "other"], ["old"], ["old", "-o", "hashivault://k"]):
        code, _, err = say(capsys, "rotate", *arguments, "--no-passphrase")
        assert code == 2, err
    assert not (here / "new").exists()
    assert (here / "new.succession.json").read_text() == "mine"


def test_a_passphrase_is_no_argument():
    names = {option for item in command.command.commands.values() for parameter in item.params for option in parameter.opts}
    assert not {"--passphrase", "--pin", "--token", "--password"} & names


def test_a_reference_that_contradicts_the_option_is_refused(capsys):
    code, _, err = say(capsys, "generate", "-o", "pkcs11:object=k?algorithm=ed25519", "--algorithm", "ecdsa-p256")
    assert code == 2
    assert "the reference says ed25519" in err
