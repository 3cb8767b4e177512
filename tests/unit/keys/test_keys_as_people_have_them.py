"""Private keys as people have them are signed with as they are; each mistake is one line that says what to type."""

import base64
import json
import subprocess

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from pratique.errors import InputError, LimitExceeded, Malformed, PassphraseWrong
from pratique.keys.access import Access
from pratique.keys.file import generate_key, load_public_key, load_signer, store_key
from pratique.keys.foreign import MAX_PRIVATE_SIZE
from pratique.keys.open import load_believed_key, open_signer

KEY = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
PASSPHRASE = b"horse"


def never():
    raise AssertionError("nobody should be asked")


def run(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, **more).stdout


def private(path, data):
    path.write_bytes(data)
    path.chmod(0o600)
    return path


def pem(form=PrivateFormat.PKCS8, encryption=None, key=KEY):
    return key.private_bytes(Encoding.PEM, form, encryption or NoEncryption())


def jwk():
    numbers = KEY.private_numbers()
    text = {"d": numbers.private_value, "x": numbers.public_numbers.x, "y": numbers.public_numbers.y}
    members = {name: base64.urlsafe_b64encode(value.to_bytes(32)).rstrip(b"=").decode() for name, value in text.items()}
    return json.dumps({"kty": "EC", "crv": "P-256", **members}).encode()


FORMS = {
    "text around it": lambda: b"Bag Attributes\n    friendlyName: release\n" + pem() + b"\n",
    "line ends of Windows": lambda: pem().replace(b"\n", b"\r\n"),
    "traditional": lambda: pem(PrivateFormat.TraditionalOpenSSL),
    "EC parameters before it": lambda: (
        b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + pem(PrivateFormat.TraditionalOpenSSL)
    ),
    "its public half beside it": lambda: pem() + b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    "OpenSSH": lambda: pem(PrivateFormat.OpenSSH),
    "DER": lambda: KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
    "traditional DER": lambda: KEY.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
    "a JSON Web Key": jwk,
}


