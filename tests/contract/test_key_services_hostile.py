"""Key services that are broken or hostile: whatever they answer, one clear error comes within bounded time and memory."""

import contextlib
import gzip
import socket
import ssl
import threading
import time
import tracemalloc
from dataclasses import replace

import pytest
from authority import Authority
from cloud import Reply
from cloud_aws import AwsKms
from cloud_azure import KeyVault
from cloud_gcp import CloudKms
from signers import never

from pratique.errors import InputError, PratiqueError, Unavailable
from pratique.keys.access import Access
from pratique.keys.file import new_private_key, public_half
from pratique.keys.open import open_signer

TOKEN = "token-of-the-signer-6612"


class RawServer:
    """Reads a request and lets a function write what it likes. `context`: speaks TLS."""

    def __init__(self, respond, context=None):
        self.asked = []
        self._respond = respond
        self._context = context
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        with connection, contextlib.suppress(OSError, ssl.SSLError):
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            self.asked.append(connection.recv(65536))
            self._respond(connection)

    def close(self):
        self._server.close()


@pytest.fixture
def serve():
    servers = []

    def start(respond, context=None):
        servers.append(RawServer(respond, context))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def access(port, scheme="http", patience_s=20.0, **settings):
    environ = {"VAULT_ADDR": f"{scheme}://127.0.0.1:{port}", "VAULT_TOKEN": TOKEN, **settings}
    return Access(passphrase=never, pin=never, environ=environ, patience_s=patience_s, sleep=lambda _: None)


def answer(body, *headers, status="200 OK"):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def endless(start, piece, pause=0.0):
    def respond(connection):
        connection.sendall(start)
        while True:
            connection.sendall(piece)
            time.sleep(pause)

    return respond


