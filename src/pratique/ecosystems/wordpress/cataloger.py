"""WordPress: its core (`wp-includes/version.php`), plug-ins and themes by the headers that WordPress reads itself.

A header is a comment at the beginning of a PHP file of the plug-in, or of a theme's style.css (WordPress Developer Resources,
"File Headers": the first 8 KiB are looked at). Where it has no version, the stable tag of `readme.txt` is it, as in the
directory.
"""

import json
import re
from dataclasses import replace

from pratique.artifact.content import FileContent
from pratique.artifact.selection import Interest
from pratique.cataloging.cataloger import Catalogued, Collector
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import normalise
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.model import Component, ComponentKind, Edges, Tree

_REACH = 8 << 10
_MAX_DEPTHS = 32
_PLUGIN = lazy(r"(?:^|.*/)wp-content/(?:mu-)?plugins/(?:([^/]+)/)?([^/]+)\.php")
_THEME = lazy(r"(?:^|.*/)wp-content/themes/([^/]+)/style\.css")
_README = lazy(r"(?:^|.*/)wp-content/(?:plugins|themes)/[^/]+/readme\.txt", re.IGNORECASE)
_CORE = "wp-includes/version.php"
_FIELDS = "Plugin Name|Theme Name|Plugin URI|Theme URI|Version|License|Author|Description|Requires Plugins|Template"
_HEADER = lazy(rf"^[ \t/*#@]*({_FIELDS}):(.*)$", re.MULTILINE)
_VERSION = lazy(r"^\s*\$wp_version\s*=\s*'([^']{1,60})'\s*;", re.MULTILINE)
_STABLE = lazy(r"^Stable tag:\s*(\d\S{0,60})\s*$", re.MULTILINE | re.IGNORECASE)


class WordPressProbe:
    """The header fields of a file, or the version of WordPress. Facts: a JSON object."""

    name = "wordpress"
    interest = Interest(names=frozenset({"style.css"}), endings=frozenset({".php"}), reach=_REACH)

    def applies(self, path: str, size: int, head: bytes) -> bool:
        """By where it lies."""
        if "wp-content/" not in path:
            return f"/{path}".endswith(f"/{_CORE}")
        return _PLUGIN.fullmatch(path) is not None or _THEME.fullmatch(path) is not None

    def read(self, content: FileContent) -> bytes:
        """Nothing, where there is no header."""
        text = content.read(0, _REACH).decode("utf-8", "replace").replace("\r", "\n")
        fields: dict[str, str] = {}
        for match in _HEADER.finditer(text):
            fields.setdefault(match[1], clean(match[2].replace("*/", "").strip(), 300))
        core = _VERSION.search(text)
        if core:
            return json.dumps({"core": core[1]}).encode()
        named = "Plugin Name" in fields or "Theme Name" in fields
        return json.dumps(fields, sort_keys=True).encode() if named else b""


class WordPressCataloger:
    """See the module."""

    name = "wordpress"
    version = 2
    interest = Interest(names=frozenset({"readme.txt", "README.txt", "readme.TXT"}))
    probes = (WordPressProbe(),)

    def keeps(self, path: str) -> bool:
        """What the directory reads of plug-ins and themes."""
        return _README.fullmatch(path) is not None

    def catalogue(self, tree: Tree) -> Catalogued:
        """A component for WordPress, and for each plug-in and theme; these own what lies in their folder."""
        out = Collector(tree)
        owners: dict[str, str] = {}
        found: list[tuple[Component, list[tuple[str, str]] | None]] = []
        for path in sorted(path for path, facts in tree.facts.items() if WordPressProbe.name in facts):
            fields = json.loads(tree.facts[path][WordPressProbe.name])
            component, folder = _core(out, path, fields["core"]) if "core" in fields else _extension(out, path, fields)
            if component is None or folder in owners:
                continue  # a second file with a header in one folder is a part of the first
            found.append((component, _needs(component, fields)))
            if folder:
                owners[folder] = component.ref
        named: dict[tuple[str, str], str] = {(one.type, one.name): one.ref for one, _ in found}
        for component, needs in found:
            if not out.component(component if needs is None else _with_needs(component, needs, named)):
                break
            out.claim(component.evidence[0], component.ref)
        if owners:
            depth = sorted({folder.count("/") for folder in owners})[:_MAX_DEPTHS]
            for path in tree.entries:
                parts = path.split("/")
                for count in depth:
                    ref = owners.get("/".join(parts[: count + 1])) if len(parts) > count + 1 else None
                    if ref is not None:
                        out.claim(path, ref)
        return out.result()


def _core(out: Collector, path: str, version: str) -> tuple[Component, str]:
    purl = build_purl("generic", "wordpress", version)
    component = _component(out, path, purl, "wordpress", version)
    cpe = f"cpe:2.3:a:wordpress:wordpress:{version}:*:*:*:*:*:*:*" if re.fullmatch(r"[\d.]+", version) else ""
    component = replace(component, kind=ComponentKind.APPLICATION, licences=("GPL-2.0-or-later",), cpes=(cpe,) if cpe else ())
    return component, ""


def _extension(out: Collector, path: str, fields: dict[str, str]) -> tuple[Component | None, str]:
    plugin, theme = _PLUGIN.fullmatch(path), _THEME.fullmatch(path)
    folder = path.rpartition("/")[0] if theme or (plugin and plugin[1]) else ""
    if plugin is not None and "Plugin Name" in fields:
        slug, type_, shown = plugin[1] or plugin[2], "wordpress-plugin", fields["Plugin Name"]
    elif theme is not None and "Theme Name" in fields:
        slug, type_, shown = theme[1], "wordpress-theme", fields["Theme Name"]
    else:
        return None, folder
    readme = next((text for name in ("readme.txt", "README.txt", "readme.TXT") if (text := out.text(f"{folder}/{name}"))), "")
    stable = _STABLE.search(readme[:_REACH]) if folder else None
    version = fields.get("Version") or (stable[1] if stable else "")
    licence = normalise(fields.get("License", ""))
    component = _component(out, path, build_purl(type_, clean(slug, 200), version), clean(slug, 200), version, type_)
    return replace(
        component,
        licences=(licence,) if licence else (),
        supplier=fields.get("Author", ""),
        description=fields.get("Description", ""),
        homepage=fields.get("Plugin URI", "") or fields.get("Theme URI", ""),
        facts={"title": shown} if shown else {},
    ), folder


def _needs(component: Component, fields: dict[str, str]) -> list[tuple[str, str]] | None:
    """Types and names; None where the header does not tell: plug-ins before WordPress 6.5 had no way to."""
    if component.type == "wordpress-plugin" and "Requires Plugins" in fields:
        return [(component.type, name.strip()) for name in fields["Requires Plugins"].split(",") if name.strip()]
    return [(component.type, fields["Template"])] if component.type == "wordpress-theme" and fields.get("Template") else None


def _with_needs(component: Component, needs: list[tuple[str, str]], named: dict[tuple[str, str], str]) -> Component:
    depends = {named[need] for need in needs if need in named} - {component.ref}
    known = Edges.COMPLETE if all(need in named for need in needs) else Edges.INCOMPLETE
    return replace(component, depends=tuple(sorted(depends)), edges=known)


def _component(out: Collector, path: str, purl: str, name: str, version: str, type_: str = "generic") -> Component:
    return Component(ref=purl, purl=purl, type=type_, name=name, version=version, evidence=(path,), layer=out.layer_of(path))
