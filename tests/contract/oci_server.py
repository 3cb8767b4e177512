"""A small registry in memory, faithful to OCI distribution-spec 1.1, that can be told to misbehave."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, urlsplit

_ROUTE = re.compile(r"/v2/(?P<name>[a-z0-9/_.-]+?)/(?P<kind>manifests|blobs/uploads|blobs|referrers|tags)/(?P<reference>[^/]*)")
INDEX = "application/vnd.oci.image.index.v1+json"

Fault = Callable[["Handler"], bool]


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that hangs up on a hostile answer is what the tests want."""


class OciServer:
    """`faults` are asked first, in order; one that returns true has answered. `requests`: (method, path, authorization).

    `referrers_api`: whether it lists referrers; `says_subject`: whether it claims to record them (OCI-Subject). `sessions`: what
    came of uploads that are not done.
    """

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, tuple[str, bytes]] = {}
        self.tags: dict[str, str] = {}
        self.uploads = 0
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str, str | None]] = []
        self.referrers_api = True
        self.says_subject = True
        self.sessions: dict[str, bytearray] = {}
        self.page_size = 2
        self.users: dict[str, str] = {}
        self.tokens = False
        self.after_put: list[Callable[[str], None]] = []
        self._server = _Quiet(("127.0.0.1", 0), type("Bound", (Handler,), {"state": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def store_manifest(self, data: bytes, media_type: str, tag: str | None = None) -> str:
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        self.manifests[digest] = (media_type, data)
        if tag:
            self.tags[tag] = digest
        return digest


class Handler(BaseHTTPRequestHandler):
    state: OciServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # a head and a body are two writes: the second would wait for an acknowledgement of the first

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self, status: int, code: str) -> None:
        self.answer(status, json.dumps({"errors": [{"code": code, "message": code.lower()}]}).encode())

    def handle_any(self) -> None:
        state = self.state
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        authorization = self.headers.get("Authorization")
        state.requests.append((self.command, self.path, authorization))
        if any(fault(self) for fault in list(state.faults)):
            return
        url = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path == "/token":
            self.token(authorization)
            return
        if state.users and not self.allowed(authorization):
            challenge = 'Basic realm="test"'
            if state.tokens:
                challenge = f'Bearer realm="http://{state.host}/token",service="test",scope="ignored"'
            self.answer(401, WWW_Authenticate=challenge)
            return
        route = _ROUTE.fullmatch(url.path)
        if route is None:
            self.error(404, "NOT_FOUND")
            return
        getattr(self, "on_" + route["kind"].replace("/", "_"))(route["name"], route["reference"])

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815

    def basic(self, authorization: str | None) -> bool:
        known = {base64.b64encode(f"{user}:{word}".encode()).decode() for user, word in self.state.users.items()}
        return authorization is not None and authorization.removeprefix("Basic ") in known

    def allowed(self, authorization: str | None) -> bool:
        return authorization == "Bearer good" if self.state.tokens else self.basic(authorization)

    def token(self, authorization: str | None) -> None:
        if self.basic(authorization):
            self.answer(200, b'{"token": "good"}')
        else:
            self.error(401, "UNAUTHORIZED")

    def on_manifests(self, name: str, reference: str) -> None:
        state = self.state
        if self.command == "PUT":
            digest = state.store_manifest(
                self.body, self.headers["Content-Type"], None if reference.startswith("sha256:") else reference
            )
            for hook in state.after_put:
                hook(reference)
            headers = {"Location": f"/v2/{name}/manifests/{digest}", "Docker_Content_Digest": digest}
            subject = (json.loads(self.body).get("subject") or {}).get("digest")
            self.answer(201, **headers, **({"OCI_Subject": subject} if subject and state.says_subject else {}))
            return
        digest = state.tags.get(reference, reference)
        if digest not in state.manifests:
            self.error(404, "MANIFEST_UNKNOWN")
            return
        if self.command == "DELETE":
            del state.manifests[digest]
            self.answer(202)
            return
        media_type, data = state.manifests[digest]
        self.answer(200, data, Content_Type=media_type, Docker_Content_Digest=digest)

    def on_blobs(self, name: str, digest: str) -> None:
        if digest in self.state.blobs:
            self.answer(200, self.state.blobs[digest], Docker_Content_Digest=digest)
        else:
            self.error(404, "BLOB_UNKNOWN")

    def on_blobs_uploads(self, name: str, upload: str) -> None:
        if self.command == "POST":
            self.state.uploads += 1
            self.state.sessions[str(self.state.uploads)] = bytearray()
            self.answer(202, Location=f"/v2/{name}/blobs/uploads/{self.state.uploads}?state=a%2Fb")
            return
        session = self.state.sessions.get(upload)
        if session is None:
            self.error(404, "BLOB_UPLOAD_UNKNOWN")
            return
        again = {"Location": f"/v2/{name}/blobs/uploads/{upload}?state=a%2Fb"}
        if self.command == "DELETE":
            del self.state.sessions[upload]
            self.answer(204)
            return
        if self.command == "PATCH":
            if int(self.headers["Content-Range"].partition("-")[0]) != len(session):
                self.answer(416, **again, Range=f"0-{max(0, len(session) - 1)}")
                return
            session += self.body
        if self.command in ("PATCH", "GET"):
            self.answer(202 if self.command == "PATCH" else 204, **again, Range=f"0-{max(0, len(session) - 1)}")
            return
        whole = bytes(session) + self.body
        actual = "sha256:" + hashlib.sha256(whole).hexdigest()
        if self.query.get("state") != "a/b" or self.query.get("digest") != actual:
            self.error(400, "DIGEST_INVALID")
            return
        self.state.blobs[actual] = whole
        del self.state.sessions[upload]
        self.answer(201, Location=f"/v2/{name}/blobs/{actual}", Docker_Content_Digest=actual)

    def on_referrers(self, name: str, digest: str) -> None:
        state = self.state
        if not state.referrers_api:
            self.error(404, "NOT_FOUND")
            return
        found = []
        for own, (media_type, data) in state.manifests.items():
            document = json.loads(data)
            if (document.get("subject") or {}).get("digest") == digest:
                entry = {"mediaType": media_type, "digest": own, "size": len(data)}
                entry["artifactType"] = document.get("artifactType") or document["config"]["mediaType"]
                entry["annotations"] = document.get("annotations") or {}
                found.append(entry)
        start = int(self.query.get("from", "0"))
        page = found[start : start + state.page_size]
        headers = {"Content_Type": INDEX}
        if start + state.page_size < len(found):
            headers["Link"] = f'</v2/{name}/referrers/{digest}?from={start + state.page_size}>; rel="next"'
        body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": page}).encode()
        self.answer(200, body, **headers)

    def on_tags(self, name: str, _list: str) -> None:
        self.answer(200, json.dumps({"name": name, "tags": sorted(self.state.tags)}).encode())
