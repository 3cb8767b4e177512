"""Arch packages: pacman's local database, a folder a package with `desc`, `files` and `mtree` (alpm-db-desc(5), mtree(5)).

The mtree, gzip'd, holds SHA-256 and link targets of all files; `files` also says which of them are made to be edited.
"""

import zlib
from dataclasses import dataclass, replace

from pratique.artifact.selection import Interest
from pratique.cataloging.capabilities import Capabilities, Needed
from pratique.cataloging.cataloger import LINK, Catalogued, Collector
from pratique.cataloging.os_release import read_os_release
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import normalise
from pratique.lexicon.purl import build_purl
from pratique.lexicon.text import clean
from pratique.model import Component, Tree

LOCAL = "var/lib/pacman/local/"
_FILES = ("/desc", "/files", "/mtree")
_MAX_MTREE = 64 << 20
_MAX_RATIO = 400
_OCTAL = lazy(rb"\\([0-7]{3})")
_CONSTRAINT = lazy(r"[<>=]")
_DIGESTS = (("sha256digest", "sha256", 64), ("md5digest", "md5", 32))


class AlpmCataloger:
    """See the module."""

    name = "alpm"
    version = 1
    interest = Interest(prefixes=(LOCAL,))
    probes = ()

    def keeps(self, path: str) -> bool:
        """The three files of each package."""
        return path.endswith(_FILES) and path.count("/") == 5

    def catalogue(self, tree: Tree) -> Catalogued:
        """Components of all installed packages, and their claims."""
        out = Collector(tree)
        release = read_os_release(tree)
        vendor, distro = (release.id or "arch", release.distro) if release is not None else ("arch", "")
        packages: list[_Package] = []
        for path in sorted(path for path in tree.contents if path.startswith(LOCAL)):
            folder, _, file = path.rpartition("/")
            if file == "desc":
                package = _package(out, folder, vendor, distro)
                if package is not None:
                    packages.append(package)
            elif f"{folder}/desc" not in tree.contents and file == "files":
                out.unknown(path, "lists the files of a package that is not described beside it")
        capabilities = Capabilities()
        for package in packages:
            provides = [_bare(text) for text in package.desc.get("PROVIDES", ())]
            capabilities.add(package.component.ref, package.component.name, provides)
        needs = {one.component.ref: [_bare(text) for text in one.desc.get("DEPENDS", ())] for one in packages}
        edges = capabilities.edges(out, needs, LOCAL)
        for package in packages:
            needed = edges.get(package.component.ref, Needed())
            if out.component(replace(package.component, depends=needed.depends, edges=needed.edges)):
                _claims(out, package)
        return out.result()


@dataclass(frozen=True, slots=True)
class _Package:
    """`folder`: of the database. `desc`: section → its lines."""

    component: Component
    folder: str
    desc: dict[str, list[str]]


def read_sections(text: str) -> dict[str, list[str]]:
    """`%NAME%`, then lines up to an empty one. Of equal sections the first counts."""
    sections: dict[str, list[str]] = {}
    lines: list[str] | None = None
    for line in text.split("\n"):
        if not line:
            lines = None
        elif lines is not None:
            lines.append(line)
        elif len(line) > 2 and line[0] == "%" and line[-1] == "%":
            lines = []
            if sections.setdefault(line[1:-1], lines) is not lines:
                lines = []  # read and forgotten
    return sections


def read_mtree(data: bytes) -> dict[str, tuple[str, str]]:
    """Path → algorithm (or LINK) and what it says; files without either have neither. Raises Malformed."""
    found: dict[str, tuple[str, str]] = {}
    defaults: dict[bytes, bytes] = {}
    for line in _inflated(data).split(b"\n"):
        words = line.split()
        if not words or words[0][:1] == b"#":
            continue
        pairs = {key: value for key, _, value in (word.partition(b"=") for word in words[1:])}
        if words[0] == b"/set":
            defaults |= pairs
            continue
        kind = pairs.get(b"type", defaults.get(b"type", b"file"))
        # pacman's own `.BUILDINFO` and the like lie at the root of the archive and are not unpacked there.
        if not words[0].startswith(b"./") or words[0].startswith(b"./.") or kind == b"dir":
            continue
        found[_text(words[0][2:])] = (LINK, _text(pairs.get(b"link", b""))) if kind == b"link" else _digest(pairs)
    return found


