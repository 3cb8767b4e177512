"""Every place a trust can be published to and fetched from, by one contract; and python-tuf's own client on what we publish."""

import functools
import http.server
import shutil
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from tuf.ngclient import Updater

from pratique.errors import InputError, LimitExceeded, NotFound, Unavailable
from pratique.keys.file import FileSigner
from pratique.registry.open import open_repository
from pratique.tuf.client import follow, refresh
from pratique.tuf.folder import TrustFolder
from pratique.tuf.places import DirectoryPlace, HttpPlace, OciPlace, open_place
from pratique.tuf.publish import ARTIFACT_TYPE, publish
from pratique.tuf.roles import RoleKeys

NOW = int(time.time())
SOURCE = """\
version: 1
name: acme
authorities:
  release:
    keys: [{file: release.pub}]
    says: [{predicates: [signature], about: [registry.example.com/acme]}]
stores: [{name: "ca:acme", file: ca.pem}]
"""


def _certificate():
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ca")])
    day = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, day, day + timedelta(days=9000))
    return builder.sign(key, None).public_bytes(Encoding.PEM)


CERTIFICATE = _certificate()


@pytest.fixture
def signer():
    return FileSigner(ed25519.Ed25519PrivateKey.generate())


@pytest.fixture
def folder(tmp_path, signer):
    """A trust that one key holds, signed and not published yet."""
    folder = TrustFolder(tmp_path / "trust")
    folder.path.mkdir()
    (folder.path / "release.pub").write_bytes(signer.public_key.pem)
    (folder.path / "ca.pem").write_bytes(CERTIFICATE)
    holders = RoleKeys(keys=(signer.public_key,))
    folder.start(dict.fromkeys(("root", "targets", "snapshot", "timestamp"), holders), SOURCE, now=NOW)
    folder.sign(signer, now=NOW)
    return folder


def serve(handler):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def site(folder):
    """The published folder on a web server: its URL."""
    folder.published.mkdir()
    server = serve(functools.partial(Quiet, directory=str(folder.published)))
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["file", "http", "oci-dir", "registry", "registry with referrers"])
def where(request, tmp_path, folder):
    """Where to publish to, and where to fetch from: the same but for HTTP."""
    if request.param == "file":
        return f"file:{tmp_path / 'mirror'}", f"file:{tmp_path / 'mirror'}"
    if request.param == "http":
        return None, request.getfixturevalue("site")
    if request.param == "oci-dir":
        open_repository(f"oci-dir:{tmp_path / 'layout'}", create=True)
        return (f"oci-dir:{tmp_path / 'layout'}:trust",) * 2
    host = request.getfixturevalue("registry_host") if request.param == "registry" else request.getfixturevalue("oci_server").host
    return (f"registry:{host}/team/{tmp_path.name.lower().replace('_', '-').strip('-')}:trust",) * 2


def test_what_is_published_at_a_place_is_followed_from_there_and_refreshed(where, folder, signer, tmp_path):
    to, source = where
    places = [open_place(to)] if to else []
    publish(folder, [signer], places, now=NOW)
    root = (folder.published / "metadata" / "1.root.json").read_bytes()
    home = tmp_path / "home"
    anchors = follow(home, source, root=root, now=NOW)
    assert anchors.files("store") == [("ca:acme", CERTIFICATE)]
    new = FileSigner(ed25519.Ed25519PrivateKey.generate())
    folder.change_roles({"root": RoleKeys(keys=(new.public_key,))}, now=NOW)
    folder.sign(signer, now=NOW)
    folder.sign(new, now=NOW)
    publish(folder, [signer], [open_place(to)] if to else [], now=NOW)
    assert refresh(home, now=NOW).versions == {"root": 2, "targets": 1, "snapshot": 2, "timestamp": 2}


def test_nothing_published_is_not_an_empty_trust(where, folder, signer, tmp_path):
    root = folder.draft_path("root").read_bytes()
    with pytest.raises(Unavailable, match="no trust repository"):
        follow(tmp_path / "home", where[1], root=root, now=NOW)


def test_python_tufs_own_client_updates_from_our_repository(site, folder, signer, tmp_path):
    publish(folder, [signer], now=NOW)
    root = (folder.published / "metadata" / "1.root.json").read_bytes()
    for name in ("metadata", "targets"):
        (tmp_path / name).mkdir()

    def update():
        updater = Updater(
            str(tmp_path / "metadata"), f"{site}/metadata/", str(tmp_path / "targets"), f"{site}/targets/", bootstrap=root
        )
        updater.refresh()
        info = updater.get_targetinfo("trust.json")
        return Path(updater.download_target(info)).read_bytes(), updater

    document, updater = update()
    assert document == folder.compile().document
    carried = folder.compile().trust.carried[0].path
    assert Path(updater.download_target(updater.get_targetinfo(carried))).read_bytes() == CERTIFICATE
    folder.source.write_text(SOURCE.replace("name: acme\n", "name: acme-two\n"))
    new = FileSigner(ed25519.Ed25519PrivateKey.generate())
    folder.change_roles({"targets": RoleKeys(keys=(new.public_key,))}, now=NOW)
    folder.sign(signer, now=NOW)
    folder.sign(new, now=NOW)
    publish(folder, [signer], now=NOW)
    assert b"acme-two" in update()[0]


