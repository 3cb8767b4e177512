"""Which registry a Node project takes its packages from, where its lock file does not say: `.npmrc` of npm and pnpm,
`.yarnrc.yml` of yarn 2 and later, `bunfig.toml` of bun. Pure.

These files hold passwords and tokens, too: they are never kept; a probe takes the addresses of registries out of them.
"""

import json
import re
from typing import Any

from pratique.artifact.content import FileContent
from pratique.artifact.selection import Interest
from pratique.cataloging.origins import PUBLIC, Origin, place_in
from pratique.cataloging.package_lists import File
from pratique.ecosystems.npm.origins import registry_of
from pratique.lexicon.encodings import as_utf8
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import load_toml, load_yaml, read_json_object
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url, table_or_empty, text_or_empty

_LINE = lazy(rb"^[ \t]*(?:(@[\w.-]{1,200}):)?registry[ \t]*=[ \t]*[\"']?(https?://[^\s\"']{1,500})", re.MULTILINE)
_MAX_BYTES = 1 << 20
_MAX_SCOPES = 500


class RegistryProbe:
    """Facts: JSON, scope (`@acme`, "" for all others) → address of a registry, without a password."""

    name = "node-registries"
    interest = Interest(names=frozenset({".npmrc", ".yarnrc.yml", "bunfig.toml"}))

    def applies(self, path: str, size: int, head: bytes) -> bool:
        """Small texts."""
        return 0 < size <= _MAX_BYTES and b"\0\0" not in head

    def read(self, content: FileContent) -> bytes:
        """Raises Malformed."""
        data = as_utf8(content.read(0, _MAX_BYTES))
        if b"npmRegistryServer" in data:
            found = _of_yarn(table_or_empty(load_yaml(data)))
        elif b"[install" in data:
            found = _of_bun(table_or_empty(load_toml(data).get("install")))
        else:
            found = {one[1].decode() if one[1] else "": one[2].decode("utf-8", "replace") for one in _LINE.finditer(data)}
        told = {clean(scope, 214): clean_url(address) for scope, address in list(found.items())[:_MAX_SCOPES] if address}
        return json.dumps(told, sort_keys=True).encode() if told else b""


def _of_yarn(document: dict[str, Any]) -> dict[str, str]:
    found = {"": text_or_empty(document.get("npmRegistryServer"))}
    for scope, value in table_or_empty(document.get("npmScopes")).items():
        found[f"@{scope}"] = text_or_empty(table_or_empty(value).get("npmRegistryServer"))
    return found


def _of_bun(install: dict[str, Any]) -> dict[str, str]:
    def address(value: Any) -> str:
        return text_or_empty(value) or text_or_empty(table_or_empty(value).get("url"))

    scopes = table_or_empty(install.get("scopes"))
    return {"": address(install.get("registry")), **{f"@{name.lstrip('@')}": address(value) for name, value in scopes.items()}}


class Registries:
    """Of the project that a lock file is of."""

    def __init__(self, file: File, name: str) -> None:
        facts = file.out.tree.facts.get(place_in(file.folder, name), {}).get(RegistryProbe.name)
        self._known: dict[str, Any] = read_json_object(facts) if facts else {}

    def doubt(self, file: File, package: str, origin: Origin, resolved: str) -> None:
        """Tell where a package of a scope that has a registry of its own is locked from another: whoever took its name there may
        have made it."""
        wanted = registry_of(text_or_empty(self._known.get(package.partition("/")[0]))) if package.startswith("@") else PUBLIC
        if resolved.startswith("http") and not wanted.is_public and origin.is_public:
            host = clean_url(resolved).partition("://")[2].partition("/")[0]
            own = wanted.qualifiers.get("repository_url", "")
            file.unknown(f"{clean(package, 214)} is locked from {clean(host, 200)}, but the project takes its scope from {own}")

    def origin(self, package: str) -> Origin:
        """Where a package of that name, with its scope, is taken from."""
        if not self._known:
            return PUBLIC
        scope = package.partition("/")[0] if package.startswith("@") else ""
        return registry_of(text_or_empty(self._known.get(scope)) or text_or_empty(self._known.get("")))
