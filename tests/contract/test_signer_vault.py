"""What the transit engine does beyond the contract of `Signer`, by a real OpenBao: logins, policies, versions, namespaces."""

import time
from dataclasses import replace

import pytest
from authority import Authority
from cloud import documented
from openbao import OpenBao, Reviews, pod_token

from pratique.attest.predicates.succession import verify_succession
from pratique.cli.main import run
from pratique.errors import AuthenticationRequired, InputError, NotFound, Unavailable
from pratique.keys.access import parse_reference
from pratique.keys.file import load_public_key
from pratique.keys.open import create_signer, open_signer
from pratique.keys.vault import rotate_key


@pytest.fixture(scope="module")
def key(vault_place: OpenBao) -> str:
    vault_place.make("beyond", "ecdsa-p256")
    return "beyond"


@pytest.fixture(scope="module")
def role(vault_place: OpenBao, key: str) -> tuple[str, str]:
    """An AppRole with the documented policy whose tokens live for two seconds."""
    vault_place.token(key)
    settings = {"token_policies": [f"sign-{key}"], "token_ttl": "2s", "token_max_ttl": "2s", "token_no_default_policy": True}
    vault_place.api("POST", "auth/approle/role/signer", settings)
    role_id = vault_place.api("GET", "auth/approle/role/signer/role-id")["data"]["role_id"]
    secret_id = vault_place.api("POST", "auth/approle/role/signer/secret-id", {})["data"]["secret_id"]
    return role_id, secret_id


def signs(signer) -> bool:
    signer.public_key.verify(signer.sign(b"m"), b"m")
    return True


def test_an_approle_logs_in_and_again_when_its_token_has_run_out(vault_place, key, role):
    access = vault_place.access(VAULT_ROLE_ID=role[0], VAULT_SECRET_ID=role[1])
    signer = open_signer(f"hashivault://{key}", access)
    assert signs(signer)
    time.sleep(2.5)
    assert signs(signer)


def test_the_secret_of_an_approle_may_be_in_a_file_and_a_wrong_one_is_said_and_not_shown(vault_place, key, role, tmp_path):
    (tmp_path / "secret").write_text(role[1] + "\n")
    access = vault_place.access(BAO_ROLE_ID=role[0], BAO_SECRET_ID_FILE=str(tmp_path / "secret"))
    assert signs(open_signer(f"hashivault://{key}", access))
    with pytest.raises(AuthenticationRequired, match="refuses us") as caught:
        open_signer(f"hashivault://{key}", vault_place.access(VAULT_ROLE_ID=role[0], VAULT_SECRET_ID="wrong-secret-id"))
    assert "wrong-secret-id" not in str(caught.value)
    with pytest.raises(InputError, match="without its secret"):
        open_signer(f"hashivault://{key}", vault_place.access(VAULT_ROLE_ID=role[0]))


def test_a_pod_logs_in_with_its_service_account(vault_place, key, tmp_path):
    reviews = Reviews()
    vault_place.token(key)
    reviewer = {"token_reviewer_jwt": pod_token("kube-system", "reviewer"), "disable_local_ca_jwt": True}
    authority = Authority.make(tmp_path).certificate.read_text()
    config = {"kubernetes_host": reviews.address, "kubernetes_ca_cert": authority, **reviewer}
    vault_place.api("POST", "auth/kubernetes/config", config)
    names = {"bound_service_account_names": ["signer"], "bound_service_account_namespaces": ["ci"], "audience": "vault"}
    vault_place.api("POST", "auth/kubernetes/role/ci", {**names, "token_policies": [f"sign-{key}"], "token_ttl": "60s"})
    good, other = pod_token("ci", "signer"), pod_token("ci", "other")
    reviews.admit(good, "ci:signer")
    reviews.admit(other, "ci:other")
    (tmp_path / "token").write_text(good)
    access = vault_place.access(VAULT_KUBERNETES_ROLE="ci", VAULT_KUBERNETES_TOKEN_FILE=str(tmp_path / "token"))
    assert signs(open_signer(f"hashivault://{key}", access))
    (tmp_path / "token").write_text(other)
    with pytest.raises(AuthenticationRequired) as caught:
        open_signer(f"hashivault://{key}", access)
    assert other not in str(caught.value)
    (tmp_path / "token").unlink()
    with pytest.raises(InputError, match="no such file"):
        open_signer(f"hashivault://{key}", access)
    reviews.stop()


