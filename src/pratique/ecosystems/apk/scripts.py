"""The scripts of installed apk packages: `lib/apk/db/scripts.tar`, gzip'd since apk 3. Pure.

apk names each `NAME-VERSION.CHECKSUM.ACTION`, with the checksum that the database has of the same package: so the name says once
more which version was installed. The checksum is in base64 after `Q1` or `Q2`, or in hex after `X1` or `X2`.
"""

import base64
import binascii
import zlib
from collections.abc import Iterator

from pratique.lexicon.lazy_regex import lazy

ARCHIVES = ("scripts.tar", "scripts.tar.gz")
_MAX_BYTES = 16 << 20
_BLOCK = 512
_NAME = lazy(r"(.+)\.([QX][12])([A-Za-z0-9+/=]+)\.(?:(?:pre|post)-(?:install|deinstall|upgrade)|trigger)")
_GZIP = b"\x1f\x8b"


def installed_scripts(data: bytes) -> Iterator[tuple[str, str]]:
    """(checksum in hex, `NAME-VERSION`) of each script; what is no archive, or breaks off, ends the list."""
    if data.startswith(_GZIP):
        try:
            data = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(data, _MAX_BYTES)
        except zlib.error:
            return
    for name in _names(data):
        found = _NAME.fullmatch(name)
        checksum = _hex(found[2][0], found[3]) if found else ""
        if found and checksum:
            yield checksum, found[1]


def _names(data: bytes) -> Iterator[str]:
    at, long = 0, ""
    while at + _BLOCK <= len(data):
        head = data[at : at + _BLOCK]
        digits = head[124:136].strip(b"\0 ")
        if not head.strip(b"\0") or digits.strip(b"01234567"):
            return
        size = int(digits or b"0", 8)
        if head[156:157] == b"L":  # GNU: the name of the next entry, where it is a long one
            long = _text(data[at + _BLOCK : at + _BLOCK + min(size, 4096)])
        else:
            yield long or _text(head[:100])
            long = ""
        at += _BLOCK + -(-size // _BLOCK) * _BLOCK


def _text(data: bytes) -> str:
    return data.partition(b"\0")[0].decode("utf-8", "replace")


def _hex(form: str, text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).hex() if form == "Q" else bytes.fromhex(text).hex()
    except (binascii.Error, ValueError):
        return ""
