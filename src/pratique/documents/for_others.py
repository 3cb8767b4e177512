"""What we say of a component in the words that other programs look for, beside our own: trivy's properties and syft's. Pure.

The names are those that trivy 0.74 (and with it Dependency-Track) and syft 1.57 (and with it grype) read: from an inventory's
document they learn of the same packages what they would from the image.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from pratique.documents.document import Part, Property
from pratique.errors import Malformed
from pratique.lexicon.purl_read import parse_purl
from pratique.lexicon.text import clean, shown_path
from pratique.model import ArtifactKind, Component, ComponentKind, Subject

_TRIVY = "aquasecurity:trivy:"
_FAMILIES = {
    "rhel": "redhat",
    "almalinux": "alma",
    "ol": "oracle",
    "amzn": "amazon",
    "mariner": "cbl-mariner",
}
"""ID of os-release(5) → what trivy calls that system, where that is another word."""
_IDS = {name: own for own, name in _FAMILIES.items()}
_PACKAGES = {
    "npm": "node-pkg",
    "pypi": "python-pkg",
    "gem": "gemspec",
    "maven": "jar",
    "golang": "gobinary",
    "cargo": "rustbinary",
    "nuget": "dotnet-core",
    "composer": "composer-vendor",
}
"""purl type → trivy's type of an installed package."""
_OF_SYSTEMS = frozenset({"deb", "rpm", "apk"})
OWN_ANNOTATOR = "Tool: pratique"
BUILT_FROM = "built package from: "
"""How SPDX's source information begins, to trivy, where it names the source package."""


def spoken_system(name: str) -> str:
    """What other programs call the operating system of that os-release ID."""
    return _FAMILIES.get(name, name)


def system_id(name: str) -> str:
    """The os-release ID of the operating system that others call so."""
    return _IDS.get(name, name)


def properties_for_others(item: Component) -> Iterator[Property]:
    """Layer, places, source package and kind of a component."""
    if item.kind is ComponentKind.OPERATING_SYSTEM:
        yield Property("syft:distro:id", clean(item.name))
        if item.version:
            yield Property("syft:distro:versionID", clean(item.version))
        yield Property(f"{_TRIVY}Class", "os-pkgs")
        yield Property(f"{_TRIVY}Type", spoken_system(item.name))
    elif item.type in _PACKAGES:
        yield Property(f"{_TRIVY}PkgType", _PACKAGES[item.type])
    if item.layer:
        yield Property(f"{_TRIVY}LayerDiffID", str(item.layer))
    if item.type in _OF_SYSTEMS and item.source:
        yield from _source_of(item.type, item.source)
    for index, path in enumerate(item.evidence):
        yield Property(f"syft:location:{index}:path", f"/{shown_path(path)}")
        if item.layer:
            yield Property(f"syft:location:{index}:layerID", str(item.layer))


def subject_for_others(subject: Subject, *, referred: bool) -> Iterator[Property]:
    """What identifies an image to others. `referred`: its name is a reference to a registry, not where a file lies."""
    if subject.kind is not ArtifactKind.IMAGE:
        return
    if subject.config:
        yield Property(f"{_TRIVY}ImageID", str(subject.config))
    if referred:
        name, pinned, _ = subject.name.partition("@")
        if not pinned and ":" in name.rpartition("/")[2]:
            yield Property(f"{_TRIVY}RepoTag", clean(name))
        yield Property(f"{_TRIVY}Reference", clean(subject.name))
    yield Property(f"{_TRIVY}SchemaVersion", "2")
    for key, value in sorted(subject.labels.items()):
        yield Property(f"{_TRIVY}Labels:{clean(key)}", clean(value))


def labels_for_others(subject: Subject) -> Iterator[Property]:
    """An image's labels, as properties of the document."""
    return (Property(f"syft:image:labels:{clean(key)}", clean(value)) for key, value in sorted(subject.labels.items()))


def annotations_for_others(properties: Iterable[Property]) -> list[str]:
    """Comments of annotations by which trivy learns of properties in SPDX: its name of one, and the value."""
    return [f"LayerDiffID: {one.value}" for one in properties if one.name == f"{_TRIVY}LayerDiffID"]


def source_info(part: Part) -> str:
    """SPDX's source information of a distribution's package, "" where its source is not known."""
    name, version = part.property(f"{_TRIVY}SrcName"), part.property(f"{_TRIVY}SrcVersion")
    if not name or not version:
        return ""
    epoch, release = part.property(f"{_TRIVY}SrcEpoch"), part.property(f"{_TRIVY}SrcRelease")
    return f"{BUILT_FROM}{name} {epoch + ':' if epoch else ''}{version}{'-' + release if release else ''}"


@lru_cache(maxsize=4096)
def _source_of(type_: str, source: str) -> tuple[Property, ...]:
    try:
        purl = parse_purl(source)
    except Malformed:
        return ()
    found = [Property(f"{_TRIVY}SrcName", purl.name)]
    epoch, colon, version = purl.version.partition(":")
    epoch, version = (epoch, version) if colon else (purl.qualifiers.get("epoch", ""), purl.version)
    head, hyphen, release = version.rpartition("-") if type_ != "apk" else ("", "", "")
    if version:
        found.append(Property(f"{_TRIVY}SrcVersion", head if hyphen else version))
    if hyphen and release:
        found.append(Property(f"{_TRIVY}SrcRelease", release))
    if epoch.isdigit() and epoch != "0":
        found.append(Property(f"{_TRIVY}SrcEpoch", epoch))
    return tuple(found)
