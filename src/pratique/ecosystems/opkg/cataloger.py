"""OpenWrt packages: opkg's status file, and the lists and control files beside it (opkg, dpkg's format)."""

from dataclasses import replace

from pratique.artifact.selection import Interest
from pratique.cataloging.capabilities import Capabilities, Needed
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.cataloging.deb822 import read_relations, read_stanzas
from pratique.cataloging.os_release import read_os_release
from pratique.lexicon.licences import normalise
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.model import Component, Tree

FOLDERS = ("usr/lib/opkg/", "var/lib/opkg/")
_GONE = frozenset({"not-installed", "config-files"})


class OpkgCataloger:
    """See the module."""

    name = "opkg"
    version = 1
    interest = Interest(prefixes=FOLDERS)
    probes = ()

    def keeps(self, path: str) -> bool:
        """The status file, lists and control files."""
        return path.startswith(FOLDERS) and path.endswith(("/status", ".list", ".control"))

    def catalogue(self, tree: Tree) -> Catalogued:
        """Components of all installed packages, and their claims."""
        out = Collector(tree)
        release = read_os_release(tree)
        distro = release.distro if release is not None else ""
        found: list[tuple[Component, dict[str, str], str]] = []
        named: set[str] = set()
        for folder in FOLDERS:
            for fields in read_stanzas(out.text(f"{folder}status") or ""):
                name = clean(fields.get("package", ""))
                named.add(name)
                if not name:
                    out.unread(f"{folder}status", "a paragraph that names no package")
                elif not _GONE & set(fields.get("status", "").split()[-1:]):
                    found.append((_component(out, folder, name, fields, distro), fields, f"{folder}info/{name}.list"))
        capabilities = Capabilities()
        for component, fields, _ in found:
            groups = read_relations(fields.get("provides", ""))
            capabilities.add(component.ref, component.name, [name for group in groups for name, _ in group])
        needs = {
            component.ref: [group[0][0] for group in read_relations(fields.get("depends", ""))] for component, fields, _ in found
        }
        edges = capabilities.edges(out, needs, FOLDERS[0])
        for component, fields, listing in found:
            needed = edges.get(component.ref, Needed())
            if out.component(replace(component, depends=needed.depends, edges=needed.edges)):
                _claims(out, component.ref, fields, tree.contents.get(listing, b""))
        for path in sorted(tree.contents):
            if path.startswith(FOLDERS) and path.endswith(".list"):
                name = path.rpartition("/")[2].removesuffix(".list")
                if name not in named:
                    out.unknown(path, "lists the files of a package that the opkg status does not name")
        return out.result()


def _component(out: Collector, folder: str, name: str, fields: dict[str, str], distro: str) -> Component:
    version, arch = clean(fields.get("version", "")), clean(fields.get("architecture", ""))
    if not version:
        out.unread(f"{folder}status", f"{name} has no version")
    control, listing = f"{folder}info/{name}.control", f"{folder}info/{name}.list"
    more = next(read_stanzas(out.text(control) or ""), {})
    purl = build_purl("opkg", name, version, qualifiers={"arch": arch, "distro": distro})
    licence = normalise(more.get("license", fields.get("license", "")))
    return Component(
        ref=purl,
        purl=purl,
        type="opkg",
        name=name,
        version=version,
        licences=(licence,) if licence else (),
        supplier=clean(more.get("maintainer", fields.get("maintainer", ""))),
        description=clean(more.get("description", "").partition("\n")[0]),
        homepage=clean(more.get("url", "")),
        evidence=tuple(path for path in (f"{folder}status", listing, control) if path in out.tree.contents),
        layer=out.layer_of(listing if listing in out.tree.contents else f"{folder}status"),
        facts={"source": clean(more["source"])} if more.get("source") else {},
    )


def _claims(out: Collector, ref: str, fields: dict[str, str], listed: bytes) -> None:
    configuration = {words[0].lstrip("/") for line in fields.get("conffiles", "").split("\n") if (words := line.split())}
    for line in listed.decode("utf-8", "surrogateescape").split("\n"):
        path = line.partition("\t")[0].strip("/")
        if path:
            # What opkg states of configuration files is MD5 or SHA-256, depending on how it was built: not relied on.
            out.claim(path, ref, configuration=path in configuration)
