"""Zig: `build.zig.zon`, the manifest of a package (Zig, doc/build.zig.zon.md). Literals of Zig's object notation; nothing is run.

A dependency has an address and a hash, and since Zig 0.14 the hash begins with the package's name and version. There is no
registry.
"""

import re
from collections.abc import Iterator

from pratique.cataloging.origins import at_path
from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url
from pratique.model import ComponentKind, Presence

_COMMENT = lazy(r"^[ \t]*//[^\n]*", re.MULTILINE)
_TOKEN = lazy(r'\.(@"[^"\n]*"|[A-Za-z_]\w*)\s*=\s*|\.\{|\}|"((?:[^"\\\n]|\\.)*+)"|\.([A-Za-z_]\w*)|true|false|[\w-]+|,')
_HASH = lazy(r"([A-Za-z_]\w{0,31})-(\d+\.\d+\.\d+(?:[-+][\w.+-]*?)?)-[\w-]{44}")
_COMMIT = lazy(r"#([0-9a-f]{40})$")
_MAX_TOKENS = 200_000


def _read(file: File) -> Iterator[Found]:
    fields = _fields(_COMMENT.sub("", file.text))
    if not fields:
        raise Malformed("not a manifest of Zig")
    names = dict.fromkeys(path.split("/")[1] for path in fields if path.startswith("dependencies/") and path.count("/") == 2)
    for name in names:
        url, digest = fields.get(f"dependencies/{name}/url", ""), fields.get(f"dependencies/{name}/hash", "")
        folder = fields.get(f"dependencies/{name}/path", "")
        stated = _HASH.fullmatch(digest)
        commit = _COMMIT.search(url)
        address = clean_url(url.partition("#")[0].partition("?ref=")[0])
        git = f"{address}@{commit[1]}" if commit and address.startswith("git+") else ""
        component = file.package(
            "generic",
            name,
            stated[2] if stated else commit[1] if commit else "",
            origin=at_path(folder),
            qualifiers={"vcs_url": git} if git else {"download_url": address},
            facts={"zig-hash": clean(digest, 200)} | ({"resolved": git or address} if git or address else {}),
        )
        if component is not None:
            yield Found(component, (name,))
    if fields.get("name"):
        own = file.package("generic", fields["name"], fields.get("version", ""), kind=ComponentKind.APPLICATION)
        if own is not None:
            yield Found(own, (), names)


def _fields(text: str) -> dict[str, str]:
    """Path of names → value, of literals alone: `dependencies/known_folders/url`."""
    found: dict[str, str] = {}
    stack: list[str] = []
    key = ""
    for count, match in enumerate(_TOKEN.finditer(text)):
        if count > _MAX_TOKENS:
            raise Malformed("a manifest of Zig that is too long")
        word = match[0]
        if match[1] is not None:
            key = match[1].removeprefix("@").strip('"')
        elif word == ".{":
            if len(stack) > 50:
                raise Malformed("a manifest of Zig that is nested too deeply")
            stack.append(key)
            key = ""
        elif word == "}":
            if stack:
                stack.pop()
            key = ""
        elif key and (match[2] is not None or match[3] is not None):
            found.setdefault("/".join([*stack[1:], key]), match[2] if match[2] is not None else match[3])
            key = ""
        elif word == ",":
            key = ""
    return found


ZIG = FileCataloger("zig", 1, ListSource(read=_read, presence=Presence.DECLARED, names=("build.zig.zon",)))
