"""Which package a packed file itself is, by what lies in it, and the tree as an installation of it would be. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from pratique.cataloging.package_file import PackageFile
from pratique.ecosystems.alpm.package_file import INFO, MTREE, read_pacman
from pratique.ecosystems.apk.package_file import read_apk
from pratique.ecosystems.conda.package_file import FILES, INDEX, PATHS, read_conda
from pratique.ecosystems.dotnet.package_file import read_nupkg
from pratique.ecosystems.extensions.package_file import DESCRIPTION, read_vsix
from pratique.ecosystems.extensions.package_file import MANIFEST as VSIX
from pratique.ecosystems.golang.package_file import read_go_zip
from pratique.ecosystems.npm.package_file import read_npm
from pratique.ecosystems.opkg.package_file import read_ipk
from pratique.ecosystems.python.package_file import keeps_python, read_python
from pratique.ecosystems.ruby.package_file import METADATA, read_gem
from pratique.ecosystems.rust.package_file import read_crate
from pratique.errors import Malformed
from pratique.inventory.packed import formats
from pratique.inventory.packed.facts import PACKED, OpenedFile, decode
from pratique.inventory.packed.limits import LIMITS, Budget
from pratique.inventory.packed.streams import inflated
from pratique.lexicon.text import clean, shown_path
from pratique.model import Tree, Unknown

_KEPT = frozenset({INFO, ".BUILDINFO", MTREE, METADATA, INDEX, PATHS, FILES, VSIX, "control", "manifest.json", "md5sums"})
_MAX_NEEDS = 2_000
_MAX_METADATA = 16 << 20
_FOREIGN = f"{PACKED}: it lies where the package itself is unpacked, and is none of it: it was not read"
_T = TypeVar("_T")


def keeps_for_identity(path: str) -> bool:
    """Whether a file tells what package the archive is, beyond what catalogers want of it."""
    return path in _KEPT or keeps_python(path)


def identified(kind: str, tree: Tree, packing: str) -> OpenedFile:
    """`packing`: a form, or the compression of a tar. `kind`: what it is called when it is no package."""
    try:
        if packing == formats.ZIP:
            hoisted = _conda_in_zip(tree)
            if hoisted is not None:
                return hoisted
        package = _package(tree, packing)
    except Malformed as error:
        package = None
        reason = f"{PACKED}: its package metadata: {error.message}"
        contents = dict(tree.contents)
        if VSIX in tree.entries:
            contents.pop(DESCRIPTION, None)  # whatever it describes, npm has no such package
        tree = replace(tree, contents=contents, unknowns=(*tree.unknowns, Unknown("", reason, unread=True)))
    return laid_over(kind, tree, package)


def laid_over(kind: str, tree: Tree, package: PackageFile | None) -> OpenedFile:
    """The tree with the package's metadata where an installer would have put it."""
    if package is None:
        return OpenedFile(kind=kind, tree=tree)
    if package.moved is not None:
        tree = _moved(tree, *package.moved)
    hidden = sorted(path for path, data in package.contents.items() if tree.contents.get(path, data) != data)
    hidden += sorted(tree.facts.keys() & package.facts.keys())
    reason = f"{PACKED}: what the package says of itself stands where it has a file of its own, which was not read"
    unknowns = [Unknown(path, f"{reason}: {shown_path(path)}", unread=True) for path in hidden]
    tree = replace(
        tree,
        contents={**tree.contents, **package.contents},
        facts={**tree.facts, **package.facts},
        unknowns=(*tree.unknowns, *unknowns),
    )
    needs = clean(", ".join(package.needs), _MAX_NEEDS)
    return OpenedFile(
        kind=package.kind,
        tree=tree,
        identity=package.identity,
        origin=package.origin,
        needs=needs,
        family=package.family,
        system=package.system,
    )


def _package(tree: Tree, packing: str) -> PackageFile | None:
    contents, paths = tree.contents, list(tree.entries)
    if packing == formats.ZIP:
        return (
            read_go_zip(paths) or read_python(contents, paths) or read_nupkg(contents, paths) or read_vsix(contents, tree.entries)
        )
    if METADATA in contents and "data.tar.gz" in tree.entries:
        data = memoryview(contents[METADATA])
        return read_gem(b"".join(inflated("gzip", data, Budget(replace(LIMITS, most_bytes=_MAX_METADATA), len(data)))))
    if "debian-binary" in tree.entries and any(path.startswith("data.tar") for path in paths):
        control = next((path for path in paths if path.startswith("control.tar")), "")
        inner = _opened(tree, control)
        return read_ipk(inner.tree.contents, control) if inner is not None else None
    found = read_pacman(contents, paths) or read_apk(contents, paths)
    if found is None and packing == "bzip2":
        found = read_conda(contents, ".tar.bz2")
    return found or read_crate(contents, paths) or read_python(contents, paths) or read_npm(contents, paths)


def _opened(tree: Tree, path: str) -> OpenedFile | None:
    data = tree.facts.get(path, {}).get(PACKED)
    return decode(data) if data else None


def _conda_in_zip(tree: Tree) -> OpenedFile | None:
    """A `.conda`: its metadata lies in an archive of its own beside that of its files."""
    info = next((path for path in tree.entries if path.startswith("info-") and path.endswith(".tar.zst")), "")
    inner = _opened(tree, info) if info and "metadata.json" in tree.entries else None
    package = read_conda(inner.tree.contents, ".conda") if inner is not None else None
    if inner is None or package is None:
        return None
    return laid_over("zip", tree, replace(package, origin=f"{info}!{package.origin}"))


def _moved(tree: Tree, old: str, new: str) -> Tree:
    """What lies in `old` is the package, and moved. What lies already where that is moved to is none of it, and left out."""
    foreign = {path for path in tree.entries if path.startswith(new) and not path.startswith(old)}

    def place(path: str) -> str:
        return f"{new}{path.removeprefix(old)}" if path.startswith(old) else path

    def moved(values: Mapping[str, _T]) -> dict[str, _T]:
        return {place(path): value for path, value in values.items() if path not in foreign}

    return replace(
        tree,
        entries={path: entry._replace(path=path) for path, entry in moved(tree.entries).items()},
        contents=moved(tree.contents),
        facts=moved(tree.facts),
        unknowns=(*tree.unknowns, *(Unknown(path, _FOREIGN, unread=True) for path in sorted(foreign))),
    )
