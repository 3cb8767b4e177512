"""What a registry's answer means in our terms (distribution-spec, Error Codes; RFC 9110 §10.2.3 Retry-After). Pure."""

import email.utils
from collections.abc import Mapping
from typing import NoReturn

from pratique.errors import AuthenticationRequired, Malformed, NotFound, RateLimited, Unavailable

MAX_ERROR_BYTES = 64 << 10


def raise_for(status: int, body: bytes, what: str, where: str) -> NoReturn:
    """Raise the error that an unexpected answer stands for. Its body, empty if it was not read, gives the reason."""
    reason = _reason(body)
    if status == 404:
        # What a registry adds ("MANIFEST_UNKNOWN manifest unknown") says the same again.
        raise NotFound(f"there is no {what}", where=where, hint="are name and tag right?")
    if status in (401, 403):
        host = where.partition("/")[0]
        hint = f"log in with docker login {host} or podman login {host}; is the name right?"
        raise AuthenticationRequired(f"{what}: the registry refuses us (status {status})", where=where, hint=hint)
    if status == 429:
        raise RateLimited(f"{what}: the registry wants fewer requests", where=where, hint="try again later")
    raise Unavailable(f"{what}: the registry answers {status}" + (f": {reason}" if reason else ""), where=where)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds the server asks us to wait; a date is reckoned from the server's own Date. None if it does not say."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        then = email.utils.parsedate_to_datetime(text)
        now = email.utils.parsedate_to_datetime(headers.get("Date", ""))
        return max(0.0, (then - now).total_seconds())
    except (TypeError, ValueError):
        return None


def _reason(body: bytes) -> str:
    """The first of the registry's errors in one printable line."""
    from pratique.attest.strictjson import load_json

    try:
        document = load_json(body, what="the answer", max_size=MAX_ERROR_BYTES, max_depth=16)
    except Malformed:
        return ""
    errors = document.get("errors") if isinstance(document, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return ""
    text = " ".join(str(first.get(name) or "") for name in ("code", "message")).strip()
    return "".join(char if char.isprintable() else " " for char in text)[:200]
