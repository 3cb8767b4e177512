"""A `.pkg.tar.zst` of pacman (PKGINFO(5)) as its local database has the package: `desc`, `files` and `mtree`. Pure."""

from collections.abc import Iterable, Mapping

from pratique.cataloging.package_file import PackageFile, one_line
from pratique.ecosystems.alpm.cataloger import LOCAL

INFO, MTREE = ".PKGINFO", ".MTREE"
_FOLDER = f"{LOCAL}package"
_SECTIONS = {
    "pkgname": "NAME",
    "pkgver": "VERSION",
    "pkgbase": "BASE",
    "pkgdesc": "DESC",
    "url": "URL",
    "arch": "ARCH",
    "packager": "PACKAGER",
    "license": "LICENSE",
    "depend": "DEPENDS",
    "provides": "PROVIDES",
}
_MAX_LINES = 20_000


def read_pacman(contents: Mapping[str, bytes], paths: Iterable[str]) -> PackageFile | None:
    """`contents`: of the files at its root. `paths`: all that it holds. None for what is none of pacman's packages."""
    if INFO not in contents or not (MTREE in contents or ".BUILDINFO" in contents):
        return None
    fields: dict[str, list[str]] = {}
    for line in contents[INFO].decode("utf-8", "replace").split("\n", _MAX_LINES)[:_MAX_LINES]:
        name, equals, value = line.partition("=")
        section = _SECTIONS.get(name.strip())
        if equals and section and one_line(value):
            fields.setdefault(section, []).append(one_line(value))
    desc = "".join(f"%{section}%\n" + "\n".join(values) + "\n\n" for section, values in fields.items())
    files = "\n".join(["%FILES%", *(path for path in paths if not path.startswith(".") and "\n" not in path), ""])
    laid = {f"{_FOLDER}/desc": desc.encode(), f"{_FOLDER}/files": files.encode("utf-8", "surrogateescape")}
    if MTREE in contents:
        laid[f"{_FOLDER}/mtree"] = contents[MTREE]
    needs = tuple(fields.get("DEPENDS", ()))
    return PackageFile(kind="Arch package", identity=f"{_FOLDER}/desc", origin=INFO, contents=laid, needs=needs, family="alpm")
