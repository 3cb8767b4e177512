"""What executables say of themselves beyond Go and Rust: the package they were built for, and the version of a Windows file.

Both are weaker than a package database, and yield to it: what a package owns is left out (see `inventory/unpackaged.py`).
"""

from typing import Any

from pratique.artifact.selection import Interest
from pratique.cataloging.binary.executable import ExecutableProbe, executable_facts
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.model import Component, ComponentKind, Presence, Tree

_DISTRIBUTIONS = {"deb", "rpm", "apk", "alpm"}
_MICROSOFT = "Microsoft Corporation"


class ExecutableCataloger:
    """See the module."""

    name = "executable"
    version = 2
    interest = Interest()
    probes = (ExecutableProbe(),)

    def keeps(self, path: str) -> bool:
        """None: the probe reads what is needed."""
        return False

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for each note, and for each Windows file that has a name and a version."""
        out = Collector(tree)
        for path in sorted(tree.facts):
            facts = executable_facts(tree, path)
            component = _noted(out, path, facts.get("note", {})) or _windows(out, path, facts.get("pe", {}))
            if component is not None and not out.component(component):
                break
        return out.result()


def _noted(out: Collector, path: str, note: dict[str, str]) -> Component | None:
    type_, name, version = (clean(note.get(key), 200) for key in ("type", "name", "version"))
    if not name or not version:
        return None
    facts = {"architecture": clean(note.get("architecture"), 64), "os-cpe": clean(note.get("osCpe"), 200)}
    more: dict[str, Any] = {"facts": {key: value for key, value in facts.items() if value}}
    if type_ not in _DISTRIBUTIONS:
        return _component(out, path, "generic", name, version, build_purl("generic", name, version), **more)
    # Lower case, as purl-spec wants it of these types and the package database writes it.
    system = (clean(note.get("os"), 64) or _system(facts["os-cpe"])).lower()
    release = clean(note.get("osVersion"), 64)
    qualifiers = {"arch": facts["architecture"], "distro": f"{system}-{release}" if system and release else ""}
    purl = build_purl(type_, name, version, namespace=system, qualifiers=qualifiers)
    return _component(out, path, type_, name, version, purl, **more)


def _system(cpe: str) -> str:
    """The product of a CPE 2.2 URI: `cpe:/o:fedoraproject:fedora:33`."""
    parts = cpe.split(":")
    return parts[3] if len(parts) > 3 else ""


def _windows(out: Collector, path: str, pe: dict[str, Any]) -> Component | None:
    assembly = pe.get("assembly")
    company, product = clean(pe.get("CompanyName"), 200), clean(pe.get("ProductName"), 200)
    product_version = clean(pe.get("ProductVersion"), 200).partition("+")[0].partition(" ")[0]
    file_version = clean(pe.get("FileVersion"), 200).partition(" ")[0] or clean(pe.get("FixedFileVersion"))
    facts = {"product": product, "file-version": file_version}
    if assembly:
        name = clean(assembly["name"], 200)
        version = product_version or file_version or assembly["version"]
        facts["assembly-version"] = assembly["version"]
        # A strong name of Microsoft's own is the package's; any other assembly may be in a package of another name.
        certain = company == _MICROSOFT and assembly["signed"] and name.startswith(("System.", "Microsoft."))
        type_ = "nuget" if certain else "generic"
    else:
        name, version, type_ = product or path.rpartition("/")[2], product_version or file_version, "generic"
    if not name or not version.strip("0."):
        return None
    more: dict[str, Any] = {"supplier": company, "facts": {key: value for key, value in facts.items() if value}}
    if path.lower().endswith(".exe"):
        more["kind"] = ComponentKind.APPLICATION
    return _component(out, path, type_, name, version, build_purl(type_, name, version), **more)


def _component(out: Collector, path: str, type_: str, name: str, version: str, purl: str, **more: Any) -> Component:
    return Component(
        ref=purl,
        purl=purl,
        type=type_,
        name=name,
        version=version,
        presence=Presence.RECOGNISED,
        evidence=(path,),
        layer=out.layer_of(path),
        **more,
    )
