"""Uploads that break off, are refused half way, lose their place or go where the blob already is."""

import hashlib
import uuid

import httpx
import pytest

from pratique.errors import AuthenticationRequired, DigestMismatch, RateLimited, Unavailable
from pratique.model import Digest
from pratique.registry.copy import copy_blob
from pratique.registry.credentials import Credential
from pratique.registry.layout import open_layout
from pratique.registry.remote import Remote
from pratique.registry.types import OCI_LAYER, Descriptor

DATA = bytes(range(250)) * 4  # ten chunks of a hundred
BLOB = Descriptor(media_type=OCI_LAYER, digest=Digest.of(DATA), size=len(DATA))


@pytest.fixture
def waits():
    return []


@pytest.fixture
def make(oci_server, waits):
    made = []

    def build(credential=None, chunk_bytes=100):
        options = {"plain_http": True, "environ": {}, "sleep": waits.append, "find": lambda: credential}
        made.append(Remote(oci_server.host, "app", chunk_bytes=chunk_bytes, **options))
        return made[-1]

    yield build
    for remote in made:
        remote.close()


def stream():
    """Can be read once only, in pieces that fit no chunk."""
    return iter([DATA[start : start + 70] for start in range(0, len(DATA), 70)])


def on(command, fault, count=1):
    """The first `count` requests of a kind are answered by `fault`."""
    left = [count]

    def asked(handler):
        if handler.command != command or left[0] <= 0:
            return False
        left[0] -= 1
        return fault(handler) is not False

    return asked


def answer(status, **headers):
    return lambda handler: handler.answer(status, **headers)


def sent(oci_server, command):
    return [path for method, path, _ in oci_server.requests if method == command]


def test_a_large_blob_goes_in_chunks_and_a_small_one_whole(oci_server, make):
    make().push_blob(BLOB.digest, BLOB.size, stream())
    assert oci_server.blobs[BLOB.digest] == DATA
    assert (len(sent(oci_server, "PATCH")), len(sent(oci_server, "PUT"))) == (10, 1)
    make().push_blob(Digest.of(b"small"), 5, iter([b"sm", b"all"]))
    assert oci_server.blobs[Digest.of(b"small")] == b"small"
    assert len(sent(oci_server, "PATCH")) == 10


@pytest.mark.parametrize("chunk_bytes", [1, 7, 249, 999, 1000, 1001])
def test_any_size_of_chunks_brings_the_same_bytes(oci_server, make, chunk_bytes):
    make(chunk_bytes=chunk_bytes).push_blob(BLOB.digest, BLOB.size, stream())
    assert oci_server.blobs[BLOB.digest] == DATA


@pytest.mark.parametrize("command", ["POST", "PATCH", "PUT"])
@pytest.mark.parametrize("chunk_bytes", [100, 5000])
def test_a_token_that_runs_out_in_the_middle_is_asked_for_anew_and_the_upload_goes_on(oci_server, make, command, chunk_bytes):
    oci_server.users, oci_server.tokens = {"user": "word"}, True
    challenge = f'Bearer realm="http://{oci_server.host}/token",service="test",error="invalid_token"'
    oci_server.faults.append(on(command, answer(401, WWW_Authenticate=challenge), 1))
    make(Credential(username="user", password="word"), chunk_bytes).push_blob(BLOB.digest, BLOB.size, stream())
    assert oci_server.blobs[BLOB.digest] == DATA
    if (command, chunk_bytes) != ("PATCH", 5000):
        assert len([path for path in sent(oci_server, "GET") if path.startswith("/token")]) == 2


def test_a_401_that_stays_is_refused_and_not_asked_for_ever(oci_server, make):
    challenge = f'Bearer realm="http://{oci_server.host}/token"'
    oci_server.users, oci_server.tokens = {"user": "word"}, True
    oci_server.faults.append(on("PATCH", answer(401, WWW_Authenticate=challenge), 99))
    with pytest.raises(AuthenticationRequired):
        make(Credential(username="user", password="word")).push_blob(BLOB.digest, BLOB.size, stream())
    assert len(sent(oci_server, "PATCH")) == 2


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_chunk_is_sent_again_to_a_busy_registry_though_its_source_cannot_be(oci_server, make, waits, status):
    oci_server.faults.append(on("PATCH", answer(status, Retry_After="3"), 2))
    make().push_blob(BLOB.digest, BLOB.size, stream())
    assert oci_server.blobs[BLOB.digest] == DATA
    assert waits == [3.0, 3.0]


