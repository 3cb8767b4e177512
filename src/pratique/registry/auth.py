"""Answering a registry's challenge: Basic (RFC 7617) and the token flow (distribution, spec/auth/token.md and oauth.md).

A token is asked for with exactly the scopes we need, whatever the challenge selection. A password goes to the registry or to the
token service it names, over TLS unless the registry itself is plain HTTP by the user's word, and to nobody else. A token service
that does not give a token could not be asked: nothing it says is an answer about the registry.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence

import httpx

from pratique.errors import AuthenticationRequired, Malformed, RateLimited, Unavailable
from pratique.registry.answers import retry_after
from pratique.registry.challenge import Challenge
from pratique.registry.credentials import Credential
from pratique.registry.destinations import origin_of, resolve_target, shown
from pratique.registry.patience import BUSY, Tries, read_whole

_MAX_TOKEN_BYTES = 1 << 20
_CLIENT_ID = "pratique"
_MAX_REDIRECTS = 3
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
# What services say that do not know the one way to ask. Of a form that is not understood some say that it was refused (400,
# 401), but a password that was refused in the header is not tried again: accounts are locked for that.
_NO_POST = frozenset((400, 401, 404, 405, 501))
_NO_GET = frozenset((404, 405, 501))


class Authenticator:
    """Authorization for one repository at `origin`. `find`: looks credentials up, once, when first challenged.

    `where`: the repository, for errors. `sleep`: waits seconds.
    """

    def __init__(
        self,
        find: Callable[[], Credential | None],
        *,
        origin: httpx.URL,
        where: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._find = find
        self._origin = origin
        self._where = where
        self._sleep = sleep
        self._headers: dict[str, str] = {}
        self._credential: Credential | None = None
        self._found = False
        self._lock = threading.Lock()

    def header(self, scope: str) -> str | None:
        """The header for requests with these scopes; None until the registry has asked."""
        return self._headers.get(scope)

    def answer(self, challenges: Sequence[Challenge], scope: str, client: httpx.Client) -> None:
        """Get what the next request needs. `scope`: of the token, several with blanks between (`repository:NAME:pull`).

        Raises AuthenticationRequired, RateLimited, Unavailable, and as `find` does.
        """
        with self._lock:
            credential = self._credential_once()
            for challenge in challenges:
                if challenge.scheme == "bearer" and "realm" in challenge.parameters:
                    self._headers[scope] = self._bearer(challenge, credential, scope, client)
                    return
            if any(challenge.scheme == "basic" for challenge in challenges):
                if credential is None or not credential.username:
                    raise self._refused("the registry wants a name and a password")
                self._headers[scope] = credential.basic
                return
        raise self._refused("the registry refuses us and does not say what it wants")

    def _credential_once(self) -> Credential | None:
        if not self._found:
            self._credential = self._find()
            self._found = True
        return self._credential

    def _bearer(self, challenge: Challenge, credential: Credential | None, scope: str, client: httpx.Client) -> str:
        if credential is not None and credential.bearer:
            return _token_header(credential.bearer, self._where)
        realm = self._realm(challenge.parameters["realm"])
        service = challenge.parameters.get("service", "")
        query = [*([("service", service)] if service else []), *(("scope", each) for each in scope.split())]
        ways = [(_get, _NO_GET), (_post, _NO_POST)]
        if credential is not None and credential.identity:
            ways.reverse()
        status = 0
        for way, not_known in ways if credential is not None else ways[:1]:
            status, data = self._ask(way(client, realm, query, credential), client)
            if status == 200:
                return _token_header(self._token(data, realm.host), self._where)
            if status not in not_known:
                break
        host = shown(realm.host)
        if status in (400, 401, 403):
            raise self._refused(f"the token service at {host} refuses us (status {status})")
        raise Unavailable(f"the token service at {host} answers {status}", where=self._where)

    def _realm(self, text: str) -> httpx.URL:
        """The token service's address. Raises Unavailable when no password may go there."""
        try:
            realm = httpx.URL(text)
        except (httpx.InvalidURL, ValueError, UnicodeError):
            raise Unavailable("the registry names a token service that is no address", where=self._where) from None
        if realm.userinfo or not realm.host:
            raise Unavailable("the registry names a token service that is no plain address", where=self._where)
        if realm.scheme != "https" and not (realm.scheme == "http" and self._origin.scheme == "http"):
            raise Unavailable(f"the token service at {shown(realm.host)} is not HTTPS: refused", where=self._where)
        return resolve_target(text, realm, self._origin, where=self._where)

    def _ask(self, request: httpx.Request, client: httpx.Client) -> tuple[int, bytes]:
        """Status and body; asked again while the service is busy. Raises RateLimited, Unavailable."""
        host = shown(request.url.host)
        what = f"a token from {host}"
        tries = Tries()
        while True:
            try:
                response = self._send(request, client)
            except httpx.TransportError as error:
                if not tries.may_wait(delay := tries.usual_delay):
                    raise Unavailable(f"the token service at {host} cannot be reached", where=self._where) from error
            else:
                try:
                    if response.status_code not in BUSY:
                        data = b""
                        if response.status_code == 200:
                            data = read_whole(response, _MAX_TOKEN_BYTES, what=what, where=self._where)
                        return response.status_code, data
                    stated = retry_after(response.headers)
                finally:
                    response.close()
                delay = tries.usual_delay if stated is None else stated
                if not tries.may_wait(delay):
                    hint = f"try again in {delay:.0f} s"
                    if response.status_code == 429:
                        raise RateLimited(f"the token service at {host} wants fewer requests", where=self._where, hint=hint)
                    message = f"the token service at {host} is not ready (status {response.status_code})"
                    raise Unavailable(message, where=self._where, hint=hint)
            self._sleep(delay)

    def _send(self, request: httpx.Request, client: httpx.Client) -> httpx.Response:
        """One request and its redirects; only within the service, or else the password would follow them elsewhere."""
        url = request.url
        for _ in range(_MAX_REDIRECTS + 1):
            response = client.send(request, stream=True, follow_redirects=False)
            if response.status_code not in _REDIRECTS:
                return response
            response.close()
            host = shown(url.host)
            if request.method != "GET":
                raise Unavailable(f"the token service at {host} sends us elsewhere: refused", where=self._where)
            target = resolve_target(response.headers.get("Location", ""), request.url, self._origin, where=self._where)
            if origin_of(target) != origin_of(url):
                raise Unavailable(f"the token service at {host} sends us to {shown(target.host)}: refused", where=self._where)
            request = httpx.Request("GET", target, headers=request.headers)
        raise Unavailable(f"the token service at {shown(url.host)} redirects without end", where=self._where)

    def _token(self, data: bytes, host: str) -> str:
        from pratique.attest.strictjson import load_json

        try:
            document = load_json(data, what="the token service's answer", max_size=_MAX_TOKEN_BYTES, max_depth=16)
        except Malformed:
            kind = "with a web page" if data.lstrip()[:1] == b"<" else "with something else than JSON"
            hint = "is there a login page or a proxy in between?"
            raise Unavailable(f"the token service at {shown(host)} answers {kind}", where=self._where, hint=hint) from None
        for name in ("token", "access_token"):
            value = document.get(name) if isinstance(document, Mapping) else None
            if isinstance(value, str) and value:
                return value
        raise Unavailable(f"the token service at {shown(host)} gives no token", where=self._where)

    def _refused(self, message: str) -> AuthenticationRequired:
        host = self._where.partition("/")[0]
        hint = f"log in with docker login {host} or podman login {host}"
        return AuthenticationRequired(message, where=self._where, hint=hint)


