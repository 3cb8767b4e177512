"""Installed Ruby gems: `specifications/NAME-VERSION.gemspec`, which RubyGems writes when it installs a gem. Gems that lie there
with the gemspec of their sources: in `vendor/gems`, and in `bundler/gems`, where Bundler keeps what it took from git. Elsewhere
a gemspec is the source of a gem: DECLARED.

The file is a Ruby program. It is never run: RubyGems writes it in one form, one assignment of literals a line, and that form is
read by patterns. What is computed instead of written down is not found.
"""

from collections.abc import Iterator
from dataclasses import replace

from pratique.cataloging.origins import PUBLIC, Origin, at_path
from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import choice
from pratique.lexicon.text import clean
from pratique.model import Component, ComponentKind, Presence

_PLACE = "specifications/"
_STUB = lazy(r"# stub: (\S+) (\S+) (\S+)")
_ASSIGNED = lazy(r"\s*+\w++\.(\w++)\s*+=\s*+(?:Gem::Version\.new\(?)?+(.*)")
_NEEDED = lazy(r"\s*+\w++\.add_(?:runtime_)?dependency\(?\s*+(.*)")
# The closing mark may lack: were it demanded, each opening one would be tried to the end of the line.
_LITERAL = lazy(r"""%q<([^>]*+)>?|%q\{([^}]*+)\}?|"((?:[^"\\]|\\.)*+)"?|'((?:[^'\\]|\\.)*+)'?""")
_ESCAPE = lazy(r"\\(.)")
_SUFFIX = lazy(r"-(\d[\w.]*)$")
_KEPT = lazy(r"(?:^|/)(vendor|bundler)/gems/([^/]+)(?:/[^/]+)?/[^/]+$")
_INSTALLED = lazy(r"(?:^|/)gems/[^/]+/")
_PLACEHOLDER = "#{"
_MAX_ITEMS = 200


def _read(file: File) -> Iterator[Found]:
    stub, fields, needs = _parsed(file.text)
    name = _first(fields, "name") or (stub[0] if stub else "")
    version = _first(fields, "version") or (stub[1] if stub else "")
    platform = _first(fields, "platform") or (stub[2] if stub else "")
    if not version:
        file.unknown("a gem without a version that is written down")
    platform = "" if platform == "ruby" else clean(platform, 100)
    component = _gem(file, name, version, platform, fields, PUBLIC)
    if component is None:
        return
    base = file.path[: file.path.rfind(_PLACE)]
    full = "-".join(filter(None, (component.name, component.version, platform)))
    folders = (f"{base}gems/{full}", f"{base}extensions/{full}") if "/" not in full else ()
    yield Found(component, (component.name,), needs, [(file.path, "", "")], folders)


def _read_source(file: File) -> Iterator[Found]:
    """A gemspec that people wrote: only what stands there as a literal counts. Versions are often constants of the program."""
    _, fields, needs = _parsed(file.text, whole=True)
    kept = _KEPT.search(file.path)
    stated = fields.get("name", [""])[0] if fields.get("name") else ""
    name = stated or file.name.removesuffix(".gemspec")
    version = _first(fields, "version")
    if kept is not None and kept[1] == "vendor" and not version:
        suffix = _SUFFIX.search(kept[2])
        version = suffix[1] if suffix else ""
    if kept is None and not fields:
        return  # no gemspec of this kind
    # What Bundler took from git is not what RubyGems has under that name and version.
    origin = at_path(".") if kept and kept[1] == "bundler" else PUBLIC
    component = _gem(file, name, version, "", fields, origin)
    if component is None:
        return
    if kept is None:
        yield Found(replace(component, presence=Presence.DECLARED, kind=ComponentKind.APPLICATION))
        return
    yield Found(component, (component.name,), needs, folders=(file.folder,))


def _gem(file: File, name: str, version: str, platform: str, fields: dict[str, list[str]], origin: Origin) -> Component | None:
    return file.package(
        "gem",
        name,
        version,
        qualifiers={"platform": platform},
        origin=origin,
        licences=choice(fields.get("licenses") or fields.get("license") or []),
        supplier=clean(", ".join((fields.get("authors") or fields.get("author") or [])[:10])),
        description=clean(_first(fields, "summary")),
        homepage=clean(_first(fields, "homepage")),
    )


def _parsed(text: str, *, whole: bool = False) -> tuple[tuple[str, ...], dict[str, list[str]], list[str]]:
    """What the stub line says, the literals that are assigned to each field, and the names of what is needed.

    `whole`: only of expressions that begin with a literal, or with a list, and without what a program would put in.
    """
    stub: tuple[str, ...] = ()
    fields: dict[str, list[str]] = {}
    needs: list[str] = []
    for line in text.split("\n"):
        named = _STUB.match(line)
        needed = _NEEDED.match(line)
        assigned = _ASSIGNED.match(line)
        if named:
            stub = named.groups()
        elif needed:
            needs += _literals(needed[1])[:1]
        elif assigned and (not whole or (assigned[2].startswith(('"', "'", "%q", "[")) and _PLACEHOLDER not in assigned[2])):
            fields.setdefault(assigned[1], _literals(assigned[2]))
    return stub, fields, needs


def _literals(text: str) -> list[str]:
    """The string literals of an expression."""
    found: list[str] = []
    for match in _LITERAL.finditer(text):
        found.append(_ESCAPE.sub(lambda escape: " " if escape[1] == "n" else escape[1], next(filter(None, match.groups()), "")))
        if len(found) >= _MAX_ITEMS:
            break
    return found


def _first(fields: dict[str, list[str]], name: str) -> str:
    values = fields.get(name)
    return values[0] if values else ""


def _home(path: str) -> str:
    """The folder of gems that a specification belongs to."""
    return path[: path.rfind(_PLACE)]


def _is_source(path: str) -> bool:
    """A gemspec that RubyGems did not write. What lies in an installed gem is that gem's own: its specification stands
    elsewhere.
    """
    if f"/{_PLACE}" in f"/{path}":
        return False
    return _KEPT.search(path) is not None or _INSTALLED.search(path) is None


def _kept_in(path: str) -> str:
    """The folder of gems that are kept together; a source stands alone."""
    kept = _KEPT.search(path)
    return path[: kept.start(2)] if kept else path


GEMSPEC = FileCataloger(
    "gemspec",
    2,
    ListSource(
        read=_read,
        presence=Presence.INSTALLED,
        endings=(".gemspec",),
        accepts=lambda path: f"/{_PLACE}" in f"/{path}",
        scope=_home,
    ),
    ListSource(read=_read_source, presence=Presence.INSTALLED, endings=(".gemspec",), accepts=_is_source, scope=_kept_in),
)
