"""sbt: `build.sbt` and `project/*.sbt` (what stands there as literals), and `build.sbt.lock` of the plug-in sbt-dependency-lock.

A build is a Scala program; it is never run. A module whose name or version is computed is not found by its version, and that
is said. `%%` puts the version of Scala into the name, and `cross CrossVersion.full` and its kin say how: where it stands as a
literal it is part of the name; else, and where the platform is part of it (`%%%`), the name stays without it, as is said in a
fact.
"""

from collections.abc import Iterator

from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.cataloging.pins import single_version
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import read_json_object
from pratique.lexicon.values import list_or_empty, read_hash, table_or_empty, text_or_empty
from pratique.model import Presence

_COMMENT = lazy(r"//[^\n]*|/\*(?:[^*]|\*(?!/))*+(?:\*/)?")
_MODULE = lazy(
    r'"([^"\n\s]{1,200})"\s*+(%{1,3})\s*+"([^"\n\s]{1,200})"\s*+%\s*+(?:"([^"\n]{0,200})"|([\w.]{1,200}))(?:\s*+%\s*+"?(\w+)"?)?'
    r'(?:\s*+\)?\s*+\.?cross\s*+\(?\s*+CrossVersion\.(\w{1,40})(?:\("([\w.]{1,40})"\))?)?'
)
_VALUE = lazy(r'\b(?:lazy\s+)?val\s+(\w+)\s*(?::\s*String\s*)?=\s*"([^"\n]*)"')
_SCALA = lazy(r'\bscalaVersion\s*:=\s*(?:"([^"\n]*)"|(\w+))')
_NUMBERS = lazy(r"(\d+)\.(\d+)\.[\w.-]+")
_TESTS = frozenset({"test", "it", "integrationtest"})


def _read_build(file: File) -> Iterator[Found]:
    text = _without_comments(file.text)
    values = {match[1]: match[2] for match in _VALUE.finditer(text)}
    stated = _SCALA.search(text)
    scala = (stated[1] or values.get(stated[2], "")) if stated else ""
    for match in _MODULE.finditer(text):
        group, operator, artifact, literal, name, scope, cross, constant = match.groups()
        asked = literal if literal is not None else values.get(name, "")
        version = single_version(asked)
        suffix = _suffix(scala, operator, cross or "", constant or "")
        scope = (scope or "").lower()
        component = file.package(
            "maven",
            f"{artifact}{suffix or ''}",
            version,
            namespace=group,
            shown=f"{group}:{artifact}{suffix or ''}",
            facts={
                "requirement": "" if version else asked or name or "",
                "scope": "dev" if scope in _TESTS else "",
                "scala-suffix": "not known" if suffix is None else "",
            },
        )
        if component is not None:
            yield Found(component)


def _suffix(scala: str, operator: str, cross: str, constant: str) -> str | None:
    """What is put behind the artifact's name; None where only a run knows it. `scala`: its version, "" for none stated."""
    numbers = _NUMBERS.fullmatch(scala)
    binary = None if numbers is None else "_3" if numbers[1] == "3" else f"_{numbers[1]}.{numbers[2]}"
    if operator == "%%%":
        return None
    match cross:
        case "":
            return binary if operator == "%%" else ""
        case "binary":
            return binary
        case "full" | "patch":
            return f"_{scala}" if numbers is not None else None
        case "for3Use2_13":
            return "_2.13" if binary in ("_3", "_2.13") else binary
        case "for2_13Use3":
            return "_3" if binary in ("_3", "_2.13") else binary
        case "constant":
            return f"_{constant}" if constant else None
        case "disabled" | "Disabled":
            return ""
    return None


def _without_comments(text: str) -> str:
    """Comments become blanks. An address in quotes, `"https://…"`, has two slashes, too: such a line keeps what is before it."""
    return _COMMENT.sub(lambda match: match[0] if match[0].startswith("//") and _quoted(text, match.start()) else " ", text)


def _quoted(text: str, at: int) -> bool:
    return text.count('"', text.rfind("\n", 0, at) + 1, at) % 2 == 1


def _read_lock(file: File) -> Iterator[Found]:
    document = read_json_object(file.data)
    if "dependencies" not in document:
        raise Malformed("not a lock file of sbt")
    for entry in map(table_or_empty, list_or_empty(document["dependencies"])):
        group, name = text_or_empty(entry.get("org")), text_or_empty(entry.get("name"))
        artifacts = [table_or_empty(one) for one in list_or_empty(entry.get("artifacts"))]
        hashes = read_hash(text_or_empty(artifacts[0].get("hash"))) if len(artifacts) == 1 else {}
        configurations = {text_or_empty(one) for one in list_or_empty(entry.get("configurations"))}
        component = file.package(
            "maven",
            name,
            text_or_empty(entry.get("version")),
            namespace=group,
            shown=f"{group}:{name}",
            hashes=hashes,
            facts={"scope": "dev" if configurations and configurations <= _TESTS else ""},
        )
        if component is not None:
            yield Found(component)


SBT = FileCataloger(
    "sbt",
    2,
    ListSource(read=_read_build, presence=Presence.DECLARED, endings=(".sbt",)),
    ListSource(read=_read_lock, presence=Presence.DECLARED, names=("build.sbt.lock",)),
)
