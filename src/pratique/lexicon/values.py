"""Values out of documents of strangers: what has the wrong type counts as not there. Digests and addresses in one form. Pure."""

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Any

from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.text import clean

ARCHIVE = "package archive"
_SIZES = {"md5": 32, "sha1": 40, "sha256": 64, "sha384": 96, "sha512": 128}
_USERINFO = lazy(r"(://)[^/?#]*@")
_SSH_USER = lazy(r"^[^/@:]*:[^/@]*@")


def table_or_empty(value: Any) -> dict[str, Any]:
    """The mapping, without keys that are not text (YAML has them); {} for anything else."""
    if not isinstance(value, dict):
        return {}
    return value if all(isinstance(key, str) for key in value) else {k: v for k, v in value.items() if isinstance(k, str)}


def list_or_empty(value: Any) -> list[Any]:
    """The list; [] for anything else."""
    return value if isinstance(value, list) else []


def text_or_empty(value: Any) -> str:
    """The text; a number as it is written (YAML reads the version 1.10 as one); "" for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return str(value)
        except ValueError:  # an integer of thousands of digits
            return ""
    return ""


def read_hex(algorithm: str, digest: str) -> dict[str, str]:
    """`{algorithm: digest}` in lower case if it has that algorithm's length in hex; else {}."""
    algorithm, digest = algorithm.lower().replace("-", ""), digest.lower()
    if len(digest) == _SIZES.get(algorithm, -1) and all(char in "0123456789abcdef" for char in digest):
        return {algorithm: digest}
    return {}


def read_hash(text: str) -> dict[str, str]:
    """`sha256:HEX` or `sha256=HEX`; {} for anything else."""
    algorithm, separator, digest = text.strip().replace("=", ":", 1).partition(":")
    return read_hex(algorithm, digest) if separator else {}


def read_integrity(text: str) -> dict[str, str]:
    """Subresource Integrity: `sha512-BASE64 sha1-BASE64?options`. Of equal algorithms the first counts."""
    found: dict[str, str] = {}
    for word in text.split(maxsplit=8)[:8]:
        algorithm, _, encoded = word.partition("?")[0].partition("-")
        try:
            digest = b64decode(encoded.encode("ascii", "replace"), validate=True).hex()
        except (Base64Error, ValueError):
            continue
        found = {**read_hex(algorithm, digest), **found}
    return found


def clean_url(value: Any) -> str:
    """An address without the user name and password that lock files sometimes hold: a bill of materials is passed on."""
    return _SSH_USER.sub("", _USERINFO.sub(r"\1", clean(value)))


def other_registry(address: Any, *public: str) -> str:
    """The address of a registry for a purl's `repository_url`; "" for one of the `public` ones, which a type means by itself."""
    url = clean_url(address).rstrip("/")
    host = url.removesuffix("/simple").partition("://")[2]  # a folder has none, and is nobody's registry
    return "" if host in ("", *public) else url


def joined(names: Any, limit: int = 50) -> str:
    """`a, b` of a list of names; "" for anything else."""
    return ", ".join(text for text in (clean(name, 100) for name in list_or_empty(names)[:limit]) if text)
