"""Token services that are busy, broken, of another kind or hostile; and no secret in anything that is said of them."""

import base64
import json
import logging
from urllib.parse import parse_qs

import httpx
import pytest

from pratique.errors import AuthenticationRequired, LimitExceeded, RateLimited, Unavailable
from pratique.registry.credentials import Credential
from pratique.registry.remote import Remote

SECRET = "hunter2-correct-horse"
KNOWN = Credential(username="user", password=SECRET)
IDENTITY = Credential(identity=SECRET)
BASIC = "Basic " + base64.b64encode(f"user:{SECRET}".encode()).decode()
TOKEN = json.dumps({"token": "good"}).encode()


class Registry:
    """A registry at r.example whose token service, at t.example, answers by `service(request)`."""

    def __init__(self, service, realm="https://t.example/token?account=a"):
        self.service = service
        self.realm = realm
        self.seen = []
        self.waits = []

    def __call__(self, request):
        self.seen.append(request)
        if request.url.host != "r.example":
            return self.service(request)
        if request.headers.get("Authorization") == "Bearer good":
            return httpx.Response(200, headers={"Docker-Content-Digest": "sha256:" + "0" * 64})
        challenge = f'Bearer realm="{self.realm}",service="s",scope="x"'
        return body(b"", 401, WWW_Authenticate=challenge)

    @property
    def asked(self):
        return [request for request in self.seen if request.url.host != "r.example"]

    def resolve(self, credential=None):
        options = {"environ": {}, "handler": httpx.MockTransport(self), "sleep": self.waits.append, "find": lambda: credential}
        return Remote("r.example", "app", **options).resolve("v1")


def body(data, status=200, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, stream=httpx.ByteStream(data), headers=named)


def first(count, answer):
    left = [count]

    def service(_):
        left[0] -= 1
        return answer if left[0] >= 0 else body(TOKEN)

    return service


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_token_service_is_asked_again_after_the_time_it_names(status):
    registry = Registry(first(2, httpx.Response(status, headers={"Retry-After": "7"})))
    registry.resolve(KNOWN)
    assert registry.waits == [7.0, 7.0]


@pytest.mark.parametrize(("status", "error"), [(429, RateLimited), (503, Unavailable)])
def test_a_token_service_that_stays_busy_is_given_up_and_said(status, error):
    registry = Registry(lambda _: httpx.Response(status))
    with pytest.raises(error, match=r"token service at t\.example"):
        registry.resolve(KNOWN)
    assert (len(registry.asked), registry.waits) == (5, [0.5, 1.0, 2.0, 4.0])


@pytest.mark.parametrize("after", ["31", "3600", "99999999", "Fri, 31 Dec 2200 23:59:59 GMT", "never", "-1", "1e9"])
def test_nobody_waits_longer_than_the_bound_for_a_token(after):
    registry = Registry(lambda _: httpx.Response(429, headers={"Retry-After": after, "Date": "Fri, 31 Dec 2100 23:59:59 GMT"}))
    with pytest.raises(RateLimited):
        registry.resolve(KNOWN)
    assert sum(registry.waits) <= 30


def test_a_token_service_that_breaks_the_connection_is_asked_again_and_then_given_up():
    def broken(request):
        raise httpx.ReadError("reset", request=request)

    registry = Registry(broken)
    with pytest.raises(Unavailable, match="cannot be reached"):
        registry.resolve(KNOWN)
    assert len(registry.asked) == 5


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>log in</html>",
        b"",
        b"OK",
        b"[]",
        b"{}",
        b'{"token": 7}',
        b'{"token": ""}',
        b'{"token": null}',
        b'{"token": "a b"}',
        b'{"token": "a\\nX-Evil: 1"}',
        b'{"token": "\\u00e4"}',
        b'{"token"',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
@pytest.mark.parametrize("credential", [None, KNOWN, IDENTITY])
def test_a_token_service_that_gives_no_token_could_not_be_asked(answer, credential):
    with pytest.raises(Unavailable) as caught:
        Registry(lambda _: body(answer)).resolve(credential)
    text = str(caught.value)
    assert caught.value.exit_code == 3
    assert "\n" not in text
    assert "token" in text
    assert SECRET not in text


def test_a_login_page_is_called_one():
    with pytest.raises(Unavailable, match="answers with a web page"):
        Registry(lambda _: body(b"<html>")).resolve()


