"""`verify --notation-config`: whoever has notation set up verifies with what notation itself is configured with."""

import json
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from test_e2e_chain import Run, image

sys.path.append(str(Path(__file__).parents[1] / "unit/attest"))
import pki

__all__ = ["image"]  # the fixture of the chain
PLACE = "oci-dir:harbour:v1"
NAME = ["--name", "registry.example.com/acme/app:v1"]


@pytest.fixture
def configured(image, pratique: Run, tmp_path):
    """The image, signed as notation signs; and notation's folder, whose policy is written by what this returns."""
    root, key = pki.make("Acme Root", ca=True), ec.generate_private_key(ec.SECP256R1())
    leaf = root.issue("Acme Builder", key=key)
    chain = [party.certificate.public_bytes(Encoding.PEM) for party in (leaf, root)]
    (tmp_path / "N").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "N").chmod(0o600)
    (tmp_path / "chain.pem").write_bytes(b"".join(chain))
    store = tmp_path / "notation/truststore/x509/ca/acme"
    store.mkdir(parents=True)
    (store / "root.pem").write_bytes(chain[1])
    assert pratique("copy", "oci-archive:app.tar", PLACE).returncode == 0
    signed = pratique("sign", PLACE, "--form", "notation", "--key", "N", "--certificate-chain", "chain.pem")
    assert signed.returncode == 0, signed.stderr

    def policy(level="strict", name="trustpolicy.json", **statement):
        trusted = {} if level == "skip" else {"trustStores": ["ca:acme"], "trustedIdentities": ["*"]}
        rule = {"name": "app", "registryScopes": ["registry.example.com/acme/app"], **trusted, **statement}
        document = {"version": "1.0", "trustPolicies": [rule | {"signatureVerification": {"level": level}}]}
        (tmp_path / "notation" / name).write_text(json.dumps(document))

    return policy


def verify(pratique: Run, *options: str):
    return pratique("verify", PLACE, "--notation-config", "notation", *options)


def test_what_notation_would_accept_is_accepted_and_its_signature_alone_is_asked_for(configured, pratique: Run):
    configured()
    done = verify(pratique, *NAME)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "by app (CN=Acme Builder" in done.stdout and "as notation signature" in done.stdout
    assert verify(pratique, *NAME, "--require", "sbom").returncode == 1


@pytest.mark.parametrize(("level", "code", "words"), [("permissive", 0, "by app"), ("audit", 0, "by app"), ("skip", 3, "skips")])
def test_the_levels_mean_what_they_mean_to_notation_but_what_is_skipped_is_no_yes(configured, pratique: Run, level, code, words):
    configured(level)
    done = verify(pratique, *NAME)
    assert done.returncode == code and words in done.stdout, done.stdout


def test_a_policy_without_a_statement_for_the_repository_trusts_nobody_there(configured, pratique: Run):
    configured()
    done = verify(pratique)  # called `harbour`, which is no repository
    assert done.returncode == 1 and "no statement of the trust policy applies to harbour" in done.stdout
    done = verify(pratique, "--name", "registry.example.com/acme/other:v1")
    assert done.returncode == 1 and "no statement" in done.stdout


def test_somebody_else_of_the_same_authority_is_untrusted(configured, pratique: Run):
    configured(trustedIdentities=["x509.subject: C=DE, ST=HH, O=other"])
    done = verify(pratique, *NAME)
    assert done.returncode == 1 and "untrusted" in done.stdout + done.stderr


def test_the_newer_name_of_the_policy_goes_before_the_older(configured, pratique: Run):
    configured("skip")
    configured(name="trustpolicy.oci.json")
    assert verify(pratique, *NAME).returncode == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--key", "K.pub"], "does not go with others"),
        (["--trust", "trust.yaml"], "does not go with others"),
        (["--keyring", "keys.gpg"], "does not go with others"),
    ],
)
def test_whom_else_to_believe_is_not_said_beside_it(configured, pratique: Run, options, words):
    configured()
    done = verify(pratique, *NAME, *options)
    assert done.returncode == 2 and words in done.stderr


def test_a_folder_without_a_policy_or_with_a_broken_one_is_one_line(configured, pratique: Run, tmp_path):
    done = verify(pratique, *NAME)
    assert done.returncode == 2 and "no trust policy" in done.stderr
    (tmp_path / "notation/trustpolicy.json").write_text("{")
    done = verify(pratique, *NAME)
    assert done.returncode == 2 and "trustpolicy.json" in done.stderr and done.stderr.count("\n") <= 2
