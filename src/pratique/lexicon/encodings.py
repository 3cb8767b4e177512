"""Which Unicode encoding the bytes of a text are in: by its byte order mark, else by where its zeros are. Pure; never raises.

Editors and shells of Windows write UTF-16 and byte order marks into files that everything else takes for UTF-8: read as such,
they hold nothing that anybody would recognise, and an inventory would be empty without a word.
"""

_MARKS = (  # UTF-32's little-endian mark begins with UTF-16's
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_ZEROS: dict[tuple[bool, ...], str] = {
    # Of the first four bytes, which are zero in a text that begins with ASCII (as RFC 4627 §3 told them apart for JSON).
    (False, True, True, True): "utf-32-le",
    (True, True, True, False): "utf-32-be",
    (False, True, False, True): "utf-16-le",
    (True, False, True, False): "utf-16-be",
}


def decode_text(data: bytes) -> str:
    """The text without its byte order mark; what is not valid in the encoding is replaced."""
    encoding, begin = _encoding(data)
    return data[begin:].decode(encoding, "replace").removeprefix("\ufeff")


def as_utf8(data: bytes) -> bytes:
    """The same as UTF-8 without a byte order mark; bytes that are UTF-8 already stay what they are, valid or not."""
    encoding, begin = _encoding(data)
    return data[begin:] if encoding == "utf-8" else data[begin:].decode(encoding, "replace").encode()


def _encoding(data: bytes) -> tuple[str, int]:
    """Its name, and the length of the mark."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding, len(mark)
    head = tuple(byte == 0 for byte in data[:4])
    return _ZEROS.get(head, "utf-8") if len(head) == 4 else "utf-8", 0
