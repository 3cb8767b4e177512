"""A registry that is busy, closed, lying or hostile, and one whose fallback tag others write to as well."""

import json
from email.utils import formatdate

import httpx
import pytest

from pratique.errors import AuthenticationRequired, DigestMismatch, LimitExceeded, Malformed, NotFound, RateLimited, Unavailable
from pratique.model import Digest
from pratique.registry.attach import attach, attach_all
from pratique.registry.credentials import Credential
from pratique.registry.referrers import render_index
from pratique.registry.remote import Remote
from pratique.registry.types import OCI_INDEX, OCI_MANIFEST, Descriptor, fallback_tag

EMPTY = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": Digest.of(b"{}"), "size": 2}
IMAGE = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": EMPTY, "layers": []}).encode()
BLOB = Descriptor(media_type="a/b", digest=Digest.of(b"twelve bytes"), size=12)
KNOWN = Credential(username="user", password="word")


@pytest.fixture
def waits():
    return []


@pytest.fixture
def make(oci_server, waits):
    made = []

    def build(credential=None):
        remote = Remote(oci_server.host, "app", plain_http=True, environ={}, sleep=waits.append, find=lambda: credential)
        made.append(remote)
        return remote

    oci_server.store_manifest(IMAGE, OCI_MANIFEST, "v1")
    oci_server.blobs[BLOB.digest] = b"twelve bytes"
    yield build
    for remote in made:
        remote.close()


def times(count, status, body=b"", **headers):
    left = [count]

    def fault(handler):
        if left[0] <= 0:
            return False
        left[0] -= 1
        handler.answer(status, body, **headers)
        return True

    return fault


def only(path_part, fault):
    return lambda handler: path_part in handler.path and fault(handler)


@pytest.mark.parametrize("status", [429, 502, 503])
def test_a_busy_registry_is_asked_again_after_the_time_it_names(oci_server, make, waits, status):
    oci_server.faults.append(times(2, status, Retry_After="7"))
    assert make().fetch_manifest("v1").data == IMAGE
    assert waits == [7.0, 7.0]


def test_a_date_to_retry_after_is_reckoned_by_the_servers_clock(oci_server, make, waits):
    def fault(handler):
        if waits:
            return False
        handler.send_response_only(429)
        handler.send_header("Date", formatdate(1_000_000, usegmt=True))
        handler.send_header("Retry-After", formatdate(1_000_011, usegmt=True))
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return True

    oci_server.faults.append(fault)
    make().fetch_manifest("v1")
    assert waits == [11.0]


def test_a_registry_that_stays_busy_is_rate_limited_and_not_empty(oci_server, make, waits):
    oci_server.faults.append(times(99, 429))
    with pytest.raises(RateLimited):
        make().list_referrers(Digest.of(IMAGE))
    assert waits == [0.5, 1.0, 2.0, 4.0]
    assert len(oci_server.requests) == 5


def test_nobody_waits_longer_than_the_bound(oci_server, make, waits):
    oci_server.faults.append(times(99, 429, Retry_After="3600"))
    with pytest.raises(RateLimited, match="3600 s"):
        make().fetch_manifest("v1")
    assert waits == []


@pytest.mark.parametrize(("status", "error"), [(401, AuthenticationRequired), (403, AuthenticationRequired), (500, Unavailable)])
def test_no_failure_of_the_referrers_api_reads_as_no_referrers(oci_server, make, status, error):
    oci_server.faults.append(only("/referrers/", times(99, status)))
    with pytest.raises(error):
        make().list_referrers(Digest.of(IMAGE))
    assert not any("/manifests/sha256-" in path for _, path, _ in oci_server.requests)


def test_a_failure_of_the_fallback_tag_is_not_no_referrers(oci_server, make):
    oci_server.referrers_api = False
    assert make().list_referrers(Digest.of(IMAGE)) == []
    oci_server.faults.append(only("/manifests/sha256-", times(99, 500)))
    with pytest.raises(Unavailable):
        make().list_referrers(Digest.of(IMAGE))


