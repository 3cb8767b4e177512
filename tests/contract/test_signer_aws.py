"""What AWS KMS does beyond the contract of `Signer`: who may sign, what is sent, what happens when a key changes."""

import json
from dataclasses import replace

import pytest
from botocore.session import Session
from cloud import Reply
from cloud_aws import REGION, AwsKms, refusal
from signers import never

from pratique.errors import AuthenticationRequired, InputError, NotFound, RateLimited, Unavailable
from pratique.keys.access import Access
from pratique.keys.open import create_signer, open_signer


@pytest.fixture
def kms():
    made = AwsKms()
    yield made
    made.stop()


@pytest.fixture
def arn(kms):
    return kms.key("ecdsa-p256")


@pytest.fixture
def access(kms, arn):
    return kms.access(*kms.signer(arn, "ECDSA_SHA_256"))


def signs(signer):
    signer.public_key.verify(signer.sign(b"m"), b"m")
    return True


def test_the_hash_goes_out_as_a_digest_so_that_it_is_not_hashed_twice(kms, arn, access):
    open_signer(f"awskms:///{arn}", access).sign(b"m" * 100_000)
    sent = kms.requests[-1].json
    assert sent["MessageType"] == "DIGEST"
    assert len(sent["Message"]) == 44
    assert sent["SigningAlgorithm"] == "ECDSA_SHA_256"


def test_the_documented_policy_is_enough_and_for_nothing_else(kms, arn):
    other = kms.key("ecdsa-p256")
    access = kms.access(*kms.signer(arn, "ECDSA_SHA_256"))
    assert signs(open_signer(f"awskms:///{arn}", access))
    with pytest.raises(AuthenticationRequired, match=r"docs/keys\.md"):
        open_signer(f"awskms:///{other}", access)
    with pytest.raises(AuthenticationRequired, match="not authorized to perform: kms:CreateKey"):
        create_signer("awskms:///alias/new", "ed25519", access)
    rsa = kms.key("rsa-2048")
    pss_only = kms.access(*kms.signer(rsa, "RSASSA_PSS_SHA_256"))
    assert signs(open_signer(f"awskms:///{rsa}?algorithm=rsa-pss-2048", pss_only))
    with pytest.raises(AuthenticationRequired, match="kms:Sign"):
        open_signer(f"awskms:///{rsa}", pss_only).sign(b"m")


@pytest.mark.parametrize(
    "status_and_kind", [(400, "ThrottlingException"), (500, "KMSInternalException"), (503, "Busy"), (429, "Slow")]
)
def test_a_busy_service_is_asked_again_a_limited_number_of_times(kms, arn, access, status_and_kind):
    status, kind = status_and_kind
    signer = open_signer(f"awskms:///{arn}", access)
    kms.script.extend([lambda _: refusal(kind, "Rate exceeded", status)] * 2)
    assert signs(signer)
    before = len(kms.requests)
    kms.script.extend([lambda _: refusal(kind, "Rate exceeded", status)] * 20)
    with pytest.raises(Unavailable):
        signer.sign(b"m")
    assert len(kms.requests) - before == 4
    kms.script.clear()


def test_a_service_that_asks_for_an_hour_is_not_waited_for(kms, arn, access):
    signer = open_signer(f"awskms:///{arn}", access)
    kms.script.append(lambda _: Reply(429, {}, {"Retry-After": "3600"}))
    with pytest.raises(RateLimited):
        signer.sign(b"m")


@pytest.mark.parametrize("state", ["Disabled", "PendingDeletion"])
def test_a_key_that_is_disabled_in_the_middle_signs_no_more_and_says_why(kms, arn, access, state):
    signer = open_signer(f"awskms:///{arn}", access)
    kms.keys[arn].state = state
    with pytest.raises(Unavailable, match="disabled|pending deletion"):
        signer.sign(b"m")
    with pytest.raises(Unavailable):
        open_signer(f"awskms:///{arn}", access)


def test_an_expired_session_is_refused_without_its_token(kms, arn):
    name, identity = kms.signer(arn, "ECDSA_SHA_256", token="session-token-7731")
    signer = open_signer(f"awskms:///{arn}", kms.access(name, identity))
    identity.expired = True
    with pytest.raises(AuthenticationRequired, match="expired") as caught:
        signer.sign(b"m")
    assert "7731" not in str(caught.value)


