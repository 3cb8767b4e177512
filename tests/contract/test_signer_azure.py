"""What Azure Key Vault does beyond the contract of `Signer`: identities, encodings, versions, roles."""

import pytest
from cloud import Reply
from cloud_azure import TENANT, VAULT, KeyVault, b64url

from pratique.errors import AuthenticationRequired, InputError, NotFound, Unavailable
from pratique.keys.access import parse_reference
from pratique.keys.azure import rotate_key
from pratique.keys.open import create_signer, open_signer

KEY = "azurekms://harbour/release"


@pytest.fixture
def vault():
    made = KeyVault()
    made.key("release", "ecdsa-p256")
    yield made
    made.stop()


@pytest.fixture
def access(vault):
    return vault.as_client(*vault.client())


def signs(signer):
    signer.public_key.verify(signer.sign(b"m"), b"m")
    return True


def test_the_documented_role_is_enough_and_for_nothing_else(vault, access):
    assert signs(open_signer(KEY, access))
    with pytest.raises(AuthenticationRequired, match="keys/rotate/action"):
        rotate_key(parse_reference(KEY), access)
    with pytest.raises(AuthenticationRequired, match="keys/create/action"):
        create_signer("azurekms://harbour/new", "ecdsa-p256", access)
    reader = vault.as_client(*vault.client("Microsoft.KeyVault/vaults/keys/read"))
    with pytest.raises(AuthenticationRequired, match=r"docs/keys\.md"):
        open_signer(KEY, reader).sign(b"m")


def test_a_managed_identity_of_an_instance_and_of_a_service_signs(vault):
    with pytest.raises(AuthenticationRequired, match="metadata header"):
        open_signer(KEY, vault.access())
    vault.managed = vault.role("azure role")
    assert signs(open_signer(KEY, vault.access()))
    endpoint = f"http://127.0.0.1:{vault.server.server_port}/msi/token"
    assert signs(open_signer(KEY, vault.access(IDENTITY_ENDPOINT=endpoint, IDENTITY_HEADER=vault.identity_header)))


def test_a_workload_signs_with_the_token_its_cluster_gave_it(vault, tmp_path):
    name, _ = vault.client()
    (tmp_path / "token").write_text("workload-assertion-9921\n")
    settings = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": name, "AZURE_FEDERATED_TOKEN_FILE": str(tmp_path / "token")}
    with pytest.raises(AuthenticationRequired) as caught:
        open_signer(KEY, vault.access(**settings))
    assert "9921" not in str(caught.value)
    vault.clients[name]["assertions"].add("workload-assertion-9921")
    assert signs(open_signer(KEY, vault.access(**settings)))


@pytest.mark.parametrize(
    ("host", "audience"),
    [
        ("hsm.managedhsm.azure.net", "https://managedhsm.azure.net"),
        ("harbour.vault.azure.cn", "https://vault.azure.cn"),
        ("HARBOUR.vault.usgovcloudapi.net", "https://vault.usgovcloudapi.net"),
    ],
)
def test_an_access_token_is_asked_for_the_cloud_that_the_vault_is_in(vault, access, host, audience):
    with pytest.raises((AuthenticationRequired, AssertionError)):
        open_signer(f"azurekms://{host}/release", access)
    assert vault.requests[0].form["scope"] == f"{audience}/.default"


def test_a_wrong_client_secret_is_refused_once_and_not_shown_even_when_azure_repeats_it(vault):
    name, _ = vault.client()
    with pytest.raises(AuthenticationRequired, match="Invalid client secret") as caught:
        open_signer(KEY, vault.as_client(name, "wrong-secret-3321"))
    assert "3321" not in str(caught.value)
    assert len([request for request in vault.requests if request.path.endswith("/token")]) == 1


def test_a_token_that_is_refused_in_the_middle_is_exchanged_once(vault, access):
    signer = open_signer(KEY, access)
    vault.tokens.clear()
    assert signs(signer)
    vault.tamper = lambda request, reply: Reply(401, {"error": {"code": "Unauthorized"}}) if "sign" in request.path else reply
    with pytest.raises(AuthenticationRequired):
        signer.sign(b"m")


