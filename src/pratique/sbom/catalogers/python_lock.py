"""Lock files of Python in TOML: poetry.lock, uv.lock, pdm.lock, and pylock.toml (PEP 751).

All hold a list of packages with archives and their digests. One name may stand there in several versions, each for some
platforms. uv's own project is in its list, and listed as an application.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pratique.model import ComponentKind, Presence
from pratique.sbom.catalogers.pypi_names import archive, normalised, origin, pypi_package, required
from pratique.sbom.catalogers.reading import File, FileCataloger, Found, Source, reach
from pratique.sbom.parse import load_toml
from pratique.sbom.pattern import lazy
from pratique.sbom.values import as_list, as_table, as_text, clean_url, joined

_PYLOCK = lazy(r"pylock\.(?:[^.]+\.)?toml")
_OWN = ("virtual", "editable", "directory")


def _read_poetry(file: File) -> Iterator[Found]:
    document = load_toml(file.data)
    files = as_table(as_table(document.get("metadata")).get("files"))  # where they were until poetry 1.3
    for entry in map(as_table, as_list(document.get("package"))):
        name, source = as_text(entry.get("name")), as_table(entry.get("source"))
        archives = [archive(as_table(one)) for one in as_list(entry.get("files")) or as_list(files.get(name))]
        resolved = ""
        if source.get("type") not in ("legacy", None):
            commit = as_text(source.get("resolved_reference"))
            resolved = clean_url(source.get("url")) + (f"@{commit}" if commit else "")
        scope = [*(["dev"] if entry.get("category") == "dev" else []), *(["optional"] if entry.get("optional") is True else [])]
        facts = {"groups": joined(entry.get("groups")), "scope": ", ".join(scope), "resolved": resolved}
        component = pypi_package(
            file,
            name,
            entry.get("version"),
            archives,
            facts=facts,
            index=source.get("url") if source.get("type") == "legacy" else "",
            description=as_text(entry.get("description"))[:1000],
        )
        if component is not None:
            yield Found(component, (normalised(name),), map(normalised, as_table(entry.get("dependencies"))))


def _read_pdm(file: File) -> Iterator[Found]:
    document = load_toml(file.data)
    metadata = as_table(document.get("metadata"))
    files = as_table(metadata.get("files"))  # where they were until lock version 4.3: by `name version`
    for entry in map(as_table, as_list(document.get("package"))):
        name, version = as_text(entry.get("name")), as_text(entry.get("version"))
        archives = [archive(as_table(one)) for one in as_list(entry.get("files")) or as_list(files.get(f"{name} {version}"))]
        revision = as_text(entry.get("revision"))
        facts = {
            "groups": joined(entry.get("groups")),
            "resolved": origin(entry) + (f"@{revision}" if revision and entry.get("git") else ""),
        }
        component = pypi_package(file, name, version, archives, facts=facts, description=as_text(entry.get("summary"))[:1000])
        if component is not None:
            yield Found(component, (normalised(name),), map(required, as_list(entry.get("dependencies"))))


def _read_pylock(file: File) -> Iterator[Found]:
    for entry in map(as_table, as_list(load_toml(file.data).get("packages"))):
        name = as_text(entry.get("name"))
        vcs, whole = as_table(entry.get("vcs")), as_table(entry.get("archive"))
        parts = [*as_list(entry.get("wheels")), entry.get("sdist"), whole]
        commit = as_text(vcs.get("commit-id"))
        resolved = f"{as_text(vcs.get('type'))}+{origin(vcs)}" + (f"@{commit}" if commit else "") if vcs else ""
        facts = {"resolved": resolved or origin(whole) or origin(as_table(entry.get("directory")))}
        archives = [archive(as_table(part)) for part in parts]
        component = pypi_package(file, name, entry.get("version"), archives, facts=facts, index=entry.get("index"))
        if component is not None:
            needs = (normalised(as_text(as_table(one).get("name"))) for one in as_list(entry.get("dependencies")))
            yield Found(component, (normalised(name),), needs)


def _read_uv(file: File) -> Iterator[Found]:
    entries = [as_table(one) for one in as_list(load_toml(file.data).get("package"))]
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
        name, keys = as_text(entry.get("name")), _uv_keys(entry)
        only_development = reached is not None and bool(own) and not any(key in reached for key in keys)
        archives = [archive(as_table(one)) for one in [*as_list(entry.get("wheels")), entry.get("sdist")]]
        component = pypi_package(
            file,
            name,
            as_text(entry.get("version")),
            archives,
            facts={"resolved": "" if _is_own(entry) else origin(entry.get("source")), "scope": "dev" if only_development else ""},
            index=as_table(entry.get("source")).get("registry"),
            kind=ComponentKind.APPLICATION if _is_own(entry) else ComponentKind.LIBRARY,
        )
        if component is not None:
            yield Found(component, keys, _uv_needs(entry, development=True))


def _is_own(entry: Mapping[str, Any]) -> bool:
    """Whether this is the project, or a member of its workspace: a folder, not an archive."""
    return any(key in as_table(entry.get("source")) for key in _OWN)


def _uv_keys(entry: Mapping[str, Any]) -> tuple[str, ...]:
    name = normalised(as_text(entry.get("name")))
    return name, f"{name}@{as_text(entry.get('version'))}"


def _uv_needs(entry: Mapping[str, Any], *, development: bool) -> Iterator[str]:
    """Keys of what an entry needs: with the version where the name stands there in several."""
    lists = [entry.get("dependencies"), *as_table(entry.get("optional-dependencies")).values()]
    if development:
        lists += as_table(entry.get("dev-dependencies")).values()
    for one in lists:
        for need in map(as_table, as_list(one)):
            name, version = normalised(as_text(need.get("name"))), as_text(need.get("version"))
            yield f"{name}@{version}" if version else name


def _is_pylock(path: str) -> bool:
    return _PYLOCK.fullmatch(path[path.rfind("/") + 1 :]) is not None


PYTHON_LOCK = FileCataloger(
    "python-lock",
    1,
    Source(read=_read_poetry, presence=Presence.DECLARED, names=("poetry.lock",)),
    Source(read=_read_uv, presence=Presence.DECLARED, names=("uv.lock",)),
    Source(read=_read_pdm, presence=Presence.DECLARED, names=("pdm.lock",)),
    Source(read=_read_pylock, presence=Presence.DECLARED, endings=(".toml",), accepts=_is_pylock),
)
