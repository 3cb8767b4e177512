"""Patterns over package URLs, for policies: anchored, `*` for any run of characters within a part. Pure.

    pkg:deb/debian/openssl          any version
    pkg:npm/event-stream@3.3.6      this version
    pkg:pypi/requests@2.3*          versions that begin so
    pkg:npm/lodash@<4.17.21         versions in a range (`version_ranges`): ^4, >=1,<2, [1,2), vers:npm/<4.17.21
    pkg:npm/@scope/*                every name of a namespace

Qualifiers and subpaths of the purl are ignored unless the pattern has qualifiers: then each must be there with that value.

Spelling does not count: case, percent-encoding, what the type counts as equal (`PyYAML` and `pyyaml`, `a_b` and `a-b` of PyPI, a
Maven group with a colon), what does not show, epochs that one side leaves out, a `v` before a version, what people call a type.
A URL that is not valid is read in every way in which it may be meant, and is never "no". A component without a package URL is
matched by its name. What cannot be told is `UNKNOWN`, with the reason, and never "no": a version that is missing, or that has no
order.

Refused is a pattern that can match nothing: a type that does not exist, a version that is none and no range either.
"""

import difflib
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from urllib.parse import unquote

from pratique.errors import Malformed
from pratique.lexicon.globs import glob, glob_path
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.plain_names import plain_name
from pratique.lexicon.purl_readings import TYPE_OF_ALIAS, Doubted, doubted
from pratique.lexicon.version_ranges import SCHEME_OF, Range, is_range, padded, parse_range, place_of, without_epoch

MAX_CHARS = 8192

_OTHER_TYPES = (
    "bazel bitbucket bower brew buildpack carthage chef chocolatey cocoapods conda coreos cos cpan cran crystal ctan deno docker"
    " drupal dtype dub eclipse elm elpa fedora flatpak gitea git github gitlab generic gradle guix hackage homebrew huggingface"
    " jenkins jsr linux-kernel luarocks macports melpa meteor mlflow msys2 nim nix oci opam openwrt osgi otp p2 pear pecl perl6"
    " platformio portage powershell puppet qpkg racket rdeb snap softwareheritage sourceforge spack sublime swid swiplpack unity"
    " vagrant vcpkg vim winget wordpress wordpress-plugin wordpress-theme yocto"
)
TYPES = frozenset({*SCHEME_OF, *_OTHER_TYPES.split()})
"""Types that packages have: those of the purl specification, those it has proposed, and those that tools write."""

_TYPE = lazy(r"[a-z*][a-z0-9.*+-]*")
_EXTRAS = lazy(r"(?<=.)\[[^\[\]/]*\]$")
_SEPARATORS = lazy(r"[-_.]+")
_MIDDLE = lazy(r"(?<=[^/])@")
_LOCAL = lazy(r"(?<=[0-9A-Za-z])\+[0-9A-Za-z._-]*$")
_UNREAD = lazy(r"%[0-9A-Fa-f]{2}|[${}\s]|[^\x00-\x7f]")
_HUB = lazy(r"(?:(?:index\.|registry-1\.)?docker\.io/|registry\.hub\.docker\.com/)?(?:library/)?")
_NAMED_WITH_NAMESPACE = frozenset(
    "npm golang composer huggingface github gitlab bitbucket docker oci swift terraform vscode-extension cpan git".split()
)
"""Types whose namespace is part of the name by which people call the package: its last part alone names something else."""


class Match(StrEnum):
    """Whether a pattern means a component."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer; `reason`: why it is not known, "" otherwise."""

    match: Match
    reason: str = ""


YES, NO = Judged(Match.YES), Judged(Match.NO)


@dataclass(frozen=True, slots=True)
class PurlParts:
    """A purl taken apart without validation of its type: decoded name and version, qualifiers decoded and sorted."""

    type: str  # in lower case
    name: str  # with its namespace
    version: str
    qualifiers: tuple[str, ...]
    doubt: Doubted | None = None  # where the URL is not valid


@lru_cache(maxsize=65_536)
def split_purl(purl: str) -> PurlParts:
    """Take `pkg:type/namespace/name@version?qualifiers#subpath` apart (purl-spec, How to parse). Raises Malformed. What is read
    in spite of that and is not valid has its `doubt`."""
    if purl[:4].lower() != "pkg:" or len(purl) > MAX_CHARS:
        raise Malformed(f"no package URL: {purl[:80]!r}", hint="it begins with pkg:")
    rest = purl[4:].lstrip("/").partition("#")[0]
    rest, _, query = rest.partition("?")
    # The version follows the last @; but not one that begins a namespace or name, nor one within the version.
    path, at, version = rest.rpartition("@")
    middle = _MIDDLE.search(rest)
    if at and ("/" in version or not path or path.endswith("/")):
        path, version = (rest[: middle.start()], rest[middle.end() :]) if middle else (rest, "")
    elif not at:
        path, version = rest, ""
    kind, slash, name = path.partition("/")
    name = "/".join(filter(None, unquote(name).split("/")))
    if not slash or not name:
        raise Malformed(f"no package URL: {purl[:80]!r}", hint="it is pkg:type/name")
    if not version and (hidden := _MIDDLE.search(name)):
        # An at sign that was encoded: what follows it is no name in any ecosystem.
        name, version = name[: hidden.start()], name[hidden.end() :]
    decoded = unquote(version)
    kind = kind.lower()
    parts = TYPE_OF_ALIAS.get(kind, kind), name, decoded, tuple(sorted(_qualifiers(query)))
    return PurlParts(*parts, doubt=doubted(path, name, decoded))