def test_a_registry_that_stays_busy_in_the_middle_is_rate_limited(oci_server, make):
    oci_server.faults.append(on("PATCH", answer(429), 99))
    with pytest.raises(RateLimited):
        make().push_blob(BLOB.digest, BLOB.size, stream())
    assert BLOB.digest not in oci_server.blobs


@pytest.mark.parametrize("kept", [0, 2, 40, 99, 100])
@pytest.mark.parametrize("broken", [1, 4, 10])
def test_a_chunk_that_broke_off_is_taken_up_where_the_registry_has_it(oci_server, make, kept, broken):
    seen = [0]

    def cut(handler):
        seen[0] += 1
        if seen[0] != broken:
            return False
        oci_server.sessions["1"] += handler.body[:kept]
        handler.close_connection = True
        handler.connection.close()
        return True

    oci_server.faults.append(on("PATCH", cut, 99))
    make().push_blob(BLOB.digest, BLOB.size, stream())
    assert oci_server.blobs[BLOB.digest] == DATA
    assert oci_server.uploads == 1


def test_a_connection_that_always_breaks_is_given_up(oci_server, make, waits):
    def cut(handler):
        handler.close_connection = True
        handler.connection.close()

    oci_server.faults.append(on("PATCH", cut, 999))
    with pytest.raises(Unavailable, match="run the same command again"):
        make().push_blob(BLOB.digest, BLOB.size, stream())
    assert len(waits) < 6


def test_a_registry_that_keeps_losing_its_place_is_not_asked_for_ever(oci_server, make):
    oci_server.faults.append(on("PATCH", answer(416, Range="0-0"), 999))
    with pytest.raises(Unavailable, match="lost the upload"):
        make().push_blob(BLOB.digest, BLOB.size, stream())
    assert len(sent(oci_server, "PATCH")) < 10


@pytest.mark.parametrize("said", ["", "0-5000", "bytes=1-2", "0-" + "9" * 40, "0--1"])
def test_a_registry_that_says_nonsense_of_what_it_has_is_not_believed(oci_server, make, said):
    oci_server.faults.append(on("PATCH", answer(416), 1))
    oci_server.faults.append(on("GET", answer(204, Range=said), 1))
    with pytest.raises(Unavailable, match="lost the upload"):
        make().push_blob(BLOB.digest, BLOB.size, stream())
    assert BLOB.digest not in oci_server.blobs


@pytest.mark.parametrize("command", ["PATCH", "PUT"])
def test_an_upload_that_the_registry_forgot_begins_anew_where_the_source_can(oci_server, make, command):
    def forget(handler):
        if command == "PATCH" and len(oci_server.sessions["1"]) < 300:
            oci_server.faults.append(on("PATCH", forget))
            return False
        oci_server.sessions.clear()
        return False

    oci_server.faults.append(on(command, forget))
    make().push_blob(BLOB.digest, BLOB.size, list(stream()))
    assert oci_server.blobs[BLOB.digest] == DATA
    assert oci_server.uploads == 2


def test_an_upload_that_the_registry_forgot_is_said_where_the_source_is_used_up(oci_server, make):
    oci_server.faults.append(on("PUT", lambda handler: oci_server.sessions.clear() or False))
    with pytest.raises(Unavailable, match="lost the upload"):
        make().push_blob(BLOB.digest, BLOB.size, stream())


def test_an_upload_whose_last_answer_was_lost_is_done(oci_server, make):
    def lose_answer(handler):
        oci_server.blobs[BLOB.digest] = bytes(oci_server.sessions.pop("1")) + handler.body
        handler.close_connection = True
        handler.connection.close()

    oci_server.faults.append(on("PUT", lose_answer))
    make().push_blob(BLOB.digest, BLOB.size, stream())
    assert oci_server.uploads == 1


