"""Answering a registry's challenge: Basic (RFC 7617) and the token flow (distribution, spec/auth/token.md and oauth.md).

A token is asked for with exactly the scope we need, whatever the challenge selection. A password goes to the registry or to the
token service it names, over TLS unless the registry itself is plain HTTP by the user's word, and to nobody else.
"""

import threading
from collections.abc import Callable, Mapping, Sequence

import httpx

from pratique.errors import AuthenticationRequired, Malformed, Unavailable
from pratique.registry.answers import raise_for
from pratique.registry.challenge import Challenge
from pratique.registry.credentials import Credential

_MAX_TOKEN_BYTES = 1 << 20
_CLIENT_ID = "pratique"


class Authenticator:
    """Authorization for one repository. `find`: looks credentials up, once, when first challenged."""

    def __init__(self, find: Callable[[], Credential | None], *, repository: str, plain_http: bool, where: str) -> None:
        self._find = find
        self._repository = repository
        self._plain_http = plain_http
        self._where = where
        self._headers: dict[str, str] = {}
        self._credential: Credential | None = None
        self._found = False
        self._lock = threading.Lock()

    def header(self, scope: str) -> str | None:
        """The header for requests with these actions; None until the registry has asked."""
        return self._headers.get(scope)

    def answer(self, challenges: Sequence[Challenge], scope: str, client: httpx.Client) -> None:
        """Get what the next request needs. Raises AuthenticationRequired, Unavailable, Malformed; httpx.HTTPError."""
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
            return _token_header(credential.bearer)
        try:
            realm = httpx.URL(challenge.parameters["realm"])
        except httpx.InvalidURL as error:
            raise Malformed("the registry names a token service that is no address", where=self._where) from error
        if realm.scheme != "https" and not (realm.scheme == "http" and self._plain_http):
            raise Unavailable(f"the token service at {realm.host or 'no host'} is not HTTPS: refused", where=self._where)
        if realm.userinfo or not realm.host:
            raise Malformed("the registry names a token service that is no plain address", where=self._where)
        query = {"service": challenge.parameters.get("service", ""), "scope": f"repository:{self._repository}:{scope}"}
        query = {name: value for name, value in query.items() if value}
        headers = {"Accept-Encoding": "identity"}
        if credential is not None and credential.identity:
            form = {**query, "grant_type": "refresh_token", "client_id": _CLIENT_ID, "refresh_token": credential.identity}
            request = client.build_request("POST", realm, data=form, headers=headers)
        else:
            if credential is not None:
                headers["Authorization"] = credential.basic
            request = client.build_request("GET", realm.copy_merge_params(query), headers=headers)
        return _token_header(self._fetch(request, client))

    def _fetch(self, request: httpx.Request, client: httpx.Client) -> str:
        from pratique.attest.strictjson import load_json

        # Not redirected: the password would follow.
        response = client.send(request, stream=True, follow_redirects=False)
        try:
            if response.status_code in (400, 401, 403):
                raise self._refused(f"the token service at {request.url.host} refuses us (status {response.status_code})")
            if response.status_code != 200:
                raise_for(response.status_code, b"", f"token from {request.url.host}", self._where)
            data = bytearray()
            for chunk in response.iter_raw(1 << 16):
                data += chunk
                if len(data) > _MAX_TOKEN_BYTES:
                    break
        finally:
            response.close()
        document = load_json(bytes(data), what="the token service's answer", max_size=_MAX_TOKEN_BYTES, max_depth=16)
        token = _token(document) if isinstance(document, Mapping) else None
        if not token:
            raise Malformed("the token service gives no token", where=self._where)
        return token

    def _refused(self, message: str) -> AuthenticationRequired:
        host = self._where.partition("/")[0]
        hint = f"log in with docker login {host} or podman login {host}"
        return AuthenticationRequired(message, where=self._where, hint=hint)


def _token(document: Mapping[str, object]) -> str | None:
    for name in ("token", "access_token"):
        value = document.get(name)
        if isinstance(value, str) and value:
            return value
    return None


def _token_header(token: str) -> str:
    if not token.isascii() or not token.isprintable() or " " in token:
        raise Malformed("a token with characters that no token has")
    return f"Bearer {token}"
