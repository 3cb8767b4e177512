"""What the readers of Python's lock files share: names (PEP 503), requirements (PEP 508), digests of archives. Pure."""

import re
from collections.abc import Iterable, Mapping
from posixpath import basename
from typing import Any

from pratique.cataloging.origins import PUBLIC, Origin, at_address, at_path, at_registry, at_repository
from pratique.cataloging.package_lists import File
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url, read_hash, read_hex, text_or_empty
from pratique.model import Component

_REQUIREMENT = lazy(r"[ \t]*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")
_MAX_DIGESTS = 20
_PUBLIC = ("pypi.org", "pypi.python.org")


def normalised(name: str) -> str:
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def required(requirement: Any) -> str:
    """The normalised name in a requirement (PEP 508); "" for none."""
    match = _REQUIREMENT.match(text_or_empty(requirement)[:500])
    return normalised(match[1]) if match else ""


def archive(entry: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """File name and digests of an sdist or wheel in a lock file: `file`, `url` or `path`; `hash` or `hashes`."""
    name = (
        text_or_empty(entry.get("file"))
        or text_or_empty(entry.get("name"))
        or text_or_empty(entry.get("url"))
        or text_or_empty(entry.get("path"))
    )
    given = entry.get("hashes")
    hashes: dict[str, str] = {}
    for algorithm, digest in given.items() if isinstance(given, dict) else ():
        hashes |= read_hex(text_or_empty(algorithm), text_or_empty(digest))
    return basename(name.partition("?")[0].partition("#")[0]), hashes or read_hash(text_or_empty(entry.get("hash")))


def pypi_package(
    file: File,
    name: str,
    version: Any,
    archives: Iterable[tuple[str, Mapping[str, str]]] = (),
    *,
    facts: Mapping[str, str] | None = None,
    index: Any = "",
    origin: Origin = PUBLIC,
    **more: Any,
) -> Component | None:
    """A component. `archives`: file names (or "") and digests of what may be installed for it. `index`: where it is from;
    `origin`: where instead.

    A component has one digest. It is that of the only archive there is; else of the wheel that fits every platform; which of
    several wheels is taken, no lock file says: then the digests are listed as a fact.
    """
    given = [(clean(name_, 200), hashes) for name_, hashes in archives if hashes]
    pure = [one for one in given if one[0].endswith("-none-any.whl")]
    chosen, hashes = given[0] if len(given) == 1 else pure[0] if len(pure) == 1 else ("", {})
    told = dict(facts or {})
    told["archive"] = chosen
    if given and not hashes:
        names = [f"{algorithm}:{digest}" for _, each in given[:_MAX_DIGESTS] for algorithm, digest in each.items()]
        told["archive digests"] = " ".join(names) + (" …" if len(given) > _MAX_DIGESTS else "")
    if origin.is_public:
        origin = at_registry(index, *_PUBLIC)
    return file.package("pypi", normalised(clean(name)), version, origin=origin, shown=name, hashes=hashes, facts=told, **more)


def origin_of(source: Any, commit: Any = "") -> Origin:
    """The same for the purl. `commit`: where it stands elsewhere."""
    table = source if isinstance(source, dict) else {}
    for tool in ("git", "hg", "svn", "bzr"):
        if table.get(tool):
            return at_repository(table[tool], commit, tool=tool, folder=table.get("subdirectory"))
    if table.get("url") or table.get("file"):
        return at_address(table.get("url") or table.get("file"))
    return at_path(next((table[key] for key in ("path", "directory", "editable", "virtual") if table.get(key)), ""))


def origin(source: Any) -> str:
    """Where a package that is not from a registry comes from: `git+https://…@commit`, an address or a path; else ""."""
    table = source if isinstance(source, dict) else {}
    for key in ("git", "url", "path", "directory", "editable"):
        value = clean_url(table.get(key))
        if value:
            return f"git+{value}" if key == "git" else value
    return ""
