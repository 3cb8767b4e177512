"""`go.mod`, `go.work` and `go.sum` (Go Modules Reference, "go.mod files", "Workspaces" and "go.sum files"). Pure.

Read as Go itself reads them for a module that is depended on: directives it does not know are passed over. A string that is
not closed, or a directive without its arguments, is Malformed.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from pratique.errors import Malformed
from pratique.lexicon.encodings import decode_text
from pratique.lexicon.lazy_regex import lazy

_TOKEN = lazy(r'"(?:[^"\\\n]|\\.)*"|`[^`\n]*`|//.*|=>|[(),]|[^\s"`(),]+')
_RELEASE = lazy(r"(\d{1,4})\.(\d{1,4})")


class Requirement(NamedTuple):
    """`indirect`: no package of the module itself needs it."""

    path: str
    version: str
    indirect: bool


class Replacement(NamedTuple):
    """`version`: empty for all versions. `to_path`: a module, or a folder, which begins with `./`, `../` or `/`."""

    path: str
    version: str
    to_path: str
    to_version: str


class GoMod(NamedTuple):
    """`module`: its path, empty when it does not say. `go`: the version of the language. `uses`: folders, of a `go.work`."""

    module: str
    go: str
    requires: tuple[Requirement, ...]
    replaces: tuple[Replacement, ...]
    excludes: frozenset[tuple[str, str]]
    uses: tuple[str, ...] = ()

    @property
    def is_pruned(self) -> bool:
        """Whether it requires all modules that its packages need, as it does since Go 1.17; before, only its own."""
        found = _RELEASE.match(self.go)
        return found is not None and (int(found[1]), int(found[2])) >= (1, 17)


def read_go_mod(data: bytes) -> GoMod:
    """Of either kind of file. Raises Malformed."""
    module = go = ""
    requires: list[Requirement] = []
    replaces: list[Replacement] = []
    excludes: set[tuple[str, str]] = set()
    uses: list[str] = []
    for number, words, comment in _directives(data):
        verb, arguments = words[0], words[1:]
        if verb == "module" and arguments:
            module = arguments[0]
        elif verb == "go" and arguments:
            go = arguments[0]
        elif verb == "require":
            if len(arguments) != 2:
                raise Malformed(f"go.mod, line {number}: a requirement is a path and a version")
            requires.append(Requirement(arguments[0], arguments[1], re.match(r"//\s*indirect\b", comment) is not None))
        elif verb == "use" and arguments:
            uses.append(arguments[0])
        elif verb == "exclude" and len(arguments) == 2:
            excludes.add((arguments[0], arguments[1]))
        elif verb == "replace":
            if "=>" not in arguments[1:3] or len(arguments) > 5:
                raise Malformed(f"go.mod, line {number}: a replacement has `=>` after a path and perhaps a version")
            arrow = arguments.index("=>", 1)
            old, new = [*arguments[:arrow], ""], [*arguments[arrow + 1 :], "", ""]
            replaces.append(Replacement(old[0], old[1], new[0], new[1]))
    return GoMod(module, go, tuple(requires), tuple(replaces), frozenset(excludes), tuple(uses))


def read_go_sum(data: bytes) -> dict[tuple[str, str], str]:
    """(path, version) → `h1:…` of the module's zip. Lines that are not of that form are passed over, as are `/go.mod` sums."""
    sums: dict[tuple[str, str], str] = {}
    for line in decode_text(data).split("\n"):
        fields = line.split()
        if len(fields) == 3 and not fields[1].endswith("/go.mod") and fields[2].startswith("h1:"):
            sums[fields[0], fields[1]] = fields[2]
    return sums


def _directives(data: bytes) -> Iterator[tuple[int, list[str], str]]:
    """(line, verb and arguments, comment at its end); those in a block have its verb put before them."""
    block = ""
    for number, line in enumerate(decode_text(data).split("\n"), 1):
        words, comment = _words(line, number)
        if not words:
            continue
        if block:
            if words == [")"]:
                block = ""
            else:
                yield number, [block, *words], comment
        elif words[1:] == ["("]:
            block = words[0]
        else:
            yield number, words, comment


def _words(line: str, number: int) -> tuple[list[str], str]:
    words: list[str] = []
    at = 0
    while at < len(line):
        if line[at].isspace():
            at += 1
            continue
        found = _TOKEN.match(line, at)
        if found is None:
            raise Malformed(f"go.mod, line {number}: a string that is not closed")
        text, at = found.group(), found.end()
        if text.startswith("//"):
            return words, text
        # A comment may stand right behind a word.
        word, slashes, rest = text.partition("//") if text[0] not in '"`' and "://" not in text else (text, "", "")
        if word:
            words.append(word[1:-1] if word[0] in '"`' else word)
        if slashes:
            return words, slashes + rest + line[at:]
    return words, ""
