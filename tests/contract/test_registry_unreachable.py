"""A registry that refuses, has no address, or takes its time: how often it is tried, and what is said meanwhile."""

import socket
import threading
import time
from socket import EAI_AGAIN, EAI_NONAME, gaierror

import pytest

from pratique.errors import Unavailable
from pratique.registry import waiting
from pratique.registry.remote import Remote
from pratique.registry.waiting import tell_of_waiting, waiting_for


@pytest.fixture
def said(monkeypatch):
    monkeypatch.setattr(waiting, "_listeners", [])
    lines = []
    tell_of_waiting(lines.append)
    return lines


def failing(host, environ=None):
    """The error, and the seconds that were waited between tries."""
    waits = []
    remote = Remote(host, "app", plain_http=True, environ=environ or {}, sleep=waits.append, find=lambda: None)
    try:
        with pytest.raises(Unavailable) as caught:
            remote.fetch_manifest("v1")
    finally:
        remote.close()
    return str(caught.value), waits


@pytest.fixture
def closed_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listened on: nobody else gets it, and it refuses
        yield taken.getsockname()[1]


@pytest.mark.parametrize("through", ["directly", "a proxy"])
def test_a_refused_connection_fails_at_once(closed_port, through):
    place = f"127.0.0.1:{closed_port}"
    if through == "directly":
        text, waits = failing(place)
    else:
        text, waits = failing("registry.example", {"HTTP_PROXY": f"http://{place}"})
    assert "refused" in text
    assert waits == []


@pytest.mark.parametrize(("number", "waits"), [(EAI_NONAME, []), (EAI_AGAIN, [0.5])])
def test_a_name_without_an_address_is_not_asked_for_again_and_a_silent_resolver_once(monkeypatch, number, waits):
    def resolve(*_args, **_options):
        raise gaierror(number, "no address")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert failing("registry.example")[1] == waits


def test_what_is_slow_is_said_to_be_waited_for_once_and_what_is_quick_is_not(said):
    ended = threading.Event()

    def say(line):
        said.append(line)
        ended.set()

    tell_of_waiting(say)
    with waiting_for("host.example/app: v1", after_s=0.0):
        assert ended.wait(10)
    with waiting_for("nothing", after_s=3600.0):
        pass
    assert said == ["waiting for host.example/app: v1"]


def test_a_registry_that_does_not_answer_is_said_to_be_waited_for(oci_server, said, monkeypatch):
    monkeypatch.setattr(waiting, "SAID_AFTER_S", 0.05)

    def dawdle(handler):
        deadline = time.monotonic() + 30
        while not said and time.monotonic() < deadline:
            time.sleep(0.01)
        handler.answer(404, b"")
        return True

    oci_server.faults.append(dawdle)
    remote = Remote(oci_server.host, "app", plain_http=True, environ={}, find=lambda: None)
    try:
        with pytest.raises(Exception, match="v1"):
            remote.fetch_manifest("v1")
    finally:
        remote.close()
    assert len(said) == 1
    assert said[0].startswith(f"waiting for {oci_server.host}/app: ")