def test_the_documented_policy_is_enough_to_sign_and_for_nothing_else(vault_place, key):
    token = vault_place.token(key)
    vault_place.make("others", "ed25519")
    assert signs(open_signer(f"hashivault://{key}", vault_place.access(VAULT_TOKEN=token)))
    with pytest.raises(AuthenticationRequired, match=r"docs/keys\.md"):
        open_signer("hashivault://others", vault_place.access(VAULT_TOKEN=token))
    for method, path, body in (
        ("POST", f"transit/keys/{key}/rotate", {}),
        ("GET", f"transit/export/signing-key/{key}", None),
        ("GET", f"transit/backup/{key}", None),
        ("POST", f"transit/keys/{key}/config", {"exportable": True}),
        ("POST", "transit/keys/new", {"type": "ed25519"}),
        ("DELETE", f"transit/keys/{key}", None),
        ("GET", "auth/token/lookup-self", None),
    ):
        with pytest.raises(AssertionError, match="permission denied"):
            vault_place.api(method, path, body, token=token)


def test_a_token_comes_from_a_file_or_the_home_of_its_owner(vault_place, key, tmp_path):
    token = vault_place.token(key)
    (tmp_path / ".vault-token").write_text(token)
    for settings in ({"VAULT_TOKEN_FILE": str(tmp_path / ".vault-token")}, {"HOME": str(tmp_path)}):
        assert signs(open_signer(f"hashivault://{key}", vault_place.access(**settings)))
    with pytest.raises(AuthenticationRequired, match="nothing to log in"):
        open_signer(f"hashivault://{key}", vault_place.access())


def test_a_token_that_is_revoked_in_the_middle_is_refused_and_not_shown(vault_place, key):
    token = vault_place.token(key)
    signer = open_signer(f"hashivault://{key}", vault_place.access(VAULT_TOKEN=token))
    assert signs(signer)
    vault_place.api("POST", "auth/token/revoke", {"token": token})
    with pytest.raises(AuthenticationRequired) as caught:
        signer.sign(b"m")
    assert token not in str(caught.value)


def test_a_key_that_is_rotated_in_the_middle_goes_on_signing_under_the_key_that_was_shown(vault_place):
    vault_place.make("rotated", "ed25519")
    access = vault_place.access(VAULT_TOKEN=vault_place.token("rotated"))
    first = open_signer("hashivault://rotated", access)
    shown = first.public_key
    vault_place.api("POST", "transit/keys/rotated/rotate", {})
    assert signs(first)
    assert first.public_key == shown
    second = open_signer("hashivault://rotated", access)
    assert second.public_key != shown
    assert open_signer("hashivault://rotated?version=1", access).public_key == shown
    with pytest.raises(NotFound, match="no version 9"):
        open_signer("hashivault://rotated?version=9", access)
    vault_place.api("POST", "transit/keys/rotated/config", {"min_encryption_version": 2, "min_decryption_version": 2})
    with pytest.raises(Unavailable):
        first.sign(b"m")
    assert signs(second)


def test_a_key_is_made_and_rotated_and_never_overwritten(vault_place):
    access = vault_place.access(VAULT_TOKEN=vault_place.root)
    made = create_signer("hashivault://made?algorithm=rsa-pss-2048", "rsa-pss-2048", access)
    assert made.public_key.algorithm == "rsa-pss-2048"
    assert signs(made)
    told = vault_place.api("GET", "transit/keys/made")["data"]
    assert (told["exportable"], told["allow_plaintext_backup"]) == (False, False)
    with pytest.raises(InputError, match="never overwritten"):
        create_signer("hashivault://made", "ed25519", access)
    with pytest.raises(InputError, match="makes no keys for ml-dsa-44"):
        create_signer("hashivault://other", "ml-dsa-44", access)
    assert rotate_key(parse_reference("hashivault://made"), access).public_key != made.public_key
    with pytest.raises(InputError, match="single version"):
        rotate_key(parse_reference("hashivault://made?version=1"), access)


