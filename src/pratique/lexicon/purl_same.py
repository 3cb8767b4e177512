"""Package URLs of several tools brought to one identity, to know one package again. Pure; never raises.

The one place for it: documents are checked, compared and merged by what is here. Percent-encoding, the order of qualifiers, case
(by type), an epoch as `epoch=` or before the version, a `v` before a version of Go, and the default of a qualifier that is not
stated do not count; nor does `upstream`, which names something else. `distro` and `arch` of a distribution's package do where
both state them: not all tools do.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.purl_read import Purl, parse_purl

_SYSTEMS = frozenset({"deb", "rpm", "apk", "alpm"})
_DISTRIBUTIONS = {
    "rhel": "redhat",
    "almalinux": "alma",
    "ol": "oracle",
    "amzn": "amazon",
    "arch": "archlinux",
    "mariner": "cbl-mariner",
    "sles": "suse",
    "opensuse-leap": "opensuse",
    "opensuse.leap": "opensuse",
    "opensuse-tumbleweed": "opensuse",
    "opensuse.tumbleweed": "opensuse",
}
"""What tools call distributions in two ways, in namespaces and in `distro`."""
_DEFAULTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "maven": {"type": ("jar",), "repository_url": ("repo.maven.apache.org/maven2", "repo1.maven.org/maven2")},
    "npm": {"repository_url": ("registry.npmjs.org",)},
    "pypi": {"repository_url": ("pypi.org", "pypi.org/simple", "pypi.python.org", "pypi.python.org/simple")},
    "gem": {"platform": ("ruby",), "repository_url": ("rubygems.org",)},
    "cargo": {"repository_url": ("crates.io", "index.crates.io")},
    "nuget": {"repository_url": ("nuget.org", "www.nuget.org", "api.nuget.org/v3/index.json")},
    "composer": {"repository_url": ("packagist.org", "repo.packagist.org")},
    "hex": {"repository_url": ("repo.hex.pm", "hex.pm")},
    "docker": {"repository_url": ("hub.docker.com", "docker.io", "index.docker.io")},
}
"""Type → qualifier → values that say no more than its absence (purl-spec, type definitions)."""
_SAYING_MORE = frozenset({"upstream", "epoch", "distro_name", "modularitylabel", "rpmmod"})
_STATED = {
    **dict.fromkeys(_SYSTEMS, frozenset({"arch", "distro", "checksum"})),
    "conda": frozenset({"build", "channel", "subdir", "type", "checksum"}),
}
"""Type → qualifiers that not all tools state."""
_DIGEST = lazy(r"sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})")
_DISTRO = lazy(r"(?P<name>.*?)(?:-v?(?P<version>[0-9][^-\s]*|rolling)(?:\s.*)?)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class PackageIdentity:
    """What a package URL names. `name`: type, namespace and name in one spelling; a text that is no package URL stands there as
    it is. `version`, `subpath`: "" where none is stated. `fixed`: qualifiers that tell packages apart whoever names them, such as
    a classifier. `stated`: those that tell them apart where both state them, such as `arch`."""

    name: str
    version: str = ""
    subpath: str = ""
    fixed: frozenset[tuple[str, str]] = frozenset()
    stated: frozenset[tuple[str, str]] = frozenset()

    def agrees_with(self, other: "PackageIdentity") -> bool:
        """Whether both can be one package."""
        if replace(self, stated=frozenset()) != replace(other, stated=frozenset()):
            return False
        mine, theirs = dict(self.stated), dict(other.stated)
        return all(
            mine[key] == theirs[key] or (key == "distro" and bool(finer_distro(mine[key], theirs[key])))
            for key in mine.keys() & theirs.keys()
        )


def package_identity(text: str, version: str = "") -> PackageIdentity:
    """What the text names. `version`: what is stated beside it, for a text without one."""
    found = _identity(text)
    return found if found.version or not version else replace(found, version=_spelled(found.name, version))


def same_package(text: str) -> str:
    """What two package URLs share when they name one package in one version, whatever they say more of it."""
    found = _identity(text)
    return f"{found.name}@{found.version}#{found.subpath}"


def finer_distro(one: str, other: str) -> str:
    """Of two values of `distro` that can mean one release the one that says more (`debian-12.15` of that and `debian-12`);
    "" where they cannot."""
    (name, version), (other_name, other_version) = _release(one), _release(other)
    if name != other_name:
        return ""
    short, long = sorted((version, other_version), key=len)
    if short not in ("", long) and not long.startswith(f"{short}."):
        return ""
    return one if long == version else other


def united_purl(texts: Iterable[str]) -> str:
    """The first of package URLs of one package, with what the others state and it does not; as it is written where that is
    nothing. "" of none."""
    rows = [one for one in texts if one]
    if not rows:
        return ""
    try:
        first = parse_purl(rows[0])
    except Malformed:
        return rows[0]
    said = dict(first.qualifiers)
    for text in rows[1:]:
        for name, value in _parsed_qualifiers(text).items():
            if name == "epoch" and ":" in first.version:
                continue
            said[name] = (
                finer_distro(said[name], value) or said[name] if name == "distro" and name in said else said.get(name, value)
            )
    if said == first.qualifiers and (first.version or not any(_identity(one).version for one in rows)):
        return rows[0]
    version = first.version or next(one for one in map(_version_of, rows) if one)
    return str(
        Purl(
            type=first.type,
            namespace=first.namespace,
            name=first.name,
            version=version,
            qualifiers=said,
            subpath=first.subpath,
        )
    )


def comparable_version(name: str, version: str) -> str:
    """A version that stands beside a package URL of that `PackageIdentity.name`, without what some tools leave out of it: the
    epoch, which the URL has in a qualifier."""
    version = _spelled(name, version)
    epoch, colon, rest = version.partition(":")
    return rest if colon and epoch.isdigit() and name.partition("/")[0] in _SYSTEMS else version


def _spelled(name: str, version: str) -> str:
    type_ = name.partition("/")[0]
    if type_ == "golang":
        # Some keep the v of a tag, some do not.
        return version.removeprefix("v").removesuffix("+incompatible").lower()
    return version.removeprefix("0:") if type_ in _SYSTEMS else version


@lru_cache(maxsize=65_536)
def _identity(text: str) -> PackageIdentity:
    try:
        purl = parse_purl(text)
    except Malformed:
        return PackageIdentity(text)
    if purl.type in ("oci", "docker") and _DIGEST.fullmatch(purl.version):
        return PackageIdentity(f"{purl.type}/{purl.name}", purl.version)  # wherever it lies, and whatever it is tagged
    namespace, version, subpath = purl.namespace, purl.version, purl.subpath
    if purl.type in _SYSTEMS:
        namespace = _DISTRIBUTIONS.get(namespace, namespace)
        epoch = purl.qualifiers.get("epoch", "")
        if epoch.isdigit() and epoch != "0" and ":" not in version:
            version = f"{epoch}:{version}"
    name = f"{purl.type}/{namespace}/{purl.name}"
    if purl.type == "golang":
        name, subpath = name.lower(), subpath.lower()  # some lower the case of paths
    fixed, stated = _qualifiers(purl)
    return PackageIdentity(name, _spelled(name, version), subpath, frozenset(fixed), frozenset(stated))


def _qualifiers(purl: Purl) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Those that tell packages apart, and those that do so where both state them."""
    defaults = _DEFAULTS.get(purl.type, {})
    not_by_all = _STATED.get(purl.type, frozenset({"checksum"}))
    found: tuple[list[tuple[str, str]], list[tuple[str, str]]] = ([], [])
    for key, value in purl.qualifiers.items():
        address = key == "repository_url"
        plain = (value.partition("://")[2] if address and "://" in value else value).rstrip("/") if address else value
        if key not in _SAYING_MORE and plain not in defaults.get(key, ()):
            found[key in not_by_all].append((key, plain))
    return found


def _release(distro: str) -> tuple[str, str]:
    found = _DISTRO.fullmatch(distro.lower())
    name, version = (found["name"], found["version"] or "") if found is not None else (distro, "")
    return _DISTRIBUTIONS.get(name, name), "" if version == "rolling" else version


def _parsed_qualifiers(text: str) -> Mapping[str, str]:
    try:
        return parse_purl(text).qualifiers
    except Malformed:
        return {}


def _version_of(text: str) -> str:
    try:
        return parse_purl(text).version
    except Malformed:
        return ""
