"""Java archives that lie there unpacked: `META-INF/maven/**/pom.properties` and `META-INF/MANIFEST.MF` above classes.

That is how Jib and Spring Boot's layers put an application into an image, and how servers unpack it (JAR File Specification;
Maven Archiver). What Maven's files name is there. A manifest alone names an archive only where it has a title and a version,
and classes lie below it or the folder is one for classes. Classes that were merged in or relocated without such a file are not
guessed.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.cataloging.licence_names import licences_of
from pratique.ecosystems.jvm.component import component_of
from pratique.ecosystems.jvm.coordinates import identify, manifest_version
from pratique.ecosystems.jvm.manifest import bundle_licences, parse_manifest, parse_properties, plain_value
from pratique.ecosystems.jvm.pom import parse_pom, resolved
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.text import clean
from pratique.model import ComponentKind, Presence, Tree

_META = "META-INF/"
_MANIFEST = "META-INF/MANIFEST.MF"
_MAVEN = "META-INF/maven/"
_TITLE = lazy(r"[A-Za-z][\w.+-]{0,199}")


class ExplodedJavaCataloger:
    """See the module."""

    name = "java-exploded"
    version = 2
    interest = Interest(names=frozenset({"pom.properties", "pom.xml", "MANIFEST.MF"}))
    probes = ()

    def keeps(self, path: str) -> bool:
        """What lies in a META-INF of its own, not within an archive."""
        slashed = f"/{path}"
        return slashed.endswith(f"/{_MANIFEST}") or f"/{_MAVEN}" in slashed

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for each artifact that Maven's files name, and for each unpacked archive with a manifest that does."""
        out = Collector(tree)
        roots: dict[str, dict[str, Any]] = {}
        for path in tree.kept(self.interest.names):
            if self.keeps(path):
                root = path[: f"/{path}".rfind(f"/{_META}")]
                try:
                    _read(tree.contents[path], path, roots.setdefault(root, {}))
                except Malformed as error:
                    out.unread(path, error.message)
        with_classes = _with_classes(tree, [root for root, facts in roots.items() if set(facts) == {"manifest"}])
        for root, facts in roots.items():
            _unpacked(out, root, facts, has_classes=root in with_classes or root.endswith("classes/"))
        return out.result()


def _read(data: bytes, path: str, facts: dict[str, Any]) -> None:
    """Adds what a file says in the form in which the probe of archives notes it."""
    if path.endswith("MANIFEST.MF"):
        facts["manifest"] = parse_manifest(data)
    elif path.endswith(".properties"):
        values = parse_properties(data)
        facts.setdefault("maven", []).append(
            [path, *(clean(values.get(key), 300) for key in ("groupId", "artifactId", "version"))]
        )
    else:
        pom = resolved(parse_pom(data))
        known = {
            "licences": list(pom.licences),
            "description": pom.description or pom.title,
            "url": pom.url,
            "organisation": pom.organisation,
        }
        facts.setdefault("poms", []).append({"path": path, "at": list(pom.own), "parent": list(pom.parent or ()), **known})


def _with_classes(tree: Tree, roots: list[str]) -> set[str]:
    """Of these folders, which end in a slash, those below which classes lie."""
    wanted = set(roots)
    seen: set[str] = set()
    for path in tree.entries if wanted else ():
        folder = path[: path.rfind("/") + 1] if path.endswith(".class") else None
        while folder is not None and folder not in seen:
            seen.add(folder)
            folder = folder[: folder.rfind("/", 0, -1) + 1] if folder else None
    return wanted & seen


def _title(manifest: Mapping[str, str]) -> str:
    """The first field that holds a name; what is written for people has blanks in it."""
    texts = (manifest.get("implementation-title", ""), plain_value(manifest.get("bundle-symbolicname", "")))
    return next((text for text in texts if _TITLE.fullmatch(text)), "")


def _unpacked(out: Collector, root: str, facts: Mapping[str, Any], *, has_classes: bool) -> None:
    manifest: Mapping[str, str] = facts.get("manifest", {})
    title, version = _title(manifest), manifest_version(manifest)
    named = bool(title and version)
    identity = identify(
        {**facts, "classes": True}, f"{title}-{version}.jar" if named else f"{root.rstrip('/').rpartition('/')[2]}.jar"
    )
    own, others = identity.own, identity.others
    if identity.basis != "pom":
        if len(others) == 1:
            own, others = others[0], ()
        elif others or not (named and has_classes):
            own = None
    path = root + _MANIFEST
    components = [component_of(out, one, one.path, one.path, Presence.EMBEDDED if own else Presence.INSTALLED) for one in others]
    if own is not None:
        main = component_of(out, own, own.path or path, own.path or path, Presence.INSTALLED)
        started = manifest.get("start-class", manifest.get("main-class", ""))
        main = replace(
            main,
            kind=ComponentKind.APPLICATION if "start-class" in manifest else ComponentKind.LIBRARY,
            licences=main.licences or licences_of(bundle_licences(manifest)),
            supplier=main.supplier or manifest.get("implementation-vendor", ""),
            facts={"java:main-class": clean(started)} if started else {},
            depends=tuple(sorted({one.ref for one in components} - {main.ref})),
        )
        components.append(main)
    for one in components:
        if not out.component(one):
            return
        for file in one.evidence:
            out.claim(file, one.ref)