def test_the_commands_make_show_and_rotate_a_key_with_the_documented_administrators_policy(
    vault_place, tmp_path, monkeypatch, capsys
):
    vault_place.api("PUT", "sys/policies/acl/admin", {"policy": documented("vault administrator")})
    sign = {"policy": documented("vault policy")}
    vault_place.api("PUT", "sys/policies/acl/sign-release", sign)
    wanted = {"policies": ["admin", "sign-release"], "no_default_policy": True}
    monkeypatch.setenv("VAULT_TOKEN", vault_place.api("POST", "auth/token/create", wanted)["auth"]["client_token"])
    monkeypatch.setenv("VAULT_ADDR", vault_place.address)
    public, document = tmp_path / "release.pub", tmp_path / "succession.json"
    made = ["key", "generate", "-o", "hashivault://release", "--algorithm", "ecdsa-p256", "--public", str(public)]
    assert run(made) == 0, capsys.readouterr().err
    old = load_public_key(public)
    assert run(["key", "rotate", "hashivault://release", "--statement", str(document)]) == 0, capsys.readouterr().err
    assert run(["key", "show", "hashivault://release", "--public", str(public)]) == 0, capsys.readouterr().err
    assert verify_succession(document.read_bytes(), old).new == load_public_key(public)
    assert run(made) == 2
    assert "never overwritten" in capsys.readouterr().err


def test_keys_that_do_not_sign_are_refused(vault_place):
    vault_place.make("cipher", "aes256-gcm96")
    access = vault_place.access(VAULT_TOKEN=vault_place.root)
    with pytest.raises(InputError, match="does not sign"):
        open_signer("hashivault://cipher", access)
    with pytest.raises(NotFound):
        open_signer("hashivault://absent", access)


def test_a_namespace_has_keys_of_its_own(vault_place):
    vault_place.api("POST", "sys/namespaces/team", {})
    vault_place.api("POST", "team/sys/mounts/transit", {"type": "transit"})
    vault_place.api("POST", "team/transit/keys/inside", {"type": "ed25519"})
    access = vault_place.access(VAULT_TOKEN=vault_place.root, VAULT_NAMESPACE="team")
    assert signs(open_signer("hashivault://inside", access))
    with pytest.raises(NotFound):
        open_signer("hashivault://inside", vault_place.access(VAULT_TOKEN=vault_place.root))


def test_a_transit_engine_at_another_path_is_found_by_the_variable_that_cosign_uses(vault_place):
    vault_place.api("POST", "sys/mounts/more/keys", {"type": "transit"})
    vault_place.api("POST", "more/keys/keys/there", {"type": "ed25519"})
    access = vault_place.access(VAULT_TOKEN=vault_place.root, TRANSIT_SECRET_ENGINE_PATH="more/keys")
    assert signs(open_signer("hashivault://there", access))
    for path in ("../sys", "a b", "a?b", "x/../y"):
        with pytest.raises(InputError, match="not a path"):
            open_signer("hashivault://there", vault_place.access(VAULT_TOKEN="t", TRANSIT_SECRET_ENGINE_PATH=path))


def test_a_vault_that_hangs_is_unavailable_when_patience_ends(vault_place, key):
    token = vault_place.token(key)
    access = replace(vault_place.access(VAULT_TOKEN=token), patience_s=1.0)
    signer = open_signer(f"hashivault://{key}", access)
    go_on = vault_place.hang()
    try:
        with pytest.raises(Unavailable) as caught:
            signer.sign(b"m")
    finally:
        go_on()
    assert token not in str(caught.value)
    assert signs(signer)


@pytest.mark.parametrize("name", ["../sys/raw", "a/b", "a b", "é/", "-"])
def test_names_that_would_reach_into_other_paths_are_refused(vault_place, name):
    with pytest.raises(InputError, match="not the name of a key"):
        open_signer(f"hashivault://{name}", vault_place.access(VAULT_TOKEN="t"))


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "which Vault"),
        ("http://vault.example", "in the clear"),
        ("http://10.0.0.1:8200", "in the clear"),
        ("ftp://x", "not the address"),
        ("https://user:pw@x", "not the address"),
        ("vault:8200", "not the address"),
    ],
)
def test_addresses_that_would_show_the_token_are_refused(vault_place, address, words):
    with pytest.raises(InputError, match=words):
        open_signer("hashivault://k", replace(vault_place.access(), environ={"VAULT_ADDR": address, "VAULT_TOKEN": "t"}))
