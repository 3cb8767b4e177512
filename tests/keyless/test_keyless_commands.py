"""`sign`, `attest` and `verify` without a key, as a CI job runs them, against the private stack."""

import json

import pytest
from stack import ISSUER, JOB_SECRET, SUBJECT

from pratique.cli.main import run


@pytest.fixture
def job(stack, tmp_path, monkeypatch):
    """A CI job in its own folder, with a file to sign and the documents that say whom to ask and whom to believe."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRATIQUE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{stack.base}/token")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", JOB_SECRET)
    for name in ("signing_config.json", "trusted_root.json"):
        (tmp_path / name).write_bytes(stack.get(name))
    monkeypatch.setenv("PRATIQUE_SIGNING_CONFIG", "signing_config.json")
    monkeypatch.setenv("PRATIQUE_TRUSTED_ROOT", "trusted_root.json")
    (tmp_path / "app.conf").write_text("harbour = open\n")
    (tmp_path / "review.json").write_text('{"approved": true}')
    return tmp_path


def verify(*more: str, identity: str = SUBJECT, issuer: str = ISSUER) -> int:
    return run(
        [
            "verify",
            "file:app.conf",
            "--certificate-identity",
            identity,
            "--certificate-oidc-issuer",
            issuer,
            "--trusted-root",
            "trusted_root.json",
            *more,
        ]
    )


@pytest.mark.parametrize("form", ["bundle", "message"])
def test_a_job_signs_a_file_without_a_key_and_others_verify_who_it_was(job, capsys, form):
    assert run(["sign", "app.conf", "--keyless", "--file", "--form", form]) == 0
    assert verify() == 0
    assert SUBJECT in capsys.readouterr().out
    assert verify(identity=SUBJECT + "x") == 1
    assert verify(issuer="https://other.example") == 1
    (job / "app.conf").write_text("harbour = shut\n")
    assert verify() == 1


def test_a_job_attests_without_a_key(job, capsys):
    arguments = ["attest", "app.conf", "--type", "https://example.org/review/v1", "--predicate", "review.json", "--keyless"]
    assert run(arguments) == 0
    capsys.readouterr()
    assert verify("--require", "https://example.org/review/v1", "--format", "json") == 0
    (answer,) = (item for item in json.loads(capsys.readouterr().out)["answers"] if item["what"].startswith("https"))
    assert answer["authority"] == SUBJECT and answer["logs"] and answer["times"]


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (["--key", "K"], 2, "exclude each other"),
        (["--form", "raw"], 2, "is a bundle"),
        (["--signing-config", "none.json"], 2, "none.json"),
        (["--identity-token-file", "none.jwt"], 2, "none.jwt"),
        (["--identity-token-file", "app.conf"], 2, "not an identity token"),
        (["--trusted-root", "signing_config.json"], 2, "not a Sigstore trusted root"),
    ],
)
def test_what_cannot_be_signed_without_a_key_is_one_line_and_leaves_nothing(job, capsys, more, code, words):
    assert run(["sign", "app.conf", "--keyless", "--file", *more]) == code
    error = capsys.readouterr().err.splitlines()
    assert words in error[-1] and JOB_SECRET not in "".join(error)
    assert not (job / "app.conf.sigstore.json").exists()


def test_services_that_do_not_belong_to_the_trusted_root_publish_nothing(job, capsys):
    root = json.loads((job / "trusted_root.json").read_text())
    root["certificateAuthorities"] = []
    (job / "trusted_root.json").write_text(json.dumps(root))
    assert run(["sign", "app.conf", "--keyless", "--file"]) == 3
    assert not (job / "app.conf.sigstore.json").exists()


def test_a_service_that_is_down_publishes_nothing(job, capsys):
    config = json.loads((job / "signing_config.json").read_text())
    for service in config["rekorTlogUrls"]:
        service["url"] = "http://127.0.0.1:9"
    (job / "signing_config.json").write_text(json.dumps(config))
    assert run(["sign", "app.conf", "--keyless", "--file"]) == 3
    assert not (job / "app.conf.sigstore.json").exists()