def test_an_alias_is_followed_once_so_that_moving_it_changes_nothing_in_the_middle(kms, arn):
    other = kms.key("ecdsa-p256")
    statements = [{"Effect": "Allow", "Action": ["kms:GetPublicKey", "kms:Sign"], "Resource": "*"}]
    kms.aliases["alias/release"] = arn
    access = kms.access(*kms.identity(*statements))
    signer = open_signer("awskms:///alias/release", access)
    shown = signer.public_key
    kms.aliases["alias/release"] = other
    assert signs(signer)
    assert signer.public_key == shown
    assert open_signer("awskms:///alias/release", access).public_key != shown


def test_a_signature_by_another_key_is_found_out(kms, arn, access):
    signer = open_signer(f"awskms:///{arn}", access)
    kms.keys[arn].private = kms.keys[kms.key("ecdsa-p256")].private
    with pytest.raises(Unavailable, match="not a signature by this key"):
        signer.sign(b"m")


def test_an_answer_about_another_key_is_found_out(kms, arn, access):
    signer = open_signer(f"awskms:///{arn}", access)
    kms.tamper = lambda _, reply: Reply(reply.status, reply.body | {"KeyId": arn + "0"})
    with pytest.raises(Unavailable, match="something else"):
        signer.sign(b"m")


def test_a_wrong_secret_key_is_refused_and_not_shown(kms, arn):
    name, identity = kms.signer(arn, "ECDSA_SHA_256")
    wrong = replace(identity, secret="wrong-secret-5512")
    with pytest.raises(AuthenticationRequired, match="signature we calculated") as caught:
        open_signer(f"awskms:///{arn}", kms.access(name, wrong))
    assert "5512" not in str(caught.value)


def test_a_key_is_made_under_an_alias_and_never_overwritten(kms):
    actions = ["kms:CreateKey", "kms:CreateAlias", "kms:GetPublicKey", "kms:Sign"]
    access = kms.access(*kms.identity({"Effect": "Allow", "Action": actions, "Resource": "*"}))
    for algorithm in ("ed25519", "ecdsa-p384", "ml-dsa-65", "rsa-pss-2048"):
        signer = create_signer(f"awskms:///alias/new-{algorithm}?algorithm={algorithm}", algorithm, access)
        assert signer.public_key.algorithm == algorithm
        assert signs(signer)
    with pytest.raises(InputError, match="never overwritten"):
        create_signer("awskms:///alias/new-ed25519", "ed25519", access)
    with pytest.raises(InputError, match="needs an alias"):
        create_signer("awskms:///1234abcd-12ab-34cd-56ef-1234567890ab", "ed25519", access)
    with pytest.raises(InputError, match="makes no keys"):
        create_signer("awskms:///alias/x", "dsa", access)


def test_credentials_come_from_a_container_as_botocore_finds_them(kms, arn, monkeypatch, tmp_path):
    name, identity = kms.signer(arn, "ECDSA_SHA_256", token="container-token-8812")
    told = {
        "AccessKeyId": name,
        "SecretAccessKey": identity.secret,
        "Token": identity.token,
        "Expiration": "2099-01-01T00:00:00Z",
    }
    kms.script.append(lambda request: Reply(200, told) if request.path == "/credentials" else None)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://127.0.0.1:{kms.server.server_port}/credentials")
    monkeypatch.setenv("HOME", str(tmp_path))
    access = Access(passphrase=never, pin=never, environ={"AWS_REGION": REGION}, handler=kms.routes)
    assert signs(open_signer(f"awskms:///{arn}", access))


def test_a_workload_assumes_a_role_with_its_web_identity(kms, arn, monkeypatch, tmp_path):
    name, identity = kms.signer(arn, "ECDSA_SHA_256", token="assumed-token-2290")
    (tmp_path / "token").write_text("web-identity-token-7761")
    answer = (
        '<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>'
        f"<Credentials><AccessKeyId>{name}</AccessKeyId><SecretAccessKey>{identity.secret}</SecretAccessKey>"
        f"<SessionToken>{identity.token}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
        "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
    )
    kms.script.append(lambda request: Reply(200, answer.encode(), {"Content-Type": "text/xml"}))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/signer")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"http://127.0.0.1:{kms.server.server_port}")
    access = Access(passphrase=never, pin=never, environ={"AWS_REGION": REGION}, handler=kms.routes)
    assert signs(open_signer(f"awskms:///{arn}", access))
    assert kms.requests[0].form["WebIdentityToken"] == "web-identity-token-7761"
    kms.script.append(lambda request: Reply(403, b"<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"))
    with pytest.raises(AuthenticationRequired, match="cannot be had") as caught:
        open_signer(f"awskms:///{arn}", access)
    assert "7761" not in str(caught.value)


