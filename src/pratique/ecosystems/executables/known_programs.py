"""Programs and libraries known by their bytes: what stands there without a package, or after its database was removed.

The table is `signatures.py` beside this. A product that lies at several places in one version is one component.
"""

import re

from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.ecosystems.executables.signatures import SIGNATURES, ProgramSignature, SignatureProbe
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.model import Component, ComponentKind, Presence, Tree

_PREFIX = "signature-"
_UPDATE = lazy(r"([\d.]+?)((?:p|rc|beta|alpha|a|b)\d+)")


class SignatureCataloger:
    """See the module."""

    name = "signatures"
    version = 4
    interest = Interest()
    probes = tuple(SignatureProbe(signature) for signature in SIGNATURES.values())

    def keeps(self, path: str) -> bool:
        """None: the probes read what is needed."""
        return False

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for each file that was recognised."""
        out = Collector(tree)
        for path in sorted(tree.facts):
            for probe, fact in sorted(tree.facts[path].items()):
                signature = SIGNATURES.get(probe.removeprefix(_PREFIX)) if probe.startswith(_PREFIX) else None
                if signature and not out.component(_component(out, path, signature, clean(fact.decode("ascii", "replace"), 64))):
                    return out.result()
        return out.result()


def _component(out: Collector, path: str, signature: ProgramSignature, version: str) -> Component:
    purl = build_purl("generic", signature.name, version, namespace=signature.namespace)
    return Component(
        ref=purl,
        purl=purl,
        type="generic",
        name=signature.name,
        version=version,
        kind=ComponentKind.APPLICATION if signature.application else ComponentKind.LIBRARY,
        presence=Presence.RECOGNISED,
        cpes=tuple(f"cpe:2.3:a:{product}:{_cpe_version(version)}:*:*:*:*:*:*" for product in signature.cpes),
        evidence=(path,),
        layer=out.layer_of(path),
    )


def _cpe_version(version: str) -> str:
    """Version and update, quoted as CPE 2.3 names are (NIST IR 7695 §6.2)."""
    split = _UPDATE.fullmatch(version)
    parts = split.groups() if split else (version, "*")
    return ":".join(part if part == "*" else re.sub(r"([^\w.-])", r"\\\1", part) for part in parts)
