"""What a registry wants of us: the WWW-Authenticate header (RFC 9110 §11.6.1) and the Link header (RFC 8288 §3). Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_MAX_HEADER = 8192
_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # noqa: S105  (RFC 9110 §5.6.2)
_PARAMETER = re.compile(rf'\s*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_TOKEN}))\s*')
_SCHEME = re.compile(rf"[\s,]*({_TOKEN})(?=\s|,|$)")
_LINK = re.compile(r"\s*<([^<>]*)>((?:\s*;[^,]*)*)")
_NEXT = re.compile(r';\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next)\s*(?:;|$)', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Challenge:
    """`scheme`: lower case. `parameters`: by lower-case name."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def parse_challenges(header: str) -> list[Challenge]:
    """The challenges in a header in their order; what cannot be read ends the list."""
    header = header[:_MAX_HEADER]
    out: list[Challenge] = []
    position = 0
    while match := _SCHEME.match(header, position):
        position = match.end()
        parameters: dict[str, str] = {}
        while found := _PARAMETER.match(header, position):
            value = re.sub(r"\\(.)", r"\1", found[2]) if found[2] is not None else found[3]
            parameters.setdefault(found[1].lower(), value)
            position = found.end()
            if header[position : position + 1] != ",":
                break
            # A comma ends a parameter or a whole challenge: what follows tells.
            if not _PARAMETER.match(header, position + 1):
                break
            position += 1
        out.append(Challenge(match[1].lower(), parameters))
    return out


def next_link(header: str) -> str | None:
    """The target of the link with rel="next", as written; None if there is none."""
    for match in _LINK.finditer(header[:_MAX_HEADER]):
        if _NEXT.search(match[2]):
            return match[1]
    return None
