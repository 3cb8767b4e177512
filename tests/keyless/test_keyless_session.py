"""What the services answer is checked before it is used, and nothing half-signed is given out."""

import json
import time
from collections.abc import Callable

import httpx
import pytest
from stack import ARTIFACT, SUBJECT, encode

from pratique.attest.bundle import parse_bundle
from pratique.attest.sigstore.trusted_root import TrustedRoot
from pratique.attest.sigstore.verify import Requirements
from pratique.errors import AuthenticationRequired, Expired, Malformed, PratiqueError, Unavailable
from pratique.keys.keyless.services import parse_signing_config
from pratique.keys.keyless.session import open_session
from pratique.keys.keyless.web import Web

FULCIO, REKOR_1, REKOR_2, STAMPER = "/api/v2/signingCert", "/api/v1/log/entries", "/api/v2/log/entries", "/api/v1/timestamp"


class Between(httpx.BaseTransport):
    """Somebody between us and the services, who changes what is answered on one path."""

    def __init__(self, path: str, change: Callable[[bytes], bytes | int]) -> None:
        self.inner = httpx.HTTPTransport()
        self.path, self.change = path, change
        self.asked: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        answer = self.inner.handle_request(request)
        body = b"".join(answer.iter_raw())
        if request.url.path == self.path:
            changed = self.change(body)
            if isinstance(changed, int):
                return httpx.Response(changed, stream=httpx.ByteStream(b"no"))
            body = changed
        return httpx.Response(answer.status_code, stream=httpx.ByteStream(body))


def between(path, change):
    return Web(handler=Between(path, change), sleep=lambda _: None)


def edited(edit):
    """A change of a JSON answer."""

    def change(body):
        document = json.loads(body)
        edit(document)
        return json.dumps(document).encode()

    return change


def replayed():
    """Whatever was answered first is answered always."""
    first: list[bytes] = []

    def change(body):
        first.append(body)
        return first[0]

    return change


def test_one_session_signs_many_things_and_its_key_and_token_are_in_none(stack, statement):
    session = stack.session(2)
    first, second = session.sign_statement(statement), session.sign_artifact(ARTIFACT)
    assert session.identity.subject == SUBJECT
    assert parse_bundle(first).certificates == parse_bundle(second).certificates
    assert "EphemeralSigner" not in repr(session)
    assert stack.token().value.split(".")[1].encode() not in first + second


def test_a_signing_configuration_leads_to_the_same(stack):
    services = parse_signing_config(stack.get("signing_config.json"), now=time.time())
    assert services == stack.services(2)


def test_a_session_ends_with_its_certificate(stack, statement):
    now = [time.time()]
    session = stack.session(1, clock=lambda: now[0])
    assert session.sign_statement(statement)
    now[0] = session.expires_at
    for sign in (lambda: session.sign_statement(statement), lambda: session.sign_artifact(ARTIFACT)):
        with pytest.raises(Expired, match="run out"):
            sign()


def test_a_certificate_for_another_key_is_refused(stack):
    web = between(FULCIO, replayed())
    stack.session(1, web=web)
    with pytest.raises(Unavailable, match="another key"):
        stack.session(1, web=web)


CHAIN = "signedCertificateEmbeddedSct"


@pytest.mark.parametrize(
    "change",
    [
        lambda _: b"",
        lambda _: b"[]",
        lambda _: b"\xff",
        edited(lambda answer: answer.update({"signedCertificateDetachedSct": answer.pop(CHAIN)})),
        edited(lambda answer: answer[CHAIN]["chain"].update(certificates=[])),
        edited(lambda answer: answer[CHAIN]["chain"].update(certificates=["x"])),
        edited(
            lambda answer: answer[CHAIN]["chain"].update(
                certificates=["-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"]
            )
        ),
        edited(lambda answer: answer[CHAIN]["chain"]["certificates"].reverse()),
    ],
)
def test_an_answer_that_is_no_certificate_is_the_services_fault(stack, change):
    with pytest.raises(Unavailable):
        stack.session(1, web=between(FULCIO, change))


