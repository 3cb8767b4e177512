"""CPE names for components that have none, made by the habits of the official dictionary: guesses, marked as such. Pure.

A vulnerability database that knows packages by CPE only (NVD) finds nothing without one, and something else with a wrong one:
so nothing is guessed unless it was asked for, nothing without a version (it would mean every version), and at most three names a
component. Each is also the value of a property `pratique:cpe:guessed`.
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace

from pratique.documents.cyclonedx.vocabulary import OWN_PREFIX
from pratique.documents.document import Document, Part, Property
from pratique.documents.guessed_cpe_table import KNOWN, SYSTEMS
from pratique.errors import Malformed
from pratique.lexicon.cpe import bind_cpe
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.purl_read import Purl, parse_purl

GUESSED = f"{OWN_PREFIX}cpe:guessed"
MOST = 3
_SERIALS = uuid.uuid5(uuid.NAMESPACE_URL, "https://pratique.dev/sbom/guessed-cpes/v1")
_NAMED = frozenset({"", "library", "application", "framework", "firmware", "platform"})
_UNNAMED_TYPES = frozenset({"docker", "github", "githubactions", "huggingface", "mlflow", "oci", "swid"})
"""purl types of what no dictionary lists as a product."""
_OF_SYSTEMS = frozenset({"deb", "rpm", "apk", "alpm", "opkg", "ebuild"})
_SOURCE = f"{OWN_PREFIX}source"
_PRE_RELEASE = lazy(r"(?P<version>[0-9][0-9a-z.]*?)[-._~+]?(?P<word>alpha|beta|rc|a|b|pre|p)[-._]?(?P<number>[0-9]+)")
_WORDS = {"a": "alpha", "b": "beta"}
_REPACKED = lazy(r"[+~.-](?:dfsg|ds|repack)[0-9.~+-]*$")
_APK_RELEASE = lazy(r"-r[0-9]+$")
_MAVEN_TAIL = lazy(r"[.-](?:RELEASE|Final|GA)$")
_MAJOR = lazy(r"v[0-9]+")
_GOPKG = lazy(r"\.v[0-9]+$")
_TOP_LEVEL = frozenset("com org net io dev de fr uk co edu gov me eu".split())
Names = Iterator[tuple[str, str]]


def with_guessed_cpes(document: Document) -> Document:
    """The document with names for each part that has none, nested ones too; with a serial number of its own if there are any."""
    subject = document.subject
    found = replace(
        document,
        subject=replace(subject, parts=tuple(map(_guess, subject.parts))) if subject is not None else None,
        parts=tuple(map(_guess, document.parts)),
    )
    if found == document or not document.serial:
        return found
    serial = uuid.uuid5(_SERIALS, document.serial.encode("utf-8", "replace").decode())
    return replace(found, serial=f"urn:uuid:{serial}")


def guessed_cpes(part: Part) -> tuple[str, ...]:
    """At most `MOST` names, the likeliest first; none for what no dictionary would list."""
    if not part.version:
        return ()
    if part.kind == "operating-system":
        known = SYSTEMS.get(part.property("syft:distro:id") or part.name)
        system = bind_cpe("o", *known, part.version) if known else ""
        return (system,) if system else ()
    if part.kind not in _NAMED or not part.purl:
        return ()
    try:
        purl = parse_purl(part.purl)
    except Malformed:
        return ()
    if purl.type in _UNNAMED_TYPES:
        return ()
    source = _source(part, purl)
    known = KNOWN.get(source) if purl.type in _OF_SYSTEMS or purl.type == "generic" else None
    names = [known] if known else list(_RULES.get(purl.type, _plain)(replace(purl, name=source), part))
    version, update = _version(purl.type, purl.version or part.version)
    bound = (bind_cpe("o" if product == "linux_kernel" else "a", vendor, product, version, update) for vendor, product in names)
    return tuple(dict.fromkeys(filter(None, bound)))[:MOST]


def _guess(part: Part) -> Part:
    inner = tuple(map(_guess, part.parts)) if part.parts else part.parts
    guesses = () if part.cpes else guessed_cpes(part)
    if not guesses:
        return replace(part, parts=inner) if inner != part.parts else part
    marks = (Property(GUESSED, one) for one in guesses)
    return replace(part, parts=inner, cpes=guesses, properties=(*part.properties, *marks))


def _source(part: Part, purl: Purl) -> str:
    """The name of what a distribution's package was built from: dictionaries know projects, not how they are cut up."""
    if purl.type not in _OF_SYSTEMS:
        return purl.name
    stated = part.property(_SOURCE)
    if stated:
        try:
            return parse_purl(stated).name
        except Malformed:
            pass
    return purl.qualifiers.get("upstream", "").partition("@")[0] or purl.name


