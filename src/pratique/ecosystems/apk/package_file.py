"""An `.apk` of Alpine (apk-package(5), `.PKGINFO`) as a stanza of the `installed` database, with the files it brings. Pure."""

from collections.abc import Iterable, Mapping

from pratique.cataloging.package_file import PackageFile, one_line
from pratique.ecosystems.apk.places import DATABASES

INFO = ".PKGINFO"
_LETTERS = {
    "pkgname": "P",
    "pkgver": "V",
    "arch": "A",
    "license": "L",
    "pkgdesc": "T",
    "url": "U",
    "maintainer": "m",
    "origin": "o",
    "commit": "c",
}
_LISTS = {"depend": "D", "provides": "p"}
_MAX_LINES = 20_000


def read_apk(contents: Mapping[str, bytes], paths: Iterable[str]) -> PackageFile | None:
    """`contents`: of the files at its root. `paths`: all that it holds. None without a `.PKGINFO` of Alpine's."""
    info = contents.get(INFO)
    if info is None or ".BUILDINFO" in contents or ".MTREE" in contents:
        return None
    fields: dict[str, list[str]] = {}
    for line in info.decode("utf-8", "replace").split("\n", _MAX_LINES)[:_MAX_LINES]:
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            fields.setdefault(name.strip(), []).append(one_line(value))
    stanza = [f"{letter}:{fields[name][0]}" for name, letter in _LETTERS.items() if fields.get(name)]
    stanza += [f"{letter}:{' '.join(fields[name])}" for name, letter in _LISTS.items() if name in fields]
    folders: dict[str, list[str]] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        if (folder or not name.startswith(".")) and "\n" not in path:
            folders.setdefault(folder, []).append(name)
    for folder in sorted(folders):
        stanza += [f"F:{folder}", *(f"R:{name}" for name in sorted(folders[folder]))]
    text = "\n".join([*stanza, "", ""]).encode("utf-8", "surrogateescape")
    return PackageFile(
        kind="Alpine package",
        identity=DATABASES[0],
        origin=INFO,
        contents={DATABASES[0]: text},
        needs=tuple(fields.get("depend", ())),
        family="apk",
    )
