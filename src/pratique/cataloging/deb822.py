"""Debian control data (deb822(5), Debian Policy §5.1): stanzas of fields, and relations between packages. Pure.

Lenient as dpkg itself is with what is installed: lines that are no field are passed over, the first of two equal fields counts.
"""

from collections.abc import Iterator, Mapping

from pratique.lexicon.lazy_regex import lazy

_SPLIT = lazy(r"\n(?:[ \t]*\n)+")
_RELATION = lazy(r"[ \t]*([A-Za-z0-9][A-Za-z0-9+.-]*)(?::([a-z0-9-]+))?[ \t]*(?:\(([^()]*)\))?")


def read_stanzas(text: str) -> Iterator[dict[str, str]]:
    """Each paragraph as field name (lower case) → value; lines of a folded value stay separated by newlines."""
    for paragraph in _SPLIT.split(text):
        fields = read_fields(paragraph)
        if fields:
            yield fields


def read_fields(paragraph: str) -> dict[str, str]:
    """One paragraph's fields."""
    folded: dict[str, list[str]] = {}
    value: list[str] | None = None
    for line in paragraph.split("\n"):
        if not line:
            continue
        if line[0] in " \t":
            if value is not None:
                value.append(line)
            continue
        name, colon, rest = line.partition(":")
        value = None
        if colon and line[0] != "#":
            name = name.strip().lower()
            fresh = [rest.strip()]
            value = fresh if folded.setdefault(name, fresh) is fresh else None
    return {name: "\n".join(lines) for name, lines in folded.items()}


def read_relations(value: str) -> list[list[tuple[str, str]]]:
    """`a (>= 1), b:any | c` as groups of alternatives, each (name, architecture qualifier). Versions are passed over."""
    groups: list[list[tuple[str, str]]] = []
    for group in value.split(","):
        matches = (_RELATION.match(alternative.strip()) for alternative in group.split("|"))
        names = [(match[1], match[2] or "") for match in matches if match]
        if names:
            groups.append(names)
    return groups


def read_source(fields: Mapping[str, str]) -> tuple[str, str]:
    """Name and version of the source package (Policy §5.6.1): `Source: gcc-12 (12.2.0-14)`; by default the package's own."""
    match = _RELATION.match(fields.get("source", ""))
    if not match:
        return fields.get("package", ""), fields.get("version", "")
    return match[1], (match[3] or fields.get("version", "")).strip()
