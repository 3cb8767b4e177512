"""Packages of Nix and of Guix: folders of the store, `nix/store/HASH-NAME-VERSION[-OUTPUT]` (Nix manual, "Store Path"; Guix
manual, "The Store": `gnu/store`, of the same form).

The store's names are all there is: no licence, no digest of a single file. The hash is of what the path was built from, so it
stands as a fact, not as a digest of the content. Derivations and sources (`.drv`, names without a version) are no packages.
"""

from typing import NamedTuple

from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.model import Component, Tree

STORE = "nix/store/"
GUIX_STORE = "gnu/store/"
_PATH = lazy(r"(?:nix|gnu)/store/([0-9a-df-np-sv-z]{32})-([^/]{1,211})")
_VERSION = lazy(r"-(?=\d)")
_OUTPUTS = frozenset({"bin", "debug", "dev", "devdoc", "dist", "doc", "env", "info", "lib", "man", "out", "static", "terminfo"})
_SOURCES = (".drv", ".patch", ".diff", ".tar.gz", ".tar.xz", ".tar.bz2", ".zip", ".lock", ".sh", ".service", ".conf")


class StoreCataloger:
    """See the module. `name`: also the type of its purls."""

    version = 1
    probes = ()

    def __init__(self, name: str, store: str) -> None:
        self.name = name
        self.interest = Interest(prefixes=(store,))
        self._store = store

    def keeps(self, path: str) -> bool:
        """Nothing: the names of files are enough."""
        return False

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for each store path with a version; it owns what lies below."""
        out = Collector(tree)
        known: dict[str, str | None] = {}
        for path in tree.entries:
            if not path.startswith(self._store):
                continue
            end = path.find("/", len(self._store))
            folder = path[:end] if end >= 0 else path
            if folder not in known:
                parsed = parse_store_path(folder)
                component = _component(out, self.name, folder, parsed, path) if parsed is not None else None
                known[folder] = component.ref if component is not None and out.component(component) else None
            ref = known[folder]
            if ref is not None:
                out.claim(path, ref)
        return out.result()


class StorePath(NamedTuple):
    """`digest`: 32 characters of Nix' base 32."""

    digest: str
    name: str
    version: str
    output: str


def parse_store_path(path: str) -> StorePath | None:
    """A path of the store that names a package in a version; else None."""
    match = _PATH.fullmatch(path)
    if match is None or match[2].endswith(_SOURCES):
        return None
    parts = _VERSION.split(match[2], maxsplit=1)
    if len(parts) < 2 or not parts[0]:
        return None
    version, _, output = parts[1].rpartition("-")
    if output not in _OUTPUTS or not version:
        version, output = parts[1], ""
    return StorePath(match[1], parts[0], version, output)


def _component(out: Collector, type_: str, folder: str, parsed: StorePath, path: str) -> Component:
    name, version = clean(parsed.name), clean(parsed.version)
    qualifiers = {"output": clean(parsed.output), "outputhash": parsed.digest}
    purl = build_purl(type_, name, version, qualifiers=qualifiers)
    facts = {"output": clean(parsed.output)} if parsed.output else {}
    return Component(
        ref=purl,
        purl=purl,
        type=type_,
        name=name,
        version=version,
        evidence=(folder,),
        layer=out.layer_of(path),
        facts=facts | {"store-hash": parsed.digest},
    )


NIX = StoreCataloger("nix", STORE)
GUIX = StoreCataloger("guix", GUIX_STORE)
