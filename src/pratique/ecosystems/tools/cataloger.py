"""Tools that a project asks for: hooks of pre-commit (`.pre-commit-config.yaml`), versions for asdf and mise (`.tool-versions`,
`mise.toml`), and the one version in files of nvm, pyenv, rbenv, rustup and kin (`.nvmrc`, `.python-version`). All DECLARED.

What asdf and mise install under a name comes from wherever their plug-ins take it: the purl is generic. mise reads `20` as "any
20", so that only a full version is one.
"""

from collections.abc import Iterator

from pratique.cataloging.origins import at_repository
from pratique.cataloging.package_lists import File, FileCataloger, Found, ListSource
from pratique.cataloging.pins import single_version
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import load_toml, load_yaml
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url, list_or_empty, table_or_empty, text_or_empty
from pratique.model import ComponentKind, Presence

_GITHUB = lazy(r"https://github\.com/([\w.-]+)/([\w.-]+?)(?:\.git)?/?")
_NO_REPOSITORY = frozenset({"local", "meta", ""})
_FULL = 2  # dots
_ONE_VERSION = {
    ".nvmrc": "node",
    ".node-version": "node",
    ".python-version": "python",
    ".ruby-version": "ruby",
    ".java-version": "java",
    ".go-version": "go",
    ".php-version": "php",
    ".terraform-version": "terraform",
    ".bazelversion": "bazel",
}


def _read_hooks(file: File) -> Iterator[Found]:
    document = load_yaml(file.data)
    if not isinstance(document, dict) or "repos" not in document:
        raise Malformed("not a configuration of pre-commit")
    for entry in map(table_or_empty, list_or_empty(document["repos"])):
        address, rev = clean_url(entry.get("repo")), clean(text_or_empty(entry.get("rev")), 200)
        if address in _NO_REPOSITORY:
            continue
        hooks = ", ".join(clean(table_or_empty(one).get("id"), 100) for one in list_or_empty(entry.get("hooks"))[:20])
        facts = {"hooks": hooks, "resolved": address}
        match = _GITHUB.fullmatch(address)
        if match:
            component = file.package(
                "github",
                match[2],
                rev,
                namespace=match[1],
                shown=f"{match[1]}/{match[2]}",
                kind=ComponentKind.APPLICATION,
                facts=facts,
            )
        else:
            name = address.rstrip("/").rpartition("/")[2].removesuffix(".git")
            component = file.package(
                "generic", name, rev, origin=at_repository(address, rev), kind=ComponentKind.APPLICATION, facts=facts
            )
        if component is not None:
            yield Found(component)


def _read_tool_versions(file: File) -> Iterator[Found]:
    for line in file.text.split("\n"):
        name, *versions = line.partition("#")[0].split() or [""]
        for asked in versions:
            yield from _tool(file, name, asked, exact=True)


def _read_mise(file: File) -> Iterator[Found]:
    for name, value in table_or_empty(load_toml(file.data).get("tools")).items():
        for one in value if isinstance(value, list) else [value]:
            yield from _tool(file, name, text_or_empty(table_or_empty(one).get("version")) or text_or_empty(one), exact=False)


def _read_one_version(file: File) -> Iterator[Found]:
    """The first word of each line that is no comment; pyenv allows several. `20` is any 20."""
    name = _ONE_VERSION[file.name]
    for line in file.text.split("\n"):
        words = line.partition("#")[0].split()
        if words:
            yield from _tool(file, name, words[0].removeprefix(f"{name}-").removeprefix("v"), exact=False)


def _read_rust_toolchain(file: File) -> Iterator[Found]:
    text = file.text
    asked = text_or_empty(table_or_empty(load_toml(file.data).get("toolchain")).get("channel")) if "[" in text else text.strip()
    if len(asked.split()) > 1:
        raise Malformed("not a toolchain of Rust")
    yield from _tool(file, "rust", asked, exact=False)


def _tool(file: File, name: str, asked: str, *, exact: bool) -> Iterator[Found]:
    if asked in ("", "system"):
        return
    version = single_version(asked)
    if version and not exact and version.count(".") < _FULL:
        version = ""
    facts = {"requirement": "" if version else asked}
    component = file.package("generic", name, version, kind=ComponentKind.APPLICATION, facts=facts)
    if component is not None:
        yield Found(component)


TOOLS = FileCataloger(
    "tools",
    2,
    ListSource(read=_read_hooks, presence=Presence.DECLARED, names=(".pre-commit-config.yaml", ".pre-commit-config.yml")),
    ListSource(read=_read_tool_versions, presence=Presence.DECLARED, names=(".tool-versions",)),
    ListSource(read=_read_mise, presence=Presence.DECLARED, names=("mise.toml", ".mise.toml")),
    ListSource(read=_read_one_version, presence=Presence.DECLARED, names=tuple(_ONE_VERSION)),
    ListSource(read=_read_rust_toolchain, presence=Presence.DECLARED, names=("rust-toolchain", "rust-toolchain.toml")),
)
