"""Package URLs (purl-spec) for what the catalogers find. Pure; never raises.

Plain names are put together here; names that the type has rules for go through packageurl-python, which is loaded only then.
Unlike that library's, a slash in a version is quoted: unquoted, readers would take what follows for a name. So is one in the
value of a qualifier, as the specification has it now. Reading is in `purl_read`.
"""

from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from urllib.parse import quote

from pratique.lexicon.lazy_regex import lazy

_PLAIN = lazy(r"[a-z0-9][a-z0-9.-]*")
_UNRESERVED = lazy(r"[A-Za-z0-9._~-]*")


def build_purl(
    type_: str,
    name: str,
    version: str = "",
    *,
    namespace: str = "",
    qualifiers: Mapping[str, str] | None = None,
    subpath: str = "",
) -> str:
    """`pkg:type/namespace/name@version?qualifiers#subpath`, canonical. Qualifiers without a value are left out."""
    given = tuple(sorted((key, value) for key, value in (qualifiers or {}).items() if value))
    found = _build(type_, namespace, name, version, given)
    return f"{found}#{_steps(subpath)}" if subpath.strip("/") else found


@lru_cache(maxsize=32_768)
def _build(type_: str, namespace: str, name: str, version: str, qualifiers: tuple[tuple[str, str], ...]) -> str:
    tail = f"@{_quoted(version, ':')}" if version else ""
    query = "&".join(f"{key}={_quoted(value, ':')}" for key, value in qualifiers)
    return f"{_path(type_, namespace, name)}{tail}{'?' + query if query else ''}"


@lru_cache(maxsize=32_768)
def _path(type_: str, namespace: str, name: str) -> str:
    """`pkg:type/namespace/name`, spelled as the type demands."""
    if _PLAIN.fullmatch(name) and (not namespace or _PLAIN.fullmatch(namespace)):
        return f"pkg:{type_}/{namespace}/{name}" if namespace else f"pkg:{type_}/{name}"
    from packageurl import PackageURL

    # A type has rules of its own for names; a package that breaks them is still listed, as it is written.
    folders, last = namespace, name
    with suppress(ValueError, TypeError):
        parts = PackageURL(type_, namespace or None, name)
        if parts.name:
            folders, last = parts.namespace or "", parts.name
    if type_ == "git":
        # Its name is all the rest of the address: there a slash belongs to the name, and cannot pass for anything else.
        return "/".join([f"pkg:git/{_steps(folders)}", _steps(last)])
    # A slash or an at sign within the name could pass for a namespace or a version: it never stays unquoted.
    steps = [f"pkg:{type_}", *(part for part in folders.split("/") if part), last or "unnamed"]
    return "/".join([steps[0], *(_quoted(part, ":") for part in steps[1:])])


def _steps(path: str) -> str:
    """A path, each step quoted; empty ones and those that lead nowhere are left out."""
    return "/".join(_quoted(part, ":") for part in path.split("/") if part not in ("", ".", ".."))


def _quoted(text: str, safe: str) -> str:
    # As packageurl-python quotes: unreserved characters and the colon stay.
    return text if _UNRESERVED.fullmatch(text) else quote(text, safe=safe, errors="replace")
