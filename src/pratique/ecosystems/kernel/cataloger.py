"""Linux kernels in `boot` and beside their modules, and the modules themselves. Both yield to the package that owns the file.

The version of a module that has none of its own, as those of the kernel's tree, is the kernel's that it was built for.
"""

import json
from collections.abc import Mapping
from dataclasses import replace

from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.ecosystems.kernel.probes import KernelProbe, ModuleProbe
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import normalise
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.model import Component, ComponentKind, Edges, Presence, Tree

_FROM_NAME = lazy(r"(?:vmlinu[xz]|kernel|(?:bz|z|u)?Image)-(\d+\.\d+[\w.+~-]*)")
_FROM_FOLDER = lazy(r"(?:^|/)lib/modules/(\d+\.\d+[^/]*)/")
_UPSTREAM = lazy(r"(\d+\.\d+(?:\.\d+)?)(?:-rc\d+)?")
_LICENCES = {  # MODULE_LICENSE() has words of its own (include/linux/module.h)
    **{"GPL": "GPL-2.0-or-later", "GPL v2": "GPL-2.0-only", "GPL and additional rights": "GPL-2.0-or-later"},
    **{"Dual BSD/GPL": "BSD-3-Clause OR GPL-2.0-only", "Dual MIT/GPL": "MIT OR GPL-2.0-only"},
    **{"Dual MPL/GPL": "MPL-1.1 OR GPL-2.0-only", "Proprietary": "LicenseRef-Proprietary"},
}


class KernelCataloger:
    """See the module."""

    name = "kernel"
    version = 1
    interest = Interest()
    probes = (KernelProbe(), ModuleProbe())

    def keeps(self, path: str) -> bool:
        """Nothing: the probes read what is needed."""
        return False

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for each kernel and each module."""
        out = Collector(tree)
        kernels: dict[str, list[str]] = {}
        for path in sorted(path for path, facts in tree.facts.items() if KernelProbe.name in facts):
            component = _kernel(out, path, tree.facts[path][KernelProbe.name].decode("utf-8", "replace"))
            if component is not None and out.component(component):
                kernels.setdefault(component.version, []).append(component.ref)
        modules: list[tuple[Component, list[str]]] = []
        names: dict[tuple[str, str], str] = {}
        for path in sorted(path for path, facts in tree.facts.items() if ModuleProbe.name in facts):
            facts: Mapping[str, str] = json.loads(tree.facts[path][ModuleProbe.name])
            component = _module(out, path, facts)
            modules.append((component, [name for name in facts.get("depends", "").split(",") if name]))
            names[component.facts.get("kernel", ""), component.name.replace("-", "_")] = component.ref
        for component, needs in modules:
            release = component.facts.get("kernel", "")
            keys = [(release, need.replace("-", "_")) for need in needs]
            refs = {names[key] for key in keys if key in names}
            known = Edges.COMPLETE if all(key in names for key in keys) else Edges.INCOMPLETE
            refs.update(kernels.get(release, ())[:1])
            if not out.step(component.evidence[0], 1 + len(needs)):
                break
            if not out.component(replace(component, depends=tuple(sorted(refs - {component.ref})), edges=known)):
                break
        return out.result()


def _kernel(out: Collector, path: str, text: str) -> Component | None:
    version = clean(text.split(maxsplit=1)[0], 100) if text != "?" else ""
    name = path[path.rfind("/") + 1 :]
    if not version[:1].isdigit():
        match = _FROM_NAME.fullmatch(name) or _FROM_FOLDER.search(path)
        if match is None:
            return None  # a vmlinuz that names no version anywhere is most often a link's leftover or no kernel
        version = match[1]
    purl = build_purl("generic", "linux-kernel", version)
    upstream = _UPSTREAM.match(version)
    return Component(
        ref=purl,
        purl=purl,
        type="generic",
        name="linux-kernel",
        version=version,
        kind=ComponentKind.OPERATING_SYSTEM,
        presence=Presence.RECOGNISED,
        licences=("GPL-2.0-only WITH Linux-syscall-note",),
        evidence=(path,),
        layer=out.layer_of(path),
        cpes=(f"cpe:2.3:o:linux:linux_kernel:{upstream[1]}:*:*:*:*:*:*:*",) if upstream else (),
        facts={"build": text} if text not in ("?", version) else {},
    )


def _module(out: Collector, path: str, facts: Mapping[str, str]) -> Component:
    file = path[path.rfind("/") + 1 :]
    name = facts.get("name") or file[: file.find(".ko")]
    folder = _FROM_FOLDER.search(path)
    release = facts.get("vermagic", "").partition(" ")[0] or (folder[1] if folder else "")
    version = facts.get("version") or release
    purl = build_purl("generic", name, version, namespace="linux-kernel-module")
    licence = facts.get("license", "")
    known = _LICENCES.get(licence) or normalise(licence)
    further = {
        "kernel": release,
        "in-tree": "yes" if facts.get("intree") == "Y" else "",
        "srcversion": facts.get("srcversion", ""),
    }
    return Component(
        ref=purl,
        purl=purl,
        type="generic",
        name=name,
        version=version,
        presence=Presence.RECOGNISED,
        licences=(known,) if known else (),
        supplier=facts.get("author", ""),
        description=facts.get("description", ""),
        evidence=(path,),
        layer=out.layer_of(path),
        facts={key: value for key, value in further.items() if value},
    )