def test_one_access_token_serves_many_signatures(vault, access):
    signer = open_signer(KEY, access)
    for _ in range(5):
        assert signs(signer)
    assert len([request for request in vault.requests if "oauth2" in request.path]) == 1


def test_a_key_that_is_disabled_in_the_middle_signs_no_more(vault, access):
    signer = open_signer(KEY, access)
    next(iter(vault.keys.values())).state = "disabled"
    with pytest.raises(AuthenticationRequired, match="disabled"):
        signer.sign(b"m")
    with pytest.raises(InputError, match="disabled"):
        open_signer(KEY, access)


def test_a_key_that_is_rotated_in_the_middle_goes_on_signing_under_the_key_that_was_shown(vault, access):
    signer = open_signer(KEY, access)
    shown = signer.public_key
    version = vault.key("release", "ecdsa-p256")
    assert signs(signer)
    assert open_signer(KEY, access).public_key != shown
    assert open_signer(f"{KEY}/{version}", access).public_key != shown
    with pytest.raises(NotFound):
        open_signer(f"{KEY}/{'0' * 32}", access)


@pytest.mark.parametrize(
    "change",
    [
        {"kid": f"https://{VAULT}/keys/other/{'0' * 32}"},
        {"value": b64url(b"\0" * 64)},
        {"value": b64url(b"\1" * 63)},
        {"value": ""},
        {"value": "a+b="},
        {"value": None},
        {"value": b64url(b"\1" * 4000)},
    ],
)
def test_an_answer_that_is_no_signature_by_this_key_is_refused(vault, access, change):
    signer = open_signer(KEY, access)
    vault.tamper = lambda request, reply: Reply(200, reply.body | change) if "sign" in request.path else reply
    with pytest.raises(Unavailable):
        signer.sign(b"m")


@pytest.mark.parametrize(
    "change",
    [
        {"kid": f"https://evil.example/keys/release/{'0' * 32}"},
        {"kid": 7},
        {"kty": "oct"},
        {"crv": "P-256K"},
        {"x": b64url(b"\1" * 32)},
        {"x": b64url(b"\1" * 64)},
        {"x": None},
        {"key_ops": ["verify"]},
        {"key_ops": None},
        {"kty": "RSA", "n": b64url(b"\1" * 256), "e": b64url(b"\2")},
    ],
)
def test_a_public_key_that_is_not_this_ones_is_refused(vault, access, change):
    vault.tamper = lambda request, reply: (
        Reply(200, {**reply.body, "key": reply.body["key"] | change}) if "keys" in request.path else reply
    )
    with pytest.raises((Unavailable, InputError)):
        open_signer(KEY, access)


@pytest.mark.parametrize(
    "reference",
    [
        "azurekms://evil.example/k",
        "azurekms://vault.azure.net.evil.example/k",
        "azurekms://evilvault.azure.net/k",
        "azurekms://127.0.0.1/k",
    ],
)
def test_no_access_token_goes_to_a_host_that_is_not_azures(vault, access, reference):
    with pytest.raises(InputError, match="no access token goes there"):
        open_signer(reference, access)
    assert not vault.requests


@pytest.mark.parametrize(
    "reference", ["azurekms://harbour", "azurekms://harbour/a/b", "azurekms://harbour/../x", "azurekms://har bour/k"]
)
def test_names_that_are_none_are_refused(vault, access, reference):
    with pytest.raises(InputError):
        open_signer(reference, access)


def test_a_key_is_made_and_rotated_and_never_overwritten(vault):
    access = vault.as_client(*vault.client(*vault.role("azure administrator"), *vault.role("azure role")))
    for algorithm in ("ecdsa-p384", "rsa-pss-2048"):
        reference = f"azurekms://harbour/made-{algorithm}?algorithm={algorithm}"
        signer = create_signer(reference, algorithm, access)
        assert signer.public_key.algorithm == algorithm
        assert signs(signer)
        with pytest.raises(InputError, match="never overwritten"):
            create_signer(reference, algorithm, access)
        assert rotate_key(parse_reference(reference), access).public_key != signer.public_key
        assert signs(signer)
    with pytest.raises(InputError, match="makes no keys"):
        create_signer("azurekms://harbour/x", "ed25519", access)
