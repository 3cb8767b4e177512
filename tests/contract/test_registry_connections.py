"""Proxies, certificates and addresses, with real sockets: what goes where, and what never goes there."""

import datetime
import http.server
import ipaddress
import socket
import ssl
import threading
import time

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from test_registry_misbehaving import BLOB, IMAGE

from pratique.errors import InputError, Malformed, Unavailable
from pratique.model import Digest
from pratique.registry import connections
from pratique.registry.certificates import find_certificates, present_clients
from pratique.registry.connections import Connections, tls_context
from pratique.registry.destinations import is_off_limits, origin_of, resolve_target
from pratique.registry.remote import Remote
from pratique.registry.types import OCI_MANIFEST

DAY = datetime.timedelta(days=1)


def certificate(name, issuer=None, *, is_authority=False, password=None):
    """PEM of a certificate and of its key, and the pair that signs others."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0] if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
    )
    made = builder.sign(issuer[1] if issuer else key, hashes.SHA256())
    hidden = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)
    return made.public_bytes(serialization.Encoding.PEM), private, (subject, key)


@pytest.fixture(scope="module")
def authority():
    return certificate("a company", is_authority=True)


@pytest.fixture
def tls_server(oci_server, authority, tmp_path):
    """The registry in memory behind TLS; `wants`: make it demand a certificate of us."""
    pem, key, _ = certificate("localhost", authority[2])
    (tmp_path / "server.pem").write_bytes(pem + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    server = oci_server._server

    def wants():
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=authority[0].decode())

    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    oci_server.wants = wants
    oci_server.store_manifest(IMAGE, OCI_MANIFEST, "v1")
    return oci_server


def place(server, home, **options):
    environ = {"HOME": str(home)}
    return Remote(server.host, "app", environ=environ, sleep=lambda _: None, find=lambda: None, **options)


def certs_d(home, server, **files):
    folder = home / ".config" / "containers" / "certs.d" / server.host
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name.replace("_", ".")).write_bytes(data)
    return folder


def test_an_authority_in_certs_d_is_believed_for_its_registry_and_for_no_other(tls_server, authority, tmp_path):
    with pytest.raises(Unavailable, match=r"certs\.d"):
        place(tls_server, tmp_path).resolve("v1")
    folder = certs_d(tmp_path, tls_server, ca_crt=authority[0])
    assert place(tls_server, tmp_path).resolve("v1") == Digest.of(IMAGE)
    folder.rename(folder.with_name("other.example"))
    with pytest.raises(Unavailable):
        place(tls_server, tmp_path).resolve("v1")


def test_a_registry_that_wants_to_know_who_we_are_is_told_by_the_certificate_in_certs_d(tls_server, authority, tmp_path):
    tls_server.wants()
    folder = certs_d(tmp_path, tls_server, ca_crt=authority[0])
    with pytest.raises(Unavailable):
        place(tls_server, tmp_path).resolve("v1")
    pem, key, _ = certificate("us", authority[2])
    certs_d(tmp_path, tls_server, client_cert=pem, client_key=key)
    assert place(tls_server, tmp_path).resolve("v1") == Digest.of(IMAGE)
    (folder / "client.key").unlink()
    with pytest.raises(InputError, match=r"no client\.key"):
        place(tls_server, tmp_path).resolve("v1")


def test_our_certificate_goes_to_the_registry_alone(tmp_path, monkeypatch):
    presented = []
    monkeypatch.setattr(connections, "present_clients", lambda context, _: presented.append(context))
    made = Connections(tls=tls_context, environ={}, registry=httpx.URL("https://r.example"))
    for url in ("https://r.example", "https://r.example:443", "https://r.example:444", "https://cdn.example"):
        parsed = httpx.URL(url)
        made._make(
            None, encrypted=True, own=connections.origin_of(parsed) == connections.origin_of(httpx.URL("https://r.example"))
        )
    assert len(presented) == 2


def test_certificates_that_are_none_are_one_line(tmp_path, authority):
    from types import SimpleNamespace

    host = SimpleNamespace(host="r.example")
    pem, _, _ = certificate("us", authority[2])
    _, locked, _ = certificate("us", authority[2], password=b"hunter2")
    cases = [
        ({"ca_crt": b"garbage"}, Malformed),
        ({"ca_crt": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}, Malformed),
        ({"ca_crt": b""}, Malformed),
        ({"ca_crt": b"\xff\xfe-----BEGIN"}, Malformed),
        ({"ca_crt": b"x" * ((1 << 20) + 1)}, Malformed),
        ({"c_cert": pem, "c_key": locked}, InputError),
        ({"c_cert": pem, "c_key": b"garbage"}, Malformed),
        ({"c_cert": pem, "c_key": certificate("another")[1]}, Malformed),
    ]
    for number, (files, error) in enumerate(cases):
        home = tmp_path / str(number)
        certs_d(home, host, **files)
        remote = Remote("r.example", "app", environ={"HOME": str(home)}, sleep=lambda _: None, find=lambda: None)
        with pytest.raises(error) as caught:
            remote.resolve("v1")
        assert "\n" not in str(caught.value)
        assert "hunter2" not in str(caught.value)
    with pytest.raises(InputError, match="encrypted"):
        context = ssl.create_default_context()
        present_clients(context, find_certificates("r.example", {"HOME": str(tmp_path / "5")}, system_folders=()))


def test_docker_s_and_podman_s_folders_are_all_looked_at(tmp_path):
    for name in ("home/.config/containers/certs.d", "etc/containers/certs.d", "etc/docker/certs.d", "xdg/containers/certs.d"):
        folder = tmp_path / name / "r.example:5000"
        folder.mkdir(parents=True)
        (folder / "ca.crt").touch()
    environ = {"HOME": str(tmp_path / "home"), "XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    system = [tmp_path / "etc/containers/certs.d", tmp_path / "etc/docker/certs.d"]
    assert len(find_certificates("r.example:5000", environ, system_folders=system).authorities) == 4
    assert find_certificates("r.example", environ, system_folders=system).authorities == ()


class Proxy(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.seen.append((self.path, self.headers.get("Proxy-Authorization"), self.headers.get("Authorization")))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_CONNECT = do_HEAD = do_GET  # noqa: N815


@pytest.fixture
def proxy():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.seen, server.status = [], 404
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def behind(proxy, environ=None, **options):
    url = f"http://user:hunter2@127.0.0.1:{proxy.server_port}"
    environ = {"HTTP_PROXY": url, "HTTPS_PROXY": url, **(environ or {})}
    return Remote("r.invalid", "app", environ=environ, sleep=lambda _: None, find=lambda: None, **options)


def test_a_proxy_with_a_password_is_used_and_its_password_never_shown(proxy):
    with pytest.raises(Exception, match="there is no tag v1"):
        behind(proxy, plain_http=True).resolve("v1")
    assert proxy.seen == [("http://r.invalid/v2/app/manifests/v1", "Basic dXNlcjpodW50ZXIy", None)]
    proxy.status = 407
    with pytest.raises(Unavailable, match=r"through the proxy 127\.0\.0\.1:\d+") as caught:
        behind(proxy).resolve("v1")
    assert "hunter2" not in repr(caught.value.__cause__)
    assert "dXNlcjpodW50ZXIy" not in str(caught.value)


def test_a_proxy_that_is_down_is_named_and_not_the_registry():
    with pytest.raises(Unavailable, match=r"through the proxy 127\.0\.0\.1:1: .*HTTPS_PROXY") as caught:
        environ = {"HTTPS_PROXY": "http://user:hunter2@127.0.0.1:1"}
        Remote("r.invalid", "app", environ=environ, sleep=lambda _: None, find=lambda: None).resolve("v1")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("entry", ["r.invalid", ".invalid", "*"])
def test_what_no_proxy_names_is_asked_directly(proxy, entry):
    with pytest.raises(Unavailable):
        behind(proxy, {"NO_PROXY": entry}).resolve("v1")
    assert proxy.seen == []


def test_a_socks_proxy_is_one_line_whoever_asks(monkeypatch):
    from pratique.keys.keyless.web import Web
    from pratique.tuf.places import HttpPlace
    from pratique.tuf.revocation import ask_http

    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ALL_PROXY", "socks5://user:hunter2@proxy.invalid:1080")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    for ask in (
        lambda: Remote("r.invalid", "app", find=lambda: None).resolve("v1"),
        lambda: Web(sleep=lambda _: None).ask("GET", "https://fulcio.invalid", what="a certificate", headers={}),
        lambda: b"".join(HttpPlace("https://trust.invalid").chunks("root.json")),
        lambda: ask_http("http://crl.invalid/x.crl"),
    ):
        with pytest.raises(Unavailable, match=r"SOCKS proxy proxy\.invalid:1080") as caught:
            ask()
        assert "\n" not in str(caught.value)
        assert "hunter2" not in str(caught.value)


ELSEWHERE = [
    "169.254.169.254",
    "169.254.170.2",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "[::ffff:169.254.169.254]",
    "100.100.100.200",
    "168.63.129.16",
    "metadata.google.internal",
    "metadata.google.internal.",
    "127.0.0.1",
    "127.1.2.3",
    "[::1]",
    "0.0.0.0",  # noqa: S104
    "[::]",
    "localhost",
    "a.localhost",
    "224.0.0.1",
]


@pytest.mark.parametrize("host", ELSEWHERE)
def test_no_registry_sends_us_to_this_machine_its_link_or_a_cloud_s_metadata(host):
    assert is_off_limits(host.strip("[]"), "r.example")
    seen = []

    def handler(request):
        seen.append(str(request.url))
        return httpx.Response(307, headers={"Location": f"https://{host}/latest/meta-data"})

    remote = Remote("r.example", "app", environ={}, handler=httpx.MockTransport(handler), find=lambda: None)
    for ask in (
        lambda: remote.resolve("v1"),
        lambda: remote.list_referrers(BLOB.digest),
        lambda: remote.fetch_blob(BLOB, limit=99),
    ):
        with pytest.raises(Unavailable, match="refused"):
            ask()
    assert all("r.example" in url for url in seen)


def test_a_registry_on_this_machine_may_send_us_to_this_machine():
    for registry in ("localhost", "127.0.0.1", "::1"):
        assert not is_off_limits("127.0.0.1", registry)
        assert is_off_limits("169.254.169.254", registry)


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "ftp://x/",
        "https://x:0/",
        "https://x:65536/",
        "https://u@x/",
        "gopher://x",
        "data:,x",
    ],
)
def test_a_redirect_to_no_address_is_one_line(target):
    base = httpx.URL("https://r.example/v2/")
    with pytest.raises(Unavailable) as caught:
        resolve_target(target, base, base, where="r.example")
    assert "\n" not in str(caught.value)


@pytest.fixture
def names(monkeypatch):
    """Names that come to this machine."""
    real = socket.getaddrinfo

    def resolve(host, *args, **options):
        return real("127.0.0.1" if str(host).endswith(".example") else host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.mark.parametrize("spelled", ["cdn.example", "2130706433", "0x7f.1"])
def test_a_name_that_comes_to_this_machine_is_not_spoken_to(proxy, names, spelled):
    made = Connections(tls=tls_context, environ={}, registry=httpx.URL("http://registry.invalid"))
    with httpx.Client(transport=made) as client, pytest.raises(Unavailable, match=r"at 127\.0\.0\.1: refused"):
        client.get(f"http://{spelled}:{proxy.server_port}/secret")
    assert proxy.seen == []


def test_a_registry_that_was_itself_found_on_this_machine_may_send_us_there(proxy, names):
    made = Connections(tls=tls_context, environ={}, registry=httpx.URL(f"http://registry.example:{proxy.server_port}"))
    with httpx.Client(transport=made) as client:
        assert client.get(f"http://registry.example:{proxy.server_port}/").status_code == 404
        assert client.get(f"http://cdn.example:{proxy.server_port}/").status_code == 404


@pytest.mark.parametrize("part", ["headers", "body"])
def test_an_answer_that_trickles_is_given_up_in_its_headers_too(monkeypatch, part):
    monkeypatch.setattr(connections, "PATIENCE_S", 0.3)
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def drip():
        while not over.is_set():
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer:
                peer.recv(4096)
                peer.sendall(b"HTTP/1.1 200 OK\r\n" + (b"\r\n" if part == "body" else b"X: "))
                try:
                    while not over.wait(0.05):
                        peer.sendall(b"x")
                except OSError:
                    pass

    threading.Thread(target=drip, daemon=True).start()
    began = time.monotonic()
    host = f"127.0.0.1:{listener.getsockname()[1]}"
    try:
        with pytest.raises(Unavailable, match="trickles|broke"):
            Remote(host, "app", plain_http=True, environ={}, sleep=lambda _: None, find=lambda: None).fetch_manifest("v1")
    finally:
        over.set()
        listener.close()
    assert time.monotonic() - began < 20


def test_the_network_below_httpx_is_ours_for_every_way_there_is():
    made = Connections(tls=tls_context, environ={"HTTP_PROXY": "http://p.invalid:1"}, registry=httpx.URL("http://r.invalid"))
    for url in ("http://r.invalid", "https://r.invalid", "http://localhost"):
        transport = made._make(made.proxy_of(httpx.URL(url)), encrypted=url.startswith("https"), own=True)
        assert isinstance(transport._pool._network_backend, connections._Network)


def test_a_port_of_nought_is_another_place_than_the_usual_port():
    for scheme, usual in (("https", 443), ("http", 80)):
        plain, stated, nought = (httpx.URL(f"{scheme}://r.example{port}/v2/") for port in ("", f":{usual}", ":0"))
        assert origin_of(plain) == origin_of(stated) == (scheme, "r.example", usual)
        assert origin_of(nought) == (scheme, "r.example", 0)
