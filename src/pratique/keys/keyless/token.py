"""Identity tokens (OpenID Connect): where they come from, and what they say before anybody has verified them.

Nothing here verifies a token: Fulcio does, and says in its certificate whose it is. It is read to say early and plainly that it
has run out or is for somebody else. Whoever has the value can sign in its holder's name while it lasts, so it
comes from the environment or a file, never from an argument, and is in no `repr` and no error.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from pratique.attest.members import as_base64url
from pratique.attest.strictjson import load_json
from pratique.errors import Expired, InputError, Malformed, Unavailable
from pratique.files import read_handed
from pratique.keys.keyless.web import Web

AUDIENCE = "sigstore"
ENVIRONMENT = "SIGSTORE_ID_TOKEN"
MAX_TOKEN_SIZE = 32 * 1024
_SPARE_S = 10  # what is left must do for one request


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityToken:
    """A token. `issuer`: who is said to have made it; `expires_at`: Unix seconds."""

    value: str = field(repr=False)
    issuer: str
    expires_at: int


def parse_token(text: str, *, now: float, audience: str = AUDIENCE) -> IdentityToken:
    """Read a token (RFC 7519, compact). Raises Malformed, Expired, InputError for one that is for others."""
    text = text.strip()
    parts = text.split(".")
    if len(text) > MAX_TOKEN_SIZE or len(parts) != 3 or not all(parts) or not text.isascii():
        raise Malformed("not an identity token", hint="expected a JSON web token: three parts with dots between them")
    claims = _claims(parts[1])
    issuer, expires_at = claims.get("iss"), claims.get("exp")
    if not isinstance(issuer, str) or not issuer or isinstance(expires_at, bool) or not isinstance(expires_at, int | float):
        raise Malformed("identity token names no issuer or no end")
    if now > expires_at - _SPARE_S:
        raise Expired("identity token has run out", hint="get a fresh one: they live for minutes")
    stated = claims.get("aud")
    if audience not in (stated if isinstance(stated, list) else [stated]):
        raise InputError(f"identity token is not for {audience!r}", hint="ask its issuer for one with this audience")
    return IdentityToken(value=text, issuer=issuer, expires_at=int(expires_at))


def find_token(
    environment: Mapping[str, str], web: Web, *, now: float, file: Path | None = None, audience: str = AUDIENCE
) -> IdentityToken:
    """The token of a file if one is named, of SIGSTORE_ID_TOKEN (as GitLab sets it), or of GitHub Actions.

    Raises InputError request how to provide one, Malformed, Expired, Unavailable.
    """
    if file is not None:
        return parse_token(_read(file), now=now, audience=audience)
    if environment.get(ENVIRONMENT):
        return parse_token(environment[ENVIRONMENT], now=now, audience=audience)
    url, bearer = environment.get("ACTIONS_ID_TOKEN_REQUEST_URL"), environment.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
    if url and bearer:
        return parse_token(_ask_github(url, bearer, audience, web), now=now, audience=audience)
    raise InputError("there is no identity token here", hint=_advice(environment))


def _advice(environment: Mapping[str, str]) -> str:
    if environment.get("GITHUB_ACTIONS"):
        return "give the job `permissions: id-token: write`"
    if environment.get("GITLAB_CI"):
        return f"give the job `id_tokens: {ENVIRONMENT}: aud: {AUDIENCE}`"
    return f"put one into {ENVIRONMENT}, or name a file that holds it"


def _ask_github(url: str, bearer: str, audience: str, web: Web) -> str:
    """GitHub's documentation, "OpenID Connect reference", section "Methods for requesting the OIDC token"."""
    address = f"{url}{'&' if '?' in url else '?'}{urlencode({'audience': audience})}"
    headers = {"Authorization": f"bearer {bearer}", "Accept": "application/json"}
    body = web.ask("GET", address, what="asking GitHub Actions for an identity token", headers=headers, secrets={bearer})
    try:
        answer = load_json(body, what="answer", max_size=MAX_TOKEN_SIZE * 2)
    except Malformed:
        answer = None
    value = answer.get("value") if isinstance(answer, dict) else None
    if not isinstance(value, str):
        raise Unavailable("GitHub Actions answers without an identity token")
    return value


def _read(file: Path) -> str:
    try:
        return read_handed(file, MAX_TOKEN_SIZE).decode("ascii")
    except UnicodeDecodeError as error:
        raise InputError("the identity token is no text in ASCII", where=str(file)) from error


def _claims(part: str) -> dict[str, Any]:
    try:
        payload = as_base64url(part, "token")
        claims = load_json(payload, what="token", max_size=MAX_TOKEN_SIZE, max_depth=16)
    except Malformed:
        # Without the cause: it would hold a part of the token.
        raise Malformed("identity token cannot be read") from None
    if not isinstance(claims, dict):
        raise Malformed("identity token cannot be read")
    return claims