def _digest(pairs: dict[bytes, bytes]) -> tuple[str, str]:
    for key, algorithm, length in _DIGESTS:
        value = pairs.get(key.encode(), b"").decode("ascii", "replace")
        if len(value) == length and not value.strip("0123456789abcdef"):
            return algorithm, value
    return "", ""


def _text(word: bytes) -> str:
    plain = _OCTAL.sub(lambda match: bytes([int(match[1], 8) & 0xFF]), word)
    return plain.decode("utf-8", "surrogateescape")


def _inflated(data: bytes) -> bytes:
    if data[:2] != b"\x1f\x8b":
        return data
    inflater = zlib.decompressobj(wbits=31)
    try:
        plain = inflater.decompress(data, min(_MAX_MTREE, len(data) * _MAX_RATIO))
    except zlib.error as error:
        raise Malformed("an mtree that is no gzip") from error
    if not inflater.eof:
        raise Malformed("an mtree that is cut off" if not inflater.unconsumed_tail else "an mtree that inflates too far")
    return plain


def _bare(text: str) -> str:
    return _CONSTRAINT.split(text, maxsplit=1)[0].strip()


def _package(out: Collector, folder: str, vendor: str, distro: str) -> _Package | None:
    path = f"{folder}/desc"
    desc = read_sections(out.text(path) or "")

    def one(section: str) -> str:
        return clean(next(iter(desc.get(section, ())), ""))

    name, version, arch, base = one("NAME"), one("VERSION"), one("ARCH"), one("BASE")
    if not name or not version:
        out.unread(path, f"{name or 'a package'} has no {'version' if name else 'name'}")
        if not name:
            return None
    qualifiers = {"arch": arch, "distro": distro, "upstream": base}
    purl = build_purl("alpm", name, version, namespace=vendor, qualifiers=qualifiers)
    licences = {normalise(text) for text in desc.get("LICENSE", ())} - {""}
    component = Component(
        ref=purl,
        purl=purl,
        type="alpm",
        name=name,
        version=version,
        licences=tuple(sorted(licences)),
        supplier=one("PACKAGER"),
        source=build_purl("alpm", base, version, namespace=vendor, qualifiers={"distro": distro}) if base else "",
        description=one("DESC"),
        homepage=one("URL"),
        evidence=tuple(folder + file for file in _FILES if folder + file in out.tree.contents),
        layer=out.layer_of(path),
    )
    return _Package(component, folder, desc)


def _claims(out: Collector, package: _Package) -> None:
    ref, folder = package.component.ref, package.folder
    sections = read_sections((out.tree.contents.get(f"{folder}/files", b"")).decode("utf-8", "surrogateescape"))
    backups = {line.partition("\t")[0] for line in sections.get("BACKUP", ())}
    listed = [path for path in sections.get("FILES", ()) if not path.endswith("/")]
    said: dict[str, tuple[str, str]] = {}
    mtree = out.tree.contents.get(f"{folder}/mtree")
    if mtree is not None:
        try:
            said = read_mtree(mtree)
        except Malformed as error:
            out.unread(f"{folder}/mtree", error.message)
    elif listed:
        out.unknown(folder, "a package without an mtree: its files cannot be checked")
    for path in dict.fromkeys((*listed, *said)):
        algorithm, digest = said.get(path, ("", ""))
        out.claim(path, ref, algorithm if digest else "", digest, configuration=path in backups)
    for file in _FILES:
        out.claim(folder + file, ref)