def test_pages_that_go_in_a_circle_or_elsewhere_are_refused(oci_server, make):
    page = render_index([])
    path = f"/v2/app/referrers/{Digest.of(IMAGE)}"
    oci_server.faults.append(only("/referrers/", times(99, 200, page, Link=f'<{path}>; rel="next"')))
    with pytest.raises(Malformed, match="circle"):
        make().list_referrers(Digest.of(IMAGE))
    oci_server.faults[:] = [only("/referrers/", times(99, 200, page, Link='<http://127.0.0.1:1/x>; rel="next"'))]
    with pytest.raises(Unavailable, match="another host"):
        make().list_referrers(Digest.of(IMAGE))


def test_a_list_that_never_ends_is_given_up(oci_server, make, monkeypatch):
    count = [0]

    def page(handler):
        count[0] += 1
        entry = Descriptor(media_type=OCI_MANIFEST, digest=Digest.of(b"%d" % count[0]), size=1)
        handler.answer(200, render_index([entry]), Link=f'<{handler.path.partition("?")[0]}?n={count[0]}>; rel="next"')
        return True

    oci_server.faults.append(only("/referrers/", page))
    monkeypatch.setattr("pratique.registry.pages._MAX_PAGES", 20)
    with pytest.raises(LimitExceeded, match="20 pages"):
        make().list_referrers(Digest.of(IMAGE))
    monkeypatch.setattr("pratique.registry.pages._MAX_BYTES", 1000)
    with pytest.raises(LimitExceeded, match="in all"):
        make().list_referrers(Digest.of(IMAGE))
    monkeypatch.setattr("pratique.registry.pages.MAX_ITEMS", 3)
    with pytest.raises(LimitExceeded, match="more than 3"):
        make().list_referrers(Digest.of(IMAGE))


def test_pages_that_each_take_their_time_are_given_up(oci_server, make):
    ticks = iter(range(0, 1_000_000, 10))
    count = [0]

    def page(handler):
        count[0] += 1
        handler.answer(200, render_index([]), Link=f'<{handler.path.partition("?")[0]}?n={count[0]}>; rel="next"')
        return True

    oci_server.faults.append(only("/referrers/", page))
    remote = Remote(oci_server.host, "app", plain_http=True, environ={}, find=lambda: None, clock=lambda: next(ticks))
    with pytest.raises(Unavailable, match="not all there after"):
        remote.list_referrers(Digest.of(IMAGE))
    assert count[0] < 40


@pytest.mark.parametrize("length", ["1", "99", "99999999999999999999999", "-1", "twelve", "\u00b2", "12, 12", "0x0c"])
def test_a_blob_with_a_wrong_length_is_one_line_and_no_crash(oci_server, make, length):
    def lie(handler):
        handler.close_connection = True
        handler.answer(200, b"twelve bytes", Content_Length=length)
        return True

    oci_server.faults.append(lambda handler: handler.command == "GET" and lie(handler))
    with pytest.raises((DigestMismatch, Unavailable)) as caught:
        if make().fetch_blob(BLOB, limit=100) == b"twelve bytes":
            raise Unavailable("the same length said twice is that length (RFC 9110 §8.6)")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("stated", ["sha256:" + "0" * 64, "sha512:" + "0" * 128, "sha256:x", "md5:" + "0" * 32, "\u00e4"])
def test_a_digest_that_the_registry_states_wrongly_is_one_line_and_no_crash(oci_server, make, stated):
    oci_server.faults.append(lambda handler: (handler.answer(200, IMAGE, Docker_Content_Digest=stated), True)[1])
    for ask in (lambda: make().fetch_manifest("v1"), lambda: make().list_referrers(Digest.of(IMAGE))):
        with pytest.raises((DigestMismatch, Malformed)) as caught:
            ask()
        assert "\n" not in str(caught.value)


def test_other_bytes_under_a_digest_are_refused(oci_server, make):
    oci_server.blobs[BLOB.digest] = b"twelve bytez"
    with pytest.raises(DigestMismatch, match=BLOB.digest.hex):
        make().fetch_blob(BLOB, limit=100)
    oci_server.manifests[Digest.of(IMAGE)] = (OCI_MANIFEST, IMAGE + b" ")
    with pytest.raises(DigestMismatch):
        make().fetch_manifest(Digest.of(IMAGE))
    with pytest.raises(DigestMismatch):
        make().fetch_manifest("v1")


