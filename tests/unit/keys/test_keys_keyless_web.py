import httpx
import pytest
from replies import reply

from pratique.errors import AuthenticationRequired, InputError, RateLimited, Unavailable
from pratique.keys.keyless.web import MAX_ANSWER, Web


def client(answer):
    waits = []
    return Web(handler=httpx.MockTransport(answer), sleep=waits.append), waits


def ask(web, url="https://service.example/x", **options):
    return web.ask("POST", url, what="asking", headers={}, content=b"{}", **options)


def test_a_good_answer_is_its_body():
    for status in (200, 201):
        web, _ = client(lambda _, status=status: reply(status, b"yes"))
        assert ask(web) == b"yes"


@pytest.mark.parametrize(
    "url",
    ["http://service.example/", "ftp://x/", "https://", "https://user:secret@x/", "http://10.0.0.1/", "nonsense"],
)
def test_an_identity_goes_nowhere_in_the_clear_and_to_no_nonsense(url):
    web, _ = client(lambda _: reply(200))
    with pytest.raises(InputError) as caught:
        ask(web, url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://localhost/", "http://[::1]/"])
def test_this_machine_may_be_asked_in_the_clear(url):
    web, _ = client(lambda _: reply(200, b"yes"))
    assert ask(web, url) == b"yes"


def test_redirects_are_refused_for_the_token_would_go_along():
    web, _ = client(lambda _: reply(307, headers={"Location": "https://evil.example"}))
    with pytest.raises(Unavailable, match="elsewhere"):
        ask(web)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_service_is_asked_again(status):
    answers = [reply(status, headers={"Retry-After": "7"}), reply(200, b"yes")]
    web, waits = client(lambda _: answers.pop(0))
    assert ask(web) == b"yes"
    assert waits == [7.0]


def test_a_service_that_says_at_once_is_asked_at_once_and_one_that_says_nothing_after_a_second():
    for headers, delay in (({"Retry-After": "0"}, 0.0), ({}, 1.0)):
        answers = [reply(429, headers=headers), reply(200, b"yes")]
        web, waits = client(lambda _, answers=answers: answers.pop(0))
        assert (ask(web), waits) == (b"yes", [delay])


def test_a_service_that_stays_busy_is_left_alone_and_never_waited_for_long():
    web, waits = client(lambda _: reply(429, headers={"Retry-After": "86400"}))
    with pytest.raises(RateLimited):
        ask(web)
    assert waits == [10.0, 10.0]


def test_what_waiting_cannot_mend_is_not_tried_again():
    for status, error in ((400, Unavailable), (401, AuthenticationRequired), (403, AuthenticationRequired), (500, Unavailable)):
        web, waits = client(lambda _, status=status: reply(status, "no: the-token"))
        with pytest.raises(error, match="no: …"):
            ask(web, secrets={"the-token"})
        assert waits == []


def test_an_unreachable_service_is_unavailable():
    def fail(_):
        raise httpx.ConnectError("nobody listens")

    web, waits = client(fail)
    with pytest.raises(Unavailable, match="nobody listens"):
        ask(web)
    assert len(waits) == 2


def test_a_request_that_was_sent_is_not_repeated_blindly():
    def fail(_):
        raise httpx.ReadTimeout("slow")

    web, waits = client(fail)
    with pytest.raises(Unavailable):
        ask(web)
    assert waits == []


def test_an_answer_that_never_ends_is_cut_off():
    def endless():
        while True:
            yield b"x" * 65536

    web, _ = client(lambda _: httpx.Response(200, content=endless()))
    with pytest.raises(Unavailable, match=str(MAX_ANSWER)):
        ask(web)


def test_an_answer_that_trickles_is_cut_off_in_time():
    def trickle():
        while True:
            yield b"x"

    web, _ = client(lambda _: httpx.Response(200, content=trickle()))
    web.timeout_s = 0.05
    with pytest.raises(Unavailable, match="does not end"):
        ask(web)
