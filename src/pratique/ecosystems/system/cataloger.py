"""The operating system itself, as os-release(5) names it: one component of kind operating system. No package claims are made.

Its version is VERSION_ID, which advisories and `distro` qualifiers are about. Where a file says which point release it is (Debian
12.15, CentOS 7.9.2009, Ubuntu 22.04.3), that is the fact `point-release`.
"""

import re
from urllib.parse import unquote

from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.cataloging.os_release import PLACES, POINT_RELEASES, OsRelease, point_release, read_os_release
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.purl import build_purl
from pratique.model import Component, ComponentKind, Tree

_KEPT = PLACES | POINT_RELEASES
_BELOW = tuple(f"/{path}" for path in sorted(_KEPT))
_CPE_23 = lazy(r"cpe:2\.3:o(?::[^:\s]+){10}")
_FACTS = (("codename", "VERSION_CODENAME"), ("variant", "VARIANT_ID"), ("like", "ID_LIKE"), ("support-ends", "SUPPORT_END"))


class SystemCataloger:
    """See the module."""

    name = "system"
    version = 3
    interest = Interest(names=frozenset(path.rpartition("/")[2] for path in _KEPT))
    probes = ()

    def keeps(self, path: str) -> bool:
        """os-release, the older release files, and what tells the point release, also below another root."""
        return path in _KEPT or path.endswith(_BELOW)

    def catalogue(self, tree: Tree) -> Catalogued:
        """The system's component, where the system has a name."""
        out = Collector(tree)
        release = read_os_release(tree)
        if release is not None and release.id:
            out.component(_component(out, tree, release))
        elif release is not None:
            out.unknown(release.path, "names no operating system: it has no ID")
        return out.result()


def _component(out: Collector, tree: Tree, release: OsRelease) -> Component:
    # The type `generic` only makes the component addressable: nothing that matches packages by purl takes it for one.
    purl = build_purl("generic", release.id, release.version)
    place, point = point_release(tree, release)
    facts = {name: release.fields[key] for name, key in _FACTS if release.fields.get(key)}
    return Component(
        ref=purl,
        purl=purl,
        type="generic",
        name=release.id,
        version=release.version,
        kind=ComponentKind.OPERATING_SYSTEM,
        description=release.name,
        supplier=release.fields.get("VENDOR_NAME", ""),
        homepage=release.fields.get("HOME_URL", ""),
        evidence=tuple(dict.fromkeys((release.path, *([place] if point else ())))),
        layer=out.layer_of(release.path),
        cpes=_cpes(release.fields.get("CPE_NAME", "")),
        facts={**facts, **({"point-release": point} if point else {})},
    )


def _cpes(name: str) -> tuple[str, ...]:
    """`CPE_NAME` as CPE 2.3: most systems still write the URI of CPE 2.2, `cpe:/o:fedoraproject:fedora:40`."""
    if _CPE_23.fullmatch(name):
        return (name,)
    parts = [unquote(part) for part in name.removeprefix("cpe:/").split(":")]
    if not name.startswith("cpe:/o:") or not 3 <= len(parts) <= 7:
        return ()
    quoted = [re.sub(r"([^A-Za-z0-9_.-])", r"\\\1", part) or "*" for part in parts]
    return (":".join(["cpe:2.3", *quoted, *["*"] * (11 - len(quoted))]),)
