"""The artifact and version that a Java archive's file name tells (Maven's `artifact-version[-classifier].jar`). Pure."""

import re
from typing import NamedTuple

from pratique.lexicon.lazy_regex import lazy

ARCHIVES = (".jar", ".war", ".ear", ".par", ".sar", ".nar", ".kar", ".rar", ".aar", ".jpi", ".hpi", ".lpkg")

_QUALIFIERS = frozenset(
    {
        *("a", "alpha", "android", "atlassian", "avoid", "b", "bc", "beta", "build", "canary", "cdh", "cloudera", "conflict"),
        *(
            "cr",
            "deb",
            "dev",
            "ea",
            "eap",
            "edr",
            "empty",
            "experimental",
            "fcs",
            "final",
            "fuse",
            "ga",
            "graal",
            "groovyless",
            "guava",
        ),
        *("hdp", "hf", "hotfix", "incubating", "jakarta", "java", "jboss", "jbossorg", "jdk", "jre", "lts", "m"),
        *("mapr", "milestone", "nightly", "p", "patch", "pfd", "post", "pr", "pre", "preview", "r", "rc"),
        *("redhat", "release", "rev", "sec", "security", "snapshot", "sp", "stable", "sub", "to", "u", "unstable", "v", "with"),
    }
)
_TOKEN = lazy(r"[A-Za-z]+|\d+|[^A-Za-z\d]+")
_COMMIT = lazy(r"[0-9a-f]{7,40}")
_GLUED = lazy(r"(.*?[A-Za-z])(\d+(?:\.\d+){2,})")
_BUNDLE = lazy(r"([A-Za-z][\w-]*\.[\w.-]*?)_(\d+\.\d+\.\d+.*)")  # as Eclipse names plug-ins: symbolic.name_1.2.3.v2021
_LEADING = lazy(r"v?\d[^-]*")
_MAX_NAME = 255


class FileName(NamedTuple):
    """`version`: "" when the name tells none. `classifier`: what follows the version: `sources`, `linux-x86_64`."""

    artifact: str
    version: str = ""
    classifier: str = ""


def parse_file_name(path: str) -> FileName:
    """`path`: its last part counts; the ending of an archive is left out."""
    name = path[path.rfind("/") + 1 :][:_MAX_NAME]
    for ending in ARCHIVES:
        if name.lower().endswith(ending):
            name = name[: -len(ending)]
            break
    bundle = _BUNDLE.fullmatch(name)
    if bundle and is_version(bundle[2]):
        return FileName(bundle[1], bundle[2])
    splits = [match.start() for match in re.finditer(r"-(?=v?\d)", name) if match.start() > 0]
    for at in splits:
        if is_version(name[at + 1 :]):
            return FileName(name[:at], name[at + 1 :])
    for at in reversed(splits):
        version, classifier = _with_classifier(name[at + 1 :])
        if version:
            return FileName(name[:at], version, classifier)
    glued = _GLUED.fullmatch(name)
    if glued:
        return FileName(glued[1], glued[2])
    # What looks like a version and names none, `3.x`, is no part of the artifact's name either.
    name = re.sub(r"-\d+(?:\.\d+)*\.x$", "", name)
    return FileName(name)


def is_version(text: str) -> bool:
    """Whether all of `text` reads as one version: numbers and the usual qualifiers."""
    tokens = _TOKEN.findall(text)
    if tokens and tokens[0] == "v":
        tokens = tokens[1:]
    if not tokens or not tokens[0].isdigit():
        return False
    parts = re.split(r"[.+_-]", text)
    for part in parts[1:]:
        words = [token.lower() for token in _TOKEN.findall(part) if token.isalpha()]
        if not all(word in _QUALIFIERS for word in words) and not _COMMIT.fullmatch(part):
            return False
    return all(word.lower() in _QUALIFIERS for word in _TOKEN.findall(parts[0]) if word.isalpha())


def _with_classifier(text: str) -> tuple[str, str]:
    """The longest beginning that is a version, up to a dash, and the rest."""
    ends = [match.start() for match in re.finditer("-", text)]
    for end in reversed(ends[:20]):
        if is_version(text[:end]):
            return text[:end], text[end + 1 :]
    head = _LEADING.match(text)
    if head and not head[0].endswith(".x"):
        return head[0], text[head.end() + 1 :]
    return "", ""
