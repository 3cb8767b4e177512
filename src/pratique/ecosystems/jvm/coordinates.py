"""Which artifact an archive is: from Maven's own metadata where it is there, else from the manifest and the file's name. Pure.

A jar may hold the metadata of what was merged into it ("shaded"): its own is the one that agrees with its name or its manifest.
A group that nothing states is worked out from the bundle's symbolic name as bnd and Maven's bundle plug-in derive it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pratique.ecosystems.jvm.filename import FileName, is_version, parse_file_name
from pratique.ecosystems.jvm.groups import known_group
from pratique.ecosystems.jvm.manifest import plain_value
from pratique.ecosystems.jvm.packages import lies_below, main_package
from pratique.ecosystems.jvm.pom import Coordinates, is_concrete
from pratique.lexicon.lazy_regex import lazy

_UMBRELLAS = frozenset(
    {
        *("com.fasterxml", "com.github", "com.google", "com.googlecode", "com.ibm", "com.microsoft", "com.oracle", "com.sun"),
        *("io.github", "net.java", "net.sf", "net.sourceforge", "org.apache", "org.codehaus", "org.eclipse", "org.glassfish"),
        *("org.jboss", "org.ow2", "org.sonatype"),
    }
)
_TOP = frozenset({"com", "cz", "de", "dev", "edu", "eu", "fr", "io", "it", "jp", "me", "net", "nl", "org", "ru", "tech", "uk"})
_GROUP = lazy(r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)+")
_NAME = lazy(r"[A-Za-z][\w.+-]{0,199}")
_VERSION_FIELDS = ("plugin-version", "implementation-version", "bundle-version", "specification-version")
_TITLE_FIELDS = ("implementation-title", "specification-title", "bundle-name", "short-name", "extension-name")
_GROUP_FIELDS = ("group-id", "implementation-vendor-id")
_SYMBOL_FIELDS = ("bundle-symbolicname", "extension-name", "specification-title", "implementation-title")
_SCALA = lazy(r".+_(?:(?:native|sjs)[\d.]+_)?(?:2\.\d+(?:\.\d+)?(?:-[\w.]+)?|3)")


@dataclass(frozen=True, slots=True, kw_only=True)
class JavaArchive:
    """`path`: of its metadata in the archive, "" where there is none. `pom`: the facts of its `pom.xml`."""

    at: Coordinates
    path: str = ""
    pom: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """`own`: what the archive is, None when nothing says that it is a Java archive. `others`: what was merged into it.

    `basis`: what told it, for the document: `pom`, `manifest` or `file name`. `guess`: from what the group was guessed, "" where
    the archive states it.
    """

    own: JavaArchive | None
    basis: str = ""
    classifier: str = ""
    others: tuple[JavaArchive, ...] = ()
    guess: str = ""


def identify(facts: Mapping[str, Any], path: str, place: Coordinates | None = None) -> Identity:
    """`facts`: of one archive, as the probe writes them. `path`: of the archive. `place`: what a repository's layout says."""
    name = parse_file_name(path)
    manifest: Mapping[str, str] = facts.get("manifest", {})
    artifacts = list(_artifacts(facts.get("maven", ()), facts.get("poms", ())))
    own = _own(artifacts, name, manifest, place)
    others = tuple(one for one in artifacts if one is not own)
    if own is not None:
        version = own.at.version or (place.version if place else "") or name.version or manifest_version(manifest)
        whole = JavaArchive(at=own.at._replace(version=version), path=own.path, pom=own.pom)
        return Identity(own=whole, basis="pom", classifier=name.classifier, others=others)
    if place is not None:
        return Identity(own=JavaArchive(at=place), basis="repository path", classifier=name.classifier, others=others)
    if not ("manifest" in facts or facts.get("classes") or others):
        return Identity(own=None)
    artifact, group, guess = _guessed(name, manifest, facts.get("packages", ()), [one.at.group for one in others])
    version = name.version or manifest_version(manifest)
    at = Coordinates(group, artifact, version)
    basis = "manifest" if manifest else "file name"
    return Identity(own=JavaArchive(at=at), basis=basis, classifier=name.classifier, others=others, guess=guess)


