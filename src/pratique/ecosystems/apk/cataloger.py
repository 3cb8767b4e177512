"""Alpine packages: apk's `installed` database (apk-tools 2 and 3; Alpine wiki, Apk spec, "Installed Database V2").

A file's `Z:` is `Q1` and the SHA-1 in base64, of a symbolic link the SHA-1 of its target, or `Q2` and a SHA-256.
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from pratique.artifact.selection import Interest
from pratique.cataloging.capabilities import Capabilities, Needed
from pratique.cataloging.cataloger import SHA1_OR_LINK, Catalogued, Collector
from pratique.cataloging.os_release import read_os_release
from pratique.ecosystems.apk.places import DATABASES
from pratique.ecosystems.apk.scripts import ARCHIVES, installed_scripts
from pratique.lexicon.licences import normalise
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.model import Component, Tree

_FOLDERS = ("lib/apk/db/", "usr/lib/apk/db/")
_KEPT = frozenset({*DATABASES, *(folder + name for folder in _FOLDERS for name in ARCHIVES)})
_BELOW = tuple(f"/{path}" for path in sorted(_KEPT))
_SHOWN = 8
_LINK_MODE = "777"
_DIGESTS = {"Q1": ("sha1", 20), "Q2": ("sha256", 32)}
_CONFIGURATION = "etc/"  # apk's protected paths, as all releases ship them
_RELATIONS = "<>=~"


class ApkCataloger:
    """See the module."""

    name = "apk"
    version = 3
    interest = Interest(names=frozenset({"installed", *ARCHIVES}))
    probes = ()

    def keeps(self, path: str) -> bool:
        """The database and the scripts beside it, also below another root."""
        return path in _KEPT or path.endswith(_BELOW)

    def catalogue(self, tree: Tree) -> Catalogued:
        """Components of all installed packages, and their claims."""
        out = Collector(tree)
        release = read_os_release(tree)
        vendor, distro = (release.id or "alpine", release.distro) if release is not None else ("alpine", "")
        packages = [
            package
            for path in DATABASES
            if path in tree.contents
            for stanza in _stanzas(tree.contents[path].decode("utf-8", "surrogateescape"))
            if (package := _package(out, path, stanza, vendor, distro)) is not None
        ]
        capabilities = Capabilities()
        for package in packages:
            capabilities.add(package.component.ref, package.component.name, package.provides)
        edges = capabilities.edges(out, {one.component.ref: one.needs for one in packages}, DATABASES[0])
        for package in packages:
            needed = edges.get(package.component.ref, Needed())
            if out.component(replace(package.component, depends=needed.depends, edges=needed.edges)):
                _claims(out, package)
        _versions(out, packages)
        return out.result()


@dataclass(slots=True)
class _Package:
    component: Component
    provides: list[str]
    needs: list[str]
    listing: list[str]


@dataclass(slots=True)
class _Stanza:
    """`fields`: by their letter, the first counts. `listing`: the lines that name folders and files, in their order."""

    fields: dict[str, str] = field(default_factory=dict)
    listing: list[str] = field(default_factory=list)


def _stanzas(text: str) -> Iterator[_Stanza]:
    stanza = _Stanza()
    for line in text.split("\n"):
        letter = line[:2]
        if letter in ("F:", "R:", "a:", "Z:"):
            stanza.listing.append(line)
        elif line:
            stanza.fields.setdefault(letter, line[2:])
        else:
            if stanza.fields or stanza.listing:
                yield stanza
            stanza = _Stanza()
    if stanza.fields or stanza.listing:
        yield stanza


def _package(out: Collector, path: str, stanza: _Stanza, vendor: str, distro: str) -> _Package | None:
    fields = stanza.fields
    name, version = clean(fields.get("P:")), clean(fields.get("V:"))
    if not name:
        out.unread(path, "a package without a name" + (", which lists files" if stanza.listing else ""))
        return None
    if not version:
        out.unread(path, f"{name} has no version")
    if "f" in fields.get("f:", ""):
        out.unknown(path, f"{name} is broken: it may lack files")
    arch, origin = clean(fields.get("A:")), clean(fields.get("o:"))
    qualifiers = {"arch": arch, "distro": distro, "upstream": origin if origin != name else ""}
    purl = build_purl("apk", name, version, namespace=vendor, qualifiers=qualifiers)
    licence = normalise(fields.get("L:", ""))
    algorithm, digest = _digest(fields.get("C:", ""))
    source = {"distro": distro}
    component = Component(
        ref=purl,
        purl=purl,
        type="apk",
        name=name,
        version=version,
        licences=(licence,) if licence else (),
        supplier=clean(fields.get("m:")),
        source=build_purl("apk", origin, version, namespace=vendor, qualifiers=source) if origin else "",
        description=clean(fields.get("T:")),
        homepage=clean(fields.get("U:")),
        evidence=(path,),
        layer=out.layer_of(path),
        hashes={algorithm: digest} if digest else {},
        hash_covers="package control data" if digest else "",
        facts={"commit": clean(fields["c:"], 64)} if fields.get("c:") else {},
    )
    return _Package(component, _words(fields.get("p:", "")), _words(fields.get("D:", "")), stanza.listing)


def _versions(out: Collector, packages: list[_Package]) -> None:
    """A version that was edited in the database alone, or a package taken out of it, still stands in the names of scripts."""
    stated = {one.component.hashes[name]: one.component for one in packages for name in one.component.hashes}
    for path in sorted(_KEPT - set(DATABASES)):
        edited: dict[str, None] = {}
        for checksum, script in installed_scripts(out.tree.contents.get(path, b"")):
            one = stated.get(checksum)
            said = "no package" if one is None else f"{one.name}-{one.version}"
            if said != script:
                edited[f"{clean(script, 120)} (database: {said})"] = None
        if edited:
            few = ", ".join(list(edited)[:_SHOWN]) + (" …" if len(edited) > _SHOWN else "")
            out.unknown(path, f"scripts of {len(edited)} installed packages that the database has otherwise: {few}")


def _words(text: str) -> list[str]:
    """`so:libc.musl-x86_64.so.1 busybox>1.3 !conflict cmd:sh=1` without versions and conflicts."""
    words: list[str] = []
    for word in text.split():
        end = next((index for index, char in enumerate(word) if char in _RELATIONS), len(word))
        if word[0] != "!" and end:
            words.append(word[:end].partition("@")[0])
    return words


def _digest(text: str) -> tuple[str, str]:
    """Algorithm and hex of `Q1…`, `Q2…`; nothing for what is neither."""
    algorithm, size = _DIGESTS.get(text[:2], ("", 0))
    if not algorithm or len(text) > 64:
        return "", ""
    try:
        data = base64.b64decode(text[2:], validate=True)
    except (binascii.Error, ValueError):
        return "", ""
    return (algorithm, data.hex()) if len(data) == size else ("", "")


def _claims(out: Collector, package: _Package) -> None:
    """`F:` a folder, then for each file in it `R:` its name, `a:` owner:group:mode, `Z:` its digest."""
    folder, file, link = "", "", False
    algorithm = digest = ""
    for line in [*package.listing, "R:"]:
        letter, value = line[:2], line[2:]
        if letter == "Z:":
            algorithm, digest = _digest(value)
        elif letter == "a:":
            link = value.split(":")[2:3] == [_LINK_MODE]
        else:
            if file:
                path = f"{folder}/{file}" if folder else file
                kind = SHA1_OR_LINK if link and algorithm == "sha1" else algorithm
                if not out.claim(path, package.component.ref, kind, digest, configuration=path.startswith(_CONFIGURATION)):
                    return
            link, algorithm, digest = False, "", ""
            file = value if letter == "R:" else ""
            folder = value.strip("/") if letter == "F:" else folder
