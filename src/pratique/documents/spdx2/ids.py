"""Identifiers of SPDX 2 (SPDX 2.3 §7.2): `SPDXRef-` and letters, digits, `.` and `-`. Pure."""

import re

from pratique.documents.spdx_common import short_hash
from pratique.lexicon.lazy_regex import lazy

_VALID = lazy(r"SPDXRef-[A-Za-z0-9.-]+")
_MAX_SLUG = 80


def spdx2_id(ref: str) -> str:
    """The identifier that stands for a ref: itself, if it is one; else its words and a hash that keeps it unique."""
    if _VALID.fullmatch(ref) and ref != "SPDXRef-DOCUMENT":
        return ref
    words = ref.removeprefix("pkg:").partition("?")[0].replace("%40", "")
    slug = re.sub(r"[^A-Za-z0-9.]+", "-", words).strip("-.")[:_MAX_SLUG].strip("-.")
    return f"SPDXRef-{slug}-{short_hash(ref)}" if slug else f"SPDXRef-{short_hash(ref)}"
