"""Lock files of conda environments: `conda-lock.yml` (versions 1) and `pixi.lock` (versions 4 to 6). DECLARED.

Both hold packages of conda and of PyPI for several platforms: a conda package by its address, in whose last part stand name,
version and build, `numpy-1.26.4-py311h64a7726_0.conda` (conda documentation, "Package naming conventions").
"""

from collections.abc import Iterator, Mapping

from pratique.cataloging.origins import PUBLIC, Origin, at_path, at_repository
from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import load_yaml
from pratique.lexicon.values import clean_url, list_or_empty, read_hex, table_or_empty, text_or_empty
from pratique.model import Component, Presence

_ADDRESS = lazy(r"(?:https?://[^\s]*?/)?([^/\s]+)/([^/\s]+)/([^/\s]+)-([^/\s-]+)-([^/\s-]+)\.(tar\.bz2|conda)(?:#.*)?")
_NEED = lazy(r"\s*(?:[\w.-]+::)?([\w.-]+)")
_EXTRA = lazy(r";.*\bextra\s*==")
_PYPI = ("https://files.pythonhosted.org/", "https://pypi.org/")


def _read_conda_lock(file: File) -> Iterator[Found]:
    document = table_or_empty(load_yaml(file.data))
    if "package" not in document:
        raise Malformed("not a lock file of conda")
    for entry in map(table_or_empty, list_or_empty(document["package"])):
        name, version, url = (text_or_empty(entry.get(key)) for key in ("name", "version", "url"))
        sums = table_or_empty(entry.get("hash"))
        hashes = read_hex("sha256", text_or_empty(sums.get("sha256"))) | read_hex("md5", text_or_empty(sums.get("md5")))
        scope = "dev" if entry.get("category") in ("dev", "test") else ""
        if entry.get("manager") == "pip":
            component = _pypi(file, name, version, url, hashes, scope)
        else:
            component = _conda(file, url, hashes, scope, name, version)
        if component is not None:
            platform = text_or_empty(entry.get("platform"))
            # What begins like this is a property of the system, and no package.
            needs = [f"{platform} {need}" for need in table_or_empty(entry.get("dependencies")) if not need.startswith("__")]
            yield Found(component, (f"{platform} {name}",), needs)


def _read_pixi(file: File) -> Iterator[Found]:
    document = table_or_empty(load_yaml(file.data))
    if "packages" not in document or "environments" not in document:
        raise Malformed("not a lock file of pixi")
    found: list[tuple[Component, str, str, list[str]]] = []
    for entry in map(table_or_empty, list_or_empty(document["packages"])):
        hashes = read_hex("sha256", text_or_empty(entry.get("sha256"))) | read_hex("md5", text_or_empty(entry.get("md5")))
        kind = text_or_empty(entry.get("kind"))  # before version 6 the address stood in a field of its own
        conda = text_or_empty(entry.get("conda")) or (text_or_empty(entry.get("url")) if kind == "conda" else "")
        pypi = text_or_empty(entry.get("pypi")) or (text_or_empty(entry.get("url")) if kind == "pypi" else "")
        name, version = text_or_empty(entry.get("name")), text_or_empty(entry.get("version"))
        if conda:
            component = _conda(file, conda, hashes, "", name, version)
        elif pypi:
            component = _pypi(file, name, version, pypi, hashes, "")
        else:
            continue
        if component is not None:
            subdir = clean_url(conda).rpartition("/")[0].rpartition("/")[2] if conda else ""
            asked = entry.get("depends") if conda else entry.get("requires_dist")
            found.append((component, "conda" if conda else "pypi", subdir, [text_or_empty(one) for one in list_or_empty(asked)]))
    known = {f"{kind} {_normal(one.name)}" for one, kind, _, _ in found}
    known |= {f"{kind} {_normal(one.name)} {subdir}" for one, kind, subdir, _ in found}
    for one, kind, subdir, asked in found:
        name = f"{kind} {_normal(one.name)}"
        needs = [need for text in asked for need in _needed(text, kind, subdir, known)]
        yield Found(one, (name, f"{name} {subdir}") if subdir else (name,), needs)


def _needed(text: str, kind: str, subdir: str, known: set[str]) -> list[str]:
    """The keys of what a package needs: of its own platform or of all, where it is for one. A requirement of PyPI (PEP 508) may
    be met by a package of conda, and one with a marker by none."""
    match = _NEED.match(text[:1000])
    if match is None or match[1].startswith("__") or _EXTRA.search(text):
        return []
    name = _normal(match[1])
    keys = [f"{kind} {name} {subdir}", f"{kind} {name} noarch"] if subdir not in ("", "noarch") else []
    found = [key for key in keys if key in known] or [key for key in (f"{kind} {name}", f"conda {name}") if key in known][:1]
    return found or ([] if ";" in text and kind == "pypi" else [f"{kind} {name}"])


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _conda(file: File, url: str, hashes: Mapping[str, str], scope: str, name: str, version: str) -> Component | None:
    match = _ADDRESS.fullmatch(clean_url(url))
    if match is None:
        return file.package("conda", name, version, hashes=hashes, facts={"scope": scope, "resolved": clean_url(url)})
    channel, subdir, own, stated, build, archive = match.groups()
    qualifiers = {"channel": channel, "subdir": subdir, "build": build, "type": archive}
    facts = {"scope": scope, "resolved": clean_url(url).partition("#")[0]}
    return file.package("conda", own, stated, qualifiers=qualifiers, hashes=hashes, facts=facts)


def _pypi(file: File, name: str, version: str, url: str, hashes: Mapping[str, str], scope: str) -> Component | None:
    address = clean_url(url).partition("#")[0]
    origin = PUBLIC
    if address.startswith("git+"):
        origin = at_repository(clean_url(url).removeprefix("git+"))
    elif not address.startswith(("http://", "https://")):
        origin = at_path(address)
    elif not address.startswith(_PYPI):
        origin = Origin({"download_url": address}, address=address)
    facts = {"scope": scope} | ({"resolved": address} if origin is PUBLIC else {})
    return file.package("pypi", _normal(name), version, shown=name, origin=origin, hashes=hashes, facts=facts)


CONDA_LOCK = FileCataloger(
    "conda-lock",
    1,
    ListSource(read=_read_conda_lock, presence=Presence.DECLARED, names=("conda-lock.yml", "conda-lock.yaml")),
    ListSource(read=_read_pixi, presence=Presence.DECLARED, names=("pixi.lock",)),
)
