"""What Google Cloud KMS does beyond the contract of `Signer`: access tokens, checksums, versions, permissions."""

import pytest
from cloud import Reply
from cloud_gcp import RING, CloudKms

from pratique.errors import AuthenticationRequired, InputError, NotFound, Unavailable
from pratique.keys.access import parse_reference
from pratique.keys.gcp import rotate_key
from pratique.keys.open import create_signer, open_signer


@pytest.fixture
def kms():
    made = CloudKms()
    yield made
    made.stop()


@pytest.fixture
def path(kms):
    return kms.key("release", "ecdsa-p256")


@pytest.fixture
def access(kms, tmp_path):
    return kms.access(kms.account("gcp role").file(), tmp_path)


def signs(signer):
    signer.public_key.verify(signer.sign(b"m"), b"m")
    return True


def test_the_documented_permissions_are_enough_and_for_nothing_else(kms, path, access):
    assert signs(open_signer(f"gcpkms://{path}", access))
    assert signs(open_signer(f"gcpkms://{path.replace('cryptoKeyVersions', 'versions')}", access))
    with pytest.raises(AuthenticationRequired, match=r"cryptoKeyVersions\.list"):
        open_signer(f"gcpkms://{RING}/cryptoKeys/release", access)
    with pytest.raises(AuthenticationRequired, match=r"cryptoKeys\.create"):
        create_signer(f"gcpkms://{RING}/cryptoKeys/new", "ecdsa-p256", access)
    with pytest.raises(AuthenticationRequired, match=r"cryptoKeyVersions\.create"):
        rotate_key(parse_reference(f"gcpkms://{RING}/cryptoKeys/release"), access)


def test_the_newest_enabled_version_is_taken_once_across_pages(kms, path, tmp_path):
    kms.key("release", "ecdsa-p256", 2)
    newest, disabled = kms.key("release", "ecdsa-p256", 10), kms.key("release", "ecdsa-p256", 11)
    kms.keys[disabled].state = "DISABLED"
    access = kms.access(kms.account("gcp role", "gcp newest").file(), tmp_path)
    signer = open_signer(f"gcpkms://{RING}/cryptoKeys/release", access)
    assert signer.public_key.spki == kms.keys[newest].spki
    kms.key("release", "ecdsa-p256", 12)
    assert signs(signer)
    assert signer.public_key.spki == kms.keys[newest].spki
    for key in kms.keys.values():
        key.state = "DISABLED"
    with pytest.raises(NotFound, match="no enabled version"):
        open_signer(f"gcpkms://{RING}/cryptoKeys/release", access)


@pytest.mark.parametrize("state", ["DISABLED", "DESTROY_SCHEDULED"])
def test_a_version_that_is_disabled_in_the_middle_signs_no_more(kms, path, access, state):
    signer = open_signer(f"gcpkms://{path}", access)
    kms.keys[path].state = state
    with pytest.raises(Unavailable, match="not enabled"):
        signer.sign(b"m")


@pytest.mark.parametrize(
    "change",
    [
        {"signatureCrc32c": "1"},
        {"signatureCrc32c": None},
        {"verifiedDigestCrc32c": False},
        {"verifiedDigestCrc32c": None},
        {"name": f"{RING}/cryptoKeys/release/cryptoKeyVersions/2"},
        {"signature": "AAAA"},
        {"signature": 5},
    ],
)
def test_an_answer_that_changed_on_the_way_is_refused(kms, path, access, change):
    signer = open_signer(f"gcpkms://{path}", access)
    kms.tamper = lambda _, reply: Reply(reply.status, reply.body | change)
    with pytest.raises(Unavailable):
        signer.sign(b"m")


@pytest.mark.parametrize("change", [{"pemCrc32c": "0"}, {"name": "other"}, {"pem": 1}, {"algorithm": "EC_SIGN_SECP256K1_SHA256"}])
def test_a_public_key_that_changed_on_the_way_is_refused(kms, path, access, change):
    kms.tamper = lambda request, reply: Reply(200, reply.body | change) if "publicKey" in request.path else reply
    with pytest.raises((Unavailable, InputError)):
        open_signer(f"gcpkms://{path}", access)


def test_an_instance_signs_as_its_own_service_account(kms, path, tmp_path):
    kms.metadata_account = kms.account("gcp role").email
    assert signs(open_signer(f"gcpkms://{path}", kms.access(None, tmp_path)))


def test_a_machine_without_an_account_says_what_to_set(kms, path, tmp_path):
    with pytest.raises(Unavailable, match="GOOGLE_APPLICATION_CREDENTIALS"):
        open_signer(f"gcpkms://{path}", kms.access(None, tmp_path))