def _get(client: httpx.Client, realm: httpx.URL, query: list[tuple[str, str]], credential: Credential | None) -> httpx.Request:
    """The token flow: GET, with the password, if there is one, in the header."""
    headers = {"Accept-Encoding": "identity"}
    if credential is not None:
        headers["Authorization"] = credential.basic
    params = realm.params
    for name, value in query:
        params = params.add(name, value)
    return client.build_request("GET", realm.copy_with(params=params), headers=headers)


def _post(client: httpx.Client, realm: httpx.URL, query: list[tuple[str, str]], credential: Credential | None) -> httpx.Request:
    """The OAuth 2 flow: POST of a form with the identity token or the password."""
    credential = credential or Credential()
    form: dict[str, str | list[str]] = {"client_id": _CLIENT_ID, "scope": " ".join(v for n, v in query if n == "scope")}
    form |= {name: value for name, value in query if name == "service"}
    if credential.identity:
        form |= {"grant_type": "refresh_token", "refresh_token": credential.identity}
    else:
        form |= {"grant_type": "password", "username": credential.username, "password": credential.password}
    return client.build_request("POST", realm, data=form, headers={"Accept-Encoding": "identity"})


def _token_header(token: str, where: str) -> str:
    if not token.isascii() or not token.isprintable() or " " in token:
        raise Unavailable("a token with characters that no token has", where=where)
    return f"Bearer {token}"
