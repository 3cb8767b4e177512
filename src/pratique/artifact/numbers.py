"""Numbers of tar headers, read strictly: Python's `int` would take signs, underscores and prefixes. Pure."""

from pratique.errors import Malformed


def number(field: bytes, offset: int, what: str) -> int:
    """Octal digits between spaces up to a NUL, 0 if there are none; base-256 (GNU tar) when the first bit is set."""
    digits = field.rstrip(b"\0 ")
    if digits.isdigit() and b"8" not in digits and b"9" not in digits:  # as nearly every writer does
        return int(digits, 8)
    if field[0] >= 0x80:
        value = int.from_bytes(field[1:], "big")
        if field[0] != 0x80 or value >= 1 << 63:
            raise bad(offset, f"{what} is negative or too large")
        return value
    digits = field.partition(b"\0")[0].strip(b" ")
    if not digits:
        return 0
    if not digits.isdigit() or b"8" in digits or b"9" in digits:
        raise bad(offset, f"{what} is not a number")
    return int(digits, 8)


def decimal(text: bytes, offset: int, what: str) -> int:
    """Decimal digits and nothing else, below 2⁶³."""
    if not text.isdigit() or len(text) > 19 or int(text) >= 1 << 63:
        raise bad(offset, f"{what} is not a number")
    return int(text)


def bad(offset: int, what: str) -> Malformed:
    """The error for something wrong in the header at `offset`."""
    return Malformed(f"{what} (at byte {offset} of the archive)")