@dataclass(frozen=True, slots=True)
class PurlPattern:
    """A pattern. `name`: with its namespace, as it is compared. `version`: one, or a beginning of one with `*`, "" for any."""

    text: str
    type: str
    name: str
    version: str
    range: Range | None
    qualifiers: frozenset[str]

    def judge_purl(self, purl: str, versions: Iterable[str] = ()) -> Judged:
        """Whether a component of this package URL is meant. `versions`: what is stated of its version beside the URL."""
        try:
            found = split_purl(purl)
        except Malformed:
            return Judged(Match.UNKNOWN, "its package URL cannot be read")
        if found.doubt is not None:
            return self._judge_doubted(found, found.doubt, versions)
        if not glob(self.type, found.type) or not self._named(found.type, found.name):
            return NO
        return self._judge_found(found, versions)

    def _judge_doubted(self, found: PurlParts, doubt: Doubted, versions: Iterable[str]) -> Judged:
        """Of a URL that is not valid: whether any of its readings is meant; else that it cannot be told."""
        types = [one for one in doubt.types if glob(self.type, one)]
        if any(self._named(type_, name) for type_ in types for name in doubt.names):
            answer = self._judge_found(found, [*versions, *doubt.versions])
            if answer.match is Match.YES:
                return answer
        return Judged(Match.UNKNOWN, f"its package URL is not valid, {doubt.reason}")

    def _judge_found(self, found: PurlParts, versions: Iterable[str]) -> Judged:
        if not self.qualifiers <= set(found.qualifiers):
            return NO
        epoch = next((one[6:] for one in found.qualifiers if one.startswith("epoch=")), "")
        stated = dict.fromkeys(filter(None, (found.version, *versions)))
        return self._judge_versions(found.type, [f"{epoch}:{one}" if epoch and ":" not in one else one for one in stated])

    def judge_name(self, names: Iterable[str], versions: Iterable[str]) -> Judged:
        """Whether a component of which only these names are known is meant; of names with their group, any spelling will do."""
        if not re.search(r"[^*/]", self.name):
            return Judged(Match.UNKNOWN, "it has no package URL, so that its ecosystem is not known")
        if not any(self._named(self.type, name) or self._called(name) for name in names):
            return NO
        return self._judge_versions(self.type, list(dict.fromkeys(filter(None, versions))))

    def _named(self, type_: str, name: str) -> bool:
        spelled, wanted = spell(type_, name), spell(type_, self.name) if "*" in self.type else self.name
        if type_ not in _NAMED_WITH_NAMESPACE and "/" in wanted and "/" not in spelled:
            wanted = wanted.rpartition("/")[2]  # whose namespace is left out
            return re.search(r"[^*]", wanted) is not None and glob_path(wanted, spelled)
        return glob_path(wanted, spelled)

    def _called(self, name: str) -> bool:
        """By the last part of a name alone."""
        if self.type in _NAMED_WITH_NAMESPACE:
            return False
        wanted, last = self.name.rpartition("/")[2], spell(self.type, name).rpartition("/")[2]
        return "/" not in self.name and re.search(r"[^*]", wanted) is not None and glob_path(wanted, last)

    def _judge_versions(self, type_: str, versions: list[str]) -> Judged:
        if not self.version and self.range is None:
            return YES
        if not versions:
            return Judged(Match.UNKNOWN, f"it has no version, so that {self.text} cannot be told")
        answers = [self._judge_version(type_, version) for version in versions]
        order = (Match.YES, Match.UNKNOWN, Match.NO)
        return min(answers, key=lambda one: order.index(one.match))

    def _judge_version(self, type_: str, version: str) -> Judged:
        # An epoch that one side leaves out: both readings count.
        scheme = self.range.scheme if self.range is not None else SCHEME_OF.get(type_, "")
        version = plain_name(version)
        if scheme == "pypi" and "+" not in unquote(self.text):
            version = _LOCAL.sub("", version)  # PEP 440: a local version belongs to the release
        readings = (version, without_epoch(scheme, version)) if scheme else (version,)
        if self.range is not None:
            try:
                return YES if any(map(self.range.contains, dict.fromkeys(readings))) else NO
            except Malformed:
                return Judged(Match.UNKNOWN, f"its version {version[:60]!r} has no place in the order of {scheme} versions")
        if any(glob(_plain(self.version), _plain(one)) for one in readings):
            return YES
        if (doubt := version_doubt(version)) is not None:
            return doubt
        if scheme and "*" not in self.version:
            # 1.0 and 1.0.0 may be one version. What has no order is compared as it is spelled, which was done.
            with suppress(Malformed):
                place = place_of(scheme, self.version)
                return YES if any(place_of(scheme, one) == place for one in readings) else NO
        return NO


