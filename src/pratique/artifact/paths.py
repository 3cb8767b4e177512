"""Names inside an archive, made into paths below its root, or refused. Pure."""

from pratique.errors import Malformed


def clean_path(name: bytes) -> str:
    """The name without leading `/` and `./`, doubled or trailing slashes; "" for the root itself.

    Decoded as UTF-8 with `surrogateescape`, so that every byte survives. Raises Malformed for `..` and NUL: no honest
    builder writes them, and readers differ in what they make of them.
    """
    text = name.decode("utf-8", "surrogateescape")
    if text.endswith("/"):
        text = text.rstrip("/")
    if text.startswith("./") and text[2:3] != "/":
        text = text[2:]
    # The common name needs nothing; only one with a dot or a slash in an unusual place is taken apart.
    if text[:1] not in ("", "/", ".") and "/." not in text and "//" not in text and "\0" not in text:
        return text
    if "\0" in text:
        raise Malformed(f"path escape: {shown(text)} contains NUL")
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise Malformed(f"path escape: {shown(text)} climbs out with ..")
    return "/".join(parts)


def shown(text: str) -> str:
    """A path for an error: quoted, shortened, control characters escaped."""
    return repr(text if len(text) <= 120 else text[:117] + "...")
