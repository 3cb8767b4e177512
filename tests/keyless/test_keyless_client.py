"""The conformance client's `sign-bundle`, as sigstore-conformance calls it, against the private stack."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from stack import ARTIFACT, ISSUER, SUBJECT

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "tests" / "conformance" / "sigstore-client"


def run(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, CLIENT, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin"},
    )


@pytest.fixture
def files(stack, tmp_path, statement):
    for name in ("trusted_root.json", "signing_config.json"):
        (tmp_path / name).write_bytes(stack.get(name))
    (tmp_path / "artifact").write_bytes(ARTIFACT)
    (tmp_path / "statement").write_bytes(statement)
    return tmp_path


def config(files) -> list:
    return ["--trusted-root", files / "trusted_root.json", "--signing-config", files / "signing_config.json"]


@pytest.mark.parametrize("in_toto", [False, True], ids=["artifact", "statement"])
def test_what_the_client_signs_it_verifies(stack, files, in_toto):
    kind = ["--in-toto"] if in_toto else []
    bundle, signed = files / "bundle", files / ("statement" if in_toto else "artifact")
    made = run("sign-bundle", *kind, "--identity-token", stack.token().value, "--bundle", bundle, *config(files), signed)
    assert made.returncode == 0, made.stderr
    document = json.loads(bundle.read_bytes())
    assert ("dsseEnvelope" in document) == in_toto
    if in_toto:
        assert base64.b64decode(document["dsseEnvelope"]["payload"]) == signed.read_bytes()
    who = ["--certificate-identity", SUBJECT, "--certificate-oidc-issuer", ISSUER]
    root = ["--trusted-root", files / "trusted_root.json"]
    assert run("verify-bundle", "--bundle", bundle, *who, *root, files / "artifact").returncode == 0
    other = ["--certificate-identity", SUBJECT + "x", "--certificate-oidc-issuer", ISSUER]
    assert run("verify-bundle", "--bundle", bundle, *other, *root, files / "artifact").returncode == 1


def test_a_bundle_that_cannot_be_made_is_not_written(files):
    made = run("sign-bundle", "--identity-token", "no.token.x", "--bundle", files / "bundle", *config(files), files / "artifact")
    assert made.returncode == 2
    assert len(made.stderr.strip().splitlines()) == 1
    assert not (files / "bundle").exists()