DEEP = b'{"data":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001
BODIES = {
    "nothing": b"",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "binary": b"\x16\x03\x01\x00\xa5" * 100,
    "no JSON": answer(b"<html>hello</html>"),
    "a list": answer(b"[]"),
    "duplicate members": answer(b'{"data":{"type":"ed25519"},"data":{}}'),
    "deep": answer(DEEP),
    "not UTF-8": answer(b'{"data":"\xff"}'),
    "compressed": answer(gzip.compress(b"0" * 100_000_000), "Content-Encoding: gzip"),
    "shorter than said": answer(b"{}").replace(b"Length: 2", b"Length: 200"),
    "control characters": answer(b'{"errors":["\\u001b[2J\\nowned"]}', status="400 Bad Request"),
    "header of megabytes": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 2_000_000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("name", BODIES)
def test_nonsense_is_one_clear_error(serve, name):
    server = serve(lambda connection: connection.sendall(BODIES[name]))
    with pytest.raises(PratiqueError) as caught:
        open_signer("hashivault://k", access(server.port))
    assert isinstance(caught.value, Unavailable)
    assert str(caught.value).isprintable()
    assert TOKEN not in str(caught.value)


ENDLESS = {
    "a body that never ends": endless(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"a" * 65536 + b"\r\n"
    ),
    "a body of ten gigabytes": endless(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n", b"a" * 65536),
    "a body that trickles": endless(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"a", 0.05),
    "headers that trickle": endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", 0.05),
    "silence": endless(b"", b"", 0.05),
    "informational answers for ever": endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.01),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_never_ends_is_ended(serve, name):
    server = serve(ENDLESS[name])
    tracemalloc.start()
    begin = time.monotonic()
    with pytest.raises(Unavailable):
        open_signer("hashivault://k", access(server.port, patience_s=1.5))
    spent, (_, peak) = time.monotonic() - begin, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert spent < 30  # patience is 1.5 s; the rest is a loaded machine's
    assert peak < 32 << 20


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"]
)
def test_a_redirect_is_refused_and_the_token_goes_nowhere(serve, status):
    thief = serve(lambda connection: connection.sendall(answer(b"{}")))
    location = f"Location: http://127.0.0.1:{thief.port}/v1/transit/keys/k"
    server = serve(lambda connection: connection.sendall(answer(b"", location, status=status)))
    with pytest.raises(Unavailable, match="refused"):
        open_signer("hashivault://k", access(server.port))
    assert not thief.asked


@pytest.mark.parametrize("status", ["400 Bad", "403 Forbidden", "404 Not Found", "418 Teapot", "500 Error"])
def test_a_service_that_repeats_what_it_was_sent_does_not_get_it_into_the_error(serve, status):
    def respond(connection):
        text = server.asked[-1].decode().replace("\r\n", " ").replace('"', "")
        connection.sendall(answer(f'{{"errors":["{text}"]}}'.encode(), status=status))

    server = serve(respond)
    with pytest.raises(PratiqueError) as caught:
        open_signer("hashivault://k", access(server.port))
    assert TOKEN in server.asked[-1].decode()
    assert TOKEN not in str(caught.value)


def tls(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.chain, authority.key)
    return context


def vault_key(connection):
    key = public_half(new_private_key("ecdsa-p256")).pem.decode().replace("\n", "\\n")
    told = (
        f'{{"data":{{"type":"ecdsa-p256","latest_version":1,"supports_signing":true,"keys":{{"1":{{"public_key":"{key}"}}}}}}}}'
    )
    connection.sendall(answer(told.encode()))


def test_an_authority_that_is_not_known_here_is_refused_before_the_token_is_sent(serve, tmp_path):
    authority = Authority.make(tmp_path)
    server = serve(vault_key, tls(authority))
    with pytest.raises(Unavailable, match="SSL_CERT_FILE"):
        open_signer("hashivault://k", access(server.port, "https"))
    assert not server.asked
    signer = open_signer("hashivault://k", access(server.port, "https", VAULT_CACERT=str(authority.certificate)))
    assert signer.public_key.algorithm == "ecdsa-p256"


def test_a_certificate_for_another_name_is_refused(serve, tmp_path):
    authority = Authority.make(tmp_path, "vault.example")
    server = serve(vault_key, tls(authority))
    with pytest.raises(Unavailable, match="certificate"):
        open_signer("hashivault://k", access(server.port, "https", VAULT_CACERT=str(authority.certificate)))
    assert not server.asked


def test_a_service_without_tls_and_a_file_without_certificates_are_named(serve, tmp_path):
    server = serve(vault_key)
    with pytest.raises(Unavailable, match="cannot reach Vault"):
        open_signer("hashivault://k", access(server.port, "https"))
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(InputError, match="certificates"):
        open_signer("hashivault://k", access(server.port, "https", VAULT_CACERT=str(tmp_path / "ca.pem")))


JUNK = [b"", b"{}", b"[]", b"null", b'"x"', b"{", b"\xff", {"a": 1}, b'{"keys":[1],"key":[1],"data":[1]}', DEEP]
VALUES = [None, 0, -1, True, "", "x", "é\u202e", [], {}, {"a": []}, ["x"], "A" * 200_000, 10**400]


@pytest.fixture(params=[AwsKms, CloudKms, KeyVault], ids=["aws", "gcp", "azure"])
def cloud(request, tmp_path):
    made = request.param()
    adapter = made.adapter("ecdsa-p256", tmp_path)
    adapter.access = replace(adapter.access, patience_s=20.0)
    yield made, adapter
    made.stop()


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
@pytest.mark.parametrize("status", [200, 204, 400, 401, 403, 404, 409])
def test_no_cloud_s_junk_becomes_a_signature_or_another_error_than_ours(cloud, junk, status):
    made, adapter = cloud
    signer = adapter.open()
    made.tamper = lambda _, reply: Reply(status, junk)
    for attempt in (lambda: signer.sign(b"m"), adapter.open):
        with pytest.raises(PratiqueError) as caught:
            attempt()
        assert caught.value.exit_code in (2, 3)
        assert str(caught.value).isprintable()


def test_a_signature_is_one_request_and_the_public_key_is_asked_for_once(cloud):
    made, adapter = cloud
    signer = adapter.open()
    before = len(made.requests)
    for number in range(5):
        message = str(number).encode()
        signer.public_key.verify(signer.sign(message), message)
    assert len(made.requests) - before == 5


def places(body, path=()):
    """Where each member stands, those of members too."""
    for name, value in body.items():
        yield (*path, name)
        yield from places(value, (*path, name)) if isinstance(value, dict) else ()


def exchanged(body, path, value):
    """The body with another value at this place, and as it is where it has no such place."""
    name, *rest = path
    if not isinstance(body, dict) or name not in body:
        return body
    return body | {name: exchanged(body[name], rest, value) if rest else value}


@pytest.mark.parametrize("respell", [lambda text: text + "=", lambda text: f" {text}", lambda text: "AB=="])
def test_a_signature_in_another_spelling_than_the_services_own_is_garbage(cloud, respell):
    made, adapter = cloud
    signer = adapter.open()

    def change(_, reply):
        (name,) = {"Signature", "signature", "value"} & set(reply.body)
        return Reply(reply.status, reply.body | {name: respell(reply.body[name])})

    made.tamper = change
    with pytest.raises(Unavailable, match="signing: .* answers something else than its interface says"):
        signer.sign(b"m")


def test_no_member_of_a_clouds_answer_may_be_of_another_kind(cloud):
    """Each member of each answer, exchanged for each odd value: a signature that verifies, or one of our errors."""
    made, adapter = cloud
    answers = []
    made.tamper = lambda _, reply: answers.append(reply) or reply
    adapter.open().sign(b"m")
    made.tamper = lambda _, reply: reply
    signer = adapter.open()
    for path in sorted({path for reply in answers for path in places(reply.body)}):
        for value in VALUES:
            made.tamper = lambda _, reply, path=path, value=value: Reply(reply.status, exchanged(reply.body, path, value))
            for attempt in (lambda: signer.sign(b"m"), lambda: adapter.open().sign(b"m")):
                try:
                    signature = attempt()
                except PratiqueError as error:
                    assert error.exit_code in (2, 3), (path, value)
                    assert str(error).isprintable()
                else:
                    signer.public_key.verify(signature, b"m")
