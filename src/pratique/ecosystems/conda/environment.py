"""conda environment files, `environment.yml`: what an environment asks for (conda documentation, "Managing environments").
DECLARED.

`==1.2.3` and `=1.2.3=BUILD` name one version. `=1.2` means every 1.2.x; a full one after one equals sign is what `conda env
export --no-builds` writes for exactly that version. All else is a range, and no version. What pip is asked for stands in a list
of its own.
"""

from collections.abc import Iterator

from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.cataloging.pins import single_version
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import load_yaml
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url, list_or_empty, table_or_empty, text_or_empty
from pratique.model import Component, Presence

_SPEC = lazy(r"(?:(?P<channel>[^\s:=]+)::)?(?P<name>[A-Za-z0-9_][\w.-]*)\s*+(?P<rest>.*)")
_PIN = lazy(r"(?P<equals>==?)\s*(?P<version>[^=\s|,<>!~*]+)(?:=(?P<build>[^=\s*]+))?")
_PIP = lazy(r"(?P<name>[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(?P<rest>[^;#@]*)")
_INCLUDED = lazy(r"(?:-r|-c|--requirement|--constraint)[\s=]*(\S{1,500})")
_FULL = 2  # dots of a version that is more than the beginning of one


def _read(file: File) -> Iterator[Found]:
    document = load_yaml(file.data)
    if not isinstance(document, dict) or "dependencies" not in document:
        raise Malformed("not an environment of conda")
    channels = [text_or_empty(one) for one in list_or_empty(document.get("channels"))]
    channels = [one for one in channels if one not in ("nodefaults", "defaults", "")]
    for entry in list_or_empty(document["dependencies"]):
        if isinstance(entry, dict):
            for text in list_or_empty(table_or_empty(entry).get("pip")):
                yield from _found(_pip(file, text_or_empty(text).strip()))
        else:
            yield from _found(_conda(file, text_or_empty(entry).strip(), channels[0] if len(channels) == 1 else ""))


def _found(component: Component | None) -> Iterator[Found]:
    if component is not None:
        yield Found(component)


def _conda(file: File, spec: str, channel: str) -> Component | None:
    match = _SPEC.fullmatch(spec[:500])
    if match is None:
        file.unread(f"not a package: {spec[:100]!r}")
        return None
    pin = _PIN.fullmatch(match["rest"].strip())
    version = single_version(pin["version"]) if pin else ""
    if pin and pin["equals"] == "=" and not pin["build"] and version.count(".") < _FULL:
        version = ""
    qualifiers = {"build": (pin["build"] or "") if pin and version else "", "channel": clean_url(match["channel"] or channel)}
    facts = {"requirement": "" if version else match["rest"]}
    return file.package("conda", match["name"].lower(), version, qualifiers=qualifiers, facts=facts)


def _pip(file: File, text: str) -> Component | None:
    match = _PIP.match(text[:500])
    if match is None or text.startswith("-") or "://" in text or text[match.end() : match.end() + 1] == "@":
        included = _INCLUDED.match(text)
        if included:
            file.unread(f"includes {clean(included[1], 200)}, which is not read")
        elif text and not text.startswith("-"):
            file.unread(f"not a package at a version: {text[:100]!r}")
        return None
    rest = match["rest"].strip()
    version = single_version(rest.removeprefix("==").strip()) if rest.startswith("==") else ""
    facts = {"requirement": "" if version else rest}
    return file.package(
        "pypi", match["name"].lower().replace("_", "-").replace(".", "-"), version, shown=match["name"], facts=facts
    )


CONDA_ENVIRONMENT = FileCataloger(
    "conda-environment",
    2,
    ListSource(read=_read, presence=Presence.DECLARED, names=("environment.yml", "environment.yaml")),
)
