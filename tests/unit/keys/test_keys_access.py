import subprocess
import sys

import pytest

from pratique.errors import InputError
from pratique.keys import access
from pratique.keys.access import Access, parse_reference
from pratique.keys.open import create_signer, open_signer

ACCESS = Access(passphrase=lambda: None, pin=lambda: None, environ={"SECRET": "s3cret"})


@pytest.mark.parametrize(
    ("text", "scheme", "name"),
    [
        ("a/b.key", "file:", "a/b.key"),
        ("what?is=this", "file:", "what?is=this"),
        ("file:a?algorithm=rsa-pss-2048", "file:", "a"),
        ("hashivault://key", "hashivault://", "key"),
        ("awskms:///arn:aws:kms:eu-west-1:1:key/ab", "awskms://", "/arn:aws:kms:eu-west-1:1:key/ab"),
        (
            "gcpkms://projects/p/locations/l/keyRings/r/cryptoKeys/k",
            "gcpkms://",
            "projects/p/locations/l/keyRings/r/cryptoKeys/k",
        ),
        ("azurekms://vault/key", "azurekms://", "vault/key"),
        ("pkcs11:token=a%20b;object=k?module-path=/x.so", "pkcs11:", "token=a%20b;object=k"),
        ("ssh-agent:SHA256:abc+/", "ssh-agent:", "SHA256:abc+/"),
    ],
)
def test_references_are_told_apart_by_their_beginning(text, scheme, name):
    parsed = parse_reference(text)
    assert (parsed.scheme, parsed.name) == (scheme, name)


def test_the_algorithm_is_the_option_of_every_back_end_and_values_are_decoded():
    parsed = parse_reference("pkcs11:token=t?module-path=/a%20b&algorithm=rsa-pss-2048")
    assert parsed.algorithm == "rsa-pss-2048"
    assert parsed.options == {"module-path": "/a b"}


@pytest.mark.parametrize(
    "text", ["", "a\nb", "x" * 3000, "hashivault://", "file:", "file:a?b", "hashivault://k?version=1&version=2"]
)
def test_what_names_no_key_is_refused(text):
    with pytest.raises(InputError):
        parse_reference(text)


def test_a_pin_in_a_reference_is_refused_and_not_repeated():
    with pytest.raises(InputError, match="PRATIQUE_KEY_PIN") as caught:
        parse_reference("pkcs11:token=t?pin-value=1234")
    assert "1234" not in str(caught.value)


def test_what_opens_keys_shows_nothing_of_the_environment():
    assert "s3cret" not in repr(ACCESS)


def test_a_library_that_is_not_installed_is_named_with_the_extra_that_brings_it(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "botocore" or name == "pratique.keys.aws"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "botocore", None)
    with pytest.raises(InputError, match=r"install pratique\[aws\]"):
        open_signer("awskms:///k", ACCESS)


def test_every_back_end_has_its_module_and_its_section_in_the_documentation():
    from importlib import import_module
    from pathlib import Path

    text = (Path(__file__).parents[3] / "docs" / "keys.md").read_text()
    for scheme, module in access.BACKENDS.items():
        assert callable(import_module(f"pratique.keys.{module}").open_key)
        assert scheme in text


def test_files_and_agents_are_not_made_by_reference():
    for reference in ("some-file", "ssh-agent:x"):
        with pytest.raises(InputError):
            create_signer(reference, "ed25519", ACCESS)


@pytest.mark.parametrize("reference", ["K", "ssh-agent:x"])
def test_a_key_loads_no_library_but_its_own_back_ends(tmp_path, reference):
    program = f"""
import sys
from pratique.errors import PratiqueError
from pratique.keys.access import Access
from pratique.keys.file import generate_key
from pratique.keys.open import open_signer
from pathlib import Path
generate_key(Path("K"), "ed25519", None)
try:
    open_signer({reference!r}, Access(passphrase=lambda: None, pin=lambda: None, environ={{}})).sign(b"m")
except PratiqueError as error:
    print(error, file=sys.stderr)
print(sorted({{"botocore", "google.auth", "pkcs11", "httpx", "nacl"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_help_of_the_command_loads_no_cryptography():
    program = """
import sys
from pratique.cli.main import run
run(["key", "rotate", "--help"])
assert not {"cryptography", "httpx", "pkcs11"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
