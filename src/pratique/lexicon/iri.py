"""Addresses and mail addresses as documents may hold them (RFC 3987 §2.2, RFC 6531 §3.3). Pure; never raises."""

from ipaddress import AddressValueError, IPv6Address

from pratique.lexicon.lazy_regex import lazy

_LETTERS = (
    "A-Za-z0-9._~\\-\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef"
    "\U00010000-\U0001fffd\U00020000-\U0002fffd\U00030000-\U0003fffd\U00040000-\U0004fffd\U00050000-\U0005fffd"
    "\U00060000-\U0006fffd\U00070000-\U0007fffd\U00080000-\U0008fffd\U00090000-\U0009fffd\U000a0000-\U000afffd"
    "\U000b0000-\U000bfffd\U000c0000-\U000cfffd\U000d0000-\U000dfffd\U000e1000-\U000efffd"
)
_PRIVATE = "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"
_SUB = "!$&'()*+,;="
_QUOTED = "%[0-9A-Fa-f]{2}"
_NAME = f"(?:[{_LETTERS}{_SUB}]|{_QUOTED})*"
_SEGMENT = f"(?:[{_LETTERS}{_SUB}:@]|{_QUOTED})"
_IRI = lazy(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):)?"
    rf"(?://(?:(?:[{_LETTERS}{_SUB}:]|{_QUOTED})*@)?(?P<host>\[[^\[\]]*\]|{_NAME})(?P<port>:[0-9]*)?(?P<rooted>(?:/{_SEGMENT}*)*)"
    rf"|(?P<path>/(?:{_SEGMENT}+(?:/{_SEGMENT}*)*)?|{_SEGMENT}+(?:/{_SEGMENT}*)*|))"
    rf"(?:\?(?:{_SEGMENT}|[/?{_PRIVATE}])*)?(?:\#(?:{_SEGMENT}|[/?])*)?"
)
_FUTURE = lazy(rf"v[0-9A-Fa-f]+\.[A-Za-z0-9._~{_SUB}:-]+")
_MAIL = lazy(r"[^\s@<>()\[\],;:\\\"\x00-\x20\x7f]+@[^\s@<>()\[\],;:\\\"\x00-\x20\x7f]+")
_MAX = 65_536


def is_iri_reference(text: str) -> bool:
    """Whether it is an IRI, or a reference relative to one (RFC 3987 §2.2). Never of more than 65,536 characters."""
    found = _IRI.fullmatch(text) if len(text) <= _MAX else None
    if found is None:
        return False
    host = found["host"]
    if host and host.startswith("["):
        return _is_literal(host[1:-1])
    # Without a scheme a colon in the first step would make one of what stands before it.
    return found["scheme"] is not None or found["path"] is None or ":" not in found["path"].partition("/")[0]


def is_uri(text: str) -> bool:
    """Whether it is an absolute address in ASCII (RFC 3986 §3)."""
    found = _IRI.fullmatch(text) if text.isascii() and is_iri_reference(text) else None
    return found is not None and found["scheme"] is not None


def is_mail_address(text: str) -> bool:
    """Whether it is one mail address, of any script, without a name beside it."""
    return len(text) <= _MAX and bool(_MAIL.fullmatch(text))


def _is_literal(text: str) -> bool:
    if text.startswith("v"):
        return bool(_FUTURE.fullmatch(text))
    try:
        return IPv6Address(text).scope_id is None
    except AddressValueError:
        return False