def manifest_version(manifest: Mapping[str, str]) -> str:
    """The first field that holds a version; words after it are left out."""
    for key in _VERSION_FIELDS:
        words = manifest.get(key, "").split(maxsplit=1)
        if words and words[0][0].isalnum() and any(map(str.isdigit, words[0])) and is_concrete(words[0]):
            return words[0]
    return ""


def _artifacts(maven: Iterable[list[str]], poms: Iterable[Mapping[str, Any]]) -> Iterable[JavaArchive]:
    """pom.properties and pom.xml of one folder together; each artifact once."""
    by_folder = {pom["path"].rpartition("/")[0]: pom for pom in poms}
    seen: set[tuple[str, str]] = set()
    for path, group, artifact, version in maven:
        pom = by_folder.pop(path.rpartition("/")[0], {})
        at = Coordinates(*pom.get("at", ("", "", "")))
        at = Coordinates(group or at.group, artifact or at.artifact, version if is_concrete(version) else at.version)
        if _usable(at) and (at.group, at.artifact) not in seen:
            seen.add((at.group, at.artifact))
            yield JavaArchive(at=at if is_concrete(at.version) else at._replace(version=""), path=path, pom=pom)
    for pom in by_folder.values():
        at = Coordinates(*pom["at"])
        if _usable(at) and (at.group, at.artifact) not in seen:
            seen.add((at.group, at.artifact))
            yield JavaArchive(at=at if is_concrete(at.version) else at._replace(version=""), path=pom["path"], pom=pom)


def _usable(at: Coordinates) -> bool:
    return bool(at.artifact and at.group) and "${" not in at.artifact + at.group


def _own(
    artifacts: list[JavaArchive], name: FileName, manifest: Mapping[str, str], place: Coordinates | None
) -> JavaArchive | None:
    """Of the artifacts that an archive has metadata of, the one that it is itself; from the surest sign to the weakest."""
    if place is not None:
        return next((one for one in artifacts if one.at[:2] == place[:2]), None)
    wanted = name.artifact.lower()
    named = [one for one in artifacts if one.at.artifact.lower() == wanted]
    named = named or [one for one in artifacts if f"{one.at.group}.{one.at.artifact}".lower() == wanted]
    named = named or [one for one in artifacts if _is_renamed(name.artifact, one.at.artifact)]
    symbol = plain_value(manifest.get("bundle-symbolicname", ""))
    if not named:
        titles = {manifest.get(key, "") for key in _TITLE_FIELDS} - {""}
        named = [one for one in artifacts if one.at.artifact in titles or (symbol and _is_symbol(symbol, one.at))]
    if named:
        # Of one name in several groups, one was merged into the other: the bundle is called after itself.
        named = [one for one in named if symbol == f"{one.at.group}.{one.at.artifact}"] or named
        return next((one for one in named if one.at.version == name.version), named[0])
    if len(artifacts) == 1:
        # A jar that was renamed: nothing it says of its version may speak against it.
        told = {name.version, *(manifest.get(key, "") for key in _VERSION_FIELDS)} - {""}
        if artifacts[0].at.version in told or (not told and not manifest.get("bundle-symbolicname")):
            return artifacts[0]
    return None


def _is_symbol(symbol: str, at: Coordinates) -> bool:
    """Whether bnd or the bundle plug-in would call the artifact so."""
    return symbol in (at.artifact, f"{at.group}.{at.artifact}") or group_of(symbol, at.artifact) == at.group


def _is_renamed(name: str, artifact: str) -> bool:
    """Whether a distribution may call the artifact so: it adds numbers to names, and takes none away."""
    digits = iter(re.sub(r"\D", "", name))
    return _squashed(name) == _squashed(artifact) and all(digit in digits for digit in re.sub(r"\D", "", artifact))


def _squashed(name: str) -> str:
    """`jetty9-util` is `jetty-util`: distributions put numbers into names."""
    return re.sub(r"[^a-z]", "", name.lower())


Packages = Sequence[Sequence[str | int]]


