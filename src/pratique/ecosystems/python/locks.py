"""Lock files of Python in TOML: poetry.lock, uv.lock (`NAME.py.lock` of a single script), pdm.lock, pylock.toml (PEP 751).

All hold a list of packages with archives and their digests. One name may stand there in several versions, each for some
platforms. uv's own project is in its list, and listed as an application.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pratique.cataloging.origins import PUBLIC, Origin, at_address, at_path, at_repository, place_in
from pratique.cataloging.package_lists import Asked, File, FileCataloger, Found, ListSource, kept, reach, with_development
from pratique.ecosystems.python.names import archive, normalised, origin, origin_of, pypi_package, required
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.lexicon.parse import load_toml
from pratique.lexicon.text import clean
from pratique.lexicon.values import clean_url, joined, list_or_empty, table_or_empty, text_or_empty
from pratique.model import ComponentKind, Presence

_PYLOCK = lazy(r"pylock\.(?:[^.]+\.)?toml")
_DEVELOPMENT = frozenset("ci dev development doc docs lint linting test testing tests type types typing".split())
"""What groups for development are called, where a lock file does not tell them from those of extras."""
_OWN = ("virtual", "editable", "directory")


def _read_poetry(file: File) -> Iterator[Found]:
    document = load_toml(file.data)
    listed = [table_or_empty(one) for one in list_or_empty(document.get("package"))]
    told = any("groups" in one or "category" in one for one in listed)
    yield from with_development(file, _poetry(file, document), None if told else _asked_of_poetry(file))


def _asked_of_poetry(file: File) -> Asked | None:
    """What the project beside the lock file asks for; None where it does not say: poetry 1.5 to 1.8 keep no groups."""
    data = file.out.tree.contents.get(place_in(file.folder, "pyproject.toml"))
    try:
        document = load_toml(data) if data is not None else {}
    except Malformed:
        return None
    project, poetry = table_or_empty(document.get("project")), table_or_empty(table_or_empty(document.get("tool")).get("poetry"))
    if not project and not poetry:
        return None
    extras = [one for group in table_or_empty(project.get("optional-dependencies")).values() for one in list_or_empty(group)]
    wanted = [required(one) for one in (*list_or_empty(project.get("dependencies")), *extras)]
    groups = [poetry.get("dev-dependencies")]
    groups += [table_or_empty(one).get("dependencies") for one in table_or_empty(poetry.get("group")).values()]
    develop = [normalised(name) for group in groups for name in table_or_empty(group)]
    stated = [one for group in table_or_empty(document.get("dependency-groups")).values() for one in list_or_empty(group)]
    return Asked([*wanted, *map(normalised, table_or_empty(poetry.get("dependencies")))], [*develop, *map(required, stated)])


def _poetry(file: File, document: Mapping[str, Any]) -> Iterator[Found]:
    files = table_or_empty(table_or_empty(document.get("metadata")).get("files"))  # where they were until poetry 1.3
    for entry in map(table_or_empty, list_or_empty(document.get("package"))):
        name, source = text_or_empty(entry.get("name")), table_or_empty(entry.get("source"))
        archives = [archive(table_or_empty(one)) for one in list_or_empty(entry.get("files")) or list_or_empty(files.get(name))]
        resolved, kind = "", text_or_empty(source.get("type"))
        if kind not in ("legacy", ""):
            commit = text_or_empty(source.get("resolved_reference"))
            resolved = clean_url(source.get("url")) + (f"@{commit}" if commit else "")
        groups = list_or_empty(entry.get("groups"))
        dev = entry.get("category") == "dev" or (bool(groups) and "main" not in groups)
        scope = [*(["dev"] if dev else []), *(["optional"] if entry.get("optional") is True else [])]
        facts = {"groups": joined(entry.get("groups")), "scope": ", ".join(scope), "resolved": resolved}
        component = pypi_package(
            file,
            name,
            entry.get("version"),
            archives,
            facts=facts,
            index=source.get("url") if kind == "legacy" else "",
            origin=_poetry_origin(kind, source),
            description=text_or_empty(entry.get("description"))[:1000],
        )
        if component is not None:
            yield Found(component, (normalised(name),), map(normalised, table_or_empty(entry.get("dependencies"))))


def _poetry_origin(kind: str, source: Mapping[str, Any]) -> Origin:
    if kind in ("git", "hg", "svn"):
        commit = source.get("resolved_reference") or source.get("reference")
        return at_repository(source.get("url"), commit, tool=kind, folder=source.get("subdirectory"))
    if kind in ("directory", "file"):
        return at_path(source.get("url"))
    return at_address(source.get("url")) if kind == "url" else PUBLIC


def _read_pdm(file: File) -> Iterator[Found]:
    document = load_toml(file.data)
    metadata = table_or_empty(document.get("metadata"))
    files = table_or_empty(metadata.get("files"))  # where they were until lock version 4.3: by `name version`
    for entry in map(table_or_empty, list_or_empty(document.get("package"))):
        name, version = text_or_empty(entry.get("name")), text_or_empty(entry.get("version"))
        archives = [
            archive(table_or_empty(one))
            for one in list_or_empty(entry.get("files")) or list_or_empty(files.get(f"{name} {version}"))
        ]
        revision = text_or_empty(entry.get("revision"))
        groups = {text_or_empty(one) for one in list_or_empty(entry.get("groups"))}
        facts = {
            "groups": joined(entry.get("groups")),
            "scope": "dev" if groups and groups <= _DEVELOPMENT else "",
            "resolved": origin(entry) + (f"@{revision}" if revision and entry.get("git") else ""),
        }
        component = pypi_package(
            file,
            name,
            version,
            archives,
            facts=facts,
            origin=origin_of(entry, revision),
            description=text_or_empty(entry.get("summary"))[:1000],
        )
        if component is not None:
            yield Found(component, (normalised(name),), map(required, list_or_empty(entry.get("dependencies"))))


def _read_pylock(file: File) -> Iterator[Found]:
    for entry in map(table_or_empty, list_or_empty(load_toml(file.data).get("packages"))):
        name = text_or_empty(entry.get("name"))
        vcs, whole = table_or_empty(entry.get("vcs")), table_or_empty(entry.get("archive"))
        parts = [*list_or_empty(entry.get("wheels")), entry.get("sdist"), whole]
        commit = text_or_empty(vcs.get("commit-id"))
        resolved = f"{text_or_empty(vcs.get('type'))}+{origin(vcs)}" + (f"@{commit}" if commit else "") if vcs else ""
        facts = {"resolved": resolved or origin(whole) or origin(table_or_empty(entry.get("directory")))}
        archives = [archive(table_or_empty(part)) for part in parts]
        whence = vcs or whole or table_or_empty(entry.get("directory"))
        component = pypi_package(
            file,
            name,
            entry.get("version"),
            archives,
            facts=facts,
            index=entry.get("index"),
            origin=_pylock_origin(vcs, whence),
        )
        if component is not None:
            needs = (
                normalised(text_or_empty(table_or_empty(one).get("name"))) for one in list_or_empty(entry.get("dependencies"))
            )
            yield Found(component, (normalised(name),), needs if "dependencies" in entry else None)


def _pylock_origin(vcs: Mapping[str, Any], whence: Mapping[str, Any]) -> Origin:
    if not vcs:
        return origin_of(whence)
    tool = text_or_empty(vcs.get("type")) or "git"
    address = vcs.get("url") or vcs.get("path")
    return at_repository(address, vcs.get("commit-id"), tool=clean(tool, 10), folder=vcs.get("subdirectory"))


def _read_uv(file: File) -> Iterator[Found]:
    entries = [table_or_empty(one) for one in list_or_empty(load_toml(file.data).get("package"))]
    keyed: dict[str, list[Mapping[str, Any]]] = {}
    for entry in entries:
        for key in _uv_keys(entry):
            keyed.setdefault(key, []).append(entry)
    start = {need for entry in entries if _is_own(entry) for need in _uv_needs(entry, development=False)}
    own = {key for entry in entries if _is_own(entry) for key in _uv_keys(entry)}
    reached = reach(
        file, start | own, lambda key: (need for entry in keyed.get(key, ()) for need in _uv_needs(entry, development=False))
    )
    for entry in entries:
        name, keys = text_or_empty(entry.get("name")), _uv_keys(entry)
        only_development = reached is not None and bool(own) and not any(key in reached for key in keys)
        archives = [archive(table_or_empty(one)) for one in [*list_or_empty(entry.get("wheels")), entry.get("sdist")]]
        component = pypi_package(
            file,
            name,
            text_or_empty(entry.get("version")),
            archives,
            facts={"resolved": "" if _is_own(entry) else origin(entry.get("source")), "scope": "dev" if only_development else ""},
            index=table_or_empty(entry.get("source")).get("registry"),
            origin=_uv_origin(table_or_empty(entry.get("source"))),
            kind=ComponentKind.APPLICATION if _is_own(entry) else ComponentKind.LIBRARY,
        )
        if component is not None:
            yield Found(component, keys, _uv_needs(entry, development=True))


def _uv_origin(source: Mapping[str, Any]) -> Origin:
    """The project itself is what it calls itself; the other members of its workspace are folders."""
    return PUBLIC if any(source.get(key) == "." for key in _OWN) else origin_of(source)


def _is_own(entry: Mapping[str, Any]) -> bool:
    """Whether this is the project, or a member of its workspace: a folder, not an archive."""
    return any(key in table_or_empty(entry.get("source")) for key in _OWN)


def _uv_keys(entry: Mapping[str, Any]) -> tuple[str, ...]:
    name = normalised(text_or_empty(entry.get("name")))
    return name, f"{name}@{text_or_empty(entry.get('version'))}"


def _uv_needs(entry: Mapping[str, Any], *, development: bool) -> Iterator[str]:
    """Keys of what an entry needs: with the version where the name stands there in several."""
    lists = [entry.get("dependencies"), *table_or_empty(entry.get("optional-dependencies")).values()]
    if development:
        lists += table_or_empty(entry.get("dev-dependencies")).values()
    for one in lists:
        for need in map(table_or_empty, list_or_empty(one)):
            name, version = normalised(text_or_empty(need.get("name"))), text_or_empty(need.get("version"))
            yield f"{name}@{version}" if version else name


def _is_pylock(path: str) -> bool:
    return _PYLOCK.fullmatch(path[path.rfind("/") + 1 :]) is not None


PYTHON_LOCK = FileCataloger(
    "python-lock",
    2,
    ListSource(read=kept, presence=Presence.DECLARED, names=("pyproject.toml",)),
    ListSource(read=_read_poetry, presence=Presence.DECLARED, names=("poetry.lock",)),
    ListSource(read=_read_uv, presence=Presence.DECLARED, names=("uv.lock",), endings=(".py.lock",)),
    ListSource(read=_read_pdm, presence=Presence.DECLARED, names=("pdm.lock",)),
    ListSource(read=_read_pylock, presence=Presence.DECLARED, endings=(".toml",), accepts=_is_pylock),
)
