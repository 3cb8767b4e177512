"""Does an SBOM describe exactly these bytes? Every difference, by name. Pure.

The SBOM's word for the bytes is the root of the file manifest. With that manifest each file that differs is named; without
it, that any differ is all that can be known, and the finding says how to learn which.

Documents of other tools, which state no manifest, are asked which packages they name, however they spell them: names and licences
are each tool's own reading. Files and the like that they list as components without a package URL are passed over.
"""

from collections import Counter
from collections.abc import Iterator, Set
from dataclasses import dataclass

from pratique.documents.claims import ParsedComponent, ParsedSbom, licence_words
from pratique.lexicon.purl_same import package_identity, same_package
from pratique.lexicon.text import clean, shown_path
from pratique.model import Component, ComponentKind, FileEntry, FileKind, FileManifest, Inventory, Tree
from pratique.model.manifest import manifest_root

_PASSED_OVER = frozenset({"", "file", "operating-system", "container", "application", "platform", "device"})
"""Kinds of components that other tools list and that have no package URL by nature: lock files, systems."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference. `place`: a path, a purl or what in the document; `detail`: one line.

    `kind`: `subject`, `root`, `added`, `changed`, `missing` (files), `component-added`, `-changed`, `-missing`. Added is what
    the artifact has and the document does not name; missing is what the document names and the artifact does not have.
    """

    kind: str
    place: str
    detail: str


def check_sbom(inventory: Inventory, sbom: ParsedSbom, manifest: FileManifest | None) -> tuple[Finding, ...]:
    """Empty when the document is about exactly this artifact. `manifest`: the one the document was made with, to name files."""
    return (*_subject(inventory, sbom), *_files(inventory, sbom, manifest), *_components(inventory, sbom))


def compare_files(manifest: FileManifest, tree: Tree) -> Iterator[Finding]:
    """Every file added, changed or missing against the manifest, in the order of their paths."""
    listed = {entry.path: entry for entry in manifest.entries}
    for path in sorted(listed.keys() | tree.entries.keys(), key=lambda path: path.encode("utf-8", "surrogateescape")):
        before, now = listed.get(path), tree.entries.get(path)
        if before is None:
            yield Finding(kind="added", place=shown_path(path), detail="not in the file manifest")
        elif now is None:
            yield Finding(kind="missing", place=shown_path(path), detail="in the file manifest, not in the artifact")
        elif before.leaf() != now.leaf():
            yield Finding(kind="changed", place=shown_path(path), detail=_difference(before, now))


def _subject(inventory: Inventory, sbom: ParsedSbom) -> Iterator[Finding]:
    digest = inventory.subject.digest
    if sbom.subject_digest is None and sbom.digests:
        if not {digest, inventory.subject.config} & set(sbom.digests):
            said = ", ".join(str(one) for one in sbom.digests[:3])
            yield Finding(kind="subject", place="metadata", detail=f"the SBOM is about {said}, this is {digest}")
    elif sbom.subject_digest is None:
        yield Finding(kind="subject", place="metadata", detail="the SBOM does not say which digest it is about")
    elif sbom.subject_digest != digest:
        yield Finding(kind="subject", place="metadata", detail=f"the SBOM is about {sbom.subject_digest}, this is {digest}")


def _files(inventory: Inventory, sbom: ParsedSbom, manifest: FileManifest | None) -> Iterator[Finding]:
    if sbom.manifest_root is None:
        yield Finding(kind="root", place="metadata", detail="the SBOM states no file manifest, so nothing binds it to the bytes")
        return
    if manifest is not None and manifest.root != sbom.manifest_root:
        detail = f"the SBOM states the file manifest {sbom.manifest_root}, the one given is {manifest.root}"
        yield Finding(kind="root", place="manifest", detail=detail)
        manifest = None
    root = manifest_root(inventory.tree.sorted())
    if root == sbom.manifest_root:
        return
    if manifest is None:
        detail = f"the files come to {root}, the SBOM states {sbom.manifest_root}: give its file manifest to name them"
        yield Finding(kind="root", place="files", detail=detail)
        return
    yield from compare_files(manifest, inventory.tree)


