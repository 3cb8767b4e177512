"""What an operating system says it is: os-release(5), and the release files of systems older than it. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.text import clean
from pratique.model import Tree

OS_RELEASE = ("etc/os-release", "usr/lib/os-release")
RED_HAT = ("etc/redhat-release", "etc/centos-release", "etc/system-release")
PLACES = frozenset({*OS_RELEASE, *RED_HAT})
POINT_RELEASES = frozenset({"etc/debian_version"})
"""Files that tell a point release, and no system."""

FAMILIES = {
    "deb": ("debian", "ubuntu", "devuan", "kali", "linuxmint", "raspbian"),
    "apk": ("alpine", "chainguard", "postmarketos", "wolfi"),
    "rpm": (
        *("almalinux", "amzn", "azurelinux", "centos", "fedora", "mariner", "ol", "opensuse", "photon", "rhel", "rocky"),
        *("scientific", "sles", "suse"),
    ),
    "alpm": ("arch", "archarm", "manjaro"),
    "opkg": ("openwrt",),
    "nix": ("nixos",),
}
"""Type of purl → ids of the systems whose packages are of it."""

_RED_HAT = lazy(r"(CentOS|Red Hat|Fedora|Oracle|Scientific)\b.{0,60}? release (\d[\d.]{0,15})")
_RED_HAT_IDS = {"CentOS": "centos", "Red Hat": "rhel", "Fedora": "fedora", "Oracle": "ol", "Scientific": "scientific"}
_POINT = lazy(r"(?:.{0,100} release )?(\d{1,4}(?:\.\d{1,12}){1,4})(?![\w.])")
_MAX_CHARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class OsRelease:
    """`id`: as in `ID`, lower case. `version`: `VERSION_ID`, or the codename where there is none. `path`: of the file read.

    `like`: ids of the systems it descends from. `fields`: every field of the file.
    """

    id: str
    version: str = ""
    path: str = ""
    like: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def distro(self) -> str:
        """The `distro` qualifier of purls: `debian-12`."""
        return f"{self.id}-{self.version}".rstrip("-") if self.id else ""

    @property
    def name(self) -> str:
        """For people: `Debian GNU/Linux 12 (bookworm)`."""
        return self.fields.get("PRETTY_NAME") or self.fields.get("NAME") or f"{self.id} {self.version}".strip()


def read_os_release(tree: Tree) -> OsRelease | None:
    """What the tree says; None where nothing does. The first file that is there counts, as os-release(5) has it."""
    for path in OS_RELEASE:
        found = _content(tree, path)
        if found is not None:
            fields = _fields(found[1])
            return OsRelease(
                id=fields.get("ID", "").lower(),
                version=fields.get("VERSION_ID") or fields.get("VERSION_CODENAME") or fields.get("BUILD_ID", ""),
                path=found[0],
                like=tuple(fields.get("ID_LIKE", "").lower().split()),
                fields=fields,
            )
    for path in RED_HAT:
        found = _content(tree, path)
        match = _RED_HAT.match(found[1]) if found is not None else None
        if found is not None and match is not None:
            name = clean(found[1].split("\n", 1)[0], _MAX_CHARS)
            return OsRelease(id=_RED_HAT_IDS[match[1]], version=match[2], path=found[0], fields={"PRETTY_NAME": name})
    return None


def point_release(tree: Tree, release: OsRelease) -> tuple[str, str]:
    """(path, `12.15`) of the file that tells more of the version than `release.version`; two empty texts where none does."""
    for path in (*sorted(POINT_RELEASES), *RED_HAT):
        found = _content(tree, path)
        match = _POINT.match(found[1]) if found is not None else None
        if found is not None and match is not None and match[1].startswith(f"{release.version}."):
            return found[0], match[1]
    match = _POINT.match(release.fields.get("VERSION", ""))
    return (release.path, match[1]) if match is not None and match[1].startswith(f"{release.version}.") else ("", "")


def family_of(release: OsRelease) -> str:
    """The type of the packages of a system, by its own id, else by those of the systems it descends from; "" for others."""
    for name in (release.id, *release.like):
        for family, ids in FAMILIES.items():
            if name in ids:
                return family
    return ""


def _content(tree: Tree, path: str) -> tuple[str, str] | None:
    entry = tree.resolve(path)
    data = tree.contents.get(entry.path) if entry is not None else None
    return (entry.path, data.decode("utf-8", "replace")) if entry is not None and data else None


def _fields(text: str) -> dict[str, str]:
    """Shell assignments; of equal ones the last counts, as for a shell."""
    fields: dict[str, str] = {}
    for line in text.split("\n"):
        name, equals, value = line.strip().partition("=")
        if equals and name.isidentifier():
            value = value.strip()
            if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
                value = value[1:-1]
            fields[name] = clean(re.sub(r"\\([\"'$`\\])", r"\1", value), _MAX_CHARS)
    return fields
