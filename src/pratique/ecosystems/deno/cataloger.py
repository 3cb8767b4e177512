"""Deno: deno.lock (versions 1 to 5) and the imports of deno.json (Deno manual, "Modules and dependencies").

What it locks comes from three places: JSR, npm, and addresses. Of an address a version is taken where its host is known to
write it there; other addresses name files, no packages. An import of deno.json is a requirement, read where no lock file lies
beside it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.cataloging.pins import single_version
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import load_jsonc, read_json_object
from pratique.lexicon.values import clean_url, list_or_empty, read_hex, read_integrity, table_or_empty, text_or_empty
from pratique.model import Component, Presence

_SPECIFIER = lazy(r"(?:(jsr|npm):/?)?((?:@[^/@\s]+/)?[^/@\s]+)(?:@([^/\s]+))?(?:/.*)?")
_LAND = lazy(r"https://deno\.land/(?:x/)?([\w.-]+)@v?([\w.+-]+)/.*")
_PEERS = "_"


def _read_lock(file: File) -> Iterator[Found]:
    document = read_json_object(file.data)
    version = text_or_empty(document.get("version"))
    if version not in ("", "1", "2", "3", "4", "5"):
        file.unread(f"a deno.lock of version {version[:20]}, which is not known")
    # Before version 4 packages stood one level deeper; version 1 was the list of addresses alone.
    outer = table_or_empty(document.get("packages")) or document
    npm = table_or_empty(outer.get("npm"))
    npm = table_or_empty(npm.get("packages")) or npm
    jsr = table_or_empty(outer.get("jsr"))
    remote = table_or_empty(document.get("remote")) if version or "remote" in document else document
    if not (npm or jsr or remote or version):
        raise Malformed("not a lock file of Deno")
    for kind, packages in (("jsr", jsr), ("npm", npm)):
        for key, value in packages.items():
            yield from _locked(file, kind, key, table_or_empty(value))
    yield from _remote(file, remote)


def _locked(file: File, kind: str, key: str, entry: Mapping[str, Any]) -> Iterator[Found]:
    match = _SPECIFIER.fullmatch(key[:500])
    version = (match[3] or "").partition(_PEERS)[0] if match else ""  # npm's peers stand behind it
    integrity = text_or_empty(entry.get("integrity"))
    hashes = read_integrity(integrity) if kind == "npm" else read_hex("sha256", integrity)
    component = _package(file, kind, match[2] if match else key, version, hashes=hashes)
    if component is not None:
        needs = entry.get("dependencies")
        names = list(needs.values()) if isinstance(needs, dict) else list_or_empty(needs)
        yield Found(component, (f"{kind}:{key}", f"{kind}:{component.name}"), (_key(kind, text_or_empty(name)) for name in names))


def _key(kind: str, name: str) -> str:
    """What a dependency names: `jsr:@std/path@1`, `npm:x`, `x@1.0.0` of the same kind."""
    match = _SPECIFIER.fullmatch(name[:500])
    if match is None:
        return ""
    own = match[1] or kind
    return f"{own}:{match[2]}@{match[3]}" if own == "npm" and match[3] else f"{own}:{match[2]}"


def _package(file: File, kind: str, name: str, version: str, **more: Any) -> Component | None:
    scope, slash, short = name.rpartition("/")
    covers = "package archive" if kind == "npm" else "list of files"
    return file.package(kind, short, version, namespace=scope if slash else "", shown=name, hash_covers=covers, **more)


def _remote(file: File, addresses: Mapping[str, Any]) -> Iterator[Found]:
    found: dict[tuple[str, str], str] = {}
    loose = 0
    for address in addresses:
        match = _LAND.fullmatch(address[:1_000])
        if match:
            found.setdefault((match[1], match[2]), address[: match.end(2)])
        elif address.startswith(("https://", "http://")):
            loose += 1
    for (name, version), address in found.items():
        url = clean_url(address)
        component = file.package("generic", name, version, qualifiers={"download_url": url}, facts={"resolved": url})
        if component is not None:
            yield Found(component)
    if loose:
        file.unknown(f"{loose} modules at addresses that name no package")


def _read_config(file: File) -> Iterator[Found]:
    if f"{file.folder}/deno.lock".lstrip("/") in file.out.tree.entries:
        return  # which tells what was taken
    document = table_or_empty(load_jsonc(file.data))
    for value in table_or_empty(document.get("imports")).values():
        match = _SPECIFIER.fullmatch(text_or_empty(value)[:500])
        if match and match[1]:
            asked = match[3] or ""
            version = single_version(asked)
            component = _package(file, match[1], match[2], version, facts={"requirement": "" if version else asked})
            if component is not None:
                yield Found(component)


DENO = FileCataloger(
    "deno",
    1,
    ListSource(read=_read_lock, presence=Presence.DECLARED, names=("deno.lock",)),
    ListSource(read=_read_config, presence=Presence.DECLARED, names=("deno.json", "deno.jsonc")),
)
