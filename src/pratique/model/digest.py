"""Content digests as OCI writes them (image-spec, descriptor.md, section Digests): `sha256:` and 64 lower-case hex digits."""

import hashlib
import re

from pratique.errors import Malformed

_FORM = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


class Digest(str):
    """`algorithm:hex`, checked. A `str`, so that it is a cheap dictionary key and renders as itself."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> "Digest":
        """Accept only the canonical spelling. Raises Malformed."""
        if not isinstance(text, str) or not _FORM.fullmatch(text):
            raise Malformed(f"not a digest: {str(text)[:80]!r}", hint="expected sha256: and 64 hexadecimal digits")
        return cls(text)

    @classmethod
    def of(cls, data: bytes) -> "Digest":
        """The SHA-256 digest of these bytes."""
        return cls("sha256:" + hashlib.sha256(data).hexdigest())

    @property
    def algorithm(self) -> str:
        """`sha256` or `sha512`."""
        return self.partition(":")[0]

    @property
    def hex(self) -> str:
        """The digits after the colon."""
        return self.partition(":")[2]

    @property
    def short(self) -> str:
        """Twelve digits, for people only."""
        return self.hex[:12]


def is_digest(text: str) -> bool:
    """Whether `text` is spelled as a digest; says nothing about any bytes."""
    return bool(_FORM.fullmatch(text))