@pytest.mark.parametrize("form", FORMS)
def test_a_private_key_signs_in_every_form_that_people_have(tmp_path, form):
    signer = load_signer(private(tmp_path / "k", FORMS[form]()), never)
    KEY.public_key().verify(signer.sign(b"m"), b"m", ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_an_encrypted_one_is_opened_with_its_passphrase_and_a_wrong_one_is_said_once(tmp_path, form):
    path = private(tmp_path / "k", pem(form, BestAvailableEncryption(PASSPHRASE)))
    assert load_signer(path, lambda: PASSPHRASE).public_key.algorithm == "ecdsa-p256"
    asked = []
    with pytest.raises(PassphraseWrong):
        load_signer(path, lambda: asked.append(1) or b"other")
    assert asked == [1]
    with pytest.raises(InputError, match="PRATIQUE_KEY_PASSPHRASE"):
        load_signer(path, lambda: None)


def test_an_encrypted_key_of_openssh_is_opened_or_says_what_works_without_the_library(tmp_path, monkeypatch):
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", PASSPHRASE.decode(), "-f", str(tmp_path / "id"))
    try:
        import bcrypt  # noqa: F401
    except ModuleNotFoundError:
        with pytest.raises(Malformed, match="ssh-add .*/id, --key ssh-agent:"):
            load_signer(tmp_path / "id", lambda: PASSPHRASE)
        return
    assert load_signer(tmp_path / "id", lambda: PASSPHRASE).public_key == load_public_key(tmp_path / "id.pub")
    with pytest.raises(PassphraseWrong):
        load_signer(tmp_path / "id", lambda: b"other")


def test_a_key_of_openssh_and_its_public_half_are_used_as_they_are(tmp_path):
    run("ssh-keygen", "-q", "-t", "ecdsa", "-b", "521", "-N", "", "-f", str(tmp_path / "id"))
    signer = load_signer(tmp_path / "id", never)
    key = load_public_key(tmp_path / "id.pub")
    assert (key, key.algorithm) == (signer.public_key, "ecdsa-p521")
    key.verify(signer.sign(b"m"), b"m")


def test_a_public_key_to_sign_with_is_called_one_whatever_its_mode_and_the_private_half_is_named(tmp_path):
    generate_key(tmp_path / "release", "ecdsa-p256", None)
    with pytest.raises(Malformed, match="this is a public key where a private key belongs") as caught:
        load_signer(tmp_path / "release.pub", never)
    assert str(tmp_path / "release") in caught.value.hint
    with pytest.raises(Malformed, match="certificate"):
        certificate = (
            b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(b"\x30\x03\x30\x01\x05") + b"-----END CERTIFICATE-----\n"
        )
        load_signer(private(tmp_path / "c.pem", certificate), never)


def test_a_private_key_to_verify_with_is_never_used_and_the_public_half_is_named(tmp_path):
    generate_key(tmp_path / "release.key", "ecdsa-p256", None)
    with pytest.raises(Malformed, match="private key where a public key belongs") as caught:
        load_public_key(tmp_path / "release.key")
    assert str(tmp_path / "release.key.pub") in caught.value.hint
    (tmp_path / "release.key.pub").unlink()
    with pytest.raises(Malformed, match="openssl pkey -in .*release.key -pubout"):
        load_public_key(tmp_path / "release.key")
    command = ["openssl", "pkey", "-in", str(tmp_path / "release.key"), "-pubout", "-out", str(tmp_path / "release.key.pub")]
    run(*command)  # as the advice says
    assert load_public_key(tmp_path / "release.key.pub").algorithm == "ecdsa-p256"


def test_the_advice_for_a_key_of_openssh_works(tmp_path):
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "id"))
    kept = load_public_key(tmp_path / "id.pub")
    (tmp_path / "id.pub").unlink()
    with pytest.raises(Malformed) as caught:
        load_public_key(tmp_path / "id")
    command = caught.value.hint.removeprefix("run: ").partition(", and")[0]
    subprocess.run(command, shell=True, check=True)  # noqa: S602  (the line as a person types it)
    assert load_public_key(tmp_path / "id.pub") == kept


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_a_key_for_rsa_pss_is_stored_and_read_again_as_one(tmp_path, passphrase):
    public = store_key(tmp_path / "k", RSA, passphrase, algorithm="rsa-pss-2048-sha384")
    signer = load_signer(tmp_path / "k", lambda: passphrase)
    assert signer.public_key == public == load_public_key(tmp_path / "k.pub")
    assert public.algorithm == "rsa-pss-2048-sha384"
    public.verify(signer.sign(b"m"), b"m")
    with pytest.raises(Malformed, match="not for 'rsa-2048'"):
        load_signer(tmp_path / "k", lambda: passphrase, "rsa-2048")


@pytest.mark.parametrize("encryption", [(), ("-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA512"), ("-scrypt",)])
def test_an_encrypted_rsa_pss_key_of_openssls_is_not_used_for_another_padding(tmp_path, encryption):
    run("openssl", "genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048", "-out", str(tmp_path / "plain"))
    run(
        "openssl",
        "pkcs8",
        "-topk8",
        "-in",
        str(tmp_path / "plain"),
        "-passout",
        "pass:horse",
        "-out",
        str(tmp_path / "k"),
        *encryption,
    )
    for name, ask in (("plain", never), ("k", lambda: PASSPHRASE)):
        (tmp_path / name).chmod(0o600)
        assert load_signer(tmp_path / name, ask).public_key.algorithm == "rsa-pss-2048"


def rsa_jwk(**more):
    numbers = RSA.private_numbers()
    values = {"p": numbers.p, "q": numbers.q, "d": numbers.d, "dp": numbers.dmp1, "dq": numbers.dmq1, "qi": numbers.iqmp}
    values |= {"n": numbers.public_numbers.n, "e": numbers.public_numbers.e}
    texts = {name: base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8)) for name, value in values.items()}
    return {"kty": "RSA", **{name: text.rstrip(b"=").decode() for name, text in texts.items()}, **more}