@pytest.mark.parametrize("status", [400, 401, 404, 405, 501])
def test_a_token_service_that_refuses_post_is_asked_by_get(status):
    registry = Registry(lambda request: body(TOKEN) if request.method == "GET" else httpx.Response(status))
    registry.resolve(IDENTITY)
    post, get = registry.asked
    form = {name: values[0] for name, values in parse_qs(post.read().decode()).items()}
    assert (form["grant_type"], form["refresh_token"], form["scope"]) == ("refresh_token", SECRET, "repository:app:pull")
    assert SECRET not in str(get.url)
    assert base64.b64decode(get.headers["Authorization"].removeprefix("Basic ")).decode() == f"<token>:{SECRET}"


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_token_service_that_refuses_get_is_asked_by_post(status):
    registry = Registry(lambda request: body(TOKEN) if request.method == "POST" else httpx.Response(status))
    registry.resolve(KNOWN)
    form = parse_qs(registry.asked[-1].read().decode())
    assert (form["grant_type"], form["username"], form["password"]) == (["password"], ["user"], [SECRET])


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_password_that_was_refused_is_not_tried_again(status):
    registry = Registry(lambda _: httpx.Response(status))
    with pytest.raises(AuthenticationRequired, match="docker login"):
        registry.resolve(KNOWN)
    assert len(registry.asked) == 1


def test_no_form_is_sent_for_nobody():
    registry = Registry(lambda _: httpx.Response(405))
    with pytest.raises(Unavailable):
        registry.resolve()
    assert [request.method for request in registry.asked] == ["GET"]


@pytest.mark.parametrize("status", [402, 404, 418, 500, 505, 511])
def test_any_other_answer_of_a_token_service_is_unreachable(status):
    with pytest.raises(Unavailable, match=str(status)) as caught:
        Registry(lambda _: body(SECRET.encode(), status)).resolve(KNOWN)
    assert not isinstance(caught.value, AuthenticationRequired)
    assert SECRET not in str(caught.value)


def test_a_redirect_within_the_token_service_is_followed():
    def service(request):
        if request.url.path == "/token":
            return httpx.Response(308, headers={"Location": "/v2/token?moved=1"})
        return body(TOKEN)

    registry = Registry(service)
    registry.resolve(KNOWN)
    assert registry.asked[-1].headers["Authorization"] == BASIC


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "http://t.example/token",
        "https://t.example:444/",
        "file:///etc/passwd",
        "https://169.254.169.254/",
        "//evil.example/",
        "",
        "https://u:p@t.example/",
    ],
)
def test_no_credentials_follow_a_redirect_of_a_token_service(target):
    for credential in (KNOWN, IDENTITY):
        registry = Registry(lambda _: httpx.Response(302, headers={"Location": target}))
        with pytest.raises(Unavailable):
            registry.resolve(credential)
        assert {request.url.host for request in registry.seen} == {"r.example", "t.example"}
        assert {request.url.scheme for request in registry.seen} == {"https"}
        assert len(registry.asked) <= 4


@pytest.mark.parametrize(
    "realm",
    [
        "http://t.example/token",
        "https://169.254.169.254/latest/meta-data",
        "https://[fe80::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://metadata.google.internal/",
        "https://127.0.0.1/",
        "https://localhost/",
        "ftp://t.example/",
        "https://u:p@t.example/",
        "https://t.example:99999/",
        "https://\u0000/",
        "",
    ],
)
def test_nothing_is_sent_to_a_token_service_that_is_no_place_for_a_password(realm):
    registry = Registry(lambda _: pytest.fail("asked"), realm)
    with pytest.raises(Unavailable) as caught:
        registry.resolve(KNOWN)
    assert "\n" not in str(caught.value)
    assert len(registry.seen) == 1


def test_an_endless_token_is_refused():
    def endless():
        while True:
            yield b" " * 65536

    with pytest.raises(LimitExceeded):
        Registry(lambda _: httpx.Response(200, content=endless())).resolve(KNOWN)


@pytest.mark.parametrize("service", [lambda _: httpx.Response(403), lambda _: body(b"<html>"), lambda _: httpx.Response(429)])
@pytest.mark.parametrize("credential", [KNOWN, IDENTITY, Credential(bearer=SECRET)])
def test_no_secret_is_in_what_is_said_or_logged(service, credential, caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(Unavailable) as caught:
        Registry(service).resolve(credential)
    error = caught.value
    while error is not None:
        for form in (SECRET, BASIC, BASIC[6:], base64.b64encode(SECRET.encode()).decode()):
            assert form not in repr(error)
            assert form not in str(error)
            assert form not in caplog.text
        error = error.__cause__ or error.__context__


def test_a_registry_that_refuses_without_saying_what_it_wants_is_said():
    def handler(_):
        return httpx.Response(401)

    with pytest.raises(AuthenticationRequired, match="does not say what it wants"):
        Remote("r.example", "app", environ={}, handler=httpx.MockTransport(handler), find=lambda: KNOWN).resolve("v1")
