"""What an image's manifest and configuration say of it as a whole: OCI annotations and labels (OCI image-spec, annotations.md),
the base image, and what its history fetched past every package manager (config.md, «history»). Pure.

Labels are the builder's word, not evidence. Credentials that slipped into a history line are masked.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import read_json_object
from pratique.lexicon.text import clean
from pratique.model import Digest
from pratique.model.chain import Bases, chain_ids

_PREFIX = "org.opencontainers.image."
_SHOWN = (
    *("title", "version", "revision", "source", "url", "documentation", "vendor", "authors", "licenses", "description"),
    *("created", "ref.name", "base.name", "base.digest"),
)
_MAX_LINES = 200
_MAX_LINE = 600
_MAX_ALSO = 20
_FETCHES = lazy(
    r"\b(?:curl|wget|aria2c)\b|\bgit\s+clone\b|\bADD\b[^\n]{0,200}?\b(?:https?|git|ftp)(?:://|@)|\bpip3?\s+install\b[^\n]{0,200}?\b(?:https?|git\+)"
    r"|\bgo\s+install\b[^\n]{0,200}?@|\bnpm\s+(?:i|install)\b[^\n]{0,200}?\bhttps?:|\bcargo\s+install\b"
)
# The alternatives exclude each other, so nothing is tried twice; possessive groups, which would say so, fail in Python 3.11.2.
_ARGUMENTS = lazy(r"^\|\d+(?:\s+[A-Za-z_]\w*=(?:\"[^\"]*\"(?=\s)|[^\"\s]\S*|(?=\s)))*\s+")
_SECRETS = (
    (re.compile(r"(://)[^/@\s]+@"), r"\1***@"),
    (re.compile(r"((?:-H|--header|-u|--user)[ =]+)(?:\"[^\"]*\"|'[^']*'|\S+)"), r"\1***"),
    (re.compile(r"((?:token|password|passwd|secret|apikey|api_key|signature|sig)=)[^&\s\"']+", re.IGNORECASE), r"\1***"),
)


def image_facts(manifest: bytes, config: bytes) -> dict[str, str]:
    """Facts of the subject: `oci:NAME` by annotation before label, `history:NNN` for each line that fetched something."""
    document = _object(config)
    settings = document.get("config")
    labels = _texts(settings.get("Labels") if isinstance(settings, dict) else None)
    stated = {**labels, **_texts(_object(manifest).get("annotations"))}
    facts = {f"oci:{name}": stated[_PREFIX + name] for name in _SHOWN if stated.get(_PREFIX + name)}
    facts |= dict(_history(document.get("history")))
    return facts


def base_facts(diff_ids: Sequence[Digest], bases: Bases) -> dict[str, str]:
    """The base image by its layers: of those known, the one that most of these layers are from.

    `diff_ids`: the lowest first. Images of the very same layers cannot be told apart: the first by name is `base:name`, the
    others are `base:also:NNN`.
    """
    chains = chain_ids(diff_ids)
    for count in range(len(chains) - 1, 0, -1):
        first, *others = sorted(bases.get(chains[count - 1], ())) or (None,)
        if first is not None:
            facts = {
                "base:name": clean(first.name, 500),
                "base:digest": first.digest,
                "base:layers": f"{count} of {len(chains)}",
                "base:known-by": "its layers, which are the lowest of this image",
            }
            also = {
                f"base:also:{number:03}": f"{clean(one.name, 500)} {one.digest}"
                for number, one in enumerate(others[:_MAX_ALSO], 1)
            }
            return facts | also
    return {}


def _object(data: bytes) -> Mapping[str, Any]:
    try:
        return read_json_object(data)
    except Malformed:
        return {}  # whoever opened the image has refused what matters


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {key: text for key, one in list(value.items())[:5_000] if key.startswith(_PREFIX) and (text := clean(one, 500))}


def _history(value: Any) -> Iterator[tuple[str, str]]:
    found = 0
    for index, step in enumerate(value[:5_000] if isinstance(value, list) else ()):
        line = step.get("created_by") if isinstance(step, dict) else None
        if not isinstance(line, str) or not _FETCHES.search(line[:8_000]):
            continue
        found += 1
        if found > _MAX_LINES:
            return
        line = _ARGUMENTS.sub("", line[:8_000])
        for pattern, masked in _SECRETS:
            line = pattern.sub(masked, line)
        yield f"history:{index:03}", clean(line.removeprefix("/bin/sh -c ").removeprefix("#(nop) "), _MAX_LINE)
