"""What may be searched for: a purl or a name, with `*` for any characters. Pure.

`pkg:deb/debian/openssl` is that type, namespace and name in any version; `@3.0.*` narrows the version; a purl with
qualifiers is compared whole. A word without `pkg:` is a component's name. `pkg:deb/*` is everything of a type.
"""

from dataclasses import dataclass
from urllib.parse import unquote

from pratique.errors import InputError

MAX_PATTERN_CHARS = 1_000
_LOWER_CASE = frozenset({"alpm", "apk", "bitbucket", "composer", "deb", "github", "hex", "pypi", "rpm"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPattern:
    """Globs by column; None means anything. Either `purl` alone, or some of the others."""

    purl: str | None = None
    type: str | None = None
    namespace: str | None = None
    name: str | None = None
    version: str | None = None


def parse_pattern(text: str) -> SearchPattern:
    """Read a search pattern. Raises InputError."""
    text = text.strip()
    if not text or len(text) > MAX_PATTERN_CHARS or not text.isprintable():
        raise InputError("nothing to search for", hint="try a purl such as pkg:deb/debian/openssl, or a name")
    if not text.startswith("pkg:"):
        name, version = _versioned(text)
        return SearchPattern(name=name, version=version)
    if "?" in text or "#" in text:
        return SearchPattern(purl=text)
    kind, separator, rest = text.removeprefix("pkg:").strip("/").partition("/")
    if not separator or not kind:
        raise InputError(f"not a purl: {text[:80]}", hint="a purl has a type and a name: pkg:deb/debian/openssl")
    kind = kind.lower()
    namespace, _, last = rest.rpartition("/")
    name, version = _versioned(last)
    if kind in _LOWER_CASE:
        name, namespace = name.lower(), namespace.lower()
    if kind == "pypi":
        name = name.replace("_", "-")
    anything = name == "*" and not namespace
    return SearchPattern(type=kind, namespace=None if anything else unquote(namespace), name=name, version=version)


def like(glob: str) -> str:
    """The LIKE pattern (escape character `\\`) of a glob."""
    escaped = glob.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%")


def _versioned(text: str) -> tuple[str, str | None]:
    name, separator, version = text.rpartition("@")
    if not separator or not name:  # "@scope" is a name, not a version
        return unquote(text), None
    return unquote(name), unquote(version) if version else None
