"""Java runtimes by their `release` file: `KEY="value"` lines at the top of a JDK or JRE (versions as JEP 223 writes them).

Named as vulnerability data does: OpenJDK builds are `oracle/openjdk`, whoever built them.
"""

from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.model import Component, ComponentKind, Tree

_LINE = lazy(r'([A-Z_]{2,40})="?(.{0,2000}?)"?\s*')
_MARKS = ("lib/modules", "bin/java", "jre/bin/java", "lib/rt.jar", "jre/lib/rt.jar", "bin/java.exe")
_MAX_LINES = 200
_PLAIN = lazy(r"\d[\w.]*")


class JavaRuntimeCataloger:
    """See the module."""

    name = "java-runtime"
    version = 1
    interest = Interest(names=frozenset({"release"}))
    probes = ()

    def keeps(self, path: str) -> bool:
        """Any file of that name: whether a runtime lies beside it shows later."""
        return True

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for each runtime: it owns what lies in its folder and no package lists."""
        out = Collector(tree)
        _read_runtimes(out)
        return out.result()


def _read_runtimes(out: Collector) -> None:
    homes: dict[str, str] = {}
    for path in sorted(out.tree.contents):
        if path != "release" and not path.endswith("/release"):
            continue
        home = path[: -len("release")]
        fields = _fields(out.text(path) or "")
        if not any(home + mark in out.tree.entries for mark in _MARKS):
            continue
        if not fields.get("JAVA_VERSION") and not fields.get("JAVA_RUNTIME_VERSION"):
            out.unread(path, "a Java runtime that does not tell its version")
            continue
        component = _component(out, path, home, fields)
        if out.component(component):
            homes[home] = component.ref
    if homes:
        prefixes = tuple(sorted(homes, key=len, reverse=True))
        for path in out.tree.entries:
            if path.startswith(prefixes):
                out.claim(path, homes[next(home for home in prefixes if path.startswith(home))])


def _component(out: Collector, path: str, home: str, fields: dict[str, str]) -> Component:
    version = fields.get("JAVA_RUNTIME_VERSION") or fields.get("FULL_VERSION") or fields.get("JAVA_VERSION", "")
    implementor = fields.get("IMPLEMENTOR", "")
    vendor, product = _product(out, home, implementor, fields)
    purl = build_purl("generic", product, version, namespace=vendor, qualifiers={"repository_url": _source(fields)})
    number = fields.get("JAVA_VERSION", "")
    cpes = (f"cpe:2.3:a:{vendor}:{product}:{number}:*:*:*:*:*:*:*",) if _PLAIN.fullmatch(number) else ()
    facts = {
        "java:version": number,
        "java:implementor": implementor,
        "java:release-date": fields.get("JAVA_VERSION_DATE", ""),
        "java:vm": fields.get("JVM_VARIANT", ""),
    }
    return Component(
        ref=purl,
        purl=purl,
        type="generic",
        name=product,
        version=version,
        kind=ComponentKind.PLATFORM,
        supplier=implementor,
        evidence=(path,),
        layer=out.layer_of(path),
        cpes=cpes,
        facts={key: value for key, value in facts.items() if value},
    )


def _product(out: Collector, home: str, implementor: str, fields: dict[str, str]) -> tuple[str, str]:
    lower = implementor.lower()
    if "azul" in lower:
        return "azul", "zulu"
    if lower.startswith("oracle") and fields.get("BUILD_TYPE") == "commercial":
        compiler = f"{home}bin/javac" in out.tree.entries or fields.get("IMAGE_TYPE") == "JDK"
        return "oracle", "jdk" if compiler else "jre"
    return "oracle", "openjdk"


def _source(fields: dict[str, str]) -> str:
    for key in ("SOURCE_REPO", "BUILD_SOURCE_REPO"):
        if fields.get(key, "").startswith("https://"):
            return fields[key]
    return ""


def _fields(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.split("\n", _MAX_LINES)[:_MAX_LINES]:
        match = _LINE.fullmatch(line)
        if match:
            found.setdefault(match[1], clean(match[2]))
    return found
