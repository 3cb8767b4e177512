import subprocess
import sys

import pytest

from pratique.errors import InputError
from pratique.keys import access
from pratique.keys.access import MAX_REFERENCE, Access, parse_reference
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


def test_a_file_may_have_a_pin_in_its_name():
    assert parse_reference("file:pin-value").name == parse_reference("pin-value").name == "pin-value"


def test_a_reference_is_as_long_as_the_limit_says_and_no_longer():
    text = "hashivault://".ljust(MAX_REFERENCE, "k")
    assert parse_reference(text).name == text.removeprefix("hashivault://")
    with pytest.raises(InputError, match="not a key's name"):
        parse_reference(text + "k")


@pytest.mark.parametrize(
    ("text", "name"),
    [("file:///a/b.key", "/a/b.key"), ("file:a//b", "a//b"), ("hashivault:////k", "//k"), ("ssh-agent://k", "//k")],
)
def test_slashes_before_a_file_s_name_are_no_part_of_it(text, name):
    assert parse_reference(text).name == name


def test_the_algorithm_is_said_once_or_twice_alike():
    silent, stated = parse_reference("hashivault://k"), parse_reference("hashivault://k?algorithm=rsa-2048")
    assert (silent.agreed(None), silent.agreed("rsa-2048")) == (None, "rsa-2048")
    assert (stated.agreed(None), stated.agreed("rsa-2048")) == ("rsa-2048", "rsa-2048")
    with pytest.raises(InputError, match="the reference says rsa-2048, not rsa-pss-2048") as caught:
        stated.agreed("rsa-pss-2048")
    assert caught.value.where == stated.text


def test_an_option_that_the_back_end_does_not_have_is_not_passed_over():
    reference = parse_reference("hashivault://k?version=1&verzion=2")
    with pytest.raises(InputError, match="unknown option 'verzion' of a hashivault:// key"):
        reference.only("version")
    reference.only("version", "verzion")
    parse_reference("hashivault://k?algorithm=rsa-2048").only()


NAMED = "name a FILE or a key service: docs/keys.md"


@pytest.mark.parametrize(
    ("text", "where", "message", "hint"),
    [
        ("awskms:k", "awskms:k", "not a key's name", "expected awskms://…: docs/keys.md"),
        ("vault://k", "vault://k", "no key is named like this here", "expected hashivault://KEY"),
        ("vault:k", "vault:k", "no key is named like this here", "expected hashivault://KEY"),
        ("ftp://host/k", "ftp://host/k", "no key is named like this here", NAMED),
        ("ftp://user:secret@host/k", "ftp://host/k", "no key is named like this here", NAMED),
        (
            "https://user:secret@host/a b",
            "https://host/a b",
            "no key is named like this here",
            "curl -o release.pub 'https://host/a b'",
        ),
        ("env://A;B", "env://A;B", "no key is named like this here", "printenv 'A;B' >"),
        ("k8s://team/cosign", "k8s://team/cosign", "no key is named like this here", "kubectl get secret -n team cosign -o"),
        ("ftp://" + "k" * 300, "ftp://" + "k" * 194, "no key is named like this here", NAMED),
    ],
)
def test_a_key_that_is_named_as_elsewhere_is_refused_by_that_name_without_its_secret(text, where, message, hint):
    with pytest.raises(InputError) as caught:
        parse_reference(text)
    assert (caught.value.where, caught.value.message) == (where, message)
    assert hint in caught.value.hint
    assert "secret" not in str(caught.value).replace("get secret", "")


@pytest.mark.parametrize("text", ["notes:old.key", "C:\\keys\\release.key", "release-1:2.key", "a/b://c", "A://b", "release.key"])
def test_a_file_s_name_may_have_a_colon_in_it(text):
    assert (parse_reference(text).scheme, parse_reference(text).name) == ("file:", text)


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