def test_a_token_that_is_refused_is_said_to_be_without_being_shown(stack):
    token = stack.token()
    web = Web(handler=httpx.MockTransport(lambda _: httpx.Response(401, stream=httpx.ByteStream(token.value.encode()))))
    with pytest.raises(AuthenticationRequired) as caught:
        open_session(token, stack.services(1), web=web, root=stack.root, clock=time.time)
    assert token.value not in str(caught.value)


@pytest.mark.parametrize(("version", "path"), [(2, STAMPER), (1, REKOR_1), (2, REKOR_2)])
def test_a_replayed_answer_about_another_signature_is_refused(stack, version, path, statement):
    session = stack.session(version, web=between(path, replayed()))
    assert session.sign_artifact(ARTIFACT)
    for sign in (lambda: session.sign_artifact(ARTIFACT), lambda: session.sign_statement(statement)):
        with pytest.raises(Unavailable, match="something else"):
            sign()


def _flip_root(entry):
    proof = entry["inclusionProof"]
    proof["rootHash"] = encode(b"\1" * 32)


def _flip_promise(answer):
    (entry,) = answer.values()
    entry["integratedTime"] += 1


def _no_verification(answer):
    (entry,) = answer.values()
    del entry["verification"]


@pytest.mark.parametrize(
    ("version", "path", "change"),
    [
        (1, REKOR_1, edited(_flip_promise)),
        (1, REKOR_1, edited(_no_verification)),
        (1, REKOR_1, edited(lambda answer: answer.update(second={}))),
        (1, REKOR_1, lambda _: b"{}"),
        (2, REKOR_2, edited(_flip_root)),
        (2, REKOR_2, edited(lambda entry: entry.pop("inclusionProof"))),
        (2, REKOR_2, lambda _: b"null"),
        (2, STAMPER, lambda body: body[:-1] + bytes([body[-1] ^ 1])),
        (2, STAMPER, lambda body: body[:40]),
        (2, STAMPER, lambda _: b""),
    ],
)
def test_nothing_is_given_out_that_would_not_verify(stack, statement, version, path, change):
    session = stack.session(version, web=between(path, change))
    for sign in (lambda: session.sign_statement(statement), lambda: session.sign_artifact(ARTIFACT)):
        with pytest.raises(Unavailable):
            sign()


@pytest.mark.parametrize(("version", "path"), [(2, STAMPER), (1, REKOR_1), (2, REKOR_2)])
@pytest.mark.parametrize("status", [500, 503, 429, 403])
def test_a_service_that_fails_in_the_middle_leaves_nothing(stack, statement, version, path, status):
    session = stack.session(version, web=between(path, lambda _: status))
    with pytest.raises(PratiqueError) as caught:
        session.sign_statement(statement)
    assert caught.value.exit_code == 3


def test_a_signature_is_stamped_before_it_is_logged(stack, statement):
    web = between("", lambda body: body)
    stack.session(2, web=web).sign_statement(statement)
    assert web.handler.asked == [FULCIO, STAMPER, REKOR_2]


def test_services_that_the_trusted_root_does_not_know_make_no_bundle(stack, statement):
    session = stack.session(1, root=TrustedRoot())
    with pytest.raises(Unavailable, match="no bundle that would verify"):
        session.sign_statement(statement)


def test_more_proof_than_the_services_give_is_missed_before_anybody_gets_the_bundle(stack, statement):
    session = stack.session(1, needs=Requirements(logs=2))
    with pytest.raises(Unavailable, match="1 of the 2 transparency logs"):
        session.sign_statement(statement)


def test_what_is_no_statement_is_not_signed_as_one_and_not_logged(stack):
    web = between("", lambda body: body)
    session = stack.session(1, web=web)
    with pytest.raises(Malformed):
        session.sign_statement(b"not a statement")
    assert web.handler.asked == [FULCIO]
