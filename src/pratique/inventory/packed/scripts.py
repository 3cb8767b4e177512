"""Scripts that unpack themselves: an archive behind a shell script (makeself, and by hand), or text that is one. Pure."""

from pratique.inventory.packed import formats
from pratique.inventory.packed.streams import compression_of
from pratique.lexicon.lazy_regex import lazy

_LEAST = 512
_REACH = 4 << 20
# A line ends, and what follows begins as an archive does; or as base64 of one.
_BEGINS = lazy(rb"\n(?=\x1f\x8b\x08|BZh[1-9]1AY&SY|\xfd7zXZ\0|\x28\xb5\x2f\xfd|PK\3\4|hsqs|7z\xbc\xaf|Rar!|\x5d\0\0|!<arch>\n)")
_USTAR = b"ustar"
_TEXT = lazy(rb"(?m)^(?:begin(?:-base64)? [0-7]{3} \S|\#!?.{0,40}shell archive|sed .{0,80}<< *\\?'?SHAR_EOF|X?SHAR_EOF$)", 2)


def appended_to(view: memoryview) -> int:
    """Where the archive behind a script begins; -1 for none."""
    if len(view) < _LEAST:
        return -1
    head = bytes(view[:_REACH])
    for match in _BEGINS.finditer(head):
        at = match.end()
        begin = head[at : at + formats.HEAD]
        if formats.form_of_packed(begin) or formats.closed_form(begin) or compression_of(begin):
            return at
    at = head.find(_USTAR)
    while at >= 0:
        begin = at - formats.USTAR[0]
        if begin > 0 and head[begin - 1 : begin] == b"\n" and formats.is_tar(head[begin : begin + formats.HEAD]):
            return begin
        at = head.find(_USTAR, at + 1)
    return -1


def is_text_archive(view: memoryview) -> bool:
    """Whether a script is an archive in text: what it would write is not read."""
    return _TEXT.search(bytes(view[:65_536])) is not None