def test_a_registry_lists_the_trust_as_an_artifact_of_its_own_type(folder, signer, tmp_path):
    open_repository(f"oci-dir:{tmp_path / 'layout'}", create=True)
    place = open_place(f"oci-dir:{tmp_path / 'layout'}:trust")
    publish(folder, [signer], [place], now=NOW)
    assert isinstance(place, OciPlace)
    manifest = place.repository.fetch_manifest("trust")
    assert manifest.artifact_type == ARTIFACT_TYPE
    assert "metadata/timestamp.json" in {layer.annotations["org.opencontainers.image.title"] for layer in manifest.layers}


def test_a_layer_that_is_listed_and_gone_is_not_absent(folder, signer, tmp_path):
    open_repository(f"oci-dir:{tmp_path / 'layout'}", create=True)
    publish(folder, [signer], [open_place(f"oci-dir:{tmp_path / 'layout'}:trust")], now=NOW)
    root = (folder.published / "metadata" / "1.root.json").read_bytes()
    manifest = open_place(f"oci-dir:{tmp_path / 'layout'}:trust").repository.fetch_manifest("trust")
    for layer in manifest.layers:
        (tmp_path / "layout" / "blobs" / "sha256" / layer.digest.hex).unlink()
    with pytest.raises(Unavailable, match="listed and missing"):
        follow(tmp_path / "home", f"oci-dir:{tmp_path / 'layout'}:trust", root=root, now=NOW)


def test_a_web_server_is_only_read(site, folder, signer):
    with pytest.raises(InputError, match="cannot be published to"):
        publish(folder, [signer], [HttpPlace(site)], now=NOW)


def answering(status=200, headers=(), body=b"", chunks=None):
    class Handler(Quiet):
        def do_GET(self):
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(body)
                for chunk in chunks() if chunks else ():
                    self.wfile.write(chunk)
            except OSError:
                pass

    return Handler


@pytest.fixture
def misbehaving():
    servers = []

    def start(**behaviour):
        servers.append(serve(answering(**behaviour)))
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def forever():
    while True:
        yield b"x" * 65536


def test_an_answer_that_never_ends_is_cut_off(misbehaving, folder, tmp_path):
    root = folder.draft_path("root").read_bytes()
    with pytest.raises(LimitExceeded):
        follow(tmp_path / "home", misbehaving(chunks=forever), root=root, now=NOW)


def test_an_answer_that_takes_too_long_is_given_up(misbehaving):
    ticks = iter(range(0, 10**6, 40))
    place = HttpPlace(misbehaving(chunks=forever), clock=lambda: next(ticks))
    with pytest.raises(Unavailable, match="not there after 60 s"):
        list(place.chunks("metadata/timestamp.json"))


@pytest.mark.parametrize("status", [500, 503, 429, 401])
def test_a_server_in_trouble_is_unavailable_and_not_without_newer_roots(misbehaving, folder, tmp_path, status):
    root = folder.draft_path("root").read_bytes()
    with pytest.raises(Unavailable, match=f"status {status}"):
        follow(tmp_path / "home", misbehaving(status=status), root=root, now=NOW)


def test_a_server_that_is_not_there_is_unavailable(folder, tmp_path):
    with pytest.raises(Unavailable, match="cannot be reached"):
        follow(tmp_path / "home", "http://127.0.0.1:9", root=folder.draft_path("root").read_bytes(), now=NOW)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://x/"])
def test_a_redirect_leads_to_http_or_nowhere(misbehaving, target):
    with pytest.raises(Unavailable, match="redirected to"):
        list(HttpPlace(misbehaving(status=302, headers=[("Location", target)])).chunks("metadata/timestamp.json"))


def test_redirects_end(misbehaving):
    with pytest.raises(Unavailable, match="redirected more than"):
        list(HttpPlace(misbehaving(status=302, headers=[("Location", "/again")])).chunks("metadata/timestamp.json"))


def test_from_https_nobody_is_led_to_http():
    import httpx

    def handler(request):
        return httpx.Response(302, headers={"Location": "http://evil.example/x"})

    place = HttpPlace("https://trust.example", handler=httpx.MockTransport(handler))
    with pytest.raises(Unavailable, match="redirected to http: refused"):
        list(place.chunks("metadata/timestamp.json"))


@pytest.mark.parametrize("status", [403, 404])
def test_what_a_store_of_objects_does_not_have_is_not_found(misbehaving, status):
    with pytest.raises(NotFound):
        list(HttpPlace(misbehaving(status=status)).chunks("metadata/2.root.json"))


@pytest.mark.parametrize("text", ["", "trust", "http:x", "https://", "file:", "s3://bucket", "dir:x"])
def test_what_is_no_place_is_refused_with_what_to_write(text):
    with pytest.raises(InputError, match="not a place for trust"):
        open_place(text)


def test_a_mirror_that_was_copied_is_a_place(folder, signer, tmp_path):
    publish(folder, [signer], now=NOW)
    shutil.copytree(folder.published, tmp_path / "copy")
    root = (tmp_path / "copy" / "metadata" / "1.root.json").read_bytes()
    assert follow(tmp_path / "home", f"file:{tmp_path / 'copy'}", root=root, now=NOW, place=DirectoryPlace(tmp_path / "copy"))
