"""Through which proxy, and that none crashes us or shows its password."""

import importlib.util

import pytest

from pratique.errors import Unavailable
from pratique.registry.proxies import as_address, choose_proxy, is_loopback

PROXY = "http://user:hunter2@proxy.example:3128"


def chosen(host, no_proxy="", *, scheme="https", port=None, **environ):
    found = choose_proxy(scheme, host, port, {"HTTPS_PROXY": PROXY, "NO_PROXY": no_proxy, **environ})
    return found is not None


@pytest.mark.parametrize(
    ("environ", "scheme", "variable"),
    [
        ({"HTTPS_PROXY": "http://a:1"}, "https", "HTTPS_PROXY"),
        ({"HTTPS_PROXY": "http://a:1"}, "http", None),
        ({"HTTPS_PROXY": "http://a:1", "https_proxy": "http://b:1"}, "https", "https_proxy"),
        ({"ALL_PROXY": "http://a:1"}, "https", "ALL_PROXY"),
        ({"all_proxy": "http://a:1", "HTTP_PROXY": "http://b:1"}, "http", "HTTP_PROXY"),
        ({"HTTPS_PROXY": "a:1"}, "https", "HTTPS_PROXY"),
        ({"HTTPS_PROXY": "  "}, "https", None),
        ({"HTTP_PROXY": "http://a:1", "REQUEST_METHOD": "GET"}, "http", None),
        ({}, "https", None),
    ],
)
def test_the_proxy_of_the_scheme_comes_before_that_of_all(environ, scheme, variable):
    found = choose_proxy(scheme, "r.example", None, environ)
    assert (found and found.variable) == variable


@pytest.mark.parametrize(
    ("entry", "host"),
    [
        ("*", "r.example"),
        ("r.example", "r.example"),
        ("R.Example", "r.example"),
        ("r.example", "R.EXAMPLE."),
        ("example", "r.example"),
        (".example", "r.example"),
        ("*.example", "r.example"),
        ("a,  r.example ,b", "r.example"),
        ("a r.example", "r.example"),
        ("https://r.example", "r.example"),
        ("r.example:443", "r.example"),
        ("10.1.2.3", "10.1.2.3"),
        ("10.0.0.0/8", "10.1.2.3"),
        ("10.1.2.9/8", "10.1.2.3"),
        ("fd00::1", "fd00::1"),
        ("[fd00::1]", "fd00::1"),
        ("[fd00::1]:443", "fd00::1"),
        ("FD00:0:0::1", "fd00::1"),
        ("fd00::/8", "fd00::1"),
        ("[fd00::]/8", "fd00::1"),
        ("fe80::1", "fe80::1%eth0"),
        ("10.1.2.3", "::ffff:10.1.2.3"),
    ],
)
def test_no_proxy_means_this_host(entry, host):
    assert not chosen(host, entry)


@pytest.mark.parametrize(
    ("entry", "host"),
    [
        ("example", "r.example.evil"),
        ("r.example", "xr.example"),
        (".r.example", "r.example"),
        ("r.example:5000", "r.example"),
        ("[fd00::1]:5000", "fd00::1"),
        ("10.0.0.0/8", "11.1.2.3"),
        ("10.0.0.0/99", "10.1.2.3"),
        ("fd00::/8", "fe00::1"),
        ("fd00::/8", "10.1.2.3"),
        ("0.0.0.0/0", "r.example"),
        ("1", "10.1.2.1"),
        ("2.3", "10.1.2.3"),
        ("::", "::5"),
        ("[", "r.example"),
        ("]:x:", "r.example"),
        ("/", "r.example"),
        ("", "r.example"),
    ],
)
def test_no_proxy_does_not_mean_that_host(entry, host):
    assert chosen(host, entry)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_never_asked_through_a_proxy(host):
    assert is_loopback(host)
    assert not chosen(host)


@pytest.mark.parametrize("host", ["localhost.example", "127.0.0.1.example", "128.0.0.1", "::2", "local"])
def test_another_machine_is_not_this_one(host):
    assert not is_loopback(host)


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "SOCKS5"])
def test_a_socks_proxy_without_support_is_one_line_that_says_what_to_do(scheme, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(Unavailable) as caught:
        choose_proxy("https", "r.example", None, {"ALL_PROXY": f"{scheme}://user:hunter2@proxy.example:1080"})
    text = str(caught.value)
    assert "ALL_PROXY names the SOCKS proxy proxy.example:1080" in text
    assert all(way in text for way in ("HTTPS_PROXY", "NO_PROXY", "httpx[socks]"))
    assert "hunter2" not in text
    assert "\n" not in text


@pytest.mark.parametrize(
    "value",
    [
        "socks4://h:1",
        "ftp://h:1",
        "http://",
        "://x",
        "http://[::1",
        "http://h:port",
        "http://h:99999",
        "user:hunter2@",
        "javascript:x",
    ],
)
def test_a_proxy_that_is_none_is_one_line_without_its_password(value):
    with pytest.raises(Unavailable) as caught:
        choose_proxy("https", "r.example", None, {"HTTPS_PROXY": value})
    assert "HTTPS_PROXY" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_proxy_s_password_is_in_no_repr():
    found = choose_proxy("https", "r.example", None, {"HTTPS_PROXY": PROXY})
    assert found is not None
    assert found.shown == "proxy.example:3128"
    assert "hunter2" not in repr(found)
    six = choose_proxy("https", "r.example", None, {"HTTPS_PROXY": "http://[fd00::1]:3128"})
    assert six is not None
    assert six.shown == "[fd00::1]:3128"


def test_an_address_is_read_however_it_is_spelled():
    assert as_address("[::1%lo]") == as_address("::1")
    assert as_address("::ffff:10.0.0.1") == as_address("10.0.0.1")
    assert as_address("r.example") is None
