"""What a package URL may mean that is not valid (purl-spec, Rules for each purl component). Pure; never raises.

A reader who takes such a URL at its word finds a package that nobody has, and beside it overlooks the one that is meant. So it
is read in every way in which somebody may read it, and that it is not valid is said: whoever asks what it is not, gets no answer.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.plain_names import plain_name

_ALIASES = {
    "alpm": "arch archlinux pacman",
    "apk": "alpine apk-tools",
    "brew": "homebrew",
    "cargo": "crate crates crates.io crates-io cratesio rust rust-crate",
    "cocoapods": "cocoapod pod pods",
    "composer": "packagist php php-composer",
    "conda": "anaconda",
    "cpan": "perl",
    "cran": "r",
    "deb": "apt debian dpkg ubuntu",
    "docker": "dockerhub docker-image",
    "gem": "bundler gems ruby rubygem rubygems rubygems.org",
    "github": "gha github-action github-actions githubactions",
    "golang": "go go-module gomod gomodule gomodules",
    "hackage": "haskell",
    "hex": "elixir erlang hex.pm hexpm mix",
    "huggingface": "hf hugging-face",
    "maven": "java jar mvn maven-central",
    "npm": "javascript js node node.js node-js nodejs npmjs npmjs.com npmjs.org pnpm yarn",
    "nuget": ".net dotnet nuget.org",
    "opkg": "ipk",
    "oci": "container",
    "pub": "dart flutter pub.dev pubdev",
    "pypi": "egg pip pip3 pypi.org python python3 wheel",
    "rpm": "centos redhat rhel rpmdb yum dnf",
    "swift": "spm swiftpm swift-package",
}
TYPE_OF_ALIAS = {alias: kind for kind, aliases in _ALIASES.items() for alias in aliases.split()}
"""What people and tools write in the place of a type → the type."""

_TYPE = lazy(r"[a-z][a-z0-9.+-]*")
_RAW = lazy(r'[\x00-\x20\x7f\\"<>^`{|}\[\]]')  # never unquoted in a URL (RFC 3986, 2)
_DECODED = lazy(r"[\x00-\x1f\x7f%#?\\]")
_EXTRAS = lazy(r"\[[^\[\]/]*\]$")
_MIDDLE = lazy(r"(?<=[^/])@")
_CUT = lazy(r"(?<=[^/])[@#?\\\x00\[\]{}<>|;&=,\s]")
_STRICT = frozenset("alpm apk cargo composer deb gem golang hex npm nuget opkg pub pypi".split())
_STRANGE = lazy(r"[^\w.~+/@-]")  # in names of those types
_OLD = lazy(r"[!*'()]+")  # in names of npm from before they were refused, and for capitals in Go's cache
_WITH_TAG = frozenset({"docker", "oci"})
_SCHEME = lazy(r"^[a-z+]+:/+")
_MOST_DECODED = 4


@dataclass(frozen=True, slots=True)
class Doubted:
    """Why a package URL cannot be taken at its word, and its readings: types, names with namespace, versions."""

    reason: str
    types: tuple[str, ...]
    names: tuple[str, ...]
    versions: tuple[str, ...]


def doubted(path: str, name: str, version: str) -> Doubted | None:
    """None for one that is valid. `path`: as it is written, type to name; `name` and `version`: decoded once."""
    raw_type, _, raw_name = path.partition("/")
    kind = raw_type.lower()
    reason = _invalid(kind, raw_name, name, version)
    if not reason:
        return None
    types = _unique([kind, re.sub(r"\s", "", plain_name(_decoded(kind))).lower().strip(".+-")])
    names = _unique(_names(_decoded(name)))
    behind = [*re.split("[@:]", _decoded(name))[1:], *version.split("@")]
    versions = _unique([version, *behind, *(one.partition("/")[0] for one in behind)])
    return Doubted(reason, tuple(TYPE_OF_ALIAS.get(one, one) for one in types), names, versions)


def _invalid(kind: str, raw_name: str, name: str, version: str) -> str:
    if not _TYPE.fullmatch(kind):
        return "its type has characters that no type has"
    kind = TYPE_OF_ALIAS.get(kind, kind)
    raw_name, name = (_EXTRAS.sub("", one) if kind == "pypi" else one for one in (raw_name, name))
    if _RAW.search(raw_name) or _DECODED.search(name):
        return "its name has characters that no name has"
    if _is_strange(kind, name):
        return f"its name has characters that no name of the type {kind} has"
    if any(plain_name(one).strip() in ("", ".", "..", "@") for one in name.split("/")):
        return "its name has a part that leads nowhere"
    # One that is encoded belongs to the name, where the type has such names (`openssl@3` of brew).
    if (version and _MIDDLE.search(name if kind in _STRICT else raw_name)) or "/@" in name:
        return "it has an @ that parts nothing"
    return ""


def _is_strange(kind: str, name: str) -> bool:
    """Whether it has what no name of the type has, such as a version or a tag behind a colon."""
    if name.isalnum():
        return False
    if kind in _WITH_TAG:
        return ":" in name.rpartition("/")[2]
    if kind == "maven":
        return name.count(":") + ("/" in name) > 1
    seen = plain_name(name).strip()
    return kind in _STRICT and _STRANGE.search(_OLD.sub("", seen) if kind in ("npm", "golang") else seen) is not None


def _names(name: str) -> Iterator[str]:
    whole = plain_name(name)
    colons = whole.split(":")
    for one in (
        whole,
        whole.replace("\\", "/"),
        plain_name(name.partition("\0")[0]),
        re.sub(r"\s", "", whole),
        whole.partition("/@")[0],
        _SCHEME.sub("", whole),
        colons[0],
        ":".join(colons[:2]),
        colons[-1],
    ):
        found = _CUT.search(one)
        for cut in (one, one[: found.start()] if found else one):
            steps: list[str] = []
            for step in cut.split("/"):
                if step == "..":
                    steps = steps[:-1]
                elif step.strip() not in ("", ".", "@"):
                    steps.append(step)
            yield "/".join(steps)
            yield steps[-1] if steps else ""


def _decoded(text: str) -> str:
    """Percent-decoded as often as it was encoded."""
    for _ in range(_MOST_DECODED):
        text, before = unquote(text), text
        if text == before:
            break
    return text


def _unique(texts: "Iterator[str] | list[str]") -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, texts)))