def _guessed(name: FileName, manifest: Mapping[str, str], packages: Packages, others: Sequence[str]) -> tuple[str, str, str]:
    """Artifact, group, and from what the group was guessed."""
    artifact = manifest.get("short-name", "") if "group-id" in manifest else ""
    title = manifest.get("implementation-title", "")
    # A title does not know for which Scala its archive was compiled; that is part of the artifact's name.
    named = _NAME.fullmatch(title) and "-" in title and not _SCALA.fullmatch(name.artifact)
    if not artifact and named and _squashed(title) == _squashed(name.artifact):
        artifact = title
    artifact = artifact or name.artifact
    symbol = plain_value(manifest.get("bundle-symbolicname", ""))
    last = symbol.rpartition(".")[2]
    if "-" in last and (last.endswith(f"-{artifact}") or (named and _squashed(last) == _squashed(artifact))):
        # `catalina.jar` of Tomcat's own distribution is the bundle `org.apache.tomcat-catalina`.
        artifact = last
    head, dot, tail = artifact.rpartition(".")
    if dot and artifact.partition(".")[0] in _TOP and artifact != symbol and not is_version(tail):
        # `group.artifact.jar`: artifacts seldom have dots, but bundles do.
        return tail, head if "." in head else artifact, "the name of the file"
    return artifact, *_group(artifact, name.version or manifest_version(manifest), manifest, packages, others)


def _group(
    artifact: str, version: str, manifest: Mapping[str, str], packages: Packages, others: Sequence[str]
) -> tuple[str, str]:
    """The group, and from what it was guessed; from the surest sign to the weakest. What a module is called is no group."""
    stated = [plain_value(manifest.get(key, "")) for key in _GROUP_FIELDS]
    if _GROUP.fullmatch(stated[0]):
        return stated[0], ""
    known = known_group(artifact, packages, version)
    if known:
        return known, "its name, which is known" + (", and its classes" if packages else "")
    # What a shaded archive states may be what one of those in it stated.
    foreign = {group for group in others if not lies_below(packages, group)}
    if _GROUP.fullmatch(stated[1]) and stated[1] not in _UMBRELLAS and stated[1] not in foreign:
        return stated[1], ""
    symbols = [plain_value(manifest.get(key, "")) for key in _SYMBOL_FIELDS]
    symbols = [symbol for symbol in symbols if _GROUP.fullmatch(symbol)]
    for symbol in symbols:
        group = group_of(symbol, artifact)
        if group and group not in foreign:
            return group, "the name of the bundle"
    # Nothing fits the artifact's name: the first that could be a group, if its classes lie there.
    for symbol in symbols:
        if (not packages or lies_below(packages, symbol)) and symbol not in foreign:
            return symbol, "the name of the bundle" + (", and its classes" if packages else "")
    package = main_package(packages, others)
    if package:
        # `grpc-core` with its classes in `io.grpc.internal` is one of `io.grpc`.
        first, dash, _ = artifact.lower().partition("-")
        steps = package.split(".")
        at = steps.index(first) if dash and first in steps[1:] else len(steps)
        return ".".join(steps[: at + 1]), "the packages of its classes"
    return artifact, "nothing but its name"  # the oldest custom


def group_of(symbol: str, artifact: str) -> str:
    """The group from which a symbolic name was derived, or "" when it was not derived from this artifact.

    `org.a` and `b` become `org.a.b`; `org.a.b` and `b-c` become `org.a.b.c`; `org.a.b` and `b` become `org.a.b`.
    """
    if symbol.lower() == artifact.lower():
        return symbol
    head, dot, last = symbol.rpartition(".")
    if symbol.lower().endswith(f".{artifact.lower()}"):
        head, last = symbol[: -len(artifact) - 1], artifact
    if dot and last.lower() == artifact.lower():
        # Both `org.a` and `org.a.b` would be called so: it is the longer one where the shorter is many projects' home.
        return head if "." in head and head not in _UMBRELLAS else f"{head}.{artifact.partition('-')[0]}"
    given = symbol.split(".")
    parts = [part.lower() for part in given]
    words = [word for word in re.split(r"[.-]", artifact.lower()) if word]
    for drop in range(1, len(words)):
        tail = words[drop:]
        if parts[-len(tail) :] == tail and parts[-len(words) : -len(tail)] == words[:drop]:
            return ".".join(given[: -len(tail)])
    return ""
