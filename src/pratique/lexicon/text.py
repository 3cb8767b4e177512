"""Foreign text made fit for documents and terminals. Pure."""

from pratique.model import escape_path

MAX_CHARS = 1000


def clean(value: object, limit: int = MAX_CHARS) -> str:
    """`value` if it is text, on one line, at most `limit` characters; control, bidi and surrogate characters are dropped."""
    if not isinstance(value, str):
        return ""
    text = value[: limit * 4]
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " if char.isspace() else "" for char in text)
    return " ".join(text.split())[:limit].rstrip()


def shown_path(path: str) -> str:
    """`escape_path`, and what else does not print (bidi overrides, separators) as `%XX` of its UTF-8 bytes."""
    text = escape_path(path)
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogatepass")) for char in text
    )


def how_many(count: int, one: str, more: str = "") -> str:
    """A count with its noun: "1 place", "2,000 places". `more`: the plural where it is not `one` with an s."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"