def endless(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", OCI_MANIFEST)
    handler.end_headers()
    handler.close_connection = True
    try:
        while True:
            handler.wfile.write(b" " * 65536)
    except OSError:
        return True


def test_an_answer_that_never_ends_is_refused(oci_server, make):
    oci_server.faults.append(lambda handler: handler.command == "GET" and endless(handler))
    remote = make()
    with pytest.raises(LimitExceeded):
        remote.fetch_manifest("v1")
    with pytest.raises(LimitExceeded):
        remote.list_referrers(Digest.of(IMAGE))
    with pytest.raises(DigestMismatch, match="more than"):
        remote.fetch_blob(BLOB, limit=100)


def test_an_answer_that_trickles_is_given_up(oci_server):
    ticks = iter(range(0, 1_000_000, 40))
    remote = Remote(oci_server.host, "app", plain_http=True, environ={}, find=lambda: None, clock=lambda: next(ticks))
    oci_server.blobs[BLOB.digest] = b"twelve bytes"
    oci_server.faults.append(lambda handler: handler.command == "GET" and trickle(handler))
    with pytest.raises(Unavailable, match="trickles"):
        remote.fetch_blob(BLOB, limit=100)


def trickle(handler):
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.close_connection = True
    try:
        for _ in range(12):
            handler.wfile.write(b"1\r\nt\r\n")
            handler.wfile.flush()
    except OSError:
        pass
    return True


def test_a_connection_that_breaks_is_unavailable_not_a_mismatch(oci_server, make):
    def cut(handler):
        if handler.command != "GET":
            return False
        handler.answer(200, b"twelve", Content_Length="12")
        handler.close_connection = True
        return True

    oci_server.faults.append(cut)
    with pytest.raises(Unavailable, match="broke"):
        make().fetch_blob(BLOB, limit=100)


def test_a_registry_that_refuses_the_connection_is_unavailable_at_once(waits):
    remote = Remote("127.0.0.1:1", "app", plain_http=True, environ={}, sleep=waits.append)
    with pytest.raises(Unavailable, match="cannot be reached"):
        remote.fetch_manifest("v1")
    assert waits == []


@pytest.mark.parametrize("tokens", [False, True])
def test_credentials_are_given_when_asked_for(oci_server, make, tokens):
    oci_server.users, oci_server.tokens = {"user": "word"}, tokens
    remote = make(KNOWN)
    image = remote.push_manifest(IMAGE, OCI_MANIFEST, "v2")
    assert remote.resolve("v2") == image.digest
    assert oci_server.requests[0][2] is None
    with pytest.raises(AuthenticationRequired):
        make(Credential(username="user", password="wrong")).resolve("v1")
    with pytest.raises(AuthenticationRequired, match="log in"):
        make().resolve("v1")


def test_a_token_is_asked_for_with_our_scope_whatever_the_challenge_says(oci_server, make):
    oci_server.users, oci_server.tokens = {"user": "word"}, True
    make(KNOWN).resolve("v1")
    [token] = [path for _, path, _ in oci_server.requests if path.startswith("/token")]
    assert "scope=repository%3Aapp%3Apull" in token
    assert "ignored" not in token


def answered(handlers):
    seen = []

    def handler(request):
        seen.append(request)
        return handlers[request.url.host](request)

    return seen, httpx.MockTransport(handler)


def remote_over(handler, **options):
    return Remote("r.example", "app", environ={}, handler=handler, sleep=lambda _: None, find=lambda: KNOWN, **options)


def test_no_credentials_follow_a_redirect_to_another_host():
    def registry(request):
        if "Authorization" not in request.headers:
            return httpx.Response(401, headers={"WWW-Authenticate": "Basic realm=x"})
        return httpx.Response(307, headers={"Location": "https://cdn.example/blob"})

    seen, handler = answered(
        {"r.example": registry, "cdn.example": lambda _: httpx.Response(200, stream=httpx.ByteStream(b"twelve bytes"))}
    )
    assert remote_over(handler).fetch_blob(BLOB, limit=100) == b"twelve bytes"
    assert [("Authorization" in request.headers) for request in seen] == [False, True, False]


@pytest.mark.parametrize(
    "target",
    ["http://cdn.example/x", "http://r.example/x", "https://u:p@cdn.example/x", "file:///etc/passwd", "https://r.example:x/"],
)
def test_a_redirect_to_plain_http_or_to_no_address_is_refused(target):
    seen, handler = answered({"r.example": lambda _: httpx.Response(302, headers={"Location": target})})
    with pytest.raises(Unavailable):
        remote_over(handler).fetch_blob(BLOB, limit=100)
    assert {str(request.url) for request in seen} == {f"https://r.example/v2/app/blobs/{BLOB.digest}"}


def test_redirects_without_end_are_refused():
    seen, handler = answered({"r.example": lambda _: httpx.Response(302, headers={"Location": "/again"})})
    with pytest.raises(Unavailable, match="redirected"):
        remote_over(handler).resolve("v1")
    assert len(seen) == 6


@pytest.mark.parametrize(
    "realm", ["http://t.example/token", "ftp://t.example/x", "https://u:p@t.example/x", "/relative", "https://"]
)
def test_a_password_is_not_sent_to_a_token_service_without_tls(realm):
    challenge = {"WWW-Authenticate": f'Bearer realm="{realm}"'}
    seen, handler = answered({"r.example": lambda _: httpx.Response(401, headers=challenge)})
    with pytest.raises((Unavailable, Malformed)):
        remote_over(handler).resolve("v1")
    assert len(seen) == 1


def test_a_password_does_not_follow_a_redirect_of_the_token_service():
    handlers = {
        "r.example": lambda _: httpx.Response(401, headers={"WWW-Authenticate": 'Bearer realm="https://t.example/"'}),
        "t.example": lambda _: httpx.Response(302, headers={"Location": "https://evil.example/"}),
    }
    seen, handler = answered(handlers)
    with pytest.raises(Unavailable):
        remote_over(handler).resolve("v1")
    assert [request.url.host for request in seen] == ["r.example", "t.example"]


def test_an_upload_to_another_host_goes_without_credentials():
    def registry(request):
        if "Authorization" not in request.headers:
            return httpx.Response(401, headers={"WWW-Authenticate": "Basic realm=x"})
        if request.method == "HEAD":
            return httpx.Response(404)
        return httpx.Response(202, headers={"Location": "https://up.example/1"})

    def upload(request):
        assert request.read() == b"twelve bytes"
        return httpx.Response(201)

    seen, handler = answered({"r.example": registry, "up.example": upload})
    remote_over(handler).push_blob(BLOB.digest, 12, iter([b"twelve ", b"bytes"]))
    assert "Authorization" not in seen[-1].headers
    assert seen[-1].headers["Content-Length"] == "12"
    assert "digest=sha256%3A" in str(seen[-1].url)


def test_secrets_and_hostile_text_of_the_registry_stay_out_of_errors():
    body = json.dumps({"errors": [{"code": "X", "message": "a\x1b[2Jb\n" + "y" * 999}]}).encode()
    _, handler = answered({"r.example": lambda _: httpx.Response(418, stream=httpx.ByteStream(body))})
    with pytest.raises(Unavailable) as caught:
        remote_over(handler).fetch_manifest("v1")
    text = str(caught.value)
    assert "\x1b" not in text
    assert "\n" not in text
    assert len(text) < 400
    assert "word" not in text


def test_a_missing_tag_is_said_once_in_our_words(make):
    with pytest.raises(NotFound) as caught:
        make().fetch_manifest("v9")
    assert caught.value.message == "there is no tag v9"


def test_a_layer_is_sent_again_to_a_registry_that_was_busy(oci_server, make, waits):
    class Anew:
        reads = 0

        def __iter__(self):
            self.reads += 1
            return iter([b"a la", b"yer"])

    chunks = Anew()
    busy = times(1, 429, Retry_After="3")
    oci_server.faults.append(lambda handler: handler.command == "PUT" and busy(handler))
    make().push_blob(Digest.of(b"a layer"), 7, chunks)
    assert (chunks.reads, waits) == (1, [3.0])
    assert oci_server.blobs[Digest.of(b"a layer")] == b"a layer"


def test_a_stream_that_goes_whole_and_cannot_be_read_anew_is_not_sent_twice(oci_server, waits):
    busy = times(1, 429, Retry_After="3")
    oci_server.faults.append(lambda handler: handler.command == "PUT" and busy(handler))
    oci_server.faults.append(lambda handler: handler.command == "PATCH" and times(1, 405)(handler))
    remote = Remote(oci_server.host, "app", plain_http=True, environ={}, sleep=waits.append, find=lambda: None, chunk_bytes=4)
    with pytest.raises(RateLimited):
        remote.push_blob(Digest.of(b"a layer"), 7, iter([b"a layer"]))
    assert waits == []


def test_referrers_pushed_together_write_the_fallback_tag_once(oci_server, make):
    oci_server.referrers_api = False
    written = []

    def watch(handler):
        if handler.command == "PUT" and fallback_tag(Digest.of(IMAGE)) in handler.path:
            written.append(handler.path)
        return False

    oci_server.faults.append(watch)
    subject = Descriptor(media_type=OCI_MANIFEST, digest=Digest.of(IMAGE), size=len(IMAGE))
    remote = make()
    blobs = [(blob, {}) for blob in (b"one", b"two", b"three")]
    pushed = attach_all(remote, subject=subject, blobs=blobs, artifact_type="a/b", created=None)
    assert len(written) == 1
    assert [item.digest for item in remote.list_referrers(Digest.of(IMAGE))] == [item.digest for item in pushed]


def sign(remote, blob):
    subject = Descriptor(media_type=OCI_MANIFEST, digest=Digest.of(IMAGE), size=len(IMAGE))
    return attach(remote, subject=subject, blob=blob, artifact_type="a/b", annotations={}, created=None)


def test_another_writer_of_the_fallback_tag_loses_nothing_and_nor_do_we(oci_server, make):
    oci_server.referrers_api = False
    theirs = Descriptor(media_type=OCI_MANIFEST, digest=Digest.of(b"theirs"), size=6, artifact_type="a/b")
    tag = fallback_tag(Digest.of(IMAGE))

    def overwrite(reference):
        if reference == tag:
            oci_server.after_put.clear()
            oci_server.store_manifest(render_index([theirs]), OCI_INDEX, tag)

    oci_server.after_put.append(overwrite)
    remote = make()
    ours = sign(remote, b"ours")
    assert [item.digest for item in remote.list_referrers(Digest.of(IMAGE))] == [theirs.digest, ours.digest]


def test_a_fallback_tag_that_others_always_overwrite_is_said(oci_server, make):
    oci_server.referrers_api = False
    tag = fallback_tag(Digest.of(IMAGE))

    def overwrite(reference):
        if reference == tag:
            oci_server.store_manifest(render_index([]), OCI_INDEX, tag)

    oci_server.after_put.append(overwrite)
    with pytest.raises(Unavailable, match="overwriting"):
        sign(make(), b"ours")


def test_an_entry_without_artifact_type_under_a_fallback_tag_is_looked_up(oci_server, make):
    oci_server.referrers_api = False
    remote = make()
    ours = sign(remote, b"ours")
    bare = Descriptor(media_type=ours.media_type, digest=ours.digest, size=ours.size)
    oci_server.store_manifest(render_index([bare]), OCI_INDEX, fallback_tag(Digest.of(IMAGE)))
    assert [item.digest for item in remote.list_referrers(Digest.of(IMAGE), "a/b")] == [ours.digest]
    assert remote.list_referrers(Digest.of(IMAGE), "other/type") == []


def test_a_fallback_tag_that_holds_another_image_is_malformed_where_it_is_the_only_list(oci_server, make):
    other = IMAGE.replace(b'"layers"', b'"annotations": {}, "layers"')
    oci_server.store_manifest(other, OCI_MANIFEST, fallback_tag(Digest.of(IMAGE)))
    assert make().list_referrers(Digest.of(IMAGE)) == []
    oci_server.referrers_api = False
    with pytest.raises(Malformed):
        make().list_referrers(Digest.of(IMAGE))


def test_entries_without_a_size_beyond_those_that_are_looked_up_stay_listed(oci_server, make, monkeypatch):
    from pratique.registry import discovery

    monkeypatch.setattr(discovery, "_MAX_LOOKED_UP", 1)
    oci_server.referrers_api = False
    remote = make()
    found = [sign(remote, text) for text in (b"one", b"two", b"three")]
    entries = [{"mediaType": item.media_type, "digest": str(item.digest)} for item in found]
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    oci_server.store_manifest(json.dumps(document).encode(), OCI_INDEX, fallback_tag(Digest.of(IMAGE)))
    assert {item.digest for item in remote.list_referrers(Digest.of(IMAGE))} == {item.digest for item in found}
