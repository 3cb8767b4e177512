"""What does not fit together: an inventory is only as true as the package databases it was read from. Pure.

A database that was removed, emptied or edited leaves programs that belong to nobody, packages whose files are gone, and files
that are not what their package says. Each kind becomes an `Unknown` in plain words; single files stand in the ownership.
"""

from collections.abc import Iterable, Iterator, Mapping

from pratique.cataloging.os_release import FAMILIES, family_of, read_os_release
from pratique.inventory.chroots import ROOT
from pratique.lexicon.text import clean, shown_path
from pratique.model import Component, FileEntry, Owned, Ownership, Presence, Tree, Unknown

_MANAGERS = {"deb": "dpkg", "alpm": "pacman"}
_TERRITORY = (
    *("bin/", "sbin/", "lib/", "lib32/", "lib64/", "libx32/", "usr/bin/", "usr/sbin/", "usr/lib/", "usr/lib32/", "usr/lib64/"),
    *("usr/libexec/", "usr/libx32/"),
)
_LEFT_OUT = ("usr/share/doc/", "usr/share/info/", "usr/share/locale/", "usr/share/man/")  # by settings of package managers
_RECORDS = ("var/lib/dpkg/", "var/lib/pacman/")  # what is known about a package is not the package
_MANY = 20
_SHOWN = 5
_MAX_PACKAGES = 50


def find_doubts(tree: Tree, components: Iterable[Component], ownership: Mapping[str, Owned]) -> Iterator[Unknown]:
    """Everything that does not fit, in an order that depends on nothing but the arguments. Time: two passes over all files."""
    components = tuple(components)
    names = {one.ref: f"{one.name} {one.version}".strip() for one in components}
    yield from _system(tree, components, ownership)
    yield from _modified(names, ownership)
    # Where a distribution brings a language's package, its files are the distribution's: the language's record proves nothing.
    yield from _missing({one.ref: names[one.ref] for one in components if one.type in FAMILIES}, ownership)


def _system(tree: Tree, components: tuple[Component, ...], ownership: Mapping[str, Owned]) -> Iterator[Unknown]:
    """Programs and libraries where packages of the distribution lie, and who owns them."""
    release = read_os_release(tree)
    outer = [one for one in components if ROOT not in one.facts]
    installed = [one for one in outer if one.type in FAMILIES and one.presence is Presence.INSTALLED]
    if release is None and not installed and not any(path.startswith(_TERRITORY) for path in tree.entries):
        return
    owned = 0
    strangers: list[FileEntry] = []
    for path, entry in tree.entries.items():
        if entry.form.runs and path.startswith(_TERRITORY):
            if path in ownership:
                owned += 1
            else:
                strangers.append(entry)
    paths = sorted(entry.path for entry in strangers)
    family = family_of(release) if release is not None else ""
    if release is not None and family and not any(one.type == family for one in installed):
        who = clean(release.name, 80)
        reason = f"this is {who}, but no database of {_MANAGERS.get(family, family)} names a package: it was removed or emptied"
        yield Unknown(release.path, reason + (f"; {_few(paths)} {_verb(paths, 'belong')} to nobody" if paths else ""))
    elif not installed and len(paths) > _MANY:
        reason = f"{_few(paths)} lie where a distribution has its programs, but there is no package database, nor an os-release"
        yield Unknown("", reason if release is None else reason.removesuffix(", nor an os-release"))
    elif installed and len(paths) > _MANY and len(paths) > owned:
        reason = f"of {len(paths) + owned} programs and libraries only {owned} belong to a package: the database is not whole"
        yield Unknown(paths[0], f"{reason}; {_few(paths)} belong to nobody")
    elif installed and paths:
        yield Unknown(paths[0], f"{_few(paths)} {_verb(paths, 'belong')} to no package, among the distribution's programs")


def _modified(names: Mapping[str, str], ownership: Mapping[str, Owned]) -> Iterator[Unknown]:
    """Files that are not what their package brought, and are not made to be edited: one `Unknown` a package."""
    found: dict[str, list[str]] = {}
    for path, owned in ownership.items():
        if owned.state is Ownership.MODIFIED and not owned.configuration:
            found.setdefault(owned.owner, []).append(path)
    for owner in sorted(found)[:_MAX_PACKAGES]:
        paths = sorted(found[owner])
        yield Unknown(paths[0], f"{_few(paths)} {_are(paths)} not what the package {names.get(owner, owner)} says")
    if len(found) > _MAX_PACKAGES:
        rest = sum(len(found[owner]) for owner in sorted(found)[_MAX_PACKAGES:])
        yield Unknown("", f"{rest} more files of {len(found) - _MAX_PACKAGES} more packages are not what the packages say")


def _missing(names: Mapping[str, str], ownership: Mapping[str, Owned]) -> Iterator[Unknown]:
    """System packages of which nothing is left, and programs of the others that are gone. `names`: by ref, all of them."""
    gone: dict[str, list[str]] = {}
    there: set[str] = set()
    for path, owned in ownership.items():
        if owned.state is not Ownership.MISSING:
            if not path.startswith((*_RECORDS, *_LEFT_OUT)):
                there.add(owned.owner)
        elif owned.owner in names and not owned.configuration and not path.startswith(_LEFT_OUT):
            gone.setdefault(owned.owner, []).append(path)
    empty = sorted(names[owner] for owner in gone if owner not in there)
    if empty:
        shown = ", ".join(empty[:_SHOWN]) + (" …" if len(empty) > _SHOWN else "")
        yield Unknown("", f"none of the files of {_count(len(empty), 'package')} are there, only the record: {shown}")
    paths = sorted(path for owner, missing in gone.items() if owner in there for path in missing if path.startswith(_TERRITORY))
    if paths:
        yield Unknown(paths[0], f"{_few(paths)}, which packages list, {_are(paths)} missing")


def _few(paths: list[str]) -> str:
    """`3 files (a, b, c)`."""
    shown = ", ".join(shown_path(path) for path in paths[:_SHOWN])
    return shown if len(paths) == 1 else f"{len(paths)} files ({shown}{' …' if len(paths) > _SHOWN else ''})"


def _are(paths: list[str]) -> str:
    return "is" if len(paths) == 1 else "are"


def _verb(paths: list[str], verb: str) -> str:
    return f"{verb}s" if len(paths) == 1 else verb


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