@pytest.mark.parametrize(
    ("alg", "algorithm"), [("RS256", "rsa-2048"), ("PS256", "rsa-pss-2048"), ("PS512", "rsa-pss-2048-sha512")]
)
def test_a_json_web_key_signs_with_the_algorithm_that_it_names_and_verifies_with_no_other(tmp_path, alg, algorithm):
    path = private(tmp_path / "k.json", json.dumps(rsa_jwk(alg=alg)).encode())
    (tmp_path / "pub.json").write_text(json.dumps({name: rsa_jwk(alg=alg)[name] for name in ("kty", "n", "e", "alg")}))
    signer, public = load_signer(path, never), load_public_key(tmp_path / "pub.json")
    assert signer.public_key == public and public.algorithm == algorithm
    public.verify(signer.sign(b"m"), b"m")
    if algorithm != "rsa-2048":
        with pytest.raises(Malformed, match=f"this is a key for {algorithm}, not for 'rsa-2048'"):
            load_signer(path, never, "rsa-2048")


def test_a_private_key_is_as_large_as_the_limit_says_and_no_larger(tmp_path):
    odd = json.dumps(rsa_jwk(use="enc")).encode()
    with pytest.raises(Malformed, match="not for signatures"):
        load_signer(private(tmp_path / "a", odd.ljust(MAX_PRIVATE_SIZE)), never)
    with pytest.raises(LimitExceeded, match=f"a private key of {MAX_PRIVATE_SIZE + 1} bytes"):
        load_signer(private(tmp_path / "b", odd.ljust(MAX_PRIVATE_SIZE + 1)), never)


def test_two_private_keys_in_one_file_sign_nothing(tmp_path):
    with pytest.raises(Malformed, match="2 private keys"):
        load_signer(private(tmp_path / "k", pem() + pem(key=RSA)), never)


def test_others_may_not_read_a_private_key_in_any_form(tmp_path):
    for number, form in enumerate(FORMS.values()):
        path = private(tmp_path / str(number), form())
        path.chmod(0o640)
        with pytest.raises(InputError, match="chmod 600"):
            load_signer(path, never)


ACCESS = Access(passphrase=never, pin=never, environ={})


@pytest.mark.parametrize(
    ("reference", "advice"),
    [
        ("hashivault://release", "pratique key show hashivault://release --public release.pub"),
        ("awskms:///alias/release", "pratique key show awskms:///alias/release --public release.pub"),
        ("pkcs11:token=t;object=o", "pratique key show 'pkcs11:token=t;object=o' --public release.pub"),
        ("ssh-agent:me", "pratique key show ssh-agent:me --public release.pub"),
    ],
)
def test_a_key_service_to_verify_with_says_how_its_public_key_is_had_once(reference, advice):
    with pytest.raises(InputError) as caught:
        load_believed_key(reference)
    assert advice in caught.value.hint


@pytest.mark.parametrize(
    ("reference", "advice"),
    [
        ("env://COSIGN_PRIVATE_KEY", "printenv COSIGN_PRIVATE_KEY >"),
        ("https://example.org/cosign.pub", "curl"),
        ("http://example.org/cosign.pub", "curl"),
        ("oci://registry.example/app:1.0", "SOURCE"),
        ("docker://registry.example/app:1.0", "SOURCE"),
        ("k8s://team/cosign", "kubectl get secret"),
        ("gitlab://group/project", "COSIGN_PUBLIC_KEY"),
        ("github://org/project", "COSIGN_PUBLIC_KEY"),
        ("vault://release", "hashivault://KEY"),
        ("hashivault:release", "hashivault://"),
        ("awskms:alias/release", "awskms://"),
    ],
)
def test_a_key_that_is_named_as_another_program_names_it_is_said_to_be_named_otherwise_here(reference, advice):
    for load in (load_believed_key, lambda text: open_signer(text, ACCESS)):
        with pytest.raises(InputError) as caught:
            load(reference)
        assert advice in (caught.value.hint or "")


def test_a_file_reference_says_for_what_an_rsa_key_is_believed(tmp_path):
    generate_key(tmp_path / "k", "rsa-2048", None)
    assert load_believed_key(f"file:{tmp_path}/k.pub?algorithm=rsa-pss-2048").algorithm == "rsa-pss-2048"
    assert load_believed_key(f"file://{tmp_path}/k.pub").algorithm == "rsa-2048"
    assert load_believed_key(f"{tmp_path}/k.pub").algorithm == "rsa-2048"
