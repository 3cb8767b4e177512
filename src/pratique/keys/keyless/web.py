"""HTTP to the services of keyless signing, any of which may be busy, broken or hostile.

Refused: redirects, since a token goes along; plain HTTP to anywhere but this machine; answers over a megabyte, or that are not
done in time. A busy service is asked again, a few times. Tokens are blanked wherever a service's own words are shown.
"""

import ipaddress
import ssl
import time
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field

import httpx

from pratique.errors import AuthenticationRequired, InputError, PratiqueError, RateLimited, Unavailable
from pratique.registry.answers import retry_after
from pratique.registry.connections import Connections, tls_context

MAX_ANSWER = 1024 * 1024
ATTEMPTS = 3
TIMEOUT_S = 30.0  # Rekor v2 answers only when the entry is in its log, and asks for at least 20 (rekor-tiles, CLIENTS.md)
_BUSY = frozenset((429, 502, 503, 504))


@dataclass(slots=True)
class Web:
    """A client. `handler`: another transport, for tests; `sleep`: how to wait; `ca_file`: a private authority's certificates."""

    handler: httpx.BaseTransport | None = None
    sleep: Callable[[float], None] = time.sleep
    ca_file: str | None = None
    timeout_s: float = TIMEOUT_S
    _client: httpx.Client | None = field(default=None, init=False, repr=False)

    def ask(
        self,
        method: str,
        url: str,
        *,
        what: str,
        headers: Mapping[str, str],
        content: bytes = b"",
        secrets: Set[str] = frozenset(),
        in_clear: bool = False,
    ) -> bytes:
        """The body of a good answer (200 or 201). `secrets`: never shown, whatever the service says. `in_clear`: whether plain
        HTTP will do: for what is no secret, and whose answer is signed.

        Raises AuthenticationRequired, RateLimited, Unavailable, InputError for an address that is none.
        """
        host = _checked(url, in_clear=in_clear)
        for attempt in range(1, ATTEMPTS + 1):
            delay = 2.0 ** (attempt - 1)
            try:
                status, found, body = self._once(method, url, dict(headers), content, what)
            except httpx.HTTPError as error:
                reason = _clean(str(error) or type(error).__name__, secrets)
                if attempt == ATTEMPTS or not isinstance(error, httpx.ConnectError):
                    raise Unavailable(f"{what}: cannot reach {host}: {reason}") from error
            else:
                if status in (200, 201):
                    return body
                if attempt == ATTEMPTS or status not in _BUSY:
                    raise _refused(what, host, status, _clean(body.decode("utf-8", "replace"), secrets))
                stated = retry_after(found)
                delay = min(delay if stated is None else stated, 10.0)
            self.sleep(delay)
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        """Close all connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _once(
        self, method: str, url: str, headers: dict[str, str], content: bytes, what: str
    ) -> tuple[int, Mapping[str, str], bytes]:
        deadline = time.monotonic() + self.timeout_s
        with self._open().stream(method, url, headers=headers, content=content or None, follow_redirects=False) as response:
            if 300 <= response.status_code < 400:
                raise Unavailable(f"{what}: {response.url.host} sends us elsewhere: refused", hint="name the right address")
            body = bytearray()
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > MAX_ANSWER:
                    raise Unavailable(f"{what}: {response.url.host} answers more than {MAX_ANSWER} bytes")
                if time.monotonic() > deadline:
                    raise Unavailable(f"{what}: {response.url.host}'s answer does not end")
            return response.status_code, response.headers, bytes(body)

    def _open(self) -> httpx.Client:
        if self._client is None:
            headers = {"User-Agent": "pratique", "Accept-Encoding": "identity"}
            transport = self.handler or Connections(tls=self._tls)
            self._client = httpx.Client(timeout=self.timeout_s, transport=transport, headers=headers, trust_env=False)
        return self._client

    def _tls(self) -> ssl.SSLContext:
        context = tls_context()
        if self.ca_file:
            try:
                context.load_verify_locations(self.ca_file)
            except OSError as error:
                raise InputError("cannot read these authorities' certificates", where=self.ca_file) from error
        return context


def _checked(url: str, *, in_clear: bool) -> str:
    """The host of an address that may be asked. Raises InputError."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise InputError("not the address of a service", where=url[:200]) from error
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo:
        place = f"{parsed.scheme}://{parsed.host}"  # whoever writes a password into an address shall not see it in a log
        raise InputError("not the address of a service", where=place[:200], hint="expected https://HOST[:PORT][/PATH]")
    if parsed.scheme == "http" and not in_clear and not _is_here(parsed.host):
        raise InputError(f"an identity would go to {parsed.host} in the clear: refused", hint="use https")
    return parsed.host


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refused(what: str, host: str, status: int, said: str) -> PratiqueError:
    message = f"{what}: {host} answers {status}" + (f": {said}" if said else "")
    if status in (401, 403):
        return AuthenticationRequired(message, hint="is the identity token for this service, and still valid?")
    return (RateLimited if status == 429 else Unavailable)(message)


def _clean(text: str, secrets: Set[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "…")
    return "".join(char if char.isprintable() else " " for char in text)[:300].strip()
