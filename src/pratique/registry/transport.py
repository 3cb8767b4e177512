"""HTTP to one registry: retries, redirects, credentials, bounded answers (OCI distribution-spec 1.1).

It refuses: credentials to any other origin than the registry's or its token service's; from HTTPS to HTTP; answers longer
than their limit; waiting longer than 30 s for a busy registry. Third-party errors become ours here.
"""

import contextlib
import os
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from socket import EAI_NONAME, gaierror
from typing import NoReturn

import httpx

from pratique.errors import LimitExceeded, PratiqueError, RateLimited, Unavailable
from pratique.registry.answers import MAX_ERROR_BYTES, raise_for, retry_after
from pratique.registry.auth import Authenticator
from pratique.registry.challenge import parse_challenges

ATTEMPTS = 5
MAX_WAIT_S = 30.0
_PATIENCE_S = 60.0
_MIN_BYTES_PER_S = 1024
_MAX_REDIRECTS = 5
_BUSY = frozenset((429, 502, 503, 504))
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)

Body = bytes | Iterable[bytes]


class Transport:
    """Requests to `origin` (`https://HOST`). `sleep`: waits seconds. `clock`: monotonic seconds. `handler`: replaces sockets."""

    def __init__(
        self,
        origin: str,
        *,
        authenticator: Authenticator,
        where: str,
        use_proxies: bool,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        handler: httpx.BaseTransport | None = None,
    ) -> None:
        self._origin = httpx.URL(origin)
        self._authenticator = authenticator
        self._where = where
        self._use_proxies = use_proxies
        self._sleep = sleep
        self._clock = clock
        self._handler = handler
        self._client: httpx.Client | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    @contextmanager
    def request(
        self,
        method: str,
        target: str,
        *,
        scope: str,
        headers: Mapping[str, str] | None = None,
        body: Body | None = None,
        accept: Iterable[int] = (200,),
        what: str,
    ) -> Iterator[httpx.Response]:
        """One request with its retries; the answer is open and unread.

        `target`: a path, or what a Location header said. `scope`: actions for the token. `body`: sent again when the registry
        is busy unless it is an iterator, and after a broken connection if it is in memory. `accept`: statuses that are
        answers. `what`: names the thing asked for in errors.
        """
        response = self._send(method, self._resolve(target, self._origin), scope, dict(headers or {}), body, what)
        try:
            if response.status_code not in tuple(accept):
                reason = b""
                with contextlib.suppress(PratiqueError):
                    reason = self.read(response, MAX_ERROR_BYTES, what)
                raise_for(response.status_code, reason, what, self._where)
            yield response
        except httpx.HTTPError as error:
            raise Unavailable(f"the connection broke while reading {what}", where=self._where) from error
        finally:
            response.close()

    def read(self, response: httpx.Response, limit: int, what: str) -> bytes:
        """The whole body of at most `limit` bytes, as sent. Raises LimitExceeded, Unavailable."""
        out = bytearray()
        for chunk in self.chunks(response, what):
            out += chunk
            if len(out) > limit:
                raise LimitExceeded(f"{what}: the answer has more than {limit} bytes", where=self._where)
        return bytes(out)

    def chunks(self, response: httpx.Response, what: str) -> Iterator[bytes]:
        """The body in pieces, as sent. Raises Unavailable when it breaks, or trickles so that it might never end."""
        waited = 0.0
        received = 0
        try:
            pieces = response.iter_raw()
            while True:
                began = self._clock()
                chunk = next(pieces, None)
                waited += self._clock() - began  # the time the registry took, not the reader of the pieces
                if chunk is None:
                    return
                received += len(chunk)
                if waited > _PATIENCE_S and received < waited * _MIN_BYTES_PER_S:
                    raise Unavailable(f"{what}: the answer trickles", where=self._where)
                yield chunk
        except httpx.HTTPError as error:
            raise Unavailable(f"the connection broke while reading {what}", where=self._where) from error

    def same_origin(self, target: str, response: httpx.Response) -> str:
        """A link in an answer, made absolute. Raises Unavailable when it leads elsewhere."""
        url = self._resolve(target, response.request.url)
        if _origin(url) != _origin(self._origin):
            raise Unavailable(f"a link leads to another host: {url.host}", where=self._where)
        return str(url)

    def _send(
        self, method: str, url: httpx.URL, scope: str, headers: dict[str, str], body: Body | None, what: str
    ) -> httpx.Response:
        waited = 0.0
        asked = False
        attempt = 1
        while True:
            try:
                response = self._follow(method, url, scope, headers, body, what)
            except httpx.TransportError as error:
                delay = 0.5 * 2 ** (attempt - 1)
                if attempt >= ATTEMPTS or _is_final(error) or not _in_memory(body):
                    raise self._unreachable(error, body) from error
            else:
                status = response.status_code
                if status == 401 and not asked and _again(body):
                    asked = True
                    self._authenticate(response, scope)
                    continue
                if status not in _BUSY:
                    return response
                stated = retry_after(response.headers)
                delay = 0.5 * 2 ** (attempt - 1) if stated is None else stated
                if attempt >= ATTEMPTS or waited + delay > MAX_WAIT_S or not _again(body):
                    self._busy(response, delay, what)
                response.close()
            attempt += 1
            waited += delay
            self._sleep(delay)

    def _follow(
        self, method: str, url: httpx.URL, scope: str, headers: dict[str, str], body: Body | None, what: str
    ) -> httpx.Response:
        for _ in range(_MAX_REDIRECTS + 1):
            sent = {"Accept-Encoding": "identity", **headers}
            if _origin(url) == _origin(self._origin) and (token := self._authenticator.header(scope)):
                sent["Authorization"] = token
            request = self._open().build_request(method, url, headers=sent, content=_content(body))
            response = self._open().send(request, stream=True, follow_redirects=False)
            # A redirected body would be sent to where nobody chose: only questions are followed.
            if response.status_code not in _REDIRECTS or method not in ("GET", "HEAD"):
                return response
            response.close()
            url = self._resolve(response.headers.get("Location", ""), url)
        raise Unavailable(f"{what}: redirected more than {_MAX_REDIRECTS} times", where=self._where)

    def _resolve(self, target: str, base: httpx.URL) -> httpx.URL:
        try:
            url = base.join(target)
        except (httpx.InvalidURL, ValueError) as error:
            raise Unavailable("the registry names an address that is none", where=self._where) from error
        if url.scheme not in ("http", "https") or not url.host or url.userinfo:
            raise Unavailable("the registry names an address that is none of its kind", where=self._where)
        if self._origin.scheme == "https" and url.scheme != "https":
            raise Unavailable(f"redirected from HTTPS to plain HTTP at {url.host}: refused", where=self._where)
        return url

    def _authenticate(self, response: httpx.Response, scope: str) -> None:
        challenges = parse_challenges(", ".join(response.headers.get_list("WWW-Authenticate")))
        response.close()
        try:
            self._authenticator.answer(challenges, scope, self._open())
        except httpx.HTTPError as error:
            raise Unavailable("the token service could not be reached", where=self._where) from error

    def _busy(self, response: httpx.Response, delay: float, what: str) -> NoReturn:
        response.close()
        if response.status_code == 429:
            hint = f"try again in {delay:.0f} s, or log in for a higher limit"
            raise RateLimited(f"{what}: the registry wants fewer requests", where=self._where, hint=hint)
        raise Unavailable(f"{what}: the registry is not ready (status {response.status_code})", where=self._where)

    def _unreachable(self, error: httpx.TransportError, body: Body | None) -> Unavailable:
        causes = list(_causes(error))
        text = re.sub(r"^\[Errno -?\d+\] ", "", (str(error) or type(error).__name__).splitlines()[0][:200]).lower()
        hint: str | None
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
            hint = "name its authority's certificates with SSL_CERT_FILE"
        elif isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            hint = "is the name right, and the registry running?"
        else:
            hint = None if _in_memory(body) else "run the same command again: what was pushed is kept"
        return Unavailable(f"the registry cannot be reached: {text}", where=self._where, hint=hint)

    def _open(self) -> httpx.Client:
        with self._lock:
            if self._client is None:
                encrypted = self._origin.scheme == "https" and self._handler is None
                verify: ssl.SSLContext | bool = tls_context() if encrypted else False
                self._client = httpx.Client(
                    timeout=_TIMEOUT,
                    verify=verify,
                    trust_env=self._use_proxies,
                    transport=self._handler,
                    headers={"User-Agent": "pratique"},
                )
            return self._client


def tls_context() -> ssl.SSLContext:
    """The system's authorities, or SSL_CERT_FILE and SSL_CERT_DIR; where a system has none, Mozilla's."""
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    if not paths.cafile and not (paths.capath and any(os.scandir(paths.capath))):
        import certifi

        context.load_verify_locations(certifi.where())
    return context


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


def _again(body: Body | None) -> bool:
    """Whether the body can be sent a second time: an iterator is used up."""
    return not isinstance(body, Iterator)


def _in_memory(body: Body | None) -> bool:
    """Whether it may be sent again after the connection broke: of a long stream the registry may have kept a part."""
    return body is None or isinstance(body, bytes | list | tuple)


def _content(body: Body | None) -> Body | None:
    return body if body is None or isinstance(body, bytes) else iter(body)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _is_final(error: httpx.TransportError) -> bool:
    """What waiting cannot mend: a name that does not exist, a certificate that is not trusted, a scheme."""
    if isinstance(error, httpx.UnsupportedProtocol):
        return True
    return any(
        isinstance(cause, ssl.SSLCertVerificationError) or (isinstance(cause, gaierror) and cause.errno == EAI_NONAME)
        for cause in _causes(error)
    )
