"""Revocation asked of real servers: a web server with lists, and openssl as an authority's OCSP responder."""

import contextlib
import datetime as dt
import http.server
import itertools
import socket
import subprocess
import threading
import time

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pratique.attest.notation.revocation import check_revocation
from pratique.attest.notation.revocation_status import GOOD, RevocationStatus, unknown
from pratique.errors import Unavailable
from pratique.model.verdict import Cause
from pratique.tuf.revocation import MAX_QUESTIONS, ask_http, verify_asking

NOW = int(time.time())
CA_USAGE = x509.KeyUsage(False, False, False, False, False, True, True, False, False)


def day(seconds):
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def issue(name, *, issuer=None, serial=1, extensions=()):
    """(certificate, key)"""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(day(NOW - 1000))
        .not_valid_after(day(NOW + 100_000))
    )
    for extension in extensions or [x509.BasicConstraints(True, None), CA_USAGE]:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(issuer[1] if issuer else key, hashes.SHA256()), key


def responder(url):
    access = x509.AccessDescription(x509.oid.AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(url))
    return x509.AuthorityInformationAccess([access])


def lists(url):
    return x509.CRLDistributionPoints([x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None)])


def a_list(issuer, *serials):
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer[0].subject)
    builder = builder.last_update(day(NOW - 100)).next_update(day(NOW + 10_000))
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(day(NOW - 50)).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(issuer[1], hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.fixture
def web():
    """A web server: path → body, or what to do with the request."""
    pages = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            page = pages.get(self.path)
            if callable(page):
                with contextlib.suppress(OSError):
                    page(self)
                return
            self.send_response(404 if page is None else 200)
            self.send_header("Content-Length", str(len(page or b"")))
            self.end_headers()
            self.wfile.write(page or b"")

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        pages["url"] = f"http://127.0.0.1:{server.server_port}"
        yield pages
        server.shutdown()


@pytest.fixture
def openssl_responder(tmp_path):
    """Starts openssl's OCSP responder for an authority; returns its URL."""
    running = []

    def start(issuer, **serials):
        pem = issuer[0].public_bytes(Encoding.PEM)
        (tmp_path / "ca.pem").write_bytes(pem + issuer[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        until = day(NOW + 100_000).strftime("%y%m%d%H%M%SZ")
        since = day(NOW - 50).strftime("%y%m%d%H%M%SZ")
        rows = [
            f"{'R' if bad else 'V'}\t{until}\t{since if bad else ''}\t{name[1:]}\tunknown\t/CN=x\n"
            for name, bad in serials.items()
        ]
        (tmp_path / "index.txt").write_text("".join(rows))
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            port = sock.getsockname()[1]
        options = {"-index": "index.txt", "-port": str(port), "-rsigner": "ca.pem", "-CA": "ca.pem", "-nmin": "60"}
        command = ["openssl", "ocsp", *itertools.chain.from_iterable(options.items())]
        process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        running.append(process)
        for line in process.stdout:  # it says so when it listens; a connection to try it would be one that it answers
            if "waiting for" in line.lower() or line.startswith("ACCEPT"):
                break
        return f"http://127.0.0.1:{port}"

    yield start
    for process in running:
        process.terminate()
        process.communicate(timeout=10)


def asking(chain, ask=ask_http):
    return verify_asking(lambda answers: check_revocation(chain, answers, at=NOW, signed_at=None), ask)


def test_openssls_responder_says_what_is_revoked_and_its_answers_serve_again_without_it(openssl_responder):
    root = issue("Root")
    url = openssl_responder(root, _10=False, _11=True)
    for serial, wanted in [(0x10, Cause.NONE), (0x11, Cause.REVOKED), (0x12, Cause.UNREACHABLE)]:
        leaf = issue("leaf", issuer=root, serial=serial, extensions=[responder(url)])
        chain = [leaf[0], root[0]]
        standing, answers = asking(chain)
        assert standing.cause is wanted, standing.detail
        assert check_revocation(chain, answers, at=NOW, signed_at=None) == standing


def test_lists_of_a_web_server_say_what_is_revoked(web):
    root = issue("Root")
    middle = issue(
        "Middle", issuer=root, serial=2, extensions=[x509.BasicConstraints(True, 0), CA_USAGE, lists(f"{web['url']}/root")]
    )
    leaf = issue("leaf", issuer=middle, serial=3, extensions=[lists(f"{web['url']}/middle")])
    chain = [leaf[0], middle[0], root[0]]
    web["/root"], web["/middle"] = a_list(root), a_list(middle)
    standing, answers = asking(chain)
    assert (standing.cause, len(answers)) == (Cause.NONE, 2)
    web["/root"] = a_list(root, 2)
    assert asking(chain)[0].cause is Cause.REVOKED
    web["/root"] = a_list(root)
    web["/middle"] = a_list(middle, 3)
    assert asking(chain)[0].cause is Cause.REVOKED


def test_a_responder_that_is_gone_leaves_the_lists(web):
    root = issue("Root")
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{sock.getsockname()[1]}"
    leaf = issue("leaf", issuer=root, serial=3, extensions=[responder(gone), lists(f"{web['url']}/root")])
    assert asking([leaf[0], root[0]])[0].cause is Cause.UNREACHABLE
    web["/root"] = a_list(root)
    standing, answers = asking([leaf[0], root[0]])
    assert standing.cause is Cause.NONE
    assert sorted(answer is None for answer in answers.values()) == [False, True]


def test_servers_that_misbehave_cannot_be_asked(web):
    def endless(request):
        request.send_response(200)
        request.end_headers()
        while True:
            request.wfile.write(b"a" * 65536)

    def redirect(request):
        request.send_response(302)
        request.send_header("Location", "/good")
        request.end_headers()

    def short(request):
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        request.wfile.write(b"a")

    web.update({"/endless": endless, "/redirect": redirect, "/short": short, "/good": b"good", "/exact": b"a" * 1000})
    assert ask_http(f"{web['url']}/good") == b"good"
    assert len(ask_http(f"{web['url']}/exact", limit=1000)) == 1000
    for path in ("endless", "redirect", "short", "missing"):
        with pytest.raises(Unavailable):
            ask_http(f"{web['url']}/{path}", limit=100_000)
    with pytest.raises(Unavailable, match="too long"):
        ask_http(f"{web['url']}/exact", limit=999)


@pytest.mark.parametrize(
    "url", ["ldap://ca.example/x", "file:///etc/passwd", "http://", "http:///x", "http://[", "x", "", "http://a\x00b/"]
)
def test_only_http_urls_are_asked(url):
    with pytest.raises(Unavailable):
        ask_http(url)


def test_a_server_that_trickles_is_left_after_a_deadline():
    ticks = itertools.count(0, 5)

    class Trickle(httpx.SyncByteStream):
        def __iter__(self):
            while True:
                yield b"a"

    handler = httpx.MockTransport(lambda request: httpx.Response(200, stream=Trickle()))
    with pytest.raises(Unavailable, match="too slow"):
        ask_http("http://ca.example/list", clock=lambda: next(ticks), handler=handler)


def test_questions_are_bounded_whatever_is_wanted():
    asked = []

    def ask(url):
        asked.append(url)
        return b""

    endless = (f"http://ca.example/{number}" for number in itertools.count())
    standing, answers = verify_asking(lambda answers: unknown("more", next(endless), next(endless), next(endless)), ask)
    assert standing.cause is Cause.UNREACHABLE
    assert len(asked) <= MAX_QUESTIONS
    assert all(answer is None for url, answer in answers.items() if url not in asked)


def test_nothing_is_asked_when_nothing_is_wanted():
    def ask(url):
        raise AssertionError(url)

    assert verify_asking(lambda answers: GOOD, ask) == (RevocationStatus(cause=Cause.NONE), {})
