"""DER is read strictly: one value has one spelling (X.690 §10, §11). Pure.

The library that reads certificates, revocation lists and OCSP responses decodes what it needs, and lets pass what it does not
look at: the count of unused bits of a signature's BIT STRING, a length spelled long. Neither is covered by any signature. What
stands between a signature and its bytes must not be anybody's to change unseen, so it is refused before it is decoded.
"""

from pratique.errors import Malformed

MAX_DEPTH = 24
_BOOLEAN, _INTEGER, _BIT_STRING, _OCTET_STRING, _NULL = 0x01, 0x02, 0x03, 0x04, 0x05
_CONSTRUCTED = 0x20
_ONLY_CONSTRUCTED = frozenset((0x10, 0x11))  # SEQUENCE, SET


def is_der(data: bytes) -> bool:
    """Whether a file of a key or certificate is DER and not text, which may begin with "0", the tag of a sequence, too.

    A length of several bytes begins with one that begins no character of UTF-8; what is shorter has a zero byte somewhere.
    """
    return data[:1] == b"\x30" and (b"\x80" <= data[1:2] < b"\xc0" or b"\0" in data)


def check_der(data: bytes, what: str, *, wrapped_at: int | None = None) -> None:
    """Return if `data` is one value in DER whose bit strings are whole bytes, as keys and signatures are.

    `wrapped_at`: the depth at which an OCTET STRING holds DER of its own, as OCSP's response bytes do (RFC 6960 §4.2.1).
    Bit strings that are no whole bytes stand in extensions, inside OCTET STRINGs, which are not looked into.
    Raises Malformed.
    """
    end = _check_value(data, 0, len(data), what, depth=0, wrapped_at=wrapped_at)
    if end != len(data):
        raise Malformed(f"{what} is followed by {len(data) - end} other bytes")


def _check_value(data: bytes, at: int, end: int, what: str, *, depth: int, wrapped_at: int | None) -> int:
    """Check the value at `at`; its end. Nothing of it lies past `end`."""
    if depth > MAX_DEPTH:
        raise Malformed(f"{what} is nested deeper than {MAX_DEPTH}")
    if at >= end:
        raise Malformed(f"{what} ends in the middle of a value")
    tag = data[at]
    if tag & 0x1F == 0x1F:
        raise Malformed(f"{what} has a tag of several bytes")
    start, stop = _contents(data, at + 1, end, what)
    if tag & _CONSTRUCTED:
        if tag < 0x40 and tag & 0x1F not in _ONLY_CONSTRUCTED:
            raise Malformed(f"{what} spells a plain value in pieces")
        while start < stop:
            start = _check_value(data, start, stop, what, depth=depth + 1, wrapped_at=wrapped_at)
    elif tag < 0x40:
        _check_primitive(tag, data[start:stop], what)
        if tag == _OCTET_STRING and depth == wrapped_at:
            check_der(data[start:stop], what)
    return stop


def _contents(data: bytes, at: int, end: int, what: str) -> tuple[int, int]:
    """Where the contents of the value whose length stands at `at` begin and end."""
    if at >= end:
        raise Malformed(f"{what} ends in the middle of a value")
    length, start = data[at], at + 1
    if length >= 0x80:
        count = length & 0x7F
        digits = data[start : start + count]
        if not 1 <= count <= 4 or len(digits) != count:
            raise Malformed(f"{what} has a length that is not definite")
        length, start = int.from_bytes(digits), start + count
        if length < 0x80 or digits[0] == 0:
            raise Malformed(f"{what} spells a length longer than it need be")
    if start + length > end:
        raise Malformed(f"{what} ends in the middle of a value")
    return start, start + length


def _check_primitive(tag: int, value: bytes, what: str) -> None:
    if tag & 0x1F in _ONLY_CONSTRUCTED:
        raise Malformed(f"{what} has a sequence that is none")
    if tag == _BIT_STRING and value[:1] != b"\0":
        raise Malformed(f"{what} has a bit string that is not of whole bytes")
    if tag == _BOOLEAN and value not in (b"\0", b"\xff"):
        raise Malformed(f"{what} has a boolean that is neither true nor false")
    if tag == _NULL and value:
        raise Malformed(f"{what} has a null with something in it")
    if tag == _INTEGER and (not value or (len(value) > 1 and (value[0], value[1] >> 7) in ((0, 0), (0xFF, 1)))):
        raise Malformed(f"{what} has a number that is not spelled in the shortest way")


def first_value(data: bytes, what: str) -> bytes:
    """The value that `data` begins with, whatever comes after it. Raises Malformed."""
    if not data:
        raise Malformed(f"{what} is empty")
    return data[: _contents(data, 1, len(data), what)[1]]


def tagged(tag: int, *parts: bytes) -> bytes:
    """A value in DER: the tag, the length of all parts together, the parts."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(length)]) + length + content


def children(value: bytes) -> list[bytes]:
    """The values inside of a constructed one that `check_der` has passed. Raises Malformed when it is none, or empty."""
    content = content_of(value)
    if not value[0] & _CONSTRUCTED or not content:
        raise Malformed("a value without the parts it should have")
    found = []
    at = 0
    while at < len(content):
        _, stop = _contents(content, at + 1, len(content), "value")
        found.append(content[at:stop])
        at = stop
    return found


def content_of(value: bytes) -> bytes:
    """What stands behind tag and length of a value that `check_der` has passed."""
    start, stop = _contents(value, 1, len(value), "value")
    return value[start:stop]
