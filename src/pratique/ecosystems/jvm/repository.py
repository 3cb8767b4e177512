"""Where a jar lies tells what it is: Maven's repository layout, Debian's copy of it, and Gradle's cache. Pure."""

from collections.abc import Mapping

from pratique.ecosystems.jvm.filename import FileName, is_version, parse_file_name
from pratique.ecosystems.jvm.pom import Coordinates
from pratique.model import FileEntry, FileKind, Tree

_ROOTS = ("/maven-repo/", "/.m2/repository/", "/m2/repository/", "/maven2/")
_GRADLE = "/files-2.1/"


def place_of(path: str) -> Coordinates | None:
    """What a path in a repository says: `group/as/path/artifact/version/artifact-version.jar`, or Gradle's own order."""
    slashed = f"/{path}"
    at = slashed.find(_GRADLE)
    if at >= 0:
        parts = slashed[at + len(_GRADLE) :].split("/")
        return Coordinates(*parts[:3]) if len(parts) == 5 and parts[4].startswith(f"{parts[1]}-{parts[2]}") else None
    for root in _ROOTS:
        at = slashed.find(root)
        if at >= 0:
            return _in_layout(slashed[at + len(root) :].split("/"))
    return None


def _in_layout(parts: list[str]) -> Coordinates | None:
    if len(parts) < 4:
        return None
    *group, artifact, version, name = parts
    if not name.startswith(f"{artifact}-{version}") or not is_version(version):
        return None
    return Coordinates(".".join(group), artifact, version)


def linked_places(tree: Tree) -> Mapping[str, tuple[Coordinates, str]]:
    """Real path of a jar → what a link to it from a repository says, and the path of that link.

    Debian keeps jars elsewhere and links to them from a repository: from a folder for each version, and from one for `debian`.
    """
    found: dict[str, tuple[Coordinates, str]] = {}
    for path, entry in tree.entries.items():
        if entry.kind is not FileKind.SYMLINK or not path.endswith(".jar") or "/maven-repo/" not in path:
            continue
        place = place_of(path)
        real = _target(tree, path, entry) if place is not None else None
        if place is None or real is None or real.path in found or _is_other(real.path, place):
            continue
        found[real.path] = (place, path)
    return found


def _target(tree: Tree, path: str, entry: FileEntry) -> FileEntry | None:
    """The file that a link names, at most two links away: what is further is no repository that a packager made."""
    for _ in range(3):
        base = [] if entry.target.startswith("/") else path.split("/")[:-1]
        for part in entry.target.split("/")[:100]:
            if part == "..":
                base = base[:-1]
            elif part not in ("", "."):
                base.append(part)
        path = "/".join(base)
        found = tree.entries.get(path)
        if found is None or found.kind is FileKind.FILE:
            return found
        entry = found
    return None


def _is_other(path: str, place: Coordinates) -> bool:
    """Whether the jar's own name states another version: then the link is an alias that was made for builds."""
    name: FileName = parse_file_name(path)
    return bool(name.version) and name.version != place.version
