"""Installed Ruby gems: `specifications/NAME-VERSION.gemspec`, which RubyGems writes when it installs a gem.

The file is a Ruby program. It is never run: RubyGems writes it in one form, one assignment of literals a line, and that form is
read by patterns. What is computed instead of written down is not found.
"""

from collections.abc import Iterator

from pratique.inventory.common.package_lists import File, FileCataloger, Found, ListSource
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.licences import choice
from pratique.lexicon.text import clean
from pratique.model import Presence

_PLACE = "specifications/"
_STUB = lazy(r"# stub: (\S+) (\S+) (\S+)")
_ASSIGNED = lazy(r"\s*+\w++\.(\w++)\s*+=\s*+(?:Gem::Version\.new\(?)?+(.*)")
_NEEDED = lazy(r"\s*+\w++\.add_(?:runtime_)?dependency\(?\s*+(.*)")
# The closing mark may lack: were it demanded, each opening one would be tried to the end of the line.
_LITERAL = lazy(r"""%q<([^>]*+)>?|%q\{([^}]*+)\}?|"((?:[^"\\]|\\.)*+)"?|'((?:[^'\\]|\\.)*+)'?""")
_ESCAPE = lazy(r"\\(.)")
_MAX_ITEMS = 200


def _read(file: File) -> Iterator[Found]:
    stub: tuple[str, ...] = ()
    fields: dict[str, list[str]] = {}
    needs: list[str] = []
    for line in file.text.split("\n"):
        named = _STUB.match(line)
        needed = _NEEDED.match(line)
        assigned = _ASSIGNED.match(line)
        if named:
            stub = named.groups()
        elif needed:
            needs += _literals(needed[1])[:1]
        elif assigned:
            fields.setdefault(assigned[1], _literals(assigned[2]))
    name = _first(fields, "name") or (stub[0] if stub else "")
    version = _first(fields, "version") or (stub[1] if stub else "")
    platform = _first(fields, "platform") or (stub[2] if stub else "")
    if not version:
        file.unknown("a gem without a version that is written down")
    platform = "" if platform == "ruby" else clean(platform, 100)
    component = file.package(
        "gem",
        name,
        version,
        qualifiers={"platform": platform},
        licences=choice(fields.get("licenses") or fields.get("license") or []),
        supplier=clean(", ".join((fields.get("authors") or fields.get("author") or [])[:10])),
        description=clean(_first(fields, "summary")),
        homepage=clean(_first(fields, "homepage")),
    )
    if component is None:
        return
    base = file.path[: file.path.rfind(_PLACE)]
    full = "-".join(filter(None, (component.name, component.version, platform)))
    folders = (f"{base}gems/{full}", f"{base}extensions/{full}") if "/" not in full else ()
    yield Found(component, (component.name,), needs, [(file.path, "", "")], folders)


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


GEMSPEC = FileCataloger(
    "gemspec",
    1,
    ListSource(
        read=_read,
        presence=Presence.INSTALLED,
        endings=(".gemspec",),
        accepts=lambda path: f"/{_PLACE}" in f"/{path}",
        scope=_home,
    ),
)
