"""What may be searched for: a purl, a name as tables show it, a CPE name, a digest, an image; `*` for any characters. Pure.

`pkg:deb/debian/openssl` is that type, namespace and name in any version; `@3.0.*` narrows the version; qualifiers narrow it by
what they state. `pkg:deb/*` is everything of a type. A word without `pkg:` can be meant in several ways, and is searched in all
of them: `Flask`, `Flask@2.*`, `Flask==2.0`, `group:artifact`, `group:artifact:1.0`, `libssl3:amd64`, `ghcr.io/acme/app:1.0`, and
a name and a version as two columns of a table.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from pratique.catalog.component_names import CPE_PREFIX, IMAGES, SYSTEMS, cpe_parts, spelled
from pratique.errors import InputError
from pratique.lexicon.globs import glob
from pratique.lexicon.purl_same import finer_distro, package_identity

MAX_PATTERN_CHARS = 1_000
_DIGEST = re.compile(r"(?:(?:sha256|sha512):)?[0-9a-fA-F]{6,128}")
_ARCHITECTURES = frozenset("all amd64 arm64 armel armhf i386 loong64 mips64el mipsel ppc64el riscv64 s390x".split())
_DOCKER_HUB = re.compile(r"(?:index\.)?docker\.io/(?:library/)?")
_SOURCE = frozenset({"source", "src"})
_PURL = re.compile(r"pkg:", re.IGNORECASE)
_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]*|\*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """One way to read what was asked: globs as they were written; None means anything. `types`: purl types it can be; empty: all.

    `qualifiers`: what a purl states beside.
    """

    name: str | None
    version: str | None = None
    types: frozenset[str] = frozenset()
    namespace: str | None = None
    qualifiers: Mapping[str, str] = field(default_factory=dict)

    def is_of(self, type_: str, namespace: str, version: str, purl: str) -> bool:
        """Whether a component whose name fits is meant in all else."""
        if self.types and type_ not in self.types:
            return False
        if self.namespace is not None and not _is_in(type_, namespace, self.namespace):
            return False
        if self.version is not None and not _is_version(type_, self.version, version):
            tagged = type_ in IMAGES and glob(self.version, _qualifier(purl, "tag"))
            if not tagged:
                return False
        return not self.qualifiers or _states(purl, type_, self.qualifiers)


@dataclass(frozen=True, slots=True, kw_only=True)
class CpeMeaning:
    """Globs of what a CPE name says; `*` means anything."""

    vendor: str
    product: str
    version: str

    def is_version(self, type_: str, version: str) -> bool:
        """Whether it names this version; what a distribution adds to it (an epoch, a revision) does not count."""
        version = version.lower()  # as CPE names are
        if _is_version(type_, self.version, version):
            return True
        bare = version.partition(":")[2] if type_ in SYSTEMS and ":" in version else version
        bare = bare.rpartition("-")[0] or bare if type_ in SYSTEMS else bare
        return glob(self.version, bare) or glob(self.version, re.split(r"[+~]", bare)[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPattern:
    """Everything that can be meant. `digest`: the beginning of one, in lower case; `artifact`: what an artifact may be called."""

    text: str
    meanings: tuple[Meaning, ...] = ()
    cpe: CpeMeaning | None = None
    digest: str = ""
    artifact: str = ""


def parse_pattern(text: str) -> SearchPattern:
    """Read a search pattern. Raises InputError."""
    text = text.strip()
    if not text or len(text) > MAX_PATTERN_CHARS or not text.replace("\t", " ").isprintable():
        raise InputError("nothing to search for", hint="try a purl such as pkg:deb/debian/openssl, or a name")
    if _PURL.match(text):
        return SearchPattern(text=text, meanings=(_of_purl(text),))
    if text[:4].lower() == CPE_PREFIX and (parts := cpe_parts(text)) is not None:
        if parts[1] in ("*", "-"):
            raise InputError(f"a CPE name without a product: {text[:80]}", hint="for example cpe:2.3:a:openssl:openssl")
        return SearchPattern(text=text, cpe=CpeMeaning(vendor=parts[0], product=parts[1], version=parts[2]))
    meanings = {repr(one): one for spelling in dict.fromkeys((text, unquote(text))) for one in _of_word(spelling)}
    digest = text.lower() if _DIGEST.fullmatch(text) else ""
    return SearchPattern(text=text, meanings=tuple(meanings.values()), digest=digest, artifact=text)


def like(glob_: str) -> str:
    """The LIKE pattern (escape character `\\`) of a glob."""
    escaped = glob_.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%")


def _of_purl(text: str) -> Meaning:
    text, _, _ = text.partition("#")
    text, _, query = text.partition("?")
    kind, separator, rest = text[4:].strip("/").partition("/")
    kind = kind.lower()
    if not separator or not _TYPE.fullmatch(kind):
        raise InputError(f"not a purl: {text[:80]}", hint="a purl has a type and a name: pkg:deb/debian/openssl")
    namespace, _, last = rest.rpartition("/")
    if "@" in namespace.lstrip("@").replace("/@", "/"):  # a version with a slash in it
        before, _, after = rest.partition("@") if not rest.startswith("@") else _scoped(rest)
        namespace, _, last = before.rpartition("/")
        last = f"{last}@{after}"
    name, version = _versioned(last)
    anything = name == "*" and not namespace
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    qualifiers = {key.lower(): unquote(value) for key, _, value in pairs if value}
    if qualifiers.get("arch") in _SOURCE:  # a source package: what was built from it is meant, on whatever architecture
        del qualifiers["arch"]
    if kind in SYSTEMS and version and ":" not in version and qualifiers.get("epoch", "0") != "0":
        version = f"{qualifiers['epoch']}:{version}"
    return Meaning(
        name=None if name == "*" else name,
        version=version,
        types=frozenset() if kind == "*" else frozenset({kind}),
        namespace=None if anything or namespace == "*" else unquote(namespace),
        qualifiers=qualifiers,
    )


def _scoped(rest: str) -> tuple[str, str, str]:
    scope, _, more = rest[1:].partition("/")
    name, separator, version = more.partition("@")
    return f"@{scope}/{name}", separator, version


def _of_word(text: str) -> Iterator[Meaning]:
    """All that a word without `pkg:` can mean; the whole of it as a name comes first."""
    yield Meaning(name=None if text == "*" else text)
    name, separator, version = text.rpartition("@")
    if separator and name and version:  # "@scope" is a name, not a version
        yield Meaning(name=None if name == "*" else name, version=version)
    name, separator, version = text.partition("==")
    if separator and name and version:
        yield Meaning(name=name.partition("[")[0].strip(), version=version.strip(), types=frozenset({"pypi"}))
    words = text.split()
    if len(words) == 2:
        yield Meaning(name=words[0], version=words[1])
    elif len(words) >= 3:  # rows of the table of a bill of materials: type, name, version, licences
        yield Meaning(name=words[1], version=words[2], types=frozenset({words[0].lower()}))
        yield Meaning(name=" ".join(words[:-1]), version=words[-1])
    yield from _with_colons(text)
    bare = _DOCKER_HUB.sub("", text)
    if bare != text:
        yield Meaning(name=bare.partition("@")[0], types=IMAGES)
        yield from _with_colons(bare)


def _with_colons(text: str) -> Iterator[Meaning]:
    parts = text.split(":")
    maven = frozenset({"maven"})
    if "/" not in text and len(parts) in (3, 4, 5) and all(parts):  # group:artifact[:packaging[:classifier]]:version
        yield Meaning(name=f"{parts[0]}:{parts[1]}", version=parts[-1], types=maven)
    name, separator, tail = text.rpartition(":")
    if not separator or not name or not tail or "/" in tail:
        return
    if tail in _ARCHITECTURES:
        yield Meaning(name=name, types=frozenset({"deb"}), qualifiers={"arch": tail})
    yield Meaning(name=name, version=tail, types=IMAGES)


def _versioned(text: str) -> tuple[str, str | None]:
    name, separator, version = text.rpartition("@")
    if not separator or not name:  # "@scope" is a name, not a version
        return unquote(text), None
    return unquote(name), unquote(version) if version else None


def _is_in(type_: str, namespace: str, asked: str) -> bool:
    if glob(spelled(type_, asked), spelled(type_, namespace)):
        return True
    return type_ in SYSTEMS and "*" not in asked and _distribution(type_, asked) == _distribution(type_, namespace)


def _distribution(type_: str, namespace: str) -> str:
    """Of two names that tools have for one distribution, one."""
    return package_identity(f"pkg:{type_}/{namespace}/x").name


def _is_version(type_: str, asked: str, version: str) -> bool:
    if glob(asked, version):
        return True
    if type_ == "golang":
        return glob(asked.removeprefix("v").lower(), version.removeprefix("v").removesuffix("+incompatible").lower())
    if type_ in SYSTEMS and ":" in version:
        epoch, _, rest = version.partition(":")
        return epoch.isdigit() and glob(asked.removeprefix("0:"), rest) and (":" not in asked or epoch == "0")
    return False


def _states(purl: str, type_: str, asked: Mapping[str, str]) -> bool:
    """Whether a purl states what is asked for: what tells packages apart it must state, what only some tools state (`arch`,
    `distro`) it must not contradict."""
    if type_ in IMAGES:  # one image, wherever it lies: its identity does not have these
        return all(glob(value, known) for key, value in asked.items() if (known := _qualifier(purl, key)))
    query = "&".join(f"{key}={quote(value, safe=':')}" for key, value in asked.items() if "*" not in value)
    wanted = package_identity(f"pkg:{type_}/x@1?{query}") if query else None
    found = package_identity(purl)
    if wanted is not None:
        stated = dict(found.stated)
        if not wanted.fixed <= found.fixed:
            return False
        for key, value in wanted.stated:
            known = stated.get(key, value)
            if known != value and not (key == "distro" and finer_distro(known, value)):
                return False
    return all(glob(value, _qualifier(purl, key)) for key, value in asked.items() if "*" in value)


def _qualifier(purl: str, name: str) -> str:
    for pair in purl.partition("#")[0].partition("?")[2].split("&"):
        key, _, value = pair.partition("=")
        if key == name:
            return unquote(value)
    return ""
