"""Bazel: MODULE.bazel and its lock file, and `maven_install.json` of rules_jvm_external (Bazel documentation, "Bzlmod").

A MODULE.bazel is a Starlark program of calls; it is never run: `bazel_dep` with literals is read by a pattern. Its versions are
what is asked for at least; what was taken, the lock file tells: of a module whose `source.json` was fetched, that version.
"""

import re
from collections.abc import Iterator

from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import read_json_object
from pratique.lexicon.values import clean_url, other_registry, read_hex, table_or_empty, text_or_empty
from pratique.model import Component, ComponentKind, Presence

_CALL = lazy(r"^(module|bazel_dep)\(([^()]{0,5000})\)", re.MULTILINE)
_ARGUMENT = lazy(r"""(\w+)\s*=\s*(?:"([^"\n]*)"|'([^'\n]*)'|(True|False))""")
_MAVEN = lazy(r"^maven\w*\.install\(([^()]{0,50000})\)", re.MULTILINE)
_ARTIFACTS = lazy(r"\bartifacts\s*=\s*\[([^\[\]]*)\]")
_COORDINATES = lazy(r"""["']([\w.-]+):([\w.-]+)(?::(?:[\w.-]+:){0,2}([^:"'\s]+))?["']""")
_COMMENT = lazy(r"#[^\n]*")
_SOURCE = lazy(r"(https?://[^\s]{1,500}?)/modules/([a-z0-9][\w.-]*)/([\w.+-]+)/source\.json")
_PUBLIC = ("bcr.bazel.build",)


def _read_module(file: File) -> Iterator[Found]:
    locked = f"{file.folder}/MODULE.bazel.lock".lstrip("/") in file.out.tree.entries
    text = _COMMENT.sub("", file.text)
    yield from _maven(file, text)
    for match in _CALL.finditer(text):
        fields = {one[1]: one[2] if one[2] is not None else one[3] or one[4] or "" for one in _ARGUMENT.finditer(match[2])}
        name, version = fields.get("name", ""), fields.get("version", "")
        if match[1] == "bazel_dep" and not locked:
            scope = "dev" if fields.get("dev_dependency") == "True" else ""
            component = file.package("bazel", name, version, facts={"scope": scope})
        elif match[1] == "module" and name:
            component = file.package("generic", name, version, kind=ComponentKind.APPLICATION)
        else:
            component = None
        if component is not None:
            yield Found(component)


def _maven(file: File, text: str) -> Iterator[Found]:
    """`maven.install(artifacts = ["group:artifact:version"])`, where no lock file of rules_jvm_external lies beside it."""
    if f"{file.folder}/maven_install.json".lstrip("/") in file.out.tree.entries:
        return
    for call in _MAVEN.finditer(text):
        listed = _ARTIFACTS.search(call[1])
        for match in _COORDINATES.finditer(listed[1]) if listed else ():
            component = _artifact(file, match[1], match[2], match[3] or "", {})
            if component is not None:
                yield Found(component)


def _read_lock(file: File) -> Iterator[Found]:
    document = read_json_object(file.data)
    hashes, graph = document.get("registryFileHashes"), document.get("moduleDepGraph")
    if not isinstance(hashes, dict) and not isinstance(graph, dict):
        raise Malformed("a MODULE.bazel.lock of an unknown version")
    for address, digest in table_or_empty(hashes).items():
        match = _SOURCE.fullmatch(address)
        if match and digest is not None:
            qualifiers = {"repository_url": other_registry(match[1], *_PUBLIC)}
            sums = read_hex("sha256", text_or_empty(digest))
            component = file.package("bazel", match[2], match[3], qualifiers=qualifiers, hashes=sums, hash_covers="source.json")
            if component is not None:
                yield Found(component)
    for key, value in table_or_empty(graph).items():
        entry = table_or_empty(value)
        name, version = text_or_empty(entry.get("name")), text_or_empty(entry.get("version"))
        if key == "<root>" or not name:
            continue
        component = file.package("bazel", name, version)
        if component is not None:
            yield Found(component, (key,), map(text_or_empty, table_or_empty(entry.get("deps")).values()))


def _read_maven(file: File) -> Iterator[Found]:
    document = read_json_object(file.data)
    tree = table_or_empty(document.get("dependency_tree"))
    artifacts = table_or_empty(document.get("artifacts"))
    if not artifacts and "dependencies" not in tree and "artifacts" not in document:
        raise Malformed("not a lock file of rules_jvm_external")
    needs = table_or_empty(document.get("dependencies"))
    for key, value in artifacts.items():
        entry = table_or_empty(value)
        group, name, *_ = [*key.split(":"), "", ""]
        sums = read_hex("sha256", text_or_empty(table_or_empty(entry.get("shasums")).get("jar")))
        component = _artifact(file, group, name, text_or_empty(entry.get("version")), sums)
        if component is not None:
            others = needs.get(key)
            yield Found(component, (f"{group}:{name}",), map(text_or_empty, others if isinstance(others, list) else []))
    listed = tree.get("dependencies")
    for entry in map(table_or_empty, listed if isinstance(listed, list) else []):
        # Before version 2: `group:artifact:version`, with packaging and classifier between where they are not a jar's.
        parts = text_or_empty(entry.get("coord")).split(":")
        if len(parts) >= 3:
            sums = read_hex("sha256", text_or_empty(entry.get("sha256")))
            component = _artifact(file, parts[0], parts[1], parts[-1], sums, clean_url(entry.get("url")))
            if component is not None:
                yield Found(component)


def _artifact(file: File, group: str, name: str, version: str, sums: dict[str, str], url: str = "") -> Component | None:
    facts = {"resolved": url}
    return file.package("maven", name, version, namespace=group, shown=f"{group}:{name}", hashes=sums, facts=facts)


BAZEL = FileCataloger(
    "bazel",
    1,
    ListSource(read=_read_module, presence=Presence.DECLARED, names=("MODULE.bazel",)),
    ListSource(read=_read_lock, presence=Presence.DECLARED, names=("MODULE.bazel.lock",)),
    ListSource(read=_read_maven, presence=Presence.DECLARED, names=("maven_install.json",)),
)