@pytest.mark.parametrize("status", [400, 404, 405, 411, 415, 501])
@pytest.mark.parametrize("source", [stream, lambda: list(stream())])
def test_a_registry_that_takes_no_chunks_gets_the_blob_whole(oci_server, make, status, source):
    oci_server.faults.append(on("PATCH", answer(status), 99))
    make().push_blob(BLOB.digest, BLOB.size, source())
    assert oci_server.blobs[BLOB.digest] == DATA
    assert len(sent(oci_server, "PATCH")) == 1


@pytest.mark.parametrize("size", [3 << 20, 17 << 20])
def test_what_a_proxy_calls_too_large_goes_in_smaller_chunks(oci_server, make, size):
    def too_large(handler):
        if len(handler.body) <= 1 << 20:
            return False
        handler.answer(413)
        return True

    oci_server.faults += [on("PATCH", too_large, 999), on("PUT", too_large, 999)]
    data = b"x" * size
    make(chunk_bytes=4 << 20).push_blob(Digest.of(data), size, [data])
    assert oci_server.blobs[Digest.of(data)] == data


def test_a_proxy_that_takes_nothing_is_said(oci_server, make):
    oci_server.faults.append(on("PATCH", answer(413), 999))
    data = b"x" * (2 << 20)
    with pytest.raises(Unavailable, match="does a proxy limit requests"):
        make(chunk_bytes=1 << 20).push_blob(Digest.of(data), len(data), [data])


@pytest.mark.parametrize("size", [50, 1000])
def test_a_registry_that_takes_it_neither_whole_nor_in_chunks_is_said(oci_server, make, size):
    oci_server.faults += [on("PATCH", answer(405), 999), on("PUT", answer(413), 999)]
    for source in ([DATA[:size]], iter([DATA[:size]])):
        with pytest.raises(Unavailable, match="neither whole nor in chunks"):
            make().push_blob(Digest.of(DATA[:size]), size, source)


def test_a_registry_that_wants_larger_chunks_gets_them(oci_server, make):
    def start(handler):
        oci_server.uploads, oci_server.sessions["1"] = 1, bytearray()
        handler.answer(202, Location="/v2/app/blobs/uploads/1?state=a%2Fb", OCI_Chunk_Min_Length="400")

    oci_server.faults.append(on("POST", start))
    make().push_blob(BLOB.digest, BLOB.size, stream())
    assert len(sent(oci_server, "PATCH")) == 3


@pytest.mark.parametrize("least", ["9" * 18, "9" * 5000, "-1", "x"])
def test_a_registry_that_wants_absurd_chunks_gets_the_blob_whole_or_ours(oci_server, make, least):
    def start(handler):
        oci_server.uploads, oci_server.sessions["1"] = 1, bytearray()
        handler.answer(202, Location="/v2/app/blobs/uploads/1?state=a%2Fb", OCI_Chunk_Min_Length=least)

    oci_server.faults.append(on("POST", start))
    make().push_blob(BLOB.digest, BLOB.size, stream())
    assert oci_server.blobs[BLOB.digest] == DATA


@pytest.mark.parametrize("lie", [DATA[:-1], DATA + b"x", DATA[:-1] + b"x", b"x" + DATA[1:]])
def test_chunks_that_are_not_the_blob_are_never_completed(oci_server, make, lie):
    for source in (iter([lie[:333], lie[333:]]), [lie]):
        with pytest.raises(DigestMismatch):
            make().push_blob(BLOB.digest, BLOB.size, source)
    assert sent(oci_server, "PUT") == []
    assert oci_server.blobs == {}


def test_a_chunk_location_elsewhere_gets_no_credentials():
    def registry(request):
        if "Authorization" not in request.headers:
            return httpx.Response(401, headers={"WWW-Authenticate": "Basic realm=x"})
        if request.method == "HEAD":
            return httpx.Response(404)
        return httpx.Response(202, headers={"Location": "https://up.example/1"})

    got, seen = bytearray(), []

    def handler(request):
        seen.append(request)
        if request.url.host == "r.example":
            return registry(request)
        got.extend(request.read())
        return httpx.Response(202 if request.method == "PATCH" else 201)

    known = Credential(username="user", password="word")
    remote = Remote("r.example", "app", environ={}, handler=httpx.MockTransport(handler), find=lambda: known, chunk_bytes=100)
    remote.push_blob(BLOB.digest, BLOB.size, stream())
    assert bytes(got) == DATA
    assert all("Authorization" not in request.headers for request in seen if request.url.host == "up.example")