def _difference(before: FileEntry, now: FileEntry) -> str:
    if before.kind is not now.kind:
        return f"was a {before.kind.value}, is a {now.kind.value}"
    parts: list[str] = []
    if before.kind is FileKind.FILE and before.sha256 != now.sha256:
        parts.append(f"content was {before.sha256[:12]} ({before.size} bytes), is {now.sha256[:12]} ({now.size} bytes)")
    if before.target != now.target:
        parts.append(f"pointed to {shown_path(before.target)}, points to {shown_path(now.target)}")
    if before.mode != now.mode:
        parts.append(f"mode was {before.mode:04o}, is {now.mode:04o}")
    return "; ".join(parts) or f"size was {before.size}, is {now.size}"


def _components(inventory: Inventory, sbom: ParsedSbom) -> Iterator[Finding]:
    found = {_key(item): item for item in inventory.components}
    said = {_key(item): item for item in sbom.components}
    there = Counter(map(_key, inventory.components))
    times = Counter(map(_key, sbom.components))
    foreign = sbom.manifest_root is None
    others = _spelled_otherwise(found.keys() - said.keys(), said.keys() - found.keys())
    relatives = {_unversioned(key): key for key in found.keys() - said.keys() - set(others.values())}
    replaced: set[str] = set(others.values())
    nameless = {key for key in said if not said[key].purl and key not in found}
    unnamed = sorted(key for key in nameless if not (foreign and said[key].kind in _PASSED_OVER))
    if unnamed:
        names = ", ".join(clean(said[key].name, 60) for key in unnamed)
        yield Finding(kind="component-missing", place=clean(names, 200), detail="has no purl, so it cannot be compared")
    for key in sorted(said.keys() - nameless):
        shown = clean(key)
        if key in found or key in others:
            if not foreign:
                yield from _compare(found[others.get(key, key)], said[key])
            if times[key] > there[others.get(key, key)] and not foreign:
                yield Finding(kind="component-changed", place=shown, detail=f"listed {times[key]} times")
        elif _unversioned(key) in relatives:
            now = relatives[_unversioned(key)]
            replaced.add(now)
            yield Finding(kind="component-changed", place=shown, detail=f"the artifact has {clean(now)}")
        else:
            yield Finding(kind="component-missing", place=shown, detail="in the SBOM, not in the artifact")
    for key in sorted(found.keys() - said.keys() - replaced):
        if foreign and (found[key].kind is ComponentKind.OPERATING_SYSTEM or not found[key].purl):
            continue  # others name the system, and the project itself, without a package URL
        yield Finding(kind="component-added", place=clean(key), detail="in the artifact, not in the SBOM")


def _key(item: Component | ParsedComponent) -> str:
    """The purl; name and version where there is none, as of a folder of the project."""
    return item.purl or f" {item.name.replace(':', '/')} {item.version}"


def _spelled_otherwise(found: Set[str], said: Set[str]) -> dict[str, str]:
    """Package URL of the document → the artifact's of the same package, each at most once."""
    waiting: dict[str, list[str]] = {}
    for purl in sorted(found, reverse=True):
        waiting.setdefault(same_package(purl), []).append(purl)
    return {purl: rows.pop() for purl in sorted(said) if (rows := waiting.get(same_package(purl)))}


def _compare(now: Component, said: ParsedComponent) -> Iterator[Finding]:
    if said.version != now.version:
        detail = f"version is {now.version}, the SBOM says {clean(said.version, 100) or 'nothing'}"
        yield Finding(kind="component-changed", place=now.purl or now.name, detail=detail)
    licences, stated = licence_words(now.licences), licence_words(said.licences)
    if stated != licences:
        before, after = (clean(", ".join(names), 300) or "none" for names in (stated, licences))
        yield Finding(
            kind="component-changed", place=now.purl or now.name, detail=f"licences are {after}; the SBOM says {before}"
        )
    # An operating system has several names: others call `rhel` redhat, and so do we to them.
    if now.kind is not ComponentKind.OPERATING_SYSTEM and said.name.replace(":", "/") != now.name.replace(":", "/"):
        detail = f"name is {now.name}, the SBOM says {clean(said.name, 100) or 'nothing'}"
        yield Finding(kind="component-changed", place=now.purl or now.name, detail=detail)


def _unversioned(purl: str) -> str:
    return package_identity(purl).name