@lru_cache(maxsize=4096)
def parse_pattern(text: str) -> PurlPattern:
    """A pattern from its text. Raises Malformed, which says why nothing can match it."""
    asked, type_, name, version = _taken_apart(text)
    if not _TYPE.fullmatch(type_):
        raise Malformed(f"{type_[:40]!r} is no type of package URLs")
    if "*" not in type_ and type_ not in TYPES:
        near = [TYPE_OF_ALIAS[type_]] if type_ in TYPE_OF_ALIAS else difflib.get_close_matches(type_, TYPES, n=1)
        hint = f"{near[0]} is one" if near else f"pkg:*/{name} means packages of all types"
        raise Malformed(f"{type_[:40]!r} is no type that packages have", hint=hint)
    qualifiers = set(_qualifiers(asked))
    for one in sorted(qualifiers):
        if one.startswith("vers="):
            if version:
                raise Malformed("it has a version and a range")
            version = one.removeprefix("vers=")
            qualifiers.discard(one)
        elif one == "epoch=0":
            qualifiers.discard(one)  # what is left out is 0
    range_ = None
    if is_range(version):
        range_ = parse_range(type_, version)
        version = ""
    elif version.strip("*") and "*" not in version:
        _check_version(type_, version)
    elif not version.strip("*"):
        version = ""
    return PurlPattern(text, type_, spell(type_, name), version, range_, frozenset(qualifiers))


@lru_cache(maxsize=65_536)
def spell(type_: str, name: str) -> str:
    """A name with its namespace in the one spelling in which names are compared: what a type counts as equal becomes equal."""
    name = plain_name(name).strip().casefold().strip("/")
    if type_ == "pypi":
        return _SEPARATORS.sub("-", _EXTRAS.sub("", name))
    if type_ == "cargo":
        return name.replace("_", "-")
    if type_ in ("maven", "clojars"):
        group, _, artifact = name.replace(":", "/").rpartition("/")
        return f"{group.replace('/', '.')}/{artifact}" if group else artifact
    if type_ == "golang":
        return re.sub(r"!(?=[a-z])", "", name)  # how the module cache writes capitals
    if type_ == "npm":
        return name.removeprefix("@")
    if type_ == "docker":
        return _HUB.sub("", name, count=1) or name  # what Docker Hub's own images are called
    return name


def _taken_apart(text: str) -> tuple[str, str, str, str]:
    """Qualifiers, type, name and version of a pattern; a range in it may have characters that part a purl."""
    if text[:4].lower() != "pkg:" or len(text) > MAX_CHARS:
        raise Malformed(f"no package URL: {text[:80]!r}", hint="it begins with pkg:")
    middle = _MIDDLE.search(text, 4)
    if middle is None:
        parts = split_purl(text)
        return _query(text), parts.type, parts.name, parts.version
    version, _, query = text[middle.end() :].partition("#")[0].partition("?")
    parts = split_purl(text[: middle.start()])
    if parts.version:
        raise Malformed(f"no package URL: {text[:80]!r}", hint="it has two versions")
    if not version.strip():
        raise Malformed("it has an @ and no version", hint="leave the @ out to mean any version")
    # In a range of `vers` percent-encoding is its own.
    return query, parts.type, parts.name, version.strip() if version.startswith("vers:") else unquote(version).strip()


def version_doubt(version: str) -> Judged | None:
    """Why it cannot be told of this version that it is not another: `latest` may be any, and so may `${version}`; else None."""
    if re.search(r"[0-9]", version) and not _UNREAD.search(version):
        return None
    return Judged(Match.UNKNOWN, f"{version[:60]!r} is no version")


def _plain(version: str) -> str:
    """As versions are compared by their spelling: case and a `v` before the first number do not count."""
    return re.sub(r"^v(?=[0-9])", "", version.casefold())


def _query(text: str) -> str:
    return text.partition("#")[0].partition("?")[2]


def _check_version(type_: str, version: str) -> None:
    """A version that cannot be one of its type, in ecosystems that are strict about it."""
    scheme = SCHEME_OF.get(type_, "")
    if scheme and not re.search(r"[0-9]", version):
        raise Malformed(f"{version!r} is no version of {type_} packages", hint="leave it out to mean any version")
    if scheme in ("npm", "cargo") and padded(scheme, version) != version:
        raise Malformed(f"{version!r} is no whole version of {type_} packages", hint=f"write @{version}.* for all that begin so")


def _qualifiers(query: str) -> Iterator[str]:
    for one in filter(None, query.split("&")):
        name, _, value = one.partition("=")
        yield f"{unquote(name).lower()}={unquote(value)}"