def test_credentials_come_from_a_profile_with_its_region(kms, arn, monkeypatch, tmp_path):
    name, identity = kms.signer(arn, "ECDSA_SHA_256")
    text = f"[profile release]\nregion = {REGION}\naws_access_key_id = {name}\naws_secret_access_key = {identity.secret}\n"
    (tmp_path / "config").write_text(text)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    access = Access(passphrase=never, pin=never, environ={"AWS_PROFILE": "release"}, handler=kms.routes)
    assert signs(open_signer(f"awskms:///{arn.rpartition('/')[2]}", access))


def test_no_credentials_at_all_say_where_to_put_them(kms, arn, monkeypatch, tmp_path):
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(AuthenticationRequired, match="AWS_PROFILE"):
        open_signer(f"awskms:///{arn}", Access(passphrase=never, pin=never, environ={}, handler=kms.routes))


def test_cosigns_spelling_with_an_endpoint_asks_that_endpoint(kms, arn, access):
    address = f"127.0.0.1:{kms.server.server_port}"
    assert signs(open_signer(f"awskms://{address}/{arn}", replace(access, handler=None)))


@pytest.mark.parametrize(
    "reference", ["awskms://key", "awskms:///", "awskms:///a b", "awskms:///arn:aws:s3:::bucket?x", "awskms:///k?é"]
)
def test_names_that_are_none_are_refused(kms, access, reference):
    with pytest.raises(InputError):
        open_signer(reference, access)


def test_an_absent_key_and_an_unknown_region_are_named(kms, access):
    with pytest.raises(NotFound):
        open_signer("awskms:///alias/absent", access)
    with pytest.raises(InputError, match="AWS_REGION"):
        open_signer("awskms:///alias/x", replace(access, environ={"AWS_REGION": "evil.example/"}))


def test_a_key_for_encryption_is_refused(kms, arn, access):
    kms.tamper = lambda _, reply: Reply(200, reply.body | {"KeyUsage": "ENCRYPT_DECRYPT"})
    with pytest.raises(InputError, match="not for signing"):
        open_signer(f"awskms:///{arn}", access)


def test_the_documented_policy_is_json_that_names_no_wildcard():
    from cloud import documented

    for statement in json.loads(documented("aws policy"))["Statement"]:
        assert "*" not in json.dumps(statement)


@pytest.mark.parametrize("algorithm", ["ecdsa-p256", "ed25519", "ml-dsa-44", "rsa-pss-2048"])
def test_the_stand_in_serves_aws_own_client_and_both_agree(kms, algorithm):
    """That the stand-in is faithful is not only our word: the SDK's model checks names and shapes of every answer."""
    arn = kms.key(algorithm)
    name, identity = kms.identity({"Effect": "Allow", "Action": ["kms:GetPublicKey", "kms:Sign"], "Resource": "*"})
    address = f"http://127.0.0.1:{kms.server.server_port}"
    secret = {"aws_access_key_id": name, "aws_secret_access_key": identity.secret}
    client = Session().create_client("kms", REGION, endpoint_url=address, **secret)
    signer = open_signer(f"awskms:///{arn}?algorithm={algorithm}", kms.access(name, identity))
    assert client.get_public_key(KeyId=arn)["PublicKey"] == signer.public_key.spki
    signer.sign(b"m")
    ours = kms.requests[-1].json
    theirs = client.sign(KeyId=arn, Message=b"m", MessageType="RAW", SigningAlgorithm=ours["SigningAlgorithm"])
    signer.public_key.verify(theirs["Signature"], b"m")
    with pytest.raises(client.exceptions.NotFoundException):
        client.get_public_key(KeyId="alias/absent")
    kms.keys[arn].state = "Disabled"
    with pytest.raises(client.exceptions.DisabledException):
        client.sign(KeyId=arn, Message=b"m", SigningAlgorithm=ours["SigningAlgorithm"])
    client.close()
