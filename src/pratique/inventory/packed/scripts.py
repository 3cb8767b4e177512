"""Scripts that unpack themselves: an archive behind a shell script (makeself, and by hand), or text that is one. Pure."""

import binascii
import re

from pratique.inventory.packed import formats
from pratique.inventory.packed.streams import compression_of
from pratique.lexicon.lazy_regex import lazy

_LEAST = 256
_REACH = 4 << 20
_MAX_BASE64 = 256 << 20
_BEGINS = lazy(
    rb"\n(?=\x1f\x8b\x08|BZh[1-9](?:1AY&SY|\x17rE8P\x90)|\xfd7zXZ\x00|\x28\xb5\x2f\xfd|PK\x03\x04|hsqs|7z\xbc\xaf|Rar!|"
    rb"\x5d\x00\x00|!<arch>\n)"
)
_BASE64 = lazy(rb"\n(?=(?:H4sI|QlpoO|/Td6WFo|KLUv/|UEsDB)[A-Za-z0-9+/]{28,})")
"""How base64 of gzip, bzip2, xz, zstd and zip begins, on a line of its own."""
_NOT_BASE64 = lazy(rb"[^A-Za-z0-9+/=\r\n]")
_USTAR = b"ustar"
_TEXT = lazy(
    rb"^(?:begin(?:-base64)? [0-7]{3} \S|# This is a shell archive|.{0,80}<< *\\?'?X?SHAR_EOF|"
    rb"# .{0,60}generated using Makeself [0-9])",
    re.MULTILINE | re.IGNORECASE,
)

_MARKS = (b"begin", b"shell archive", b"shar_eof", b"generated using makeself")
"""Of which one stands in all that the expression finds: looking for words is much quicker than trying it on every line."""


def appended_to(view: memoryview) -> memoryview | None:
    """The archive behind a script; None for none."""
    if len(view) < _LEAST:
        return None
    head = bytes(view[:_REACH])
    for match in _BEGINS.finditer(head):
        at = match.end()
        begin = head[at : at + formats.HEAD]
        if formats.form_of_packed(begin) or formats.closed_form(begin) or compression_of(begin):
            return view[at:]
    at = head.find(_USTAR)
    while at >= 0:
        begin_at = at - formats.USTAR[0]
        if begin_at > 0 and head[begin_at - 1 : begin_at] == b"\n" and formats.is_tar(head[begin_at : begin_at + formats.HEAD]):
            return view[begin_at:]
        at = head.find(_USTAR, at + 1)
    return _decoded(view, head)


def _decoded(view: memoryview, head: bytes) -> memoryview | None:
    """An archive that stands in the script in base64."""
    match = _BASE64.search(head)
    if match is None:
        return None
    rest = bytes(view[match.end() : match.end() + _MAX_BASE64])
    end = _NOT_BASE64.search(rest)
    if end is not None:  # the line that is no more of it, such as EOF: letters of base64 are in that, too
        rest = rest[: max(rest.rfind(b"\n", 0, end.start()), 0)]
    try:
        return memoryview(binascii.a2b_base64(rest))
    except binascii.Error:
        return memoryview(_leniently(rest))


def _leniently(text: bytes) -> bytes:
    """What can be decoded: the last line may be a word of the script."""
    whole = text.replace(b"\r", b"").replace(b"\n", b"")
    padding = whole.find(b"=")
    whole = whole[: padding + 2] if padding >= 0 else whole
    try:
        return binascii.a2b_base64(whole[: len(whole) // 4 * 4])
    except binascii.Error:
        return b""


def is_text_archive(view: memoryview) -> bool:
    """Whether a script is an archive in text: what it would write is not read."""
    head = bytes(view[:65_536])
    lower = head.lower()
    return any(mark in lower for mark in _MARKS) and _TEXT.search(head) is not None
