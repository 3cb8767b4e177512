"""Package URLs (purl-spec) for what the catalogers find. Pure; never raises.

Plain names and versions are put together here, all others by packageurl-python, which is loaded only then.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote

_PLAIN = re.compile(r"[a-z0-9][a-z0-9.-]*")
_TYPE_SAFE = re.compile(r"[a-z][a-z0-9.-]*")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]*")


def build_purl(
    type_: str, name: str, version: str = "", *, namespace: str = "", qualifiers: Mapping[str, str] | None = None
) -> str:
    """`pkg:type/namespace/name@version?qualifiers`, canonical. Qualifiers without a value are left out."""
    given = tuple(sorted((key, value) for key, value in (qualifiers or {}).items() if value))
    return _build(type_, namespace, name, version, given)


@lru_cache(maxsize=32_768)
def _build(type_: str, namespace: str, name: str, version: str, qualifiers: tuple[tuple[str, str], ...]) -> str:
    if _PLAIN.fullmatch(name) and (not namespace or _PLAIN.fullmatch(namespace)) and _TYPE_SAFE.fullmatch(type_):
        path = f"{namespace}/{name}" if namespace else name
        tail = f"@{_quoted(version)}" if version else ""
        query = "&".join(f"{key}={_quoted(value)}" for key, value in qualifiers)
        return f"pkg:{type_}/{path}{tail}{'?' + query if query else ''}"
    from packageurl import PackageURL

    try:
        return PackageURL(type_, namespace or None, name, version or None, dict(qualifiers) or None).to_string()
    except ValueError:
        # A type has rules of its own for names; a package that breaks them is still listed.
        query = "&".join(f"{key}={_quoted(value)}" for key, value in qualifiers)
        path = "/".join(quote(part, safe="") for part in (*namespace.split("/"), name) if part)
        return f"pkg:{type_}/{path}@{_quoted(version)}{'?' + query if query else ''}"


def _quoted(text: str) -> str:
    # As packageurl-python quotes: unreserved characters and the colon stay.
    return text if _UNRESERVED.fullmatch(text) else quote(text, safe=":")
