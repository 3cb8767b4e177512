"""Flatpak: applications and runtimes as they are deployed, `flatpak/app/ID/ARCH/BRANCH/DEPLOYMENT/` with `metadata` and, of
applications, AppStream's `files/share/metainfo/ID.metainfo.xml` (Flatpak documentation; AppStream specification, "Releases").

`metadata` has no version: it is that of the newest release in AppStream's file, where there is one.
"""

from collections.abc import Iterator

from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource, kept
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import normalise
from pratique.lexicon.parse import load_xml
from pratique.lexicon.text import clean
from pratique.model import ComponentKind, Presence

_PLACE = lazy(r"(?:.*/)?flatpak/(app|runtime)/([^/]+)/([^/]+)/([^/]+)/([0-9a-f]{64})/metadata")
_ABOUT = lazy(
    r"(?:.*/)?flatpak/app/([^/]+)/[^/]+/[^/]+/[0-9a-f]{64}/files/share/(?:metainfo|appdata)/[^/]+\.(?:metainfo|appdata)\.xml"
)


def _read(file: File) -> Iterator[Found]:
    place = _PLACE.fullmatch(file.path)
    if place is None:
        return
    import configparser

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(file.text)
    except configparser.Error as error:
        raise Malformed("not a description of Flatpak") from error
    kind, name, arch, branch, commit = place.groups()
    section = "Application" if kind == "app" else "Runtime"
    runtime = parser.get(section, "runtime", fallback="")
    version, licence, summary = _about(file)
    component = file.package(
        "flatpak",
        name,
        version or (branch if kind == "runtime" else ""),
        qualifiers={"arch": arch, "branch": branch},
        kind=ComponentKind.APPLICATION if kind == "app" else ComponentKind.PLATFORM,
        licences=(licence,) if licence else (),
        description=summary,
        facts={"runtime": clean(runtime, 200), "commit": commit},
    )
    if component is not None:
        needs = [runtime] if kind == "app" else None
        yield Found(component, (f"{name}/{arch}/{branch}",), needs, folders=(file.folder,))


def _about(file: File) -> tuple[str, str, str]:
    """Version, licence and summary, as AppStream's file tells them; "" for each without one."""
    base = f"{file.folder}/files/share/"
    asked = file.out.tree.kept((), (".xml",))
    if not file.out.step(file.path, 1 + len(asked)):
        return "", "", ""
    for path in (path for path in asked if path.startswith(base) and _ABOUT.fullmatch(path)):
        try:
            root = load_xml(file.out.tree.contents[path])
        except Malformed as error:
            file.out.unread(path, error.message)
            continue
        releases = [one for one in root.iter("release") if one.get("version")]
        newest = max(releases, key=lambda one: one.get("timestamp") or one.get("date") or "", default=None)
        licence = normalise(root.findtext("project_license") or "")
        return clean(newest.get("version"), 100) if newest is not None else "", licence, clean(root.findtext("summary"))
    return "", "", ""


FLATPAK = FileCataloger(
    "flatpak",
    1,
    ListSource(
        read=_read,
        presence=Presence.INSTALLED,
        names=("metadata",),
        accepts=lambda path: _PLACE.fullmatch(path) is not None,
        scope=lambda _path: "",
    ),
    ListSource(
        read=kept, presence=Presence.INSTALLED, endings=(".xml",), accepts=lambda path: _ABOUT.fullmatch(path) is not None
    ),
)
