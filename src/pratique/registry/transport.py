"""HTTP to one registry: retries, redirects, credentials, bounded answers (OCI distribution-spec 1.1).

It refuses: credentials to any other origin than the registry's or its token service's; what `destinations` refuses; answers
longer than their limit; waiting longer than 30 s for a busy registry. Third-party errors become ours here.
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

from pratique.errors import PratiqueError, RateLimited, Unavailable
from pratique.registry.answers import MAX_ERROR_BYTES, raise_for, retry_after
from pratique.registry.auth import Authenticator
from pratique.registry.certificates import HostCertificates
from pratique.registry.challenge import parse_challenges
from pratique.registry.connections import Connections, tls_context
from pratique.registry.destinations import origin_of, resolve_target, shown
from pratique.registry.patience import ATTEMPTS, BUSY, Tries, read_chunks, read_whole
from pratique.registry.proxies import ProxyChoice
from pratique.registry.waiting import waiting_for

_MAX_REDIRECTS = 5
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_UPLOAD_TIMEOUT = httpx.Timeout(30.0, connect=10.0, read=300.0)  # a registry that moves what it got answers when that is done

Body = bytes | Iterable[bytes]


class Broken(Unavailable):
    """Nothing was answered: not reached, or the connection broke before the answer."""


class Transport:
    """Requests to `origin` (`https://HOST`).

    `certificates`: the registry's own, looked up before the first request over TLS. `sleep`: waits seconds. `clock`: monotonic
    seconds. `handler`: replaces sockets.
    """

    def __init__(
        self,
        origin: str,
        *,
        authenticator: Authenticator,
        where: str,
        environ: Mapping[str, str] = os.environ,
        certificates: Callable[[], HostCertificates] = HostCertificates,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        handler: httpx.BaseTransport | None = None,
    ) -> None:
        self._origin = httpx.URL(origin)
        self._authenticator = authenticator
        self._where = where
        self._sleep = sleep
        self._clock = clock
        self._connections = Connections(tls=tls_context, environ=environ, registry=self._origin, certificates=certificates)
        self._handler = handler or self._connections
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

        `target`: a path, or what a Location header said. `scope`: of the token. `body`: sent again when the registry
        is busy unless it is an iterator, and after a broken connection if it is in memory. `accept`: statuses that are
        answers. `what`: names the thing asked for in errors.
        """
        url = resolve_target(target, self._origin, self._origin, where=self._where)
        # What is sent from a stream takes as long as it is large: nobody is kept waiting by the registry.
        with waiting_for(f"{self._where}: {what}") if _in_memory(body) else contextlib.nullcontext():
            response = self._send(method, url, scope, dict(headers or {}), body, what)
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
        return read_whole(response, limit, what=what, where=self._where, clock=self._clock)

    def chunks(self, response: httpx.Response, what: str) -> Iterator[bytes]:
        """The body in pieces, as sent. Raises Unavailable when it breaks, or trickles so that it might never end."""
        return read_chunks(response, what=what, where=self._where, clock=self._clock)

    def same_origin(self, target: str, response: httpx.Response) -> str:
        """A link in an answer, made absolute. Raises Unavailable when it leads elsewhere."""
        url = resolve_target(target, response.request.url, self._origin, where=self._where)
        if origin_of(url) != origin_of(self._origin):
            raise Unavailable(f"a link leads to another host: {shown(url.host)}", where=self._where)
        return str(url)

    def _send(
        self, method: str, url: httpx.URL, scope: str, headers: dict[str, str], body: Body | None, what: str
    ) -> httpx.Response:
        tries = Tries()
        asked = False
        while True:
            try:
                response = self._follow(method, url, scope, headers, body, what)
            except httpx.TransportError as error:
                delay = tries.usual_delay
                if _tries_of(error) <= tries.made or not _in_memory(body) or not tries.may_wait(delay):
                    raise self._unreachable(error, body) from error
            else:
                status = response.status_code
                if status == 401 and not asked and _again(body):
                    asked = True
                    self._authenticate(response, scope)
                    continue
                if status not in BUSY:
                    return response
                response.close()
                stated = retry_after(response.headers)
                delay = tries.usual_delay if stated is None else stated
                if not _again(body) or not tries.may_wait(delay):
                    self._busy(status, delay, what)
            self._sleep(delay)

    def _follow(
        self, method: str, url: httpx.URL, scope: str, headers: dict[str, str], body: Body | None, what: str
    ) -> httpx.Response:
        timeout = _TIMEOUT if method in ("GET", "HEAD") else _UPLOAD_TIMEOUT
        for _ in range(_MAX_REDIRECTS + 1):
            sent = {"Accept-Encoding": "identity", **headers}
            if origin_of(url) == origin_of(self._origin) and (token := self._authenticator.header(scope)):
                sent["Authorization"] = token
            request = self._open().build_request(method, url, headers=sent, content=_content(body), timeout=timeout)
            response = self._open().send(request, stream=True, follow_redirects=False)
            # A redirected body would be sent to where nobody chose: only questions are followed.
            if response.status_code not in _REDIRECTS or method not in ("GET", "HEAD"):
                return response
            response.close()
            url = resolve_target(response.headers.get("Location", ""), url, self._origin, where=self._where)
        raise Unavailable(f"{what}: redirected more than {_MAX_REDIRECTS} times", where=self._where)

    def _authenticate(self, response: httpx.Response, scope: str) -> None:
        challenges = parse_challenges(", ".join(response.headers.get_list("WWW-Authenticate")))
        response.close()
        self._authenticator.answer(challenges, scope, self._open())

    def _busy(self, status: int, delay: float, what: str) -> NoReturn:
        if status == 429:
            hint = f"try again in {delay:.0f} s, or log in for a higher limit"
            raise RateLimited(f"{what}: the registry wants fewer requests", where=self._where, hint=hint)
        raise Unavailable(f"{what}: the registry is not ready (status {status})", where=self._where)

    def _unreachable(self, error: httpx.TransportError, body: Body | None) -> Broken:
        text = re.sub(r"^\[Errno -?\d+\] ", "", (str(error) or type(error).__name__).splitlines()[0][:200]).lower()
        proxy = self._proxy_of(error)
        through = f" through the proxy {proxy.shown}" if proxy else ""
        hint: str | None
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error)):
            hint = "name its authority's certificates with SSL_CERT_FILE, or put them in certs.d"
        elif "certificate required" in text or "bad certificate" in text:
            hint = "it wants to know who we are: put NAME.cert and NAME.key in certs.d"
        elif proxy and isinstance(error, httpx.ProxyError | httpx.ConnectError | httpx.ConnectTimeout):
            hint = f"is {proxy.variable} right? NO_PROXY names what is asked directly"
        elif isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            hint = "is the name right, and the registry running?"
        else:
            hint = None if _in_memory(body) else "run the same command again: what was pushed is kept"
        return Broken(f"the registry cannot be reached{through}: {text}", where=self._where, hint=hint)

    def _proxy_of(self, error: httpx.TransportError) -> ProxyChoice | None:
        if self._handler is not self._connections:
            return None
        try:
            return self._connections.proxy_of(error.request.url)
        except (RuntimeError, Unavailable):  # it is not known which request failed
            return None

    def _open(self) -> httpx.Client:
        with self._lock:
            if self._client is None:
                headers = {"User-Agent": "pratique"}
                self._client = httpx.Client(timeout=_TIMEOUT, transport=self._handler, headers=headers, trust_env=False)
            return self._client


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


def _tries_of(error: httpx.TransportError) -> int:
    """How often it is tried at most. Waiting cannot mend a name that does not exist, a port where nobody listens, a certificate
    that is not trusted, or a scheme; a resolver that could not tell is asked once more.
    """
    if isinstance(error, httpx.UnsupportedProtocol):
        return 1
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError | ConnectionRefusedError):
            return 1
        if isinstance(cause, gaierror):
            return 1 if cause.errno == EAI_NONAME else 2
    return ATTEMPTS
