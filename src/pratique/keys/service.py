"""HTTP to a key service that may be busy, broken or hostile.

It refuses: plain HTTP to anywhere but this machine (and, for a cloud's own metadata service, the link); redirects of every kind,
since credentials go along; answers of more than 256 KiB, or that are not done when patience ends; waiting for a busy service
longer than that. What a service says of an error is shown in one line, in which every secret that it was sent is blanked.
"""

import ipaddress
import json
import queue
import re
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from pratique.attest.members import as_bytes
from pratique.attest.strictjson import load_json
from pratique.errors import AuthenticationRequired, InputError, Malformed, NotFound, PratiqueError, RateLimited, Unavailable
from pratique.files import read_handed
from pratique.keys.access import Access
from pratique.registry.answers import retry_after
from pratique.registry.connections import Connections, tls_context

MAX_ANSWER = 256 * 1024
ATTEMPTS = 4
_BUSY = frozenset((429, 500, 502, 503, 504))
_TIMEOUT_S = 10.0
_JWT = re.compile(r"eyJ[\w-]{8,}(?:\.[\w-]*)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAnswer:
    """A whole answer. `body`: as sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def members(self) -> dict[str, Any]:
        """The JSON object in the body, {} when there is none: what is missing in it is found missing by whoever needs it."""
        try:
            value = load_json(self.body, what="the answer", max_size=MAX_ANSWER, max_depth=32)
        except Malformed:
            return {}
        return value if isinstance(value, dict) else {}


class Service:
    """Requests to `origin` (`https://HOST[:PORT][/PREFIX]`). `name`: what errors call it. `local`: a cloud's metadata service."""

    def __init__(
        self, origin: str, *, name: str, where: str, access: Access, ca_file: str | None = None, local: bool = False
    ) -> None:
        self._base = _checked(origin, where, local=local)
        self._name = name
        self._where = where
        self._access = access
        self._ca_file = ca_file
        self._client: httpx.Client | None = None
        self._lock = threading.Lock()
        self._secrets: set[str] = set()

    @property
    def url(self) -> httpx.URL:
        """Where this service is."""
        return self._base

    def hide(self, secret: str) -> str:
        """Never show `secret`, whatever the service says; returned as it is."""
        if len(secret) > 3:
            self._secrets.add(secret)
        return secret

    def ask(
        self,
        method: str,
        path: str,
        *,
        what: str,
        headers: Callable[[bytes], Mapping[str, str]] | Mapping[str, str] | None = None,
        json_body: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
        content: bytes = b"",
        busy: Callable[[ServiceAnswer], bool] = lambda _: False,
    ) -> ServiceAnswer:
        """One request, repeated while the service is busy. `headers`: or how to make them for the body, anew each time.
        `content`: a body whose type is among the headers.

        `busy`: recognises a service's own way to say so. Answers of any other status are for the caller to judge. Raises
        Unavailable, RateLimited.
        """
        kind = None
        if json_body is not None:
            content = json.dumps(json_body, separators=(",", ":")).encode()
            kind = "application/json"
        elif form is not None:
            content, kind = str(httpx.QueryParams(dict(form))).encode(), "application/x-www-form-urlencoded"
        deadline = time.monotonic() + self._access.patience_s
        for attempt in range(1, ATTEMPTS + 1):
            sent = {"Accept-Encoding": "identity", "Accept": "application/json"}
            sent |= {"Content-Type": kind} if kind else {}
            sent |= headers(content) if callable(headers) else headers or {}
            once = partial(self._once, method, path, sent, content, deadline, what)
            delay = 0.5 * 2 ** (attempt - 1)
            last = attempt == ATTEMPTS
            try:
                answer = self._in_time(once, deadline, what)
            except httpx.HTTPError as error:
                if last or _is_final(error) or time.monotonic() + delay > deadline:
                    raise self._unreachable(error, what) from error
            else:
                if answer.status not in _BUSY and not busy(answer):
                    return answer
                stated = retry_after(answer.headers)
                delay = delay if stated is None else stated
                if last or time.monotonic() + delay > deadline:
                    raise self.refused(answer, what)
            self._access.sleep(delay)
        raise AssertionError("the last attempt returns or raises")

    def refused(self, answer: ServiceAnswer, what: str, said: str | None = None, hint: str | None = None) -> PratiqueError:
        """The error that an unexpected answer stands for. `said`: the reason in it, or None to look for one."""
        text = self.printable(_reason(answer) if said is None else said)
        reason = f": {text}" if text else ""
        message = f"{what}: {self._name} answers {answer.status}{reason}"
        if answer.status == 404:
            return NotFound(f"{what}: {self._name} has no such key{reason}", where=self._where, hint=hint)
        if answer.status in (401, 403):
            return AuthenticationRequired(f"{what}: {self._name} refuses us{reason}", where=self._where, hint=hint)
        if answer.status == 429:
            return RateLimited(f"{what}: {self._name} wants fewer requests{reason}", where=self._where, hint=hint)
        return Unavailable(message, where=self._where, hint=hint)

    def garbage(self, what: str) -> Unavailable:
        """The error for an answer that is not what its status promises."""
        return Unavailable(f"{what}: {self._name} answers something else than its interface says", where=self._where)

    def blob(self, value: object, what: str, decode: Callable[[Any, str], bytes] = as_bytes) -> bytes:
        """Bytes in an answer, in base64 where `decode` reads nothing else. Raises Unavailable, as `garbage` has it."""
        try:
            return decode(value, what)
        except Malformed as error:
            raise self.garbage(what) from error

    def printable(self, text: str) -> str:
        """At most 300 characters of a service's own words in one line, without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, "…")
        text = _JWT.sub("…", text)
        return "".join(char if char.isprintable() else " " for char in text)[:300].strip()

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _in_time(self, call: Callable[[], ServiceAnswer], deadline: float, what: str) -> ServiceAnswer:
        """What `call` gives by `deadline`. In a thread of its own: a service may trickle where no time limit of a library looks,
        in the name lookup, the handshake or the headers."""
        results: queue.SimpleQueue[ServiceAnswer | BaseException] = queue.SimpleQueue()

        def run() -> None:
            try:
                results.put(call())
            except BaseException as error:
                results.put(error)

        threading.Thread(target=run, daemon=True).start()
        try:
            result = results.get(timeout=max(0.05, deadline - time.monotonic()))
        except queue.Empty:
            self.close()
            raise Unavailable(f"{what}: {self._name} does not answer in time", where=self._where) from None
        if isinstance(result, BaseException):
            raise result
        return result

    def _once(self, method: str, path: str, headers: dict[str, str], content: bytes, deadline: float, what: str) -> ServiceAnswer:
        url = str(self._base).rstrip("/") + path
        with self._open().stream(method, url, headers=headers, content=content or None, follow_redirects=False) as response:
            if 300 <= response.status_code < 400:
                target = self.printable(response.headers.get("Location", "nowhere"))
                hint = "if that is right, name it as the service's address"
                raise Unavailable(f"{what}: {self._name} sends us to {target}: refused", where=self._where, hint=hint)
            body = bytearray()
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > MAX_ANSWER:
                    raise Unavailable(f"{what}: {self._name} answers more than {MAX_ANSWER} bytes", where=self._where)
                if time.monotonic() > deadline:
                    raise Unavailable(f"{what}: {self._name}'s answer does not end", where=self._where)
            return ServiceAnswer(status=response.status_code, headers=response.headers, body=bytes(body))

    def _open(self) -> httpx.Client:
        with self._lock:
            if self._client is None:
                timeout = min(_TIMEOUT_S, self._access.patience_s)
                proxies = self._access.environ if self._base.scheme == "https" else {}  # none sees what goes in the clear
                self._client = httpx.Client(
                    timeout=httpx.Timeout(timeout),
                    trust_env=False,
                    transport=self._access.handler or Connections(tls=self._tls, environ=proxies),
                    headers={"User-Agent": "pratique"},
                )
            return self._client

    def _tls(self) -> ssl.SSLContext:
        context = tls_context()
        if self._ca_file:
            try:
                context.load_verify_locations(self._ca_file)
            except (OSError, ssl.SSLError) as error:
                raise InputError("cannot read these authorities' certificates", where=self._ca_file) from error
        return context

    def _unreachable(self, error: httpx.HTTPError, what: str) -> Unavailable:
        text = re.sub(r"^\[Errno -?\d+\] ", "", (str(error) or type(error).__name__).splitlines()[0][:200])
        hint = "is its certificate's authority known here? See SSL_CERT_FILE" if _is_tls(error) else "is its address right?"
        return Unavailable(f"{what}: cannot reach {self._name}: {self.printable(text)}", where=self._where, hint=hint)


def read_environment_file(path: str, what: str) -> str:
    """The text of a file with a token, of at most 64 KiB. Raises InputError."""
    try:
        return read_handed(Path(path), 64 * 1024).decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise InputError(f"{what} is no text in ASCII", where=path) from error
    except InputError as error:
        error.message = f"{what}: {error.message}"
        raise


def _checked(origin: str, where: str, *, local: bool) -> httpx.URL:
    try:
        url = httpx.URL(origin)
    except (httpx.InvalidURL, ValueError) as error:
        raise InputError("not the address of a key service", where=where) from error
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query or url.fragment:
        raise InputError("not the address of a key service", where=where, hint="expected https://HOST[:PORT]")
    if url.scheme == "http" and not _is_near(url.host, local=local):
        raise InputError(f"credentials would go to {url.host} in the clear: refused", where=where, hint="use https")
    return url


def _is_near(host: str, *, local: bool) -> bool:
    if host == "localhost" or (local and host == "metadata.google.internal"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or (local and address.is_link_local)


def _reason(answer: ServiceAnswer) -> str:
    """The words in the error documents of Vault, AWS, GCP, Azure and OAuth (RFC 6749 §5.2)."""
    document = answer.members()
    error = document.get("error")
    errors = document.get("errors")
    candidates = [
        error.get("message") if isinstance(error, dict) else None,
        document.get("error_description"),
        error,
        errors[0] if isinstance(errors, list) and errors else None,
        document.get("message"),
        document.get("Message"),
    ]
    return next((text for text in candidates if isinstance(text, str)), "")


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _is_final(error: httpx.HTTPError) -> bool:
    """What waiting cannot mend: a certificate that is not trusted, a protocol that is none."""
    return _is_tls(error) or isinstance(error, httpx.UnsupportedProtocol)