@pytest.mark.parametrize("target", ["http://up.example/1", "file:///tmp/x", "https://169.254.169.254/x", "https://[::1]/x"])
def test_an_upload_is_not_sent_to_where_nothing_may_go(target):
    def handler(request):
        if request.method == "HEAD":
            return httpx.Response(404)
        assert request.method == "POST"
        return httpx.Response(202, headers={"Location": target})

    remote = Remote("r.example", "app", environ={}, handler=httpx.MockTransport(handler), find=lambda: None, chunk_bytes=100)
    with pytest.raises(Unavailable):
        remote.push_blob(BLOB.digest, BLOB.size, stream())


def never_read(monkeypatch, source):
    monkeypatch.setattr(source, "open_blob", lambda *_: pytest.fail("its bytes passed by"))


def test_a_blob_of_another_repository_of_a_real_registry_is_mounted_and_not_sent(registry_host, monkeypatch):
    source, destination = (
        Remote(registry_host, f"mount/{uuid.uuid4().hex}", plain_http=True, environ={}, find=lambda: None) for _ in range(2)
    )
    source.push_blob(BLOB.digest, BLOB.size, [DATA])
    assert not destination.has_blob(BLOB.digest)
    never_read(monkeypatch, source)
    copy_blob(source, BLOB, destination)
    assert destination.fetch_blob(BLOB, limit=BLOB.size) == DATA


def test_a_real_registry_takes_chunks_and_takes_them_up_again(registry_host):
    data = hashlib.sha512(b"x").digest() * 50_000
    options = {"plain_http": True, "environ": {}, "find": lambda: None, "chunk_bytes": 1 << 20}
    place = Remote(registry_host, f"chunks/{uuid.uuid4().hex}", **options)
    place.push_blob(Digest.of(data), len(data), iter([data]))
    assert place.fetch_blob(Descriptor(media_type=OCI_LAYER, digest=Digest.of(data), size=len(data)), limit=len(data)) == data


MOUNT_REFUSALS = {
    "an upload instead": (202, {"Location": "/v2/app/blobs/uploads/9?state=a%2Fb"}),
    "202 without a place": (202, {}),
    "not there": (404, {}),
    "not allowed": (403, {}),
    "no such method": (405, {}),
    "broken": (500, {}),
    "mounted, and it is not": (201, {}),
}


@pytest.mark.parametrize(("status", "headers"), MOUNT_REFUSALS.values(), ids=MOUNT_REFUSALS.keys())
def test_a_blob_that_cannot_be_mounted_is_uploaded(oci_server, make, tmp_path, status, headers):
    other = Remote(oci_server.host, "other", plain_http=True, environ={}, find=lambda: None)
    layout = open_layout(tmp_path / "x", create=True)
    layout.push_blob(BLOB.digest, BLOB.size, [DATA])
    other.open_blob = layout.open_blob
    oci_server.faults.append(lambda handler: "mount=" in handler.path and (handler.answer(status, **headers), True)[1])
    copy_blob(other, BLOB, make())
    assert oci_server.blobs[BLOB.digest] == DATA
    assert sum("mount=" in path for path in sent(oci_server, "POST")) == 1


def test_a_mount_asks_for_a_token_that_may_read_the_source(oci_server, make):
    oci_server.users, oci_server.tokens = {"user": "word"}, True
    other = Remote(oci_server.host, "team/other", plain_http=True, environ={}, find=lambda: None)
    make(Credential(username="user", password="word")).mount_blob(BLOB, other)
    tokens = [path for path in sent(oci_server, "GET") if path.startswith("/token")]
    assert any("scope=repository%3Aapp%3Apull%2Cpush&scope=repository%3Ateam%2Fother%3Apull" in path for path in tokens)


def test_nothing_is_mounted_from_another_host_or_from_itself(oci_server, make, tmp_path):
    here = make()
    for other in (
        Remote("127.0.0.1:1", "other", plain_http=True, environ={}),
        Remote(oci_server.host, "other", environ={}),
        Remote(oci_server.host, "app", plain_http=True, environ={}),
        open_layout(tmp_path / "x", create=True),
    ):
        assert not here.mount_blob(BLOB, other)
    assert oci_server.requests == []