def _plain(purl: Purl, _: Part) -> Names:
    """A product is its own vendor, or the dictionary calls it a project."""
    if purl.namespace and purl.type not in _OF_SYSTEMS:
        yield purl.namespace.rpartition("/")[2], purl.name
    yield purl.name, purl.name
    yield f"{purl.name}_project", purl.name


def _npm(purl: Purl, part: Part) -> Names:
    scope = purl.namespace.removeprefix("@")
    if scope:
        yield scope, purl.name
    yield purl.name, purl.name
    author = (part.author or part.publisher).partition("<")[0].strip()
    if author and not scope and " " not in author:
        yield author, purl.name
    yield f"{purl.name}_project", purl.name


def _pypi(purl: Purl, _: Part) -> Names:
    yield f"python-{purl.name}", purl.name
    yield purl.name, purl.name
    yield f"{purl.name}_project", purl.name


def _maven(purl: Purl, part: Part) -> Names:
    """`org.apache.logging.log4j:log4j-core`: the organisation, then the project, by its last segment."""
    group = purl.namespace.replace("/", ".").split(".")
    if group[0] in _TOP_LEVEL and len(group) > 1:
        group = group[1:]
    organisation, project = group[0], group[-1]
    if organisation == "github" and len(group) > 1:
        organisation = group[1]
    if not organisation:
        yield from _plain(purl, part)
        return
    yield organisation, purl.name
    if project != organisation:
        yield organisation, project
        yield project, purl.name
    else:
        yield purl.name, purl.name


def _golang(purl: Purl, _: Part) -> Names:
    """By who owns the repository: `github.com/OWNER/NAME`; else by the host."""
    host, *path = [one for one in f"{purl.namespace}/{purl.name}".split("/") if one]
    if not path:
        yield ("golang", "go") if host == "stdlib" else (host, host)
        return
    if host == "golang.org" or host.endswith(".golang.org"):
        yield "golang", path[-1] if path[0] == "x" else path[0]
        return
    named = [one for one in path if not _MAJOR.fullmatch(one)]
    if host in ("github.com", "gitlab.com", "bitbucket.org") and len(named) > 1:
        yield named[0], named[1]
        return
    name = _GOPKG.sub("", named[-1] if named else path[-1])
    yield (host.split(".")[0] if host != "gopkg.in" else name), name


def _nuget(purl: Purl, _: Part) -> Names:
    yield purl.name.partition(".")[0], purl.name
    yield f"{purl.name}_project", purl.name


_RULES: dict[str, Callable[[Purl, Part], Names]] = {
    "npm": _npm,
    "pypi": _pypi,
    "maven": _maven,
    "golang": _golang,
    "nuget": _nuget,
}
"""purl type → vendors and products it has in dictionaries, the likeliest first; others are `_plain`."""


def _version(type_: str, version: str) -> tuple[str, str]:
    """The version and the update as dictionaries tell them apart: of the project, not of how a distribution packaged it."""
    if type_ in ("deb", "rpm", "alpm", "opkg"):
        epoch, colon, rest = version.partition(":")
        version = rest if colon and epoch.isdigit() else version
        version = version.rpartition("-")[0] or version
        version = _REPACKED.sub("", version)
    elif type_ in ("apk", "ebuild"):
        version = _APK_RELEASE.sub("", version).replace("_", "~")
    elif type_ == "golang":
        version = version.removeprefix("v").removesuffix("+incompatible")
    elif type_ == "maven":
        version = _MAVEN_TAIL.sub("", version)
    elif type_ in ("npm", "cargo", "nuget", "gem"):
        version = version.partition("+")[0]
    found = _PRE_RELEASE.fullmatch(version.lower())
    if found is None:
        return version, ""
    return found["version"], f"{_WORDS.get(found['word'], found['word'])}{found['number']}"
