"""Snaps: `meta/snap.yaml` of a snap that is mounted or unpacked (Snap format, The snap.yaml file).

A snap is one squashed file to its store: there is no digest for a single file in it, so its files are owned and unchecked.
"""

from typing import Any

from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import normalise
from pratique.lexicon.parse import load_yaml
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.lexicon.values import text_or_empty
from pratique.model import Component, ComponentKind, Tree

_UNPACKED = "meta/snap.yaml"
_MOUNTED = lazy(r"(?:var/lib/snapd/)?snap/[a-z0-9_-]+/[^/]+/meta/snap\.yaml")
_KINDS = {"os": ComponentKind.OPERATING_SYSTEM, "base": ComponentKind.PLATFORM, "kernel": ComponentKind.OPERATING_SYSTEM}


class SnapCataloger:
    """See the module."""

    name = "snap"
    version = 1
    interest = Interest(names=frozenset({"snap.yaml"}))
    probes = ()

    def keeps(self, path: str) -> bool:
        """The description of a snap: at the root of what is read, or below `snap/NAME/REVISION`."""
        return path == _UNPACKED or _MOUNTED.fullmatch(path) is not None

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for each snap; it owns what lies beside its description."""
        out = Collector(tree)
        owners: dict[str, str] = {}
        for path in sorted(path for path in tree.contents if self.keeps(path)):
            try:
                document = load_yaml(tree.contents[path])
            except Malformed as error:
                out.unread(path, error.message)
                continue
            component = _component(out, path, document)
            if component is not None and out.component(component):
                owners[path.removesuffix(_UNPACKED)] = component.ref
        if owners:
            folders = tuple(owners)
            for path in tree.entries:
                if path.startswith(folders):
                    # Longest first: a snap may lie in a snap.
                    folder = next((one for one in _parents(path) if one in owners), "")
                    out.claim(path, owners[folder])
        return out.result()


def _parents(path: str) -> list[str]:
    """`a/b/c` → `a/b/`, `a/`, ``; of at most eight folders: snaps do not lie deeper."""
    parts = path.split("/", 8)[:-1]
    return ["/".join([*parts[:count], ""]) for count in range(len(parts), -1, -1)]


def _component(out: Collector, path: str, document: Any) -> Component | None:
    fields: dict[str, Any] = document if isinstance(document, dict) else {}
    name, version = clean(fields.get("name")), clean(fields.get("version"))
    if not name:
        out.unread(path, "describes a snap without a name")
        return None
    architectures = fields.get("architectures")
    arch = clean(architectures[0]) if isinstance(architectures, list) and len(architectures) == 1 else ""
    purl = build_purl("snap", name, version, qualifiers={"arch": arch})
    licence = normalise(text_or_empty(fields.get("license")))
    facts = {key: text for key in ("base", "grade", "confinement", "type") if (text := clean(fields.get(key), 64))}
    return Component(
        ref=purl,
        purl=purl,
        type="snap",
        name=name,
        version=version,
        kind=_KINDS.get(clean(fields.get("type"), 64), ComponentKind.APPLICATION),
        licences=(licence,) if licence else (),
        description=clean(fields.get("summary")),
        homepage=clean(fields.get("website")),
        evidence=(path,),
        layer=out.layer_of(path),
        facts=facts,
    )