@pytest.mark.parametrize("impersonates", [False, True])
def test_a_workload_exchanges_its_token_for_a_federated_one(kms, path, tmp_path, impersonates):
    account = kms.account("gcp role")
    kms.accounts["federated"] = account
    (tmp_path / "token").write_text("workload-token-4417")
    info = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/ci",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {"file": str(tmp_path / "token")},
    }
    if impersonates:
        base = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts"
        info["service_account_impersonation_url"] = f"{base}/{account.email}:generateAccessToken"
    access = kms.access(info, tmp_path)
    with pytest.raises(AuthenticationRequired) as caught:
        open_signer(f"gcpkms://{path}", access)
    assert "4417" not in str(caught.value)
    kms.subject_tokens.add("workload-token-4417")
    assert signs(open_signer(f"gcpkms://{path}", access))


def test_a_file_that_would_run_a_program_is_refused(kms, path, tmp_path):
    info = {"type": "external_account", "audience": "a", "token_url": "https://sts.googleapis.com/v1/token"}
    source = {"credential_source": {"executable": {"command": "/bin/true"}}, "subject_token_type": "t"}
    with pytest.raises(InputError, match="not a file with Google credentials"):
        open_signer(f"gcpkms://{path}", kms.access(info | source, tmp_path))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"type": "service_account"}', '{"type": "other"}', "\x00", '{"type": 1}'])
def test_a_file_without_credentials_is_named_and_not_repeated(kms, path, tmp_path, text):
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(InputError) as caught:
        open_signer(f"gcpkms://{path}", kms.access(None, tmp_path, GOOGLE_APPLICATION_CREDENTIALS=str(tmp_path / "bad.json")))
    assert caught.value.where == str(tmp_path / "bad.json")


def test_a_service_account_that_was_removed_is_refused_and_its_assertion_not_shown(kms, path, tmp_path):
    account = kms.account("gcp role")
    del kms.accounts[account.email]
    with pytest.raises(AuthenticationRequired, match="Invalid JWT") as caught:
        open_signer(f"gcpkms://{path}", kms.access(account.file(), tmp_path))
    assert "eyJ" not in str(caught.value)


def test_a_token_that_is_revoked_in_the_middle_is_refused(kms, path, access):
    signer = open_signer(f"gcpkms://{path}", access)
    kms.tokens.clear()
    with pytest.raises(AuthenticationRequired) as caught:
        signer.sign(b"m")
    assert "ya29" not in str(caught.value)


def test_a_key_is_made_in_an_hsm_awaited_rotated_and_never_overwritten(kms, tmp_path):
    access = kms.access(kms.account("gcp administrator", "gcp role", "gcp newest").file(), tmp_path)
    reference = f"gcpkms://{RING}/cryptoKeys/made"
    signer = create_signer(reference, "rsa-pss-3072", access)
    assert signer.public_key.algorithm == "rsa-pss-3072"
    assert signs(signer)
    body = next(request.json for request in kms.requests if "cryptoKeyId" in request.query)
    assert body["versionTemplate"]["protectionLevel"] == "HSM"
    assert signs(create_signer(f"gcpkms://{RING}/cryptoKeys/soft?protection=software", "ed25519", access))
    assert "SOFTWARE" in [
        request.json["versionTemplate"]["protectionLevel"] for request in kms.requests if "cryptoKeyId" in request.query
    ]
    with pytest.raises(InputError, match="hsm or software"):
        create_signer(f"gcpkms://{RING}/cryptoKeys/soft?protection=none", "ed25519", access)
    with pytest.raises(InputError, match="never overwritten"):
        create_signer(reference, "rsa-pss-3072", access)
    assert rotate_key(parse_reference(reference), access).public_key != signer.public_key
    assert signs(signer)
    for call in (
        lambda: create_signer(f"{reference}/versions/1", "ed25519", access),
        lambda: create_signer(reference, "ml-dsa-44", access),
    ):
        with pytest.raises(InputError):
            call()


def test_a_key_that_is_never_made_is_not_awaited_for_ever(kms, tmp_path):
    access = kms.access(kms.account("gcp administrator", "gcp role", "gcp newest").file(), tmp_path)
    kms.tamper = lambda _, reply: Reply(200, reply.body | {"state": "PENDING_GENERATION"}) if "state" in reply.body else reply
    with pytest.raises(Unavailable, match="not made in time"):
        create_signer(f"gcpkms://{RING}/cryptoKeys/slow", "ecdsa-p256", access)


@pytest.mark.parametrize(
    "name", ["projects/p", f"{RING}/cryptoKeys/..", f"{RING}/cryptoKeys/k/cryptoKeyVersions/x", f"{RING}/cryptoKeys/a b"]
)
def test_names_that_are_none_are_refused(kms, access, name):
    with pytest.raises(InputError, match="expected gcpkms"):
        open_signer(f"gcpkms://{name}", access)


def test_the_checksum_is_castagnolis():
    from pratique.keys.encodings import crc32c

    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(b"\0" * 32) == 0x8A9136AA  # RFC 3720, appendix B.4
